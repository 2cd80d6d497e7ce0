"""Evaluates Whoosh query trees on arrays.

Each query becomes the documents of a segment that match, ascending, and their scores: those that Whoosh's own matchers
give with BM25F. What is not known here is left to the matchers.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh import query

from index.cache import Cache
from index.deadline import Deadline
from index.results import NOTHING, Documents, Result, Weights, both, either, shared, without
from index.stored import VIEWS, Matches, View

B, K1 = 0.75, 1.2
"""BM25F's parameters (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009)."""

SCORED_BYTES = 16 << 20
SCORED_BYTES_A_DOCUMENT = 160
"""Documents and scores of words that a segment keeps between searches: so many, or so many for each document."""


class Statistics:
    """What scoring needs to know about all segments together."""

    def __init__(self, segments: "Sequence[Any]") -> None:
        self._segments = segments
        self.documents = sum(segment.count for segment in segments)
        self._average: dict[str, float] = {}
        self._idf: dict[object, float] = {}

    def average_length(self, name: str) -> float:
        """The average number of words in a view."""
        if name not in self._average:
            total = sum(segment.view(name).total for segment in self._segments)
            self._average[name] = total / (self.documents or 1)
        return self._average[name]

    def idf(self, key: object, frequency: Callable[[Any], int]) -> float:
        """The inverse document frequency of what stands in so many documents of each segment."""
        if key not in self._idf:
            found = sum(frequency(segment) for segment in self._segments)
            self._idf[key] = log(self.documents / (found + 1)) + 1
        return self._idf[key]


class Evaluator:
    """Evaluates queries on one segment."""

    def __init__(
        self,
        segment: Any,
        live: NDArray[np.bool_] | None,
        statistics: Statistics,
        fallback: Callable[[query.Query], Result],
    ) -> None:
        self.segment = segment
        self.live = live
        self.statistics = statistics
        self.deadline: Deadline = Deadline.never()
        self._fallback = fallback
        self._norms: dict[str, Weights] = {}
        self.scored = Cache[Result](max(SCORED_BYTES, SCORED_BYTES_A_DOCUMENT * segment.count))

    def evaluate(self, node: query.Query) -> Result:
        """The documents that match, without deleted ones, and their scores."""
        self.deadline.check()
        method = _METHODS.get(type(node))
        if method:
            return method(self, node)
        own = getattr(node, "evaluate", None)
        result: Result = own(self) if own else self._fallback(node)
        return result

    # -- scoring

    def norm(self, view: View) -> Weights:
        """The part of BM25F that is due to the length of each document."""
        if view.name not in self._norms:
            relative = view.lengths.astype(np.float32) * np.float32(
                B / (self.statistics.average_length(view.name) or 1)
            )
            self._norms[view.name] = np.float32(K1) * (np.float32(1 - B) + relative)
        return self._norms[view.name]

    def score(self, view: View, documents: Documents, weights: Weights, idf: float) -> Weights:
        """BM25F for documents with these weights."""
        scores = weights + self.norm(view)[documents]
        np.divide(weights, scores, out=scores)
        scores *= np.float32(idf * (K1 + 1))
        return scores

    def alive(self, documents: Documents, scores: Weights) -> Result:
        """What is not deleted."""
        if self.live is None:
            return documents, scores
        kept = self.live[documents]
        return documents[kept], scores[kept]

    # -- leaves

    def term(self, name: str, text: bytes) -> Result:
        """The documents with a term."""
        if name not in VIEWS:
            return NOTHING
        view = self.segment.view(name)
        matches = view.read(text)
        if matches is None:
            return NOTHING
        idf = self.statistics.idf((name, text), lambda segment: segment.view(name).frequency(text))
        return self.alive(matches.documents, self.score(view, matches.documents, matches.weights, idf))

    def _term(self, node: query.Term) -> Result:
        documents, scores = self.term(node.fieldname, _to_bytes(node.text))
        return documents, _boosted(scores, node.boost)

    def _phrase(self, node: query.Phrase) -> Result:
        documents, scores = self.phrase(node.fieldname, [_to_bytes(word) for word in node.words], node.slop)
        return documents, _boosted(scores, node.boost)

    def phrase(self, name: str, texts: Sequence[bytes], slop: int = 1) -> Result:
        """The documents with these terms, each at most `slop` positions after the one before."""
        if name not in VIEWS:
            return NOTHING
        view = self.segment.view(name)
        found = [view.read(text) for text in texts]
        if not all(found):
            return NOTHING
        words = [matches for matches in found if matches]
        places = self._together(words)
        if not len(places[0]):
            return NOTHING
        self.deadline.check()
        kept = in_order(words, places, slop)
        documents = words[0].documents[places[0][kept]]
        scores = np.zeros(len(kept), dtype=np.float32)
        for text, matches, where in zip(texts, words, places, strict=True):
            idf = self.statistics.idf((name, text), lambda segment, text=text: segment.view(name).frequency(text))  # type: ignore[misc]
            scores += self.score(view, documents, matches.weights[where[kept]], idf)
        return self.alive(documents, scores)

    def _together(self, words: Sequence[Matches]) -> list[NDArray[np.intp]]:
        """For each word, the places of the documents that have all of them."""
        order = sorted(range(len(words)), key=lambda at: len(words[at].documents))
        documents = words[order[0]].documents
        places = {order[0]: np.arange(len(documents))}
        for at in order[1:]:
            here, there = shared(documents, words[at].documents)
            documents = documents[here]
            places = {known: where[here] for known, where in places.items()} | {at: there}
        return [places[at] for at in range(len(words))]

    # -- combinations

    def _and(self, node: query.And) -> Result:
        if len(node.subqueries) == 1:
            return self.evaluate(node.subqueries[0])
        results: list[Result] = [] if node.subqueries else [NOTHING]
        for part in node.subqueries:
            results.append(self.evaluate(part))
            if not len(results[-1][0]):
                return NOTHING
        results.sort(key=lambda result: len(result[0]))
        documents, scores = reduce(both, results)
        return documents, _boosted(scores, node.boost)

    def _or(self, node: query.Or) -> Result:
        if len(node.subqueries) == 1:
            return self.evaluate(node.subqueries[0])
        if node.scale:
            return self._fallback(node)
        documents, scores = either([self.evaluate(part) for part in node.subqueries])
        return documents, _boosted(scores, node.boost)

    def _dismax(self, node: query.DisjunctionMax) -> Result:
        if len(node.subqueries) == 1:
            return self.evaluate(node.subqueries[0])
        if node.tiebreak:
            return self._fallback(node)
        best = np.full(self.segment.count, -np.inf, dtype=np.float32)
        for part in node.subqueries:
            documents, scores = self.evaluate(part)
            best[documents] = np.maximum(best[documents], scores)
        every = np.flatnonzero(best > -np.inf).astype(np.int32)
        return every, _boosted(best[every], node.boost)

    def _not(self, node: query.Not) -> Result:
        everything = self.every()
        return without((everything, np.ones(len(everything), dtype=np.float32)), self.evaluate(node.query)[0])

    def _and_not(self, node: query.AndNot) -> Result:
        result = self.evaluate(node.a)
        return without(result, self.evaluate(node.b)[0]) if len(result[0]) else NOTHING

    def _and_maybe(self, node: query.AndMaybe) -> Result:
        documents, scores = self.evaluate(node.a)
        others, more = self.evaluate(node.b)
        here, there = shared(documents, others)
        scores = scores.copy()
        scores[here] += more[there]
        return documents, scores

    def _require(self, node: query.Require) -> Result:
        documents, scores = self.evaluate(node.a)
        here, _ = shared(documents, self.evaluate(node.b)[0])
        return documents[here], scores[here]

    def _otherwise(self, node: query.Otherwise) -> Result:
        result = self.evaluate(node.a)
        return result if len(result[0]) else self.evaluate(node.b)

    # -- the rest

    def every(self) -> Documents:
        """Every document."""
        return (
            np.arange(self.segment.count, dtype=np.int32)
            if self.live is None
            else np.flatnonzero(self.live).astype(np.int32)
        )

    def _every(self, node: query.Every) -> Result:
        if node.fieldname is not None:
            return self._fallback(node)
        documents = self.every()
        return documents, np.full(len(documents), node.boost, dtype=np.float32)

    def _null(self, _: query.Query) -> Result:
        return NOTHING

    def _constant(self, node: query.ConstantScoreQuery) -> Result:
        documents, _ = self.evaluate(node.child)
        return documents, np.full(len(documents), node.score, dtype=np.float32)


