"""The words of documents as numbers, for whoever inverts them: what `analysis.tokenise` says, without its price.

Compiled code does it where it could be built when the archive was installed; the class here does the same without.
"""

import re
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count, islice
from typing import Protocol

from index import analysis

try:
    from index import _scan
except ImportError:  # it was installed without a compiler
    _scan = None  # type: ignore[assignment]

DIALECTS = (None, "tr")
"""The languages that `analysis.tokenise` tells apart, by number."""


class Scanner(Protocol):
    """Numbers the forms of documents as they are met."""

    def add(self, title: str, body: str, dialect: int) -> tuple[int, int]:
        """Scan a document; returns how many words it has and the position before which they are in its title.

        Positions go on from title to body as from one paragraph to the next.
        """

    def take(self) -> tuple[bytes, bytes]:
        """The numbers (int32) and positions (uint32) of the words since the last call."""

    def forms(self) -> tuple[bytes, bytes]:
        """The forms that are new since the last call, in UTF-8 one after the other, and the length of each (int64).

        They are numbered from 0 on as they are met.
        """


class PlainScanner:
    """A scanner in Python alone: a chunk between two spaces is analysed once and remembered."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._told = 0
        self._words = array("i")
        self._positions = array("I")

    def add(self, title: str, body: str, dialect: int) -> tuple[int, int]:
        """See `Scanner.add`."""
        before = len(self._words)
        end = self._scan(title, dialect, 0)
        self._scan(body, dialect, end + analysis.PARAGRAPH_GAP if end else 0)
        return len(self._words) - before, end

    def _scan(self, text: str, dialect: int, position: int) -> int:
        numbers = self._numbers
        parted = False
        for paragraph in text.split("\n\n"):
            words = [form for chunk in _SPACES.split(paragraph) for form in _forms(chunk, dialect)]
            if words:
                position += analysis.PARAGRAPH_GAP if parted else 0
                self._words.extend([numbers.setdefault(form, len(numbers)) for form in words])
                self._positions.extend(range(position, position + len(words)))
                position += len(words)
                parted = True
        return position

    def take(self) -> tuple[bytes, bytes]:
        """See `Scanner.take`."""
        taken = self._words.tobytes(), self._positions.tobytes()
        self._words, self._positions = array("i"), array("I")
        return taken

    def forms(self) -> tuple[bytes, bytes]:
        """See `Scanner.forms`."""
        new = [form.encode() for form in islice(self._numbers, self._told, None)]
        self._told += len(new)
        return b"".join(new), array("q", map(len, new)).tobytes()


_SPACES = re.compile("[ \n]+")


@lru_cache(maxsize=500_000)
def _forms(chunk: str, dialect: int) -> tuple[str, ...]:
    return tuple(token.form for token in analysis.tokenise(chunk, DIALECTS[dialect]))


Hit = tuple[int, int, int, int]
"""Where a wanted form stands in a text: start and end, its position in the row of words, and which form it is."""

Finder = Callable[[str, int], list[Hit]]
"""Finds forms in a text of a dialect."""


def _analyse(chunk: str, dialect: int) -> Sequence[analysis.Token]:
    return analysis.tokenise(chunk, DIALECTS[dialect])


def _compiled() -> "_scan.Scanner":
    elided = _scan.wanted(sorted(analysis.ELIDED))
    return _scan.Scanner(analysis.classify, _analyse, elided, analysis.PARAGRAPH_GAP, analysis.MAX_FORM)


@lru_cache(maxsize=1)
def _finding(turn: int) -> "_scan.Scanner":  # noqa: ARG001  # another turn, another scanner
    """One scanner for all finding: it remembers the chunks that it had to ask about, whatever was looked for."""
    return _compiled()


_TURN = 4_000
_made = count()
"""Finders; after so many what is remembered is given up, since it only grows."""


def make_finder(forms: Sequence[str]) -> Finder:
    """Finds these forms (none given twice) in texts; their numbers are their places in the sequence."""
    if _scan:
        wanted, find = _scan.wanted(forms), _finding(next(_made) // _TURN).find
        return lambda text, dialect: find(text, dialect, wanted)
    numbers = {form: number for number, form in enumerate(forms)}

    def find_plainly(text: str, dialect: int) -> list[Hit]:
        return [
            (token.start, token.end, token.position, numbers[token.form])
            for token in analysis.tokenise(text, DIALECTS[dialect])
            if token.form in numbers
        ]

    return find_plainly


def make_scanner() -> Scanner:
    """The fastest scanner that there is."""
    if not _scan:
        return PlainScanner()
    scanner: Scanner = _compiled()
    return scanner
