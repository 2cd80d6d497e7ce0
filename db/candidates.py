"""Which articles have numbers of a signature: sorted runs of (number, article), merged as they grow.

A log-structured merge (O'Neil and others, 1996) in rows of SQLite: a batch appends one sorted run, and the newest runs
are merged into it while the next is no larger than they are together. So what is written grows with the logarithm of
the archive, while rows of an index in random places would dirty a page each. A run is cut into parts by the first bits
of its entries, so that a single article reads but a few of them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select

from archive.dedup import Keys
from db import queries
from db.models import NEAR_PART, NEAR_RUN

Entries = NDArray[np.uint64]
"""Sorted: a number of a signature in the upper 32 bits, the article in the lower."""

PART_ENTRIES = 1_024
"""Entries of a part, about: two pages of SQLite."""

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


Shared = defaultdict[int, Counter[int]]
"""By the place of a signature: which articles share how many of its numbers; nothing where none does."""


def find(connection: Connection, cache: Cache, signatures: Sequence[Keys]) -> tuple[Shared, Shared]:
    """Which articles share numbers with each signature, and likewise which signatures before it."""
    found, before = Shared(Counter), Shared(Counter)
    numbers = np.concatenate([_NONE.astype(np.uint32), *signatures])
    owners = np.repeat(np.arange(len(signatures)), [len(each) for each in signatures])
    order = np.argsort(numbers, kind="stable")
    numbers, owners = numbers[order].astype(np.uint64) << np.uint64(32), owners[order]
    for at in np.flatnonzero(numbers[1:] == numbers[:-1]).tolist():
        first = at
        while first >= 0 and numbers[first] == numbers[at] and at - first < MOST_WITH_NUMBER:
            before[int(owners[at + 1])][int(owners[first])] += 1
            first -= 1
    for run, size in _runs(connection):
        entries = _read(connection, cache, run, size, numbers)
        held = cache.runs.get(run)
        begins = held.begins(numbers) if held else np.searchsorted(entries, numbers)
        there = np.flatnonzero(begins < len(entries))
        there = there[entries[begins[there]] >> np.uint64(32) == numbers[there] >> np.uint64(32)]
        for at in there.tolist():
            some = entries[begins[at] : begins[at] + MOST_WITH_NUMBER]
            found[int(owners[at])].update(
                (some[some < numbers[at] + np.uint64(MAX_ID)] & np.uint64(MAX_ID - 1)).tolist()
            )
    return found, before


def add(connection: Connection, cache: Cache, signatures: Mapping[int, Keys]) -> None:
    """Remember the signatures of articles, by their ids."""
    numbers = [
        keys.astype(np.uint64) << np.uint64(32) | np.uint64(at) for at, keys in signatures.items() if at < MAX_ID
    ]
    entries = np.concatenate([_NONE, *numbers])
    if not len(entries):
        return
    merged = []
    for run, size in reversed(_runs(connection)):
        if size > len(entries):
            break
        entries = np.concatenate([entries, _whole(connection, cache, run)])
        merged.append(run)
    entries = _limited(np.sort(entries, kind="stable"))
    for run in merged:
        connection.execute(delete(NEAR_PART).where(NEAR_PART.c.run == run))
        connection.execute(delete(NEAR_RUN).where(NEAR_RUN.c.id == run))
        cache.runs.pop(run, None)
    cache.keep(_write(connection, entries), entries)


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
