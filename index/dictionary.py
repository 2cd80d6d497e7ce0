"""Sorted byte strings, front-coded in blocks: a term is found by bisection over the blocks' heads.

Each string is the length of what it shares with the one before, the length of the rest, and the rest. The first of a
block is whole. (Witten, Moffat, Bell, "Managing Gigabytes", 4.1.)
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice

import numpy as np
from numpy.typing import NDArray

from index.packing import Array

try:
    from index import _strings
except ImportError:  # it was installed without a compiler
    _strings = None  # type: ignore[assignment]

BLOCK = 16
MOST_SHARED = 255
"""Leading bytes that are counted as shared."""


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

    @classmethod
    def joined(cls, text: NDArray[np.uint8], *pieces: tuple[NDArray[np.int64], NDArray[np.int64]]) -> "Strings":
        """Each of pieces of a text: the starts and lengths of all first pieces, of all second ones, and so on."""
        parts = [np.zeros(0, dtype=np.uint8)]
        for at in range(0, len(pieces[0][0]), _GATHERED):
            starts = np.stack([starts[at : at + _GATHERED] for starts, _ in pieces], axis=1)
            lengths = np.stack([lengths[at : at + _GATHERED] for _, lengths in pieces], axis=1)
            parts.append(gather(text, starts.ravel(), lengths.ravel()))
        whole: NDArray[np.int64] = sum(lengths for _, lengths in pieces)  # type: ignore[assignment]  # of arrays
        return cls(np.concatenate(parts), np.cumsum(whole) - whole, whole)

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, which: NDArray[np.intp]) -> "Strings":
        """Some of them."""
        return Strings(self.text, self.starts[which], self.lengths[which])

    def copy(self) -> "Strings":
        """The same in a text of their own, one after the other: memory reads on where they are looked at in order."""
        starts = np.cumsum(self.lengths) - self.lengths
        return Strings(gather(self.text, self.starts, self.lengths), starts, self.lengths)

    def order(self) -> NDArray[np.int64]:
        """Their places in sorted order."""
        if _strings:
            return np.frombuffer(_strings.order(self.text, self.starts, self.lengths), dtype=np.int64)
        listed = self.tolist()
        return np.array(sorted(range(len(listed)), key=listed.__getitem__), dtype=np.int64)

    def find(self, byte: bytes) -> NDArray[np.int64]:
        """Where this byte first stands in each; each has it."""
        if _strings:
            return np.frombuffer(_strings.find(self.text, self.starts, self.lengths, byte), dtype=np.int64)
        found = np.flatnonzero(self.text == byte[0])
        return found[np.searchsorted(found, self.starts)] - self.starts if len(self) else self.starts

    def kept(self, which: NDArray[np.bool_]) -> "Strings":
        """Those of them that are chosen."""
        return self if which.all() else self.take(np.flatnonzero(which))

    def tolist(self) -> list[bytes]:
        """As byte strings."""
        text = self.text.tobytes()
        return [
            text[start:end]
            for start, end in zip(self.starts.tolist(), (self.starts + self.lengths).tolist(), strict=True)
        ]

    def shared(self) -> NDArray[np.int64]:
        """How many leading bytes each has in common with the one before it (at most 255)."""
        if _strings:
            found = _strings.shared(self.text, self.starts, self.lengths, MOST_SHARED)
            return np.frombuffer(found, dtype=np.int64)
        shared = np.zeros(len(self), dtype=np.int64)
        alive = np.arange(1, len(self))
        for at in range(MOST_SHARED):
            alive = alive[(self.lengths[alive] > at) & (self.lengths[alive - 1] > at)]
            alive = alive[self.text[self.starts[alive] + at] == self.text[self.starts[alive - 1] + at]]
            if not len(alive):
                break
            shared[alive] += 1
        return shared


NO_STRINGS = Strings.join([])


def join(sources: Sequence[Strings]) -> tuple[Strings, list[NDArray[np.int64]]]:
    """All strings of sources, each of which is sorted, sorted; and for each source the places of its own among them."""
    if len(sources) == 1:
        return sources[0], [np.arange(len(sources[0]))]
    if _strings:
        found, places = _strings.merge([(each.text, each.starts, each.lengths) for each in sources])
        owner, at = np.frombuffer(found, dtype=np.int64).reshape(-1, 2).T
        text = np.concatenate([each.text for each in sources])
        before = np.cumsum([0, *(len(each.text) for each in sources)])
        first = np.cumsum([0, *(len(each) for each in sources)])
        starts = np.concatenate([each.starts + shift for each, shift in zip(sources, before[:-1], strict=True)])
        lengths = np.concatenate([each.lengths for each in sources])
        which = first[owner] + at
        return Strings(text, starts[which], lengths[which]), [np.frombuffer(own, dtype=np.int64) for own in places]
    listed = [source.tolist() for source in sources]
    joined = list(dict.fromkeys(sorted(chain.from_iterable(listed))))  # sorting merges what is sorted already
    number = dict(zip(joined, range(len(joined)), strict=True))
    return Strings.join(joined), [np.array([number[each] for each in own], dtype=np.int64) for own in listed]


def encode(strings: Strings, sink: Callable[[str, Array], None]) -> None:
    """Front-code sorted, distinct strings; `sink` takes each array by its name."""
    shared = strings.shared().copy()
    shared[::BLOCK] = 0
    rest = strings.lengths - shared
    sink("shared", shared.astype(np.uint8))
    sink("rest", rest.astype(np.uint8 if rest.max(initial=0) < 256 else "<u4"))
    sink("text", gather(strings.text, strings.starts + shared, rest))
    sink("block", (np.cumsum(rest) - rest)[::BLOCK].astype("<i8"))


def gather(text: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The stretches of a text, one after the other."""
    if _strings:
        return np.frombuffer(_strings.gather(text, starts, lengths), dtype=np.uint8)
    parts = [
        text[ranges(starts[at : at + _GATHERED], lengths[at : at + _GATHERED])]
        for at in range(0, len(starts), _GATHERED)
    ]
    return np.concatenate([np.zeros(0, dtype=np.uint8), *parts])


