"""Headers of messages as text, in whatever encoding, or mixture of encodings, they were written."""

import binascii
import re
from collections.abc import Sequence
from contextlib import suppress
from email.message import Message
from email.policy import Compat32

from archive.encoding import decode

MAX_LENGTH = 10_000
"""Characters of a header that are read; parameters without end take time without end."""

_WORD = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=", re.IGNORECASE)


class _AsWritten(Compat32):
    """Keeps headers as they stand: what newer policies make of them fails on some that are damaged."""

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(list(sourcelines))
        return name, value[:MAX_LENGTH]


AS_WRITTEN = _AsWritten()


def header(message: Message, name: str) -> str:
    """The first header of this name in one line; empty where there is none.

    Bytes that are not encoded as they should be are UTF-8, or else in the encoding of the message's text.
    """
    value = next((value for field, value in message.raw_items() if field.lower() == name.lower()), "")
    line = " ".join(str(value)[:MAX_LENGTH].split())
    if line.isascii():
        return line
    data = line.encode("utf-8", "surrogateescape")
    with suppress(UnicodeError):
        return data.decode()
    return decode(data, stated=next(filter(None, message.get_charsets()), "cp1252"))


def words(text: str) -> str:
    """A header with its encoded words (RFC 2047) decoded; those that cannot be decoded stay as they are.

    Words that follow each other in one encoding are decoded together, since some programs cut characters in two.
    """
    parts: list[str] = []
    charset, pending, end = "", b"", 0
    for found in _WORD.finditer(text):
        between = text[end : found.start()]
        data = _decoded(found[2], found[3])
        same = pending and found[1].lower() == charset and not between.strip() and data is not None
        if not same:
            parts.append(decode(pending, stated=charset) if pending else "")
            pending = b""
            parts.append(between if between.strip() or not end else "")
        if data is None:
            parts.append(found[0])
        else:
            charset, pending = found[1].lower(), pending + data
        end = found.end()
    parts.append(decode(pending, stated=charset) if pending else "")
    return "".join(parts) + text[end:]


def _decoded(kind: str, text: str) -> bytes | None:
    try:
        if kind in "qQ":
            return binascii.a2b_qp(text, header=True)
        return binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
