"""Text that Nexis and LexisNexis export: documents with labelled lines before and after the text of each.

There are two layouts: `1 of 24 DOCUMENTS`, with `LENGTH:` before the text and `LOAD-DATE:` after it; and that of Lexis
Advance and Nexis Uni, with `Length:`, `Body` and `End of Document`. Labels may be English, German or French.
"""

import re
from collections.abc import Iterator

from archive.encoding import peek_text
from archive.formats.file import Failed, InputFile
from archive.formats.press import WORDS, date_in, is_date, joined, language_code, read_text
from archive.types import NewArticle

SUFFIXES = (".txt",)

_BEGINNING = re.compile(
    r"^[ \t]*(?:(?:Document|Dokument) )?\d+ (?:of|von|de) \d+(?P<all> DOCUMENTS?| DOKUMENTEN?)?[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
END = re.compile(r"^[ \t]*(?:End of Document|Ende des Dokuments|Fin du document)[ \t]*$", re.MULTILINE)
_LENGTH = re.compile(r"^[ \t]*(?:LENGTH|LÄNGE|LONGUEUR): *\d+", re.MULTILINE | re.IGNORECASE)
_IN_WORDS = re.compile(rf"{_LENGTH.pattern}[\d.,]* *(?:{WORDS})[ \t]*$", re.MULTILINE | re.IGNORECASE)
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
    "summary": ("HIGHLIGHT", "ABSTRACT", "ENCART"),
}
_BEFORE = frozenset(
    "HEADLINE BYLINE SECTION DISTRIBUTION LENGTH DATELINE HIGHLIGHT ABSTRACT SERIES AUTHOR TITEL TITRE AUTOR AUTEUR"
    " RUBRIK RUBRIQUE LÄNGE LONGUEUR ENCART".split()
)
_AFTER = frozenset(
    "LOAD-DATE LANGUAGE PUBLICATION-TYPE JOURNAL-CODE DOCUMENT-TYPE GRAPHIC SUBJECT CORRECTION-DATE UPDATE SPRACHE"
    " LANGUE PUBLIKATIONSTYP DATE-CHARGEMENT SUJET TYPE-PUBLICATION".split()
)
_NEVER_IN_TEXT = frozenset(name for name in _AFTER if "-" in name)
_SUBJECTS = frozenset(
    "COMPANY ORGANIZATION TICKER INDUSTRY PERSON CITY STATE COUNTRY GEOGRAPHIC ORGANISATION SOCIÉTÉ PERSONNE"
    " LOCALISATION-GEO".split()
)
_IN_PARTS = re.compile(r"\n*ABSTRACT\n+(.{1,3000}?)\n{1,2}FULL TEXT\n(.*)", re.DOTALL)
_ABOUT = re.compile(rf"Copyright|©|All Rights|Correction Appended|{_BEGINNING.pattern}", re.MULTILINE | re.IGNORECASE)
_HEADINGS = ("Classification", "Graphic", "Klassifikation")


def looks_like(head: bytes) -> bool:
    """Whether it has several marks of these layouts: how a document begins or ends, its length, and two more labels."""
    return _has_marks(peek_text(head))


def is_whole_export(text: str) -> bool:
    """Whether all of a text, of a document that may be anything, is laid out so: a length is one in words."""
    begins = any(found["all"] for found in _BEGINNING.finditer(text))
    return bool((begins or END.search(text)) and _IN_WORDS.search(text) and _has_marks(text))


def _has_marks(text: str) -> bool:
    marks = {found[1].upper() for found in _MARKS.finditer(text)}
    begins = _BEGINNING.search(text) or END.search(text) or re.search(r"^[ \t]*Body[ \t]*$", text, re.MULTILINE)
    return bool(begins and _LENGTH.search(text) and len(marks) >= 2)


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article a document; an origin's part is its number."""
    yield from read_text(file, split, fields)


def split(text: str) -> list[str]:
    """The documents; what stands before the first, such as a table of contents, is none."""
    if END.search(text):
        first, *documents, rest = END.split(text)
        parts = (_without_contents(first), *documents, *([rest] if _LENGTH.search(rest) else []))
        return [part for part in parts if part.strip()]
    if begins := _beginnings(text):
        ends = [found.start() for found in begins[1:]] + [len(text)]
        return [text[found.end() : end] for found, end in zip(begins, ends, strict=True)]
    return [text] if _LENGTH.search(text) else []


