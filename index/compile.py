"""From a resolved query to Whoosh's query tree, and its scoring."""

import math
import time
from math import log

from whoosh import matching, query, scoring
from whoosh.reading import IndexReader
from whoosh.searching import Searcher

from index import schema
from index.resolve import All, Any, Leaf, Resolved, Row, Without
from index.tree import Everything, Published

TITLE_BOOST = 2.0
"""How much more a word in the title says about an article than one in its body."""

_FAR_PAST, _FAR_FUTURE = 1, 4_000_000  # ordinals of days; an article without a date has 0


class TooSlowError(Exception):
    """A query took longer than it may."""


class Deadline:
    """The end of the time that one request may take; asked for at every posting, so that nothing runs past it."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._ticks = 0

    def tick(self) -> None:
        """Raises TooSlowError when the time is over."""
        self._ticks += 1
        if self._ticks % 512 == 0 and time.monotonic() > self._end:
            raise TooSlowError


class _Watched(matching.WrappingMatcher):  # type: ignore[misc]  # Whoosh's types are not used
    """A matcher of one term that ends with the deadline."""

    def __init__(self, child: matching.Matcher, boost: float = 1.0, deadline: Deadline | None = None) -> None:
        super().__init__(child, boost)
        self.deadline = deadline or Deadline(math.inf)

    def _replacement(self, newchild: matching.Matcher) -> "_Watched":
        return _Watched(newchild, self.boost, self.deadline)

    def copy(self) -> "_Watched":
        return _Watched(self.child.copy(), self.boost, self.deadline)

    def next(self) -> bool:
        self.deadline.tick()
        return bool(self.child.next())

    def skip_to(self, id: int) -> bool:
        self.deadline.tick()
        return bool(self.child.skip_to(id))

    def spans(self) -> list[object]:
        self.deadline.tick()
        return list(self.child.spans())


class _Term(query.Term):  # type: ignore[misc]
    """A term that is watched."""

    def __init__(self, field: str, text: str, boost: float, deadline: Deadline) -> None:
        super().__init__(field, text)
        self.weight = boost
        self.deadline = deadline

    def matcher(self, searcher: Searcher, context: object = None) -> matching.Matcher:
        """As Whoosh's, but watched."""
        return _Watched(super().matcher(searcher, context), self.weight, self.deadline)


class _Phrase(query.Phrase):  # type: ignore[misc]
    """A phrase whose terms are watched."""

    def __init__(self, field: str, words: list[str], boost: float, deadline: Deadline) -> None:
        super().__init__(field, words)
        self.weight = boost
        self.deadline = deadline

    def matcher(self, searcher: Searcher, context: object = None) -> matching.Matcher:
        """As Whoosh's, but watched."""
        if any((self.fieldname, word) not in searcher.reader() for word in self.words):
            return matching.NullMatcher()
        terms = [_Term(self.fieldname, word, 1.0, self.deadline) for word in self.words]
        matcher = query.SpanNear2(terms, slop=1, ordered=True, mindist=1).matcher(searcher, context)
        return matching.WrappingMatcher(matcher, boost=self.weight)


class Compiler:
    """Compiles resolved queries into Whoosh's, all of which end with one deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline

    def compile(self, node: Resolved) -> query.Query:
        """The Whoosh query that matches what the resolved query is satisfied by."""
        match node:
            case Leaf(fields, rows):
                return _any([self._row(field, row) for field in fields for row in rows])
            case All(parts):
                wanted = [self.compile(part) for part in parts if not isinstance(part, Without)]
                unwanted = [self.compile(part.part) for part in parts if isinstance(part, Without)]
                base = wanted[0] if len(wanted) == 1 else query.And(wanted) if wanted else query.Every()
                return query.AndNot(base, _any(unwanted)) if unwanted else base
            case Any(parts):
                return _any([self.compile(part) for part in parts])
            case Without(part):
                return query.AndNot(query.Every(), self.compile(part))
            case Published(first, last):
                first_day = first.toordinal() if first else _FAR_PAST
                return PublishedIn(first_day, last.toordinal() if last else _FAR_FUTURE)
            case Everything():
                return query.Every()

    def _row(self, field: str, row: Row) -> query.Query:
        boost = TITLE_BOOST if field == "title" else 1.0
        name = schema.STEMS[field] if row.stemmed else field
        if len(row.terms) == 1:
            return _Term(name, row.terms[0], boost, self.deadline)
        return _Phrase(name, list(row.terms), boost, self.deadline)


class PublishedIn(query.Query):  # type: ignore[misc]  # Whoosh's types are not used
    """Articles that may have been published between two days (ordinals), both included."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = last

    def is_leaf(self) -> bool:
        """It has no parts."""
        return True

    def estimate_size(self, reader: IndexReader) -> int:
        """At most every document."""
        return int(reader.doc_count_all())

    def matcher(self, searcher: Searcher, context: object = None) -> matching.Matcher:  # noqa: ARG002  # Whoosh's signature
        """The documents of one segment, without the deleted ones."""
        reader = searcher.reader()
        if not (reader.has_column("first_day") and reader.has_column("last_day")):
            return matching.NullMatcher()
        days = zip(reader.column_reader("first_day"), reader.column_reader("last_day"), strict=True)
        found = [at for at, (first, last) in enumerate(days) if 0 < first <= self.last and last >= self.first]
        return matching.ListMatcher([at for at in found if not reader.is_deleted(at)])


def _any(parts: list[query.Query]) -> query.Query:
    if not parts:
        return query.NullQuery
    return parts[0] if len(parts) == 1 else query.Or(parts)


class Scoring(scoring.BM25F):  # type: ignore[misc]  # Whoosh's types are not strict
    """BM25F whose rarity of a stem is counted over all languages.

    Stems are marked with their language; without this, `iraq` in the few French articles of an English archive would
    count as a rare word and put those articles first.
    """

    def __init__(self, stemmers: tuple[str, ...]) -> None:
        super().__init__(B=0.75, K1=1.2)
        self.stemmers = stemmers

    def idf(self, searcher: Searcher, fieldname: str, text: str | bytes) -> float:
        """The inverse document frequency of a term."""
        term = text.decode() if isinstance(text, bytes) else text
        if fieldname not in schema.STEMS.values():
            return float(super().idf(searcher, fieldname, text))
        plain = term.partition(":")[2]
        frequency = sum(searcher.doc_frequency(fieldname, f"{stemmer}:{plain}") for stemmer in self.stemmers)
        return float(log(searcher.doc_count_all() / (frequency + 1)) + 1)
