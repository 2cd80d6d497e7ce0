"""Tar archives, read as they come: each file in one is read like one of a folder. Nothing is written to disk."""

import re
from collections.abc import Iterator
from io import SEEK_CUR, BufferedIOBase
from typing import IO, TYPE_CHECKING, Any, cast

from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.members import LEADS_OUTSIDE, clean_name, is_hidden, leads_outside
from archive.streams import buffered

if TYPE_CHECKING:
    from tarfile import TarFile, TarInfo

SUFFIXES = (".tar", ".tgz", ".tbz2", ".txz")

_BLOCK = 512
_MAX_READ = 1 << 20
"""Bytes that are read in one go; only a made-up header has more."""


def looks_like(head: bytes) -> bool:
    """Whether it begins with a header of a file: what POSIX wrote into it, or a checksum that is right."""
    header = head[:_BLOCK]
    if header[257:262] == b"ustar":
        return True
    stated = re.fullmatch(rb" *([0-7]{1,7})[ \0]*", header[148:156])
    if not stated or len(header) < _BLOCK:
        return False
    return sum(header[:148] + b" " * 8 + header[156:]) == int(stated[1], 8)


def read(file: InputFile) -> Iterator[Failed | Skipped | InputFile]:
    """The files in it, in the order in which they stand there; an origin's part is the name."""
    import tarfile

    first = file.stream.read(_BLOCK)
    if not first.strip(b"\0 \t\r\n"):
        raise NoTextError("the file is empty")
    try:
        archive = tarfile.open(fileobj=cast(Any, _Forward(first, file.stream)), mode="r:")  # noqa: SIM115
    except FormatError:
        raise
    except Exception as error:  # of damaged headers anything may come: ValueError, OverflowError …
        raise UnreadableFileError(f"the tar archive is damaged: {error}") from error
    empty = True
    while info := _next(archive):
        if found := _member(file, archive, info):
            empty = False
            yield found
    if empty:
        raise NoTextError("there is no file in the archive")


def _next(archive: "TarFile") -> "TarInfo | None":
    try:
        info = archive.next()
    except FormatError:
        raise
    except Exception as error:
        raise UnreadableFileError(
            f"the tar archive is damaged or cut off ({error}); what came before was read"
        ) from error
    archive.members.clear()  # type: ignore[attr-defined]  # which only who asks for a name needs
    return info


def _member(file: InputFile, archive: "TarFile", info: "TarInfo") -> Failed | Skipped | InputFile | None:
    name = clean_name(info.name)
    origin = file.origin(name)
    if info.isdir() or is_hidden(name):
        return None
    if leads_outside(name):
        return Skipped(origin, LEADS_OUTSIDE)
    if info.issym() or info.islnk():
        return Skipped(origin, "it is a link")
    if not info.isfile():
        return Skipped(origin, "it is no regular file")
    if info.issparse():
        return Skipped(origin, "it is a file with holes, which no article has")
    content = cast("IO[bytes]", archive.extractfile(info))

    def unpack(size: int) -> bytes:
        try:
            return content.read(size)
        except FormatError:
            raise
        except Exception as error:
            raise UnreadableFileError(f"it is cut off: {error}") from error

    return file.member(name, buffered(unpack))


class _Forward:
    """A stream as tarfile reads it, which never goes back.

    What goes before a file in an archive is read at once, however large it claims to be: so more than that is refused.
    """

    def __init__(self, first: bytes, stream: BufferedIOBase) -> None:
        self._first = first
        self._stream = stream
        self._at = 0

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        goal = self._at + offset if whence == SEEK_CUR else offset
        while self._at < goal and self.read(min(goal - self._at, _MAX_READ)):
            pass
        return self._at

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _MAX_READ:
            raise UnreadableFileError("the tar archive is damaged: one of its headers is longer than any can be")
        data, self._first = self._first[:size], self._first[size:]
        data += self._stream.read(size - len(data))
        self._at += len(data)
        return data
