"""EPUB: one article a chapter, since that is what an issue of a magazine and a book of essays are made of."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile
from archive.formats.package import Package, all_text, attribute, first_members, local, texts
from archive.formats.properties import stated_authors, stated_day, stated_title, titled
from archive.types import NewArticle, Original, PublicationDate, Told

if TYPE_CHECKING:
    from lxml.etree import _Element

SUFFIXES = (".epub",)

MEDIA_TYPE = "application/xhtml+xml"

_PAGES = (MEDIA_TYPE, "text/html", "text/x-oeb1-document")
_FIRST_YEAR = 1400
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"


@dataclass(frozen=True, slots=True)
class _Book:
    """What the book says of itself, the files of its chapters in reading order, and what its contents call them."""

    title: str
    authors: tuple[str, ...]
    publisher: str | None
    published: PublicationDate | None
    language: str | None
    subjects: tuple[str, ...]
    chapters: tuple[str, ...]
    labels: dict[str, str]


def looks_like(head: bytes) -> bool:
    """Whether it begins like a zip archive that says it is an EPUB."""
    return any(
        name == _CONTAINER or (name == "mimetype" and content.startswith(b"application/epub+zip"))
        for name, content in first_members(head)
    )


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article for each chapter with text; its source is the book, its part the chapter's file."""
    package = Package(file.whole(), file.max_bytes)
    book = _book(package)
    locked = _encrypted(package)
    empty = True
    for name in book.chapters:
        origin = file.origin(name)
        try:
            if name in locked:
                raise UnreadableFileError("it is encrypted (DRM)")
            article = _chapter(file, book, name, package.read(name))
        except FormatError as error:
            empty = False
            yield Failed(origin, str(error))
            continue
        if article:
            empty = False
            yield article
    if empty:
        raise NoTextError("the book has no text")


def read_chapter(file: InputFile, title: str) -> Iterator[NewArticle]:
    """The article of a chapter alone, as it is kept, with its text; the book has called it `title`."""
    book = _Book(
        title=title, authors=(), publisher=None, published=None, language=None, subjects=(), chapters=("",), labels={}
    )
    article = _chapter(file, book, "", file.whole())
    if not article:
        raise NoTextError("the chapter has no text")
    yield article


def _chapter(file: InputFile, book: _Book, name: str, data: bytes) -> NewArticle | None:
    """The article of a chapter, or None where it is a picture or an empty page."""
    from archive.formats.markup import heading, paragraphs, parse

    root = parse(data, name)
    found = paragraphs(root)
    if not found:
        return None
    alone = len(book.chapters) == 1
    own = " ".join(all_text(next(root.iter("{*}title"), None)).split())
    label = book.labels.get(name) or heading(root) or (own if own != book.title else "")
    title, body = titled((book.title if alone else "") or label, found)
    return NewArticle(
        title=title or book.title,
        body=body,
        origin=file.origin(name),
        authors=book.authors,
        source=book.publisher if alone else book.title or book.publisher,
        published=book.published,
        language=attribute(root, "lang") or book.language,
        tags=book.subjects,
        original=Original(data, MEDIA_TYPE),
        told=Told(fields=("title", "authors", "source", "published", "language", "tags")),  # the chapter has none
    )


# --- the package ------------------------------------------------------------------------------------------------------


def _book(package: Package) -> _Book:
    name = _package_file(package)
    root = package.xml(name)
    folder = posixpath.dirname(name)
    items = {attribute(item, "id"): item for item in root.iter("{*}item")}
    spine = [items[at] for each in root.iter("{*}itemref") if (at := attribute(each, "idref")) in items]
    navigation = [item for item in items.values() if "nav" in (attribute(item, "properties") or "").split()]
    ncx = [item for item in items.values() if attribute(item, "media-type") == "application/x-dtbncx+xml"]
    chapters = [
        _path(folder, attribute(item, "href"))
        for item in spine
        if attribute(item, "media-type") in _PAGES and item not in navigation
    ]
    stated = texts(next(root.iter("{*}metadata"), root))
    return _Book(
        title=stated_title(next(iter(stated.get("title", ())), "")),
        authors=tuple(name for each in stated.get("creator", ()) for name in stated_authors(each)),
        publisher=next(iter(stated.get("publisher", ())), None),
        published=_published(root),
        language=next(iter(stated.get("language", ())), None),
        subjects=tuple(stated.get("subject", ())),
        chapters=tuple(dict.fromkeys(each for each in chapters if each in package.names)),
        labels=_labels(package, [_path(folder, attribute(item, "href")) for item in (*navigation, *ncx)]),
    )


def _package_file(package: Package) -> str:
    if _CONTAINER not in package.names:
        raise UnreadableFileError(f"it is a zip archive, but no EPUB: there is no {_CONTAINER} inside")
    for each in package.xml(_CONTAINER).iter("{*}rootfile"):
        if (name := unquote(attribute(each, "full-path") or "")) in package.names:
            return name
    raise UnreadableFileError("the EPUB names no package that is inside")


def _published(root: "_Element") -> PublicationDate | None:
    """The date of publication; in EPUB 2 dates of other events may stand beside it."""
    dates = list(root.iter("{*}date"))
    dates.sort(key=lambda date: attribute(date, "event") != "publication")
    found = [stated_day(date.text, _FIRST_YEAR) for date in dates if attribute(date, "event") != "modification"]
    return next(filter(None, found), None)


def _labels(package: Package, names: list[str]) -> dict[str, str]:
    """What the table of contents calls each file: the entry for all of it, else the only one for a part of it."""
    for name in names:
        if name not in package.names:
            continue
        try:
            entries = list(_entries(package.xml(name), posixpath.dirname(name)))
        except FormatError:
            continue
        whole = {path: label for path, fragment, label in reversed(entries) if not fragment}
        parts: dict[str, list[str]] = {}
        for path, _, label in entries:
            parts.setdefault(path, []).append(label)
        if parts:
            return {path: labels[0] for path, labels in parts.items() if len(labels) == 1} | whole
    return {}


def _entries(root: "_Element", folder: str) -> Iterator[tuple[str, str, str]]:
    """The entries of a table of contents (EPUB 3, else NCX): file, place in it, label."""
    for navigation in root.iter("{*}nav"):
        if "toc" in (attribute(navigation, "type") or "toc").split():
            for link in navigation.iter("{*}a"):
                yield _entry(folder, attribute(link, "href"), all_text(link))
    for point in root.iter("{*}navPoint"):
        label = "".join(all_text(each) for each in point if local(each) == "navLabel")
        for content in point:
            if local(content) == "content":
                yield _entry(folder, attribute(content, "src"), label)


def _entry(folder: str, target: str | None, label: str) -> tuple[str, str, str]:
    path, _, fragment = (target or "").partition("#")
    return _path(folder, path), fragment, " ".join(label.split())


def _path(folder: str, target: str | None) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote((target or "").partition("#")[0])))


def _encrypted(package: Package) -> set[str]:
    """The files that nobody without a key can read; fonts are among them in books that anybody can."""
    if _ENCRYPTION not in package.names:
        return set()
    return {unquote(attribute(each, "URI") or "") for each in package.xml(_ENCRYPTION).iter("{*}CipherReference")}
