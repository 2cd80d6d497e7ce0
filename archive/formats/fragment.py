"""HTML that holds nothing but a text, as feeds and messages have it, as that text: all of it, in paragraphs."""

import re
from functools import cache
from typing import TYPE_CHECKING

from archive.normalise import clean_text
from archive.types import PARAGRAPH_BREAK

if TYPE_CHECKING:
    from lxml.etree import HTMLParser

_BLOCKS = frozenset(
    """address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section summary table tbody tfoot
    thead tr ul""".split()
)
_CELLS = frozenset({"td", "th"})
_NO_TEXT = frozenset("audio button head math noscript script select style svg template textarea title video".split())
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")


def to_text(html: str) -> str:
    """The text that a browser would show, its paragraphs parted by blank lines; never fails."""
    from lxml import etree

    data = clean_text(html).encode("utf-8", "replace")
    try:
        root = etree.fromstring(data, _parser())
    except etree.LxmlError:
        return ""
    if root is None:
        return ""
    parts: list[str] = []
    lines_kept = 0
    walk = etree.iterwalk(root, events=("start", "end"))  # which no depth of nesting can exhaust
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        lines_kept += {"start": 1, "end": -1}[event] if tag == "pre" else 0
        if tag in _BLOCKS:
            parts.append(PARAGRAPH_BREAK)
        elif tag in _CELLS and event == "end":
            parts.append(" ")
        text = element.tail if event == "end" else element.text
        if event == "start":
            if tag == "br":
                parts.append("\n")
            if not tag or tag in _NO_TEXT or _HIDDEN.search(element.get("style") or ""):
                walk.skip_subtree()
                continue
        if text:
            text = text if lines_kept else _SPACE.sub(" ", text)
            parts.append(text.lstrip(" ") if not lines_kept and parts and parts[-1].endswith((" ", "\n")) else text)
    return _tidy("".join(parts))


@cache
def _parser() -> "HTMLParser":
    from lxml.etree import HTMLParser

    return HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)


def _tidy(text: str) -> str:
    blocks = re.split(r"\n[ \u00a0]*\n\s*", text)
    lines = (
        "\n".join(line.rstrip(" \u00a0\u200c\u200b") for line in block.strip("\n").split("\n")) for block in blocks
    )
    return PARAGRAPH_BREAK.join(filter(None, (block.strip() for block in lines)))
