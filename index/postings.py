"""An inverted field of a segment, for reading: its terms, and for each where it stands.

A *term* is what inflections of a word meet in (`english:elect`), a *form* is a folded word as it was written
(`elections`). There is one posting list a term; each of its occurrences knows which form it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.dictionary import NO_STRINGS, Dictionary, Strings
from index.keys import Counts, Grouped, Keys, Layout
from index.merge import FORM
from index.packing import Array, Bits, Packed, Sums
from index.segment import SegmentFile
from index.spellings import Stretch

MANY_DOCUMENTS, A_FEW = 5_000, 3
"""In so many documents a word that occurs less often is hardly what was meant by another."""

UNSPACED_FROM = 0xE2
"""The first byte, in UTF-8, of letters of scripts without spaces, and of hardly any others."""

Documents = NDArray[np.int32]
Numbers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Postings:
    """Where a term, or some of its forms, stand.

    `documents` ascend; document i has the occurrences from `starts[i]` to before `starts[i + 1]` (relative to `first`,
    which is the number of the first in the field). `titled` tells which have it in their title.
    """

    documents: Documents
    starts: Numbers
    first: int
    titled: NDArray[np.uint8]

    @property
    def frequencies(self) -> Numbers:
        """How often it stands in each document."""
        return np.diff(self.starts)


class Field:
    """One inverted field of a segment."""

    def __init__(self, file: SegmentFile, name: str) -> None:
        about = file.about["fields"][name]
        self.total = int(about["length"])
        self.documents = int(about["documents"])
        self.has_titles = bool(about["titles"])
        self.terms = Dictionary(file, f"{name}.terms")
        self.forms = Dictionary(file, f"{name}.forms")
        self._file, self._name = file, name

    def _array(self, name: str) -> Array:
        return self._file[f"{self._name}.{name}"]

    def _packed(self, name: str) -> Packed:
        return self._file.packed(f"{self._name}.{name}")

    @cached_property
    def counts(self) -> Sums:
        """How often each term occurs."""
        return Sums(self._packed("count"), self._array("sums"), len(self.terms))

    @cached_property
    def document(self) -> Packed:
        """The document of each posting."""
        return self._packed("document")

    @cached_property
    def position(self) -> Packed:
        """The position of each occurrence."""
        return self._packed("position")

    @cached_property
    def code(self) -> Packed:
        """The number of the form of each occurrence of a term with several forms."""
        return self._packed("code")

    @cached_property
    def begins(self) -> Bits:
        """Which occurrences are the first of their term in a document."""
        return Bits(self._array("begins.high"), self._array("ranks"))

    @cached_property
    def titled(self) -> Packed:
        """Which postings have their term in the title."""
        return self._packed("titled")

    @cached_property
    def lengths(self) -> Numbers:
        """How many words each document has in this field."""
        return self._packed("length").slice(0, self.documents)

    @cached_property
    def _coded(self) -> Array:
        return self._array("coded")

    # -- one term

    def rank(self, term: bytes) -> int:
        """The number of a term, or -1."""
        return self.terms.find(term)

    def places(self, form: bytes) -> list[tuple[int, int]]:
        """Each term that has this form, by its rank, and the form's number in it."""
        found = [(self.rank(b":" + form), 0)]
        terms, codes = self._array("form_term"), self._array("form_code")
        found += [(int(terms[at]), int(codes[at])) for at in self.forms.starting_with(form + FORM)]
        return [(rank, code) for rank, code in found if rank >= 0]

    def forms_of(self, term: bytes) -> list[bytes]:
        """The forms that meet in a term."""
        rank = self.rank(term)
        if rank < 0:
            return []
        if term.startswith(b":"):
            return [term[1:]]
        return [self.forms[at].partition(FORM)[0] for at in np.flatnonzero(self._array("form_term") == rank).tolist()]

    def postings(self, rank: int) -> Postings:
        """Where the term of a rank stands."""
        first, last = self.counts.around(rank)
        low = self.begins.rank(first)
        begins = self.begins.slice(first, last)
        starts = np.flatnonzero(begins).astype(np.int32)
        high = low + len(starts)
        return Postings(
            self.document.slice(low, high),
            np.append(starts, np.int32(last - first)),
            first,
            self.titled.slice(low, high).astype(np.uint8) if self.has_titles else np.zeros(high - low, dtype=np.uint8),
        )

    def count(self, rank: int) -> int:
        """How often the term of a rank occurs."""
        first, last = self.counts.around(rank)
        return last - first

    def codes(self, rank: int) -> Numbers | None:
        """The number of the form of each occurrence, or None where the term has but one."""
        at = int(np.searchsorted(self._coded, rank))
        if at == len(self._coded) or self._coded[at] != rank:
            return None
        first = int(self._array("coded_start")[at])
        before, after = self.counts.around(rank)
        return self.code.slice(first, first + after - before)

    def beginning(self, prefix: bytes) -> tuple[Iterator[bytes], Iterator[bytes]]:
        """The forms that begin so, sorted: those of terms without a stemmer, and those of the others."""
        plain = self.terms.starting_with(b":" + prefix)
        marked = self.forms.starting_with(prefix)
        return (
            (term[1:] for term in islice(self.terms.iterate(plain.start), len(plain))),
            (form.partition(FORM)[0] for form in islice(self.forms.iterate(marked.start), len(marked))),
        )

    def forms_from(self, first: bytes) -> tuple[Iterator[bytes], Iterator[bytes]]:
        """The forms from one on, sorted: those of terms without a stemmer, and those of the others."""
        plain = range(self.terms.position(b":" + first), self.terms.starting_with(b":").stop)
        return (
            (term[1:] for term in islice(self.terms.iterate(plain.start), len(plain))),
            (form for form in map(_form_of, self.forms.iterate(self.forms.position(first))) if form >= first),
        )

    def stretches(self) -> tuple[Stretch, Stretch]:
        """All forms: those of terms without a stemmer, and those of the others, which may be there several times."""
        plain = Stretch(self.terms, self.terms.starting_with(b":"), skip=1)
        return plain, Stretch(self.forms, range(len(self.forms)), stop=FORM)

    def alike(self, word: str, edits: int, *, likely: bool = False) -> Iterator[tuple[str, int, int]]:
        """The forms that so many edits at most make of a word: each, how many, and how often its term occurs.

        A form of several terms is there for each of them. With `likely`, in many documents, only those are looked at
        that occur a few times, which is ten times as fast.
        """
        counts = self._packed("count")
        for stretch, ranks in self._likely if likely else self._every:
            found = stretch.alike(word, edits)
            numbers = np.array([number for _, _, number in found], dtype=np.int64)
            occurs = counts.at(numbers if ranks is None else ranks[numbers].astype(np.int64)).tolist()
            yield from ((form, edit, count) for (form, edit, _), count in zip(found, occurs, strict=True))

    @property
    def _every(self) -> tuple[tuple[Stretch, Array | None], ...]:
        """All forms, and the rank of the term of each; None where that is its number."""
        plain, marked = self.stretches()
        return (plain, None), (marked, self._array("form_term"))

    @cached_property
    def _likely(self) -> tuple[tuple[Stretch, Array | None], ...]:
        """The same of the forms that occur a few times, in memory, where there are many others.

        Pairs of characters, in scripts without spaces, are left out: all are like each other.
        """
        if self.documents < MANY_DOCUMENTS:
            return self._every
        counts = self._packed("count").slice(0, len(self.terms))
        kept: list[tuple[Stretch, Array | None]] = []
        for stretch, owners in self._every:
            numbers = np.arange(stretch.numbers.start, stretch.numbers.stop)
            ranks = numbers if owners is None else owners
            few = np.flatnonzero(counts[ranks] >= A_FEW)
            strings = stretch.dictionary.strings().take(numbers[few])
            spaced = strings.text[strings.starts + stretch.skip] < UNSPACED_FROM
            few, strings = few[spaced], strings.kept(spaced)
            smaller = replace(stretch, dictionary=Dictionary.of(strings), numbers=range(len(few)))
            kept.append((smaller, ranks[few]))
        return tuple(kept)

    def commonest(self, prefix: str, stemmers: Sequence[str], most: int) -> Iterator[tuple[str, int]]:
        """The forms that begin so and belong to the commonest terms, and how often each occurs."""
        counts = self._packed("count")
        for stemmer in stemmers:
            numbers = self.terms.starting_with(f"{stemmer}:{prefix}".encode())
            occurs = counts.slice(numbers.start, numbers.stop)
            for at in np.argsort(-occurs, kind="stable")[:most].tolist():
                yield self._commonest_form(numbers.start + at, prefix)

    def _commonest_form(self, rank: int, prefix: str) -> tuple[str, int]:
        """The commonest form of a term that begins so."""
        codes = self.codes(rank)
        if codes is None:
            listed = self.forms_of(self.terms[rank])
            return listed[0].decode(), self.count(rank)
        numbers = np.flatnonzero(self._array("form_term") == rank)
        counts = np.bincount(codes)
        forms = [
            (int(counts[code]), self.forms[number].partition(FORM)[0].decode())
            for number, code in zip(numbers.tolist(), self._array("form_code")[numbers].tolist(), strict=True)
        ]
        count, form = max((each for each in forms if each[1].startswith(prefix)), default=max(forms))
        return form, count

    # -- ranges of terms, for merging

    def occurrences(self, low: int, starts: Counts) -> tuple[Counts, Counts, Counts, Counts]:
        """Of consecutive terms, from rank `low` on: the rank, document, position and form of each occurrence.

        `starts` has the number of the first occurrence of each of them, and of the term after them.
        """
        first, last, high = int(starts[0]), int(starts[-1]), low + len(starts) - 1
        begins = self.begins.slice(first, last)
        posting = np.cumsum(begins, dtype=np.int64) - 1
        begin = self.begins.rank(first)
        documents = self.document.slice(begin, begin + int(begins.sum()))
        rank = np.repeat(np.arange(low, high), np.diff(starts))
        codes = np.zeros(last - first, dtype=np.int64)
        a, b = np.searchsorted(self._coded, (low, high))
        if b > a:
            coded = np.zeros(high - low, dtype=bool)
            coded[self._coded[a:b] - low] = True
            where = np.flatnonzero(coded[rank - low])
            begin = int(self._array("coded_start")[a])
            codes[where] = self.code.slice(begin, begin + len(where))
        return rank, documents[posting].astype(np.int64), self.position.slice(first, last).astype(np.int64), codes

    def words(self) -> tuple[Strings, Counts]:
        """Every term with each of its forms, sorted, and the number of the first word of each rank."""
        owner, terms, forms = self._array("form_term"), self.terms.strings(), self.forms.strings()
        counts = np.bincount(owner, minlength=len(terms))
        own = np.maximum(counts, 1)
        first = np.cumsum(own) - own
        rank = np.repeat(np.arange(len(terms)), own)
        form = np.full(len(rank), -1, dtype=np.int64)
        form[counts[rank] > 0] = np.lexsort((self._array("form_code"), owner))
        # a word is its term, FORM and its form, where it has one: all from one text
        text = np.concatenate([terms.text, np.frombuffer(FORM, dtype=np.uint8), forms.text])
        starts, lengths = np.zeros(len(rank), dtype=np.int64), np.zeros(len(rank), dtype=np.int64)
        has = form >= 0
        starts[has] = forms.starts[form[has]] + len(terms.text) + 1
        lengths[has] = forms.find(FORM)[form[has]]
        middle = (np.full(len(rank), len(terms.text)), np.ones(len(rank), dtype=np.int64))
        return Strings.joined(text, (terms.starts[rank], terms.lengths[rank]), middle, (starts, lengths)), first


