"""The lines of a PDF's pages, as PDFium finds them.

PDFium is the engine of Chrome, and the best of three that were compared on printed pages of known text. pypdf and
pdfminer.six find the same words in Latin scripts in several times the time; pdfminer.six mixes some columns up, and
the two put the words of an Arabic line in the wrong order.
"""

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, takewhile

import pypdfium2
import pypdfium2.raw as pdfium

from archive.formats.layout import Line

_LINE_ENDS = (0, 10, 13)
_CODES = 0x110000
_HYPHENS = (0x02, 0xFFFE)
"""What PDFium puts where a word is broken at the end of a line, instead of a hyphen and a line break."""


Edges = tuple[float, float]

_Letter = tuple[str, int]
"""A character, and its place among those of the page."""


def lines(page: pypdfium2.PdfPage) -> list[Line]:
    """The lines of a page, in the order in which the file draws them. Raises PdfiumError for a page that is damaged."""
    found = list(_Page(page.get_textpage(), page.get_rotation()).lines())
    if 2 * sum(_is_rtl(line.text) for line in found) > len(found):
        return [replace(line, left=-line.right, right=-line.left) for line in found]
    return found


@dataclass(frozen=True, slots=True)
class _Page:
    """The characters of a page that is turned clockwise by so many degrees when it is shown."""

    text: pypdfium2.PdfTextPage
    rotation: int

    def lines(self) -> Iterator[Line]:
        """The lines that are not empty."""
        letters: list[_Letter] = []
        for at in range(self.text.count_chars()):
            code = pdfium.FPDFText_GetUnicode(self.text, at)
            if code not in _LINE_ENDS:
                character = "-" if code in _HYPHENS else chr(code) if code < _CODES else "\ufffd"
                if character.isdigit() and letters and letters[-1][0].isalpha() and self._is_raised(at, letters[-1][1]):
                    letters.append((" ", at))
                letters.append((character, at))
            if code in _LINE_ENDS or code in _HYPHENS:
                yield from self._line(letters)
                letters = []
        yield from self._line(letters)

    def _line(self, letters: list[_Letter]) -> Iterator[Line]:
        """The line of these letters; it stands where most of them stand."""
        placed = [letter for letter in letters if not letter[0].isspace()]
        if not placed:
            return
        drawn = any(_direction(character) in ("R", "AL") for character, _ in placed)
        words = " ".join("".join(self._in_order(letters) if drawn else (each for each, _ in letters)).split())
        first = list(takewhile(lambda letter: not letter[0].isspace(), letters[letters.index(placed[0]) :]))
        left, right = self._extent(placed if drawn else [placed[0], placed[-1]])
        start, end = self._extent(first if drawn else [first[0], first[-1]])
        size, base = sorted(self._size_and_base(placed[at][1]) for at in (0, len(placed) // 2, -1))[1]
        yield Line(words, left, right, base, base + size, end - start)

    def _extent(self, letters: list[_Letter]) -> Edges:
        edges = [self._edges(at) for _, at in letters]
        return min(left for left, _ in edges), max(right for _, right in edges)

    def _edges(self, at: int) -> Edges:
        """The left and the right edge of a letter."""
        box = pdfium.FS_RECTF()
        pdfium.FPDFText_GetLooseCharBox(self.text, at, ctypes.byref(box))
        first, second = self._upright(box.left, box.bottom)[0], self._upright(box.right, box.top)[0]
        return min(first, second), max(first, second)

    def _size_and_base(self, at: int) -> tuple[float, float]:
        """The size of a letter's font, and the height of the line on which the letter stands."""
        matrix = pdfium.FS_MATRIX()
        x, y = ctypes.c_double(), ctypes.c_double()
        pdfium.FPDFText_GetMatrix(self.text, at, ctypes.byref(matrix))
        pdfium.FPDFText_GetCharOrigin(self.text, at, ctypes.byref(x), ctypes.byref(y))
        scale = math.hypot(matrix.c, matrix.d) or 1.0
        return pdfium.FPDFText_GetFontSize(self.text, at) * scale, self._upright(x.value, y.value)[1]

    def _is_raised(self, at: int, before: int) -> bool:
        """Whether a number is that of a note, and no part of the word before it."""
        size, base = self._size_and_base(at)
        usual, line = self._size_and_base(before)
        return size < 0.85 * usual and base > line

    def _upright(self, x: float, y: float) -> tuple[float, float]:
        """The place on the page as it is shown."""
        return {90: (y, -x), 180: (-x, -y), 270: (-y, x)}.get(self.rotation, (x, y))

    def _in_order(self, letters: list[_Letter]) -> Iterator[str]:
        """The letters as they are read: PDFium leaves some words of scripts from right to left as they are drawn."""
        for rtl, group in groupby(letters, lambda letter: _direction(letter[0]) in ("R", "AL", "NSM")):
            run = list(group)
            edges = [self._edges(at) for _, at in run] if rtl else []
            one_glyph = len(edges) > 2 and len(set(edges)) == 1
            drawn = len(edges) > 1 and (edges[0][0] < edges[-1][0] or one_glyph)
            yield from (character for character, _ in (reversed(run) if drawn else run))


def _is_rtl(text: str) -> bool:
    """Whether most of the letters are of a script that is written from right to left."""
    directions = [_direction(character) for character in text]
    return sum(each in ("R", "AL") for each in directions) > directions.count("L")


def _direction(character: str) -> str:
    return "L" if character.isascii() else unicodedata.bidirectional(character)
