"""Text that Factiva exports: documents whose fields have codes of two or three letters, such as HD, SN, PD, LP and TD.

A code stands alone above its text, or before it in the same line.
"""

import re
from collections.abc import Iterator

from archive.encoding import peek_text
from archive.formats.file import Failed, InputFile
from archive.formats.press import joined, language_code, read_documents
from archive.types import NewArticle

SUFFIXES = (".txt",)

_CODES = frozenset(
    "SE HD BY CR WC PD ET SN SC ED PG VOL LA CY LP TD CT RF CO IN NS RE IPC IPD PUB AN CLM CX ART GC DLN".split()
)
_AFTER_TEXT = frozenset("CT RF CO IN NS RE IPC IPD PUB AN ART".split())
_FIELD = re.compile(r"([A-Z]{2,3})(?:[ \t]*$|([ \t]+)(\S.*)$)")
_END = re.compile(r"^[ \t]*(?:Document|Dokument|Documento) [A-Za-z][\w-]{14,}[ \t]*$|\f", re.MULTILINE)
_NEEDED = frozenset({"HD", "PD"})


def looks_like(head: bytes) -> bool:
    """Whether it has at least five of the codes at the beginning of lines, a headline, a date and a text among them."""
    codes = {found[1] for line in peek_text(head).splitlines() if (found := _FIELD.fullmatch(line.strip()))} & _CODES
    return len(codes) >= 5 and codes >= _NEEDED and bool(codes & {"LP", "TD"}) and bool(codes & {"SN", "SC", "AN"})


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article a document; an origin's part is its number."""
    yield from read_documents(file, _split, _fields)


def _split(text: str) -> list[str]:
    """The documents: each ends with a line that says its number, or where a code comes again that comes once."""
    documents: list[list[str]] = [[]]
    seen: set[str] = set()
    for line in _END.sub("\f", text).split("\n"):
        code = _code(line)
        if "\f" in line or (code in ("HD", "SE") and code in seen):
            documents.append([])
            seen.clear()
        seen.add(code)
        documents[-1].append(line.replace("\f", ""))
    parts = ("\n".join(lines) for lines in documents)
    return [part for part in parts if re.search(r"^[ \t]*HD\b", part, re.MULTILINE)]


def _code(line: str) -> str:
    found = _FIELD.fullmatch(line.strip())
    return found[1] if found and found[1] in _CODES else ""


def _fields(document: str) -> dict[str, object]:
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
