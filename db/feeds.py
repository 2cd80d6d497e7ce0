"""Feeds that are followed and what addresses gave: rows as the core's types and back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or_update

from archive.errors import FeedExistsError, FeedNotFoundError
from archive.types import Feed, NewFeed, Seen
from db import queries
from db.models import ADDRESS, ARTICLE, FEED

_ENTRIES = ("feed", "jsonfeed", "saved-json", "saved-html", "saved-xml", "saved-csv")
"""Formats of which an article need not be what stands at its address."""


def add(connection: Connection, feed: NewFeed, added: datetime) -> Feed:
    """A new row; raises FeedExistsError."""
    _must_be_free(connection, feed.url)
    row = asdict(feed) | {"tags": list(feed.tags), "added": added, "failures": 0}
    number = connection.execute(insert(FEED).values(**row).returning(FEED.c.id)).scalar_one()
    return Feed(**asdict(feed), id=number, added=added)


def read_all(connection: Connection) -> list[Feed]:
    """All of them, by number."""
    return [_read(row) for row in connection.execute(select(FEED).order_by(FEED.c.id))]


def change(connection: Connection, feed: Feed) -> None:
    """Write it over its row; raises FeedNotFoundError and FeedExistsError."""
    _must_be_free(connection, feed.url, but=feed.id)
    row = asdict(feed) | {"tags": list(feed.tags)}
    _must_exist(connection.execute(update(FEED).where(FEED.c.id == feed.id).values(**row)).rowcount, feed.id)


def remove(connection: Connection, number: int) -> None:
    """Delete it; raises FeedNotFoundError."""
    _must_exist(connection.execute(delete(FEED).where(FEED.c.id.in_(queries.possible([number])))).rowcount, number)


def note(connection: Connection, seen: Mapping[str, Seen]) -> None:
    """Write what addresses gave; one whose page was fetched stays so, and an article that is gone meanwhile is none."""
    if not seen:
        return
    ids = {each.article for each in seen.values() if each.article is not None}
    there = set[int]()
    for chunk in queries.chunks(sorted(ids)):
        there.update(connection.scalars(select(ARTICLE.c.id).where(ARTICLE.c.id.in_(chunk))))
    rows = [
        {"url": url, "article_id": each.article if each.article in there else None, "page": each.page}
        for url, each in seen.items()
    ]
    statement = insert_or_update(ADDRESS)
    new = {"article_id": statement.excluded.article_id, "page": ADDRESS.c.page | statement.excluded.page}
    connection.execute(statement.on_conflict_do_update(index_elements=[ADDRESS.c.url], set_=new), rows)


def seen(connection: Connection, addresses: Sequence[str]) -> dict[str, Seen]:
    """What is known of those of these addresses of which anything is; an article's own counts, too."""
    found: dict[str, Seen] = {}
    for chunk in queries.chunks(addresses):
        own = select(ARTICLE.c.url, ARTICLE.c.id, ARTICLE.c.origin_format).where(ARTICLE.c.url.in_(chunk))
        for url, number, format_name in connection.execute(own):
            found[url] = Seen(number, page=format_name not in _ENTRIES)
        for row in connection.execute(select(ADDRESS).where(ADDRESS.c.url.in_(chunk))):
            if row.article_id is not None or row.url not in found:
                found[row.url] = Seen(row.article_id, row.page)
    return found


def _must_be_free(connection: Connection, url: str, but: int | None = None) -> None:
    other = connection.scalar(select(FEED.c.id).where(FEED.c.url == url))
    if other is not None and other != but:
        raise FeedExistsError(f"{url} is followed already, as feed {other}")


def _must_exist(count: int, number: int) -> None:
    if not count:
        raise FeedNotFoundError(f"there is no feed {number}")


def _read(row: Row[Any]) -> Feed:
    values = dict(row._mapping)  # noqa: SLF001  # how SQLAlchemy names it, and public
    return Feed(**values | {"tags": tuple(values["tags"])})
