"""One search over one snapshot: what is found, how it is sorted and counted, and what to say when nothing is found."""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from archive.types import (
    NO_ALIASES,
    Aliases,
    Article,
    Expansion,
    FacetField,
    FacetValue,
    Findings,
    Message,
    MessageKind,
    SearchPage,
    SearchRequest,
    Sort,
)
from index.columns import Collapsed, Mask, Passes, timeline, years
from index.deadline import Deadline, TooSlowError
from index.documents import VALUES
from index.explain import Explainer
from index.ranking import BEST, learn, weigh
from index.resolve import All, Leaf, Resolved, Resolver, Told, TooBroadError, Without
from index.results import Documents
from index.snapshot import Found, Snapshot
from index.tree import Everything, Node, Published, Query
from index.widening import find_offers

SECONDS = 8.0
"""How long one request may read postings before it is given up."""

EXPLAINED_SECONDS = 0.4
"""How long what a query comes to may be looked for; a longer query goes without what is left of it."""


class Search:
    """One request, answered from one snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        request: SearchRequest,
        parsed: Query,
        read: Callable[[Sequence[int]], Mapping[int, Article]] = lambda _: {},
        aliases: Aliases = NO_ALIASES,
    ) -> None:
        """`read` gives articles by their ids."""
        self.read = read
        self.aliases = aliases
        self.snapshot = snapshot
        self.request = request
        self.tree: Node = parsed.tree or Everything()
        self.deadline = Deadline(SECONDS)
        self.versions: Mapping[int, Sequence[int]] = {}
        self.filters: dict[FacetField | None, Passes] = dict(snapshot.columns.filters(request.filter).items())
        if request.among is not None:
            self.filters[None] = snapshot.columns.among(request.among)

    def best(self) -> dict[int, float]:
        """The ids and scores on the page, in order, and nothing about them."""
        found = self.snapshot.find(self._resolver().resolve(self.tree), self.deadline)
        return self._ids(self._timed(found.only(*self.filters.values())))

    def page(self, page: SearchPage) -> tuple[SearchPage, dict[int, float], Resolved]:
        """The page without its hits, the ids and scores that belong on it, and the resolved query."""
        page, found, resolved = self._answer(page)
        if not self.request.collapse:
            return page, self._ids(found), resolved
        columns = self.snapshot.columns
        collapsed = columns.collapsed((found.documents, found.scores), self.request.sort)
        if collapsed is None:
            return page, self._ids(found), resolved
        page = replace(page, collapsed=len(collapsed.behind))
        scores = self._ids(Found(found.documents[collapsed.kept], found.scores[collapsed.kept]))
        self.versions = self._versions(collapsed, scores)
        return page, scores, resolved

    def _versions(self, collapsed: Collapsed, shown: Iterable[int]) -> dict[int, list[int]]:
        """The articles that stand behind those shown, by their ids."""
        ids = self.snapshot.columns.ids
        leaders = ids[collapsed.leaders]
        versions: dict[int, list[int]] = {}
        is_shown = leaders[:, None] == np.fromiter(shown, dtype=np.int64)
        for at in np.flatnonzero(is_shown.any(axis=1)).tolist():
            versions.setdefault(int(leaders[at]), []).append(int(ids[collapsed.behind[at]]))
        return versions

    def everything(self, page: SearchPage) -> Findings:
        """The page without its hits, and the ids of all that is found."""
        page, found, _ = self._answer(page)
        columns = self.snapshot.columns
        order = columns.best((found.documents, found.scores), self.request.sort, max(1, len(found.documents)))
        return Findings(page=page, ids=array("q", columns.ids[found.documents[order]].tobytes()))

    def _answer(self, page: SearchPage) -> tuple[SearchPage, Found, Resolved]:
        resolver = self._resolver()
        resolved = resolver.resolve(self.tree)
        everything = self.snapshot.find(resolved, self.deadline)
        found = everything.only(*self.filters.values())
        if isinstance(resolved, Told):
            everything = self.snapshot.find(self._learn(resolved, found), self.deadline)
            found = everything.only(*self.filters.values())
        messages = [*page.messages, *resolver.messages]
        if self.request.explain:
            page = self._explain(page, len(found.documents))
        if not len(found.documents):
            messages += self._why_nothing(resolved, everything)
            relaxed = (
                self.snapshot.best_of(resolved, tuple(self.filters.values()), self.deadline)
                if isinstance(resolved, All) and self.request.among is None
                else None
            )
            if relaxed:
                who = "No article that the filters leave" if len(everything.documents) else "No article"
                found, most, parts = relaxed
                everything = found
                words = f"{who} has all {parts} parts of the query; these have {most} of them"
                messages.append(Message(MessageKind.RELAXED, words))
                page = replace(page, relaxed=True)
            elif not messages:
                messages.append(_unknown("Some article has each of the words, but none has all of this together"))
        facets: dict[FacetField, tuple[FacetValue, ...]] = {}
        months: Mapping[int, int] = {}
        if self.request.facets:
            months = self.snapshot.columns.count_months(found.documents)
            facets = self._facets(everything, months)
        total = len(found.documents)
        page = replace(
            page,
            messages=tuple(messages),
            total=total,
            facets=facets,
            timeline=timeline(months),
            sequence=self.snapshot.generation.checkpoint(),
        )
        return page, self._timed(found), resolved

    def _timed(self, found: Found) -> Found:
        """The same with scores that prefer recent articles, where that is asked for."""
        if self.request.sort is not Sort.RECENT:
            return found
        return replace(found, scores=found.scores * self.snapshot.columns.recency[found.documents])

    def _learn(self, told: Told, found: Found) -> Told:
        """The sentence with the words that set the articles apart that are best for it alone."""
        columns = self.snapshot.columns
        best = columns.best((found.documents, found.scores), Sort.RELEVANCE, BEST)
        scores = dict(zip(columns.ids[found.documents[best]].tolist(), found.scores[best].tolist(), strict=True))
        articles = self.read(list(scores))
        return replace(told, learnt=learn((self._weigh(each), scores[number]) for number, each in articles.items()))

    def _weigh(self, article: Article) -> Mapping[str, float]:
        """See `ranking.weigh`; remembered."""
        key = ("weighed", article.id, article.version)
        count, size = self.snapshot.count_term, self.snapshot.columns.size
        return self.snapshot.memory.recall(key, lambda: weigh(article, count, size))

    def _facets(self, everything: Found, months: Mapping[int, int]) -> dict[FacetField, tuple[FacetValue, ...]]:
        """The values of what matches, each facet without the filter by itself; `months` are those with all filters."""
        columns = self.snapshot.columns
        facets: dict[FacetField, tuple[FacetValue, ...]] = {}
        for facet in VALUES:
            documents = self._without(facet, everything)
            facets[facet] = columns.facet(facet).count(documents, lambda: self._mask(documents))  # noqa: B023
        if FacetField.YEAR in self.filters:
            months = columns.count_months(self._without(FacetField.YEAR, everything))
        return facets | {FacetField.YEAR: years(months)}

    def _without(self, facet: FacetField, everything: Found) -> Documents:
        """What passes the filters other than this one."""
        return everything.only(*(passes for field, passes in self.filters.items() if field is not facet)).documents

    def _mask(self, documents: Documents) -> Mask:
        mask = np.zeros(self.snapshot.columns.size, dtype=bool)
        mask[documents] = True
        return mask

    def _ids(self, found: Found) -> dict[int, float]:
        first = (self.request.page - 1) * self.request.page_size
        columns = self.snapshot.columns
        result = (found.documents, found.scores)
        best = columns.best(result, self.request.sort, first + self.request.page_size)[first:]
        ids, scores = columns.ids[found.documents[best]], found.scores[best]
        return dict(zip(ids.tolist(), scores.tolist(), strict=True))

    # -- when nothing is found

    def _why_nothing(self, resolved: Resolved, everything: Found) -> list[Message]:
        if count := len(everything.documents):
            return [_unknown(f"{_articles(count)} the query, but the filters leave none of them")]
        unknown = list(self.snapshot.unknown(resolved, self.deadline))
        if unknown:
            return [_unknown(_names(leaf), leaf.words.start, leaf.words.end) for leaf in unknown]
        parts = resolved.parts if isinstance(resolved, All) else ()
        wanted = tuple(part for part in parts if not isinstance(part, Without | Published))
        if 0 < len(wanted) < len(parts) and (count := len(self.snapshot.find(All(wanted), self.deadline).documents)):
            return [_unknown(f"{_articles(count)} the words, but the query's dates and exclusions leave none of them")]
        return []

    def _explain(self, page: SearchPage, total: int) -> SearchPage:
        """The page with what each part of the query finds, and what was likely meant, as far as there is time."""
        languages = self.request.filter.languages
        explainer = Explainer(self.snapshot, tuple(self.filters.values()), languages, Deadline(EXPLAINED_SECONDS))
        with suppress(TooSlowError, TooBroadError):
            parts = explainer.parts(self.tree)
            page = replace(page, parts=parts, expansions=self._expansions(explainer))
            if not total:
                alternatives = explainer.alternatives(self.tree, page.parts)
                likeliest = next((each.query for each in alternatives if not each.change.startswith("without ")), None)
                return replace(page, alternatives=alternatives, suggestion=likeliest)
            meant = explainer.respelt(self.tree)
            return replace(page, suggestion=meant.query) if meant else page
        return page

    def _expansions(self, explainer: Explainer) -> tuple[Expansion, ...]:
        """The query with other forms of its names, where that finds something; remembered, since pages follow pages."""
        recall, query = self.snapshot.memory.recall, self.request.query
        offers = recall(
            ("offers", query, self.aliases), lambda: find_offers(self.snapshot, self.aliases, self.tree, query)
        )
        found: list[Expansion] = []
        for offer in offers:
            key = ("offer", offer.query, self.request.filter)
            count = recall(key, lambda: explainer.count(offer.tree))  # noqa: B023  # called at once
            if count or (offer.kind == "only" and not found):  # there is always a way back
                found.append(Expansion(offer.kind, offer.text, offer.query, count))
        return tuple(found)

    def _resolver(self) -> Resolver:
        return Resolver(self.snapshot, self.request.filter.languages)


def _unknown(text: str, start: int | None = None, end: int | None = None) -> Message:
    return Message(MessageKind.UNKNOWN, text, start, end)


def _articles(count: int) -> str:
    return "1 article matches" if count == 1 else f"{count:,} articles match"


def _names(leaf: Leaf) -> str:
    return f"No article has the exact phrase {leaf.words}" if leaf.words.quoted else f"No article has {leaf.words}"
