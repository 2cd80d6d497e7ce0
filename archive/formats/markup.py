"""The text of a whole page in paragraphs, for pages that are nothing but their text, such as chapters of books."""

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from archive.encoding import decode
from archive.errors import UnreadableFileError
from archive.formats.package import all_text, attribute, local, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form"
    " h1 h2 h3 h4 h5 h6 header hr legend li main menu nav ol p pre section summary table tbody tfoot thead tr"
    " ul".split()
)
_NOT_SHOWN = frozenset("script style head template rp rt object iframe svg".split())
_BREAKS = {"br": "\n", "td": " | ", "th": " | "}
_SPACE = re.compile(r"[\s\0]+")
_HEADINGS = ("h1", "h2", "h3")


def parse(data: bytes, name: str) -> "_Element":
    """The root of a page; where it is no valid XML it is read as browsers read HTML."""
    from lxml import etree

    try:
        return parse_xml(data, name)
    except UnreadableFileError:
        parser = etree.HTMLParser(
            encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
        )
        try:
            root = etree.fromstring(decode(data, markup=True).encode("utf-8", "replace"), parser)
        except (etree.LxmlError, ValueError) as error:
            raise UnreadableFileError(f"{name} is no page: {error}") from error
        if root is None or any("depth" in each.message for each in parser.error_log):
            raise UnreadableFileError(f"{name} is {'empty' if root is None else 'nested too deep'}") from None
        return root


def paragraphs(root: "_Element") -> list[str]:
    """The text of each block; the cells of a table's row in one line; without the numbers of a printed book's pages."""
    found = "".join(_pieces(root)).split("\0")
    lines = ("\n".join(" ".join(line.split()) for line in block.split("\n")).strip(" |\n") for block in found)
    return [line for line in lines if any(map(str.isalnum, line))]


def heading(root: "_Element") -> str:
    """The first heading, of the highest level of which there is one."""
    for name in _HEADINGS:
        for element in root.iter(f"{{*}}{name}"):
            if text := " ".join(paragraphs(element)):
                return text
    return ""


def _pieces(root: "_Element") -> Iterator[str]:
    """The texts of a page, with a zero where a block begins or ends, and a line feed where a line is broken."""
    from lxml import etree

    hidden = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = local(element)
        mark = "\0" if name in _BLOCKS else ""
        if event == "start":
            hidden += _is_hidden(element, name)
            if not hidden:
                yield mark or _BREAKS.get(name, " " if _is_note(element, name) else "")
                yield _text(element.text)
            continue
        hidden -= _is_hidden(element, name)
        if not hidden:
            yield mark
            yield _text(element.tail if element is not root else "")


def _is_hidden(element: Any, name: str) -> bool:
    return name in _NOT_SHOWN or "pagebreak" in (attribute(element, "type") or "")


def _is_note(element: Any, name: str) -> bool:
    """Whether it is the raised number of a note, which is no part of the word before it."""
    return name == "sup" and all_text(element).strip(" []()").isdecimal()


def _text(text: str | None) -> str:
    """The text with its white space as single spaces; the name of an entity that was not resolved as its character."""
    return _SPACE.sub(" ", html.unescape(text)) if text else ""
