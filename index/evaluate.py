"""Evaluates Whoosh query trees on arrays.

Each query becomes the documents that match, ascending, and their scores: those that Whoosh's own matchers give with
BM25F. Here are the combinations; the leaves, and what is not known here, are read from each segment (`leaves.py`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
from whoosh import query

from index.cache import Cache
from index.deadline import Deadline
from index.results import NOTHING, Documents, Result, Weights, both, either, shared, without

SCORED_BYTES = 16 << 20
SCORED_BYTES_A_DOCUMENT = 160
"""Documents and scores of words that are kept between searches: so many, or so many for each document."""


class OwnQuery(query.Query):  # type: ignore[misc]  # Whoosh's types are not used
    """A leaf that reads its documents from the arrays of a segment."""

    key: tuple[object, ...]
    """What tells it from others, to remember what it finds."""

    key_bytes = 200
    """The size of the key, roughly."""

    def find(self, evaluator: Any) -> Result:
        """The documents of the segment of a `leaves.SegmentEvaluator`."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self.key!r}"

    def is_leaf(self) -> bool:
        """It has no parts."""
        return True


class Evaluator(ABC):
    """Evaluates queries on some documents."""

    def __init__(self, count: int) -> None:
        """`count` is how many documents there are, deleted ones with them."""
        self.count = count
        self.deadline = Deadline.never()
        self._scored = Cache[Result](max(SCORED_BYTES, SCORED_BYTES_A_DOCUMENT * count))

    def evaluate(self, node: query.Query) -> Result:
        """The documents that match, without deleted ones, and their scores."""
        self.deadline.check()
        method = _COMBINATIONS.get(type(node))
        return method(self, node) if method else self.leaf(node)

    def leaf(self, node: query.Query) -> Result:
        """The same for a query that is no combination known here; remembered where it is one of our own."""
        if not isinstance(node, OwnQuery):
            return self.read(node)
        known = self._scored.get(node.key)
        if known is None:
            known = self.read(node)
            self._scored.keep(node.key, known, 8 * len(known[0]) + node.key_bytes)
        return known

    @abstractmethod
    def read(self, node: query.Query) -> Result:
        """The same, from the segments."""

    @abstractmethod
    def every(self) -> Documents:
        """Every document that is not deleted."""

    @abstractmethod
    def use(self, deadline: Deadline) -> None:
        """Give up at this deadline from now on."""

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
        return documents, boosted(scores, node.boost)

    def _or(self, node: query.Or) -> Result:
        if len(node.subqueries) == 1:
            return self.evaluate(node.subqueries[0])
        if node.scale:
            return self.leaf(node)
        documents, scores = either([self.evaluate(part) for part in node.subqueries])
        return documents, boosted(scores, node.boost)

    def _dismax(self, node: query.DisjunctionMax) -> Result:
        if len(node.subqueries) == 1:
            return self.evaluate(node.subqueries[0])
        if node.tiebreak:
            return self.leaf(node)
        best = np.full(self.count, -np.inf, dtype=np.float32)
        for part in node.subqueries:
            documents, scores = self.evaluate(part)
            best[documents] = np.maximum(best[documents], scores)
        every = np.flatnonzero(best > -np.inf).astype(np.int32)
        return every, boosted(best[every], node.boost)

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

    def _null(self, _: query.Query) -> Result:
        return NOTHING

    def _constant(self, node: query.ConstantScoreQuery) -> Result:
        documents, _ = self.evaluate(node.child)
        return documents, np.full(len(documents), node.score, dtype=np.float32)


class JointEvaluator(Evaluator):
    """Evaluates queries on the documents of several segments, one after the other.

    So what is combined is combined once, and words are kept whole: a search takes as long as in one segment.
    """

    def __init__(self, parts: Sequence[Evaluator]) -> None:
        super().__init__(sum(part.count for part in parts))
        self._parts = parts
        self._first = np.cumsum([0, *(part.count for part in parts)])[:-1].astype(np.int32)

    def use(self, deadline: Deadline) -> None:
        """See `Evaluator.use`."""
        self.deadline = deadline
        for part in self._parts:
            part.use(deadline)

    def read(self, node: query.Query) -> Result:
        """See `Evaluator.read`."""
        results = [part.read(node) for part in self._parts]
        return self._joined([documents for documents, _ in results]), _concatenated([scores for _, scores in results])

    def every(self) -> Documents:
        """See `Evaluator.every`."""
        return self._joined([part.every() for part in self._parts])

    def _joined(self, lists: Sequence[Documents]) -> Documents:
        numbered = [documents + first for documents, first in zip(lists, self._first, strict=True)]
        return np.concatenate([NOTHING[0], *numbered])


def _concatenated(scores: Sequence[Weights]) -> Weights:
    return np.concatenate([NOTHING[1], *scores])


def boosted(scores: Weights, boost: float) -> Weights:
    """Scores times a factor."""
    return scores if boost == 1.0 else scores * np.float32(boost)


_COMBINATIONS: dict[type, Callable[[Evaluator, Any], Result]] = {
    query.And: Evaluator._and,  # noqa: SLF001
    query.Or: Evaluator._or,  # noqa: SLF001
    query.DisjunctionMax: Evaluator._dismax,  # noqa: SLF001
    query.Not: Evaluator._not,  # noqa: SLF001
    query.AndNot: Evaluator._and_not,  # noqa: SLF001
    query.AndMaybe: Evaluator._and_maybe,  # noqa: SLF001
    query.Require: Evaluator._require,  # noqa: SLF001
    type(query.NullQuery): Evaluator._null,  # noqa: SLF001
    query.ConstantScoreQuery: Evaluator._constant,  # noqa: SLF001
}
