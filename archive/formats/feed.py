"""Feeds, RSS 0.9 to 2.0 and Atom: each entry is an article, with as much text as the feed has of it."""

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from archive.dates import read_date
from archive.encoding import decode, encoding_of
from archive.errors import NoTextError, UnknownFormatError, UnreadableFileError
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.fragment import paragraphs
from archive.normalise import clean_line, split_names
from archive.types import NewArticle, Original, Told

SUFFIXES = (".xml", ".rss", ".atom", ".rdf")

_PROLOGUE = re.compile(
    r"\ufeff?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>\s*)*", re.DOTALL | re.IGNORECASE
)
_ROOT = re.compile(r"<(?:\w+:)?(?:rss|feed|rdf|channel)\b", re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY\s+[^\s>%]+\s+(SYSTEM\b|PUBLIC\b|\"[^\"]*\"|'[^']*')")
_ENTRY = re.compile(rb"<(/?)(?:\w+:)?(?:item|entry)(?:\s[^<>]*)?>")
_DECLARED = re.compile(r"\s+encoding\s*=\s*[\"'][^\"'<>]*[\"']")

MAX_AUTHORS = 50
MAX_TITLE = 1_000
"""Authors of a feed as a whole, and characters of its title: each of its entries may get all of them."""

_MAX_ENTITY = 100
_MAX_ENTITIES = 500


def looks_like(head: bytes) -> bool:
    """Whether its first element is that of a feed."""
    text = decode(head, markup=True)
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        return False
    prologue = _PROLOGUE.match(text)
    return bool(_ROOT.match(text, prologue.end() if prologue else 0))


def read(file: InputFile) -> Iterator[NewArticle | Failed | Skipped]:
    """One article an entry, in the order of the feed; an origin's part is the number of its place.

    An export of WordPress (WXR) is a feed, too: what it has of attachments and menus is skipped.
    """
    data = file.whole()
    if not data.strip():
        raise NoTextError("the file is empty")
    _refuse_entities(data)
    encoding = encoding_of(data, markup=True, stated=file.charset)
    feed = _parse(data.decode(encoding, "replace"))
    if not feed.entries:
        if not feed.get("version"):  # which is not there at all where there is nothing to parse
            raise UnknownFormatError("this is XML of no kind that the archive reads")
        raise NoTextError("there is no entry in the feed")
    sources = _sources(data, len(feed.entries))
    about = _About.of(feed)
    for number, (entry, source) in enumerate(zip(feed.entries, sources, strict=True), 1):
        article = replace(_article(file, entry, str(number), source, about), told=Told(charset=encoding))
        kind = clean_line(str(entry.get("wp_post_type") or ""))[:40]
        is_empty = kind and not article.body.strip()
        yield Skipped(article.origin, f"no text: it is of the kind {kind!r} in WordPress") if is_empty else article


def describe(data: bytes, charset: str | None = None) -> tuple[str, int]:
    """The title of a feed and how many entries it has; raises FormatError."""
    _refuse_entities(data)
    feed = _parse(decode(data, markup=True, stated=charset))
    return clean_line(_text(feed.feed.get("title_detail"), feed.feed.get("title"))), len(feed.entries)


def _refuse_entities(data: bytes) -> None:
    """Entities may stand for a few characters, as they do in old feeds, and for nothing else.

    What they declare for documents as a whole (`%`) is left out by feedparser, as are the files that it is in.
    """
    declared = _ENTITY.findall(data)
    for value in declared:
        if not value.startswith((b'"', b"'")):
            raise UnreadableFileError("it declares an entity that stands for another file, which is not read")
        if len(value) > _MAX_ENTITY or re.search(rb"&(?!#)", value):
            raise UnreadableFileError("it declares an entity that stands for others, or for much text, as attacks do")
    if len(declared) > _MAX_ENTITIES:
        raise UnreadableFileError(f"it declares more than {_MAX_ENTITIES} entities")


def _parse(text: str) -> Any:  # feedparser's FeedParserDict
    import feedparser

    root = re.search(r"<\w", text)
    prologue = text[: root.start()] if root else ""
    prologue = re.sub(r"\s+", lambda space: "\n" if "\n" in space[0] else " ", prologue)  # long ones take it very long
    prologue = _DECLARED.sub("", prologue, count=1)
    data = (prologue + text[root.start() if root else 0 :]).lstrip("\ufeff \n").encode("utf-8", "replace")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # feedparser promises nothing about what broken feeds raise
        raise UnreadableFileError(f"the feed cannot be parsed: {type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class _About:
    """What a feed says of itself, for entries that do not say it of themselves; found once for all of them."""

    title: str
    language: str
    authors: tuple[str, ...]

    @classmethod
    def of(cls, feed: Any) -> "_About":
        """Of authors only a feed of Atom speaks for its entries (RFC 4287, 4.2.1)."""
        authors = dict.fromkeys(_authors(feed.feed)) if feed.version.startswith("atom") else ()
        title, language = (str(feed.feed.get(name) or "") for name in ("title", "language"))
        return cls(_line(title), language, tuple(authors)[:MAX_AUTHORS])


def _article(file: InputFile, entry: Any, number: str, source: bytes | None, about: _About) -> NewArticle:
    full, language = _content(entry)
    summary = _text(entry.get("summary_detail"), entry.get("summary"))
    written = str(entry.get("published") or entry.get("updated") or "")
    published = read_date(written)
    own_source = str((entry.get("source") or {}).get("title") or "")
    return NewArticle(
        title=clean_line(_text(entry.get("title_detail"), entry.get("title"))),
        body=full or summary,
        origin=file.origin(number),
        url=str(entry.get("link") or "") or None,
        authors=_authors(entry) or about.authors,
        source=(_line(own_source) if own_source else about.title) or None,
        published=published,
        language=str(language or entry.get("language") or about.language or "") or None,
        tags=tuple(str(tag.get("label") or tag.get("term") or "") for tag in entry.get("tags") or ()),
        summary=summary if full and summary != full else None,
        partial=not full,
        original=Original(source, "application/xml") if source else None,
        note=f"it has no date, because {written[:60]!r} is none" if written.strip() and not published else None,
    )


def _content(entry: Any) -> tuple[str, str | None]:
    """The longest of the texts that an entry gives as its content, and the language that is stated for it."""
    texts = [(_text(each, each.get("value")), each.get("language")) for each in entry.get("content") or ()]
    return max(texts, key=lambda each: len(each[0]), default=("", None))


def _text(detail: Mapping[str, Any] | None, value: object) -> str:
    """A text construct as plain text: what is HTML, as declared or as feedparser tells it, becomes paragraphs."""
    text = str(value or "")
    plain = (detail or {}).get("type") == "text/plain"
    return text if plain or not re.search("[<&]", text) else paragraphs(text)


def _line(title: str) -> str:
    return clean_line(_text(None, title[:MAX_TITLE]))


def _authors(entry: Any) -> tuple[str, ...]:
    named = [str(each.get("name") or each.get("email") or "") for each in entry.get("authors") or () if each]
    names = [name for each in named or [str(entry.get("author") or "")] for name in split_names(each)]
    return tuple(clean_line(_text(None, name)) for name in names)


def _sources(data: bytes, count: int) -> list[bytes | None]:
    """The bytes of each entry as they came, where they can be told apart."""
    found: list[bytes | None] = []
    begin = None
    for tag in _ENTRY.finditer(data):
        if not tag[1]:
            begin = tag.start() if begin is None else begin
        elif begin is not None:
            found.append(data[begin : tag.end()])
            begin = None
    return found if len(found) == count else [None] * count
