"""Importing: from paths to stored articles, one outcome for every item, in memory that does not grow.

    path -> files -> other processes read them (`readers`, `reading`) -> batch -> Store

A batch is one transaction: articles, the outcome of every item and how far the import has come with its files. So what
was told as stored is stored for good, and the same import begun again goes on where it was interrupted.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, groupby
from typing import Protocol

from archive.ledgers import Ledger, ledger_for
from archive.online import Found, Online
from archive.paths import File, files
from archive.ports import Store
from archive.readers import Event, Readers
from archive.types import FileAccount, ImportItem, ImportOptions, ImportReport, NewArticle, Outcome

__all__ = ["ImportOptions", "Observer", "run"]

BATCH_ITEMS = 500
BATCH_CHARACTERS = 8_000_000
BATCH_SECONDS = 2.0
"""A batch is one transaction: large enough that its fsync does not matter, small enough to be held in memory, and not
so long that what is read slowly waits for others."""

STORED = (Outcome.ADDED, Outcome.NEAR_DUPLICATE, Outcome.UPDATED)
"""What leaves something new in the store."""


class Observer(Protocol):
    """Watches an import while it runs."""

    def total(self, size: int) -> None:
        """The bytes of all files, before the first is read; 0 when that is not known."""

    def advance(self, size: int) -> None:
        """So many more bytes were read."""

    def item(self, item: ImportItem) -> None:
        """What became of one item; it is told after its batch is stored."""


def run(
    store: Store,
    paths: Iterable[str],
    options: ImportOptions,
    *,
    observer: Observer | None = None,
    after_batch: Callable[[int], None] | None = None,
    processes: int | None = None,
    online: Online | None = None,
) -> ImportReport:
    """Import files, folders and standard input ("-"), in order; `after_batch` is told how many articles were stored.

    An import of the same paths with the same options that was interrupted is gone on with: what it has done is told
    first, and not done again. `processes` read at once, by default one a core. Addresses are fetched where `online` is
    given; such an import begins anew each time, for what stands there may be something else.
    Raises StoreError when the store itself fails; whatever was told before is stored.
    """
    paths = list(paths)
    if observer:
        observer.total(sum(file.size for file in files(paths)))
    counting = _Counting(observer)
    found = online.files(files(paths)) if online else files(paths)
    with (
        _seldom_collected(),
        Readers(options, processes=processes) as readers,
        ledger_for(store, paths, options, online) as ledger,
    ):
        batches = chain(_batches(readers, ledger, found, counting, online), _pages(readers, ledger, counting, online))
        for batch, items in _stored(batches, ledger, ahead=online is None):
            if online and not options.dry_run:
                online.note([each for _, each in batch.items], items)
            for item in items:
                counting.item(item)
            stored = sum(item.outcome in STORED for item in items)
            if after_batch and stored:
                after_batch(stored)
    return counting.report(ledger.id, ledger.resumed)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Garbage in cycles is looked for seldom, and not in what is there already: a batch has none, and many objects."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100 * BATCH_ITEMS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


# --- batches --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Batch:
    """Items of some files, and how far the import is with these when they are stored."""

    items: list[tuple[int, Found]] = field(default_factory=list)
    files: dict[int, FileAccount] = field(default_factory=dict)
    characters: int = 0
    since: float = field(default_factory=time.monotonic)

    def add(self, file: int, found: Found) -> None:
        self.items.append((file, found))
        if isinstance(found, NewArticle):
            self.characters += len(found.body) + (found.original.size if found.original else 0)

    @property
    def is_full(self) -> bool:
        is_large = len(self.items) >= BATCH_ITEMS or self.characters >= BATCH_CHARACTERS
        return is_large or (bool(self.items) and time.monotonic() - self.since > BATCH_SECONDS)


def _batches(
    readers: Readers, ledger: Ledger, found: Iterable[File], counting: "_Counting", online: Online | None
) -> Iterator[_Batch | None]:
    """What is in the files and has no outcome yet, in batches; None where nothing was read for a while."""
    accounts: deque[FileAccount] = deque()
    batch = _Batch()
    for events in _events(readers, _unfinished(found, ledger, counting, accounts)):
        account = accounts.popleft()
        known = items = account.items
        for event in events:
            if isinstance(event, int):
                counting.advance(event)
            elif known:
                known -= 1
            elif kept := online.sift(event) if online else event:
                items += 1
                batch.add(account.number, kept)
            if batch.is_full:
                batch.files[account.number] = replace(account, items=items)
                yield batch
                batch = _Batch()
            elif event == 0:
                yield None
        batch.files[account.number] = replace(account, items=items, finished=True)
        counting.advance(0)  # who watches may want to stop
    yield batch


def _events(readers: Readers, found: Iterable[File]) -> Iterator[Iterator[Event]]:
    """What is in each file. Files are read ahead; what is fetched is read before the next is fetched."""
    for fetched, group in groupby(found, key=lambda file: file.url is not None):
        for file in group if fetched else ():
            yield from (events for _, events in readers.read([file]))
        if not fetched:
            yield from (events for _, events in readers.read(group))


def _pages(readers: Readers, ledger: Ledger, counting: "_Counting", online: Online | None) -> Iterator[_Batch]:
    """The pages of entries that have no text of their own, in batches; each is fetched when its turn has come."""
    batch = _Batch()
    if not online:
        return
    for entry in online.entries_left():
        account = ledger.account_of(File(str(entry.url)))
        for found in online.page(entry, partial(_read_page, readers)):
            account = replace(account, items=account.items + 1)
            batch.files[account.number] = account
            batch.add(account.number, found)
            if batch.is_full:
                yield batch
                batch = _Batch()
        counting.advance(0)
    yield batch


def _read_page(readers: Readers, file: File) -> Iterator[Found]:
    for events in _events(readers, [file]):
        yield from (event for event in events if not isinstance(event, int))


def _stored(
    batches: Iterable[_Batch | None], ledger: Ledger, *, ahead: bool
) -> Iterator[tuple[_Batch, Sequence[ImportItem]]]:
    """Batches with their outcomes, when they are stored; with `ahead` the next is made while the disk is waited for."""
    waiting: tuple[_Batch, Sequence[ImportItem]] | None = None
    try:
        for batch in batches:
            if waiting:
                ledger.settle()
                yield waiting
                waiting = None
            if batch:
                waiting = batch, ledger.store(batch.items, list(batch.files.values()))
            if waiting and not ahead:
                ledger.settle()
                yield waiting
                waiting = None
    except KeyboardInterrupt:  # it comes while the next batch is made
        if waiting:
            ledger.settle()
            yield waiting
        raise
    if waiting:
        ledger.settle()
        yield waiting


def _unfinished(
    found: Iterable[File], ledger: Ledger, counting: "_Counting", accounts: deque[FileAccount]
) -> Iterator[File]:
    """The files that are to be read, each with how far it was; of what has been done before it is told what it was."""
    for file in found:
        account = ledger.account_of(file)
        for item in ledger.told(account):
            counting.item(item)
        if account.finished:
            counting.advance(file.size)
        else:
            accounts.append(account)
            yield file


# --- counting -------------------------------------------------------------------------------------------------------


class _Counting:
    """Counts the outcomes and keeps those that somebody will want to read."""

    def __init__(self, observer: Observer | None) -> None:
        self._observer = observer
        self._started = time.perf_counter()
        self._counts = dict.fromkeys(Outcome, 0)
        self._items: list[ImportItem] = []

    def item(self, item: ImportItem) -> None:
        self._counts[item.outcome] += 1
        if item.outcome is not Outcome.ADDED or item.reason:
            self._items.append(item)
        if self._observer:
            self._observer.item(item)

    def advance(self, size: int) -> None:
        if self._observer:
            self._observer.advance(size)

    def report(self, import_id: int | None, resumed: int) -> ImportReport:
        return ImportReport(
            added=self._counts[Outcome.ADDED],
            updated=self._counts[Outcome.UPDATED],
            duplicates=self._counts[Outcome.DUPLICATE],
            near_duplicates=self._counts[Outcome.NEAR_DUPLICATE],
            skipped=self._counts[Outcome.SKIPPED],
            failed=self._counts[Outcome.FAILED],
            seconds=time.perf_counter() - self._started,
            items=tuple(self._items),
            id=import_id,
            resumed=resumed,
        )
