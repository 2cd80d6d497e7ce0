"""Which articles have numbers of a signature: sorted runs of (number, article), merged as they grow.

A log-structured merge (O'Neil and others, 1996) in rows of SQLite: a batch appends one sorted run, and runs of about
one size are merged when there are some. So what is written grows with the logarithm of the archive, while rows of an
index in random places would dirty a page each. A run is cut into parts by the first bits of its entries, so that a
single article reads but a few of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select

from archive.dedup import Keys, needed
from db import queries
from db.models import NEAR_PART, NEAR_RUN

Entries = NDArray[np.uint64]
"""Sorted: a number of a signature in the upper 32 bits, the article in the lower."""

PART_ENTRIES = 1_024
"""Entries of a part, about: two pages of SQLite."""

FAN_OUT = 4
"""Runs of about one size that are merged together."""

SMALL = 4 * PART_ENTRIES
"""Entries of a run that is merged with the next of its size already: there is little to write, and one less to read."""

MOST_WITH_NUMBER = 16
"""Articles with one number that are kept: what more have is boilerplate and tells nothing."""

MAX_ID = 1 << 32
"""Articles from this on are never found."""

MAX_CACHED = 32_000_000
"""Entries held in memory, 12 to 16 bytes each."""

_NONE: Entries = np.zeros(0, dtype=np.uint64)


class Held:
    """A run in memory, with where the entries begin that share their first bits, so that finding one touches little."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        bits = max(1, len(entries).bit_length() - 1)
        self._shift = np.uint64(64 - bits)
        bounds = np.arange(1 << bits, dtype=np.uint64) << self._shift
        self._starts = np.append(np.searchsorted(entries, bounds), len(entries))

    def begins(self, numbers: Entries) -> NDArray[np.int64]:
        """As `numpy.searchsorted`."""
        bucket = (numbers >> self._shift).astype(np.int64)
        at, end = self._starts[bucket], self._starts[bucket + 1]
        active = np.flatnonzero(at < end)
        while len(active):
            active = active[self.entries[at[active]] < numbers[active]]
            at[active] += 1
            active = active[at[active] < end[active]]
        return at


class Cache:
    """Runs that were read or written, which never change: to be forgotten when a transaction does not end well."""

    def __init__(self) -> None:
        self.runs: dict[int, Held] = {}

    def keep(self, run: int, entries: Entries) -> None:
        """Hold a run, unless all of them together are too large."""
        if sum(len(held.entries) for held in self.runs.values()) + len(entries) <= MAX_CACHED:
            self.runs[run] = Held(entries)

    def clear(self) -> None:
        """Forget all."""
        self.runs.clear()


Pairs = NDArray[np.int64]
"""Two rows: the places of signatures, and what shares numbers with each, once for each number that they share."""

Closest = dict[int, list[int]]
"""By the place of a signature: what shares enough of its numbers, most of them first, of equals the oldest."""


def find(connection: Connection, cache: Cache, signatures: Sequence[Keys], most: int) -> tuple[Closest, Closest]:
    """Which articles share most with each signature, at most so many, and likewise which signatures before it."""
    numbers = np.concatenate([_NONE.astype(np.uint32), *signatures])
    owners = np.repeat(np.arange(len(signatures)), [len(each) for each in signatures])
    order = np.argsort(numbers, kind="stable")
    numbers, owners = numbers[order].astype(np.uint64) << np.uint64(32), owners[order]
    pairs = []
    for run, size in _runs(connection):
        entries = _read(connection, cache, run, size, numbers)
        held = cache.runs.get(run)
        begins = held.begins(numbers) if held else np.searchsorted(entries, numbers)
        pairs.append(_stored(numbers, owners, entries, begins))
    least = np.array([needed(each) for each in signatures])
    return _closest(pairs, least, most), _closest(_earlier(numbers, owners), least, most)


def _stored(numbers: Entries, owners: NDArray[np.int64], entries: Entries, begins: NDArray[np.int64]) -> Pairs:
    """Which signature has a number in common with which article of a run, where its entries begin for each number."""
    pairs = []
    active = np.arange(len(numbers))
    for ahead in range(MOST_WITH_NUMBER):
        places = begins[active] + ahead
        active, places = active[places < len(entries)], places[places < len(entries)]
        is_same = entries[places] >> np.uint64(32) == numbers[active] >> np.uint64(32)
        active, places = active[is_same], places[is_same]
        if not len(active):
            break
        articles = entries[places] & np.uint64(MAX_ID - 1)
        pairs.append(np.stack([owners[active], articles.astype(np.int64)]))
    return _together(pairs)


def _earlier(numbers: Entries, owners: NDArray[np.int64]) -> list[Pairs]:
    """Which signature has a number in common with which one before it; the numbers are sorted, and owners of equals."""
    pairs = []
    for apart in range(1, MOST_WITH_NUMBER + 1):
        at = np.flatnonzero(numbers[apart:] == numbers[:-apart])
        if not len(at):
            break
        pairs.append(np.stack([owners[at + apart], owners[at]]))
    return pairs


