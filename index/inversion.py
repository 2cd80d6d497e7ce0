"""From documents to occurrences: the words of each document in order, numbered over all of them."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index import analysis
from index.dictionary import Strings
from index.keys import Counts, Grouped, Keys, Layout, Numbers, OwnGroups, Run, group
from index.merge import FORM, number_words
from index.scan import DIALECTS, make_scanner

Text = tuple[str, str, str | None]
"""What is inverted of a document: a title, a body and its language."""


class Inverter:
    """Inverts one field of many documents. It grows with their vocabulary, not with their number, bar `runs`."""

    def __init__(self) -> None:
        self._scanner = make_scanner()
        self._names: list[str] = []
        self._words: list[str] = []
        self._word_of: dict[str, NDArray[np.int32]] = {}
        self.runs: list[Run] = []
        self.lengths: list[Counts] = []
        self.titles: list[Counts] = []
        self.documents = 0

    def add(self, documents: Sequence[Text]) -> None:
        """Invert documents, as one run."""
        dialects = {language: number for number, language in enumerate(DIALECTS)}
        if not documents:
            return
        add = self._scanner.add
        found = [add(title, body, dialects.get(language, 0)) for title, body, language in documents]
        lengths, titles = np.ascontiguousarray(np.array(found, dtype=np.int64).T)
        taken, placed = self._scanner.take()
        forms = np.frombuffer(taken, dtype=np.int32)
        self._names += self._scanner.forms()
        words = self._words_of(forms, lengths, [analysis.stemmer_of(language) for _, _, language in documents])
        self.runs.append(Run(words, np.frombuffer(placed, dtype=np.uint32), self.documents, lengths))
        self.lengths.append(lengths)
        self.titles.append(titles)
        self.documents += len(documents)

    def forget(self, count: int) -> None:
        """Keep only the first documents, as many as were there before some call of `add`."""
        self._scanner.take()
        while self.documents > count:
            self.documents = self.runs.pop().first
            self.lengths.pop()
            self.titles.pop()

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
        known = self._word_of.get(stemmer)
        if known is None or len(known) < len(self._names):
            grown = np.full(max(1024, 2 * len(self._names)), -1, dtype=np.int32)
            if known is not None:
                grown[: len(known)] = known
            self._word_of[stemmer] = known = grown
        words = known[forms]
        new = np.zeros(len(self._names), dtype=bool)
        new[forms[words < 0]] = True
        unknown = np.flatnonzero(new)
        if len(unknown):
            known[unknown] = self._name(unknown, stemmer)
            words = known[forms]
        return words

    def _name(self, forms: NDArray[np.intp], stemmer: str) -> NDArray[np.int32]:
        """Numbers for forms that are new in a language. What is the same in all languages is one word."""
        names = [self._names[number] for number in forms.tolist()]
        if stemmer == analysis.NO_STEMMER:
            words = [f":{name}\0" for name in names]
            shared = np.zeros(0, dtype=np.intp)
        else:
            terms = analysis.stem_all(names, stemmer)
            words = [f"{term}\0{name}" for term, name in zip(terms, names, strict=True) if term[0] != ":"]
            shared = np.array([at for at, term in enumerate(terms) if term[0] == ":"], dtype=np.intp)
        numbers = np.empty(len(names), dtype=np.int32)
        numbers[shared] = self._look_up(forms[shared].astype(np.int32), analysis.NO_STEMMER)
        others = np.ones(len(names), dtype=bool)
        others[shared] = False
        numbers[others] = np.arange(len(self._words), len(self._words) + len(words))
        self._words += words
        return numbers

    def source(self) -> "Runs":
        """What was inverted, ready to be merged."""
        return Runs(self._words, self.runs, self.documents)


class Runs:
    """The runs of an inverter as a source."""

    def __init__(self, words: list[str], runs: list[Run], documents: int) -> None:
        self.documents = documents
        self._runs = runs
        counts = np.zeros(len(words), dtype=np.int64)
        for run in runs:
            counts += np.bincount(run.words, minlength=len(words))
        met = Strings.encode(words)
        number = met.order()
        number = number[counts[number] > 0]  # what was given up left words
        self.words, self.counts = met.take(number), counts[number]
        self.max_position = max((int(run.positions.max(initial=0)) for run in runs), default=0)
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

    def begin(self) -> None:
        """See `Source.begin`: grouping needs no interpreter, and much of it is done while words are joined."""
        if self._groups.counts.sum() > _WORTH_A_THREAD:
            aside = ThreadPoolExecutor(1)
            self._grouping = aside.submit(self.group)
            aside.shutdown(wait=False)

    def prepare(self, ranks: Numbers, codes: Numbers, first_document: int, layout: Layout) -> None:
        """See `Source.prepare`."""
        self._groups.place(ranks, codes, first_document, layout)

    @cached_property
    def _grouped(self) -> OwnGroups:
        return self._grouping.result() if self._grouping else self.group()

    def keys(self, first: int, last: int) -> Grouped:
        """See `Source.keys`."""
        return self._grouped.take(first, last)


_WORTH_A_THREAD = 1 << 20
"""Occurrences."""
