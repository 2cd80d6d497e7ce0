"""Makes new articles alike: one form of Unicode, of paragraphs, of URLs and of names, without changing what is said."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from archive.errors import NoTextError
from archive.language import clean_language, detect_language
from archive.types import PARAGRAPH_BREAK, NewArticle

MAX_TITLE = 80
"""Characters of a title that is made of the first words of a text without one."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?|[\u2028\x85\x0c\x0b]")
_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
_CLEAN_URL = re.compile(r"https?://[a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,60})*/[!\"$->@-~]*")
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_cid|mc_eid", re.IGNORECASE)
_LISTED = re.compile(r"\n[^\S\n]*(?:[>|:*+#=_-]|\d+[.)][^\S\n])")
_COLUMNS = re.compile(r"\S[^\S\n]{3,}\S")
_HARD_WRAP = range(45, 91)


def normalise(article: NewArticle) -> NewArticle:
    """The article as it is stored; raises NoTextError where neither title nor body holds a letter or digit."""
    title = clean_line(article.title)
    body = clean_paragraphs(article.body) if article.has_paragraphs else clean_body(article.body)
    if not any(map(str.isalnum, title)) and not any(map(str.isalnum, body)):
        raise NoTextError("it has no text")
    language = clean_language(article.language)
    return replace(
        article,
        title=title or first_words(body),
        body=body,
        has_paragraphs=True,
        url=clean_url(article.url),
        authors=_distinct(article.authors),
        source=clean_line(article.source or "") or None,
        section=clean_line(article.section or "") or None,
        language=language or detect_language(f"{title}\n{body}"),
        tags=_distinct(article.tags),
        summary=clean_line(article.summary or "") or None,
    )


def clean_text(text: str) -> str:
    """NFC, line ends as line feeds, without control characters, invisible direction marks and halves of pairs."""
    if not text.replace("\n", "").isprintable():  # what is to be replaced is never printable, and most texts are
        text = _SURROGATE.sub("?", _CONTROL.sub("", _LINE_END.sub("\n", text)))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _blocks(text: str) -> list[str]:
    """What blank lines and paragraph separators part, of a text that is clean."""
    return _BLANK.split(text.replace("\u2029", "\n\n"))


def clean_line(text: str) -> str:
    """The text in one line, its white space as single spaces."""
    return " ".join(clean_text(text).split())


def clean_body(text: str) -> str:
    """Paragraphs parted by one blank line.

    Blank lines part paragraphs, and a single line feed is a line break inside one; in a text without blank lines each
    line is a paragraph. Where lines are evidently wrapped at a fixed width, their breaks mean nothing: they are joined,
    and a line that is indented between lines that are not begins a paragraph.
    """
    text = clean_text(text).strip("\n")
    blocks = [block for block in _blocks(text) if block and not block.isspace()]
    if _is_hard_wrapped([line for block in blocks for line in block.split("\n") if line.strip()]):
        blocks = [paragraph for block in blocks for paragraph in _unwrap(block)]
    elif len(blocks) == 1:
        blocks = blocks[0].split("\n")
    return _joined(blocks)


def clean_paragraphs(text: str) -> str:
    """The same where blank lines part the paragraphs for certain; what is clean already stays as it is."""
    return _joined(_blocks(clean_text(text)))


def _joined(blocks: Iterable[str]) -> str:
    paragraphs = ("\n".join(line.rstrip() for line in block.split("\n")).strip() for block in blocks)
    return PARAGRAPH_BREAK.join(filter(None, paragraphs))


def _unwrap(block: str) -> list[str]:
    """The paragraphs of a block of wrapped lines; lists, quotations and tables keep their lines."""
    if _is_no_prose(block):
        return [block]
    lines = block.split("\n")
    paragraphs = lines[:1]
    for before, line, after in zip(lines, lines[1:], [*lines[2:], ""], strict=False):
        if line[:1].isspace() and not before[:1].isspace() and not after[:1].isspace():
            paragraphs.append(line)
        else:
            paragraphs[-1] = f"{paragraphs[-1].rstrip()} {line.strip()}"
    return paragraphs


def _is_no_prose(block: str) -> bool:
    """Whether it has lines of a list or a quotation, or columns of a table."""
    may_have_columns = "   " in block or not block.isascii()  # in Unicode there are other spaces
    return (
        "\t" in block
        or _LISTED.search(f"\n{block}") is not None
        or (may_have_columns and _COLUMNS.search(block) is not None)
    )


def _is_hard_wrapped(lines: list[str]) -> bool:
    """Whether lines end because a width was reached: most reach it, none goes far beyond, few end a sentence."""
    if len(lines) < 3:
        return False
    lines = [line.rstrip() for line in lines]
    lengths = sorted(map(len, lines))
    width = lengths[int(len(lengths) * 0.9)]
    full = [line for line in lines if len(line) > width * 0.75]
    ended = sum(line[-1] in '.!?:;”"。！？' for line in full)
    return width in _HARD_WRAP and lengths[-1] <= width + 30 and 2 * len(full) >= len(lines) and 2 * ended <= len(full)


def first_words(text: str) -> str:
    """A title for a text that has none: its first words."""
    line = " ".join(text[: MAX_TITLE * 4].split())
    if len(line) <= MAX_TITLE:
        return line
    cut = line[:MAX_TITLE]
    return (cut[: cut.rindex(" ")] if " " in cut[MAX_TITLE // 2 :] else cut).rstrip(" ,;:–-") + " …"


def clean_url(url: str | None) -> str | None:
    """An absolute http or https URL without fragment, default port and tracking parameters; None for anything else."""
    text = (url or "").strip()
    if not text or _CLEAN_URL.fullmatch(text):
        return text or None
    try:
        parts = urlsplit(text)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if (parts.hostname or "").isascii() else parts.hostname
    except (ValueError, UnicodeError):
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f\ud800-\udfff]", text):
        return None
    if ":" in host:
        host = f"[{host}]"
    if port and port != {"http": 80, "https": 443}[parts.scheme.lower()]:
        host = f"{host}:{port}"
    query = "&".join(part for part in parts.query.split("&") if not _TRACKING.fullmatch(part.partition("=")[0]))
    return urlunsplit((parts.scheme.lower(), host, parts.path or "/", query, ""))


def split_names(text: str) -> tuple[str, ...]:
    """Authors written in one line: `By A. Smith and B. Jones`, `A; B`. A comma may belong to a name and parts none."""
    text = re.sub(r"^\s*(?:by|von|par|por|di|yazan)[:\s]\s*", "", text, flags=re.IGNORECASE)
    return tuple(name.strip() for name in re.split(r"\s*[;|]\s*|\s+(?:and|&|und|et|y|ve)\s+", text) if name.strip())


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(clean_line, values))))
