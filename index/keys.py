"""Occurrences as 64-bit keys, grouped by term: how they are made, merged and taken apart.

A key holds the document, the position and the form of one occurrence; those of one term stand together, ascending.
Where `_keys` was compiled it does the same, faster.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.dictionary import ranges

try:
    from index import _keys
except ImportError:  # it was installed without a compiler
    _keys = None  # type: ignore[assignment]

Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]
Numbers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Layout:
    """The bits that document, position and form have in a key, from the highest to the lowest."""

    document: int
    position: int
    code: int

    @property
    def bits(self) -> int:
        """All of them."""
        return self.document + self.position + self.code

    def join(self, documents: Counts, positions: Counts, codes: Numbers) -> Keys:
        """Keys."""
        keys = documents << (self.position + self.code)
        keys |= (positions << self.code) | codes
        return keys.view(np.uint64)


class Grouped(NamedTuple):
    """The keys of consecutive terms, and how many each of them has."""

    keys: Keys
    counts: Counts


def keys_in(file: BinaryIO, count: int) -> Keys:
    """Room in an empty file for so many keys, at least one. Raises OSError where the disk has none.

    That is asked first: what does not fit ends the process when the memory is written that the file is mapped to.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, count * np.dtype(np.uint64).itemsize)
    return np.memmap(file, dtype=np.uint64, mode="w+", shape=count)


@dataclass(slots=True)
class Run:
    """Occurrences in the order of the texts: the number of the word and the position of each.

    They are of the documents from `first` on, so many of each as `lengths` says.
    """

    words: NDArray[np.int32]
    positions: NDArray[np.uint32]
    first: int
    lengths: Counts

    def load(self) -> "Run":
        """As `SpilledRun.load`."""
        return self


class SpilledRun:
    """A run that waits in a file, and not in memory."""

    def __init__(self, run: Run, file: BinaryIO) -> None:
        self.first, self.lengths = run.first, run.lengths
        self._file, self._place = file, file.seek(0, os.SEEK_END)
        file.writelines(numbers.data for numbers in (run.words, run.positions))

    def load(self) -> Run:
        """The run. It takes memory until it is given up."""
        count = int(self.lengths.sum())
        words, positions = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.uint32)
        self._file.seek(self._place)
        for numbers in (words, positions):
            if self._file.readinto(numbers.data) != numbers.nbytes:  # type: ignore[attr-defined]  # binary files have it
                raise OSError("a file with words that wait to be indexed was cut off")
        return Run(words, positions, self.first, self.lengths)


def count_words(runs: Sequence[Run | SpilledRun], words: int) -> Counts:
    """How often each of so many words occurs."""
    counts = np.zeros(words, dtype=np.int64)
    for run in runs:
        found = run.load().words
        if _keys:
            _keys.count(found, counts)
        else:
            counts += np.bincount(found, minlength=words)
    return counts


def group(
    runs: list[Run | SpilledRun], ranks: Numbers, codes: Numbers, counts: Counts, layout: Layout, keys: Keys
) -> None:
    """Fill `keys` with the occurrences of runs, in the order of their documents, grouped by term: a counting sort.

    Words have `ranks` and `codes`, terms `counts`. A run is given up when its keys are made.
    """
    following = np.cumsum(counts) - counts
    table = (ranks.astype(np.uint64) << np.uint64(32)) | codes.astype(np.uint64)
    runs.reverse()
    while runs:
        run = runs.pop().load()
        if _keys:
            _keys.spread(
                run.words, run.positions, run.lengths, run.first, table, layout.position + layout.code, layout.code,
                following, keys,
            )  # fmt: skip
        else:
            _spread(run, ranks, codes, layout, following, keys)


def _spread(run: Run, ranks: Numbers, codes: Numbers, layout: Layout, following: Counts, keys: Keys) -> None:
    documents = np.repeat(np.arange(run.first, run.first + len(run.lengths)), run.lengths)
    own = ranks[run.words]
    order = np.argsort(own, kind="stable")
    found = np.bincount(own, minlength=len(following))
    places = ranges(following, found)
    keys[places] = layout.join(documents, run.positions.astype(np.int64), codes[run.words])[order]
    following += found


