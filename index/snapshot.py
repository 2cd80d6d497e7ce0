"""One committed state of the index, open for reading: its vocabulary, its columns, and what a query finds in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from whoosh.searching import Searcher

from archive.types import FacetField
from index.analysis import NO_STEMMER, stemmer_of
from index.columns import Columns, Documents, Mask
from index.compile import Compiler, Deadline, Scoring
from index.generation import Generation
from index.resolve import All, Any, Leaf, Resolved, Without
from index.tree import Published


@dataclass(frozen=True, slots=True)
class Found:
    """The documents that a query matches, ascending, and their scores."""

    documents: Documents
    scores: NDArray[np.float64]

    def only(self, mask: Mask) -> "Found":
        """Those of them that a mask lets pass."""
        keep = mask[self.documents]
        return Found(self.documents[keep], self.scores[keep])


class Snapshot:
    """A searcher over one commit. It never changes; a later commit needs a new snapshot."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self._forms: dict[tuple[tuple[str, ...], str], frozenset[str]] = {}
        self._scoring = Scoring((NO_STEMMER,))
        self.searcher: Searcher = generation.searcher(self._scoring)
        self.columns = Columns(self.searcher)
        self._scoring.stemmers = self.stemmers()

    def close(self) -> None:
        """Release the files."""
        self.searcher.close()

    def count(self) -> int:
        """How many articles it holds."""
        return int(self.searcher.doc_count())

    def read_everything(self) -> None:
        """Read every posting of every term; damage that the files' checksums do not show makes this raise."""
        for leaf, _ in self.searcher.leaf_searchers():
            reader = leaf.reader()
            for name, term in reader.all_terms():
                matcher = reader.postings(name, term)
                while matcher.is_active():
                    matcher.value()
                    matcher.next()

    # -- vocabulary

    def stemmers(self) -> tuple[str, ...]:
        """The stemmers of the languages that the index holds, and that of all others."""
        return self._stemmers

    @cached_property
    def _stemmers(self) -> tuple[str, ...]:
        languages = (term.decode() for term in self.searcher.reader().lexicon("language"))
        return tuple(dict.fromkeys([*sorted(map(stemmer_of, languages)), NO_STEMMER]))

    def stemmers_of(self, fields: tuple[str, ...], form: str) -> frozenset[str]:
        """See `Vocabulary.stemmers_of`; remembered, since a snapshot never changes."""
        if (fields, form) not in self._forms:
            self._forms[fields, form] = self._look_up(fields, form)
        return self._forms[fields, form]

    def _look_up(self, fields: tuple[str, ...], form: str) -> frozenset[str]:
        found: set[int] = set()
        for leaf, offset in self.searcher.leaf_searchers():
            reader = leaf.reader()
            for field in fields:
                if (field, form) in reader:
                    for document in reader.postings(field, form).all_ids():
                        found.add(int(self._stemmer_codes[document + offset]))
                        if len(found) == len(self.stemmers()):
                            return frozenset(self.stemmers())
        return frozenset(self.stemmers()[code] for code in found)

    @cached_property
    def _stemmer_codes(self) -> NDArray[np.int8]:
        """The place of each document's stemmer in `stemmers()`."""
        codes = np.full(self.columns.size, self.stemmers().index(NO_STEMMER), dtype=np.int8)
        languages = self.columns.values(FacetField.LANGUAGE)
        places = np.array([self.stemmers().index(stemmer_of(language)) for language in languages.values], dtype=np.int8)
        if len(places):
            codes[languages.documents] = places[languages.codes]
        return codes

    def has(self, fields: tuple[str, ...], form: str) -> bool:
        """Whether any of the fields holds this form."""
        reader = self.searcher.reader()
        return any((field, form) in reader for field in fields)

    def beginning(self, fields: tuple[str, ...], prefix: str) -> Iterator[str]:
        """The forms of these fields that begin so, sorted."""
        reader = self.searcher.reader()
        forms = {form.decode() for field in fields for form in reader.expand_prefix(field, prefix)}
        return iter(sorted(forms))

    # -- matches

    def find(self, resolved: Resolved, deadline: Deadline, *, scored: bool = True) -> Found:
        """Everything that a query matches; raises TooSlowError at the deadline."""
        compiled = Compiler(deadline).compile(resolved)
        context = self.searcher.context() if scored else self.searcher.boolean_context()
        documents: list[int] = []
        scores: list[float] = []
        for leaf, offset in self.searcher.leaf_searchers():
            matcher = compiled.matcher(leaf, context)
            while matcher.is_active():
                documents.append(matcher.id() + offset)
                if scored:
                    scores.append(matcher.score())
                matcher.next()
                deadline.tick()
        found = np.array(documents, dtype=np.int64)
        return Found(found, np.array(scores, dtype=np.float64) if scored else np.zeros(len(found)))

    def best_of(self, resolved: All, allowed: Mask, deadline: Deadline) -> tuple[Found, int, int] | None:
        """Where nothing satisfies every part: what satisfies most of them, how many those are, and of how many.

        Excluded words and dates stay required. None where no document satisfies any part, or there is but one part.
        """
        fixed = tuple(part for part in resolved.parts if isinstance(part, Without | Published))
        optional = [part for part in resolved.parts if part not in fixed]
        if len(optional) < 2:
            return None
        counts = np.zeros(self.columns.size, dtype=np.int64)
        for part in optional:
            counts[self.find(part, deadline, scored=False).documents] += 1
        if fixed:
            passing = np.zeros(self.columns.size, dtype=bool)
            passing[self.find(All(fixed), deadline, scored=False).documents] = True
            allowed = allowed & passing
        most = int(counts[allowed].max(initial=0))
        if most == 0:
            return None
        return self.find(Any(tuple(optional)), deadline).only(allowed & (counts == most)), most, len(optional)

    def unknown(self, resolved: Resolved, deadline: Deadline) -> Iterator[Leaf]:
        """The words and phrases of a query that no article holds; excluded ones do not matter."""
        match resolved:
            case Leaf():
                if not len(self.find(resolved, deadline, scored=False).documents):
                    yield resolved
            case All(parts) | Any(parts):
                for part in parts:
                    yield from self.unknown(part, deadline)
            case _:
                pass
