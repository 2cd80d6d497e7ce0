"""Reading originals again: today's readers over what was kept, and what is better taken over, a batch at a time.

    ids -> Store.kept -> formats.alone -> normalise -> Store.renew(batch)

Nothing is lost by it: what a person has set stays, another text is a new version, and an original that cannot be read
any more leaves its article as it is. It may be stopped anywhere and run twice.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from archive.dating import dated
from archive.errors import ArchiveError
from archive.formats.alone import IN_CONTEXT, read_alone
from archive.importing import BATCH_CHARACTERS, BATCH_ITEMS
from archive.language import clean_language
from archive.normalise import first_words, normalise
from archive.paths import reason_of
from archive.ports import Store
from archive.types import Article, Kept, NewArticle, Renewed, RenewedItem, RenewedReport

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
    for batch in _batches(_read(store, number, max_item_bytes) for number in ids):
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


def _read(store: Store, number: int, max_item_bytes: int) -> Reading:
    """An article with what is read of its original, or the account of it where there is nothing to take over."""
    origin = None
    try:
        kept = store.kept(number)
        origin = kept.article.origin
        if kept.original is None:
            return RenewedItem(number, origin, Renewed.WITHOUT_ORIGINAL)
        return kept, _as_stored(read_alone(kept, max_item_bytes), kept)
    except (ArchiveError, OSError) as error:
        return RenewedItem(number, origin, Renewed.FAILED, reason_of(error))
    except Exception as error:  # noqa: BLE001  # whatever a reader does to one article, the others are read
        return RenewedItem(number, origin, Renewed.FAILED, f"the reader failed: {type(error).__name__}: {error}")


def _as_stored(read: NewArticle, kept: Kept) -> NewArticle:
    """The article as an import would store it, but for what it could only have guessed without what was around it."""
    url = kept.told.url if kept.told and kept.told.url else read.url
    found = normalise(dated(replace(read, url=url, origin=kept.article.origin, original=None)))
    if not read.title.strip() and not _has_made_title(kept.article):
        found = replace(found, title="")
    if kept.article.origin.format in IN_CONTEXT and not clean_language(read.language):
        found = replace(found, language=None)
    return found


def _has_made_title(article: Article) -> bool:
    """Whether its title was made of the first words of its text, as it had none."""
    return article.title == first_words(article.body)


def _batches(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    batch: list[Reading] = []
    size = 0
    for each in readings:
        batch.append(each)
        if isinstance(each, tuple):
            kept, read = each
            size += len(kept.article.body) + len(read.body) + len(kept.original.data if kept.original else b"")
        if len(batch) >= BATCH_ITEMS or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
