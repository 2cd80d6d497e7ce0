"""Text that Factiva exports: documents whose fields have codes of two or three letters, such as HD, SN, PD, LP and TD.

A code stands alone above its text, or before it in the same line. Documents may also have their fields without codes,
each in a paragraph: section, headline, author, number of words, date, time, source and others, then the text.
"""

import re
from collections.abc import Iterator

from archive.dates import read_date
from archive.encoding import peek_text
from archive.formats.file import Failed, InputFile
from archive.formats.press import WORDS, joined, language_code, read_text
from archive.types import NewArticle

SUFFIXES = (".txt",)

_CODES = frozenset(
    "SE HD BY CR WC PD ET SN SC ED PG VOL LA CY LP TD CT RF CO IN NS RE IPC IPD PUB AN CLM CX ART GC DLN".split()
)
_AFTER_TEXT = frozenset("CT RF CO IN NS RE IPC IPD PUB AN ART".split())
_FIELD = re.compile(r"([A-Z]{2,3})(?:[ \t]*$|([ \t]+)(\S.*)$)")
_HEADLINE = re.compile(r"^[ \t]*HD\b", re.MULTILINE)
_ID = r"[A-Za-z](?=[\w-]*\d)[\w-]{14,}"
END = re.compile(rf"^[ \t]*(?:AN\t)?(?:Document|Dokument|Documento) {_ID}[ \t]*$", re.MULTILINE)
_NEEDED = frozenset({"HD", "PD"})
_WORDS = re.compile(rf"[ \t]*\d[\d.,]* ?(?:{WORDS})[ \t]*")
_NUMBER = re.compile(rf"[ \t]*(?:Document|Dokument|Documento|文件|文書) {_ID}[ \t]*")
_RIGHTS = re.compile(r"^(?:Copyright|\(c\)|©)|(?:All rights reserved|Alle Rechte vorbehalten)\W*$", re.IGNORECASE)
_ABOVE = 14
"""Paragraphs that may stand above a text without codes."""


def looks_like(head: bytes) -> bool:
    """Whether it has at least five of the codes at the beginning of lines, a headline, a date and a text among them."""
    return _has_codes(peek_text(head))


def is_whole_export(text: str) -> bool:
    """Whether all of a text, of a document that may be anything, is laid out so, and says so at the end of articles."""
    return bool(END.search(text)) and (_has_codes(text) or any(map(_WORDS.fullmatch, text.split("\n"))))


def _has_codes(text: str) -> bool:
    codes = {found[1] for line in text.split("\n") if (found := _FIELD.fullmatch(line.strip()))} & _CODES
    return len(codes) >= 5 and codes >= _NEEDED and bool(codes & {"LP", "TD"}) and bool(codes & {"SN", "SC", "AN"})


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article a document; an origin's part is its number."""
    yield from read_text(file, split, fields)


def split(text: str) -> list[str]:
    """The documents: each ends with a line that says its number, or where a code comes again that comes once."""
    documents: list[list[str]] = [[]]
    seen: set[str] = set()
    for line in END.sub("\f", text).split("\n"):
        code = _code(line)
        if "\f" in line or (code in ("HD", "SE") and code in seen):
            documents.append([])
            seen.clear()
        seen.add(code)
        documents[-1].append(line.replace("\f", ""))
    parts = ("\n".join(lines) for lines in documents)
    return [part for part in parts if _HEADLINE.search(part) or any(map(_WORDS.fullmatch, part.split("\n")))]


def _code(line: str) -> str:
    found = _FIELD.fullmatch(line.strip())
    return found[1] if found and found[1] in _CODES else ""


def fields(document: str, headline: str = "") -> dict[str, object]:
    """The fields of one document; a page tells which of the paragraphs above the text is the headline."""
    if not _HEADLINE.search(document):
        return _without_codes(document, headline)
    values: dict[str, list[str]] = {}
    code = ""
    apart = bool(re.search(r"^[ \t]*HD(?:[ \t]*$|[ \t]{2,}|\t)", document, re.MULTILINE))
    for line in document.split("\n"):
        found = _FIELD.fullmatch(line.strip())
        if found and _is_field(found, after=code, apart=apart):
            code = found[1]
            values.setdefault(code, []).append(found[3] or "")
        elif code:
            values[code].append(line.strip())
    one = {name: joined(lines) for name, lines in values.items()}
    text = [re.sub(r"\n{3,}", "\n\n", "\n".join(values.get(name, []))).strip() for name in ("LP", "TD")]
    return {
        "title": one.get("HD"),
        "body": "\n\n".join(filter(None, text)),
        "authors": one.get("BY"),
        "source": one.get("SN"),
        "section": one.get("SE") or one.get("CLM"),
        "published": one.get("PD"),
        "language": language_code(one.get("LA", "")),
        "tags": [part.partition(":")[2].strip() for part in one.get("NS", "").split("|")],
    }


def _is_field(found: re.Match[str], *, after: str, apart: bool) -> bool:
    """Whether a code is one: in the text only what follows a text is, and where codes stand apart it must, too."""
    code, space = found[1], found[2] or ""
    if code not in _CODES or (apart and space == " "):
        return False
    return after not in ("LP", "TD") or code in _AFTER_TEXT or (after == "LP" and code == "TD")


def _without_codes(document: str, headline: str) -> dict[str, object]:
    blocks = [joined([block]) for block in re.split(r"\n[ \t]*\n", document) if block.strip()]
    at = next((at for at, block in enumerate(blocks[:_ABOVE]) if _WORDS.fullmatch(block)), None)
    if at is None:
        return {"body": ""}
    above, below = blocks[:at], blocks[at + 1 :]
    below = below[: next((at for at, block in enumerate(below) if _NUMBER.fullmatch(block)), None)]
    title = headline if headline in above else max(above, key=len, default="")
    place = above.index(title) if above else 0
    dated = next((at for at, block in enumerate(below[:2]) if read_date(block)), 0)
    rest = below[dated + 1 :]
    if rest and re.fullmatch(r"\d\d?[:.]\d\d\b.*", rest[0]):
        del rest[0]
    languages = (at for at, block in enumerate(rest[:_ABOVE]) if language_code(block))
    language = next(languages, None)
    rights = rest[:_ABOVE] if language is None else rest[: language + 2]
    end = next((at for at, block in enumerate(rights) if _RIGHTS.search(block)), language)
    return {
        "title": title,
        "body": "\n\n".join(rest[(end if end is not None else 1) + 1 :]),
        "authors": re.sub(r"^By ", "", joined(above[place + 1 : place + 2]), flags=re.IGNORECASE),
        "source": rest[0] if rest else "",
        "section": joined(above[:place]),
        "published": below[dated] if below else "",
        "language": language_code(rest[language]) if language is not None else None,
    }
