"""The packed parts of a PDF, looked into before it is opened: PDFium unpacks all of what it is given in memory."""

import re
import zlib
from collections.abc import Iterator
from itertools import chain

from archive.errors import TooLargeError

_STREAM = re.compile(rb"stream\r?\n")
_BLOCK = 1 << 16
_OUT = 1 << 20
_LAYERS = 3
_ZLIB = tuple(bytes((0x78, second)) for second in (0x01, 0x5E, 0x9C, 0xDA))


def refuse_traps(data: bytes, limit: int) -> None:
    """Raises TooLargeError where a part unpacks to more than `limit` bytes, also when it is packed several times."""
    for found in _STREAM.finditer(data):
        for size in _sizes(_slices(data, found.end()), _LAYERS):
            if size > limit:
                raise TooLargeError(f"a part of the PDF unpacks to more than {limit:,} bytes (setting max_item_mb)")


def _slices(data: bytes, at: int) -> Iterator[bytes]:
    for start in range(at, len(data), _BLOCK):
        yield data[start : start + _BLOCK]


def _sizes(blocks: Iterator[bytes], layers: int) -> Iterator[int]:
    """How much has come out so far, of what is packed in these blocks or in what comes out of them."""
    size = 0
    first = next(blocks, b"")
    if not layers or not first.startswith(_ZLIB):
        return

    def counted() -> Iterator[bytes]:
        nonlocal size
        for block in _inflated(chain((first,), blocks)):
            size += len(block)
            yield block

    unpacked = counted()
    start = next(unpacked, b"")
    yield size
    for inner in _sizes(chain((start,), unpacked), layers - 1):
        yield max(inner, size)
    for _ in unpacked:
        yield size


def _inflated(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """What is packed in these blocks, as far as it is whole, a bounded piece at a time."""
    engine = zlib.decompressobj()
    for block in blocks:
        while block and not engine.eof:
            try:
                yield engine.decompress(block, _OUT)
            except zlib.error:
                return
            block = engine.unconsumed_tail
        if engine.eof:
            return
