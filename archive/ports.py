"""What the core asks of a store and of an index. `db` and `index` implement these and do not know each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from archive.types import (
    NO_ALIASES,
    Aliases,
    Article,
    ArticleFilter,
    Changes,
    Check,
    Concordance,
    Edited,
    Feed,
    Fetched,
    FileAccount,
    Findings,
    Headline,
    Hit,
    ImportAccount,
    ImportItem,
    IndexState,
    IndexStatus,
    Kept,
    LineOrder,
    MarkedArticle,
    NewArticle,
    NewFeed,
    OnDuplicate,
    Original,
    Outcome,
    RenewedItem,
    SavedSearch,
    SearchPage,
    SearchRequest,
    Seen,
    Sort,
    Stated,
    StoreStats,
    Suggestion,
    Version,
)


class ArticleReader(Protocol):
    """The one thing that an index asks of a store: the articles of a page, by id."""

    def get_many(self, ids: Sequence[int]) -> Mapping[int, Article]:
        """The current versions of those of these articles that exist."""


class Store(ArticleReader, Protocol):
    """Keeps articles, their originals and old versions, and a log of what changed. It is the truth."""

    @property
    def database_id(self) -> str:
        """A random name given when the database was made, so that an index knows whose it is."""

    def add(
        self,
        articles: Sequence[NewArticle],
        on_duplicate: OnDuplicate = OnDuplicate.SKIP,
        *,
        dry_run: bool = False,
        near_duplicates: bool = True,
    ) -> list[ImportItem]:
        """Store a batch durably in one transaction; one outcome an article, in order.

        The same text (normalised title and body) as an article or an old version of one is a duplicate: nothing is
        stored; with `OnDuplicate.UPDATE` what it states about itself replaces what is stored (outcome updated where
        anything differs). The same URL with a text it never had is a new version (outcome updated); the old one is
        kept. An article that cannot be stored fails alone, with its reason. `dry_run` tells the same and stores
        nothing. With `near_duplicates` what is stored is compared with what is similar to it in the archive and in the
        batch, and joins its story (outcome near-duplicate where the article is new); without, it waits to be compared.
        Raises StoreLockedError.
        """

    def begin_import(self, command: str) -> tuple[int, Sequence[FileAccount]]:
        """The number of an import, and how far it has come with its files.

        That of the last one with the same command, where that was interrupted and what it has added is still there;
        otherwise a new one, without files. No other process is given it until it ends.
        """

    def add_to_import(
        self,
        import_id: int,
        items: Sequence[tuple[int, NewArticle | ImportItem]],
        files: Sequence[FileAccount],
        on_duplicate: OnDuplicate = OnDuplicate.SKIP,
        *,
        near_duplicates: bool = True,
    ) -> list[ImportItem]:
        """Store a batch of items, each with the number of its file, as `add` does; one outcome an item, in order.

        The outcomes are recorded in the same transaction, and how far the import has come with these files. All of
        that is stored when `settle` has returned; the next batch may be prepared before.
        """

    def settle(self) -> None:
        """Wait until the last batch of `add_to_import` is stored; raises StoreError where it could not be."""

    def release_memory(self) -> None:
        """Give up what is kept in memory to store more articles sooner; it comes back when there are more."""

    def forget_file(self, import_id: int, number: int) -> None:
        """Forget what is recorded of a file, whose articles are kept."""

    def end_import(self, import_id: int, *, finished: bool) -> None:
        """An import ends; one that is not `finished` can be gone on with."""

    def imports(self) -> list[ImportAccount]:
        """All imports, newest first."""

    def import_items(
        self, import_id: int, *, file: int | None = None, outcomes: Sequence[Outcome] = ()
    ) -> Iterator[ImportItem]:
        """The items of an import, or of a file of it, with one of these outcomes or any, in order.

        Raises ImportNotFoundError.
        """

    def compare_waiting(self, limit: int = 500) -> tuple[int, int]:
        """Compare some of the articles that wait for it: how many those were, and how many have near-duplicates."""

    def story(self, article_id: int) -> list[Headline]:
        """The article and its near-duplicates, in the order they were stored; nothing where it does not exist."""

    def get(self, article_id: int, version: int | None = None) -> Article:
        """The current or the given version; raises ArticleNotFoundError."""

    def versions(self, article_id: int) -> list[Version]:
        """All versions, newest first; raises ArticleNotFoundError."""

    def original(self, article_id: int, version: int | None = None) -> Original | None:
        """The bytes as they came, if they were kept; raises ArticleNotFoundError."""

    def headlines(
        self, filter: ArticleFilter, *, sort: Sort = Sort.NEWEST, offset: int = 0, limit: int = 20
    ) -> list[Headline]:
        """A list by publication date (articles without one last), with `RELEVANCE` by newest id."""

    def count(self, filter: ArticleFilter) -> int:
        """How many articles the filter lets pass."""

    def delete(self, ids: Sequence[int]) -> list[int]:
        """Delete these articles with their versions and originals in one transaction; the ids that existed."""

    def edit(self, article_id: int, values: Mapping[str, Stated], *, near_duplicates: bool = True) -> Edited:
        """Set fields of an article, by the names of `FIELDS`, in one transaction; all of them, or none.

        No import and no `renew` ever changes them again. Another title or body makes a new version, which may leave its
        story and join another as in `add`. Raises ArticleNotFoundError, and EditError where the URL is that of another
        article.
        """

    def ids_of_format(self, format: str) -> Sequence[int]:
        """The ids of the articles that were read by this reader, ascending."""

    def kept(self, article_id: int) -> Kept:
        """An article with its original and what its import was told; raises ArticleNotFoundError."""

    def renew(
        self, read: Sequence[tuple[Kept, NewArticle]], *, dry_run: bool = False, near_duplicates: bool = True
    ) -> list[RenewedItem]:
        """Take over what a reader makes of originals today, in one transaction; one outcome an article, in order.

        Another text is a new version, compared as in `edit`. What is not stated any more, what was told to the import
        and what a person has set stays; where it is not known what was told, only what was missing is added. An article
        that has another version meanwhile is left alone. `dry_run` tells the same and stores nothing.
        """

    def last_sequence(self) -> int:
        """The sequence of the newest change, 0 in an empty archive."""

    def changes_since(self, sequence: int, limit: int = 1000) -> Changes:
        """The next `limit` changes after this one, coalesced; its sequence equals `sequence` when there are none."""

    def changed_since(self, sequence: int) -> frozenset[int]:
        """The ids of all articles that were added, changed or deleted after this change."""

    def article_ids(self) -> Sequence[int]:
        """Every id, ascending."""

    def save_search(self, saved: SavedSearch) -> None:
        """Keep a search under its name; raises SavedSearchExistsError where there is one with that name."""

    def saved_searches(self) -> list[SavedSearch]:
        """All saved searches, by name."""

    def look_at_saved(self, name: str, run: datetime, seen: int | None) -> None:
        """Note that a saved search was run; `seen`, where it is given and later, is what has been looked at by now.

        Raises SavedSearchNotFoundError.
        """

    def remove_saved(self, name: str) -> None:
        """Forget a saved search; raises SavedSearchNotFoundError."""

    def add_feed(self, feed: NewFeed, added: datetime) -> Feed:
        """Follow a feed; raises FeedExistsError where its address is followed already."""

    def feeds(self) -> list[Feed]:
        """All feeds that are followed, by number."""

    def update_feed(self, feed: Feed) -> None:
        """Note what is now known of a feed; raises FeedNotFoundError, and FeedExistsError for another's address."""

    def remove_feed(self, feed_id: int) -> None:
        """Follow it no longer; its articles stay. Raises FeedNotFoundError."""

    def note_addresses(self, seen: Mapping[str, Seen]) -> None:
        """Remember what these addresses gave."""

    def seen_addresses(self, addresses: Sequence[str]) -> Mapping[str, Seen]:
        """What is remembered of those of these addresses of which anything is."""

    def stats(self) -> StoreStats:
        """Counts for `archive stats`."""

    def check(self) -> list[str]:
        """What is wrong with the database, one sentence each; empty when all is well."""

    def examine(self, progress: Callable[[str, int, int], None]) -> Iterator[Check]:
        """Look at everything that is stored, one check after the other; changes nothing, and never raises.

        `progress` is called with the name of a check, and how much of how many rows it has seen.
        """

    def close(self) -> None:
        """Release files; the store cannot be used afterwards."""