def _closest(pairs: Sequence[Pairs], least: NDArray[np.int64], most: int) -> Closest:
    """Those that share enough numbers with each signature: `least` of its own."""
    owners, others = _together(pairs)
    keys, counts = np.unique(owners << 32 | others, return_counts=True)
    owners, others = keys >> 32, keys & (MAX_ID - 1)
    enough = np.flatnonzero(counts >= least[owners])
    order = enough[np.lexsort((others[enough], -counts[enough], owners[enough]))]
    closest: Closest = {}
    for owner, other in zip(owners[order].tolist(), others[order].tolist(), strict=True):
        found = closest.setdefault(owner, [])
        if len(found) < most:
            found.append(other)
    return closest


def _together(pairs: Sequence[Pairs]) -> Pairs:
    return np.concatenate([np.zeros((2, 0), dtype=np.int64), *pairs], axis=1)


def add(connection: Connection, cache: Cache, signatures: Mapping[int, Keys]) -> None:
    """Remember the signatures of articles, by their ids."""
    found = {at: keys for at, keys in signatures.items() if at < MAX_ID}
    articles = np.repeat(np.array(list(found), dtype=np.uint64), [len(keys) for keys in found.values()])
    entries = np.concatenate([_NONE, *found.values()]).astype(np.uint64) << np.uint64(32) | articles
    if not len(entries):
        return
    merged = _to_merge(_runs(connection), len(entries))
    entries = np.concatenate([entries, *(_whole(connection, cache, run) for run in merged)])
    entries = _limited(np.sort(entries, kind="stable"))
    for run in merged:
        connection.execute(delete(NEAR_PART).where(NEAR_PART.c.run == run))
        connection.execute(delete(NEAR_RUN).where(NEAR_RUN.c.id == run))
        cache.runs.pop(run, None)
    cache.keep(_write(connection, entries), entries)


def _to_merge(runs: Sequence[tuple[int, int]], count: int) -> list[int]:
    """The newest runs that become one with so many new entries: those of a tier when it is full, then of the next."""
    merged: list[int] = []
    left = list(runs)
    while left:
        tier = _tier(count)
        same = list(takewhile(lambda run: _tier(run[1]) <= tier, reversed(left)))  # noqa: B023  # used up at once
        if len(same) < (FAN_OUT - 1 if count > SMALL else 1):
            break
        merged += [run for run, _ in same]
        count += sum(size for _, size in same)
        del left[-len(same) :]
    return merged


def _tier(size: int) -> int:
    return size.bit_length() // 2


def _limited(entries: Entries) -> Entries:
    """Sorted entries without those beyond the first `MOST_WITH_NUMBER` of a number."""
    if len(entries) <= MOST_WITH_NUMBER:
        return entries
    numbers = entries >> np.uint64(32)
    kept = np.ones(len(entries), dtype=bool)
    kept[MOST_WITH_NUMBER:] = numbers[MOST_WITH_NUMBER:] != numbers[:-MOST_WITH_NUMBER]
    return entries[kept]


def _runs(connection: Connection) -> list[tuple[int, int]]:
    """The runs, the oldest first, and how many entries each has."""
    rows = connection.execute(select(NEAR_RUN.c.id, NEAR_RUN.c.entries).order_by(NEAR_RUN.c.id))
    return [(run, size) for run, size in rows]


def _parts_of(entries: Entries, size: int) -> Entries:
    """The parts that entries are in of a run of this size: their first bits."""
    return entries >> np.uint64(64 - max(1, size // PART_ENTRIES).bit_length())


def _write(connection: Connection, entries: Entries) -> int:
    run = int(connection.execute(insert(NEAR_RUN), {"entries": len(entries)}).lastrowid)
    parts = _parts_of(entries, len(entries))
    first = np.flatnonzero(np.concatenate([[True], parts[1:] != parts[:-1]])).tolist()
    rows = [
        {"run": run, "part": int(parts[begin]), "entries": entries[begin:end].astype("<u8").tobytes()}
        for begin, end in zip(first, [*first[1:], len(entries)], strict=True)
    ]
    connection.execute(insert(NEAR_PART), rows)
    return run


def _read(connection: Connection, cache: Cache, run: int, size: int, numbers: Entries) -> Entries:
    """The parts of a run that these numbers would be in: all of it where those are many, and then it is kept."""
    if held := cache.runs.get(run):
        return held.entries
    parts = np.unique(_parts_of(numbers, size)).tolist()
    if len(parts) * 4 * PART_ENTRIES > size:
        entries = _whole(connection, cache, run)
        cache.keep(run, entries)
        return entries
    is_one = NEAR_PART.c.run == run
    return _joined(
        row
        for chunk in queries.chunks(parts)
        for row in connection.scalars(
            select(NEAR_PART.c.entries).where(is_one, NEAR_PART.c.part.in_(chunk)).order_by(NEAR_PART.c.part)
        )
    )


def _whole(connection: Connection, cache: Cache, run: int) -> Entries:
    if held := cache.runs.get(run):
        return held.entries
    parts = select(NEAR_PART.c.entries).where(NEAR_PART.c.run == run).order_by(NEAR_PART.c.part)
    return _joined(connection.scalars(parts))


def _joined(parts: Iterable[bytes]) -> Entries:
    return np.frombuffer(b"".join(parts), dtype="<u8").astype(np.uint64)
