"""The segment file: named arrays after a header, memory-mapped, checked and written durably.

"ARCHSEG1"   the format and its version
u64, u32     the length of the header, and its CRC-32
header       JSON: {"arrays": {name: [offset, type, count, CRC-32]}, "about": …}
arrays       little-endian, each at a multiple of 64 bytes
"""

import json
import mmap
import os
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from index.packing import Array, Packed, PackedWriter, choose_width, count_bit_lengths

MAGIC = b"ARCHSEG1"
_PREFIX = struct.Struct("<8sQI")
_ALIGN = 64
_IN_MEMORY = 1 << 20
_COPY = 1 << 20


class SegmentDamagedError(ValueError):
    """A segment file is not what was written."""


class SegmentFile(Mapping[str, Array]):
    """The arrays of a segment, by name. Read-only; valid as long as any of them is held, even when the file is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            magic, length, check = _PREFIX.unpack_from(self._map, 0)
        except struct.error as error:
            raise SegmentDamagedError(f"{path.name} is cut off") from error
        header = self._map[_PREFIX.size : _PREFIX.size + length]
        if magic != MAGIC or zlib.crc32(header) != check:
            raise SegmentDamagedError(f"{path.name} has no valid header")
        found = json.loads(header)
        self.about: dict[str, Any] = found["about"]
        self._places: dict[str, tuple[int, str, int, int]] = found["arrays"]
        self._data = -(-(_PREFIX.size + length) // _ALIGN) * _ALIGN
        self._arrays: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        if name not in self._arrays:
            offset, kind, count, _ = self._places[name]
            if count and self._data + offset + count * np.dtype(kind).itemsize > len(self._map):
                raise SegmentDamagedError(f"{self.path.name} is cut off")
            self._arrays[name] = (
                np.frombuffer(self._map, dtype=kind, count=count, offset=self._data + offset)
                if count
                else np.zeros(0, dtype=kind)
            )
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def packed(self, name: str) -> Packed:
        """A packed array."""
        return Packed.open(int(self.about["widths"][name]), self, name)

    def check(self) -> None:
        """Read every byte; raises SegmentDamagedError, naming the array that is not what was written."""
        for name, (_, _, _, check) in self._places.items():
            if zlib.crc32(memoryview(self[name]).cast("B") if len(self[name]) else b"") != check:  # type: ignore[arg-type]
                raise SegmentDamagedError(f"{name} in {self.path.name} does not have the content that was written")


class SegmentFileWriter:
    """Takes arrays in pieces and in any order, and writes them as one file when it is closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where the file will be, and what is needed meanwhile."""
        self._spools: dict[str, tuple[str, IO[bytes]]] = {}
        self.about: dict[str, Any] = {"widths": {}}

    def append(self, name: str, array: Array) -> None:
        """Add to the end of an array; all its pieces have one type."""
        if name not in self._spools:
            spool = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(self.folder))  # noqa: SIM115  # closed in `close`
            self._spools[name] = (array.dtype.str, spool)
        kind, file = self._spools[name]
        if array.dtype.str != kind:
            raise TypeError(f"{name} is of {kind}, not {array.dtype.str}")
        if array.size:
            file.write(memoryview(np.ascontiguousarray(array)).cast("B"))  # type: ignore[arg-type]

    def sink(self, prefix: str) -> Callable[[str, Array], None]:
        """What takes arrays whose names begin so."""
        return lambda name, array: self.append(f"{prefix}.{name}", array)

    def packed(self, name: str, width: int, most: int) -> PackedWriter:
        """What packs an array of at most so many values into this file."""
        self.about["widths"][name] = width

        return PackedWriter(width, most, lambda plane: lambda array: self.append(f"{name}.{plane}", array))

    def pack(self, name: str, values: Array) -> None:
        """Pack a whole array into this file."""
        packed = self.packed(name, choose_width(count_bit_lengths(values)), len(values))
        packed.append(values)
        packed.close()

    def close(self, path: Path) -> None:
        """Write the file, and through to the disk."""
        try:
            places, offset = {}, 0
            for name, (kind, spool) in self._spools.items():
                size = spool.tell()
                places[name] = (offset, kind, size // np.dtype(kind).itemsize, _crc(spool))
                offset = -(-(offset + size) // _ALIGN) * _ALIGN
            header = json.dumps({"arrays": places, "about": self.about}).encode()
            with path.open("wb") as file:
                file.write(_PREFIX.pack(MAGIC, len(header), zlib.crc32(header)) + header)
                for _, spool in self._spools.values():
                    file.write(b"\0" * (-file.tell() % _ALIGN))
                    spool.seek(0)
                    while block := spool.read(_COPY):
                        file.write(block)
                file.flush()
                os.fsync(file.fileno())
        finally:
            self.discard()

    def discard(self) -> None:
        """Give the arrays up."""
        for _, spool in self._spools.values():
            spool.close()


def _crc(spool: IO[bytes]) -> int:
    value = 0
    spool.seek(0)
    while block := spool.read(_COPY):
        value = zlib.crc32(block, value)
    return value
