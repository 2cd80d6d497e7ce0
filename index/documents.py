"""The documents of a segment: the values of articles as columns, and how segments are made from articles and merged."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from archive.types import Article, FacetField
from index import dictionary
from index.abbreviations import values_in
from index.dictionary import Dictionary, Strings
from index.inversion import Inverter, Occurrences, Runs, Text
from index.keys import Counts
from index.merge import Source, write_field
from index.postings import Field, FieldSource
from index.segment import SegmentFile, SegmentFileWriter

TEXT = "text"
"""The field of titles and bodies."""

NAMES = ("author", "source", "tag", "url")
"""Fields of short texts, searched by form alone."""

CAPITALS = "capitals"
"""The field of the words of titles and bodies that are written in capitals, at their positions there."""

CAPITALS_POSITION = 16
"""Bits that most of their positions take: few words are in capitals, and most of those stand in long texts."""

FIELDS = (TEXT, CAPITALS, *NAMES)

NUMBERS = {"number": "<i8", "first_day": "<i4", "last_day": "<i4", "published": "<i8"}
"""Columns: the article's id; the first and last day it may be from, as ordinals; `PublicationDate.sort_key`.

An article without a date has 0.
"""

_RELATIVE = {"last_day": 1, "published": 86_400}
"""Columns of which only what they are above the first day is written, and how many of their units make a day."""

VALUES = {
    FacetField.SOURCE: "source_value",
    FacetField.AUTHOR: "author_value",
    FacetField.LANGUAGE: "language_value",
    FacetField.TAG: "tag_value",
}
"""Columns of values to filter by and to count."""

ABBREVIATION = "abbreviation"
"""The column of the abbreviations that an article explains; see `abbreviations.values_of`."""

STORY = "story"
"""The column of the first article of the near-duplicates that one belongs to; few have a value."""

COLUMNS = {facet.value: name for facet, name in VALUES.items()} | {
    ABBREVIATION: "abbreviation_value",
    STORY: "story_value",
}
"""All columns of values."""


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """Which documents have which values: `documents[i]` has `values[codes[i]]`; a document may stand in it often.

    The values are sorted.
    """

    values: tuple[str, ...]
    documents: NDArray[np.int64]
    codes: NDArray[np.int64]


class Document(NamedTuple):
    """What is indexed of an article."""

    numbers: tuple[int, int, int, int]
    """The columns in `NUMBERS`."""
    title: str
    body: str
    language: str | None
    authors: tuple[str, ...]
    source: str | None
    tags: tuple[str, ...]
    url: str | None
    story: int | None = None

    @classmethod
    def of(cls, article: Article) -> "Document":
        """What is indexed of this article."""
        date = article.published
        days = (date.first_day.toordinal(), date.last_day.toordinal(), date.sort_key) if date else (0, 0, 0)
        return cls(
            (article.id, *days), article.title, article.body, article.language, article.authors, article.source,
            article.tags, article.url, article.story,
        )  # fmt: skip

    def names(self) -> dict[str, str]:
        """The texts of the fields in `NAMES`."""
        return {
            "author": "\n\n".join(self.authors),
            "source": self.source or "",
            "tag": "\n\n".join(self.tags),
            "url": self.url or "",
        }


_VALUES_OF: dict[str, Callable[[Document], Iterable[str]]] = {
    FacetField.SOURCE: lambda document: (document.source,) if document.source else (),
    FacetField.AUTHOR: lambda document: dict.fromkeys(document.authors),
    FacetField.LANGUAGE: lambda document: (document.language,) if document.language else (),
    FacetField.TAG: lambda document: dict.fromkeys(document.tags),
    ABBREVIATION: lambda document: values_in(document.body),
    STORY: lambda document: (str(document.story),) if document.story else (),
}
"""The values in `COLUMNS` of a document, each once."""


class DocumentSource(Protocol):
    """Documents to be written to a segment."""

    @property
    def count(self) -> int:
        """How many there are."""

    @property
    def numbers(self) -> Mapping[str, Counts]:
        """The columns in `NUMBERS`."""

    @property
    def values(self) -> Mapping[str, ValueColumn]:
        """The columns in `COLUMNS`."""

    @property
    def title_ends(self) -> Counts:
        """The position before which a word is in the title, for each document."""

    @property
    def paragraphs(self) -> tuple[Counts, Counts]:
        """The positions at which paragraphs begin, of one document after the other, and how many each has.

        The first paragraph of a document is not among them.
        """

    def field(self, name: str) -> tuple[Source, Counts]:
        """The occurrences of a field, and the length of each document in it."""


class Inverted:
    """Documents, inverted: in memory, or with their words in a file where there is one for them."""

    def __init__(self, file: BinaryIO | None = None) -> None:
        self.count = 0
        self._inverters = {name: Inverter(file) for name in FIELDS if name != CAPITALS}
        self._numbers: dict[str, list[int]] = {name: [] for name in NUMBERS}
        self._values: dict[str, tuple[dict[str, int], list[int], list[int]]] = {name: ({}, [], []) for name in COLUMNS}

    def add(self, documents: Sequence[Document]) -> dict[int, str]:
        """Invert documents. Those that cannot be are left out: their articles' ids map to the reasons."""
        try:
            self._add(documents)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  # it is about one of them, whatever it is
            if len(documents) == 1:
                return {documents[0].numbers[0]: f"{type(error).__name__}: {error}"}
            failed: dict[int, str] = {}
            for document in documents:
                failed |= self.add([document])
            return failed
        return {}

    def _add(self, documents: Sequence[Document]) -> None:
        texts: dict[str, list[Text]] = {TEXT: [(each.title, each.body, each.language) for each in documents]}
        names = [each.names() for each in documents]
        for name in NAMES:
            texts[name] = [("", each[name], None) for each in names]
        try:
            for name, inverter in self._inverters.items():
                inverter.add(texts[name])
        except BaseException:
            for inverter in self._inverters.values():
                inverter.forget(self.count)
            raise
        for each in documents:
            for column, number in zip(self._numbers.values(), each.numbers, strict=True):
                column.append(number)
        for name, of in _VALUES_OF.items():
            values, numbers, codes = self._values[name]
            for number, each in enumerate(documents, self.count):
                for value in of(each):
                    numbers.append(number)
                    codes.append(values.setdefault(value, len(values)))
        self.count += len(documents)

    def finish(self) -> None:
        """Give up what is needed only to add more: it is as large as all the words that there are."""
        for inverter in self._inverters.values():
            inverter.finish()

    @property
    def occurrences(self) -> int:
        """How many words of titles and bodies there are."""
        return sum(int(run.lengths.sum()) for run in self._inverters[TEXT].words.runs)

    @property
    def numbers(self) -> dict[str, Counts]:
        """See `DocumentSource`."""
        return {name: np.array(column, dtype=np.int64) for name, column in self._numbers.items()}

    @property
    def values(self) -> dict[str, ValueColumn]:
        """See `DocumentSource`."""
        columns = {}
        for name, (met, documents, codes) in self._values.items():
            values = sorted(met)
            place = np.empty(len(values), dtype=np.int64)
            place[[met[value] for value in values]] = np.arange(len(values))
            column = place[np.array(codes, dtype=np.int64)]
            columns[name] = ValueColumn(tuple(values), np.array(documents, dtype=np.int64), column)
        return columns

    @property
    def title_ends(self) -> Counts:
        """See `DocumentSource`."""
        return _joined(self._inverters[TEXT].titles)

    @property
    def paragraphs(self) -> tuple[Counts, Counts]:
        """See `DocumentSource`."""
        text = self._inverters[TEXT]
        return _joined(text.paragraphs), _joined(text.paragraph_counts)

    def field(self, name: str) -> tuple[Runs, Counts]:
        """See `DocumentSource`."""
        return self._occurrences(name).source(), self.lengths(name)

    def lengths(self, name: str) -> Counts:
        """The length of each document in a field."""
        return _joined(self._occurrences(name).lengths)

    def _occurrences(self, name: str) -> Occurrences:
        return self._inverters[TEXT].capitals if name == CAPITALS else self._inverters[name].words


