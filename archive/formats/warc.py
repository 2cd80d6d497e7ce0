"""Web archives, WARC (ISO 28500) and the ARC files before it: each page and text that was fetched is read like a file.

Only what answers hold is an item: the requests, and what a crawler wrote down beside them, are not.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.http import body_of
from archive.normalise import clean_line
from archive.streams import in_memory

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord

SUFFIXES = (".warc", ".arc")

_ITEMS = ("response", "resource", "conversion", "revisit")
_READ = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt", "application/pdf": ".pdf",
    "application/epub+zip": ".epub", "application/rtf": ".rtf", "text/rtf": ".rtf", "text/markdown": ".md",
    "application/msword": ".doc", "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}  # fmt: skip
"""The media types that articles have, and the suffix that says the same."""

_FETCHED = re.compile(r"(?:https?|ftp|file):", re.IGNORECASE)
"""Addresses of what was fetched; under others crawlers keep what they note themselves, such as metadata: and dns:."""

_MAX_HEAD = 1 << 20
_BLOCK = 1 << 16


def looks_like(head: bytes) -> bool:
    """Whether it begins with a record of WARC, or with the description that begins an ARC file."""
    return bool(re.match(rb"WARC/\d|filedesc:\S+ \S+ \d{8,14} ", head))


def read(file: InputFile) -> Iterator[Failed | Skipped | InputFile]:
    """What was fetched, in the order of the file; an origin's part is a record's identifier, or its place in bytes."""
    stream = _Guarded(file.stream)
    empty = True
    for record, place in _records(stream):
        if record.rec_type in _ITEMS and _FETCHED.match(_url(record)):
            empty = False
            yield _item(file, record, place, stream)
    if empty:
        raise NoTextError("there is no page in it" if stream.read_any else "the file is empty")


def _records(stream: "_Guarded") -> "Iterator[tuple[ArcWarcRecord, int]]":
    from warcio.archiveiterator import ArchiveIterator

    records = ArchiveIterator(stream, verify_http=False)
    while True:
        stream.limit = _MAX_HEAD
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # on which it tells of what is odd
                record = next(records, None)
        except FormatError:
            raise
        except Exception as error:  # ArchiveLoadFailed, and whatever else damaged records lead to
            reason = clean_line(str(error))[:200]
            raise UnreadableFileError(f"the web archive is damaged: {reason}; what came before was read") from error
        if record is None:
            return
        yield record, records.offset
        stream.limit = None
        while record.raw_stream.read(_BLOCK):
            pass


def _item(file: InputFile, record: "ArcWarcRecord", place: int, stream: "_Guarded") -> Failed | Skipped | InputFile:
    headers, http = record.rec_headers, record.http_headers
    url = _url(record)
    part = (headers.get_header("WARC-Record-ID") or str(place)).strip("<> ")
    status = http.get_statuscode() if http else ""
    kind, charset = _media_type((http.get_header("Content-Type") if http else record.content_type) or "")
    origin = file.origin(part)
    if record.rec_type == "revisit":
        return Skipped(origin, f"it was fetched before, and had not changed ({url})")
    if status and not status.startswith("2"):
        return Skipped(origin, f"the server answered {status} instead of a page ({url})")
    if kind not in _READ:
        return Skipped(origin, f"it is {kind or 'of no type that is told'}, which is no article ({url})")
    stream.limit = None
    try:
        data = record.raw_stream.read(file.max_bytes + 1)
        body = in_memory(body_of(data, http.get_header if http else {}.get, file.max_bytes))
    except FormatError as error:
        return Failed(origin, f"{error} ({url})")
    day = _day(headers.get_header("WARC-Date") or headers.get_header("archive-date") or "")
    note = f"it has no date; it was fetched on {day}" if day else None
    return file.member(part, body, name=f"page{_READ[kind]}", url=url, charset=charset, note=note)


def _url(record: "ArcWarcRecord") -> str:
    headers = record.rec_headers
    return str(headers.get_header("WARC-Target-URI") or headers.get_header("uri") or "").strip("<> ")


def _media_type(value: str) -> tuple[str, str | None]:
    found = re.search(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]+)", value, re.IGNORECASE)
    return clean_line(value.partition(";")[0])[:80].lower(), found[1] if found else None


def _day(written: str) -> str | None:
    """The day of `2014-02-16T05:02:21Z` or `20140216050221`."""
    found = re.match(r"(\d{4})-?(\d\d)-?(\d\d)", written)
    return "-".join(found.groups()) if found else None


class _Guarded:
    """The stream as warcio reads it, which would look for the end of a line without end."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self.limit: int | None = _MAX_HEAD
        self.read_any = False

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self.read_any = self.read_any or not data.isspace()
        if self.limit is not None:
            self.limit -= len(data)
            if self.limit < 0:
                raise UnreadableFileError("the web archive is damaged: a record's head has no end")
        return data
