"""One committed state of the index, open for reading: its vocabulary, its columns, and what a query finds in it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from heapq import merge
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from whoosh import query
from whoosh.searching import Searcher

from archive.types import FacetField
from index.analysis import NO_STEMMER, stem, stemmer_of
from index.cache import Memory
from index.columns import Columns, Passes
from index.compile import compile_query
from index.deadline import Deadline
from index.documents import TEXT
from index.evaluate import JointEvaluator
from index.generation import Generation
from index.leaves import SegmentEvaluator, Statistics
from index.resolve import All, Any, Close, Leaf, Often, Resolved, Told, Without
from index.results import Documents, Result
from index.stored import StoredSegment
from index.tree import Published

MEMORY = 8 << 20
"""What is remembered of the words of queries, in bytes."""


@dataclass(frozen=True, slots=True)
class Found:
    """The documents that a query matches, ascending, and their scores."""

    documents: Documents
    scores: NDArray[np.float32]

    def only(self, *filters: Passes) -> "Found":
        """Those of them that all filters let pass."""
        found = self
        for passes in filters:
            keep = passes(found.documents)
            found = Found(found.documents[keep], found.scores[keep])
        return found


class Snapshot:
    """The segments of one commit. It never changes; a later commit needs a new snapshot."""

    def __init__(self, generation: Generation, open_segment: Callable[[Path], StoredSegment]) -> None:
        """`open_segment` opens the file of a segment, or gives one that is open already."""
        self.generation = generation
        listed = generation.segments()
        self.segments = [open_segment(generation.folder / segment.file_name) for segment in listed]
        self.live = [segment.live() for segment in listed]
        self.columns = Columns(self.segments)
        statistics = Statistics(self.segments)
        parts = [
            SegmentEvaluator(segment, live, statistics, partial(self._match, at))
            for at, (segment, live) in enumerate(zip(self.segments, self.live, strict=True))
        ]
        self._evaluator = parts[0] if len(parts) == 1 else JointEvaluator(parts)
        self.memory = Memory(MEMORY)

    def count(self) -> int:
        """How many articles it holds."""
        return len(self._evaluator.every())

    def check(self) -> None:
        """Read every byte; damage makes this raise."""
        for segment in self.segments:
            segment.file.check()

    # -- vocabulary

    def stemmers(self) -> tuple[str, ...]:
        """The stemmers of the languages that the index holds, and that of all others."""
        return self._stemmers

    @cached_property
    def _stemmers(self) -> tuple[str, ...]:
        languages = self.columns.facet(FacetField.LANGUAGE).values
        return tuple(dict.fromkeys([*sorted(set(map(stemmer_of, languages))), NO_STEMMER]))

    def stemmers_of(self, fields: tuple[str, ...], form: str) -> frozenset[str]:
        """See `Vocabulary.stemmers_of`; remembered, since a snapshot never changes."""
        return self.memory.recall(("stemmers", fields, form), lambda: self._stemmers_of(fields, form))

    def _stemmers_of(self, fields: tuple[str, ...], form: str) -> frozenset[str]:
        found = frozenset(
            stemmer
            for segment in self.segments
            for field in fields
            for stemmer in segment.view(field).stemmers_of(form.encode())
        )
        if found and stem(form, "english").startswith(":"):  # a word of every language
            return frozenset(self.stemmers())
        return found

    def forms_of(self, term: str) -> tuple[str, ...]:
        """The forms that meet in a term of titles and bodies, and the bare term; remembered."""
        return self.memory.recall(("forms", term), lambda: self._list_forms(term))

    def _list_forms(self, term: str) -> tuple[str, ...]:
        found = {form for segment in self.segments for form in segment.field(TEXT).forms_of(term.encode())}
        return (term.partition(":")[2], *(form.decode() for form in found))

    def has(self, fields: tuple[str, ...], form: str) -> bool:
        """Whether any of the fields holds this form."""
        text = form.encode()
        return self.memory.recall(
            ("has", fields, form),
            lambda: any(segment.view(field).has(text) for segment in self.segments for field in fields),
        )

    def beginning(self, fields: tuple[str, ...], prefix: str) -> Iterator[str]:
        """The forms of these fields that begin so, sorted."""
        parts = [segment.view(field).beginning(prefix.encode()) for segment in self.segments for field in fields]
        last = None
        for form in merge(*parts):
            if form != last:
                yield form.decode()
            last = form

    def containing(self, fields: tuple[str, ...], part: str) -> Iterator[str]:
        """See `Vocabulary.containing`."""
        known: set[str] = set()
        for segment in self.segments:
            for field in fields:
                for stretch in segment.view(field).field.stretches():
                    for form in stretch.containing(part):
                        if form not in known:
                            known.add(form)
                            yield form

    def alike(
        self, fields: tuple[str, ...], form: str, edits: int, *, likely: bool = False
    ) -> list[tuple[str, int, int]]:
        """See `Vocabulary.alike`; for `likely` see `Field.alike`."""
        edits_of: dict[str, int] = {}
        counts: Counter[str] = Counter()
        for segment in self.segments:
            for field in fields:
                for each, edit, count in segment.view(field).alike(form, edits, likely=likely):
                    edits_of[each] = edit
                    counts[each] += count
        del counts[form]
        order = sorted(counts, key=lambda each: (edits_of[each], -counts[each], each))
        return [(each, edits_of[each], counts[each]) for each in order if counts[each]]

    def count_term(self, term: str) -> int:
        """How often a term occurs in titles and bodies."""
        return self.memory.recall(("count", term), lambda: self._count_term(term.encode()))

    def _count_term(self, term: bytes) -> int:
        fields = [segment.field(TEXT) for segment in self.segments]
        return sum(field.count(rank) for field in fields if (rank := field.rank(term)) >= 0)

    def most_occurrences(self, field: str, form: str) -> int:
        """How often a form occurs in a field at most: its inflections count, too, which is faster known."""
        fields = [segment.field(field) for segment in self.segments]
        return sum(each.count(rank) for each in fields for rank, _ in each.places(form.encode()))

    def occurrences(self, fields: tuple[str, ...], form: str) -> int:
        """How often a form occurs."""
        text = form.encode()
        return sum(segment.view(field).occurrences(text) for segment in self.segments for field in fields)

    # -- matches

    def find(self, resolved: Resolved, deadline: Deadline) -> Found:
        """Everything that a query matches; raises TooSlowError at the deadline."""
        return self.search(compile_query(resolved), deadline)

    def search(self, node: query.Query, deadline: Deadline) -> Found:
        """Everything that a Whoosh query matches, with the scores of Whoosh's BM25F."""
        self._evaluator.use(deadline)
        return Found(*self._evaluator.evaluate(node))

    @cached_property
    def searcher(self) -> Searcher:
        """Whoosh's own searcher over the same commit."""
        return self.generation.searcher()

    def _match(self, at: int, node: query.Query) -> Result:
        """What Whoosh's matchers find in a segment, for queries that the evaluator does not know."""
        leaf, _ = self.searcher.leaf_searchers()[at]
        matcher = node.matcher(leaf, self.searcher.context())
        documents, scores = [], []
        deadline = self._evaluator.deadline
        while matcher.is_active():
            documents.append(matcher.id())
            scores.append(matcher.score())
            if len(documents) % 256 == 0:
                deadline.check()
            matcher.next()
        return np.array(documents, dtype=np.int32), np.array(scores, dtype=np.float32)

    def best_of(self, resolved: All, filters: Sequence[Passes], deadline: Deadline) -> tuple[Found, int, int] | None:
        """Where nothing satisfies every part: what satisfies most of them, how many those are, and of how many.

        Excluded words and dates stay required. None where no document satisfies any part, or there is but one part.
        """
        fixed = tuple(part for part in resolved.parts if isinstance(part, Without | Published))
        optional = [part for part in resolved.parts if part not in fixed]
        if len(optional) < 2:
            return None
        counts = np.zeros(self.columns.size, dtype=np.int64)
        for part in optional:
            counts[self.find(part, deadline).only(*filters).documents] += 1
        if fixed:
            passing = np.zeros(self.columns.size, dtype=bool)
            passing[self.find(All(fixed), deadline).documents] = True
            counts[~passing] = 0
        most = int(counts.max(initial=0))
        if most == 0:
            return None
        best = self.find(Any(tuple(optional)), deadline).only(lambda documents: counts[documents] == most)
        return best, most, len(optional)

    def unknown(self, resolved: Resolved, deadline: Deadline) -> Iterator[Leaf]:
        """The words and phrases of a query that no article holds; excluded ones do not matter."""
        match resolved:
            case Leaf():
                if not len(self.find(resolved, deadline).documents):
                    yield resolved
            case All(parts) | Any(parts) | Told(parts):
                for part in parts:
                    yield from self.unknown(part, deadline)
            case Close(left, right):
                yield from self.unknown(left, deadline)
                yield from self.unknown(right, deadline)
            case Often(_, part):
                yield from self.unknown(part, deadline)
            case _:
                pass
