"""Text that ProQuest exports: documents between lines of underscores, with labels such as `Full text:` and `Title:`."""

import re
from collections.abc import Iterator

from archive.dates import read_date
from archive.encoding import peek_text
from archive.formats.file import Failed, InputFile
from archive.formats.press import date_in, joined, language_code, read_text
from archive.types import NewArticle

SUFFIXES = (".txt",)

_LINE = re.compile(r"^_{20,}[ \t]*$", re.MULTILINE)
_LABELS = (
    "Title", "Author", "Authors", "Publication title", "Publication info", "Publication year", "Publication date",
    "Full text", "Full Text", "Abstract", "Links", "Subject", "Location", "People", "Company / organization", "Section",
    "Pages", "Publisher", "Place of publication", "Country of publication", "Publication subject", "ISSN", "e-ISSN",
    "Source type", "Language of publication", "Document type", "ProQuest document ID", "Document URL", "Copyright",
    "Last updated", "Last Updated", "Database", "Credit", "Illustration", "Volume", "Issue", "First page", "Column",
    "Dateline", "Identifier / keyword", "Classification", "Business indexing term", "Number of pages", "Year",
    "Document feature", "Word count", "column", "URL", "Company", "CODEN",
)  # fmt: skip
_LABEL = re.compile(
    rf"^({'|'.join(re.escape(label).replace(chr(92) + ' ', ' ?') for label in _LABELS)}):[ \t]*(.*)$", re.MULTILINE
)
"""A label, in which mail that is folded may have lost a space."""

_NAMES = {label.replace(" ", "").lower(): label.lower() for label in _LABELS}
_NUMBERED = re.compile(r"^Document \d+ of \d+[ \t]*$", re.MULTILINE)
_TEXT = re.compile(r"^Full [Tt]ext:[ \t]*", re.MULTILINE)
_OWN = frozenset({"publication title", "publication info", "proquest document id", "document url", "database", "links"})
_NO_ABSTRACT = re.compile(r"None available\b|\[Not Available\]", re.IGNORECASE)
_LINK = re.compile(r"^[ \t]*ProQuest document link[ \t]*$", re.MULTILINE)
_HEADING = re.compile(r"Document \d+ of \d+|ProQuest document link|\(?(?:older|newer)\)?|Find a copy", re.IGNORECASE)


def looks_like(head: bytes) -> bool:
    """Whether it has `Full text:`, a mark of ProQuest's own, and one of its lines, headings or other labels."""
    return _is_export(peek_text(head))


def is_whole_export(text: str) -> bool:
    """Whether all of a text, of a document that may be anything, is laid out so, and names ProQuest."""
    return "ProQuest" in text and _is_export(text)


def _is_export(text: str) -> bool:
    labels = {_name(found[1]) for found in _LABEL.finditer(text)}
    own = len(labels & _OWN) + ("ProQuest document link" in text)
    begins = bool(_LINE.search(text)) or bool(re.search(r"^Document \d+ of \d+", text, re.MULTILINE))
    return "full text" in labels and own >= 1 and own + begins + len(labels) >= 5


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article a document; an origin's part is its number."""
    yield from read_text(file, split, fields)


def split(text: str) -> list[str]:
    """The documents; what has neither a text nor labels, such as a list of contents, is none."""
    parts = (_LINE if _LINE.search(text) else _NUMBERED).split(text)
    return [part for part in parts if _TEXT.search(part) or len({found[1] for found in _LABEL.finditer(part)}) >= 3]


def fields(document: str) -> dict[str, object]:
    """The fields of one document."""
    before, _, rest = _TEXT.sub("\f", _LINK.sub("", document.replace("\f", "")), count=1).partition("\f")
    body, after = _end_of_text(rest)
    values = _labelled(after) | _labelled(before)
    heading = [
        line.strip()
        for line in _LABEL.split(before)[0].split("\n")
        if line.strip() and not _HEADING.match(line.strip())
    ]
    one = {name: joined([value]) for name, value in values.items()}
    dates = [date_in(one[name]) for name in ("publication date", "year", "publication year") if one.get(name)] or [""]
    return {
        "title": one.get("title") or joined(heading[:1]),
        "body": body,
        "url": one.get("document url", "").replace(" ", ""),
        "authors": one.get("author") or one.get("authors"),
        "source": (one.get("publication title") or one.get("publication info", "")).partition(";")[0],
        "section": one.get("section"),
        "published": next(filter(read_date, dates), dates[0]),
        "language": language_code(one.get("language of publication", "")),
        "tags": [part.strip() for part in one.get("subject", "").split(";")],
        "summary": "" if _NO_ABSTRACT.match(one.get("abstract", "")) else one.get("abstract"),
    }


def _end_of_text(rest: str) -> tuple[str, str]:
    """The text, and the labelled lines that end the document; a line in the text that looks like one stays there."""
    blocks = re.split(r"\n[ \t]*\n", rest.strip("\n"))
    end = len(blocks)
    while end > 1 and (_LABEL.match(blocks[end - 1]) or not blocks[end - 1].strip()):
        end -= 1
    if end == len(blocks) and (first := _LABEL.search(rest)):  # without blank lines nothing better can be told
        return rest[: first.start()], rest[first.start() :]
    return "\n\n".join(blocks[:end]), "\n\n".join(blocks[end:])


def _labelled(text: str) -> dict[str, str]:
    parts = _LABEL.split(text)
    found: dict[str, str] = {}
    for label, first, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        found.setdefault(_name(label), f"{first}{rest}".strip())
    return found


def _name(label: str) -> str:
    return _NAMES[label.replace(" ", "").lower()]
