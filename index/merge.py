"""From sources of occurrences to the inverted field of a segment: runs, processes and segments are merged alike.

Each source gives the keys of its occurrences for a range of terms, grouped by term; the groups are merged and encoded,
one range after the other, so that memory stays bounded whatever the size of the result.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index import dictionary
from index.dictionary import NO_STRINGS, Strings
from index.keys import Counts, Grouped, Layout, Numbers, Parts, merge, split
from index.memory import give_back
from index.packing import Sums, choose_width, count_bit_lengths
from index.segment import SegmentFileWriter

Places = NDArray[np.int64]

FORM = b"\0"
"""Parts a term from its form in the words of a source; a term without a stemmer has but one form, which is left out."""

RANGE = 1 << 18
"""Occurrences that are encoded together."""


class Source(Protocol):
    """Occurrences to be merged. Documents are numbered from 0; deleted ones are not among them."""

    @property
    def documents(self) -> int:
        """How many there are."""

    @property
    def words(self) -> Strings:
        """Sorted, each a term and a form parted by FORM."""

    @property
    def counts(self) -> Counts:
        """How often each word occurs."""

    @property
    def max_position(self) -> int:
        """The highest position of any."""

    def begin(self, folder: Path) -> None:
        """Begin with what can be done before the other sources are known. What is large may be kept in the folder."""

    def prepare(self, ranks: Numbers, codes: Numbers, first_document: int, layout: Layout) -> None:
        """Learn the rank and the form of each word, and the number of the first document. Its words may be given up."""

    def keys(self, first: int, last: int) -> Grouped:
        """The keys of the terms from rank `first` to before `last`."""


@dataclass(slots=True)
class Words:
    """The words of several sources, sorted, as terms and forms."""

    words: Strings
    parts: Places
    """The length of each word's term."""
    rank: Numbers
    """The number of each word's term, and of its form among those of the term."""
    code: Numbers
    terms: Strings
    counts: Counts
    """Occurrences of each term."""
    forms_of: Counts
    """How many forms each term has."""
    codes: Counts
    """How often each code occurs."""
    own: list[tuple[Numbers, Numbers]]
    """For each source, the rank and the code of each of its words."""

    def forget(self) -> None:
        """Give up the words themselves and what is known of each: they are written, and many."""
        self.words = self.terms = NO_STRINGS
        self.parts = np.zeros(0, dtype=np.int64)
        self.rank = self.code = np.zeros(0, dtype=np.int32)
        self.own = []


def join_words(sources: Sequence[Source]) -> Words:
    """Rank the terms of all sources, and number the forms of each."""
    words, own = _join(sources)
    parts = words.find(FORM)
    rank, code, first = number_words(words, parts)
    counts, coded = np.zeros(len(first), dtype=np.int64), np.zeros(0, dtype=np.int64)
    placed = []
    for source, places in zip(sources, own, strict=True):
        ranks, codes = (rank[places], code[places]) if len(words) else (rank, code)
        counts += np.bincount(ranks, weights=source.counts, minlength=len(first)).astype(np.int64)
        coded = _add(coded, np.bincount(codes, weights=source.counts).astype(np.int64))
        placed.append((ranks, codes))
    terms = Strings(words.text, words.starts[first], parts[first])
    return Words(words, parts, rank, code, terms, counts, np.bincount(rank, minlength=len(first)), coded, placed)


def number_words(words: Strings, parts: Places) -> tuple[Numbers, Numbers, Places]:
    """The rank of each word's term, the number of its form among those of the term, and the first word of each term.

    The words are sorted; `parts` has the length of each one's term.
    """
    rank = np.cumsum(~_has_term_of_last(words, parts), dtype=np.int32) - np.int32(1)
    first = np.flatnonzero(np.diff(rank, prepend=-1))
    return rank, (np.arange(len(words)) - first[rank]).astype(np.int32), first


def _has_term_of_last(words: Strings, parts: Places) -> NDArray[np.bool_]:
    """Whether each word is of the same term as the one before it."""
    same = np.zeros(len(words), dtype=bool)
    shared = words.shared()[1:]
    alike = parts[1:] == parts[:-1]
    same[1:] = alike & (shared > parts[1:])
    for at in (
        np.flatnonzero(alike & (shared == dictionary.MOST_SHARED) & ~same[1:]) + 1
    ).tolist():  # not all is counted
        last, own = words.take(np.array([at - 1, at])).tolist()
        same[at] = last[: parts[at]] == own[: parts[at]]
    return same


