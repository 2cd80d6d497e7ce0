"""DOCX: the text of a Word document in paragraphs, with its tables, text boxes and notes."""

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from archive.errors import NoTextError, UnreadableFileError
from archive.formats import exported
from archive.formats.file import Failed, InputFile
from archive.formats.package import Package, attribute, first_members, local, texts
from archive.formats.properties import (
    stated_authors,
    stated_day,
    stated_summary,
    stated_title,
    stated_words,
    table_rows,
    titled,
)
from archive.types import NewArticle, Original

SUFFIXES = (".docx",)

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_PART = re.compile(
    r"word/(?:_rels/)?(?:document|numbering|settings|styles|fontTable|footnotes|comments)\.xml(?:\.rels)?"
)

_NOT_SHOWN = ("Fallback", "moveFrom", "del", "instrText", "delText", "pPr", "rPr", "sectPr")
"""What is another form of something else, was deleted, or is no text."""

_PIECES = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}


def looks_like(head: bytes) -> bool:
    """Whether it begins like a zip archive with a Word document inside."""
    return any(_PART.fullmatch(name) for name, _ in first_members(head))


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article: the whole document, its notes after the text; or each that a press database has exported."""
    data = file.whole()
    package = Package(data, file.max_bytes)
    main = _main_part(package)
    parts = _related(package, main)
    notes = [name for kind, name in parts.items() if kind in ("footnotes", "endnotes")]
    root = package.xml(main)
    found = list(_blocks(root))
    heading = _heading(root, _title_styles(package, parts.get("styles")))
    for name in notes:
        found += _blocks(package.xml(name))
    if not found:
        raise NoTextError("the document has no text")
    if articles := exported.in_document(file, found):
        yield from articles
        return
    yield _article(file, _properties(package), heading, found, Original(data, MEDIA_TYPE))


def _article(
    file: InputFile, properties: dict[str, list[str]], heading: str, found: list[str], original: Original
) -> NewArticle:
    stated = {name: values[0] for name, values in properties.items()}
    title, body = titled(stated_title(stated.get("title")) or heading, found)
    return NewArticle(
        title=title,
        body=body,
        origin=file.origin(),
        authors=stated_authors(stated.get("creator")),
        published=stated_day(stated.get("created") or stated.get("modified")),
        language=stated.get("language"),
        tags=stated_words(stated.get("keywords")),
        summary=stated_summary(stated.get("description") or stated.get("subject")),
        original=original,
    )


# --- parts ------------------------------------------------------------------------------------------------------------


def _main_part(package: Package) -> str:
    name = _related(package, "").get("officeDocument")
    if not name or name not in package.names:
        raise UnreadableFileError("it is a zip archive, but no DOCX: there is no document inside")
    return name


def _related(package: Package, part: str) -> dict[str, str]:
    """The names of the parts that belong to a part, by the last word of what they are to it."""
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    if relations not in package.names:
        return {}
    found = {}
    for each in package.xml(relations):
        target, kind = attribute(each, "Target") or "", attribute(each, "Type") or ""
        if attribute(each, "TargetMode") != "External":
            found[kind.rpartition("/")[2]] = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
    return {kind: name for kind, name in found.items() if name in package.names}


def _properties(package: Package) -> dict[str, list[str]]:
    name = _related(package, "").get("core-properties")
    return texts(package.xml(name)) if name else {}


def _title_styles(package: Package, styles: str | None) -> set[str]:
    """The styles of titles: their names are English in every language of Word, what paragraphs call them is not."""
    found = {"Title"}
    for style in package.xml(styles) if styles else ():
        names = [attribute(child, "val") or "" for child in style if local(child) == "name"]
        if local(style) == "style" and [name.lower() for name in names] == ["title"]:
            found.add(attribute(style, "styleId") or "")
    return found


def _heading(root: Any, styles: set[str]) -> str:
    """The first paragraph that has the style of a title."""
    for paragraph in root.iter("{*}p"):
        style = next(paragraph.iterfind("{*}pPr/{*}pStyle"), None)
        if style is not None and attribute(style, "val") in styles:
            return stated_title("".join(_own_text(paragraph)))
    return ""


# --- text -------------------------------------------------------------------------------------------------------------


def _blocks(element: Any) -> Iterator[str]:
    """The paragraphs in an element, and the rows of its tables; what is in a text box comes after its paragraph."""
    for child in element:
        name = local(child)
        if name == "p":
            if (text := "".join(_own_text(child)).strip()) and any(map(str.isalnum, text)):
                yield text
            for box in _boxes(child):
                yield from _blocks(box)
        elif name == "tbl":
            rows = ([list(_blocks(cell)) for cell in _inside(row, "tc")] for row in _inside(child, "tr"))
            yield from table_rows(rows)
        elif name not in _NOT_SHOWN:
            yield from _blocks(child)


def _own_text(element: Any) -> Iterator[str]:
    """The text of a paragraph without that of the boxes in it."""
    for child in element:
        name = local(child)
        if name == "t":
            yield child.text or ""
        elif name in _PIECES:
            yield _PIECES[name]
        elif name not in (*_NOT_SHOWN, "txbxContent"):
            yield from _own_text(child)


def _boxes(element: Any) -> Iterator[Any]:
    for child in element:
        if local(child) == "txbxContent":
            yield child
        elif local(child) not in _NOT_SHOWN:
            yield from _boxes(child)


def _inside(element: Any, wanted: str) -> Iterator[Any]:
    """The rows of a table or the cells of a row, also those inside of controls."""
    for child in element:
        if local(child) == wanted:
            yield child
        elif local(child) in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _inside(child, wanted)
