"""Articles from the web in an import: addresses among its paths, and the pages that entries of exports and feeds name.

What fetches is given; here it is decided what is to be fetched, what is known already, and what becomes of an entry.
An entry with an address and no text of its own waits until all files are read, so that the pages come last.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

from archive.addresses import is_address
from archive.errors import FetchError, UnreachableError
from archive.formats.file import UNKNOWN, InputFile
from archive.normalise import clean_url, first_words
from archive.paths import File
from archive.ports import Fetcher, Store
from archive.types import Fetched, ImportItem, NewArticle, Outcome, Seen

_SUFFIXES = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt", "text/markdown": ".md",
    "text/csv": ".csv", "application/pdf": ".pdf", "application/epub+zip": ".epub", "application/rtf": ".rtf",
    "text/rtf": ".rtf", "application/rss+xml": ".xml", "application/atom+xml": ".xml", "application/xml": ".xml",
    "text/xml": ".xml", "application/json": ".json", "application/feed+json": ".json",
}  # fmt: skip
"""What a media type says about a format, as the suffix that says the same."""


Found = NewArticle | ImportItem


@dataclass(slots=True)
class Online:
    """The web as one import sees it.

    With `entries` the pages of entries without a text are fetched. With `following` the entries are those of feeds that
    are looked at again and again: what was deleted stays so. `given` was fetched before.
    """

    fetcher: Fetcher
    store: Store
    entries: bool = False
    following: bool = False
    given: File | None = None
    _waiting: dict[str, NewArticle] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)
    _stored: set[str] = field(default_factory=set)

    def files(self, found: Iterable[File]) -> Iterator[File]:
        """The files, and for an address what stands there."""
        if self.given:
            yield self.given
        for file in found:
            yield self._fetch(file.path) if is_address(file.path) else file

    def _fetch(self, url: str, format: str | None = None) -> File:
        try:
            fetched = self.fetcher.fetch(url)
        except FetchError as error:
            if isinstance(error, UnreachableError):
                self._asked.discard(url)  # it is asked again another time
            return File(url, failed=error.reason)
        if fetched is None:
            return File(url, failed="the server says that it has not changed, and was not asked")
        return fetched_file(url, fetched, format)

    def sift(self, found: Found) -> Found | None:
        """What is to be stored or told of what was read; nothing of an entry whose page is to be fetched."""
        if not isinstance(found, NewArticle) or not found.url:
            return found
        if not (self.following or (found.partial and self.entries)):
            return found
        if item := self._known(found, found.url):
            return item
        if not (found.partial and self.entries):
            return found
        self._waiting[found.url] = found
        return None

    def entries_left(self) -> Iterator[NewArticle]:
        """The entries whose pages are to be fetched."""
        while self._waiting:
            yield self._waiting.pop(next(iter(self._waiting)))

    def _known(self, article: NewArticle, url: str) -> ImportItem | None:
        """What is to be told of an entry that gives nothing new."""
        if url in self._waiting:
            return ImportItem(article.origin, Outcome.DUPLICATE, None, "same address as an entry before it")
        seen = self.store.seen_addresses([url]).get(url)
        if seen is None or (seen.article is None and not self.following):
            return None
        if seen.article is None:
            return ImportItem(article.origin, Outcome.SKIPPED, None, f"its article was deleted ({url})")
        if seen.page and article.partial:
            reason = f"the page at its address is article {seen.article}"
            return ImportItem(article.origin, Outcome.DUPLICATE, seen.article, reason)
        self._stored.add(url)
        return None

    def page(self, entry: NewArticle, read: Callable[[File], Iterator[Found]]) -> Iterator[Found]:
        """What the page of an entry gives; where that is nothing, what the entry says, if it is of a feed."""
        url = str(entry.url)
        self._asked.add(url)
        file = self._fetch(url, format=UNKNOWN)
        told: list[ImportItem] = []
        read_any = False
        if not file.failed:
            for found in read(file):
                if isinstance(found, ImportItem):
                    told.append(found)
                    continue
                read_any = True
                yield self._whole(found, url, entry) if found.origin.part is None else found
            Path(file.path).unlink()
        if read_any:
            yield from told
            return
        reason = file.failed or next((item.reason for item in told if item.reason), "there is no article in it")
        if entry.origin.format.startswith("saved"):
            yield ImportItem(entry.origin, Outcome.FAILED, None, reason)
        else:
            yield replace(entry, note=f"only what the feed says of it; of its page: {reason}")

    def _whole(self, article: NewArticle, url: str, entry: NewArticle) -> NewArticle:
        """The page of an entry; where what the entry says is stored under its address, the page is its next version."""
        article = _with_entry(article, entry)
        return replace(article, url=url) if url in self._stored else article

    def note(self, batch: Sequence[Found], items: Sequence[ImportItem]) -> None:
        """Remember which addresses gave what was stored, so that they are not fetched again."""
        seen: dict[str, Seen] = {}
        for article, item in zip(batch, items, strict=True):
            if item.article is None or isinstance(article, ImportItem):
                continue
            if article.url and (self.following or article.url in self._asked):
                seen[article.url] = Seen(item.article, article.url in self._asked)
            if article.origin.part is None and is_address(article.origin.path):
                seen[clean_url(article.origin.path) or article.origin.path] = Seen(item.article, page=True)
        self.store.note_addresses(seen)


def fetched_file(url: str, fetched: Fetched, format: str | None = None) -> File:
    """What stands at an address as a file of an import."""
    suffix = _SUFFIXES.get(fetched.media_type)
    return File(
        fetched.path,
        fetched.size,
        format=format,
        label=url,
        hint=f"page{suffix}" if suffix else PurePosixPath(urlsplit(fetched.url).path).name,
        url=fetched.url,
        charset=fetched.charset,
    )


def from_web(article: NewArticle, file: InputFile) -> NewArticle:
    """The article with the address that it was fetched from.

    What is inside a web archive has the address that was asked for. Of a page that was fetched the canonical address
    counts, where it states one that is no mere front page; the items of a feed have their own.
    """
    if not file.url:
        return article
    if file.part:
        return replace(article, url=file.url)
    if article.origin.part is not None:
        relative = article.url and article.url.startswith(("/", "./", "../"))
        return replace(article, url=urljoin(file.url, article.url or "")) if relative else article
    return replace(article, url=_canonical(article.url, file.url))


def _canonical(stated: str | None, url: str) -> str:
    front = urlsplit(stated or "").path in ("", "/") and urlsplit(url).path not in ("", "/")
    return stated if stated and clean_url(stated) and not front else url


def _with_entry(article: NewArticle, entry: NewArticle) -> NewArticle:
    """The page with what its entry says and the page does not; the longer text is the article's."""
    told = entry.summary or entry.body
    untitled = article.title == first_words(article.body)
    found = replace(
        article,
        title=entry.title if untitled else article.title,
        authors=article.authors or entry.authors,
        source=article.source or entry.source,
        section=article.section or entry.section,
        published=article.published or entry.published,
        language=article.language or entry.language,
        tags=tuple(dict.fromkeys((*entry.tags, *article.tags))),
        summary=article.summary or told or None,
        note=None if article.published or entry.published else article.note,
        known_fingerprint=None if untitled else article.known_fingerprint,
    )
    if len(article.body) >= len(entry.body):
        return found
    note = "the text is that of the feed; its page has less"
    return replace(found, body=entry.body, note=note, known_fingerprint=None, known_signature=None)
