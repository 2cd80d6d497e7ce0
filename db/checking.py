"""What can be proved of a database: that SQLite finds it whole, and that it holds what the archive wrote."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, or_, select, text

from archive.compression import decompress
from archive.errors import StoreError
from archive.fingerprint import fingerprint
from archive.types import Check, PublicationDate
from db import columns, saving
from db.engine import cursor_of, reading
from db.models import ARTICLE, ORIGINAL, VERSION

Progress = Callable[[int, int], None]
"""Is called with how many rows were seen, and how many there are; 0 where that is not known."""

Look = Callable[[Connection, Progress], Iterator[str]]

MOST_FAULTS = 20
"""Faults of one kind that are told; the others are counted."""

_TRIGGERS = frozenset({"article_added", "article_changed", "article_deleted"})
_PUT_BACK = "put a copy of the database back that is whole, and keep this file: most of it can still be read"
_REPAIR = "put a copy of the database back, or delete these articles and import them again"
_IMPORT_AGAIN = "put a copy of the database back, or delete these articles and import them again to keep the original"


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def examine(engine: Engine, progress: Callable[[str, int, int], None]) -> Iterator[Check]:
    """One check after the other; whatever one of them meets, the others are made. See `Store.examine`."""
    for name, look, remedy in _LOOKS:

        def tell(done: int, total: int, name: str = name) -> None:
            progress(name, done, total)

        tell(0, 0)
        yield Check(name, tuple(_first(_faults(engine, look, tell))), remedy)


def _faults(engine: Engine, look: Look, progress: Progress) -> Iterator[str]:
    try:
        with reading(engine) as connection:
            yield from look(connection, progress)
    except StoreError as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001  # a damaged database may hold anything, and the rest is looked at
        yield f"it cannot be read: {type(error).__name__}: {error}"


def _first(faults: Iterator[str]) -> Iterator[str]:
    yield from islice(faults, MOST_FAULTS)
    if more := sum(1 for _ in faults):
        yield f"and {more:,} more"


# --- what is looked at ------------------------------------------------------------------------------------------------


def schema(connection: Connection, _progress: Progress) -> Iterator[str]:
    """Whether what tells the index of changes is there."""
    found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
    for name in sorted(_TRIGGERS - set(found)):
        yield f"the trigger {name} is missing, so changes are not noticed"


def integrity(connection: Connection, _progress: Progress = silent) -> Iterator[str]:
    """What SQLite itself finds."""
    for row in connection.execute(text("PRAGMA integrity_check")):
        if row[0] != "ok":
            yield f"the database: {row[0]}"


def references(connection: Connection, _progress: Progress = silent) -> Iterator[str]:
    """Old versions of articles that are not there."""
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        yield f"a row of {row[0]} refers to nothing"


def originals(connection: Connection, progress: Progress = silent) -> Iterator[str]:
    """Whether the bytes of each original are those that came."""
    total = connection.scalar(select(func.count()).select_from(ORIGINAL)) or 0
    statement = select(ORIGINAL.c.sha256, ORIGINAL.c.data, ORIGINAL.c.size)
    rows = connection.execution_options(yield_per=50).execute(statement)
    for number, (digest, data, size) in enumerate(rows, 1):
        try:
            found = decompress(data)
            whole = len(found) == size and sha256(found).digest() == digest
        except ValueError:
            whole = False
        if not whole:
            yield f"the original {digest.hex()} is damaged"
        progress(number, total)


def kept(connection: Connection, _progress: Progress) -> Iterator[str]:
    """Whether each original that an article names is there, and each that is there is named."""
    for table, number in ((ARTICLE, ARTICLE.c.id), (VERSION, VERSION.c.article_id)):
        there = select(ORIGINAL.c.sha256).where(ORIGINAL.c.sha256 == table.c.original).exists()
        for found in connection.scalars(select(number).where(table.c.original.is_not(None), ~there)):
            yield f"the original of article {found} is missing"
    used = [select(each.c.original).where(each.c.original == ORIGINAL.c.sha256).exists() for each in (ARTICLE, VERSION)]
    if unused := connection.scalar(select(func.count()).select_from(ORIGINAL).where(~or_(*used))):
        yield f"{unused:,} of the originals belong to no article and only take room"


def versions(connection: Connection, _progress: Progress) -> Iterator[str]:
    """Whether the old versions of each article are numbered from 1 to the one before the current."""
    old = (
        select(
            VERSION.c.article_id.label("article"),
            func.count().label("count"),
            func.min(VERSION.c.number).label("first"),
            func.max(VERSION.c.number).label("last"),
        )
        .group_by(VERSION.c.article_id)
        .subquery()
    )
    odd = or_(
        func.coalesce(old.c["count"], 0) != ARTICLE.c.version - 1,
        and_(old.c["count"] > 0, or_(old.c.first != 1, old.c.last != ARTICLE.c.version - 1)),
    )
    for number in connection.scalars(
        select(ARTICLE.c.id).select_from(ARTICLE).outerjoin(old, old.c.article == ARTICLE.c.id).where(odd)
    ):
        yield f"the versions of article {number} have gaps"


def articles(connection: Connection, progress: Progress) -> Iterator[str]:
    """Whether each article and each old version can be read, and is what its fingerprint and its dates say."""
    total = sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in (ARTICLE, VERSION))
    cursor = cursor_of(connection)
    done = 0
    for statement in (_ARTICLES, _VERSIONS):
        for number, version, *row in cursor.execute(statement):
            done += 1
            if fault := _fault(*row):
                yield f"article {number}, version {version}: {fault}"
            if done % _OFTEN == 0 or done == total:
                progress(done, total)


_OFTEN = 50
_RAW = (
    "CAST(title AS BLOB), CAST(body AS BLOB), fingerprint, CAST(published AS BLOB), "
    "CAST(authors AS BLOB), CAST(tags AS BLOB)"
)
"""Bytes, since what is no text any more could not be read as one."""
_ARTICLES = (
    f"SELECT id, version, {_RAW}, published_key, first_day, last_day, "  # noqa: S608  # names of columns
    "CAST(edited AS BLOB), CAST(told AS BLOB) FROM article"
)
_VERSIONS = f"SELECT article_id, number, {_RAW} FROM version"  # noqa: S608


def _fault(
    title: bytes, body: bytes, stored: bytes, published: bytes | None, authors: bytes, tags: bytes, *more: Any
) -> str | None:
    """What is wrong with a row, the columns of which are bytes."""
    try:
        if fingerprint(title.decode(), body.decode()) != stored:
            return "its fingerprint is not that of its text"
        if not all(isinstance(json.loads(each), list) for each in (authors, tags)):
            return "its authors or tags are no list"
        date = PublicationDate.parse(published.decode()) if published else None
        found = columns.of_date(date)
        days = found["published_key"], found["first_day"], found["last_day"]
        if more and tuple(more[:3]) != days:
            return "the days that it is sorted and filtered by are not those of its date"
        if more:
            json.loads(more[3])
            columns.told(json.loads(more[4]) if more[4] else None)
    except (ValueError, TypeError, AttributeError, RecursionError, StoreError) as error:
        return f"it cannot be read: {error}"
    return None


def searches(connection: Connection, _progress: Progress) -> Iterator[str]:
    """Whether each saved search can be read."""
    saving.read_all(connection)
    yield from ()


_LOOKS: tuple[tuple[str, Look, str], ...] = (
    ("schema", schema, _PUT_BACK),
    ("database", integrity, _PUT_BACK),
    ("references", references, _PUT_BACK),
    ("articles", articles, _REPAIR),
    ("versions", versions, _PUT_BACK),
    ("originals", originals, _IMPORT_AGAIN),
    ("originals kept", kept, _IMPORT_AGAIN),
    ("saved searches", searches, "remove it and save it again"),
)
"""What is looked at, in this order, and what to do where it is wrong."""
