"""How what is kept of one article is read again, alone: a line of a table, an entry of a feed, a chapter of a book.

Most of what is kept is a whole file for its reader, or a part that its reader takes for a file of one article. Here is
what the others need around them.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial

from archive.encoding import decode
from archive.errors import FormatError, UnknownFormatError, UnreadableFileError
from archive.formats import FORMATS, Failed, Found, InputFile, Skipped, epub, saved_json
from archive.formats.jsonl import dump, parse
from archive.streams import in_memory
from archive.types import Alone, NewArticle, Told

IN_CONTEXT = frozenset({"feed", "jsonfeed", "epub"})
"""Formats whose articles take something from what is around them, which is not kept with each."""

_PREFIX = re.compile(r"[<\s]/?([A-Za-z_][\w.-]*):[A-Za-z_]")
_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "itunes": "http://www.itunes.com/DTDs/PodCast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "rss": "http://purl.org/rss/1.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xhtml": "http://www.w3.org/1999/xhtml",
}
_ATOM = re.compile(r"<(?:[\w.-]+:)?entry\b")


def read_alone(alone: Alone, max_bytes: int) -> NewArticle:
    """The article that today's reader makes of what was kept of it, not normalised yet.

    Raises FormatError, also where the reader makes none of it any more, or several.
    """
    data, name, told = alone.data, alone.origin.format, alone.told
    if wrap := _WRAPS.get(name):
        data = wrap(data, told)
    file = InputFile(
        alone.origin.path, in_memory(data), name, max_bytes + len(data), told.mapping, name=_NAMES.get(name, ""),
        url=told.url, charset=told.charset if name not in _WRAPS else None,
    )  # fmt: skip
    return _only(_reader(name, alone.title)(file))


def _reader(name: str, title: str) -> Callable[[InputFile], Iterator[Found]]:
    if name == "epub":
        return partial(epub.read_chapter, title=title)
    if name == "mbox":  # what is kept of a mailbox is each message
        name = "mail"
    if name not in FORMATS:
        raise UnknownFormatError(f"no reader is called {name!r} any more")
    return FORMATS[name].read


def _only(found: Iterator[Found]) -> NewArticle:
    """The one article among what a reader yields, beside the files that are attached to it."""
    articles: list[NewArticle] = []
    reason = "the reader makes no article of it any more"
    for each in found:
        if isinstance(each, Failed | Skipped):
            reason = each.reason
        elif isinstance(each, NewArticle):
            articles.append(each)
            if len(articles) > 1:
                raise UnreadableFileError("the reader makes several articles of it; import the file again")
    if not articles:
        raise FormatError(reason)
    return articles[0]


# --- what is put around a part ----------------------------------------------------------------------------------------


def _record(data: bytes, _told: Told) -> bytes:
    """A record in a list, where nothing in it is taken for the article."""
    return dump([parse(data)])


def _item(data: bytes, _told: Told) -> bytes:
    return dump({"version": "https://jsonfeed.org/version/1.1", "items": [parse(data)]})


def _export(data: bytes, _told: Told) -> bytes:
    return json.dumps(saved_json.around(parse(data)), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _entry(data: bytes, told: Told) -> bytes:
    """An entry in a feed of its own, which declares the prefixes that it uses."""
    text = decode(data, stated=told.charset)
    prefixes = set(_PREFIX.findall(text)) - {"xml", "xmlns"}
    declared = "".join(f' xmlns:{each}="{_NAMESPACES.get(each, f"urn:x:{each}")}"' for each in sorted(prefixes))
    if _ATOM.match(text):
        feed = f'<feed xmlns="{_NAMESPACES["atom"]}"{declared}>{text}</feed>'
    else:
        feed = f'<rss version="2.0"{declared}><channel>{text}</channel></rss>'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{feed}'.encode("utf-8", "replace")


def _element(data: bytes, _told: Told) -> bytes:
    """An element in a document that may use entities which are declared elsewhere, as the one that it came from."""
    return _DECLARATION.sub(rb"\g<0><!DOCTYPE kept SYSTEM 'kept.dtd'>", data, count=1)


def _link(data: bytes, _told: Told) -> bytes:
    """A link whose note stands below it, and not in an attribute besides."""
    return _DESCRIPTION.sub(b"", data, count=1) if b"<dd>" in data else data


_DESCRIPTION = re.compile(rb' description="[^"]*"')
_DECLARATION = re.compile(rb"^(?:\s*<\?xml[^<>]*\?>)?\s*")

_WRAPS: dict[str, Callable[[bytes, Told], bytes]] = {
    "jsonl": _record,
    "jsonfeed": _item,
    "saved-json": _export,
    "feed": _entry,
    "saved-html": _link,
    "newsml": _element,
    "saved-xml": _element,
}

_NAMES = {"jsonl": "kept.json"}
"""Names that tell a reader what the file is, where it asks for one."""
