"""Documents that are zip archives of XML: read within bounds, whatever the archive says of itself.

Nothing is ever written to a disk, and XML never resolves an entity or asks for anything outside its own bytes.
"""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from archive.errors import NoTextError, TooLargeError, UnreadableFileError

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_MEMBERS = 10_000
MAX_RATIO = 200
"""A member that grows more than so many times when it is unpacked is a trap; prose grows three to ten times."""

_HARMLESS = 2_000_000
"""Bytes of a member up to which its ratio does not matter."""

_ENTRY = b"PK\x01\x02"
_HEADER = struct.Struct("<4s5H3L2H")
_DESCRIPTOR = struct.Struct("<4s3L")
_SIZES_FOLLOW = 8
_BLOCK = 1 << 16


class Package:
    """A zip archive in memory, of which no more than `limit` bytes are ever unpacked."""

    def __init__(self, data: bytes, limit: int) -> None:
        """Raises UnreadableFileError for what is no zip archive, or a damaged one."""
        if not data.strip():
            raise NoTextError("the file is empty")
        if data.count(_ENTRY) > MAX_MEMBERS:
            raise TooLargeError(f"it has more than {MAX_MEMBERS:,} files inside")
        try:
            self._zip = ZipFile(BytesIO(data))
        except (BadZipFile, OSError, ValueError, struct.error, NotImplementedError) as error:
            raise UnreadableFileError(f"it is damaged or cut off: {_sentence(error)}") from error
        self._limit = limit
        self._left = limit

    @property
    def names(self) -> list[str]:
        """The names of the files inside, in the order of the archive."""
        return self._zip.namelist()

    def read(self, name: str) -> bytes:
        """A file inside; raises TooLargeError by the bytes that come out, whatever the archive states."""
        try:
            info = self._zip.getinfo(name)
            if info.flag_bits & 1:
                raise UnreadableFileError("it is protected with a password; save it without one first")
            allowed = min(self._left, max(_HARMLESS, MAX_RATIO * info.compress_size))
            data = b"".join(self._blocks(name, allowed))
        except KeyError as error:
            raise UnreadableFileError(f"it is incomplete: there is no {name} inside") from error
        except (BadZipFile, OSError, EOFError, ValueError, struct.error, zlib.error, NotImplementedError) as error:
            raise UnreadableFileError(f"{name} inside is damaged: {_sentence(error)}") from error
        self._left -= len(data)
        return data

    def _blocks(self, name: str, allowed: int) -> Iterator[bytes]:
        size = 0
        with self._zip.open(name) as member:
            while block := member.read(_BLOCK):
                size += len(block)
                if size > allowed:
                    limits = f"{self._limit:,} bytes (setting max_item_mb), and {MAX_RATIO} times its packed size"
                    raise TooLargeError(f"{name} inside unpacks to more than is allowed: {limits}")
                yield block

    def xml(self, name: str) -> "_Element":
        """The root of an XML file inside."""
        return parse_xml(self.read(name), name)


def first_members(head: bytes) -> Iterator[tuple[str, bytes]]:
    """The names in the first bytes of a zip archive, each with what follows it there, as it is packed.

    Only the archive's own: a file inside that is a zip archive, too, may stand in these bytes as it is.
    """
    at = 0
    while head.startswith(b"PK\x03\x04", at) and at + _HEADER.size <= len(head):
        _, _, flags, _, _, _, _, size, _, name, extra = _HEADER.unpack_from(head, at)
        start = at + _HEADER.size + name + extra
        yield head[at + _HEADER.size :][:name].decode("utf-8", "replace"), head[start:]
        at = _after_unknown_size(head, start) if flags & _SIZES_FOLLOW else start + size


def _after_unknown_size(head: bytes, start: int) -> int:
    """Where the next file begins after one whose size is written behind it, as programs do that write a stream."""
    at = head.find(b"PK\x07\x08", start)
    while 0 <= at <= len(head) - _DESCRIPTOR.size:
        if _DESCRIPTOR.unpack_from(head, at)[2] == at - start:
            return at + _DESCRIPTOR.size
        at = head.find(b"PK\x07\x08", at + 1)
    return len(head)


def parse_xml(data: bytes, name: str) -> "_Element":
    """The root of an XML document; raises UnreadableFileError. No entity is resolved, nothing is loaded."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise UnreadableFileError(f"{name} inside is no valid XML: {_sentence(error)}") from error


def local(element: Any) -> str:
    """The name of an element without its namespace; empty for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Any, name: str) -> str | None:
    """The value of an attribute in whatever namespace it is."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def all_text(element: Any) -> str:
    """All text in an element, or nothing where there is no element."""
    return "" if element is None else "".join(element.itertext())


def texts(root: Any) -> dict[str, list[str]]:
    """The texts of all elements that hold text only, by their local names, as files of metadata have them."""
    found: dict[str, list[str]] = {}
    for element in root.iter():
        if local(element) and not len(element) and (element.text or "").strip():
            found.setdefault(local(element), []).append(element.text.strip())
    return found


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
