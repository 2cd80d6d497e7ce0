"""Accounts of imports: what became of every item, and how far an import has come, so that it can be gone on with."""

import fcntl
import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, delete, exists, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from archive.errors import ImportNotFoundError
from archive.types import FileAccount, ImportAccount, ImportItem, Origin, Outcome
from db.inserting import Inserting
from db.models import ARTICLE, IMPORT, IMPORT_FILE, IMPORT_ITEM

KEPT_WHOLE = 100
"""Imports of which every item is kept; of older ones there are only counts."""

ITEMS_AT_ONCE = 1_000

_ITEMS = Inserting(insert(IMPORT_ITEM), IMPORT_ITEM.c.keys())


class Claims:
    """Which imports run, in whatever process: each holds the byte of a file with its number, which no crash leaves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._own: set[int] = set()

    def take(self, number: int) -> bool:
        """Whether nobody else has it, and it is ours now."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:
            return False
        self._own.add(number)
        return True

    def is_taken(self, number: int) -> bool:
        """Whether it runs."""
        if number in self._own:
            return True
        if not self.take(number):
            return True
        self.release(number)
        return False

    def release(self, number: int) -> None:
        """It runs no longer."""
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, number)
        self._own.discard(number)

    def close(self) -> None:
        """Release all."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def begin(connection: Connection, command: str, claims: Claims) -> tuple[int, list[FileAccount]]:
    """See `Store.begin_import`."""
    last = select(IMPORT.c.id, IMPORT.c.ended).where(IMPORT.c.command == command).order_by(IMPORT.c.id.desc())
    found = connection.execute(last.limit(1)).first()
    if found and not found.ended and claims.take(found.id):
        if _is_whole(connection, found.id):
            return found.id, _files(connection, found.id)
        claims.release(found.id)
    row = {"command": command, "started": datetime.now(UTC)}
    number = int(connection.execute(insert(IMPORT).returning(IMPORT.c.id), [row]).scalar_one())
    claims.take(number)
    return number, []


def _is_whole(connection: Connection, number: int) -> bool:
    """Whether no article that an import has stored was deleted since."""
    stored = (IMPORT_ITEM.c.import_id == number) & IMPORT_ITEM.c.article.is_not(None)
    gone = select(IMPORT_ITEM.c.article).where(stored, ~exists().where(ARTICLE.c.id == IMPORT_ITEM.c.article))
    return connection.execute(gone.limit(1)).first() is None


def _files(connection: Connection, number: int) -> list[FileAccount]:
    rows = connection.execute(select(IMPORT_FILE).where(IMPORT_FILE.c.import_id == number))
    return [FileAccount(row.number, row.path, row.size, row.modified, row.items, row.finished) for row in rows]


def record(
    connection: Connection, number: int, items: Sequence[tuple[int, ImportItem]], files: Sequence[FileAccount]
) -> None:
    """Record outcomes, each with the number of its file, and how far the import is with these files thereafter."""
    after = {file.number: file.items for file in files}
    left = Counter(file for file, _ in items)
    rows = []
    for file, item in items:
        rows.append(
            {
                "import_id": number,
                "file": file,
                "number": after[file] - left[file] + 1,
                "format": item.origin.format,
                "part": item.origin.part,
                "outcome": item.outcome.value,
                "article": item.article,
                "reason": item.reason,
            }
        )
        left[file] -= 1
    if rows:
        _ITEMS.run(connection, rows)
    if files:
        statement = upsert(IMPORT_FILE)
        news = {name: statement.excluded[name] for name in ("items", "finished")}
        rows = [
            {
                "import_id": number,
                "number": file.number,
                "path": _storable(file.path),
                "size": file.size,
                "modified": file.modified,
                "items": file.items,
                "finished": file.finished,
            }
            for file in files
        ]
        connection.execute(statement.on_conflict_do_update(set_=news), rows)


def forget(connection: Connection, number: int, file: int) -> None:
    """See `Store.forget_file`."""
    connection.execute(delete(IMPORT_ITEM).where((IMPORT_ITEM.c.import_id == number) & (IMPORT_ITEM.c.file == file)))
    connection.execute(delete(IMPORT_FILE).where((IMPORT_FILE.c.import_id == number) & (IMPORT_FILE.c.number == file)))


def end(connection: Connection, number: int) -> None:
    """An import has finished. Of those that are older than `KEPT_WHOLE` others only the counts are kept."""
    news = {"ended": datetime.now(UTC), "counts": _counts(connection, number)}
    connection.execute(update(IMPORT).where(IMPORT.c.id == number).values(news))
    ended = select(IMPORT.c.id).where(IMPORT.c.ended.is_not(None)).order_by(IMPORT.c.id.desc())
    if oldest := connection.scalar(ended.offset(KEPT_WHOLE).limit(1)):
        old = select(IMPORT.c.id).where(IMPORT.c.ended.is_not(None), IMPORT.c.id <= oldest)
        for table in (IMPORT_ITEM, IMPORT_FILE):
            connection.execute(delete(table).where(table.c.import_id.in_(old)))


def _counts(connection: Connection, number: int) -> dict[str, int]:
    outcome = IMPORT_ITEM.c.outcome
    counts = select(outcome, func.count()).where(IMPORT_ITEM.c.import_id == number).group_by(outcome)
    return {str(name): int(count) for name, count in connection.execute(counts)}


def read_all(connection: Connection, claims: Claims) -> list[ImportAccount]:
    """See `Store.imports`."""
    return [
        ImportAccount(
            id=row.id,
            command=row.command,
            started=row.started,
            ended=row.ended,
            running=row.ended is None and claims.is_taken(row.id),
            counts={Outcome(name): count for name, count in (row.counts or _counts(connection, row.id)).items()},
        )
        for row in connection.execute(select(IMPORT).order_by(IMPORT.c.id.desc()))
    ]


def read_items(
    connection: Connection, number: int, after: tuple[int, int], file: int | None, outcomes: Sequence[Outcome]
) -> tuple[list[ImportItem], tuple[int, int] | None]:
    """The next `ITEMS_AT_ONCE` items after a file and a number in it, and where they end; None where there are none."""
    if connection.scalar(select(IMPORT.c.id).where(IMPORT.c.id == number)) is None:
        raise ImportNotFoundError(f"there is no import {number}")
    item = IMPORT_ITEM.c
    later = (item.file > after[0]) | ((item.file == after[0]) & (item.number > after[1]))
    wanted = select(IMPORT_ITEM, IMPORT_FILE.c.path).join_from(
        IMPORT_ITEM, IMPORT_FILE, (IMPORT_FILE.c.import_id == item.import_id) & (IMPORT_FILE.c.number == item.file)
    )
    wanted = wanted.where(item.import_id == number, later).order_by(item.file, item.number).limit(ITEMS_AT_ONCE)
    if file is not None:
        wanted = wanted.where(item.file == file)
    if outcomes:
        wanted = wanted.where(item.outcome.in_([outcome.value for outcome in outcomes]))
    rows = connection.execute(wanted).all()
    items = [
        ImportItem(Origin(row.path, row.format, row.part), Outcome(row.outcome), row.article, row.reason)
        for row in rows
    ]
    return items, (rows[-1].file, rows[-1].number) if rows else None


def _storable(path: str) -> str:
    return path.encode("utf-8", "replace").decode()
