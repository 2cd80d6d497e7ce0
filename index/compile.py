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
from index.places import spans_of
from index.ranking import SentenceQuery
from index.resolve import All, Any, Close, Leaf, Often, Resolved, Row, Told, Without
from index.results import NOTHING, Documents, Result, either, shared
from index.spans import NONE, Keys, distinct
from index.stored import Matches, read_all
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
        """The documents with any of the rows; other spellings are as rare as the first row, which is what was typed."""
        if not self.rows:
            return NOTHING
        singles = tuple((view_of(self.name, row), row.terms[0]) for row in self.rows if len(row.terms) == 1)
        typed = self.rows[0]
        idf = (
            self._idf(evaluator, singles)
            if len(typed.terms) == 1
            else sum(evaluator.idf(view_of(self.name, typed), term.encode()) for term in typed.terms)
        )
        results = [self._forms(evaluator, singles, idf)] if singles else []
        for row in self.rows:
            if (count := len(row.terms)) > 1:
                terms = [term.encode() for term in row.terms]
                of_each = None if count == len(typed.terms) else idf / count
                results.append(evaluator.phrase(view_of(self.name, row), terms, idf=of_each))
        return either(results)

    def _idf(self, evaluator: SegmentEvaluator, singles: tuple[tuple[str, str], ...]) -> float:
        def frequency(segment: AnyQuery) -> int:
            found = read_all(segment, singles)
            return len(found.documents) if found else 0

        return evaluator.statistics.idf(singles, frequency)

    def _forms(self, evaluator: SegmentEvaluator, singles: tuple[tuple[str, str], ...], idf: float) -> Result:
        matches = read_all(evaluator.segment, singles)
        if matches is None:
            return NOTHING
        view = evaluator.segment.view(singles[0][0])
        return evaluator.alive(matches.documents, evaluator.score(view, matches.documents, matches.weights, idf))


def view_of(name: str, row: Row) -> str:
    """The name under which a row's terms are in the index."""
    return f"{name}_stem" if row.stemmed else name


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
        first, last = evaluator.segment.numbers("first_day"), evaluator.segment.numbers("last_day")
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
        documents = distinct(column.documents[np.isin(column.codes, codes)]).astype(np.int32)
        return evaluator.alive(documents, np.ones(len(documents), dtype=np.float32))


class Placed(OwnQuery):
    """Articles where parts stand near each other, or often enough, or a phrase with others among its words."""

    def __init__(self, node: Resolved) -> None:
        self.node = node
        self.words = compile_query(_loosened(node))
        self.key = ("placed", _key_of(node))
        self.key_bytes = 2_000

    def estimate_size(self, reader: IndexReader) -> int:
        """At most the documents with the words."""
        return int(self.words.estimate_size(reader))

    def find(self, evaluator: SegmentEvaluator) -> Result:
        """Those of the documents with the words where they stand so."""
        documents, scores = evaluator.evaluate(self.words)
        found = spans_of(self.node, _Places(evaluator, documents)).documents().astype(np.int32)
        here, _ = shared(documents, found)
        return documents[here], scores[here]


class _Places:
    """Where words stand in some documents of a segment; see `places.Places`."""

    def __init__(self, evaluator: SegmentEvaluator, documents: Documents) -> None:
        self._evaluator = evaluator
        self._segment = evaluator.segment
        self._documents = documents

    def words(self, name: str, rows: tuple[Row, ...]) -> Keys:
        """See `Places.words`."""
        singles = tuple((view_of(name, row), row.terms[0]) for row in rows)
        return self._keys(read_all(self._segment, singles)) if singles else NONE.starts

    def term(self, name: str, row: Row, at: int) -> Keys:
        """See `Places.term`."""
        return self._keys(self._segment.view(view_of(name, row)).read(row.terms[at].encode()))

    def paragraphs(self) -> Keys:
        """See `Places.paragraphs`."""
        paragraphs: Keys = self._segment.paragraphs
        return paragraphs

    def _keys(self, matches: Matches | None) -> Keys:
        self._evaluator.deadline.check()
        if matches is None:
            return NONE.starts
        here, there = shared(self._documents, matches.documents)
        owners, positions = matches.positions(there)
        place: Keys = self._segment.place(self._documents[here].astype(np.int64)[owners], positions)
        return place


def _loosened(node: Resolved) -> Resolved:
    """What must be in a document, wherever it stands."""
    match node:
        case Leaf(fields, rows, words) if words.slop:
            return Any(
                tuple(
                    All(tuple(Leaf(fields, (Row((term,), row.stemmed),), words) for term in row.terms)) for row in rows
                )
            )
        case Any(parts):
            return Any(tuple(map(_loosened, parts)))
        case Close(left, right):
            return All((_loosened(left), _loosened(right)))
        case Often(_, part):
            return _loosened(part)
        case _:
            return node


def _key_of(node: Resolved) -> object:
    """What tells a part from others, without where it stands in the query."""
    match node:
        case Leaf(fields, rows, words):
            return fields, rows, words.slop
        case All(parts) | Any(parts):
            return type(node).__name__, *map(_key_of, parts)
        case Close(left, right, words, ordered):
            return words, ordered, _key_of(left), _key_of(right)
        case Often(times, part):
            return times, _key_of(part)
        case _:
            return node


def compile_query(node: Resolved) -> query.Query:
    """The Whoosh query that matches what the resolved query is satisfied by."""
    match node:
        case Leaf():
            return _compile_leaf(node)
        case Close() | Often():
            return Placed(node)
        case Told(parts, sequence, learnt):
            return SentenceQuery(tuple(part.rows for part in parts), sequence, learnt)
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


def _compile_leaf(leaf: Leaf) -> query.Query:
    if leaf.fields == ("language",):
        return _any([WrittenIn(row.terms[0]) for row in leaf.rows])
    if leaf.words.slop and any(len(row.terms) > 1 for row in leaf.rows):
        return Placed(leaf)
    return _any([Word(field, leaf.rows) for field in leaf.fields])


def _any(parts: list[query.Query]) -> query.Query:
    if not parts:
        return query.NullQuery
    return parts[0] if len(parts) == 1 else query.Or(parts)