class OwnGroups:
    """The occurrences of a source, grouped by its own terms before anything is known of other sources.

    `counts` says how often each of its terms occurs, `words` which of its words is the first of each.
    """

    def __init__(self, counts: Counts, words: Counts, layout: Layout) -> None:
        self.keys: Keys = np.zeros(0, dtype=np.uint64)
        self.counts, self.words, self.layout = counts, words, layout

    def place(self, ranks: Numbers, codes: Numbers, first_document: int, layout: Layout) -> None:
        """Learn the rank and the form of each word, and all else that keys shall have; see `merge.Source.prepare`."""
        self._ranks, self._codes = ranks[self.words], codes
        self._first, self._new = first_document, layout
        self._starts = np.concatenate([[0], np.cumsum(self.counts)])

    def take(self, first: int, last: int) -> Grouped:
        """The keys of the terms from rank `first` to before `last`."""
        a, b = np.searchsorted(self._ranks, (first, last))
        counts = np.zeros(last - first, dtype=np.int64)
        counts[self._ranks[a:b] - first] = self.counts[a:b]
        keys = self.keys[self._starts[a] : self._starts[b]]
        return Grouped(self._recode(keys, self.counts[a:b], self.words[a:b]), counts)

    def _recode(self, keys: Keys, counts: Counts, words: Counts) -> Keys:
        old, new = self.layout, self._new
        if _keys:
            out = np.empty(len(keys), dtype=np.uint64)
            _keys.recode(
                keys, counts, words, self._codes, old.position, old.code, new.position, new.code, self._first, out
            )
            return out
        numbers = keys.astype(np.int64)
        word = np.repeat(words, counts) + (numbers & ((1 << old.code) - 1))
        positions = (numbers >> old.code) & ((1 << old.position) - 1)
        return new.join((numbers >> (old.position + old.code)) + self._first, positions, self._codes[word])


def merge(groups: Sequence[Grouped]) -> Grouped:
    """Groups of the same terms as one; the documents of each come after those of the ones before it."""
    if len(groups) == 1:
        return groups[0]
    counts: Counts = np.stack([each.counts for each in groups]).sum(axis=0)
    keys = np.empty(int(counts.sum()), dtype=np.uint64)
    if _keys:
        _keys.merge([(each.keys, each.counts) for each in groups], keys)
        return Grouped(keys, counts)
    following = np.cumsum(counts) - counts
    for each in groups:
        keys[ranges(following, each.counts)] = each.keys
        following += each.counts
    return Grouped(keys, counts)


class Parts(NamedTuple):
    """The parts of keys: of each occurrence its position and whether its posting begins with it; of each posting the
    document and whether it has the term in its title; the form of each occurrence of the terms that have several."""

    documents: NDArray[np.uint32]
    titled: NDArray[np.bool_]
    positions: NDArray[np.uint32]
    begins: NDArray[np.bool_]
    codes: NDArray[np.uint32]


def split(grouped: Grouped, layout: Layout, coded: NDArray[np.bool_], titles: Counts | None) -> Parts:
    """Take keys apart; `coded` terms have several forms, `titles` is the position where each document's title ends."""
    keys, counts = grouped
    if not _keys:
        return _split(keys, counts, layout, coded, titles)
    documents, positions, codes = (np.empty(len(keys), dtype=np.uint32) for _ in range(3))
    begins, titled = np.empty(len(keys), dtype=bool), np.zeros(len(keys), dtype=bool)
    postings, numbered = _keys.split(
        keys, counts, layout.position, layout.code, titles, coded, documents, positions, begins, titled, codes
    )
    return Parts(documents[:postings], titled[:postings], positions, begins, codes[:numbered])


def _split(keys: Keys, counts: Counts, layout: Layout, coded: NDArray[np.bool_], titles: Counts | None) -> Parts:
    found = (keys >> np.uint64(layout.position + layout.code)).astype(np.int64)
    begins = np.ones(len(keys), dtype=bool)
    begins[1:] = found[1:] != found[:-1]
    starts = np.cumsum(counts) - counts
    begins[starts[counts > 0]] = True
    documents = found[begins]
    positions = (keys >> np.uint64(layout.code)).astype(np.uint32) & np.uint32((1 << layout.position) - 1)
    titled = positions[begins] < titles[documents] if titles is not None else np.zeros(len(documents), dtype=bool)
    codes = keys[np.repeat(coded, counts)].astype(np.uint32) & np.uint32((1 << layout.code) - 1)
    return Parts(documents.astype(np.uint32), titled, positions, begins, codes)