def _joined(parts: list[Counts]) -> Counts:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


class StoredDocuments:
    """The documents of a segment file that are not deleted, as a source for another segment."""

    def __init__(self, file: SegmentFile, live: NDArray[np.bool_] | None) -> None:
        self._file, self._live = file, live
        kept = slice(None) if live is None else live
        self.numbers = {name: read_numbers(file, name)[kept] for name in NUMBERS}
        self.title_ends = file.packed("title_end").slice(0, len(file["number"])).astype(np.int64)[kept]
        self.count = len(self.title_ends)
        self.paragraphs = self._paragraphs()
        self.values = {name: self._read(name) for name in COLUMNS}

    def _paragraphs(self) -> tuple[Counts, Counts]:
        starts, counts = read_paragraphs(self._file)
        if self._live is None:
            return starts, counts
        return starts[np.repeat(self._live, counts)], counts[self._live]

    def _read(self, name: str) -> ValueColumn:
        column = read_values(self._file, name)
        if self._live is None:
            return column
        kept = self._live[column.documents]
        number = np.cumsum(self._live) - 1
        return ValueColumn(column.values, number[column.documents[kept]], column.codes[kept])

    def field(self, name: str) -> tuple[Source, Counts]:
        """See `DocumentSource`."""
        field = Field(self._file, name)
        lengths = field.lengths.astype(np.int64)
        return FieldSource(field, self._live), lengths if self._live is None else lengths[self._live]


