"""HTML as a stream of tags and text, of which no nesting is too deep; and a piece of it as paragraphs."""

from collections.abc import Iterator
from typing import Any

_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form"
    " h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_SILENT = frozenset("head iframe noscript object script style template title".split())
_STEP = 1 << 16


def paragraphs(html: str) -> str:
    """The text of it, one paragraph a block; scripts and the like are left out. Never fails."""
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

    def start(self, tag: str, _attributes: object) -> None:
        """A block begins, or what is not read does."""
        self._silent += tag in _SILENT
        self._kept += tag == "pre"
        if tag == "br":
            self._words.append("\n")
        elif tag in _BLOCKS:
            self._end()

    def end(self, tag: str) -> None:
        """The same ends."""
        if tag in _BLOCKS:
            self._end()
        self._silent = max(self._silent - (tag in _SILENT), 0)
        self._kept = max(self._kept - (tag == "pre"), 0)

    def data(self, text: str) -> None:
        """Some text, in one piece or several."""
        if not self._silent:
            self._words.append(
                text if self._kept else " ".join(f".{text}.".split())[1:-1]
            )  # dots keep the outer spaces

    def close(self) -> None:
        """There is no more."""
        self._end()

    def text(self) -> str:
        """All of it, in paragraphs."""
        self._end()
        return "\n\n".join(self._blocks)

    def _end(self) -> None:
        lines = "".join(self._words).split("\n")
        self._words.clear()
        block = "\n".join(line.strip() for line in lines).strip("\n")
        if block.strip():
            self._blocks.append(block)