def _boosted(scores: Weights, boost: float) -> Weights:
    return scores if boost == 1.0 else scores * np.float32(boost)


def _to_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


_OWNER = 40


def in_order(words: Sequence[Matches], places: Sequence[NDArray[np.intp]], slop: int) -> NDArray[np.intp]:
    """Which documents have the words one after the other; `places` has each word's place of every document."""
    ends: NDArray[np.int64] | None = None
    for matches, where in zip(words, places, strict=True):
        owners, positions = matches.positions(where)
        keys = (owners << _OWNER) + positions
        if ends is None:
            ends = keys
            continue
        before = np.searchsorted(ends, keys) - 1
        near = np.flatnonzero(before >= 0)
        near = near[keys[near] - ends[before[near]] <= slop]
        ends = keys[near]
        if not len(ends):
            break
    owners = (np.zeros(0, dtype=np.int64) if ends is None else ends) >> _OWNER
    return owners[np.flatnonzero(np.diff(owners, prepend=-1))]


_METHODS: dict[type, Callable[[Evaluator, Any], Result]] = {
    query.Term: Evaluator._term,  # noqa: SLF001
    query.Phrase: Evaluator._phrase,  # noqa: SLF001
    query.And: Evaluator._and,  # noqa: SLF001
    query.Or: Evaluator._or,  # noqa: SLF001
    query.DisjunctionMax: Evaluator._dismax,  # noqa: SLF001
    query.Not: Evaluator._not,  # noqa: SLF001
    query.AndNot: Evaluator._and_not,  # noqa: SLF001
    query.AndMaybe: Evaluator._and_maybe,  # noqa: SLF001
    query.Require: Evaluator._require,  # noqa: SLF001
    query.Otherwise: Evaluator._otherwise,  # noqa: SLF001
    query.Every: Evaluator._every,  # noqa: SLF001
    type(query.NullQuery): Evaluator._null,  # noqa: SLF001
    query.ConstantScoreQuery: Evaluator._constant,  # noqa: SLF001
}
