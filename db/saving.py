"""Saved searches: rows as the core's types and back. Nothing but `remove` ever deletes one."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from archive.errors import SavedSearchExistsError, SavedSearchNotFoundError, StoreCorruptError
from archive.types import ArticleFilter, SavedSearch, SearchRequest, Sort
from db.models import SAVED_SEARCH


def add(connection: Connection, saved: SavedSearch) -> None:
    """A new row; raises SavedSearchExistsError."""
    if connection.scalar(select(SAVED_SEARCH.c.name).where(SAVED_SEARCH.c.name == saved.name)) is not None:
        raise SavedSearchExistsError(f"there is a saved search {saved.name} already; remove it first")
    wanted = asdict(saved.request.filter)
    for name in ("published_from", "published_to"):
        wanted[name] = str(wanted[name]) if wanted[name] else None
    row = {"name": saved.name, "created": saved.created, "last_run": saved.last_run, "seen": saved.seen}
    row |= {"query": saved.request.query, "filter": wanted, "sort": saved.request.sort.value}
    connection.execute(insert(SAVED_SEARCH), [row])


def read_all(connection: Connection) -> list[SavedSearch]:
    """All of them, by name."""
    return [_read(row) for row in connection.execute(select(SAVED_SEARCH).order_by(SAVED_SEARCH.c.name))]


def look_at(connection: Connection, name: str, run: datetime, seen: int | None) -> None:
    """Note when it was run and, where that is later than before, what was seen; raises SavedSearchNotFoundError."""
    later = {"seen": func.max(SAVED_SEARCH.c.seen, seen)} if seen is not None else {}
    done = connection.execute(update(SAVED_SEARCH).where(SAVED_SEARCH.c.name == name).values(last_run=run, **later))
    _must_exist(done.rowcount, name)


def remove(connection: Connection, name: str) -> None:
    """Delete it; raises SavedSearchNotFoundError."""
    _must_exist(connection.execute(delete(SAVED_SEARCH).where(SAVED_SEARCH.c.name == name)).rowcount, name)


def _must_exist(count: int, name: str) -> None:
    if not count:
        raise SavedSearchNotFoundError(f"there is no saved search {name}")


def _filter(wanted: dict[str, Any]) -> ArticleFilter:
    first, last = wanted.pop("published_from"), wanted.pop("published_to")
    return ArticleFilter(
        published_from=date.fromisoformat(first) if first else None,
        published_to=date.fromisoformat(last) if last else None,
        **{name: tuple(values) for name, values in wanted.items()},
    )


def _read(row: Row[Any]) -> SavedSearch:
    try:
        request = SearchRequest(query=row.query, filter=_filter(dict(row.filter)), sort=Sort(row.sort))
    except (ValueError, TypeError, KeyError) as error:
        raise StoreCorruptError(f"the saved search {row.name} cannot be read: {error}") from error
    return SavedSearch(name=row.name, request=request, created=row.created, last_run=row.last_run, seen=row.seen)
