"""JSON Feed (versions 1 and 1.1): each item is an article."""

import json
import re
from collections.abc import Iterator

from archive.dates import read_date
from archive.encoding import decode
from archive.errors import NoTextError, UnreadableFileError
from archive.formats.feed import MAX_AUTHORS, MAX_TITLE
from archive.formats.file import Failed, InputFile
from archive.formats.fragment import paragraphs
from archive.normalise import clean_line
from archive.types import NewArticle, Original

SUFFIXES = (".json",)

_VERSION = re.compile(rb"\"version\"\s*:\s*\"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version", re.IGNORECASE)


def looks_like(head: bytes) -> bool:
    """Whether it is an object that calls itself a JSON Feed at its beginning."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and bool(_VERSION.search(head))


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article an item, in the order of the feed; an origin's part is the number of its place."""
    data = file.whole()
    if not data.strip():
        raise NoTextError("the file is empty")
    feed, items = _parse(data)
    if not items:
        raise NoTextError("there is no item in the feed")
    of_all = {
        "title": _string(feed.get("title"))[:MAX_TITLE],
        "language": feed.get("language"),
        "authors": [{"name": name} for name in _authors(feed)[:MAX_AUTHORS]],
    }
    for number, item in enumerate(items, 1):
        if isinstance(item, dict):
            yield _article(file, of_all, item, str(number))
        else:
            yield Failed(file.origin(str(number)), f"it is a JSON {type(item).__name__}, not an object")


def describe(data: bytes, charset: str | None = None) -> tuple[str, int]:  # noqa: ARG001  # JSON is UTF-8
    """The title of a feed and how many items it has; raises FormatError."""
    feed, items = _parse(data)
    return clean_line(_string(feed.get("title"))), len(items)


def _parse(data: bytes) -> tuple[dict[str, object], list[object]]:
    try:
        feed = json.loads(decode(data).lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"it is not valid JSON: {error}") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise UnreadableFileError("it is no JSON Feed: it has no list of items")
    return feed, items


def _article(file: InputFile, feed: dict[str, object], item: dict[str, object], number: str) -> NewArticle:
    html, summary = paragraphs(_string(item.get("content_html"))), _string(item.get("summary"))
    written = _string(item.get("date_published")) or _string(item.get("date_modified"))
    published = read_date(written)
    body = html or _string(item.get("content_text"))
    original = json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return NewArticle(
        title=_string(item.get("title")),
        body=body or summary,
        origin=file.origin(number),
        url=_string(item.get("url")) or _string(item.get("external_url")) or _string(item.get("id")) or None,
        authors=_authors(item) or _authors(feed),
        source=_string(feed.get("title")) or None,
        published=published,
        language=_string(item.get("language")) or _string(feed.get("language")) or None,
        tags=tuple(map(_string, tags)) if isinstance(tags := item.get("tags"), list) else (),
        summary=summary if body else None,
        partial=not body,
        original=Original(original, "application/json"),
        note=f"it has no date, because {written[:60]!r} is none" if written.strip() and not published else None,
    )


def _string(value: object) -> str:
    """What may be nothing, or of a type that it should not have, as a text."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _authors(record: dict[str, object]) -> tuple[str, ...]:
    """Version 1.1 has a list, version 1 one author."""
    authors = record.get("authors") or [record.get("author")]
    found = [each for each in authors if isinstance(each, dict)] if isinstance(authors, list) else []
    return tuple(filter(None, (_string(each.get("name")) for each in found)))
