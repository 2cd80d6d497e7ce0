"""Arrays of small unsigned integers in as few bits as they need, readable in slices and at single places.

A packed array is a plane of whole bytes and a plane of the bits above them. Values that would make it wide for the sake
of a few are patched (PFOR: Zukowski and others, "Super-Scalar RAM-CPU Cache Compression", ICDE 2006): the planes hold
their low bits, and a sorted list of places has them whole. So a width limits no value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    from index import _keys
except ImportError:  # it was installed without a compiler
    _keys = None  # type: ignore[assignment]

Array = NDArray[Any]
Numbers = NDArray[np.uint32]
Places = NDArray[np.int64]

WIDTHS = (0, 1, 2, 4, 8, 9, 10, 12, 16, 17, 18, 20, 24, 32)
"""Bits a value may take: none, 8, 16 or 32 in the plane of bytes, and none, 1, 2, 4 or 8 in the plane above."""

_PATCH_BITS = 96
_HIGHEST = (1 << 31) - 1
_LOW_TYPES = {8: "u1", 16: "<u2", 32: "<u4"}


def choose_width(bit_lengths: NDArray[np.int64]) -> int:
    """The cheapest width, where `bit_lengths[b]` values have b bits (b <= 32)."""
    longer = bit_lengths.sum() - np.cumsum(bit_lengths)
    total = bit_lengths.sum()
    return min(WIDTHS, key=lambda width: (width * total + _PATCH_BITS * longer[width], width))


def count_bit_lengths(values: Array, weights: Array | None = None) -> NDArray[np.int64]:
    """How many values have 0, 1, … 32 bits; `weights` says how often each occurs."""
    bits = np.frexp(np.asarray(values, dtype=np.float64))[1]
    return np.bincount(bits, weights=weights, minlength=33).astype(np.int64)


def _split(width: int) -> tuple[int, int]:
    low = max(bits for bits in (0, 8, 16, 32) if bits <= width)
    return low, width - low


class PackedWriter:
    """Packs values as they come, not more than `most`; `sinks` opens the output of a plane by its name."""

    def __init__(self, width: int, most: int, sinks: Callable[[str], Callable[[Array], None]]) -> None:
        self._low_bits, self._high_bits = _split(width)
        self._limit = 1 << width
        self._sinks = {name: sinks(name) for name in ("low", "high", "place", "value")}
        self._pending = b""
        self._count = 0
        self._place_type = "<u4" if most < 1 << 32 else "<i8"
        self._sinks["place"](np.zeros(0, dtype=self._place_type))
        self._sinks["value"](np.zeros(0, dtype="<u4"))
        if self._low_bits:
            self._sinks["low"](np.zeros(0, dtype=_LOW_TYPES[self._low_bits]))
        if self._high_bits:
            self._sinks["high"](np.zeros(0, dtype=np.uint8))

    def append(self, values: Array) -> None:
        """Add values; raises OverflowError where one needs more than 31 bits."""
        if values.dtype.itemsize > 4:
            _check(values)
        is_bit = values.dtype == bool and self._limit == 2
        numbers = values if is_bit else np.ascontiguousarray(values, dtype=np.uint32)
        if self._limit < 1 << 32 and not is_bit:
            large = np.flatnonzero(numbers >= self._limit)
            if len(large):
                _check(numbers[large])
                self._sinks["place"]((large + self._count).astype(self._place_type))
                self._sinks["value"](numbers[large].astype("<u4"))
        elif not is_bit:
            _check(numbers)
        self._count += len(numbers)
        if self._low_bits:
            self._sinks["low"](numbers.astype(_LOW_TYPES[self._low_bits]))
        if self._high_bits:
            self._sinks["high"](self._join(numbers))

    def _join(self, numbers: Array) -> NDArray[np.uint8]:
        """The upper bits of what is pending and of these, as far as they fill bytes; the rest is pending."""
        if _keys and numbers.dtype == np.uint32:
            joined, self._pending = _keys.join(numbers, self._low_bits, self._high_bits, self._pending)
            return np.frombuffer(joined, dtype=np.uint8)
        upper = numbers.view(np.uint8) if numbers.dtype == bool else (numbers >> self._low_bits).astype(np.uint8)
        if self._pending:
            upper = np.concatenate([np.frombuffer(self._pending, dtype=np.uint8), upper])
        whole = len(upper) - len(upper) % (8 // self._high_bits)
        self._pending = (upper[whole:] & ((1 << self._high_bits) - 1)).tobytes()
        return _join_bits(upper[:whole], self._high_bits)

    def close(self) -> None:
        """Write what is left."""
        if self._pending:
            padded = self._pending.ljust(8 // self._high_bits, b"\0")
            self._sinks["high"](_join_bits(np.frombuffer(padded, dtype=np.uint8), self._high_bits))


def _check(numbers: Numbers) -> None:
    if numbers.max(initial=0) > _HIGHEST:
        raise OverflowError(f"{numbers.max():,} is more than {_HIGHEST:,}, the highest number that is packed")


def _join_bits(values: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    if bits == 8:
        return values
    if bits == 1:
        return np.packbits(values & 1 if values.max(initial=0) > 1 else values, bitorder="little")
    mask, step = np.uint8((1 << bits) - 1), 8 // bits
    joined = values[0::step] & mask
    for at in range(1, step):
        joined |= (values[at::step] & mask) << np.uint8(at * bits)
    return joined


def _part_bits(joined: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    if bits == 8:
        return joined
    if bits == 1:
        return np.unpackbits(joined, bitorder="little")
    mask, step = np.uint8((1 << bits) - 1), 8 // bits
    parted = np.empty(len(joined) * step, dtype=np.uint8)
    for at in range(step):
        parted[at::step] = (joined >> np.uint8(at * bits)) & mask
    return parted


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed array to read from."""

    low_bits: int
    high_bits: int
    low: Array | None
    high: NDArray[np.uint8] | None
    place: Array
    value: NDArray[np.uint32]

    @classmethod
    def open(cls, width: int, arrays: Mapping[str, Array], name: str) -> "Packed":
        """The array whose planes are `name.low`, `name.high`, …"""
        low_bits, high_bits = _split(width)
        return cls(
            low_bits,
            high_bits,
            arrays[f"{name}.low"] if low_bits else None,
            arrays[f"{name}.high"] if high_bits else None,
            arrays[f"{name}.place"],
            arrays[f"{name}.value"],
        )

    def slice(self, start: int, end: int) -> NDArray[np.int32]:
        """The values from `start` to `end`."""
        if self.low is not None:
            values = self.low[start:end].astype(np.int32)
        else:
            values = np.zeros(end - start, dtype=np.int32)
        if self.high is not None:
            step = 8 // self.high_bits
            first = start // step
            parted = _part_bits(self.high[first : -(-end // step)], self.high_bits)
            upper = parted[start - first * step : end - first * step].astype(np.int32)
            values |= upper << np.int32(self.low_bits) if self.low_bits else upper
        if len(self.place):
            a, b = np.searchsorted(self.place, np.array((start, end), dtype=self.place.dtype))  # as it is: no copy
            if b > a:
                values[self.place[a:b].astype(np.int64) - start] = self.value[a:b]
        return values

    def at(self, places: Places) -> NDArray[np.int32]:
        """The values at these places."""
        if self.low is not None:
            values = self.low[places].astype(np.int32)
        else:
            values = np.zeros(len(places), dtype=np.int32)
        if self.high is not None:
            shift = {1: 3, 2: 2, 4: 1, 8: 0}[self.high_bits]
            upper = self.high[places >> shift].astype(np.int32)
            if shift:
                upper >>= ((places & ((1 << shift) - 1)) * self.high_bits).astype(np.int32)
                upper &= np.int32((1 << self.high_bits) - 1)
            values |= upper << np.int32(self.low_bits) if self.low_bits else upper
        if len(self.place) and len(places):
            found = np.searchsorted(self.place, places.astype(self.place.dtype))
            found[found == len(self.place)] = 0
            patched = np.flatnonzero(self.place[found] == places)
            values[patched] = self.value[found[patched]]
        return values


_SUMMED = 64


class Sums:
    """Adds up a packed array: the sum before each 64th place is stored, the rest is summed when it is asked for."""

    def __init__(self, packed: Packed, sums: NDArray[Any], count: int) -> None:
        self._packed = packed
        self._sums = sums
        self._count = count

    @staticmethod
    def of(values: NDArray[np.int64]) -> NDArray[np.int64]:
        """What `Sums` needs beside the values."""
        return np.concatenate([[0], np.cumsum(values)])[::_SUMMED].astype("<i8")

    def around(self, place: int) -> tuple[int, int]:
        """The sum before a place, and with the value that is there."""
        block = place // _SUMMED
        values = self._packed.slice(block * _SUMMED, place + 1)
        after = int(self._sums[block]) + int(values.sum(dtype=np.int64))
        return after - int(values[-1]), after

    def all(self) -> NDArray[np.int64]:
        """The sum before each place, and that of all."""
        values = self._packed.slice(0, self._count)
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(values, dtype=np.int64)])


_RANK_BITS = 512


class Bits:
    """A string of bits that tells how many of them are set before a place, and which they are."""

    def __init__(self, joined: NDArray[np.uint8], ranks: NDArray[np.int64]) -> None:
        self.joined = joined
        self._ranks = ranks
        self._bytes = memoryview(joined)  # type: ignore[arg-type]

    def rank(self, place: int) -> int:
        """How many bits are set before this place."""
        block, rest = place // _RANK_BITS, place % _RANK_BITS
        count = int(self._ranks[block])
        if rest:
            first = block * (_RANK_BITS // 8)
            found = int.from_bytes(self._bytes[first : first + -(-rest // 8)], "little")
            count += (found & ((1 << rest) - 1)).bit_count()
        return count

    def slice(self, start: int, end: int) -> NDArray[np.uint8]:
        """The bits from `start` to `end`, a byte each."""
        first = start // 8
        return np.unpackbits(self.joined[first : -(-end // 8)], bitorder="little")[start - first * 8 : end - first * 8]

    def at(self, places: Places) -> NDArray[np.uint8]:
        """The bits at these places, a byte each."""
        bits: NDArray[np.uint8] = (self.joined[places >> 3] >> (places & 7).astype(np.uint8)) & np.uint8(1)
        return bits
