"""`Archive`: the one facade that the command line and the web use."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from archive.aliases import AliasFile
from archive.errors import IndexLockedError, IndexUnavailableError
from archive.feeds import Feeds
from archive.ports import Fetcher, SearchIndex, Store
from archive.saved import SavedSearches
from archive.settings import Settings
from archive.sync import Progress, rebuild, silent, sync, verify
from archive.types import (
    NO_ALIASES,
    Aliases,
    Article,
    ArticleFilter,
    Concordance,
    Difference,
    Edited,
    Findings,
    Headline,
    Hit,
    ImportAccount,
    ImportItem,
    ImportReport,
    IndexState,
    IndexStatus,
    LineOrder,
    MarkedArticle,
    Message,
    MessageKind,
    Origin,
    Original,
    Outcome,
    RenewedItem,
    RenewedReport,
    SearchPage,
    SearchRequest,
    Sort,
    Stated,
    StoreStats,
    Suggestion,
    Version,
)

if TYPE_CHECKING:
    from archive import importing

INLINE_CHANGES = 100
"""A search applies as many waiting changes itself before it answers; more are left to who imports or serves."""

FAULTS_TOLD = 3
"""Faults of the file of aliases that an answer tells; `archive alias list` tells all."""

ARTICLES_AT_ONCE = 50
"""Articles that are held in memory while many are read."""

SYNC_SECONDS = 60.0
"""An import that takes longer brings the index up to date so often, and more seldom where that takes long."""

SYNC_SHARE = 0.2
"""The part of an import's time that this may take."""