def _beginnings(text: str) -> list[re.Match[str]]:
    """Where documents begin: a line such as `1 of 4`, which any text may have, has a length below it."""
    found = list(_BEGINNING.finditer(text))
    ends = [*(each.start() for each in found[1:]), len(text)][: len(found)]
    return [each for each, end in zip(found, ends, strict=True) if each["all"] or _LENGTH.search(text, each.end(), end)]


def _without_contents(document: str) -> str:
    """The first document without a cover and a list of contents before its headline, source and date."""
    length = _LENGTH.search(document)
    blocks = re.split(r"(\n\s*\n)", document[: length.start() if length else 0])
    dated = [at for at in range(0, len(blocks), 2) if is_date(blocks[at])]
    return document[len("".join(blocks[: dated[-1] - 4])) :] if dated and dated[-1] > 4 else document


def fields(document: str) -> dict[str, object]:
    """The fields of one document."""
    lines = [line.strip() for line in document.split("\n")]
    begin = next((at for at, line in enumerate(lines) if line == "Body"), None)
    if begin is None:
        begin = next((at for at, line in enumerate(lines) if _LENGTH.match(line)), len(lines) - 1)
    end = _end_of_text(lines, begin + 1)
    labelled = {**_labelled(lines[end:]), **_labelled(lines[:begin])}
    body, more = _without_labels(lines[begin + 1 : end])
    labelled |= more
    if in_parts := _IN_PARTS.match(body):
        labelled["ABSTRACT"], body = joined([in_parts[1]]), in_parts[2]
    found: dict[str, object] = {
        field: next((labelled[name] for name in names if labelled.get(name)), "") for field, names in _FIELDS.items()
    }
    found["language"] = language_code(str(found["language"]))
    return {
        **_unlabelled(lines[: begin + 1], str(found["title"])),
        **{k: v for k, v in found.items() if v},
        "body": body,
    }


def _end_of_text(lines: list[str], begin: int) -> int:
    """The line after the text, where the labels begin that stand only there, and those of its subjects before them."""
    starts = [
        at
        for at, line in enumerate(lines[begin:], begin)
        if line and (not lines[at - 1] or line in _HEADINGS or _label(line) in _NEVER_IN_TEXT)
    ]
    labels = [_label(lines[at]) for at in starts]
    end = next((n for n, at in enumerate(starts) if lines[at] in _HEADINGS or labels[n] in _AFTER), None)
    if end is None:
        return len(lines)
    while end > 0 and labels[end - 1] in _SUBJECTS:
        end -= 1
    return starts[end]


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
    return re.sub(r"\n(?:Copyright|©)[^\n]*+(?:\n[^\n]++){0,3}\n*$", "", text), _labelled(lines[:at])


def _unlabelled(lines: list[str], title: str) -> dict[str, object]:
    """Source, date and headline: the lines before any label. The headline is last, or with Lexis Advance first."""
    first = next((at for at, line in enumerate(lines) if _label(line) in _BEFORE), len(lines))
    blocks = [block.strip() for block in re.split(r"\n\s*\n", "\n".join(lines[:first]))]
    if len(list(filter(None, blocks))) < 3:
        blocks = lines[:first]
    plain = [block for block in blocks if block and not _ABOUT.match(block)]
    dated = next((at for at, block in enumerate(plain) if is_date(block.split("\n")[0])), None)
    if dated is None and "Body" in lines[first:]:
        return {"source": joined(plain[1:2]), "title": title or joined(plain[:1])}
    if dated is None:
        return {"source": joined(plain[:1]), "title": title or (joined(plain[-1:]) if len(plain) > 1 else "")}
    before, after = plain[:dated], [block for block in plain[dated + 1 :] if not block.lower().endswith("edition")]
    if len(before) > 1 and not after:  # headline, source, date
        after = ["\n".join(before[:-1])] if len(before) <= 4 else before[:-1]
        before = before[-1:]
    return {
        "source": joined(before[:1]),
        "published": date_in(plain[dated].split("\n")[0]),
        "title": title or joined(after[:1]),
    }
