"""Streams that files are read from: counted, uncompressed as they are read, and never expanding without end."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from archive.compression import zstd_module
from archive.errors import TooLargeError, UnreadableFileError

Read = Callable[[int], bytes]
"""Reads at most so many bytes, fewer where it likes, and none at the end."""

HEAD = 8_192
"""Bytes at the beginning of a stream that can be looked at before they are read."""

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
"""Suffixes that say how a file is compressed, and nothing about what it is."""

MAX_RATIO = 200
"""Nothing that people write becomes so many times smaller; what claims to is meant to fill a disk."""

MAX_EXPANDED = 1_000_000_000
"""Bytes that one file may expand to; a large file may expand to `MAX_GROWTH` times its size."""

MAX_GROWTH = 20

MAX_MEMBERS = 100_000
"""Files that may be inside one file, at any depth."""

_BLOCK = 1 << 16
UNSUSPICIOUS = 1_000_000
"""Bytes that anything may expand to, however small it was."""

_XZ_MEMORY = 256 << 20
"""Bytes that xz may use: enough for whatever its own program makes at any of its levels."""

_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"
_MAX_DICTIONARY = 16 << 20
"""Bytes of the dictionary that a web archive may begin with, which its records are compressed with."""


@dataclass(slots=True)
class Expansion:
    """What a file may still expand to: bytes that were compressed, and members. All that is in it shares it."""

    bytes_left: int = MAX_EXPANDED
    members_left: int = MAX_MEMBERS

    @classmethod
    def of(cls, size: int) -> "Expansion":
        """That of a file with so many bytes."""
        return cls(max(MAX_EXPANDED, MAX_GROWTH * size))

    def check(self) -> None:
        """Raises TooLargeError when nothing is left."""
        if self.bytes_left < 0:
            raise TooLargeError(
                "what is in it expands to more than the archive reads from one file; import it in parts"
            )
        if self.members_left < 0:
            raise TooLargeError("there are more files in it than the archive reads from one file; import it in parts")

    def limit(self, read: Read, packed: Callable[[], int]) -> Read:
        """The same bytes, until they are too many, or far too many for the `packed` ones that they are made of."""
        given = 0

        def limited(size: int) -> bytes:
            nonlocal given
            self.check()
            data = read(size)
            given += len(data)
            self.bytes_left -= len(data)
            self.check()
            if given > UNSUSPICIOUS and given > MAX_RATIO * packed():
                raise TooLargeError(f"it expands to more than {MAX_RATIO} times its size, as no text does")
            return data

        return limited


def buffered(read: Read) -> "io.BufferedReader[Any]":
    """A stream over a function, whose first `HEAD` bytes can be looked at."""
    return io.BufferedReader(_Raw(read), _BLOCK)


def in_memory(data: bytes) -> "io.BufferedReader[Any]":
    """A stream over bytes, which can be looked at in any order."""
    return io.BufferedReader(io.BytesIO(data), _BLOCK)


def counted(
    raw: io.FileIO, size: int, tell: Callable[[int], None], *, first: int | None = None
) -> "io.BufferedReader[Any]":
    """The file, telling how much of it was read; what nobody wanted to read counts as read when it is closed.

    With a size of 0, which is that of standard input, only what was read counts. Where there is a `first` byte, the
    stream has `size` bytes from there on.
    """
    if first is not None:
        raw.seek(first)
    return io.BufferedReader(_Counted(raw, size, tell, is_piece=first is not None), _BLOCK)


def uncompressed(stream: "io.BufferedReader[Any]", expansion: Expansion) -> "io.BufferedReader[Any]":
    """The stream without gzip, bzip2, xz or zstd around it; as it is, where none of them is.

    Reading raises UnreadableFileError where the data is damaged, and TooLargeError where the expansion allows no more.
    """
    head = stream.peek(10)[:10]
    packed = _Packed(stream)
    if head.startswith(b"\x1f\x8b"):
        # read1: a buffer that asks for more than one block loses what came before the place where the file breaks off
        read, name = cast(Read, gzip.GzipFile(fileobj=cast(Any, packed), mode="rb").read1), "gzip"
    elif head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        read, name = _decompressing(packed, bz2.BZ2Decompressor), "bzip2"
    elif head.startswith(b"\xfd7zXZ\0"):
        read, name = _decompressing(packed, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY)), "xz"
    elif head.startswith((_ZSTD, _ZSTD_DICTIONARY)):
        read, name = _unzstd(packed), "zstd"
    else:
        return stream

    def readable(size: int) -> bytes:
        with telling_damage(f"the {name} data"):
            return read(size)

    return buffered(expansion.limit(readable, lambda: packed.count))


@contextmanager
def telling_damage(what: str) -> Iterator[None]:
    """Turns what decompressors raise into an UnreadableFileError."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk, not the data
            raise
        raise UnreadableFileError(f"{what} is damaged or cut off ({error}); what came before was read") from error


