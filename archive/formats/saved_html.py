"""Lists of links in HTML: the bookmark file that Netscape began and browsers, Pinboard, Shaarli and linkding write, and
the exports of Pocket and Instapaper. What counts as a text is told in `saved`.
"""

import re
from collections.abc import Iterator

from archive.encoding import decode, peek_text
from archive.errors import NoTextError
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.fragment import feed
from archive.formats.saved import to_item
from archive.types import NewArticle, Original

SUFFIXES = (".html", ".htm")

MEDIA_TYPE = "text/html"

_NETSCAPE = re.compile(r"\s*<!DOCTYPE\s+NETSCAPE-Bookmark-file", re.IGNORECASE)
_LIST = re.compile(r"<DT>\s*<(?:H3|A)\b[^<>]*\bADD_DATE=", re.IGNORECASE)
_TITLE = re.compile(r"<title>\s*(?:Pocket Export|Instapaper: Export)\s*</title>", re.IGNORECASE)


def looks_like(head: bytes) -> bool:
    """Whether it begins as one of these lists does."""
    text = peek_text(head).removeprefix("\ufeff")
    if _NETSCAPE.match(text) or _TITLE.search(text[:2_000]):
        return True
    return bool(re.match(r"\s*<(?:META|TITLE|H1|DL)\b", text, re.IGNORECASE) and _LIST.search(text))


def read(file: InputFile) -> Iterator[NewArticle | Failed | Skipped]:
    """One item a link; an origin's part is its number. The note that follows a link is its text."""
    text = decode(file.whole(), markup=True)
    if not text.strip():
        raise NoTextError("the file is empty")
    links = _Links()
    number = 0
    for _ in feed(links, text):
        for link in links.take():
            number += 1
            yield _item(link, file, number)
    if not number:
        raise NoTextError("there is no link in it")


def _item(link: dict[str, str], file: InputFile, number: int) -> NewArticle | Failed | Skipped:
    entry = {
        "title": " ".join(link.pop("title").split()),
        "url": link.get("href"),
        "body": link.get("note", "").strip(),
        "tags": [tag.strip() for tag in re.split(r"[,|]", link.get("tags", ""))],
    }
    return to_item(file, number, entry, Original(_as_written(link, str(entry["title"])), MEDIA_TYPE))


def _as_written(link: dict[str, str], title: str) -> bytes:
    from html import escape

    note = link.pop("note", "")
    for name in ("icon", "description"):  # a description is the note
        link.pop(name, None)
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in link.items())
    written = f"<dt><a{attributes}>{escape(title)}</a>" + (f"\n<dd>{escape(note)}" if note else "")
    return written.encode("utf-8", "replace")


class _Links:
    """Collects the links that a parser meets, with the text that stands in each and after it."""

    def __init__(self) -> None:
        self._done: list[dict[str, str]] = []
        self._link: dict[str, str] | None = None
        self._texts: dict[str, list[str]] = {}
        self._place = ""

    def take(self) -> list[dict[str, str]]:
        """The links that are complete and were not taken yet."""
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A link begins, its note does, or something else that ends both."""
        noted = self._place == "note"
        if tag == "a" and attributes.get("href") and not noted:
            self.close()
            self._link = dict(attributes)
            self._texts = {"title": [], "note": [attributes.get("description", "")]}
            self._place = "title"
        elif tag == "dd" and self._link:
            self._place = "note"
        elif tag in ("dt", "dl", "h1", "h3") or (tag in ("li", "ul", "ol") and not noted):
            self.close()

    def end(self, tag: str) -> None:
        """What stands between a link and its note is neither."""
        if tag == "a" and self._place == "title":
            self._place = ""
        elif tag == "dl":
            self.close()

    def data(self, text: str) -> None:
        """Some text, in one piece or several."""
        if self._place:
            self._texts[self._place].append(text)

    def close(self) -> None:
        """The link at hand is complete."""
        if self._link:
            self._done.append(self._link | {place: "".join(texts) for place, texts in self._texts.items()})
        self._link, self._place = None, ""
