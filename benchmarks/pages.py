"""The whole search page over HTTP: the archive's, filled by its own index or by what another engine found.

The others read titles and passages from what they store themselves; they have no facets and no timeline to show.
"""

from collections.abc import Callable
from dataclasses import replace

from archive.service import Archive
from archive.settings import load_settings
from archive.types import Headline, Hit, IndexState, MarkedText, SearchPage, SearchRequest, Snippet
from benchmarks.engines import Engine, Ours, to_text
from benchmarks.queries import Query
from db.store import SqlStore
from web import create_app


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

    def search(self, request: SearchRequest) -> SearchPage:
        query = self._queries[request.query]
        hits = tuple(
            Hit(rank, 0.0, _headline(rank, title), MarkedText(title), (Snippet(snippet, (), 1),))
            for rank, (title, snippet) in enumerate(self._engine.page(query), 1)
        )
        return SearchPage(request=request, understood=request.query, total=len(hits), hits=hits)

    def close(self) -> None:
        pass


def _headline(number: int, title: str) -> Headline:
    return Headline(
        id=number, title=title, url=None, source=None, authors=(), published=None, language=None, tags=(), versions=1
    )  # fmt: skip


def requester(engine: Engine, store: SqlStore, queries: list[Query]) -> Callable[[Query], object]:
    """What requests the search page of a query from an application in this process."""
    by_text = {to_text(query): query for query in queries}
    index = engine.index if isinstance(engine, Ours) else PeerIndex(engine, store, by_text)
    settings = replace(load_settings(), host="localhost")
    client = create_app(Archive(store, index, settings)).test_client()  # type: ignore[arg-type]  # all that is asked of it

    def request(query: Query) -> object:
        found = {"q": to_text(query)}
        if query.dates:
            found |= {"from": query.dates[0], "to": query.dates[1]}
        if query.newest:
            found["sort"] = "newest"
        answer = client.get("/search", query_string=found)
        if answer.status_code != 200:
            raise RuntimeError(f"{found}: {answer.status}")
        return answer

    return request