def _join(sources: Sequence[Source]) -> tuple[Strings, list[Places]]:
    """All words that occur, sorted, and for each source the place of each of its words among them."""
    occurs = [source.counts > 0 for source in sources]
    words, found = dictionary.join([source.words.kept(kept) for source, kept in zip(sources, occurs, strict=True)])
    places = []
    for kept, own in zip(occurs, found, strict=True):
        every = np.zeros(len(kept), dtype=np.int64)
        every[kept] = own
        places.append(every)
    return words, places


def _sort_forms(words: Strings, parts: Places) -> tuple[Strings, Places]:
    """Of all words that have a stemmer "form\\0stemmer", sorted, and which words they are of."""
    which = np.flatnonzero(words.text[words.starts] != _NO_STEMMER) if len(words) else words.starts
    marked = words.take(which)
    stemmers = marked.find(b":")
    terms = parts[which]
    # a word is "stemmer:stem\0form"; of it a form is made: "form\0stemmer"
    forms = Strings.joined(
        words.text,
        (marked.starts + terms + 1, marked.lengths - terms - 1),
        (marked.starts + terms, np.ones_like(terms)),
        (marked.starts, stemmers),
    )
    order = forms.order()
    return forms.take(order), which[order]


_NO_STEMMER = ord(":")


def _add(one: Counts, other: Counts) -> Counts:
    long, short = (one, other) if len(one) > len(other) else (other, one)
    long = long.copy()
    long[: len(short)] += short
    return long


def write_field(
    file: SegmentFileWriter,
    name: str,
    sources: Sequence[Source],
    lengths: Counts,
    titles: Counts | None = None,
    *,
    position_bits: int | None = None,
) -> None:
    """Merge sources into an inverted field of a segment file.

    `lengths` has the words of each document in this field, `titles` the position before which a word is in the title.
    `position_bits` is how many most positions take, where lengths do not tell.
    """
    for source in sources:
        source.begin(file.folder)
    words = join_words(sources)
    documents = sum(source.documents for source in sources)
    layout = Layout(
        max(documents - 1, 1).bit_length(),
        max((source.max_position for source in sources), default=0).bit_length(),
        max(len(words.codes) - 1, 0).bit_length(),
    )
    if layout.bits > 63:
        raise OverflowError(
            f"{documents:,} documents with positions of {layout.position} bits are more than a key holds"
        )
    first = 0
    for source, (ranks, codes) in zip(sources, words.own, strict=True):
        source.prepare(ranks, codes, first, layout)
        first += source.documents
    coded = words.forms_of > 1

    def parts_of(low: int, high: int) -> Parts:
        grouped = merge([source.keys(low, high) for source in sources])
        return split(grouped, layout, coded[low:high], titles)

    with _ahead(parts_of, list(_ranges(words.counts))) as ranges:
        _write_words(file, name, words, documents, lengths)
        words.forget()
        if len(coded) > _MANY:
            give_back()
        file.about["fields"][name]["titles"] = titles is not None
        position_bits = choose_width(_position_bits(lengths)) if position_bits is None else position_bits
        encoder = _Encoder(file, name, words, documents, position_bits, has_titles=titles is not None)
        for parts in ranges:
            encoder.append(parts)
        encoder.close()


@contextmanager
def _ahead(make: Callable[[int, int], Parts], ranges: list[tuple[int, int]]) -> Iterator[Iterator[Parts]]:
    """What is made of each range. The first are being made already, and each while the one before it is used."""
    if len(ranges) < 2:
        yield (make(*each) for each in ranges)
        return
    with ThreadPoolExecutor(1) as aside:
        begun = deque(aside.submit(make, *each) for each in ranges[:_AHEAD])
        yield _in_turn(begun, (aside.submit(make, *each) for each in ranges[_AHEAD:]))


_MANY = 100_000
"""Terms."""

_AHEAD = 3
"""Ranges that may be made before they are used."""


