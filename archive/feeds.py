"""Feeds that are followed: each look asks whether it has changed, and imports what is new.

A look never imports twice: what a feed says again is a duplicate for the store, a page that was stored is not fetched
again, and an article that somebody deleted stays so.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import FeedExistsError, FeedNotFoundError, FetchError, GoneError, ToldToWaitError
from archive.ports import Fetcher, Store
from archive.types import Feed, FeedUpdate, Fetched, ImportReport, NewFeed

if TYPE_CHECKING:
    from archive.discovery import Discovered
    from archive.importing import Observer

MAX_ERROR = 500
"""Characters of a reason that are kept."""


class Feeds:
    """The feeds that an archive follows."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Feed]:
        """All of them, by number."""
        return self._store.feeds()

    def find(self, name: str) -> Feed:
        """The one with this number or address; raises FeedNotFoundError."""
        from archive.addresses import without_credentials

        for feed in self.all():
            if name in (str(feed.id), feed.url):
                return feed
        raise FeedNotFoundError(f"no feed is followed as {without_credentials(name)}; see archive feed list")

    def remove(self, name: str) -> Feed:
        """Follow it no longer; raises FeedNotFoundError."""
        feed = self.find(name)
        self._store.remove_feed(feed.id)
        return feed

    def add(
        self,
        url: str,
        fetcher: Fetcher,
        *,
        source: str | None = None,
        language: str | None = None,
        tags: Sequence[str] = (),
    ) -> Feed:
        """Follow the feed at this address, or the only one that the page there links to.

        Raises FetchError where there is none or a choice, and FeedExistsError.
        """
        from archive.addresses import without_credentials

        if without_credentials(url) != url:
            shown = without_credentials(url)
            raise FetchError("a password would have to be kept, and none is").at(shown)
        url = url.partition("#")[0]
        fetched, found = _look(url, fetcher)
        if not found.format:
            url = _only(found.links, url)
            fetched, found = _look(url, fetcher)
            if not found.format:
                raise FetchError("it is no feed, though the page links to it as one").at(url)
        new = NewFeed(url=fetched.moved or url, title=found.title, source=source, language=language, tags=tuple(tags))
        return self._store.add_feed(new, datetime.now(UTC))

    def update(
        self, feed: Feed, fetcher: Fetcher, *, pages: bool = False, observer: "Observer | None" = None, limit: int
    ) -> FeedUpdate:
        """Look whether it has something new, and import that; with `pages` those that its entries only summarise.

        `limit` is the size in bytes that no item may exceed. Raises StoreError; whatever else is wrong is told.
        """
        now = datetime.now(UTC)
        if feed.wait_until and feed.wait_until > now:
            reason = f"its server asked to wait until {feed.wait_until:%Y-%m-%d %H:%M} UTC"
            return FeedUpdate(feed=feed, error=reason, waiting=True)
        seen = replace(feed, checked=now, error=None, failures=0, wait_until=None)
        try:
            fetched = fetcher.fetch(feed.url, etag=feed.etag, modified=feed.modified)
            if fetched is None:
                return self._note(seen)
            found = _discover(fetched)
            if not found.format:
                raise FetchError("it is no feed any more")
        except FetchError as error:
            until = error.until if isinstance(error, ToldToWaitError) else None
            reason = error.reason[:MAX_ERROR]
            if isinstance(error, GoneError):
                reason += f"; archive feed remove {feed.id} looks no longer"
            return self._note(replace(seen, error=reason, failures=feed.failures + 1, wait_until=until))
        report = self._read(feed, fetched, found, fetcher, pages=pages, observer=observer, limit=limit)
        news = bool(report.added or report.updated)
        seen = replace(seen, title=found.title, etag=fetched.etag, modified=fetched.modified)
        return self._note(replace(seen, changed=now if news else feed.changed), report, fetched.moved)

    def _read(
        self,
        feed: Feed,
        fetched: Fetched,
        found: "Discovered",
        fetcher: Fetcher,
        *,
        pages: bool,
        observer: "Observer | None",
        limit: int,
    ) -> ImportReport:
        from archive.importing import ImportOptions, run
        from archive.online import Online, fetched_file

        if not found.entries:
            return ImportReport()
        options = ImportOptions(
            source=feed.source, language=feed.language, tags=feed.tags, fetch=pages, max_item_bytes=limit
        )
        given = fetched_file(feed.url, fetched, format=found.format)
        online = Online(fetcher, self._store, entries=pages, following=True, given=given)
        return run(self._store, (), options, observer=observer, online=online)

    def _note(self, feed: Feed, report: ImportReport | None = None, moved: str | None = None) -> FeedUpdate:
        """Keep what the look gave; a new address only where no other feed is followed there."""
        if moved and moved != feed.url:
            try:
                there = replace(feed, url=moved)
                self._store.update_feed(there)
                return FeedUpdate(feed=there, report=report, moved=moved)
            except FeedExistsError as error:
                feed = replace(feed, error=f"it has moved, and {error}; remove one of the two")
        try:
            self._store.update_feed(feed)
        except FeedNotFoundError:  # somebody has removed it meanwhile; what was read is stored
            return FeedUpdate(feed=feed, report=report, error="it was removed meanwhile")
        return FeedUpdate(feed=feed, report=report, error=feed.error)


def _look(url: str, fetcher: Fetcher) -> "tuple[Fetched, Discovered]":
    fetched = fetcher.fetch(url)
    if fetched is None:
        raise FetchError("the server says that it has not changed, and was not asked").at(url)
    try:
        return fetched, _discover(fetched)
    except FetchError as error:
        raise error.at(url) from error


def _discover(fetched: Fetched) -> "Discovered":
    from archive.discovery import discover

    return discover(Path(fetched.path).read_bytes(), fetched.url, fetched.charset)


def _only(links: Sequence[str], url: str) -> str:
    if not links:
        raise FetchError("it is no feed, and links to none").at(url)
    if len(links) > 1:
        raise FetchError(f"it is no feed, and links to several; add one of them: {' '.join(links)}").at(url)
    return links[0]
