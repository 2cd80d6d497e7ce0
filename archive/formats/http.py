"""Bodies of HTTP answers as they were meant, out of what was sent (RFC 9112, RFC 9110)."""

import zlib
from collections.abc import Callable, Iterable, Iterator

from archive.errors import TooLargeError, UnreadableFileError
from archive.streams import MAX_RATIO, UNSUSPICIOUS, telling_damage

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


_PIECE = 1 << 16


def inflating(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """The same body without the compression that its header names, in pieces of which none is large.

    Raises UnreadableFileError for other compression and where it is damaged or cut off, and TooLargeError where it
    expands as no text does. What is not compressed, whatever the header says, stays as it is.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity", "utf-8", "none"):
        yield from pieces
        return
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise UnreadableFileError(f"it is compressed as {coding[:40]!r}, which the archive does not read")
    inflater, packed, given = None, 0, 0
    for data in pieces:
        if inflater is None and not packed and not (inflater := _inflater(data, coding)):
            yield data
            yield from pieces
            return
        packed += len(data)
        while data and inflater:
            with telling_damage(f"the {coding} data"):
                found = inflater.decompress(data, _PIECE)
            given += len(found)
            if given > UNSUSPICIOUS and given > MAX_RATIO * packed:
                raise TooLargeError(f"it expands to more than {MAX_RATIO} times its size, as no text does")
            yield found
            data = inflater.unconsumed_tail
            if inflater.eof:
                data = inflater.unused_data
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 32) if data.startswith(b"\x1f\x8b") else None
    if inflater:
        raise UnreadableFileError(f"the {coding} data is cut off")


def _inflater(data: bytes, coding: str) -> "zlib._Decompress | None":
    """What inflates data that begins so, if it is compressed; some servers send deflate without its head."""
    if data.startswith(b"\x1f\x8b") or (data[:1] == b"\x78" and coding == "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)
    return zlib.decompressobj(-zlib.MAX_WBITS) if coding == "deflate" else None


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
