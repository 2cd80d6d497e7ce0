"""ODT: the text of an OpenDocument text in paragraphs, with its tables, text boxes and notes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from archive.errors import NoTextError, UnreadableFileError
from archive.formats import exported
from archive.formats.file import Failed, InputFile
from archive.formats.package import Package, attribute, first_members, local, texts
from archive.formats.properties import (
    stated_authors,
    stated_day,
    stated_summary,
    stated_title,
    table_rows,
    titled,
)
from archive.types import NewArticle, Original

if TYPE_CHECKING:
    from lxml.etree import _Element

SUFFIXES = (".odt",)

MEDIA_TYPE = "application/vnd.oasis.opendocument.text"

_CONTENT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
_MOST_SPACES = 100

_NOT_SHOWN = (
    "tracked-changes",
    "annotation",
    "annotation-end",
    "ruby-text",
    "sequence-decls",
    "forms",
    "note-citation",
)
_BOXES = ("text-box", "note")
"""What stands in a paragraph and has paragraphs of its own."""


def looks_like(head: bytes) -> bool:
    """Whether it begins like a zip archive that says it is an ODT."""
    name, content = next(first_members(head), ("", b""))
    return name == "mimetype" and content.startswith(MEDIA_TYPE.encode())


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article: the whole document, its notes after the text; or each that a press database has exported."""
    data = file.whole()
    package = Package(data, file.max_bytes)
    root = _content(package)
    notes: list[Any] = []
    found = list(_blocks(root, notes))
    for note in notes:  # which grows where a note has notes
        found += _blocks(note, notes)
    if not found:
        raise NoTextError("the document has no text")
    if articles := exported.in_document(file, found):
        yield from articles
        return
    stated = texts(package.xml("meta.xml")) if "meta.xml" in package.names else {}
    first = {name: values[0] for name, values in stated.items()}
    title, body = titled(stated_title(first.get("title")) or _heading(root), found)
    yield NewArticle(
        title=title,
        body=body,
        origin=file.origin(),
        authors=stated_authors(first.get("initial-creator") or first.get("creator")),
        published=stated_day(first.get("creation-date") or first.get("date")),
        language=first.get("language"),
        tags=tuple(stated.get("keyword", ())),
        summary=stated_summary(first.get("description") or first.get("subject")),
        original=Original(data, MEDIA_TYPE),
    )


def _content(package: Package) -> "_Element":
    if _CONTENT not in package.names:
        raise UnreadableFileError(f"it is a zip archive, but no ODT: there is no {_CONTENT} inside")
    if _MANIFEST in package.names and b"encryption-data" in package.read(_MANIFEST):
        raise UnreadableFileError("the document is protected with a password; save it without one first")
    root = package.xml(_CONTENT)
    if next(root.iter("{urn:oasis:names:tc:opendocument:xmlns:office:1.0}text"), None) is None:
        raise UnreadableFileError("it is an OpenDocument file, but no text document")
    return root


def _heading(root: "_Element") -> str:
    """The first paragraph that has the style of a title."""
    titles = {"Title"} | {
        attribute(style, "name") for style in root.iter("{*}style") if attribute(style, "parent-style-name") == "Title"
    }
    for paragraph in root.iter("{*}p", "{*}h"):
        if attribute(paragraph, "style-name") in titles:
            return stated_title("".join(_own_text(paragraph)))
    return ""


def _blocks(element: Any, notes: list[Any]) -> Iterator[str]:
    """The paragraphs in an element, and the rows of its tables; notes are put aside."""
    for child in element:
        name = local(child)
        if name in ("p", "h"):
            text = "".join(_own_text(child)).strip()
            if any(map(str.isalnum, text)):
                yield text
            for box in _boxes(child):
                if local(box) == "note":
                    notes.append(box)
                else:
                    yield from _blocks(box, notes)
        elif name == "table":
            yield from table_rows([list(_blocks(cell, notes)) for cell in row.iterfind("{*}table-cell")]
                                  for row in _rows(child))  # fmt: skip
        elif name not in _NOT_SHOWN:
            yield from _blocks(child, notes)


def _rows(table: Any) -> Iterator[Any]:
    for child in table:
        if local(child) == "table-row":
            yield child
        elif local(child) in ("table-header-rows", "table-row-group", "table-rows"):
            yield from _rows(child)


def _own_text(element: Any) -> Iterator[str]:
    """The text of a paragraph without that of boxes and notes in it; spaces as one, as the format wants it."""
    yield _folded(element.text)
    for child in element:
        name = local(child)
        if name == "s":
            count = attribute(child, "c") or "1"
            yield " " * min(int(count) if count.isdecimal() else 1, _MOST_SPACES)
        elif name in ("tab", "line-break"):
            yield " " if name == "tab" else "\n"
        elif name not in (*_NOT_SHOWN, *_BOXES):
            yield from _own_text(child)
        yield _folded(child.tail)


def _boxes(element: Any) -> Iterator[Any]:
    for child in element:
        if local(child) in _BOXES:
            yield child
        elif local(child) not in _NOT_SHOWN:
            yield from _boxes(child)


def _folded(text: str | None) -> str:
    folded = " ".join((text or "").split())
    before = " " if text and text[:1].isspace() else ""
    return f"{before}{folded}{' ' if folded and text and text[-1:].isspace() else ''}"