class Archive:
    """A store and the index that follows it. Every write is durable when the call returns; the index may lag behind."""

    def __init__(self, store: Store, index: SearchIndex, settings: Settings) -> None:
        self.store = store
        self.index = index
        self.settings = settings
        self.aliases = AliasFile(settings.alias_file)
        self.saved = SavedSearches(store, self.search)
        self.feeds = Feeds(store)

    @property
    def database_id(self) -> str:
        """See `Store.database_id`."""
        return self.store.database_id

    def import_paths(
        self,
        paths: Iterable[str],
        options: "importing.ImportOptions | None" = None,
        *,
        observer: "importing.Observer | None" = None,
        sync_progress: Progress | None = None,
        fetcher: Fetcher | None = None,
    ) -> ImportReport:
        """Import files, folders or "-" (standard input), then bring the index up to date. See `importing.run`.

        Addresses, and pages that entries name, need a `fetcher`.
        """
        from archive import importing  # here, since a search needs no reader of any format
        from archive.online import Online

        options = options or importing.ImportOptions()
        if not self.settings.near_duplicates:
            options = replace(options, near_duplicates=False)
        due = time.monotonic() + SYNC_SECONDS

        def after_batch(_: int) -> None:
            nonlocal due
            started = time.monotonic()
            if started >= due:
                self.follow(None)
                ended = time.monotonic()
                due = ended + max(SYNC_SECONDS, (ended - started) / SYNC_SHARE)

        online = Online(fetcher, self.store, entries=options.fetch) if fetcher else None
        report = importing.run(self.store, paths, options, observer=observer, after_batch=after_batch, online=online)
        if not options.dry_run:
            self.follow(sync_progress)
        return report

    def imports(self) -> list[ImportAccount]:
        """All imports, newest first."""
        return self.store.imports()

    def import_items(self, number: int, outcomes: Sequence[Outcome] = ()) -> Iterator[ImportItem]:
        """What became of the items of an import, with one of these outcomes or any; raises ImportNotFoundError."""
        return self.store.import_items(number, outcomes=outcomes)

    def follow(self, progress: Progress | None) -> None:
        """Bring the index up to date; while another process keeps it locked, what is stored waits."""
        with suppress(IndexLockedError):
            self.sync(progress)

    def search(self, request: SearchRequest) -> SearchPage:
        """Answer anything that can be typed; says so when stored articles are not searchable yet."""
        behind = self.catch_up()
        aliases = self.aliases.read() if request.explain else NO_ALIASES
        try:
            page = self.index.search(replace(request, collapse=self.settings.near_duplicates), aliases)
        except IndexUnavailableError as error:
            return SearchPage(request=request, messages=(_unavailable(error),))
        before, after = _lacks(behind), _left_aside(aliases)
        return replace(page, messages=(*before, *page.messages, *after)) if before or after else page

    def concordance(self, request: SearchRequest, order: LineOrder = LineOrder.FOUND) -> Concordance:
        """The matches in the texts of what a search finds, a line each; the request's page counts lines."""
        behind = self.catch_up()
        try:
            found = self.index.concordance(request, order)
        except IndexUnavailableError as error:
            return Concordance(request=request, order=order, messages=(_unavailable(error),))
        return replace(found, messages=(*_lacks(behind), *found.messages))

    def find(self, request: SearchRequest) -> Findings:
        """Everything that `search` finds, for all who want more than a page; counts no facets.

        Raises IndexUnavailableError and SearchRefusedError, where `search` would say that it has no answer: whoever
        keeps what was found must not take it for nothing.
        """
        behind = self.catch_up()
        found = self.index.find(replace(request, page=1, facets=False, explain=False))
        return replace(found, page=replace(found.page, messages=(*_lacks(behind), *found.page.messages)))

    def articles(self, ids: Sequence[int]) -> Iterator[Article]:
        """These articles in this order, read a few at a time; those that were deleted meanwhile are left out."""
        for start in range(0, len(ids), ARTICLES_AT_ONCE):
            yield from self.store.get_many(ids[start : start + ARTICLES_AT_ONCE]).values()

    def suggest(self, typed: str) -> Sequence[Suggestion]:
        """Ways to go on with the beginning of a query; none while nothing can be searched."""
        try:
            return self.index.suggest(typed)
        except IndexUnavailableError:
            return ()

    def similar(self, article: Article, count: int = 5) -> tuple[Hit, ...]:
        """The articles closest to one; none while nothing can be searched."""
        try:
            return self.index.similar(article, count)
        except IndexUnavailableError:
            return ()

    def similar_to(self, text: str, count: int = 5) -> tuple[Hit, ...]:
        """The articles closest to any text."""
        from archive.language import detect_language

        now = datetime.now(UTC)
        article = Article(
            id=0, title="", url=None, source=None, authors=(), published=None, language=detect_language(text), tags=(),
            versions=1, body=text, section=None, summary=None, origin=Origin("-", "text"), version=1, added=now,
            changed=now,
        )  # fmt: skip
        return self.similar(article, count)

    def catch_up(self) -> int:
        """Apply the changes that wait when they are few; how many are left. Never waits for another writer."""
        behind = self.behind()
        if 0 < behind <= INLINE_CHANGES and self.index_state() is IndexState.BEHIND:
            with suppress(IndexLockedError):  # another process is at it, and will get to these changes too
                self.sync(wait=0.0)
            behind = self.behind()
        return behind

    def behind(self) -> int:
        """How many changes of the store the index does not hold yet."""
        return max(0, self.store.last_sequence() - self.index.checkpoint())

    def get(self, article_id: int, version: int | None = None) -> Article:
        """The current or the given version of an article; raises ArticleNotFoundError."""
        return self.store.get(article_id, version)

    def mark(self, article: Article, query: str) -> MarkedArticle:
        """The article with every match of the query marked; nothing is marked for an empty query."""
        return self.index.mark(article, query)

    def versions(self, article_id: int) -> list[Version]:
        """All versions of an article, newest first; raises ArticleNotFoundError."""
        return self.store.versions(article_id)

    def story(self, article_id: int) -> list[Headline]:
        """The article and its near-duplicates, as they were stored; nothing where it has none, or they are off."""
        found = self.store.story(article_id) if self.settings.near_duplicates else []
        return found if len(found) > 1 else []

    def compare_waiting(self, progress: Progress | None = None) -> tuple[int, int]:
        """Look for near-duplicates of all articles that were stored without that; see `Store.compare_waiting`."""
        compared = near = 0
        while self.settings.near_duplicates and (done := self.store.compare_waiting())[0]:
            compared, near = compared + done[0], near + done[1]
            (progress or silent)(compared, 0)
        return compared, near

    def difference(self, article_id: int, other_id: int, version: int | None = None) -> Difference:
        """How an article differs from another one, or from a version of it; raises ArticleNotFoundError."""
        from archive.difference import difference

        return difference(self.store.get(article_id, version), self.store.get(other_id))

    def original(self, article_id: int, version: int | None = None) -> Original | None:
        """The bytes as they came, if they were kept; raises ArticleNotFoundError."""
        return self.store.original(article_id, version)

    def headlines(
        self, filter: ArticleFilter | None = None, *, sort: Sort = Sort.NEWEST, offset: int = 0, limit: int = 20
    ) -> list[Headline]:
        """A list of articles, without a search."""
        return self.store.headlines(filter or ArticleFilter(), sort=sort, offset=offset, limit=limit)

    def count(self, filter: ArticleFilter | None = None) -> int:
        """How many stored articles the filter lets pass."""
        return self.store.count(filter or ArticleFilter())

    def edit(self, article_id: int, values: Mapping[str, Stated]) -> Edited:
        """Set fields of an article, which are cleaned already (`editing.cleaned`); see `Store.edit`."""
        done = self.store.edit(article_id, values, near_duplicates=self.settings.near_duplicates)
        self.follow(None)
        return done

    def reextract(
        self, ids: Iterable[int], *, dry_run: bool = False, tell: Callable[[RenewedItem], None] | None = None
    ) -> RenewedReport:
        """Read the originals of these articles again, then bring the index up to date. See `reextract.run`."""
        from archive import reextract  # here, since a search needs no reader of any format

        limit = self.settings.max_item_mb * 1_000_000
        near = self.settings.near_duplicates
        report = reextract.run(self.store, ids, max_item_bytes=limit, dry_run=dry_run, near_duplicates=near, tell=tell)
        if not dry_run:
            self.follow(None)
        return report

    def delete(self, ids: Sequence[int]) -> list[int]:
        """Delete articles with their versions and originals; the ids that existed."""
        deleted = self.store.delete(ids)
        self.sync()
        return deleted

    def sync(self, progress: Progress | None = None, *, wait: float = 60.0) -> int:
        """Bring the index up to date; how many changes that took."""
        return sync(self.store, self.index, progress=progress or silent, wait=wait)

    def rebuild_index(self, progress: Progress | None = None) -> int:
        """Index everything anew while the old index goes on answering."""
        return rebuild(self.store, self.index, progress=progress or silent)

    def index_state(self) -> IndexState:
        """How the index stands to the store."""
        return self.index.state(self.store.last_sequence())

    def index_status(self) -> IndexStatus:
        """How the index stands to the store, and everything that can be told about it."""
        return self.index.status(self.store.last_sequence())

    def verify(self) -> list[str]:
        """Prove that store and index are whole and agree; what is wrong, one sentence each."""
        return verify(self.store, self.index)

    def stats(self) -> StoreStats:
        """Counts of what the archive holds."""
        return self.store.stats()

    def close(self) -> None:
        """Release all files."""
        self.index.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _unavailable(error: IndexUnavailableError) -> Message:
    words = f"Nothing can be searched right now: {error}. It mends itself at the next: archive index sync"
    return Message(MessageKind.LIMIT, words)


def _left_aside(aliases: Aliases) -> list[Message]:
    faults = aliases.faults[:FAULTS_TOLD]
    return [Message(MessageKind.IGNORED, f"{fault}; it was left aside") for fault in faults]


def _lacks(behind: int) -> tuple[Message, ...]:
    """What to say of an answer of an index that lacks some changes."""
    words = f"{behind} changes are still being indexed and not in this answer"
    return (Message(MessageKind.LIMIT, words),) if behind else ()