_GATHERED = 1 << 16
"""Stretches that are gathered together, so that the places of their bytes need little memory."""


def ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from each start on, as many as its length says, all in one array."""
    before = np.cumsum(lengths) - lengths
    numbers: NDArray[np.int64] = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
    return numbers


class Dictionary(Sequence[bytes]):
    """The strings of a front-coded dictionary, by number."""

    def __init__(self, arrays: Mapping[str, Array], name: str) -> None:
        self._arrays = {part: arrays[f"{name}.{part}"] for part in ("shared", "rest", "text")}
        self._shared = memoryview(arrays[f"{name}.shared"])  # type: ignore[arg-type]
        self._rest = memoryview(arrays[f"{name}.rest"])  # type: ignore[arg-type]
        self._text = memoryview(arrays[f"{name}.text"])  # type: ignore[arg-type]
        self._block = memoryview(arrays[f"{name}.block"])  # type: ignore[arg-type]

    @classmethod
    def of(cls, strings: Strings) -> "Dictionary":
        """Of sorted, distinct strings, in memory."""
        arrays: dict[str, Array] = {}
        encode(strings, lambda part, array: arrays.update({f".{part}": array}))
        return cls(arrays, "")

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
        return self._place(string)[0]

    def _place(self, string: bytes) -> tuple[int, bool]:
        """How many strings sort before this one, and whether it is there."""
        if _strings:
            return _strings.position(self._shared, self._rest, self._text, self._block, string)
        low, high = 0, len(self._block)
        while low < high:  # the first block whose head is greater
            middle = (low + high) // 2
            if self._head(middle) <= string:
                low = middle + 1
            else:
                high = middle
        if not low:
            return 0, False
        number = (low - 1) * BLOCK
        for found in islice(self.iterate(number), BLOCK):
            if found >= string:
                return number, found == string
            number += 1
        return number, False

    def block_before(self, number: int) -> tuple[int, int]:
        """The number of the first string of the block that a string is in, and where its text begins."""
        block = min(number, max(len(self) - 1, 0)) // BLOCK
        return block * BLOCK, self._block[block] if len(self) else 0

    def arrays(self) -> tuple[Array, Array, Array]:
        """How many bytes each string shares with the one before it, how many more it has, and the text of those."""
        shared, rest, text = self._arrays.values()
        return shared, rest, text

    def find(self, string: bytes) -> int:
        """The number of a string, or -1."""
        number, is_there = self._place(string)
        return number if is_there else -1

    def starting_with(self, prefix: bytes) -> range:
        """The numbers of the strings that begin so."""
        end = prefix.rstrip(b"\xff")
        after = self.position(end[:-1] + bytes([end[-1] + 1])) if end else len(self)
        return range(self.position(prefix), after)

    def strings(self) -> Strings:
        """Every string, in order, as arrays."""
        if not _strings:
            return Strings.join(self.all())
        shared, rest, text = self._arrays.values()
        lengths = rest.astype(np.int64)
        whole = np.frombuffer(_strings.expand(shared, lengths, text), dtype=np.uint8)
        lengths += shared
        return Strings(whole, np.cumsum(lengths) - lengths, lengths)

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