class _Packed:
    """A compressed stream that counts what was read of it."""

    def __init__(self, stream: "io.BufferedReader[Any]") -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = _BLOCK) -> bytes:
        data = self._stream.read1(min(size, _BLOCK)) if size >= 0 else self._stream.read1(_BLOCK)
        self.count += len(data)
        return data

    def begins_with(self, mark: bytes) -> bool:
        """Whether this comes next."""
        return self._stream.peek(len(mark)).startswith(mark)

    def take(self, size: int) -> bytes:
        """So many bytes; raises EOFError where there are fewer."""
        data = self._stream.read(size)
        self.count += len(data)
        if len(data) < size:
            raise EOFError("it ended too early")
        return data


def _decompressing(packed: _Packed, make: Callable[[], Any]) -> Read:
    """Reads one compressed stream after the other, as both formats allow, whose zeros at the end are padding."""
    decompressor = make()

    def read(size: int) -> bytes:
        nonlocal decompressor
        while True:
            more = b""
            if decompressor.eof:
                more = (decompressor.unused_data or packed.read()).lstrip(b"\0")
                if not more and not (more := packed.read().lstrip(b"\0")):
                    return b""
                decompressor = make()
            elif decompressor.needs_input and not (more := packed.read()):
                raise EOFError("it ended too early")
            if data := decompressor.decompress(more, size):
                return bytes(data)

    return read


def _unzstd(packed: _Packed) -> Read:
    """Zstandard (RFC 8878), with the dictionary that a web archive may begin with, itself compressed or not.

    See https://iipc.github.io/warc-specifications/specifications/warc-zstd/.
    """
    zstd = zstd_module()
    dictionary = None

    def make() -> Any:
        return zstd.ZstdDecompressor(dictionary)

    plain: Read | None = None

    def read(size: int) -> bytes:
        nonlocal dictionary, plain
        try:
            if plain is None:
                if packed.begins_with(_ZSTD_DICTIONARY):
                    dictionary = zstd.ZstdDict(_dictionary(packed, zstd))
                plain = _decompressing(packed, make)
            return plain(size)
        except zstd.ZstdError as error:
            raise ValueError(str(error)) from error

    return read


def _dictionary(packed: _Packed, zstd: Any) -> bytes:
    size = int.from_bytes(packed.take(8)[4:], "little")
    if size > _MAX_DICTIONARY:
        raise ValueError("it begins with a dictionary that is larger than any can be")
    data = packed.take(size)
    return bytes(zstd.ZstdDecompressor().decompress(data, _MAX_DICTIONARY)) if data.startswith(_ZSTD) else data


class _Raw(io.RawIOBase):
    """A raw stream over a function that reads at most so many bytes, and none at the end.

    The beginning is gathered, however small the pieces that it comes in; where it breaks off, what came is given first.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._begun = False
        self._error: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._error:
            raise self._error
        data = self._read(min(len(buffer), _BLOCK))
        while not self._begun and 0 < len(data) < min(HEAD, len(buffer)):
            try:
                more = self._read(len(buffer) - len(data))
            except Exception as error:  # noqa: BLE001  # whatever it is, it is told by the next call
                self._error = error
                break
            if not more:
                break
            data += more
        self._begun = True
        buffer[: len(data)] = data
        return len(data)


class _Counted(io.RawIOBase):
    """A file that tells how many bytes of it were read: all of them once, in whatever order, when it is closed."""

    def __init__(self, raw: io.FileIO, size: int, tell: Callable[[int], None], *, is_piece: bool) -> None:
        self._raw = raw
        self._size = size
        self._tell = tell
        self._is_piece = is_piece
        self._told = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return not self._is_piece and self._raw.seekable()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._raw.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        if self._is_piece:
            buffer = memoryview(buffer)[: self._size - self._told]
        read = self._raw.readinto(buffer) or 0
        self._advance(max(0, min(read, self._size - self._told)) if self._size else read)
        return read

    def close(self) -> None:
        if not self.closed:
            if self._told < self._size:
                self._advance(self._size - self._told)
            self._raw.close()
        super().close()

    def _advance(self, size: int) -> None:
        self._told += size
        self._tell(size)  # also of nothing, since who is told may want to stop
