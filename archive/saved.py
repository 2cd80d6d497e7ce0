"""Saved searches: what each of them finds now, and what of it is new since it was last looked at.

New is what was added or changed after the change that the last look knew of, and matches everything that was asked for.
So an article that was stored but not indexed at that time is new the next time, and nothing is missed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from archive.errors import ArchiveError, SavedSearchNameError, SavedSearchNotFoundError
from archive.ports import Store
from archive.types import SavedCount, SavedSearch, SearchPage, SearchRequest

MAX_NAME = 100
"""Characters of a name."""

NEW_SHOWN = 5
"""New articles that are shown of each search in a list of them."""


class SavedSearches:
    """The saved searches of an archive."""

    def __init__(self, store: Store, search: Callable[[SearchRequest], SearchPage]) -> None:
        self._store = store
        self._search = search

    def add(self, name: str, request: SearchRequest, seen: int) -> SavedSearch:
        """Save a search; `seen` is the last change known to the answer that was looked at when it was saved.

        Raises SavedSearchExistsError and SavedSearchNameError.
        """
        from archive.normalise import clean_line

        name = clean_line(name)
        if not name or len(name) > MAX_NAME:
            raise SavedSearchNameError(f"a saved search needs a name of at most {MAX_NAME} characters")
        kept = SearchRequest(query=_storable(request.query), filter=request.filter, sort=request.sort)
        saved = SavedSearch(name=name, request=kept, created=datetime.now(UTC), last_run=None, seen=self._known(seen))
        self._store.save_search(saved)
        return saved

    def all(self) -> list[SavedSearch]:
        """All of them, by name."""
        return self._store.saved_searches()

    def get(self, name: str) -> SavedSearch:
        """The one with this name; raises SavedSearchNotFoundError."""
        for saved in self.all():
            if saved.name == name:
                return saved
        raise SavedSearchNotFoundError(f"there is no saved search {name}")

    def remove(self, name: str) -> None:
        """Forget it; raises SavedSearchNotFoundError."""
        self._store.remove_saved(name)

    def counts(self) -> Iterator[SavedCount]:
        """What each of them finds now; one that cannot be answered says why."""
        changed: dict[int, frozenset[int]] = {}
        for saved in self.all():
            if saved.seen not in changed:
                changed[saved.seen] = self._store.changed_since(saved.seen)
            request = replace(saved.request, page_size=NEW_SHOWN, passages=1, facets=False, explain=False)
            try:
                page, new = (self._search(replace(request, among=among)) for among in (None, changed[saved.seen]))
            except ArchiveError as error:
                nothing = SearchPage(request=request)
                yield SavedCount(saved=saved, page=nothing, new=nothing, fault=str(error))
            else:
                yield SavedCount(saved=saved, page=page, new=new)

    def run(self, saved: SavedSearch, request: SearchRequest, *, new: bool = False) -> SearchPage:
        """Answer it; page, size and what is counted are those of `request`. With `new` only what is new is found."""
        wanted = saved.request
        among = self._store.changed_since(saved.seen) if new else None
        return self._search(replace(request, query=wanted.query, filter=wanted.filter, sort=wanted.sort, among=among))

    def looked_at(self, saved: SavedSearch, page: SearchPage) -> bool:
        """Note that a page of its answer was shown; what is new counts as seen when all of it has been shown.

        Of an answer with what is new alone that is the last page. Whether it counts as seen now.
        """
        if page.request.among is not None:
            complete = page.request.page == page.pages or not page.total
        else:
            complete = self._new_among(saved, page)
        self._store.look_at_saved(saved.name, datetime.now(UTC), self._known(page.sequence) if complete else None)
        return complete

    def _new_among(self, saved: SavedSearch, page: SearchPage) -> bool:
        """Whether all that is new is on this page."""
        changed = self._store.changed_since(saved.seen)
        only = replace(page.request, page=1, page_size=1, facets=False, explain=False, among=changed)
        shown = [number for hit in page.hits for number in (hit.headline.id, *hit.near_duplicates)]
        return sum(number in changed for number in shown) >= self._search(only).total

    def mark_seen(self, name: str, seen: int) -> None:
        """Note that everything up to this change was looked at; raises SavedSearchNotFoundError."""
        self._store.look_at_saved(name, datetime.now(UTC), self._known(seen))

    def _known(self, sequence: int) -> int:
        """The sequence, or that of the last change that there is."""
        return max(0, min(sequence, self._store.last_sequence()))


def _storable(text: str) -> str:
    """The text without what no database holds: an argument of a command may be any bytes."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
