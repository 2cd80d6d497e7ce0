"""The arrays answer as Whoosh does: any Whoosh query finds the same articles with the same scores either way.

Whoosh's own matchers, over our codec, say what is right. The indexes here have several segments with deletions.
"""

import gzip
import json
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_index import Shelf, article
from whoosh import query
from whoosh.query.spans import SpanFirst, SpanNear2

from archive.types import Article, Changes
from index.analysis import tokenise
from index.deadline import Deadline
from index.generation import plan_merge
from index.snapshot import Snapshot
from index.whoosh_index import WhooshIndex

ARTICLES = Path(__file__).parents[2] / "shared" / "corpora" / "articles" / "bbc2225.jsonl.gz"

Batch = tuple[Sequence[Article], Sequence[int]]
"""The articles that a commit adds or replaces, and the ids that it deletes."""


@contextmanager
def opened(path: Path, batches: Sequence[Batch], *, merge: bool = False) -> Iterator[Snapshot]:
    """A snapshot of an index to which these batches were applied, each a segment of its own unless they `merge`."""
    index = WhooshIndex(path, Shelf(), "db")
    with index.rebuild():
        pass
    with pytest.MonkeyPatch.context() as patch:
        if not merge:
            patch.setattr("index.generation.plan_merge", lambda counts, new: (list(range(len(counts))), []))
        for sequence, (articles, deleted) in enumerate(batches, 1):
            index.apply(Changes(sequence, tuple(articles), tuple(deleted)))
    with index._open() as snapshot:
        yield snapshot
    index.close()


def by_whoosh(snapshot: Snapshot, node: query.Query) -> dict[int, float]:
    """What Whoosh's matchers find in each segment, and the scores."""
    found: dict[int, float] = {}
    for leaf, offset in snapshot.searcher.leaf_searchers():
        matcher = node.matcher(leaf, snapshot.searcher.context())
        while matcher.is_active():
            assert matcher.id() + offset not in found
            found[matcher.id() + offset] = matcher.score()
            matcher.next()
    return found


def by_arrays(snapshot: Snapshot, node: query.Query) -> dict[int, float]:
    """What the evaluator finds, and the scores."""
    found = snapshot.search(node, Deadline.never())
    assert np.all(np.diff(found.documents) > 0)
    return dict(zip(found.documents.tolist(), found.scores.tolist(), strict=True))


def assert_same(snapshot: Snapshot, node: query.Query) -> dict[int, float]:
    """Both find the same; says what."""
    expected, found = by_whoosh(snapshot, node), by_arrays(snapshot, node)
    assert list(found) == list(expected), node
    assert found == pytest.approx(expected, rel=1e-5), node
    return found


def terms(*words: str, field: str = "text") -> list[query.Query]:
    return [query.Term(field, word) for word in words]
