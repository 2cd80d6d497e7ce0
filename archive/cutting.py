"""Cuts large files of lines, so that several processes read one: each line is whole, and knows its number."""

import mmap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath

from archive.paths import File, open_file

PIECE = 4_000_000
"""Bytes of a piece, about: enough that beginning one does not matter, little enough that all processes have some."""

FORMAT = "jsonl"
SUFFIXES = (".jsonl", ".ndjson")
"""Names that say that every line is by itself."""


def pieces(file: File, format_: str | None) -> list[File]:
    """The pieces of a file, in order; the file itself where it is small, compressed, or of anything but lines.

    `format_` is what the user says that every file is. Raises OSError.
    """
    if file.size < 2 * PIECE or PurePath(file.name).suffix.lower() not in SUFFIXES or (format_ or FORMAT) != FORMAT:
        return [file]
    with open_file(file) as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if not data[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return [file]
        return list(_cut(file, data))


def _cut(file: File, data: mmap.mmap) -> Iterator[File]:
    first, line = 0, 1
    while first < len(data):
        end = data.find(b"\n", min(first + PIECE, len(data)))
        last = len(data) if end < 0 else end + 1
        yield replace(file, format=FORMAT, size=last - first, first=first, line=line)
        line += data[first:last].count(b"\n")
        first = last
