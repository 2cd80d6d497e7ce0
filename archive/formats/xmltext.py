"""XML read one element at a time: no entity is expanded, nothing is fetched, no more is held than one element."""

import html
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from archive.errors import NoTextError, TooLargeError, UnreadableFileError
from archive.formats.file import InputFile

if TYPE_CHECKING:
    from lxml.etree import _Element

_CHUNK = 1 << 16

_PROLOGUE = re.compile(  # nothing in it is tried twice, or many comments would take for ever
    r"\s*+(?>(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE\b(?>[^\[\]<>]|\[.*?\]\s*+(?=>))*+>)\s*+)*+<(?:[\w.-]+:)?([\w.-]+)",
    re.DOTALL,
)


def root_of(head: str) -> str | None:
    """The name of the outermost element of a document that begins so, without its prefix."""
    found = _PROLOGUE.match(head.removeprefix("\ufeff"))
    return found[1] if found else None


def name_of(element: "_Element") -> str:
    """The name of an element without its namespace; empty for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def text_of(element: "_Element | None") -> str:
    """All text in an element in one line; references to the entities that HTML has are read."""
    return "" if element is None else " ".join("".join(text for _, text in pieces(element)).split())


def pieces(element: "_Element") -> Iterator[tuple[str, str]]:
    """The text in an element, in pieces: with the name of the element that begins or ends before each."""
    from lxml import etree

    for event, each in etree.iterwalk(element, events=("start", "end")):
        if event == "end":
            yield name_of(each), (each.tail or "") if each is not element else ""
        elif isinstance(each.tag, str):
            yield name_of(each), each.text or ""
        else:
            yield "", html.unescape(each.text or "")


def elements(file: InputFile, names: Collection[str]) -> Iterator["_Element"]:
    """The outermost elements of these names, in order; each is emptied when the next is asked for.

    Raises NoTextError for an empty file, TooLargeError, and UnreadableFileError where the document is not well-formed,
    after what came before.
    """
    from lxml import etree

    parser: Any = etree.XMLPullParser(
        ("start", "end"), resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    inside: Any = None
    taken = 0
    for data in _chunks(file):
        taken += len(data)
        broken = _feed(parser, data)
        for event, element in parser.read_events():
            if event == "start":
                inside = element if inside is None and name_of(element) in names else inside
            elif inside is None:
                _empty(element)
            elif element is inside:
                yield inside
                taken, inside = 0, None
                _empty(element)
        if broken:
            raise UnreadableFileError(f"it is no well-formed XML: {broken}")
        if taken > file.max_bytes:
            raise TooLargeError(f"a part of it has more than {file.max_bytes:,} bytes (setting max_item_mb)")


def _chunks(file: InputFile) -> Iterator[bytes]:
    """The document in pieces, the last of them empty, without blank lines before it, which XML does not allow."""
    data = file.stream.read(_CHUNK)
    while data.isspace():
        data = file.stream.read(_CHUNK)
    if not (data := data.lstrip()):
        raise NoTextError("the file is empty")
    while data:
        yield data
        data = file.stream.read(_CHUNK)
    yield b""


def _feed(parser: Any, data: bytes) -> str:
    """Give the parser more, or tell it that there is no more; what is wrong with the document, if anything is."""
    from lxml import etree

    try:
        if data:
            parser.feed(data)
        else:
            parser.close()
    except etree.LxmlError as error:
        entry = next((each for each in parser.feed_error_log if each.level_name != "WARNING"), None)
        reason = f"{entry.message} (line {entry.line})" if entry else str(error)
        return " ".join(re.sub(r", (?:use|try|see) \w+(?: option)?\.?", "", reason).split())
    return ""


def _empty(element: "_Element") -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and (before := element.getprevious()) is not None:
        parent.remove(before)
