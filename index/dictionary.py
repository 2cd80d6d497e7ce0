"""Sorted byte strings, front-coded in blocks: a term is found by bisection over the blocks' heads.

Each string is the length of what it shares with the one before, the length of the rest, and the rest. The first of a
block is whole. (Witten, Moffat, Bell, "Managing Gigabytes", 4.1.)
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from index.packing import Array

BLOCK = 16


@dataclass(frozen=True, slots=True)
class Strings:
    """Byte strings one after the other, as arrays."""

    text: NDArray[np.uint8]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def join(cls, strings: Sequence[bytes]) -> "Strings":
        """Of byte strings."""
        lengths = np.fromiter(map(len, strings), dtype=np.int64, count=len(strings))
        return cls(np.frombuffer(b"".join(strings), dtype=np.uint8), np.cumsum(lengths) - lengths, lengths)

    @classmethod
    def encode(cls, strings: Sequence[str]) -> "Strings":
        """Of strings without line feeds, in UTF-8."""
        if not strings:
            return cls.join([])
        text = np.frombuffer(("\n".join(strings) + "\n").encode(), dtype=np.uint8)
        ends = np.flatnonzero(text == ord("\n"))
        starts = np.concatenate([[0], ends[:-1] + 1])
        return cls(text, starts, ends - starts)

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, which: NDArray[np.intp]) -> "Strings":
        """Some of them."""
        return Strings(self.text, self.starts[which], self.lengths[which])

    def tolist(self) -> list[bytes]:
        """As byte strings."""
        text = self.text.tobytes()
        return [text[start:end] for start, end in zip(self.starts.tolist(), (self.starts + self.lengths).tolist(), strict=True)]

    def shared(self) -> NDArray[np.int64]:
        """How many leading bytes each has in common with the one before it (at most 255)."""
        shared = np.zeros(len(self), dtype=np.int64)
        alive = np.arange(1, len(self))
        for at in range(255):
            alive = alive[(self.lengths[alive] > at) & (self.lengths[alive - 1] > at)]
            alive = alive[self.text[self.starts[alive] + at] == self.text[self.starts[alive - 1] + at]]
            if not len(alive):
                break
            shared[alive] += 1
        return shared


def encode(strings: Strings, sink: Callable[[str, Array], None]) -> None:
    """Front-code sorted, distinct strings; `sink` takes each array by its name."""
    shared = strings.shared()
    shared[::BLOCK] = 0
    rest = strings.lengths - shared
    sink("shared", shared.astype(np.uint8))
    sink("rest", rest.astype(np.uint8 if rest.max(initial=0) < 256 else "<u4"))
    sink("text", strings.text[ranges(strings.starts + shared, rest)])
    sink("block", (np.cumsum(rest) - rest)[::BLOCK].astype("<i8"))


def ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from each start on, as many as its length says, all in one array."""
    before = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)


class Dictionary(Sequence[bytes]):
    """The strings of a front-coded dictionary, by number."""

    def __init__(self, arrays: Mapping[str, Array], name: str) -> None:
        self._shared = memoryview(arrays[f"{name}.shared"])  # type: ignore[arg-type]
        self._rest = memoryview(arrays[f"{name}.rest"])  # type: ignore[arg-type]
        self._text = memoryview(arrays[f"{name}.text"])  # type: ignore[arg-type]
        self._block = memoryview(arrays[f"{name}.block"])  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self._shared)

    def __getitem__(self, number: int) -> bytes:  # type: ignore[override]  # no slices
        if not 0 <= number < len(self):
            raise IndexError(number)
        for found in self.iterate(number):
            return found
        raise AssertionError

    def _head(self, block: int) -> bytes:
        start = self._block[block]
        return bytes(self._text[start : start + self._rest[block * BLOCK]])

    def iterate(self, first: int = 0) -> Iterator[bytes]:
        """The strings from a number on."""
        if first >= len(self):
            return
        number = first - first % BLOCK
        at = self._block[number // BLOCK]
        string = b""
        for shared, rest in zip(self._shared[number:], self._rest[number:], strict=True):
            string = string[:shared] + bytes(self._text[at : at + rest])
            at += rest
            if number >= first:
                yield string
            number += 1

    def position(self, string: bytes) -> int:
        """How many strings sort before this one: its own number where it is there."""
        low, high = 0, len(self._block)
        while low < high:  # the first block whose head is greater
            middle = (low + high) // 2
            if self._head(middle) <= string:
                low = middle + 1
            else:
                high = middle
        if not low:
            return 0
        number = (low - 1) * BLOCK
        for found in self.iterate(number):
            if found >= string:
                return number
            number += 1
            if number == low * BLOCK:
                break
        return number

    def find(self, string: bytes) -> int:
        """The number of a string, or -1."""
        number = self.position(string)
        return number if number < len(self) and self[number] == string else -1

    def starting_with(self, prefix: bytes) -> range:
        """The numbers of the strings that begin so."""
        end = prefix.rstrip(b"\xff")
        after = self.position(end[:-1] + bytes([end[-1] + 1])) if end else len(self)
        return range(self.position(prefix), after)

    def all(self) -> list[bytes]:
        """Every string, in order."""
        text, at = bytes(self._text), 0
        ends = list(accumulate(self._rest))
        strings: list[bytes] = []
        string = b""
        for shared, end in zip(self._shared, ends, strict=True):
            string = string[:shared] + text[at:end]
            at = end
            strings.append(string)
        return strings
