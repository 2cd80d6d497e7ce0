"""Words that are spelt nearly like another, or have a part in common, in the sorted strings of a dictionary.

A prefix is looked up; these may begin with anything. So every string is passed by, but of neighbours that begin alike
what was worked out for one holds for the other, and most are passed by at a glance. Where `_spellings` was compiled it
does the same, faster.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from index.dictionary import Dictionary
from index.packing import Array

try:
    from index import _spellings
except ImportError:  # it was installed without a compiler
    _spellings = None  # type: ignore[assignment]

MAX_LETTERS = 62
"""Letters of a word whose neighbours are looked for; nobody misspells a longer one by a letter or two."""

MAX_EDITS = 3


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some strings of a dictionary; each has a word after `skip` bytes, up to the byte `stop` or its end."""

    dictionary: Dictionary
    numbers: range
    skip: int = 0
    stop: bytes = b""

    def words(self) -> Iterator[tuple[int, bytes]]:
        """The number of each string, and its word."""
        for number, string in zip(self.numbers, self.dictionary.iterate(self.numbers.start), strict=False):
            yield number, (string.partition(self.stop)[0] if self.stop else string)[self.skip :]

    def word(self, number: int) -> bytes:
        """The word of one."""
        string = self.dictionary[number]
        return (string.partition(self.stop)[0] if self.stop else string)[self.skip :]

    def alike(self, word: str, edits: int) -> list[tuple[str, int, int]]:
        """The words that so many edits (1 to 3) at most make of one: each, how many it takes, and its number.

        The word itself takes none.

        An edit adds, drops or changes a letter, or exchanges two neighbours: the optimal string alignment distance
        (Boytsov, "Indexing methods for approximate dictionary searching", 2011, 2.1; what neighbours share is read
        once, as in 5.1).
        """
        if not 0 < len(word) <= MAX_LETTERS:
            return []
        if not _spellings:
            every = ((each.decode(), distance(word, each.decode(), edits), number) for number, each in self.words())
            return [found for found in every if found[1] <= edits]
        letters = word.encode("utf-32-le")
        stop = self.stop[0] if self.stop else -1
        found = _spellings.alike(*self._begin(), self.skip, stop, letters, edits)
        pairs = np.frombuffer(found, dtype=np.int64).reshape(-1, 2).tolist()
        return [(self.word(number).decode(), edit, number) for number, edit in pairs]

    def containing(self, part: str) -> Iterator[str]:
        """The words that have a part."""
        wanted = part.encode()
        if not _spellings:
            yield from (word.decode() for _, word in self.words() if wanted in word)
            return
        found = np.frombuffer(_spellings.containing(*self._begin(), self.skip, wanted), dtype=np.int64).tolist()
        yield from (word.decode() for word in map(self.word, found) if wanted in word)  # not after the stop

    def _begin(self) -> tuple[Array, Array, Array, int, int, int, int]:
        number, read = self.dictionary.block_before(self.numbers.start)
        return *self.dictionary.arrays(), number, read, self.numbers.start, self.numbers.stop


def distance(one: Sequence[object], other: Sequence[object], most: int) -> int:
    """The optimal string alignment distance of two strings; where it is above `most`, any number above that."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    above: list[int] = []
    row = list(range(len(one) + 1))
    for k, letter in enumerate(other):
        last, above, row = above, row, [k + 1]
        for at, own in enumerate(one, 1):
            best = min(above[at] + 1, row[at - 1] + 1, above[at - 1] + (own != letter))
            if k and at > 1 and own == other[k - 1] and one[at - 2] == letter:
                best = min(best, last[at - 2] + 1)
            row.append(best)
        if min(row) > most:
            return most + 1
    return row[-1]
