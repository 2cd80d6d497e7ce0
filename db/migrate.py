"""Creates databases and brings old ones up to date; Alembic is imported only for that."""

import fcntl
import glob
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from archive.errors import SchemaOutOfDateError, StoreCorruptError, StoreError

HEAD = "0007"
"""The newest migration; a test compares it with the files."""


def prepare(path: Path) -> None:
    """Create the database when there is none; raises SchemaOutOfDateError or StoreCorruptError when it does not fit."""
    revision = _revision(path)
    if revision is None:
        _create(path)
    elif revision != HEAD:
        if revision in _known():
            raise SchemaOutOfDateError(
                f"{path} was made by an older version of the archive; run: archive upgrade (it keeps a copy first)"
            )
        raise SchemaOutOfDateError(f"{path} was made by a newer version of the archive; please update the archive")


def upgrade(path: Path) -> Path | None:
    """Bring an old database up to date and return the copy that was made of it first; None when nothing was to do."""
    revision = _revision(path)
    if revision in (None, HEAD):
        prepare(path)
        return None
    if revision not in _known():
        prepare(path)
    copy = path.with_name(f"{path.name}.before-{HEAD}-{datetime.now(UTC):%Y%m%d%H%M%S}")
    try:
        copy.touch(mode=0o600)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"cannot copy {path} to {copy}: {error}") from error
    _run(path)
    return copy


def _revision(path: Path) -> str | None:
    """The migration that a database is at, or None for a file that does not exist or is empty."""
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "alembic_version" not in tables or "article" not in tables:
                raise StoreCorruptError(f"{path} is a database, but not one of the archive")
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as error:  # which a message about damage may hold bytes of
        raise StoreCorruptError(f"{path} cannot be opened as a database: {error}") from error
    if not found:
        raise StoreCorruptError(f"{path} does not say which version of the archive made it")
    return str(found[0])


def _create(path: Path) -> None:
    """A new database, whole or not at all: it is made beside its place and moved there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with _alone_in(path.parent):
            if _revision(path) is not None:
                return  # another process has made it meanwhile
            temporary.touch(mode=0o600)
            _run(temporary)
            # It stays in WAL mode: processes that open a new database at once could not all switch it to that.
            with closing(sqlite3.connect(temporary)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the file is complete by itself
            temporary.replace(path)
    except OSError as error:
        raise StoreError(f"cannot create {path}: {error.strerror}") from error
    finally:
        for leftover in path.parent.glob(f"{glob.escape(temporary.name)}*"):
            leftover.unlink()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which ends with the process at the latest: one process makes a database in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _run(path: Path, revision: str = "head") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["path"] = path
    command.upgrade(config, revision)


def _known() -> set[str]:
    return {path.name.split("_")[0] for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py")}
