"""How articles are ranked for what is written as one speaks: none of its words must be there, all of them count.

BM25F over titles and bodies (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009), a word counting as
often as it is said; more where words stand as near each other as they are said (Metzler and Croft, "A Markov random
field model for term dependencies", 2005); and something for the words that set the best articles apart from all others
(Rocchio's feedback as in Lavrenko and Croft, "Relevance-based language models", 2001).
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from itertools import pairwise
from math import log
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive.types import Article
from index.analysis import stem_all, stemmer_of
from index.documents import TEXT
from index.evaluate import OwnQuery
from index.leaves import SegmentEvaluator
from index.postings import Documents
from index.resolve import Row
from index.results import Result, Weights, shared
from index.scan import DIALECTS, make_scanner
from index.stored import Matches, read_all

B, K1 = 0.55, 1.5
TITLE = 2.5
"""How much more a word in the title says than one in the body."""

RARITY = 1.1
"""The power of the inverse document frequency: rare words say more than their number tells."""

MOST_RESCORED = 256
"""The best articles, in which it is looked at where words stand."""

ADJACENT, NEAR, NEAR_WORDS = 0.3, 0.2, 5
"""What two words count that stand one after the other as they are said, and that stand near each other."""

BEST, LEARNT, LEARNT_WEIGHT = 5, 30, 0.4
"""So many of the best articles are learnt from, so many words, and what the weightiest of them counts."""

_MOST_OF_ARTICLE = 60
_READ = 10_000
"""Characters of an article in which it has said what it is about."""

_POSITION = 40


Learnt = tuple[Row, float]
"""A word that sets the best articles apart, and how much it counts."""


class SentenceQuery(OwnQuery):
    """The words of a sentence, satisfied by any of them; without any, by what was learnt."""

    def __init__(self, words: tuple[tuple[Row, ...], ...], sequence: tuple[int, ...], learnt: tuple[Learnt, ...] = ()):
        """`sequence` has the numbers of the words as they are said."""
        self.words = words
        self.sequence = sequence
        self.learnt = learnt
        self.key = ("sentence", words, sequence, learnt)
        self.key_bytes = 300 * (1 + len(words) + len(learnt))

    def find(self, evaluator: SegmentEvaluator) -> Result:
        """The documents with any of the words."""
        scorer = _Scorer(evaluator)
        read = [scorer.read(rows) for rows in self.words]
        for number, times in Counter(self.sequence).items():
            scorer.add(read[number], times)
        if not self.words:
            self._add_learnt(scorer)
        documents, scores = scorer.found()
        if not len(documents) or not self.words:
            return documents, scores
        best = documents
        if len(documents) > MOST_RESCORED:
            best = np.sort(documents[np.argpartition(scores, -MOST_RESCORED)[-MOST_RESCORED:]])
        for (one, other), times in Counter(pairwise(self.sequence)).items():
            scorer.add_near(best, read[one], read[other], times)
        self._add_learnt(scorer)
        return documents, scorer.scores[documents]

    def _add_learnt(self, scorer: "_Scorer") -> None:
        for row, weight in self.learnt:
            scorer.add(scorer.read((row,)), weight)


class _Read(NamedTuple):
    matches: Matches
    idf: float


class _Scorer:
    """Adds up scores in one segment."""

    def __init__(self, evaluator: SegmentEvaluator) -> None:
        self._evaluator = evaluator
        self._view = evaluator.segment.view(TEXT)
        self._average = evaluator.statistics.average_length(TEXT) or 1
        self.scores: Weights = np.zeros(evaluator.segment.count, dtype=np.float32)

    def read(self, rows: Iterable[Row]) -> _Read | None:
        """Where a word stands, and how rare it is; None where it is nowhere."""
        self._evaluator.deadline.check()
        singles = tuple((f"{TEXT}_stem" if row.stemmed else TEXT, row.terms[0]) for row in rows if len(row.terms) == 1)
        matches = read_all(self._evaluator.segment, singles) if singles else None
        if matches is None:
            return None

        def frequency(segment: object) -> int:
            found = read_all(segment, singles)
            return len(found.documents) if found else 0

        statistics = self._evaluator.statistics
        return _Read(matches, rarity(statistics.found(singles, frequency), statistics.documents))

    def _saturated(self, documents: Documents, counts: Weights) -> Weights:
        length = self._view.lengths[documents].astype(np.float32)
        length *= np.float32(K1 * B / self._average)
        saturated: Weights = counts * np.float32(K1 + 1) / (counts + length + np.float32(K1 * (1 - B)))
        return saturated

    def add(self, read: _Read | None, weight: float) -> None:
        """Add what a word counts."""
        if read is None:
            return
        matches, idf = read
        titled = matches.weights - np.diff(matches.starts)
        counts = matches.weights + titled * np.float32(TITLE - 2)
        self.scores[matches.documents] += self._saturated(matches.documents, counts) * np.float32(weight * idf)

    def found(self) -> Result:
        """The documents that have any score."""
        documents = np.flatnonzero(self.scores).astype(np.int32)
        return self._evaluator.alive(documents, self.scores[documents])

    def add_near(self, best: Documents, one: _Read | None, other: _Read | None, times: int) -> None:
        """Add what two words count that stand near each other, in some documents."""
        if one is None or other is None or one.matches is other.matches:
            return
        self._evaluator.deadline.check()
        left, right = _places(best, one.matches), _places(best, other.matches)
        weight = times * min(one.idf, other.idf)
        low, high = np.searchsorted(right, left - NEAR_WORDS), np.searchsorted(right, left + NEAR_WORDS, side="right")
        follows = np.searchsorted(right, left + 1, side="right") - np.searchsorted(right, left + 1)
        for counts, share in ((follows, ADJACENT), (high - low, NEAR)):
            of_document = np.bincount(left >> _POSITION, weights=counts, minlength=len(best)).astype(np.float32)
            self.scores[best] += self._saturated(best, of_document) * np.float32(share * weight)


def _places(best: Documents, matches: Matches) -> NDArray[np.int64]:
    """Where a word stands in some documents: the number of the document among them, and the position, as one."""
    here, there = shared(best, matches.documents)
    owners, positions = matches.positions(there)
    return (here[owners] << _POSITION) + positions


def rarity(found: int, documents: int) -> float:
    """What a word says that so many of all documents have."""
    return float(log(1 + (max(documents - found, 0) + 0.5) / (found + 0.5)) ** RARITY)


def learn(best: Iterable[tuple[Mapping[str, float], float]]) -> tuple[Learnt, ...]:
    """The words that set the best articles apart: of each the weights of its terms (see `weigh`), and its score."""
    told: Counter[str] = Counter()
    for weights, score in best:
        for term, weight in weights.items():
            told[term] += score * weight  # type: ignore[assignment]  # they need not be whole
    weightiest = told.most_common(LEARNT)
    return tuple(
        (Row((term,), stemmed=True), round(LEARNT_WEIGHT * weight / weightiest[0][1], 4)) for term, weight in weightiest
    )


def weigh(
    article: Article, count: Callable[[str], int], documents: int, without: Container[str] = ()
) -> dict[str, float]:
    """What each of the weightiest terms of an article says about it, other than the forms `without`.

    `count` says how often a term occurs in all `documents`.
    """
    scanner = make_scanner()
    dialect = DIALECTS.index(article.language) if article.language in DIALECTS else 0
    _, in_title = scanner.add(article.title, article.body[:_READ], dialect)
    numbers = np.frombuffer(scanner.take()[0], dtype=np.int32)
    size = numbers.max(initial=-1) + 1
    times = np.bincount(numbers) + (round(TITLE) - 1) * np.bincount(numbers[:in_title], minlength=size)
    forms = [word[1:] for word in scanner.forms().decode().split("\0")[:-1]]
    counts: Counter[str] = Counter()
    for form, term, found in zip(forms, stem_all(forms, stemmer_of(article.language)), times.tolist(), strict=True):
        if form not in without:
            counts[term] += found
    length = max(counts.total(), 1)
    known = {
        term: found / (found + K1 * (0.5 + length / 600)) * rarity(count(term), documents)
        for term, found in counts.most_common(2 * _MOST_OF_ARTICLE)
    }
    return dict(sorted(known.items(), key=itemgetter(1), reverse=True)[:_MOST_OF_ARTICLE])
