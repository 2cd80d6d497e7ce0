"""Values of articles as arrays over all segments of a commit, for filters, facets, timelines and sorting."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archive.types import ArticleFilter, FacetField, FacetValue, Sort, TimelineBucket
from index.analysis import fold
from index.documents import FAR_FUTURE, FAR_PAST, ValueColumn, join_values
from index.results import Documents, Result, best_by_column, best_by_score
from index.stored import NO_MONTH, StoredSegment

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Passes = Callable[[Documents], Mask]
"""Tells of each of some documents whether it passes a filter."""

MAX_FACET_VALUES = 50


class Facet:
    """One column of values, over all documents."""

    def __init__(self, column: ValueColumn, size: int) -> None:
        self.values = column.values
        self._documents, self._codes = column.documents, column.codes
        self._size = size
        places = np.full(size, len(column.values), dtype=np.int64)
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

    def count(self, found: Documents, mask: Callable[[], Mask]) -> tuple[FacetValue, ...]:
        """The values of the documents found, most frequent first; `mask` gives the same documents as a mask."""
        size = len(self.values)
        if self._code_of is not None:
            counts = np.bincount(self._code_of[found], minlength=size + 1)[:size]
        else:
            counts = np.bincount(self._codes[mask()[self._documents]], minlength=size)
        there = np.flatnonzero(counts)
        if len(there) > 4 * MAX_FACET_VALUES:  # the last that are shown are the first of those with so many
            own = counts[there]
            least = np.partition(own, len(own) - MAX_FACET_VALUES)[len(own) - MAX_FACET_VALUES]
            more, as_many = there[own > least], there[own == least]
            there = np.concatenate([more, as_many[: MAX_FACET_VALUES - len(more)]])
        order = there[np.lexsort((there, -counts[there]))[:MAX_FACET_VALUES]]
        return tuple(
            [
                FacetValue(self.values[code], count)
                for code, count in zip(order.tolist(), counts[order].tolist(), strict=True)
            ]
        )


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
    def _months(self) -> Numbers:
        """Months since 1970 of the first day; of a day without a date, a number below all others."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *(segment.months for segment in self._segments)])

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

    def _in_days(self, documents: Documents, first: int, last: int) -> Mask:
        begins = self.first_days[documents]
        return (self.last_days[documents] >= first) & (begins > 0) & (begins <= last)

    def best(self, result: Result, sort: Sort, count: int) -> Numbers:
        """The places of the first `count` in the order asked for.

        Ties go to the newest id; articles without a date come last.
        """
        if sort is Sort.RELEVANCE:
            return best_by_score(result, self.ids, count)
        column = self.published if sort is Sort.NEWEST else self._unpublished
        return best_by_column(result[0], column, self.ids, count)

    @cached_property
    def _unpublished(self) -> Numbers:
        """The higher the older; articles without a date are below all others."""
        return np.where(self.published == 0, -np.iinfo(np.int64).max, -self.published)

    def years(self, found: Documents) -> tuple[FacetValue, ...]:
        """The years of the documents found, newest first."""
        months = self._months[found]
        years = months[months > NO_MONTH] // 12
        if not len(years):
            return ()
        first = int(years.min())
        counts = np.bincount(years - first)
        return tuple(
            FacetValue(str(1970 + first + at), int(counts[at])) for at in np.flatnonzero(counts)[::-1].tolist()
        )

    def timeline(self, found: Documents) -> tuple[TimelineBucket, ...]:
        """The documents found by month, or by year when they span more than ten; buckets without any are left out."""
        months = self._months[found]
        months = months[months > NO_MONTH]
        if not len(months):
            return ()
        first = int(months.min())
        if int(months.max()) - first > _MONTHS_SHOWN:
            first = first // 12 * 12
            counts = np.bincount((months - first) // 12)
            starts = [first + 12 * at for at in np.flatnonzero(counts).tolist()]
        else:
            counts = np.bincount(months - first)
            starts = [first + at for at in np.flatnonzero(counts).tolist()]
        return tuple(
            TimelineBucket(date(1970 + start // 12, start % 12 + 1, 1), int(number))
            for start, number in zip(starts, counts[counts > 0], strict=True)
        )


_MONTHS_SHOWN = 120
