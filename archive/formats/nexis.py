"""Text that Nexis and LexisNexis export: documents with labelled lines before and after the text of each.

There are two layouts: `1 of 24 DOCUMENTS`, with `LENGTH:` before the text and `LOAD-DATE:` after it; and that of Lexis
Advance and Nexis Uni, with `Length:`, `Body` and `End of Document`. Labels may be English, German or French.
"""

import re
from collections.abc import Iterator

from archive.encoding import peek_text
from archive.formats.file import Failed, InputFile
from archive.formats.press import date_in, is_date, joined, language_code, read_documents
from archive.types import NewArticle

SUFFIXES = (".txt",)

_BEGINNING = re.compile(
    r"^[ \t]*(?:(?:Document|Dokument) )?\d+ (?:of|von|de) \d+(?: DOCUMENTS?| DOKUMENTEN?)?[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_END = re.compile(r"^[ \t]*(?:End of Document|Ende des Dokuments|Fin du document)[ \t]*$", re.MULTILINE)
_LENGTH = re.compile(r"^[ \t]*(?:LENGTH|LÄNGE|LONGUEUR): *\d+", re.MULTILINE | re.IGNORECASE)
_MARKS = re.compile(
    r"^[ \t]*(BYLINE|SECTION|LOAD-DATE|HEADLINE|DATELINE|LANGUAGE|PUBLICATION-TYPE|COPYRIGHT|BODY|"
    r"AUTOR|RUBRIK|UPDATE|SPRACHE|AUTEUR|RUBRIQUE|LANGUE|All Rights Reserved)\b",
    re.MULTILINE | re.IGNORECASE,
)
_LABEL = re.compile(r"[ \t]*([A-ZÄÖÜÉ][A-ZÄÖÜÉ -]{2,24}|[A-Z][a-z]+(?:[ -][A-Z][a-z]+)?):(?:[ \t]+(.*))?$")
_FIELDS = {
    "title": ("HEADLINE", "TITEL", "TITRE"),
    "authors": ("BYLINE", "AUTOR", "AUTEUR", "AUTHOR"),
    "section": ("SECTION", "RUBRIK", "RUBRIQUE"),
    "language": ("LANGUAGE", "SPRACHE", "LANGUE"),
    "summary": ("HIGHLIGHT", "ABSTRACT"),
}
_BEFORE = frozenset(
    "HEADLINE BYLINE SECTION LENGTH DATELINE HIGHLIGHT ABSTRACT SERIES AUTHOR TITEL TITRE AUTOR AUTEUR RUBRIK RUBRIQUE"
    " LÄNGE LONGUEUR".split()
)
_AFTER = frozenset(
    "LOAD-DATE LANGUAGE PUBLICATION-TYPE JOURNAL-CODE DOCUMENT-TYPE GRAPHIC SUBJECT CORRECTION-DATE UPDATE SPRACHE"
    " LANGUE PUBLIKATIONSTYP DATE-CHARGEMENT".split()
)
_HEADINGS = ("Classification", "Graphic", "Klassifikation")


def looks_like(head: bytes) -> bool:
    """Whether it has several marks of these layouts: how a document begins or ends, its length, and two more labels."""
    text = peek_text(head)
    marks = {found[1].upper() for found in _MARKS.finditer(text)}
    begins = _BEGINNING.search(text) or _END.search(text) or re.search(r"^[ \t]*Body[ \t]*$", text, re.MULTILINE)
    return bool(begins and _LENGTH.search(text) and len(marks) >= 2)


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article a document; an origin's part is its number."""
    yield from read_documents(file, _split, _fields)


def _split(text: str) -> list[str]:
    """The documents; what stands before the first, such as a table of contents, is none."""
    if _END.search(text):
        *documents, rest = _END.split(text)
        return [part for part in (*documents, *([rest] if _LENGTH.search(rest) else [])) if part.strip()]
    if _BEGINNING.search(text):
        return [part for part in _BEGINNING.split(text)[1:] if part.strip()]
    return [text] if _LENGTH.search(text) else []


def _fields(document: str) -> dict[str, object]:
    lines = [line.strip() for line in document.split("\n")]
    begin = next((at for at, line in enumerate(lines) if line == "Body"), None)
    if begin is None:
        begin = next((at for at, line in enumerate(lines) if _LENGTH.match(line)), len(lines) - 1)
    end = next((at for at in range(begin + 1, len(lines)) if _ends_text(lines[at - 1], lines[at])), len(lines))
    labelled = {**_labelled(lines[end:]), **_labelled(lines[:begin])}
    body, more = _without_labels(lines[begin + 1 : end])
    labelled |= more
    found: dict[str, object] = {
        field: next((labelled[name] for name in names if labelled.get(name)), "") for field, names in _FIELDS.items()
    }
    found["language"] = language_code(str(found["language"]))
    return {**_unlabelled(lines[:begin], str(found["title"])), **{k: v for k, v in found.items() if v}, "body": body}


def _ends_text(before: str, line: str) -> bool:
    return line in _HEADINGS or (not before and _label(line) in _AFTER)


def _label(line: str) -> str:
    found = _LABEL.fullmatch(line)
    return found[1].upper() if found else ""


def _labelled(lines: list[str]) -> dict[str, str]:
    """What stands after each label, to the next blank line."""
    found: dict[str, list[str]] = {}
    label = ""
    for line in lines:
        if (name := _label(line)) in _BEFORE | _AFTER:
            label = name
            found[label] = [line.partition(":")[2]]
        elif not line:
            label = ""
        elif label:
            found[label].append(line)
    return {name: joined(parts) for name, parts in found.items()}


def _without_labels(lines: list[str]) -> tuple[str, dict[str, str]]:
    """The text, and what is labelled at its very beginning: some documents say their byline after their length."""
    at = 0
    while at < len(lines) and (not lines[at] or _label(lines[at]) in _BEFORE):
        while at < len(lines) and lines[at]:
            at += 1
        at += 1
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines[at:]))
    return re.sub(r"\n\s*(?:Copyright|©)[^\n]*(?:\n[^\n]+){0,3}\s*$", "", text), _labelled(lines[:at])


def _unlabelled(lines: list[str], title: str) -> dict[str, object]:
    """Source, date and headline: the lines before any label. The headline is last, or with Lexis Advance first."""
    first = next((at for at, line in enumerate(lines) if _label(line) in _BEFORE), len(lines))
    blocks = [joined(block.split("\n")) for block in re.split(r"\n\s*\n", "\n".join(lines[:first]))]
    if len([block for block in blocks if block]) < 3:
        blocks = lines[:first]
    plain = [block for block in blocks if block and not re.match(r"Copyright|©|All Rights", block, re.IGNORECASE)]
    dated = next((at for at, block in enumerate(plain) if is_date(block)), None)
    if dated is None:
        return {"source": plain[0] if plain else "", "title": title or (plain[-1] if len(plain) > 1 else "")}
    before, after = plain[:dated], [block for block in plain[dated + 1 :] if not block.lower().endswith("edition")]
    if len(before) > 1 and not after:  # headline, source, date
        after = before[:-1]
        before = before[-1:]
    return {
        "source": before[0] if before else "",
        "published": date_in(plain[dated]),
        "title": title or (after[0] if after else ""),
    }
