"""Connections to SQLite: each is durable, checks foreign keys, waits for others, and begins writes as writes."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import cast

from sqlalchemy import URL, Connection, Engine, RootTransaction, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from archive.errors import StoreCorruptError, StoreError, StoreLockedError

PRAGMAS = (
    "journal_mode=WAL",  # readers never wait for the writer
    "synchronous=FULL",  # what is committed survives a power failure
    "wal_autocheckpoint=8000",  # 32 MB: an import changes the same pages of an index again and again
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
)

WRITING_CACHE = 16_000
"""Kilobytes of pages that a connection keeps which writes: a batch of articles changes pages all over the indexes."""


def make_engine(path: Path, *, busy_seconds: float = 30.0) -> Engine:
    """An engine for a database file; a connection waits `busy_seconds` for another process's write."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),  # a path may contain ? or %
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=20,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver begins transactions by itself, and as readers; we do it
        connection.execute(f"PRAGMA busy_timeout={int(busy_seconds * 1000)}")
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes", False):
            connection.exec_driver_sql(f"PRAGMA cache_size=-{WRITING_CACHE}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database throughout."""
    with translated(engine), engine.connect() as connection, connection.begin():
        yield connection


def cursor_of(connection: Connection) -> sqlite3.Cursor:
    """A cursor inside the transaction of a connection."""
    return cast("sqlite3.Cursor", connection.connection.cursor())


@contextmanager
def single(engine: Engine) -> Iterator[sqlite3.Cursor]:
    """A cursor for one statement, which sees one state of the database by itself."""
    with translated(engine), closing(engine.raw_connection()) as connection:
        yield cast("sqlite3.Cursor", connection.cursor())


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the right to write from its beginning; all of it is stored, or nothing."""
    with translated(engine), engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


class Writer:
    """Writes like `writing`, but the disk is waited for in another thread, until `settle`.

    Meanwhile who writes can prepare what is to be written next.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pool: ThreadPoolExecutor | None = None
        self._commit: Future[None] | None = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is stored when `settle` has returned, or nothing of it is."""
        self.settle()
        with translated(self._engine), ExitStack() as stack:
            connection = stack.enter_context(self._engine.connect().execution_options(writes=True))
            transaction = stack.enter_context(connection.begin())
            yield connection
            rest = stack.pop_all()
        self._pool = self._pool or ThreadPoolExecutor(1)
        self._commit = self._pool.submit(self._end, transaction, rest)

    def _end(self, transaction: RootTransaction, rest: ExitStack) -> None:
        with translated(self._engine), rest:
            transaction.commit()

    def settle(self) -> None:
        """Wait until what was written is stored; raises StoreError where it could not be."""
        if self._commit:
            wait([self._commit])  # interrupted, it can be waited for again
            commit, self._commit = self._commit, None
            commit.result()

    def close(self) -> None:
        """Wait for the disk and write no more."""
        if self._pool:
            self._pool.shutdown()


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """SQLAlchemy's and SQLite's errors as the archive's."""
    path = engine.url.database
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as error:
        reason = str(getattr(error, "orig", error))
        if "locked" in reason or "busy" in reason:
            raise StoreLockedError(f"{path} is locked by another process; try again when it has finished") from error
        raise StoreError(f"{path} cannot be used: {reason}") from error
    except (DatabaseError, sqlite3.DatabaseError, UnicodeDecodeError) as error:
        reason = str(getattr(error, "orig", error))
        raise StoreCorruptError(f"{path} is damaged or no database of the archive: {reason}") from error