class Follower(Protocol):
    """Something that follows a store by its changes."""

    def checkpoint(self) -> int:
        """The sequence of the last change that this index holds; 0 when it must be filled from the beginning."""

    def apply(self, changes: Changes, *, wait: float = 60.0) -> None:
        """Hold these changes durably, then move the checkpoint; twice is harmless, and older ones change nothing.

        Raises IndexLockedError when another process is still writing after `wait` seconds.
        An article that cannot be indexed is left out and told by `status`; the others are indexed.
        """


class SearchIndex(Follower, Protocol):
    """Finds articles. Follows a store by its changes, holds no text, and can be thrown away at any time."""

    def state(self, last_sequence: int) -> IndexState:
        """How the index stands to a store whose newest change is `last_sequence`; cheap."""

    def status(self, last_sequence: int) -> IndexStatus:
        """The same with everything that can be told about it."""

    def rebuild(self, *, wait: float = 60.0) -> AbstractContextManager[Follower]:
        """An empty index beside this one, to be filled with `apply` inside the `with` block.

        This one goes on answering; when the block ends well the new one takes its place at once, in every process at
        its next search, and when it does not, nothing has changed. One rebuild runs at a time: IndexLockedError.
        """

    def search(self, request: SearchRequest, aliases: Aliases = NO_ALIASES) -> SearchPage:
        """Answer anything that can be typed; raises only IndexUnavailableError.

        `aliases` are names that a person says are the same; they are offered, and change nothing by themselves.
        """

    def concordance(self, request: SearchRequest, order: LineOrder = LineOrder.FOUND) -> Concordance:
        """The matches in the texts of what `search` finds, those that `mark` marks; raises only IndexUnavailableError.

        Where there are too many, those of the first articles; a message says so.
        """

    def find(self, request: SearchRequest) -> Findings:
        """Everything that `search` finds, in the same order and from one state; its page does not matter.

        Raises IndexUnavailableError, and SearchRefusedError where `search` says that it cannot answer.
        """

    def suggest(self, typed: str) -> Sequence[Suggestion]:
        """Ways to go on with the beginning of a query; raises only IndexUnavailableError."""

    def similar(self, article: Article, count: int) -> tuple[Hit, ...]:
        """The articles closest to one, which need not be stored; raises only IndexUnavailableError."""

    def mark(self, article: Article, query: str) -> MarkedArticle:
        """Mark every match of the query in the article."""

    def article_ids(self) -> Sequence[int]:
        """Every id that the index holds, ascending, for `verify`."""

    def check(self) -> list[str]:
        """Read every byte of the index; what is wrong, one sentence each."""

    def leftovers(self) -> list[str]:
        """The names of what was begun in its folder, an hour ago or more, and never finished."""

    def close(self) -> None:
        """Release files; the index cannot be used afterwards."""


class Fetcher(Protocol):
    """Fetches from the web. Only a command makes one, so the web process has none."""

    def fetch(self, url: str, *, etag: str | None = None, modified: str | None = None) -> Fetched | None:
        """What stands at an address, or None where it has not changed since the answer that said `etag` and `modified`.

        Raises FetchError, whose text names the address and the reason.
        """
