"""Lists of documents with scores: what several have in common, all together, or one without another, and the best.

Where `_results` was compiled it does the same, faster.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    from index import _results
except ImportError:  # it was installed without a compiler
    _results = None  # type: ignore[assignment]

Documents = NDArray[np.int32]
Weights = NDArray[np.float32]
Places = NDArray[np.int64]

Result = tuple[Documents, Weights]
"""Documents, ascending, and the score of each."""

NOTHING: Result = (np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))


def shared(one: Documents, other: Documents) -> tuple[Places, Places]:
    """The places in two lists of the documents that are in both."""
    if _results:
        found = _results.shared(one, other)
        return np.frombuffer(found[0], dtype=np.int64), np.frombuffer(found[1], dtype=np.int64)
    if len(one) > len(other):
        there, here = shared(other, one)
        return here, there
    where = np.searchsorted(other, one)
    kept = np.flatnonzero(where < len(other))
    kept = kept[other[where[kept]] == one[kept]]
    return kept, where[kept]


def both(one: Result, other: Result) -> Result:
    """What is in both, its scores added up."""
    here, there = shared(one[0], other[0])
    return one[0][here], one[1][here] + other[1][there]


def either(results: Sequence[Result]) -> Result:
    """What is in any of them, its scores added up."""
    results = [result for result in results if len(result[0])]
    if len(results) < 2:
        return results[0] if results else NOTHING
    if _results:
        documents, scores = _results.either(results)
        return np.frombuffer(documents, dtype=np.int32), np.frombuffer(scores, dtype=np.float32)
    joined = np.concatenate([documents for documents, _ in results])
    order = np.argsort(joined, kind="stable")
    joined = joined[order]
    first = np.flatnonzero(np.concatenate([[True], joined[1:] != joined[:-1]]))
    return joined[first], np.add.reduceat(np.concatenate([scores for _, scores in results])[order], first)


def without(result: Result, excluded: Documents) -> Result:
    """What is not excluded."""
    documents, scores = result
    if _results:
        kept: NDArray[Any] = np.frombuffer(_results.missing(documents, excluded), dtype=np.int64)
    else:
        kept = np.isin(documents, excluded, invert=True)
    return documents[kept], scores[kept]


def best_by_score(result: Result, ids: NDArray[np.int64], count: int) -> Places:
    """The places of the first `count`, those with the highest score first; of equals the highest id is first.

    `ids` has a number for every document.
    """
    documents, scores = result
    if _results:
        return np.frombuffer(_results.best(documents, scores, None, ids, count), dtype=np.int64)
    return _best(scores, documents, ids, count)


def best_by_column(documents: Documents, column: NDArray[np.int64], ids: NDArray[np.int64], count: int) -> Places:
    """The same by the highest number that a column has for the documents."""
    if _results:
        return np.frombuffer(_results.best(documents, None, column, ids, count), dtype=np.int64)
    return _best(column[documents], documents, ids, count)


def _best(keys: NDArray[Any], documents: Documents, ids: NDArray[np.int64], count: int) -> Places:
    places = np.arange(len(keys))
    if 0 < count < len(keys):
        places = np.flatnonzero(keys >= np.partition(keys, len(keys) - count)[len(keys) - count])
    return places[np.lexsort((ids[documents[places]], keys[places]))[::-1][:count]]


def count(codes: NDArray[np.int32], documents: Documents, size: int, most: int) -> tuple[Places, Places]:
    """The most frequent codes of the documents, at most so many, and how many have each; of equals the lowest is first.

    `codes` has that of every document; those that are not below `size` are not counted.
    """
    if _results:
        found = _results.count(codes, documents, size, most)
        return np.frombuffer(found[0], dtype=np.int64), np.frombuffer(found[1], dtype=np.int64)
    return most_frequent(np.bincount(codes[documents], minlength=size + 1)[:size], most)


def most_frequent(counts: Places, most: int) -> tuple[Places, Places]:
    """The same of what was counted already."""
    there = np.flatnonzero(counts)
    order = there[np.lexsort((there, -counts[there]))[:most]]
    return order, counts[order]
