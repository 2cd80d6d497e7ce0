"""A segment as it is searched: its fields under the names that queries use, its columns, and what was read before.

The names are views of the inverted fields: `text` has the forms of titles and bodies, `text_stem` their terms, `title`
and `title_stem` those in titles alone, `lead` and `lead_stem` those in the first words of bodies. So one posting list
serves plain words, quoted words and words of the title. `capitals` has the forms that are written in capitals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.abbreviations import PARTED
from index.analysis import PARAGRAPH_GAP
from index.cache import Cache
from index.dictionary import Dictionary, ranges
from index.documents import (
    ABBREVIATION,
    CAPITALS,
    COLUMNS,
    FIELDS,
    NUMBERS,
    TEXT,
    ValueColumn,
    read_codes,
    read_numbers,
    read_paragraphs,
    read_values,
)
from index.postings import Documents, Field, Numbers
from index.results import Weights
from index.segment import SegmentFile
from index.spans import BODY, DOCUMENT, Keys

TITLE_BOOST = 2.0
"""How much more a word in the title says about an article than one in its body."""

CACHE_BYTES = 24 << 20
CACHE_BYTES_A_DOCUMENT = 256
"""Postings that a segment keeps decoded: so many, or so many for each of its documents."""


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Documents (ascending) in which something stands, how much it counts in each, and where it stands.

    The occurrences in document i are those numbered `starts[i]` to before `starts[i + 1]` in `occurrences`, or, where
    that is None, from `first` on.
    """

    documents: Documents
    weights: Weights
    starts: Numbers
    first: int
    occurrences: NDArray[np.int64] | None
    field: Field

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return 12 * len(self.documents) + (8 * len(self.occurrences) if self.occurrences is not None else 0) + 200

    def positions(self, which: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The positions in the documents that stand at these places, and for each the number of its place."""
        starts = self.starts[which].astype(np.int64)
        counts = self.starts[which + 1] - starts
        places = ranges(starts, counts)
        numbers = places + self.first if self.occurrences is None else self.occurrences[places]
        return np.repeat(np.arange(len(which)), counts), self.field.position.at(numbers).astype(np.int64)


class View:
    """A field under a name that queries use."""

    def __init__(self, segment: "StoredSegment", name: str) -> None:
        self.base, self.stems, self.part = VIEWS[name]
        self.name = name
        self.segment = segment
        self.field = segment.field(self.base)

    @cached_property
    def lengths(self) -> Numbers:
        """How many words each document has in it."""
        if not self.part:
            return self.field.lengths
        titles = self.segment.title_ends
        return titles if self.part == "title" else np.minimum(self.segment.view(TEXT).lengths - titles, LEAD_WORDS)

    @cached_property
    def total(self) -> int:
        """How many words all documents have in it."""
        return int(self.lengths.sum()) if self.part else self.field.total

    def read(self, text: bytes) -> Matches | None:
        """Where a term or a form stands; remembered."""
        key = (self.name, text)
        known = self.segment.recall(key)
        return known if known is not None else self.segment.keep(key, self._read(text))

    def has(self, form: bytes) -> bool:
        """Whether a form stands anywhere in it."""
        places = self.field.places(form)
        return bool(places) and (not self.part or self.read(form) is not None)

    def stemmers_of(self, form: bytes) -> list[str]:
        """The stemmers of the languages in which some document has this form; a number is a word of every language."""
        if not self.has(form):
            return []
        found = []
        for rank, _ in self.field.places(form):
            found.append(self.field.terms[rank].partition(b":")[0].decode())
        return found

    def beginning(self, prefix: bytes) -> Iterator[bytes]:
        """The forms that begin so, sorted."""
        return merge(*self.field.beginning(prefix))

    def terms_from(self, first: bytes) -> Iterator[bytes]:
        """What stands in it, from one on, sorted: terms or forms."""
        found: Iterator[bytes]
        if self.stems:
            found = self.field.terms.iterate(self.field.terms.position(first))
        else:
            found = (form for form, _ in groupby(merge(*self.field.forms_from(first))))
        return (text for text in found if self.read(text)) if self.part else found

    def frequency(self, text: bytes) -> int:
        """In how many documents it stands."""
        found = self.read(text)
        return len(found.documents) if found else 0

    def alike(self, form: str, edits: int, *, likely: bool = False) -> Iterator[tuple[str, int, int]]:
        """See `Field.alike`; the inflections of each form count, too, which is faster known."""
        found = self.field.alike(form, edits, likely=likely)
        if not self.part:
            return found
        edits_of = {each: edit for each, edit, _ in found}
        return ((each, edit, self.occurrences(each.encode())) for each, edit in edits_of.items())

    def occurrences(self, form: bytes) -> int:
        """How often a form occurs."""
        found = self.read(form)
        return int(found.starts[-1] - found.starts[0]) if found else 0

    def _read(self, text: bytes) -> Matches | None:
        if self.stems:
            rank = self.field.rank(text)
            found = [self._term(rank)] if rank >= 0 else []
        else:
            found = [self._form(rank, code) for rank, code in self.field.places(text)]
        matches = join([each for each in found if len(each.documents)])
        if not (matches and self.part):
            return matches
        there = self._only_part(matches)
        return there if len(there.documents) else None

    def _term(self, rank: int) -> Matches:
        postings = self.field.postings(rank)
        weights = np.diff(postings.starts).astype(np.float32)
        weights += postings.titled * np.float32(TITLE_BOOST - 1)
        return Matches(postings.documents, weights, postings.starts, postings.first, None, self.field)

    def _form(self, rank: int, code: int) -> Matches:
        codes = self.field.codes(rank)
        return self._term(rank) if codes is None else chosen(self._term(rank), codes == code)

    def _only_part(self, matches: Matches) -> Matches:
        owners, positions = matches.positions(np.arange(len(matches.documents)))
        documents = matches.documents[owners]
        in_title = positions < self.segment.title_ends[documents]
        if self.part == "title":
            return chosen(matches, in_title, plain=True)
        return chosen(matches, ~in_title & (positions < self.segment.lead_ends[documents]), plain=True)


def chosen(matches: Matches, mask: NDArray[np.bool_], *, plain: bool = False) -> Matches:
    """Those of the occurrences that a mask chooses; `plain` counts each once, wherever it stands."""
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(mask)])
    ends = before[matches.starts]
    counts = np.diff(ends)
    kept = np.flatnonzero(counts)
    numbers = np.flatnonzero(mask)
    numbers = numbers + matches.first if matches.occurrences is None else matches.occurrences[numbers]
    weights = counts[kept].astype(np.float32)
    if not plain:
        weights += matches.weights[kept] - np.diff(matches.starts)[kept]
    starts = np.append(ends[kept], ends[-1]).astype(np.int32)
    return Matches(matches.documents[kept], weights, starts, 0, numbers, matches.field)


def join(parts: list[Matches]) -> Matches | None:
    """Several matches in one field as one; what stands in a document is added up."""
    if len(parts) < 2:
        return parts[0] if parts else None
    documents = np.concatenate([part.documents for part in parts])
    weights = np.concatenate([part.weights for part in parts])
    counts = np.concatenate([np.diff(part.starts) for part in parts])
    numbers = np.concatenate(
        [
            np.arange(part.starts[-1], dtype=np.int64) + part.first if part.occurrences is None else part.occurrences
            for part in parts
        ]
    )
    begins = np.cumsum(counts) - counts
    order = np.argsort(documents, kind="stable")
    documents = documents[order]
    counts = counts[order]
    numbers = numbers[ranges(begins[order].astype(np.int64), counts.astype(np.int64))]
    first = np.flatnonzero(np.concatenate([[True], documents[1:] != documents[:-1]]))
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    weights = weights[order]
    if len(first) < len(documents):
        weights = np.add.reduceat(weights, first)
        documents = documents[first]
        starts = np.append(starts[first], starts[-1])
    return Matches(documents, weights, starts.astype(np.int32), 0, numbers, parts[0].field)


def read_all(segment: Any, singles: tuple[tuple[str, str], ...]) -> Matches | None:
    """Where any of these terms or forms stands, as one; remembered."""
    if len(singles) == 1:
        found: Matches | None = segment.view(singles[0][0]).read(singles[0][1].encode())
        return found
    known: Matches | None = segment.recall(singles)
    if known is None:
        parts = [segment.view(name).read(text.encode()) for name, text in singles]
        known = segment.keep(singles, join([part for part in parts if part]))
    return known


_EPOCH = date(1970, 1, 1).toordinal()
NO_MONTH = -(1 << 20)
"""Below all months."""

LEAD_WORDS = 100
"""The first words of a body, in which news says what it is about."""

PARTS = ("title", "lead")

VIEWS = {
    **{name: (name, False, "") for name in FIELDS},
    f"{TEXT}_stem": (TEXT, True, ""),
    **{part: (TEXT, False, part) for part in PARTS},
    **{f"{part}_stem": (TEXT, True, part) for part in PARTS},
    **{f"{part}_{CAPITALS}": (CAPITALS, False, part) for part in PARTS},
}
"""The names of all views: of which field each is, whether of its terms instead of its forms, and of which part."""


class StoredSegment:
    """The content of a segment file. It never changes; which of its documents are deleted is not its business."""

    def __init__(self, path: Path) -> None:
        self.file = SegmentFile(path)
        self.count = int(self.file.about["documents"])
        self._fields: dict[str, Field] = {}
        self._views: dict[str, View] = {}
        self._numbers: dict[str, NDArray[np.int64]] = {}
        self._values: dict[str, ValueColumn] = {}
        self._cache = Cache[Matches](max(CACHE_BYTES, CACHE_BYTES_A_DOCUMENT * self.count))

    def field(self, name: str) -> Field:
        """An inverted field."""
        if name not in self._fields:
            self._fields[name] = Field(self.file, name)
        return self._fields[name]

    def view(self, name: str) -> View:
        """A field under one of the names in `VIEWS`."""
        if name not in self._views:
            self._views[name] = View(self, name)
        return self._views[name]

    @cached_property
    def title_ends(self) -> Numbers:
        """The position before which a word is in the title, for each document."""
        return self.file.packed("title_end").slice(0, self.count)

    @cached_property
    def paragraphs(self) -> Keys:
        """Where paragraphs begin, as keys of `spans`."""
        starts, counts = read_paragraphs(self.file)
        documents = np.repeat(np.arange(self.count), counts)
        return np.sort(np.concatenate([np.arange(self.count) << DOCUMENT, self.place(documents, starts)]))

    def place(self, documents: NDArray[np.int64], positions: NDArray[np.int64]) -> Keys:
        """Positions in documents as keys of `spans`."""
        return (documents << DOCUMENT) + positions + np.where(positions < self.title_ends[documents], 0, BODY)

    @cached_property
    def lead_ends(self) -> NDArray[np.int64]:
        """The position before which a word is in the lead, for each document."""
        starts, counts = read_paragraphs(self.file)
        titles = self.title_ends.astype(np.int64)
        begins = np.where(titles, titles + PARAGRAPH_GAP, 0)
        documents = np.repeat(np.arange(self.count), counts)
        in_body = starts > begins[documents]
        documents, starts = documents[in_body], starts[in_body]
        firsts = np.searchsorted(documents, np.arange(self.count))
        gaps = PARAGRAPH_GAP * (np.arange(len(documents)) - firsts[documents] + 1)  # up to each start
        early = starts - begins[documents] - gaps < LEAD_WORDS
        return begins + LEAD_WORDS + PARAGRAPH_GAP * np.bincount(documents[early], minlength=self.count)

    def numbers(self, name: str) -> NDArray[np.int64]:
        """A column of numbers, see `documents.NUMBERS`; kept, as `values` are."""
        if name not in NUMBERS:
            raise KeyError(name)
        if name not in self._numbers:
            self._numbers[name] = read_numbers(self.file, name)
        return self._numbers[name]

    @cached_property
    def months(self) -> NDArray[np.int64]:
        """Months since 1970 of the first day that each article may be from; NO_MONTH without a date."""
        days = self.numbers("first_day")
        months = (days - _EPOCH).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return np.where(days > 0, months, NO_MONTH)

    def values(self, name: str) -> ValueColumn:
        """A column of values; kept, since every commit that has this segment joins it with those of others."""
        if name not in self._values:
            self._values[name] = read_values(self.file, name)
        return self._values[name]

    def abbreviations(self, form: str) -> Iterator[tuple[str, int]]:
        """The values of the column of abbreviations that are found by what begins with this word, each with its code.

        The column is sorted, and no other value is read.
        """
        alone, first = f"{form}{PARTED}".encode(), f"{form} ".encode()  # in this order, with nothing between them
        start = self._abbreviations.position(alone)
        for code, value in enumerate(self._abbreviations.iterate(start), start):
            if not value.startswith((alone, first)):
                break
            yield value.decode(), code

    @cached_property
    def _abbreviations(self) -> Dictionary:
        return Dictionary(self.file, COLUMNS[ABBREVIATION])

    @cached_property
    def abbreviated(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The documents that explain abbreviations, and the code of what each explains."""
        return read_codes(self.file, ABBREVIATION)

    # -- what was decoded before

    def recall(self, key: object) -> Matches | None:
        """What was kept under this key."""
        return self._cache.get(key)

    def keep(self, key: object, matches: Matches | None) -> Matches | None:
        """Keep matches as long as there is room."""
        return self._cache.keep(key, matches, matches.nbytes) if matches else None
