"""From a resolved query to Whoosh's query tree, with two kinds of queries of our own."""

from typing import Any as AnyQuery

import numpy as np
from whoosh import matching, query
from whoosh.reading import IndexReader
from whoosh.searching import Searcher

from archive.types import FacetField
from index.analysis import fold
from index.documents import FAR_FUTURE, FAR_PAST
from index.evaluate import OwnQuery
from index.leaves import SegmentEvaluator
from index.resolve import All, Any, Leaf, Resolved, Row, Without
from index.results import NOTHING, Result, either
from index.stored import Matches, join
from index.tree import Everything, Published


class Word(OwnQuery):
    """A word in all its spellings: satisfied by any of the rows, and counted as one word however it is written."""

    def __init__(self, name: str, rows: tuple[Row, ...]) -> None:
        self.name = name
        self.rows = rows
        self.key = ("word", name, rows)
        self.key_bytes = 200 * (1 + len(rows))

    def as_whoosh(self) -> query.Query:
        """The same in Whoosh's own queries; it matches the same articles, with other scores."""
        return _any(
            [
                query.Term(view_of(self.name, row), row.terms[0])
                if len(row.terms) == 1
                else query.Phrase(view_of(self.name, row), list(row.terms))
                for row in self.rows
            ]
        )

    def estimate_size(self, reader: IndexReader) -> int:
        """About how many documents match."""
        return int(self.as_whoosh().estimate_size(reader))

    def matcher(self, searcher: Searcher, context: object = None) -> matching.Matcher:
        """For the parts of a tree that Whoosh evaluates."""
        return self.as_whoosh().matcher(searcher, context)

    def find(self, evaluator: SegmentEvaluator) -> Result:
        """The documents with any of the rows."""
        singles = tuple((view_of(self.name, row), row.terms[0]) for row in self.rows if len(row.terms) == 1)
        results = [self._forms(evaluator, singles)] if singles else []
        for row in self.rows:
            if len(row.terms) > 1:
                terms = [term.encode() for term in row.terms]
                results.append(evaluator.phrase(view_of(self.name, row), terms))
        return either(results)

    def _forms(self, evaluator: SegmentEvaluator, singles: tuple[tuple[str, str], ...]) -> Result:
        matches = read_all(evaluator.segment, singles)
        if matches is None:
            return NOTHING

        def frequency(segment: AnyQuery) -> int:
            found = read_all(segment, singles)
            return len(found.documents) if found else 0

        idf = evaluator.statistics.idf(singles, frequency)
        view = evaluator.segment.view(singles[0][0])
        return evaluator.alive(matches.documents, evaluator.score(view, matches.documents, matches.weights, idf))


def view_of(name: str, row: Row) -> str:
    """The name under which a row's terms are in the index."""
    return f"{name}_stem" if row.stemmed else name


def read_all(segment: AnyQuery, singles: tuple[tuple[str, str], ...]) -> Matches | None:
    """Where any of these terms or forms stands, as one; remembered."""
    if len(singles) == 1:
        found: Matches | None = segment.view(singles[0][0]).read(singles[0][1].encode())
        return found
    known: Matches | None = segment.recall(singles)
    if known is None:
        parts = [segment.view(name).read(text.encode()) for name, text in singles]
        known = segment.keep(singles, join([part for part in parts if part]))
    return known


class PublishedIn(OwnQuery):
    """Articles that may have been published between two days (ordinals), both included."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = last
        self.key = ("published", first, last)

    def estimate_size(self, reader: IndexReader) -> int:
        """At most every document."""
        return int(reader.doc_count_all())

    def matcher(self, searcher: Searcher, context: object = None) -> matching.Matcher:  # noqa: ARG002  # Whoosh's signature
        """For the parts of a tree that Whoosh evaluates."""
        reader = searcher.reader()
        days = zip(reader.column_reader("first_day"), reader.column_reader("last_day"), strict=True)
        found = [at for at, (first, last) in enumerate(days) if 0 < first <= self.last and last >= self.first]
        return matching.ListMatcher([at for at in found if not reader.is_deleted(at)])

    def find(self, evaluator: SegmentEvaluator) -> Result:
        """The documents of these days."""
        first, last = evaluator.segment.file["first_day"], evaluator.segment.file["last_day"]
        documents = np.flatnonzero((first > 0) & (first <= self.last) & (last >= self.first)).astype(np.int32)
        return evaluator.alive(documents, np.ones(len(documents), dtype=np.float32))


class WrittenIn(OwnQuery):
    """Articles in a language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.key = ("language", language)

    def estimate_size(self, reader: IndexReader) -> int:
        """At most every document."""
        return int(reader.doc_count_all())

    def find(self, evaluator: SegmentEvaluator) -> Result:
        """The documents in the language."""
        column = evaluator.segment.values(FacetField.LANGUAGE)
        codes = [code for code, value in enumerate(column.values) if fold(value) == self.language]
        documents = np.unique(column.documents[np.isin(column.codes, codes)]).astype(np.int32)
        return evaluator.alive(documents, np.ones(len(documents), dtype=np.float32))


def compile_query(node: Resolved) -> query.Query:
    """The Whoosh query that matches what the resolved query is satisfied by."""
    match node:
        case Leaf(("language",), rows):
            return _any([WrittenIn(row.terms[0]) for row in rows])
        case Leaf(fields, rows):
            return _any([Word(field, rows) for field in fields])
        case All(parts):
            wanted = [compile_query(part) for part in parts if not isinstance(part, Without)]
            unwanted = [compile_query(part.part) for part in parts if isinstance(part, Without)]
            base = wanted[0] if len(wanted) == 1 else query.And(wanted) if wanted else query.Every()
            return query.AndNot(base, _any(unwanted)) if unwanted else base
        case Any(parts):
            return _any([compile_query(part) for part in parts])
        case Without(part):
            return query.AndNot(query.Every(), compile_query(part))
        case Published(first, last):
            first_day = first.toordinal() if first else FAR_PAST
            return PublishedIn(first_day, last.toordinal() if last else FAR_FUTURE)
        case Everything():
            return query.Every()


def _any(parts: list[query.Query]) -> query.Query:
    if not parts:
        return query.NullQuery
    return parts[0] if len(parts) == 1 else query.Or(parts)
