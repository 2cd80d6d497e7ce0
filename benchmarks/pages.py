"""The whole search page over HTTP: the archive's, filled by its own index or by what another engine found.

Every page shows as many articles and counts the same facets; the others read what is shown of an article from what they
store themselves, and do not mark words in titles.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from werkzeug.test import EnvironBuilder

from archive.service import Archive
from archive.settings import load_settings
from archive.types import (
    Aliases,
    FacetField,
    FacetValue,
    Headline,
    Hit,
    IndexState,
    MarkedText,
    PublicationDate,
    SearchPage,
    SearchRequest,
    Snippet,
    TimelineBucket,
)
from benchmarks.engines import FACETS, Engine, Ours, Shown, to_text
from benchmarks.queries import Query
from db.store import SqlStore
from web import create_app

_FACETS = (FacetField.SOURCE, FacetField.AUTHOR, FacetField.LANGUAGE, FacetField.YEAR)


class PeerIndex:
    """Another engine behind the archive's web application, as far as a search page asks."""

    def __init__(self, engine: Engine, store: SqlStore, queries: dict[str, Query]) -> None:
        self._engine = engine
        self._last = store.last_sequence()
        self._queries = queries

    def checkpoint(self) -> int:
        return self._last

    def state(self, last_sequence: int) -> IndexState:  # the port's signature
        return IndexState.CURRENT

    def search(self, request: SearchRequest, aliases: Aliases) -> SearchPage:
        query = self._queries[request.query]
        counts = self._engine.facets(query)
        hits = tuple(
            Hit(rank, 0.0, _headline(shown), MarkedText(shown.title), (Snippet(shown.passage, (), 1),))
            for rank, shown in enumerate(self._engine.page(query, request.page_size), 1)
        )
        facets = {
            field: tuple(FacetValue(value, count) for value, count in counts.get(name, ()))
            for field, name in zip(_FACETS, FACETS, strict=True)
        }
        timeline = tuple(
            TimelineBucket(date(int(year.value), 1, 1), year.count) for year in facets[FacetField.YEAR][::-1]
        )
        ((_, total),) = counts["total"]
        return SearchPage(
            request=request, understood=request.query, total=total, hits=hits, facets=facets, timeline=timeline
        )

    def close(self) -> None:
        pass


def _headline(shown: Shown) -> Headline:
    return Headline(
        id=shown.number,
        title=shown.title,
        url=None,
        source=shown.source or None,
        authors=(shown.author,) if shown.author else (),
        published=PublicationDate.parse(shown.day) if shown.day else None,
        language=shown.language or None,
        tags=(),
        versions=1,
    )


def requester(engine: Engine, store: SqlStore, queries: list[Query]) -> Callable[[Query], object]:
    """What requests the search page of a query from an application in this process."""
    by_text = {to_text(query): query for query in queries}
    index = engine.index if isinstance(engine, Ours) else PeerIndex(engine, store, by_text)
    settings = replace(load_settings(), host="localhost")
    application = create_app(Archive(store, index, settings))  # type: ignore[arg-type]  # all that is asked of it
    environments = {id(query): EnvironBuilder("/search", query_string=_asked(query)).get_environ() for query in queries}

    def request(query: Query) -> object:
        answers: list[str] = []
        environment = dict(environments[id(query)])  # made before: a server reads a request faster than a test client
        body = application(environment, lambda status, _headers, _error=None: answers.append(status))  # type: ignore[misc,arg-type]
        content = b"".join(body)
        body.close()  # type: ignore[attr-defined]
        if answers != ["200 OK"]:
            raise RuntimeError(f"{to_text(query)}: {answers}")
        return content

    return request


def _asked(query: Query) -> dict[str, str]:
    """The parameters of a page's address."""
    found = {"q": to_text(query)}
    if query.dates:
        found |= {"from": query.dates[0], "to": query.dates[1]}
    if query.newest:
        found["sort"] = "newest"
    return found
