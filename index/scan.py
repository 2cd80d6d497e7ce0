"""The words of documents as numbers, for whoever inverts them: what `analysis.tokenise` says, without its price.

Compiled code does it where it could be built when the archive was installed; the class here does the same without.
"""

import re
import threading
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice
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

    def take(self) -> tuple[bytes, bytes, bytes]:
        """The numbers (int32) and positions (uint32) of the words since the last call.

        And which of them are in capitals (int32), the first being 0; see `analysis.in_capitals`.
        """

    def forms(self) -> bytes:
        """The forms that are new since the last call, as words of no stemmer one after the other: `:form`, a zero byte.

        They are numbered from 0 on as they are met.
        """


class PlainScanner:
    """A scanner in Python alone: a chunk between two spaces is analysed once and remembered."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._told = 0
        self._words = array("i")
        self._positions = array("I")
        self._capitals = array("i")

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
            words = [word for chunk in _SPACES.split(paragraph) for word in _forms(chunk, dialect)]
            if words:
                position += analysis.PARAGRAPH_GAP if parted else 0
                self._capitals.extend([at for at, (_, capitals) in enumerate(words, len(self._words)) if capitals])
                self._words.extend([numbers.setdefault(form, len(numbers)) for form, _ in words])
                self._positions.extend(range(position, position + len(words)))
                position += len(words)
                parted = True
        return position

    def take(self) -> tuple[bytes, bytes, bytes]:
        """See `Scanner.take`."""
        taken = self._words.tobytes(), self._positions.tobytes(), self._capitals.tobytes()
        self._words, self._positions, self._capitals = array("i"), array("I"), array("i")
        return taken

    def forms(self) -> bytes:
        """See `Scanner.forms`."""
        new = [f":{form}\0" for form in islice(self._numbers, self._told, None)]
        self._told += len(new)
        return "".join(new).encode()


_SPACES = re.compile("[ \n]+")


@lru_cache(maxsize=500_000)
def _forms(chunk: str, dialect: int) -> tuple[tuple[str, bool], ...]:
    tokens = analysis.tokenise(chunk, DIALECTS[dialect])
    return tuple((token.form, analysis.in_capitals(chunk[token.start : token.end])) for token in tokens)


Hit = tuple[int, int, int, int]
"""Where a wanted form stands in a text: start and end, its position in the row of words, and which form it is."""

Finder = Callable[[str, int], list[Hit]]
"""Finds forms in a text of a dialect."""


def _analyse(chunk: str, dialect: int) -> Sequence[analysis.Token]:
    return analysis.tokenise(chunk, DIALECTS[dialect])


def _compiled() -> "_scan.Scanner":
    elided = _scan.wanted(sorted(analysis.ELIDED))
    return _scan.Scanner(analysis.classify, _analyse, elided, analysis.PARAGRAPH_GAP, analysis.MAX_FORM)


class _Finding(threading.local):
    """The scanner of a thread for all its finding: it remembers the chunks that it had to ask about.

    Each thread has its own, since a scanner is at one text at a time, and asking lets other threads go on.
    """

    scanner: "_scan.Scanner | None" = None
    finders = 0

    def find(self) -> "Callable[[str, int, _scan.Wanted], list[Hit]]":
        """What finds, for one more finder. What is remembered is given up from time to time, since it only grows."""
        if not self.scanner or self.finders >= _TURN:
            self.scanner, self.finders = _compiled(), 0
        self.finders += 1
        return self.scanner.find


_TURN = 4_000
"""Finders for which a thread uses the same scanner."""

_finding = _Finding()


def make_finder(forms: Sequence[str]) -> Finder:
    """Finds these forms (none given twice) in texts; their numbers are their places in the sequence."""
    if _scan:
        wanted, find = _scan.wanted(forms), _finding.find()
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
