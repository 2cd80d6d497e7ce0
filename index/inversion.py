"""From documents to occurrences: the words of each document in order, numbered over all of them."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from index import analysis
from index.dictionary import NO_STRINGS, Strings, gather
from index.keys import Counts, Grouped, Keys, Layout, Numbers, OwnGroups, Run, SpilledRun, count_words, group, keys_in
from index.merge import FORM, number_words
from index.scan import DIALECTS, make_scanner

_T = TypeVar("_T", bound=np.generic)

Text = tuple[str, str, str | None]
"""What is inverted of a document: a title, a body and its language."""


class _Forms:
    """The forms that a scanner has met, by number, as the words that they are without a stemmer."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._count = 0
        self._bounds = np.zeros(1024, dtype=np.int64)

    def __len__(self) -> int:
        return self._count

    def add(self, text: bytes) -> None:
        """Take in what `Scanner.forms` gives."""
        ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 0) + (len(self._text) + 1)
        self._text += text
        self._bounds = _grown(self._bounds, self._count + len(ends) + 1)
        self._bounds[self._count + 1 : self._count + len(ends) + 1] = ends
        self._count += len(ends)

    def names(self, numbers: NDArray[np.intp]) -> list[str]:
        """Some of them as strings."""
        starts = self._bounds[numbers] + 1  # after the colon
        text = gather(np.frombuffer(self._text, dtype=np.uint8), starts, self._bounds[numbers + 1] - starts)
        return text.tobytes().decode().split("\0")[:-1]

    def words(self) -> Strings:
        """All of them as arrays. Not to be kept: none can be added meanwhile."""
        bounds = self._bounds[: self._count + 1]
        return Strings(np.frombuffer(self._text, dtype=np.uint8), bounds[:-1], np.diff(bounds))


def _grown(array: NDArray[_T], size: int, fill: int = 0) -> NDArray[_T]:
    """An array with room for so many numbers, which is doubled where there is none."""
    if len(array) >= size:
        return array
    return np.concatenate([array, np.full(2 * size - len(array), fill, dtype=array.dtype)])


class _Words:
    """Words by number, each a term and a form as `merge.FORM` says. Most have no stemmer: only their forms are kept."""

    def __init__(self) -> None:
        self.count = 0
        self._plain: list[tuple[NDArray[np.int32], NDArray[np.intp]]] = []
        self._stemmed: list[NDArray[np.int32]] = []
        self._names: list[str] = []

    def add_plain(self, forms: NDArray[np.intp]) -> NDArray[np.int32]:
        """Numbers for words of forms without a stemmer."""
        numbers = self._number(len(forms))
        self._plain.append((numbers, forms))
        return numbers

    def add_stemmed(self, words: list[str]) -> NDArray[np.int32]:
        """Numbers for words."""
        self._names += words
        self._stemmed.append(self._number(len(words)))
        return self._stemmed[-1]

    def _number(self, count: int) -> NDArray[np.int32]:
        self.count += count
        return np.arange(self.count - count, self.count, dtype=np.int32)

    def strings(self, forms: Strings) -> Strings:
        """All of them as arrays."""
        stemmed = Strings.encode(self._names)
        starts, lengths = (np.empty(self.count, dtype=np.int64) for _ in range(2))
        for numbers, own in self._plain:
            starts[numbers], lengths[numbers] = forms.starts[own], forms.lengths[own]
        numbers = np.concatenate([np.zeros(0, dtype=np.int32), *self._stemmed])
        starts[numbers], lengths[numbers] = stemmed.starts + len(forms.text), stemmed.lengths
        return Strings(np.concatenate([forms.text, stemmed.text]), starts, lengths)


