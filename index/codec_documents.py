"""What Whoosh reads of the documents of a segment: which are deleted, lengths, columns, vectors and stored values."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh import columns, formats, matching
from whoosh.codec import base

from index.documents import NUMBERS
from index.stored import VIEWS, StoredSegment
from index.written import WrittenSegment

Live = NDArray[np.bool_] | None
"""Which documents are not deleted; None where all are there."""


class DocumentReader(base.PerDocumentReader):  # type: ignore[misc]
    """What documents of both kinds have: which are deleted, and lengths in the fields of these names."""

    def __init__(self, stored: StoredSegment | WrittenSegment, live: Live, names: Iterable[str]) -> None:
        self._stored = stored
        self._live = live
        self._names = frozenset(names)

    def doc_count(self) -> int:
        """How many documents are not deleted."""
        return self._stored.count if self._live is None else int(self._live.sum())

    def doc_count_all(self) -> int:
        """How many documents there are."""
        return self._stored.count

    def has_deletions(self) -> bool:
        """Whether any is deleted."""
        return self._live is not None

    def is_deleted(self, document: int) -> bool:
        """Whether this one is; one that is not there is not."""
        return self._live is not None and document < len(self._live) and not self._live[document]

    def deleted_docs(self) -> list[int]:
        """Those that are."""
        return [] if self._live is None else np.flatnonzero(~self._live).tolist()

    def supports_columns(self) -> bool:
        """There may be columns."""
        return True

    def doc_field_length(self, document: int, fieldname: str, default: int = 0) -> int:
        """How many words a document has in a field."""
        return int(self._stored.view(fieldname).lengths[document]) if fieldname in self._names else default

    def field_length(self, fieldname: str) -> int:
        """How many words all documents have in it."""
        return self._stored.view(fieldname).total if fieldname in self._names else 0

    def min_field_length(self, fieldname: str) -> int:
        """How many the shortest has."""
        lengths = self._lengths(fieldname)
        return int(lengths.min()) if len(lengths) else 0

    def max_field_length(self, fieldname: str) -> int:
        """How many the longest has."""
        lengths = self._lengths(fieldname)
        return int(lengths.max()) if len(lengths) else 0

    def _lengths(self, fieldname: str) -> NDArray[Any]:
        return self._stored.view(fieldname).lengths if fieldname in self._names else np.zeros(0, dtype=np.int64)


class WrittenReader(DocumentReader):
    """The documents of a segment that Whoosh's writer wrote."""

    def __init__(self, stored: WrittenSegment, live: Live) -> None:
        super().__init__(stored, live, stored.about["lengths"])
        self._written = stored

    def has_column(self, fieldname: str) -> bool:
        """Whether there is a column of this name."""
        return fieldname in self._written.about["columns"]

    def list_columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._written.about["columns"])

    def column_reader(self, fieldname: str, column: columns.Column) -> columns.ColumnReader:
        """What reads a column."""
        return self._written.column(fieldname, column)

    def has_vector(self, document: int, fieldname: str) -> bool:
        """Whether a document has a vector."""
        return self._written.vector(document, fieldname) is not None

    def vector(self, document: int, fieldname: str, format_: formats.Format) -> matching.Matcher:
        """A matcher for the terms of a document."""
        found = self._written.vector(document, fieldname)
        if found is None:
            raise KeyError(f"document {document} has no vector of {fieldname!r}")
        terms, entries = found
        return matching.ListMatcher(terms, entries.weights.tolist(), entries.values(format_), format_)

    def stored_fields(self, document: int) -> dict[str, object]:
        """What a document has stored, by field."""
        return self._written.stored(document)


class ArticleReader(DocumentReader):
    """The documents of a segment of articles."""

    def __init__(self, stored: StoredSegment, live: Live) -> None:
        super().__init__(stored, live, VIEWS)
        self._articles = stored

    def has_column(self, fieldname: str) -> bool:
        """Whether there is a column of this name."""
        return fieldname in NUMBERS

    def list_columns(self) -> list[str]:
        """The names of the columns."""
        return list(NUMBERS)

    def column_reader(self, fieldname: str, column: columns.Column) -> "NumbersReader":  # noqa: ARG002
        """What reads a column."""
        return NumbersReader(self._articles.numbers(fieldname))

    def stored_fields(self, document: int) -> dict[str, object]:
        """The article's id; nothing else is stored."""
        return {"number": int(self._articles.numbers("number")[document])}


class NumbersReader(columns.ColumnReader):  # type: ignore[misc]
    """A column of numbers."""

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        self._numbers = numbers
        self._sign = 1

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, document: int) -> int:
        return int(self._numbers[document])

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers.tolist())

    def load(self) -> list[int]:
        """All of it."""
        return list(self._numbers.tolist())

    def sort_key(self, document: int) -> int:
        """What to sort a document by."""
        return self._sign * int(self._numbers[document])

    def set_reverse(self) -> None:
        """Sort the other way round."""
        self._sign = -1
