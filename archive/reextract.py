"""Reading originals again: today's readers over what was kept, and what is better taken over, a batch at a time.

    ids -> Store.kept -> readers -> Store.renew(batch)
                            |
                            +- formats.alone, in another process and within its bounds

Nothing is lost by it: what a person has set stays, another text is a new version, and an original that cannot be read
any more leaves its article as it is. It may be stopped anywhere and run twice.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from archive.errors import ArchiveError
from archive.importing import BATCH_CHARACTERS, BATCH_ITEMS
from archive.normalise import first_words
from archive.paths import File, reason_of
from archive.ports import Store
from archive.readers import MAX_RESTARTS, Readers
from archive.types import Alone, ImportItem, ImportOptions, Kept, NewArticle, Renewed, RenewedItem, RenewedReport, Told

Tell = Callable[[RenewedItem], None]
"""Is told what became of each article, after its batch is stored."""


def run(
    store: Store,
    ids: Iterable[int],
    *,
    max_item_bytes: int,
    dry_run: bool = False,
    near_duplicates: bool = True,
    tell: Tell | None = None,
) -> RenewedReport:
    """Read the originals of these articles again, in order. Raises StoreError when the store itself fails."""
    started = time.perf_counter()
    counts = dict.fromkeys(Renewed, 0)
    items: list[RenewedItem] = []
    with Readers(ImportOptions(max_item_bytes=max_item_bytes, near_duplicates=False)) as readers:
        for batch in _batches(_read(store, ids, readers)):
            readings = [each for each in batch if isinstance(each, tuple)]
            renewed = iter(store.renew(readings, dry_run=dry_run, near_duplicates=near_duplicates))
            for each in batch:
                item = next(renewed) if isinstance(each, tuple) else each
                counts[item.outcome] += 1
                if item.outcome in (Renewed.UPDATED, Renewed.FAILED):
                    items.append(item)
                if tell:
                    tell(item)
    return RenewedReport(counts=counts, items=tuple(items), seconds=time.perf_counter() - started)


Reading = tuple[Kept, NewArticle] | RenewedItem

_TOGETHER = MAX_RESTARTS
"""Originals that one process is given at once: no more, so that each may break it."""

_TOGETHER_BYTES = 1_000_000

_AHEAD = 4
"""How many times so many may be read before they are wanted: they wait in memory."""


def _read(store: Store, ids: Iterable[int], readers: Readers) -> Iterator[Reading]:
    """Each article with what is read of its original, or the account of it where there is nothing to take over."""
    begun: deque[list[Kept | RenewedItem]] = deque()

    def read() -> Iterator[File]:
        for group in _groups(_original(store, number) for number in ids):
            begun.append([kept for kept, _ in group])
            originals = tuple(original for _, original in group if original)
            yield File("", sum(len(each.data) for each in originals), originals=originals)

    for _, events in readers.read(read(), _AHEAD):
        found: Iterator[NewArticle | ImportItem] = (event for event in events if not isinstance(event, int))
        event: NewArticle | ImportItem | None = None
        for kept in begun.popleft():
            if isinstance(kept, RenewedItem):
                yield kept
                continue
            event = next(found, event)  # where no process can be had, that is told once
            if isinstance(event, NewArticle):
                yield kept, event
            else:
                reason = event.reason if event else "nothing was read of it"
                yield RenewedItem(kept.article.id, kept.article.origin, Renewed.FAILED, reason)
        deque(found, maxlen=0)


_Original = tuple[Kept | RenewedItem, Alone | None]


def _groups(originals: Iterable[_Original]) -> Iterator[list[_Original]]:
    group: list[_Original] = []
    size = 0
    for kept, original in originals:
        group.append((kept, original))
        size += len(original.data) if original else 0
        if len(group) >= _TOGETHER or size >= _TOGETHER_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _original(store: Store, number: int) -> _Original:
    """What is kept of an article, and its original; or why there is none."""
    origin = None
    try:
        kept = store.kept(number)
        article, original = kept.article, kept.original
        origin = article.origin
        if original is None:
            return RenewedItem(number, origin, Renewed.WITHOUT_ORIGINAL), None
        untitled = article.title == first_words(article.body)
        alone = Alone(original.data, origin, article.title, untitled, kept.told or Told())
        return replace(kept, original=None), alone
    except (ArchiveError, OSError) as error:
        return RenewedItem(number, origin, Renewed.FAILED, reason_of(error)), None


def _batches(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    batch: list[Reading] = []
    size = 0
    for each in readings:
        batch.append(each)
        if isinstance(each, tuple):
            kept, read = each
            size += len(kept.article.body) + len(read.body)
        if len(batch) >= BATCH_ITEMS or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
