"""Headers of messages as text, in whatever encoding, or mixture of encodings, they were written."""

import binascii
import re
from email.message import Message

from archive.encoding import decode

MAX_LENGTH = 20_000
"""Characters of a header that are looked at."""

_WORD = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=", re.IGNORECASE)


def header(message: Message, name: str) -> str:
    """The first header of this name in one line, its bytes as text; empty where there is none."""
    value = next((value for field, value in message.raw_items() if field.lower() == name.lower()), "")
    line = " ".join(str(value)[:MAX_LENGTH].split())
    return line if line.isascii() else decode(line.encode("utf-8", "surrogateescape"))


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
