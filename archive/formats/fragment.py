"""HTML as a stream of tags and text, of which no nesting is too deep; and a piece of it as paragraphs."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section summary table tbody tfoot thead tr"
    " ul".split()
)
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset(
    "audio button head math noscript script select style svg template textarea title video".split()
)  # what a browser shows in place of an object or a frame may be the only text that there is
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_STEP = 1 << 16


def paragraphs(html: str) -> str:
    """The text that a browser would show, its paragraphs parted by blank lines. Never fails."""
    target = _Text()
    for _ in feed(target, html):
        pass
    return target.text()


def feed(target: Any, html: str) -> Iterator[None]:
    """Tell a target (https://lxml.de/parsing.html#the-target-parser-interface) what is met, in steps. Never fails."""
    from lxml import etree

    parser = etree.HTMLParser(target=target, encoding="utf-8", recover=True)
    html = html.replace("\0", "")
    try:
        for at in range(0, len(html), _STEP):
            parser.feed(html[at : at + _STEP].encode("utf-8", "replace"))
            yield
        parser.close()
    except etree.LxmlError:  # there is nothing in it, or no more of it can be read
        target.close()
    yield


class _Text:
    """Collects what a parser meets; as nothing is nested here, no depth is too deep."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._words: list[str] = []
        self._silent = 0
        self._kept = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """A block begins, or what is not read does."""
        if tag in _BLOCKS:
            self._end()
        if self._silent or tag in _SILENT or _HIDDEN.search(attributes.get("style", "")):
            self._silent += 1
            return
        self._kept += tag == "pre"
        if tag == "br":
            self._words.append("\n")

    def end(self, tag: str) -> None:
        """The same ends."""
        if tag in _BLOCKS:
            self._end()
        elif tag in _CELLS:
            self._words.append(" ")
        if self._silent:
            self._silent -= 1
        else:
            self._kept = max(self._kept - (tag == "pre"), 0)

    def data(self, text: str) -> None:
        """Some text, in one piece or several."""
        if self._silent:
            return
        if not self._kept:
            text = " ".join(f".{text}.".split())[1:-1]  # dots keep the outer spaces
            if not self._words or self._words[-1].endswith((" ", "\n")):
                text = text.lstrip(" ")
        if text:
            self._words.append(text)

    def close(self) -> None:
        """There is no more."""
        self._end()

    def text(self) -> str:
        """All of it, in paragraphs."""
        self._end()
        return "\n\n".join(self._blocks)

    def _end(self) -> None:
        block = "\n".join(line.rstrip() for line in "".join(self._words).split("\n")).strip("\n")
        self._words.clear()
        if block.strip():
            self._blocks.append(block)
