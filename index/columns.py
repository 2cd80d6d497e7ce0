"""Values of articles as arrays over all segments of a commit, for filters, facets, timelines and sorting."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.types import ArticleFilter, FacetField, FacetValue, Sort, TimelineBucket
from index.analysis import fold
from index.documents import FAR_FUTURE, FAR_PAST, STORY, ValueColumn, join_values
from index.results import Documents, Result, best_by_column, best_by_score, count, most_frequent
from index.stored import NO_MONTH, StoredSegment

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Passes = Callable[[Documents], Mask]
"""Tells of each of some documents whether it passes a filter."""

Small = NDArray[np.unsignedinteger[Any]]
"""Numbers in as few bytes as they need: what is looked up for thousands of documents should stay in a near cache."""

MAX_FACET_VALUES = 50

MOST_RECENT = 0.5
"""How much more the newest article counts where recent ones are preferred: less than another word would."""


class Facet:
    """One column of values, over all documents."""

    def __init__(self, column: ValueColumn, size: int) -> None:
        self.values = column.values
        self._documents, self._codes = column.documents, column.codes
        self._size = size
        places = np.full(size, len(column.values), dtype=np.int32)
        places[column.documents] = column.codes
        single = len(column.documents) == np.count_nonzero(places < len(column.values))
        self._code_of = places if single else None
        """Of each document, where none has several values: the code, or one more than the last."""

    @cached_property
    def _folded(self) -> list[str]:
        return [fold(value) for value in self.values]

    def passes(self, wanted: Iterable[str]) -> Passes:
        """What tells which documents have one of these values, whatever their case and accents."""
        folded = {fold(value) for value in wanted}
        chosen = np.array([*(value in folded for value in self._folded), False], dtype=bool)
        if (code_of := self._code_of) is not None:
            return lambda documents: chosen[code_of[documents]]
        mask = np.zeros(self._size, dtype=bool)
        mask[self._documents[chosen[self._codes]]] = True
        return lambda documents: mask[documents]

    def beginning(self, prefix: str, most: int) -> list[tuple[str, int]]:
        """The commonest values with a word that begins so, and how many documents have each; `prefix` is folded."""
        begins = re.compile(rf"\b{re.escape(prefix)}").search
        wanted = [code for code, folded in enumerate(self._folded) if begins(folded)]
        counts = np.bincount(self._codes, minlength=len(self.values))[wanted]
        best = np.argsort(-counts, kind="stable")[:most].tolist()
        return [(self.values[wanted[at]], int(counts[at])) for at in best]

    def count(self, found: Documents, mask: Callable[[], Mask]) -> tuple[FacetValue, ...]:
        """The values of the documents found, most frequent first; `mask` gives the same documents as a mask."""
        size = len(self.values)
        if self._code_of is not None:
            codes, counts = count(self._code_of, found, size, MAX_FACET_VALUES)
        else:
            counted = np.bincount(self._codes[mask()[self._documents]], minlength=size)
            codes, counts = most_frequent(counted, MAX_FACET_VALUES)
        pairs = zip(codes.tolist(), counts.tolist(), strict=True)
        return tuple([FacetValue(self.values[code], number) for code, number in pairs])


@dataclass(frozen=True, slots=True)
class Collapsed:
    """Which of the documents found are `kept`, which stand behind others, in the order, and what stands for each."""

    kept: Mask
    behind: Documents
    leaders: Documents


class Columns:
    """The columns of one commit; each is read when it is first asked for."""

    def __init__(self, segments: Sequence[StoredSegment]) -> None:
        self._segments = segments
        self.size = sum(segment.count for segment in segments)
        self._facets: dict[FacetField, Facet] = {}

    def _numbers(self, name: str) -> Numbers:
        if len(self._segments) == 1:
            return self._segments[0].numbers(name)
        return np.concatenate([np.zeros(0, dtype=np.int64), *(segment.numbers(name) for segment in self._segments)])

    @cached_property
    def ids(self) -> Numbers:
        """The article's id."""
        return self._numbers("number")

    @cached_property
    def first_days(self) -> Numbers:
        """The first day an article may be from, as an ordinal; 0 without a date."""
        return self._numbers("first_day")

    @cached_property
    def last_days(self) -> Numbers:
        """The last day an article may be from, as an ordinal; 0 without a date."""
        return self._numbers("last_day")

    @cached_property
    def published(self) -> Numbers:
        """`PublicationDate.sort_key`; 0 without a date."""
        return self._numbers("published")

    @cached_property
    def _months(self) -> tuple[int, int, Small]:
        """The first month in which an article may be from, counted since 1970, how many there are from it to the last,
        and for each document the number of its own among them, or one more than the last without a date."""
        months = np.concatenate([np.zeros(0, dtype=np.int64), *(segment.months for segment in self._segments)])
        dated = months > NO_MONTH
        first = int(months.min(where=dated, initial=np.iinfo(np.int64).max)) if dated.any() else 0
        size = int(months.max(initial=first)) - first + 1
        return first, size, np.where(dated, months - first, size).astype(np.min_scalar_type(size))

    def facet(self, field: FacetField) -> Facet:
        """The values of a facet."""
        if field not in self._facets:
            parts = [segment.values(field) for segment in self._segments]
            column = join_values(parts, [segment.count for segment in self._segments])
            self._facets[field] = Facet(column, self.size)
        return self._facets[field]

    # -- what they are for

    def filters(self, wanted: ArticleFilter) -> dict[FacetField, Passes]:
        """What each part of a filter that asks for something lets pass; the dates are under YEAR."""
        filters: dict[FacetField, Passes] = {}
        chosen = {
            FacetField.SOURCE: wanted.sources,
            FacetField.AUTHOR: wanted.authors,
            FacetField.LANGUAGE: wanted.languages,
            FacetField.TAG: wanted.tags,
        }
        for field, values in chosen.items():
            if values:
                filters[field] = self.facet(field).passes(values)
        if wanted.published_from or wanted.published_to:
            first = wanted.published_from.toordinal() if wanted.published_from else FAR_PAST
            last = wanted.published_to.toordinal() if wanted.published_to else FAR_FUTURE
            filters[FacetField.YEAR] = lambda documents: self._in_days(documents, first, last)
        return filters

    def among(self, ids: frozenset[int]) -> Passes:
        """What lets pass the articles with these ids."""
        wanted = np.fromiter(ids, dtype=np.int64, count=len(ids))
        return lambda documents: np.isin(self.ids[documents], wanted)

    def _in_days(self, documents: Documents, first: int, last: int) -> Mask:
        begins = self.first_days[documents]
        return (self.last_days[documents] >= first) & (begins > 0) & (begins <= last)

    def best(self, result: Result, sort: Sort, count: int) -> Numbers:
        """The places of the first `count` in the order asked for.

        Ties go to the newest id; articles without a date come last.
        """
        if sort in (Sort.RELEVANCE, Sort.RECENT):
            return best_by_score(result, self.ids, count)
        column = self.published if sort is Sort.NEWEST else self._unpublished
        return best_by_column(result[0], column, self.ids, count)

    @cached_property
    def recency(self) -> NDArray[np.float32]:
        """What the score of each document is multiplied by where recent ones are preferred, from 1 to 1.5.

        What is above 1 halves with each year before the newest article, so that an archive of any time has recent ones
        (an exponential prior: Li and Croft, "Time-based language models", CIKM 2003); without a date it is 1.
        """
        years_ago = (self.published.max(initial=0) - self.published) / (365 * 86_400)
        above = np.where(self.published > 0, MOST_RECENT * np.exp2(-years_ago), 0.0)
        recency: NDArray[np.float32] = (1 + above).astype(np.float32)
        return recency

    @cached_property
    def _stories(self) -> tuple[Small, int] | None:
        """The story of each document and how many there are, numbered from 1; 0 is for all that have one version alone.

        None where there are no stories.
        """
        column = join_values(
            [segment.values(STORY) for segment in self._segments], [each.count for each in self._segments]
        )
        if not len(column.documents):
            return None
        ids = [int(value) for value in column.values]  # a story is called by the id of its first article
        firsts, number = np.unique(np.array(ids, dtype=np.int64), return_inverse=True)
        stories = np.zeros(self.size, dtype=np.int64)
        stories[column.documents] = number[column.codes] + 1
        at = np.minimum(np.searchsorted(firsts, self.ids), len(firsts) - 1)
        is_first = firsts[at] == self.ids
        stories[is_first] = at[is_first] + 1
        count = len(firsts) + 1
        return stories.astype(np.min_scalar_type(count)), count

    def collapsed(self, result: Result, sort: Sort) -> "Collapsed | None":
        """What the first version of each story in the order stands for; None where no two of them are found."""
        if self._stories is None:
            return None
        documents, scores = result
        stories, count = self._stories
        found = stories[documents]
        several = np.bincount(found, minlength=count) > 1
        several[0] = False
        places = np.flatnonzero(several[found])
        if not len(places):
            return None
        ordered = places[self.best((documents[places], scores[places]), sort, len(places))]
        of = found[ordered]
        leader = np.zeros(count, dtype=np.int64)
        leader[of[::-1]] = ordered[::-1]  # of several at the same place the last is kept, which is the first in order
        leaders = leader[of]
        is_behind = leaders != ordered
        behind = ordered[is_behind]
        kept = np.ones(len(documents), dtype=bool)
        kept[behind] = False
        return Collapsed(kept, documents[behind], documents[leaders[is_behind]])

    @cached_property
    def _unpublished(self) -> Numbers:
        """The higher the older; articles without a date are below all others."""
        return np.where(self.published == 0, -np.iinfo(np.int64).max, -self.published)

    def count_months(self, found: Documents) -> dict[int, int]:
        """How many of the documents found are from each month since 1970, in order; those without any are left out."""
        first, size, month_of = self._months
        counts = np.bincount(month_of[found], minlength=size)[:size]
        there = np.flatnonzero(counts)
        return dict(zip((there + first).tolist(), counts[there].tolist(), strict=True))


def years(months: Mapping[int, int]) -> tuple[FacetValue, ...]:
    """The years of `Columns.count_months`, newest first."""
    counts = _by_year(months)
    return tuple([FacetValue(str(1970 + year), counts[year]) for year in reversed(counts)])


def timeline(months: Mapping[int, int]) -> tuple[TimelineBucket, ...]:
    """`Columns.count_months` as buckets, of a year each when they span more than ten."""
    if months and max(months) - min(months) > _MONTHS_SHOWN:
        months = {12 * year: number for year, number in _by_year(months).items()}
    return tuple([TimelineBucket(date(1970 + month // 12, month % 12 + 1, 1), months[month]) for month in months])


def _by_year(months: Mapping[int, int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for month, number in months.items():
        counts[month // 12] = counts.get(month // 12, 0) + number
    return counts


_MONTHS_SHOWN = 120
