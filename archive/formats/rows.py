"""Rows of a delimited text (RFC 4180 and what programs make of it), read one at a time in bounded memory."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper

from archive.encoding import open_text, peek_text
from archive.errors import TooLargeError
from archive.formats.file import InputFile
from archive.formats.record import field_of

DELIMITERS = (",", ";", "\t", "|")

_STATED = re.compile(r"sep=(.)\s*$")  # how Excel is told a delimiter
_END = "\x00\ufdd0\x00"  # fed after the last line: where it is not a row of its own, a quote was never closed


@dataclass(frozen=True, slots=True)
class Row:
    """A row, numbered from 1 as a spreadsheet does, as it was written; `fault` says why it cannot be used."""

    number: int
    cells: tuple[str, ...]
    text: str
    fault: str | None = None


def header_of(head: bytes) -> tuple[str, ...]:
    """The cells of the first row of a file that begins so."""
    lines = iter(peek_text(head).removeprefix("\ufeff").splitlines())
    line = next((line for line in lines if line.strip()), "")
    if stated := _STATED.match(line):
        return _cells(next(lines, ""), stated[1])
    return _cells(line, delimiter_of(line))


def delimiter_of(header: str) -> str:
    """The delimiter with which most of a header is known, else the one that makes most columns of it."""
    found = {each: _cells(header, each) for each in DELIMITERS}
    return max(DELIMITERS, key=lambda each: (sum(map(bool, map(field_of, found[each]))), len(found[each])))


def read_rows(file: InputFile) -> Iterator[Row]:
    """The rows of a file, the header among them, blank ones left out.

    A row that is too long, and one with a quote that is never closed, comes with its fault and without cells.
    """
    csv.field_size_limit(2**31 - 1)  # what is too long is told here, so that the row after it is found
    lines = _Lines(open_text(file.stream), file.max_bytes)
    line = lines.first()
    if stated := _STATED.match(line):
        delimiter = stated[1]
    else:
        delimiter = delimiter_of(line)
        lines.put_back(line)
    lines.delimiter = delimiter
    before = 1 if stated else 0
    for number, cells in enumerate(csv.reader(lines, delimiter=delimiter), 1 + before + lines.blank):
        text, too_long = lines.take()
        if cells == [_END]:
            return
        if cells and cells[-1].endswith(_END):
            yield Row(number, (), text, "it opens a quote that is never closed; the lines after it are part of it")
        elif too_long:
            yield Row(number, (), "", f"the row has more than {file.max_bytes:,} bytes (setting max_item_mb)")
        elif any(map(str.strip, cells)):
            yield Row(number, tuple(cells), text)


class _Lines:
    """The lines of a text as `csv.reader` wants them, remembering what was taken for the row at hand.

    Of a row that is too long only what parts its cells goes on to the reader, so that it is never held whole.
    """

    def __init__(self, text: TextIOWrapper, limit: int) -> None:
        self._text = text
        self._limit = limit
        self._waiting = ""
        self._taken: list[str] = []
        self._size = self._bare = 0
        self._ended = False
        self.blank = 0
        self.delimiter = ","

    def first(self) -> str:
        """The first line that is not blank."""
        line = self._text.readline(self._limit).removeprefix("\ufeff")
        while line.isspace():
            self.blank += 1
            line = self._text.readline(self._limit)
        return line

    def put_back(self, line: str) -> None:
        """Have this line come first."""
        self._waiting = line

    def take(self) -> tuple[str, bool]:
        """The row as it was written, and whether it is too long; what follows is the next row."""
        text, too_long = "".join(self._taken), self._size > self._limit
        self._taken, self._size, self._bare = [], 0, 0
        return text, too_long

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        pieces: list[str] = []
        while piece := self._waiting or self._text.readline(self._limit):
            self._waiting = ""
            pieces.append(self._note(piece))
            if piece.endswith(("\n", "\r")):
                break
        if not pieces:
            if self._ended:
                raise StopIteration
            self._ended = True
            return _END
        return "".join(pieces)

    def _note(self, piece: str) -> str:
        self._size += len(piece)
        if self._size <= self._limit:
            self._taken.append(piece)
            return piece
        self._taken.clear()
        bare = re.sub(rf'[^"\r\n{re.escape(self.delimiter)}]+', "x", piece)
        self._bare += len(bare)
        if self._bare > self._limit:
            raise TooLargeError(
                f"a row of it has far more than {self._limit:,} bytes, most likely because a quote is never closed"
            )
        return bare


def _cells(line: str, delimiter: str) -> tuple[str, ...]:
    return tuple(cell.strip().removeprefix("\ufeff") for cell in next(csv.reader([line], delimiter=delimiter), []))
