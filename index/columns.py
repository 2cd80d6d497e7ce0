"""Values of articles as arrays over one generation of an index, for filters, facets, timelines and sorting."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from whoosh.searching import Searcher

from archive.types import ArticleFilter, FacetField, FacetValue, Sort, TimelineBucket
from index.analysis import fold

Documents = NDArray[np.int64]
Mask = NDArray[np.bool_]

MAX_FACET_VALUES = 50

VALUE_FIELDS = {
    FacetField.SOURCE: "source_value",
    FacetField.AUTHOR: "author_value",
    FacetField.LANGUAGE: "language",
    FacetField.TAG: "tag_value",
}


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """Which documents have which values: `documents[i]` has `values[codes[i]]`; a document may stand in it often."""

    values: tuple[str, ...]
    documents: Documents
    codes: Documents

    def mask(self, wanted: Iterable[str], size: int) -> Mask:
        """The documents that have one of these values, whatever their case and accents."""
        folded = {fold(value) for value in wanted}
        codes = [code for code, value in enumerate(self.values) if fold(value) in folded]
        mask = np.zeros(size, dtype=bool)
        mask[self.documents[np.isin(self.codes, codes)]] = True
        return mask

    def count(self, found: Mask) -> tuple[FacetValue, ...]:
        """The values of the documents found, most frequent first."""
        counts = np.bincount(self.codes[found[self.documents]], minlength=len(self.values))
        order = np.lexsort((np.arange(len(counts)), -counts))[:MAX_FACET_VALUES]
        return tuple(FacetValue(self.values[code], int(counts[code])) for code in order if counts[code])


class Columns:
    """The columns of one searcher; each is read when it is first asked for."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self.size = int(searcher.doc_count_all())
        self._values: dict[FacetField, ValueColumn] = {}

    def _numbers(self, name: str) -> Documents:
        parts = [np.zeros(0, dtype=np.int64)]
        for leaf, _ in self._searcher.leaf_searchers():
            reader = leaf.reader()
            count = reader.doc_count_all()
            read = reader.column_reader(name).load() if reader.has_column(name) else []
            column = np.zeros(count, dtype=np.int64)
            column[: min(len(read), count)] = np.asarray(read, dtype=np.int64)[:count]
            parts.append(column)
        return np.concatenate(parts)

    @cached_property
    def ids(self) -> Documents:
        """The article's id."""
        return self._numbers("number")

    @cached_property
    def first_days(self) -> Documents:
        """The first day an article may be from, as an ordinal; 0 without a date."""
        return self._numbers("first_day")

    @cached_property
    def last_days(self) -> Documents:
        """The last day an article may be from, as an ordinal; 0 without a date."""
        return self._numbers("last_day")

    @cached_property
    def published(self) -> Documents:
        """`PublicationDate.sort_key`; 0 without a date."""
        return self._numbers("published")

    def values(self, facet: FacetField) -> ValueColumn:
        """Which documents have which values of a facet."""
        if facet not in self._values:
            self._values[facet] = self._read_values(VALUE_FIELDS[facet])
        return self._values[facet]

    def _read_values(self, name: str) -> ValueColumn:
        values: dict[str, int] = {}
        documents: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
        codes: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
        for leaf, offset in self._searcher.leaf_searchers():
            reader = leaf.reader()
            for term in reader.lexicon(name):
                found = np.fromiter(reader.postings(name, term).all_ids(), dtype=np.int64) + offset
                documents.append(found)
                codes.append(np.full(len(found), values.setdefault(term.decode(), len(values)), dtype=np.int64))
        return ValueColumn(tuple(values), np.concatenate(documents), np.concatenate(codes))

    # -- what they are for

    def filters(self, wanted: ArticleFilter) -> dict[FacetField, Mask]:
        """A mask for each part of a filter that asks for something; the dates are under YEAR."""
        masks = {}
        chosen = {
            FacetField.SOURCE: wanted.sources,
            FacetField.AUTHOR: wanted.authors,
            FacetField.LANGUAGE: wanted.languages,
            FacetField.TAG: wanted.tags,
        }
        for facet, values in chosen.items():
            if values:
                masks[facet] = self.values(facet).mask(values, self.size)
        if wanted.published_from or wanted.published_to:
            first = wanted.published_from.toordinal() if wanted.published_from else 1
            last = wanted.published_to.toordinal() if wanted.published_to else np.iinfo(np.int64).max
            masks[FacetField.YEAR] = (self.last_days >= first) & (self.first_days > 0) & (self.first_days <= last)
        return masks

    def order(self, documents: Documents, scores: NDArray[np.float64], sort: Sort) -> NDArray[np.intp]:
        """Positions in `documents` in the order asked for; ties by newest id; articles without a date last."""
        newest_id = -self.ids[documents]
        if sort is Sort.RELEVANCE:
            return np.lexsort((newest_id, -scores))
        dates = self.published[documents]
        return np.lexsort((newest_id, -dates if sort is Sort.NEWEST else dates, dates == 0))

    def years(self, found: Mask) -> tuple[FacetValue, ...]:
        """The years of the documents found, newest first."""
        years = _periods(self.first_days[found], "Y")
        values, counts = np.unique(years, return_counts=True)
        return tuple(FacetValue(str(value), int(n)) for value, n in zip(values[::-1], counts[::-1], strict=True))

    def timeline(self, found: Mask) -> tuple[TimelineBucket, ...]:
        """The documents found by month, or by year when they span more than ten; buckets without any are left out."""
        days = self.first_days[found]
        days = days[days > 0]
        if not len(days):
            return ()
        unit = "M" if days.max() - days.min() <= 3653 else "Y"
        starts, counts = np.unique(_periods(days, unit), return_counts=True)
        first_days = starts.astype("datetime64[D]").astype(object)
        return tuple(TimelineBucket(day, int(n)) for day, n in zip(first_days, counts, strict=True))


_EPOCH = date(1970, 1, 1).toordinal()


def _periods(ordinals: Documents, unit: str) -> NDArray[np.datetime64]:
    days = (ordinals[ordinals > 0] - _EPOCH).astype("datetime64[D]")
    return days.astype(f"datetime64[{unit}]")
