"""Originals as they are stored: compressed with Zstandard (RFC 8878), or with zlib by earlier versions."""

import zlib
from functools import cache
from typing import Any

LEVEL = 3
"""A third of the time that zlib takes, for a twentieth more bytes, where texts are as short as articles are."""

_ZSTD = b"\x28\xb5\x2f\xfd"


def compress(data: bytes) -> bytes:
    """The bytes, compressed."""
    compressor = _compressor()
    packed: bytes = compressor.compress(data, compressor.FLUSH_FRAME)
    return packed


def decompress(data: bytes) -> bytes:
    """What was compressed; raises ValueError where it is damaged."""
    try:
        found: bytes = zstd_module().decompress(data) if data.startswith(_ZSTD) else zlib.decompress(data)
    except (zlib.error, zstd_module().ZstdError) as error:
        raise ValueError(str(error)) from error
    return found


@cache
def zstd_module() -> Any:
    """The module of Python 3.14, or what brings it to those before."""
    try:
        from compression import zstd as module
    except ImportError:
        from backports import zstd as module
    return module


@cache
def _compressor() -> Any:
    return zstd_module().ZstdCompressor(level=LEVEL)  # to make one takes longer than to use it
