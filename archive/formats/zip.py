"""Zip archives: each file in one is read like one of a folder. Nothing is written to disk."""

from collections.abc import Iterator
from contextlib import closing
from io import BufferedIOBase
from typing import TYPE_CHECKING

from archive.errors import NoTextError, UnknownFormatError, UnreadableFileError
from archive.formats import omnivore
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.members import ENCRYPTED, LEADS_OUTSIDE, clean_name, is_hidden, leads_outside
from archive.formats.package import first_members
from archive.streams import buffered, in_memory
from archive.types import NewArticle

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

SUFFIXES = (".zip",)

_BLANK = 1_024
_DOCUMENT_MEMBERS = frozenset({"mimetype", "[Content_Types].xml"})


def looks_like(head: bytes) -> bool:
    """Whether it begins like a zip archive, and not like a document that is one: DOCX, ODT, EPUB …"""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06")) and not is_document(head)


def is_document(head: bytes) -> bool:
    """Whether the beginning of a zip archive has what every document of an office or an e-book has."""
    return any(name in _DOCUMENT_MEMBERS for name, _ in first_members(head))


def read(file: InputFile) -> Iterator[NewArticle | Failed | Skipped | InputFile]:
    """The files in it, in the order in which they stand there; an origin's part is the name."""
    import zipfile

    stream: BufferedIOBase = file.stream if file.stream.seekable() else in_memory(file.whole())
    try:
        archive = zipfile.ZipFile(stream)
    except Exception as error:  # of a damaged directory anything may come: struct.error, UnicodeDecodeError …
        stream.seek(0)
        if not stream.read(_BLANK).strip():
            raise NoTextError("the file is empty") from error
        raise UnreadableFileError(f"the zip archive is damaged or cut off: {error}") from error
    with closing(archive):
        if _DOCUMENT_MEMBERS & set(archive.namelist()):
            raise UnknownFormatError(
                "this is a document of an office program or an e-book that the archive does not read"
            )
        empty = True
        for found in _members(file, archive):
            empty = False
            yield found
        if empty:
            raise NoTextError("there is no file in the archive")


def _members(file: InputFile, archive: "ZipFile") -> Iterator[NewArticle | Failed | Skipped | InputFile]:
    names = archive.namelist()
    if entries := omnivore.lists(names, lambda name: _member(file, archive, archive.getinfo(name))):
        yield from omnivore.read(names, entries, lambda name: _member(file, archive, archive.getinfo(name)))
        return
    for info in archive.infolist():
        if found := _member(file, archive, info):
            yield found


def _member(file: InputFile, archive: "ZipFile", info: "ZipInfo") -> Failed | Skipped | InputFile | None:
    name = clean_name(info.filename)
    origin = file.origin(name)
    if info.is_dir() or is_hidden(name):
        return None
    if leads_outside(name):
        return Skipped(origin, LEADS_OUTSIDE)
    if info.external_attr >> 28 == 0o12:  # where Unix keeps a file's kind
        return Skipped(origin, "it is a symbolic link")
    if info.flag_bits & 1:
        return Failed(origin, ENCRYPTED)
    try:
        opened = archive.open(info)
    except Exception as error:  # noqa: BLE001  # NotImplementedError, BadZipFile, struct.error …
        return Failed(origin, f"it cannot be unpacked: {error}")

    def unpack(size: int) -> bytes:
        try:
            return opened.read(size)
        except Exception as error:
            raise UnreadableFileError(f"it cannot be unpacked: {error or 'it is cut off'}") from error

    return file.member(name, buffered(file.expansion.limit(unpack, lambda: info.compress_size)))