def _form_of(marked: bytes) -> bytes:
    return marked.partition(FORM)[0]


_DECODED = 1 << 18


class FieldSource:
    """The occurrences of a field in a segment as a source for merging, without those of deleted documents."""

    def __init__(self, field: Field, live: NDArray[np.bool_] | None) -> None:
        self._field = field
        self._live = live
        self._number = np.arange(field.documents) if live is None else np.cumsum(live) - 1
        self.documents = field.documents if live is None else int(live.sum())
        self.words, self._first = field.words()
        self._starts = field.counts.all()
        self.max_position = 0
        self.counts = np.zeros(len(self.words), dtype=np.int64)
        for word, _, position in self._decode(0, len(field.terms)):
            self.counts += np.bincount(word, minlength=len(self.words))
            self.max_position = max(self.max_position, int(position.max(initial=0)))

    def _decode(self, low: int, high: int) -> Iterator[tuple[Counts, Counts, Counts]]:
        """Word, document and position of the occurrences of terms from rank `low` to before `high`."""
        while low < high:
            until = int(np.searchsorted(self._starts, self._starts[low] + _DECODED, side="right")) - 1
            until = min(max(until, low + 1), high)
            rank, document, position, code = self._field.occurrences(low, self._starts[low : until + 1])
            if self._live is not None:
                kept = self._live[document]
                rank, document, position, code = rank[kept], document[kept], position[kept], code[kept]
            yield self._first[rank] + code, self._number[document], position
            low = until

    def begin(self, folder: Path) -> None:
        """See `Source.begin`: everything is grouped already."""

    def prepare(self, ranks: Numbers, codes: Numbers, first_document: int, layout: Layout) -> None:
        """See `Source.prepare`."""
        self._ranks, self._codes, self._base, self._layout = ranks, codes, first_document, layout
        self.words = NO_STRINGS
        occurs = self.counts > 0
        self._rank_of = np.maximum.accumulate(np.where(occurs, ranks, -1)) if len(ranks) else ranks

    def keys(self, first: int, last: int) -> Grouped:
        """See `Source.keys`."""
        keys: list[Keys] = [np.zeros(0, dtype=np.uint64)]
        counts = np.zeros(last - first, dtype=np.int64)
        a, b = np.searchsorted(self._rank_of, (first, last))
        if a < b:
            low, high = np.searchsorted(self._first, (a, b - 1), side="right") - (1, 0)
            for word, document, position in self._decode(int(low), int(high)):
                rank = self._ranks[word]
                kept = (rank >= first) & (rank < last)
                word = word[kept]
                keys.append(self._layout.join(document[kept] + self._base, position[kept], self._codes[word]))
                counts += np.bincount(rank[kept] - first, minlength=last - first)
        return Grouped(np.concatenate(keys), counts)