def _in_turn(begun: deque[Future[Parts]], following: Iterator[Future[Parts]]) -> Iterator[Parts]:
    while begun:
        parts = begun.popleft().result()
        begun.extend(islice(following, 1))
        yield parts


def _ranges(counts: Counts) -> Iterator[tuple[int, int]]:
    """Ranges of ranks with about RANGE occurrences each."""
    ends = np.cumsum(counts)
    low = 0
    while low < len(counts):
        done = int(ends[low - 1]) if low else 0
        high = max(low + 1, int(np.searchsorted(ends, done + RANGE, side="right")))
        yield low, high
        low = high


def _write_words(file: SegmentFileWriter, name: str, words: Words, documents: int, lengths: Counts) -> None:
    dictionary.encode(words.terms, file.sink(f"{name}.terms"))
    file.pack(f"{name}.count", words.counts)
    file.append(f"{name}.sums", Sums.of(words.counts))
    forms, which = _sort_forms(words.words, words.parts)
    dictionary.encode(forms, file.sink(f"{name}.forms"))
    file.append(f"{name}.form_term", words.rank[which].astype("<u4"))
    file.append(f"{name}.form_code", words.code[which].astype("u1" if len(words.codes) <= 256 else "<u4"))
    coded = np.flatnonzero(words.forms_of > 1)
    file.append(f"{name}.coded", coded.astype("<u4"))
    starts = np.cumsum(words.counts[coded]) - words.counts[coded]
    file.append(f"{name}.coded_start", starts.astype("<i8" if starts.max(initial=0) >> 32 else "<u4"))
    file.pack(f"{name}.length", lengths)
    file.about.setdefault("fields", {})[name] = {
        "documents": documents,
        "length": int(lengths.sum()),
    }


class _Encoder:
    """Writes the occurrences of a field, a range of terms after the other."""

    def __init__(
        self,
        file: SegmentFileWriter,
        name: str,
        words: Words,
        documents: int,
        position_bits: int,
        *,
        has_titles: bool,
    ) -> None:
        self._has_titles = has_titles
        most = int(words.counts.sum())
        self._documents = file.packed(f"{name}.document", choose_width(count_bit_lengths(np.arange(documents))), most)
        self._positions = file.packed(f"{name}.position", position_bits, most)
        self._codes = file.packed(
            f"{name}.code", choose_width(count_bit_lengths(np.arange(len(words.codes)), words.codes)), most
        )
        self._begins = file.packed(f"{name}.begins", 1, most)
        self._titled = file.packed(f"{name}.titled", 1, most)
        self._file, self._name = file, name
        self._joined: list[NDArray[np.uint8]] = []
        self._rest = np.zeros(0, dtype=bool)

    def append(self, parts: Parts) -> None:
        """Add the occurrences of a range of terms."""
        self._begins.append(parts.begins)
        self._count_ranks(parts.begins)
        self._documents.append(parts.documents)
        self._positions.append(parts.positions)
        if self._has_titles:
            self._titled.append(parts.titled)
        self._codes.append(parts.codes)

    def _count_ranks(self, begins: NDArray[np.bool_]) -> None:
        bits = np.concatenate([self._rest, begins])
        whole = len(bits) - len(bits) % 512
        self._joined.append(bits[:whole].reshape(-1, 512).sum(axis=1))
        self._rest = bits[whole:]

    def close(self) -> None:
        for packed in (self._documents, self._positions, self._codes, self._begins, self._titled):
            packed.close()
        counts = np.concatenate([*self._joined, [int(self._rest.sum())], np.zeros(0, dtype=np.int64)])
        self._file.append(f"{self._name}.ranks", np.concatenate([[0], np.cumsum(counts)]).astype("<i8"))


def _position_bits(lengths: Counts) -> Counts:
    """How many positions have how many bits, as far as lengths tell: position p is there in all longer documents."""
    ordered = np.sort(lengths)
    total = np.cumsum(ordered[::-1])[::-1]
    below = []
    for bits in range(34):
        limit = 1 << bits
        at = int(np.searchsorted(ordered, limit, side="right"))
        longer = int(total[at]) - limit * (len(ordered) - at) if at < len(ordered) else 0
        below.append(int(ordered.sum()) - longer)
    counts = np.diff([0, *below])[:33]
    return np.concatenate([counts])