def _write_numbers(file: SegmentFileWriter, columns: Mapping[str, Counts]) -> None:
    for name, kind in NUMBERS.items():
        numbers = columns[name]
        above = numbers - columns["first_day"] * _RELATIVE.get(name, 0)
        if name in _RELATIVE and above.min(initial=0) >= 0 and above.max(initial=0) < 1 << 31:
            file.pack(name, above)
        else:
            file.append(name, numbers.astype(kind if numbers.max(initial=0) >> 31 else "<i4"))


def read_numbers(file: SegmentFile, name: str) -> Counts:
    """A column in `NUMBERS` of a segment file."""
    if name not in file.about["widths"]:
        return np.asarray(file[name], dtype=np.int64)
    above = file.packed(name).slice(0, len(file["number"])).astype(np.int64)
    return above + np.asarray(file["first_day"], dtype=np.int64) * _RELATIVE[name]


def read_paragraphs(file: SegmentFile) -> tuple[Counts, Counts]:
    """The paragraphs of a segment file; see `DocumentSource.paragraphs`."""
    counts = file.packed("paragraph_count").slice(0, len(file["number"])).astype(np.int64)
    return file.packed("paragraph").slice(0, int(counts.sum())).astype(np.int64), counts


def read_values(file: SegmentFile, name: str) -> ValueColumn:
    """A column of values in a segment file."""
    values = tuple(value.decode() for value in Dictionary(file, COLUMNS[name]).all())
    return ValueColumn(values, *read_codes(file, name))


def read_codes(file: SegmentFile, name: str) -> tuple[Counts, Counts]:
    """The documents and the codes of such a column, without its values."""
    stored = COLUMNS[name]
    documents, codes = (
        file.packed(f"{stored}.{part}").slice(0, int(file.about[stored])) for part in ("document", "code")
    )
    return documents.astype(np.int64), codes.astype(np.int64)


def join_values(columns: Sequence[ValueColumn], counts: Sequence[int]) -> ValueColumn:
    """Columns of consecutive documents as one, its values sorted; `counts` says how many documents each is of."""
    if len(columns) == 1:
        return columns[0]
    values, places = _join_sorted([column.values for column in columns])
    documents, codes, first = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], 0
    for column, count, place in zip(columns, counts, places, strict=True):
        documents.append(column.documents + first)
        codes.append(place[column.codes])
        first += count
    return ValueColumn(values, np.concatenate(documents), np.concatenate(codes))


def _join_sorted(lists: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], list[Counts]]:
    """The values of all lists, sorted, and for each list the places of its own among them.

    Most are in the longest list: sorting it with what is new merges two sorted lists, which takes one pass.
    """
    longest = max(lists, key=len, default=())
    new = sorted({value for values in lists if values is not longest for value in values}.difference(longest))
    joined = tuple(sorted([*longest, *new]))
    place = {value: at for at, value in enumerate(joined)}
    return joined, [np.array([place[value] for value in values], dtype=np.int64) for values in lists]


def write_segment(path: Path, sources: Sequence[DocumentSource]) -> None:
    """Write the documents of all sources, one after the other, as one segment file."""
    file = SegmentFileWriter(path.parent)
    try:
        _write_numbers(file, {name: np.concatenate([source.numbers[name] for source in sources]) for name in NUMBERS})
        counts = [source.count for source in sources]
        for name, stored in COLUMNS.items():
            column = join_values([source.values[name] for source in sources], counts)
            dictionary.encode(Strings.join([value.encode() for value in column.values]), file.sink(stored))
            file.about[stored] = len(column.documents)
            file.pack(f"{stored}.document", column.documents)
            file.pack(f"{stored}.code", column.codes)
        title_ends = np.concatenate([source.title_ends for source in sources])
        file.pack("title_end", title_ends)
        file.pack("paragraph", np.concatenate([source.paragraphs[0] for source in sources]))
        file.pack("paragraph_count", np.concatenate([source.paragraphs[1] for source in sources]))
        for name in FIELDS:
            parts = [source.field(name) for source in sources]
            lengths = np.concatenate([length for _, length in parts])
            titles = title_ends if name == TEXT else None
            bits = CAPITALS_POSITION if name == CAPITALS else None  # they stand wherever words of the text do
            write_field(file, name, [source for source, _ in parts], lengths, titles, position_bits=bits)
        file.about["documents"] = sum(counts)
        file.close(path)
    finally:
        file.discard()


FAR_PAST, FAR_FUTURE = 1, date.max.toordinal()
"""Ordinals that are before and after any day; an article without a date has 0."""