class Inverter:
    """Inverts one field of many documents. It grows with their vocabulary, not with their number, bar what it holds.

    Where there is a file for it, that is held there.
    """

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._scanner = make_scanner()
        self._forms = _Forms()
        self.words = Occurrences(self._forms, file)
        self.capitals = Occurrences(self._forms, file)
        """Those of the words that are written in capitals, without their stems."""
        self.titles: list[Counts] = []
        self.paragraphs: list[Counts] = []
        self.paragraph_counts: list[Counts] = []

    def add(self, documents: Sequence[Text]) -> None:
        """Invert documents, as one run."""
        dialects = {language: number for number, language in enumerate(DIALECTS)}
        if not documents:
            return
        add = self._scanner.add
        found = [add(title, body, dialects.get(language, 0)) for title, body, language in documents]
        lengths, titles = np.ascontiguousarray(np.array(found, dtype=np.int64).T)
        taken, placed, capital = self._scanner.take()
        forms, positions = np.frombuffer(taken, dtype=np.int32), np.frombuffer(placed, dtype=np.uint32)
        capitals = np.frombuffer(capital, dtype=np.int32)
        self._forms.add(self._scanner.forms())
        ends = np.cumsum(lengths)
        self.titles.append(titles)
        starts = _paragraph_starts(positions, ends - lengths)
        self.paragraphs.append(positions[starts].astype(np.int64))
        self.paragraph_counts.append(_count(starts, ends))
        self.words.add(forms, positions, lengths, [analysis.stemmer_of(language) for _, _, language in documents])
        none = [analysis.NO_STEMMER] * len(documents)
        self.capitals.add(forms[capitals], positions[capitals], _count(capitals, ends), none)

    def finish(self) -> None:
        """Give up what is needed only to add more: nothing can be added any more."""
        del self._scanner
        self.words.finish()
        self.capitals.finish()

    def forget(self, count: int) -> None:
        """Keep only the first documents, as many as were there before some call of `add`."""
        self._scanner.take()
        self.words.forget(count)
        self.capitals.forget(count)
        for parts in (self.titles, self.paragraphs, self.paragraph_counts):
            del parts[len(self.words.runs) :]


def _paragraph_starts(positions: NDArray[np.uint32], firsts: Counts) -> NDArray[np.intp]:
    """Which words begin a paragraph other than the first of their document: where positions are left out."""
    is_start = np.zeros(len(positions), dtype=bool)
    is_start[1:] = positions[1:] != positions[:-1] + np.uint32(1)
    is_start[firsts[firsts < len(positions)]] = False
    return np.flatnonzero(is_start)


def _count(which: NDArray[np.int32] | NDArray[np.intp], ends: Counts) -> Counts:
    """How many of these words, ascending, each document has."""
    return np.diff(np.searchsorted(which, ends), prepend=0)


class Occurrences:
    """Words of many documents, numbered, in runs."""

    def __init__(self, forms: _Forms, file: BinaryIO | None = None) -> None:
        self._forms, self._file = forms, file
        self._words = _Words()
        self._word_of: dict[str, NDArray[np.int32]] = {}
        self._max_position = 0
        self.runs: list[Run | SpilledRun] = []
        self.lengths: list[Counts] = []
        self.documents = 0

    def add(
        self, forms: NDArray[np.int32], positions: NDArray[np.uint32], lengths: Counts, stemmers: list[str]
    ) -> None:
        """Add the forms of documents, of so many words each, as one run."""
        run = Run(self._words_of(forms, lengths, stemmers), positions, self.documents, lengths)
        self.runs.append(SpilledRun(run, self._file) if self._file and len(positions) else run)
        self._max_position = max(self._max_position, int(positions.max(initial=0)))
        self.lengths.append(lengths)
        self.documents += len(lengths)

    def finish(self) -> None:
        """See `Inverter.finish`."""
        self._word_of.clear()

    def forget(self, count: int) -> None:
        """See `Inverter.forget`."""
        while self.documents > count:
            self.documents = self.runs.pop().first
            self.lengths.pop()

    def _words_of(self, forms: NDArray[np.int32], lengths: Counts, stemmers: list[str]) -> NDArray[np.int32]:
        """The number of each form as a word of its document's language."""
        names = sorted(set(stemmers))
        if len(names) == 1:
            return self._look_up(forms, names[0])
        which = np.repeat(np.array([names.index(name) for name in stemmers], dtype=np.int8), lengths)
        words = np.empty(len(forms), dtype=np.int32)
        for number, name in enumerate(names):
            chosen = np.flatnonzero(which == number)
            words[chosen] = self._look_up(forms[chosen], name)
        return words

    def _look_up(self, forms: NDArray[np.int32], stemmer: str) -> NDArray[np.int32]:
        known = self._word_of.get(stemmer, np.zeros(0, dtype=np.int32))
        self._word_of[stemmer] = known = _grown(known, len(self._forms), -1)
        words = known[forms]
        new = np.zeros(len(self._forms), dtype=np.bool_)
        new[forms[words < 0]] = True
        unknown = np.flatnonzero(new)
        if len(unknown):
            known[unknown] = self._name(unknown, stemmer)
            words = known[forms]
        return words

    def _name(self, forms: NDArray[np.intp], stemmer: str) -> NDArray[np.int32]:
        """Numbers for forms that are new in a language. What is the same in all languages is one word."""
        if stemmer == analysis.NO_STEMMER:
            return self._words.add_plain(forms)
        names = self._forms.names(forms)
        terms = analysis.stem_all(names, stemmer)
        is_shared = np.array([term[0] == ":" for term in terms], dtype=bool)
        numbers = np.empty(len(names), dtype=np.int32)
        numbers[is_shared] = self._look_up(forms[is_shared].astype(np.int32), analysis.NO_STEMMER)
        numbers[~is_shared] = self._words.add_stemmed(
            [f"{term}\0{name}" for term, name in zip(terms, names, strict=True) if term[0] != ":"]
        )
        return numbers

    def source(self) -> "Runs":
        """What was inverted, ready to be merged."""
        return Runs(self._words.strings(self._forms.words()), self.runs, self.documents, self._max_position)


