"""Reads the leaves of queries from the arrays of one segment: terms, phrases, and their BM25F scores."""

from collections.abc import Callable, Sequence
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh import query

from index.cache import Memory
from index.deadline import Deadline
from index.evaluate import Evaluator, OwnQuery, boosted
from index.results import NOTHING, Documents, Result, Weights, shared
from index.stored import VIEWS, Matches, View

B, K1 = 0.75, 1.2
"""BM25F's parameters (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009)."""


IDF_BYTES = 4 << 20
"""What is kept of the frequencies of words."""


class Statistics:
    """What scoring needs to know about all segments together."""

    def __init__(self, segments: "Sequence[Any]") -> None:
        self._segments = segments
        self.documents = sum(segment.count for segment in segments)
        self._average: dict[str, float] = {}
        self._idf = Memory(IDF_BYTES)

    def average_length(self, name: str) -> float:
        """The average number of words in a view."""
        if name not in self._average:
            total = sum(segment.view(name).total for segment in self._segments)
            self._average[name] = total / (self.documents or 1)
        return self._average[name]

    def idf(self, key: object, frequency: Callable[[Any], int]) -> float:
        """The inverse document frequency of what stands in so many documents of each segment."""
        return self._idf.recall(key, lambda: self._of_frequency(sum(frequency(segment) for segment in self._segments)))

    def found(self, key: object, frequency: Callable[[Any], int]) -> int:
        """How many documents something stands in, deleted ones with them."""
        return self._idf.recall(("found", key), lambda: sum(frequency(segment) for segment in self._segments))

    def _of_frequency(self, found: int) -> float:
        return log(self.documents / (found + 1)) + 1


class SegmentEvaluator(Evaluator):
    """Evaluates queries on one segment. What it does not know it leaves to `fallback`: Whoosh's matchers."""

    def __init__(
        self,
        segment: Any,
        live: NDArray[np.bool_] | None,
        statistics: Statistics,
        fallback: Callable[[query.Query], Result],
    ) -> None:
        super().__init__(segment.count)
        self.segment = segment
        self.live = live
        self.statistics = statistics
        self._fallback = fallback
        self._norms: dict[str, Weights] = {}

    def use(self, deadline: Deadline) -> None:
        """See `Evaluator.use`."""
        self.deadline = deadline

    def read(self, node: query.Query) -> Result:
        """See `Evaluator.read`."""
        if isinstance(node, OwnQuery):
            return node.find(self)
        method = _LEAVES.get(type(node))
        return method(self, node) if method else self._fallback(node)

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
        scores = self.score(view, matches.documents, matches.weights, self.idf(name, text))
        return self.alive(matches.documents, scores)

    def idf(self, name: str, text: bytes) -> float:
        """How rare a term is, in all segments together."""
        return self.statistics.idf((name, text), lambda segment: segment.view(name).frequency(text))

    def _term(self, node: query.Term) -> Result:
        documents, scores = self.term(node.fieldname, _to_bytes(node.text))
        return documents, boosted(scores, node.boost)

    def _phrase(self, node: query.Phrase) -> Result:
        documents, scores = self.phrase(node.fieldname, [_to_bytes(word) for word in node.words], node.slop)
        return documents, boosted(scores, node.boost)

    def phrase(self, name: str, texts: Sequence[bytes], slop: int = 1, *, idf: float | None = None) -> Result:
        """The documents with these terms, each at most `slop` positions after the one before.

        With `idf` each term counts so much; otherwise as much as it is rare.
        """
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
            rarity = self.idf(name, text) if idf is None else idf
            scores += self.score(view, documents, matches.weights[where[kept]], rarity)
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

    def _otherwise(self, node: query.Otherwise) -> Result:
        """Like Whoosh, which asks in each segment anew whether there is anything."""
        result = self.evaluate(node.a)
        return result if len(result[0]) else self.evaluate(node.b)

    def every(self) -> Documents:
        """See `Evaluator.every`."""
        return (
            np.arange(self.count, dtype=np.int32) if self.live is None else np.flatnonzero(self.live).astype(np.int32)
        )

    def _every(self, node: query.Every) -> Result:
        if node.fieldname is not None:
            return self._fallback(node)
        documents = self.every()
        return documents, np.full(len(documents), node.boost, dtype=np.float32)


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


_LEAVES: dict[type, Callable[[SegmentEvaluator, Any], Result]] = {
    query.Term: SegmentEvaluator._term,  # noqa: SLF001
    query.Phrase: SegmentEvaluator._phrase,  # noqa: SLF001
    query.Otherwise: SegmentEvaluator._otherwise,  # noqa: SLF001
    query.Every: SegmentEvaluator._every,  # noqa: SLF001
}
