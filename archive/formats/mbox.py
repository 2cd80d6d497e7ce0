"""Mailboxes in one file (mbox, RFC 4155): each message is read by itself, however many there are."""

import re
from collections.abc import Iterator

from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats import mail
from archive.formats.file import Failed, InputFile
from archive.types import NewArticle

SUFFIXES = (".mbox", ".mbx")

_FROM = re.compile(rb"From .*\d\d?:\d\d")
"""The line before a message: who sent it, and when it came, with the time; other lines may begin with this word too."""

_QUOTED = re.compile(rb">+From ")
_LINE = 1 << 16


def looks_like(head: bytes) -> bool:
    """Whether it begins with the line that comes before each message."""
    first, _, rest = head.partition(b"\n")
    return bool(_FROM.match(first)) and (mail.looks_like(rest) or len(rest) < 100)


def read(file: InputFile) -> Iterator[NewArticle | Failed | InputFile]:
    """Its messages and their attachments; an origin's part is the number of the message, then the attachment's name."""
    number = 0
    for number, data in enumerate(_messages(file), 1):
        part = str(number)
        try:
            if data is None:
                yield Failed(file.origin(part), f"it has more than {file.max_bytes:,} bytes (setting max_item_mb)")
            elif data.strip():
                yield from mail.read_message(file, data, part)
            else:
                yield Failed(file.origin(part), "the message is empty")
        except FormatError as error:
            yield Failed(file.origin(part), str(error))
    if not number:
        raise NoTextError("there is no message in it")


def _messages(file: InputFile) -> Iterator[bytes | None]:
    """The bytes of each message, or None for one that is too large, without having held much more."""
    lines: list[bytes] = []
    size, begun, blank, whole = 0, False, True, True
    while line := file.stream.readline(_LINE):
        if whole and blank and _FROM.match(line):
            if begun:
                yield b"".join(lines) if size <= file.max_bytes else None
            lines, size, begun, blank = [], 0, True, False
        elif begun:
            size += len(line)
            if size <= file.max_bytes:
                lines.append(line[1:] if whole and _QUOTED.match(line) else line)
            else:
                lines.clear()
        elif line.strip():
            raise UnreadableFileError("it does not begin with a line “From … 12:34:56 2023”, as a mailbox does")
        blank = whole and not line.strip()
        whole = line.endswith(b"\n")
    if begun:
        yield b"".join(lines) if size <= file.max_bytes else None