class Runs:
    """The runs of an inverter as a source."""

    def __init__(self, words: Strings, runs: list[Run | SpilledRun], documents: int, max_position: int) -> None:
        self.documents, self.max_position = documents, max_position
        self._runs = runs
        counts, number = count_words(runs, len(words)), words.order()
        number = number[counts[number] > 0]  # what was given up left words
        self.words, self.counts = words.take(number).copy(), counts[number]
        rank, code, first = number_words(self.words, self.words.find(FORM))
        self._rank, self._code = (np.zeros(len(words), dtype=np.int32) for _ in range(2))
        self._rank[number], self._code[number] = rank, code
        most = max(documents - 1, 1), self.max_position, int(code.max(initial=0))
        term_counts = np.bincount(rank, weights=self.counts, minlength=len(first)).astype(np.int64)
        self._groups = OwnGroups(term_counts, first, Layout(*(number.bit_length() for number in most)))
        self._grouping: Future[OwnGroups] | None = None

    @property
    def groups(self) -> OwnGroups:
        """How the occurrences are grouped; the keys only where `group` was called."""
        return self._groups

    def group(self, keys: Keys | None = None) -> OwnGroups:
        """Group all that there is, in `keys` where they are given. The runs are given up: the keys are as large."""
        groups = self._groups
        groups.keys = np.empty(int(groups.counts.sum()), dtype=np.uint64) if keys is None else keys
        group(self._runs, self._rank, self._code, groups.counts, groups.layout, groups.keys)
        return groups

    def begin(self, folder: Path) -> None:
        """See `Source.begin`: grouping needs no interpreter, and much of it is done while words are joined."""
        count = int(self._groups.counts.sum())
        if count > _WORTH_A_THREAD:
            aside = ThreadPoolExecutor(1)
            with TemporaryFile(dir=folder) as file:
                self._grouping = aside.submit(self.group, keys_in(file, count))
            aside.shutdown(wait=False)

    def prepare(self, ranks: Numbers, codes: Numbers, first_document: int, layout: Layout) -> None:
        """See `Source.prepare`."""
        self.words = NO_STRINGS
        self._groups.place(ranks, codes, first_document, layout)

    @cached_property
    def _grouped(self) -> OwnGroups:
        return self._grouping.result() if self._grouping else self.group()

    def keys(self, first: int, last: int) -> Grouped:
        """See `Source.keys`."""
        return self._grouped.take(first, last)


_WORTH_A_THREAD = 1 << 20
"""Occurrences."""
