"""Bodies of HTTP answers as they were meant, out of what was sent (RFC 9112, RFC 9110)."""

import zlib
from collections.abc import Callable

from archive.errors import TooLargeError, UnreadableFileError

Header = Callable[[str], str | None]
"""Gives the value of a header, if there is one."""


def body_of(data: bytes, header: Header, max_bytes: int) -> bytes:
    """The body without chunks and compression, where it really has them, as its headers say.

    Raises TooLargeError where it has more than so many bytes, and UnreadableFileError for other compression.
    """
    if len(data) > max_bytes:
        raise TooLargeError(f"it has more than {max_bytes:,} bytes (setting max_item_mb)")
    if (header("Transfer-Encoding") or "").lower() == "chunked":
        data = _unchunked(data)
    for coding in reversed((header("Content-Encoding") or "").lower().split(",")):
        match coding.strip():
            case "" | "identity" | "utf-8" | "none":
                pass
            case "gzip" | "x-gzip" | "deflate":
                data = _inflated(data, max_bytes)
            case "br":
                data = _unbrotli(data, max_bytes)
            case unknown:
                raise UnreadableFileError(f"it is compressed as {unknown[:40]!r}, which the archive does not read")
    return data


def _unchunked(data: bytes) -> bytes:
    """The chunks joined; from where they are none on, everything as it is, since some crawlers have joined them."""
    parts: list[bytes] = []
    at = 0
    while at < len(data):
        end = data.find(b"\r\n", at, at + 100)
        try:
            size = int(data[at:end].partition(b";")[0].strip(), 16) if end >= 0 else -1
        except ValueError:
            size = -1
        if size < 0:
            parts.append(data[at:])
            break
        if size == 0:
            break
        parts.append(data[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(parts)


def _inflated(data: bytes, max_bytes: int) -> bytes:
    """What gzip or deflate made of something else; as it is, where neither did."""
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # with a head of gzip or zlib; without any
        inflater = zlib.decompressobj(window)
        try:
            found = inflater.decompress(data, max_bytes + 1)
        except zlib.error:
            continue
        if len(found) > max_bytes:
            raise TooLargeError(f"it expands to more than {max_bytes:,} bytes (setting max_item_mb)")
        if found:
            return found
    return data


def _unbrotli(data: bytes, max_bytes: int) -> bytes:
    """What Brotli (RFC 7932) made of something else, as far as it goes; as it is, where it did not."""
    import brotli

    decompressor = brotli.Decompressor()
    parts: list[bytes] = []
    size, given = 0, data
    try:
        while not decompressor.is_finished():
            part = decompressor.process(given, output_buffer_limit=_AT_ONCE)
            given = b""
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                raise TooLargeError(f"it expands to more than {max_bytes:,} bytes (setting max_item_mb)")
            if not part and decompressor.can_accept_more_data():
                break  # it is cut off
    except brotli.error:
        return data
    return b"".join(parts) or data


_AT_ONCE = 1 << 20
"""Bytes that are decompressed before it is looked how many there are."""
