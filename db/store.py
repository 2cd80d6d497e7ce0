"""`SqlStore`: the `Store` port on SQLite."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, select, union

from archive.compression import decompress
from archive.errors import ArticleNotFoundError, StoreCorruptError, StoreError
from archive.types import (
    Article,
    ArticleFilter,
    Changes,
    Check,
    Edited,
    Feed,
    FileAccount,
    Headline,
    ImportAccount,
    ImportItem,
    Kept,
    NewArticle,
    NewFeed,
    OnDuplicate,
    Original,
    Outcome,
    Renewed,
    RenewedItem,
    SavedSearch,
    Seen,
    Sort,
    Stated,
    StoreStats,
    Version,
)
from db import accounts, checking, columns, editing, feeds, migrate, queries, saving, stories
from db.adding import Batch
from db.candidates import Cache
from db.engine import Writer, cursor_of, make_engine, reading, single, writing
from db.models import ARTICLE, CHANGE, META, ORIGINAL, VERSION
from db.stories import Stories

MAX_CHARACTERS = 16_000_000
"""Text after which a list of changes ends early, so that it fits into memory whatever the size of the articles."""

_CHANGES_AT_ONCE = 25
"""Changes whose articles are read before their size is looked at."""


class SqlStore:
    """Articles in one SQLite file. Threads and processes may share it; one writes at a time, readers never wait."""

    def __init__(self, path: Path, *, busy_seconds: float = 30.0) -> None:
        """Open the database, creating it when there is none.

        Raises SchemaOutOfDateError or StoreCorruptError, and StoreLockedError after waiting `busy_seconds`.
        """
        if path.exists() and not path.is_file():
            raise StoreCorruptError(f"{path} is no file")
        if not path.parent.is_dir():
            raise StoreError(f"{path.parent} is no folder")
        migrate.prepare(path)
        self.path = path
        self._claims = accounts.Claims(path.with_name(f"{path.name}.imports"))
        self._engine = make_engine(path, busy_seconds=busy_seconds)
        self._writer = Writer(self._engine)
        self._lock = threading.Lock()
        self._runs = Cache()
        try:
            with reading(self._engine) as connection:
                self._database_id = str(connection.scalar(select(META.c.value).where(META.c.key == "database_id")))
        except StoreError:
            self.close()
            raise

    @property
    def database_id(self) -> str:
        """See `Store.database_id`."""
        return self._database_id

    # -- writing

    def add(
        self,
        articles: Sequence[NewArticle],
        on_duplicate: OnDuplicate = OnDuplicate.SKIP,
        *,
        dry_run: bool = False,
        near_duplicates: bool = True,
    ) -> list[ImportItem]:
        """See `Store.add`."""
        if not articles:
            return []
        with self._comparing(), writing(self._engine) as connection:
            finder = Stories(connection, self._runs) if near_duplicates else None
            items = Batch(connection, on_duplicate, finder).add(articles)
            if dry_run:
                connection.rollback()
                self._runs.clear()
        return items

    def begin_import(self, command: str) -> tuple[int, Sequence[FileAccount]]:
        """See `Store.begin_import`."""
        with writing(self._engine) as connection:
            return accounts.begin(connection, command, self._claims)

    def add_to_import(
        self,
        import_id: int,
        items: Sequence[tuple[int, NewArticle | ImportItem]],
        files: Sequence[FileAccount],
        on_duplicate: OnDuplicate = OnDuplicate.SKIP,
        *,
        near_duplicates: bool = True,
    ) -> list[ImportItem]:
        """See `Store.add_to_import`."""
        self.settle()
        with self._comparing(), self._writer.writing() as connection:
            finder = Stories(connection, self._runs) if near_duplicates else None
            articles = [found for _, found in items if isinstance(found, NewArticle)]
            added = iter(Batch(connection, on_duplicate, finder).add(articles) if articles else ())
            outcomes = [next(added) if isinstance(found, NewArticle) else found for _, found in items]
            numbered = [(file, outcome) for (file, _), outcome in zip(items, outcomes, strict=True)]
            accounts.record(connection, import_id, numbered, files)
        return outcomes

    def settle(self) -> None:
        """See `Store.settle`."""
        try:
            self._writer.settle()
        except BaseException:
            self._runs.clear()  # some were written with what was not stored
            raise

    def release_memory(self) -> None:
        """See `Store.release_memory`."""
        with self._lock:
            self._runs.clear()

    def forget_file(self, import_id: int, number: int) -> None:
        """See `Store.forget_file`."""
        with writing(self._engine) as connection:
            accounts.forget(connection, import_id, number)

    def end_import(self, import_id: int, *, finished: bool) -> None:
        """See `Store.end_import`."""
        self.settle()
        if finished:
            with writing(self._engine) as connection:
                accounts.end(connection, import_id)
        self._claims.release(import_id)

    def edit(self, article_id: int, values: Mapping[str, Stated], *, near_duplicates: bool = True) -> Edited:
        """See `Store.edit`."""
        with self._comparing(), writing(self._engine) as connection:
            changed, edited = editing.edit(connection, article_id, values)
            if {"title", "body", "published"}.intersection(changed):
                self._compare(connection, [article_id], near_duplicates=near_duplicates)
            row = columns.row_of(connection, article_id)
        return Edited(queries.to_article(row), changed, edited)

    def renew(
        self, read: Sequence[tuple[Kept, NewArticle]], *, dry_run: bool = False, near_duplicates: bool = True
    ) -> list[RenewedItem]:
        """See `Store.renew`."""
        with self._comparing(), writing(self._engine) as connection:
            items = [editing.renew(connection, kept, article) for kept, article in read]
            if dry_run:
                connection.rollback()
            else:
                updated = [item.article for item in items if item.outcome is Renewed.UPDATED]
                self._compare(connection, updated, near_duplicates=near_duplicates)
        return items

    def _compare(self, connection: Connection, changed: Sequence[int], *, near_duplicates: bool) -> None:
        if near_duplicates:
            stories.compare(connection, self._runs, changed)
        else:
            stories.leave_waiting(connection, changed)

    @contextmanager
    def _comparing(self) -> Iterator[None]:
        """One thread at a time compares; what was read and written meanwhile is forgotten where it was not stored."""
        with self._lock:
            try:
                yield
            except BaseException:
                self._runs.clear()
                raise

    def compare_waiting(self, limit: int = 500) -> tuple[int, int]:
        """See `Store.compare_waiting`."""
        with self._comparing(), writing(self._engine) as connection:
            return stories.compare_waiting(connection, self._runs, limit)

    def delete(self, ids: Sequence[int]) -> list[int]:
        """See `Store.delete`."""
        deleted: list[int] = []
        with writing(self._engine) as connection:
            for chunk in queries.chunks(queries.possible(ids)):
                deleted += connection.scalars(select(ARTICLE.c.id).where(ARTICLE.c.id.in_(chunk)))
                originals = set(connection.scalars(_originals_of(chunk)))
                connection.execute(delete(ARTICLE).where(ARTICLE.c.id.in_(chunk)))
                _drop_unused(connection, list(originals))
        return deleted

    # -- reading

    def imports(self) -> list[ImportAccount]:
        """See `Store.imports`."""
        with reading(self._engine) as connection:
            return accounts.read_all(connection, self._claims)

    def import_items(
        self, import_id: int, *, file: int | None = None, outcomes: Sequence[Outcome] = ()
    ) -> Iterator[ImportItem]:
        """See `Store.import_items`."""
        after: tuple[int, int] | None = (0, 0)
        while after:
            with reading(self._engine) as connection:
                items, after = accounts.read_items(connection, import_id, after, file, outcomes)
            yield from items

    def get(self, article_id: int, version: int | None = None) -> Article:
        """See `Store.get`."""
        with reading(self._engine) as connection:
            row, old = self._rows(connection, article_id, version)
        return queries.to_article(row, old)

    def _rows(self, connection: Connection, article_id: int, version: int | None) -> tuple[Any, Any]:
        """The row of an article and, where an older version is asked for, the row of that."""
        row = columns.row_of(connection, article_id)
        if version is None or version == row.version:
            return row, None
        is_it = (VERSION.c.article_id == article_id) & VERSION.c.number.in_(queries.possible([version]))
        old = connection.execute(select(VERSION).where(is_it)).first()
        if old is None:
            raise ArticleNotFoundError(f"article {article_id} has no version {version}")
        return row, old

    def get_many(self, ids: Sequence[int]) -> Mapping[int, Article]:
        """See `ArticleReader.get_many`."""
        with single(self._engine) as cursor:
            return queries.articles(cursor, ids)

    def versions(self, article_id: int) -> list[Version]:
        """See `Store.versions`."""
        old = select(VERSION.c.number, VERSION.c.title, VERSION.c.changed).where(VERSION.c.article_id == article_id)
        with reading(self._engine) as connection:
            row, _ = self._rows(connection, article_id, None)
            rows = connection.execute(old.order_by(VERSION.c.number.desc())).all()
        newest = Version(number=row.version, title=row.title, added=row.changed)
        return [newest, *(Version(number=number, title=title, added=changed) for number, title, changed in rows)]

    def story(self, article_id: int) -> list[Headline]:
        """See `Store.story`."""
        with reading(self._engine) as connection:
            ids = stories.members(connection, article_id)
            rows = connection.execute(queries.headlines_of(ids))
            return [queries.to_headline(row) for row in rows]

    def original(self, article_id: int, version: int | None = None) -> Original | None:
        """See `Store.original`."""
        with reading(self._engine) as connection:
            row, old = self._rows(connection, article_id, version)
            return _original(connection, old if old is not None else row, article_id)

    def kept(self, article_id: int) -> Kept:
        """See `Store.kept`."""
        with reading(self._engine) as connection:
            row = columns.row_of(connection, article_id)
            return Kept(queries.to_article(row), _original(connection, row, article_id), columns.told(row.told))

    def headlines(
        self, filter: ArticleFilter, *, sort: Sort = Sort.NEWEST, offset: int = 0, limit: int = 20
    ) -> list[Headline]:
        """See `Store.headlines`."""
        statement = queries.headlines(filter, sort).offset(offset).limit(limit)
        with reading(self._engine) as connection:
            return [queries.to_headline(row) for row in connection.execute(statement)]

    def count(self, filter: ArticleFilter) -> int:
        """See `Store.count`."""
        with reading(self._engine) as connection:
            return int(connection.scalar(queries.count(filter)) or 0)

    def article_ids(self) -> Sequence[int]:
        """See `Store.article_ids`."""
        with reading(self._engine) as connection:
            return list(connection.scalars(select(ARTICLE.c.id).order_by(ARTICLE.c.id)))

    def ids_of_format(self, format: str) -> Sequence[int]:
        """See `Store.ids_of_format`."""
        of_format = select(ARTICLE.c.id).where(ARTICLE.c.origin_format == format)
        with reading(self._engine) as connection:
            return list(connection.scalars(of_format.order_by(ARTICLE.c.id)))

    # -- changes

    def last_sequence(self) -> int:
        """See `Store.last_sequence`."""
        with single(self._engine) as cursor:
            return int(cursor.execute(queries.LAST_SEQUENCE).fetchone()[0] or 0)

    def changes_since(self, sequence: int, limit: int = 1000) -> Changes:
        """See `Store.changes_since`."""
        newer = select(CHANGE.c.sequence, CHANGE.c.article_id).where(CHANGE.c.sequence > sequence)
        with reading(self._engine) as connection:
            rows = connection.execute(newer.order_by(CHANGE.c.sequence).limit(limit)).all()
            if not rows:
                return Changes(sequence)
            found: dict[int, Article] = {}
            gone: set[int] = set()
            characters = 0
            for part in queries.chunks(rows, _CHANGES_AT_ONCE):
                ids = {row.article_id for row in part} - found.keys()
                now = queries.articles(cursor_of(connection), sorted(ids))
                found |= now
                gone |= ids - now.keys()
                sequence = part[-1].sequence
                characters += sum(len(article.body) for article in now.values())
                if characters > MAX_CHARACTERS:
                    break
        return Changes(sequence, tuple(found.values()), tuple(sorted(gone)))

    def changed_since(self, sequence: int) -> frozenset[int]:
        """See `Store.changed_since`."""
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(select(CHANGE.c.article_id).where(CHANGE.c.sequence > sequence)))

    # -- saved searches

    def save_search(self, saved: SavedSearch) -> None:
        """See `Store.save_search`."""
        with writing(self._engine) as connection:
            saving.add(connection, saved)

    def saved_searches(self) -> list[SavedSearch]:
        """See `Store.saved_searches`."""
        with reading(self._engine) as connection:
            return saving.read_all(connection)

    def look_at_saved(self, name: str, run: datetime, seen: int | None) -> None:
        """See `Store.look_at_saved`."""
        with writing(self._engine) as connection:
            saving.look_at(connection, name, run, seen)

    def remove_saved(self, name: str) -> None:
        """See `Store.remove_saved`."""
        with writing(self._engine) as connection:
            saving.remove(connection, name)

    # -- feeds

    def add_feed(self, feed: NewFeed, added: datetime) -> Feed:
        """See `Store.add_feed`."""
        with writing(self._engine) as connection:
            return feeds.add(connection, feed, added)

    def feeds(self) -> list[Feed]:
        """See `Store.feeds`."""
        with reading(self._engine) as connection:
            return feeds.read_all(connection)

    def update_feed(self, feed: Feed) -> None:
        """See `Store.update_feed`."""
        with writing(self._engine) as connection:
            feeds.change(connection, feed)

    def remove_feed(self, feed_id: int) -> None:
        """See `Store.remove_feed`."""
        with writing(self._engine) as connection:
            feeds.remove(connection, feed_id)

    def note_addresses(self, seen: Mapping[str, Seen]) -> None:
        """See `Store.note_addresses`."""
        with writing(self._engine) as connection:
            feeds.note(connection, seen)

    def seen_addresses(self, addresses: Sequence[str]) -> Mapping[str, Seen]:
        """See `Store.seen_addresses`."""
        with reading(self._engine) as connection:
            return feeds.seen(connection, addresses)

    # -- the whole

    def stats(self) -> StoreStats:
        """See `Store.stats`."""
        with reading(self._engine) as connection:
            articles, first, last, size = connection.execute(
                select(
                    func.count(),
                    func.min(ARTICLE.c.published),
                    func.max(ARTICLE.c.published),
                    func.coalesce(func.sum(func.length(ARTICLE.c.title) + func.length(ARTICLE.c.body)), 0),
                )
            ).one()
            old = connection.scalar(select(func.count()).select_from(VERSION)) or 0
            originals = connection.scalar(select(func.coalesce(func.sum(ORIGINAL.c.size), 0)))
            sources, languages = (_tally(connection, column) for column in (ARTICLE.c.source, ARTICLE.c.language))
        return StoreStats(
            articles=articles,
            versions=articles + old,
            first_published=first,
            last_published=last,
            sources=sources,
            languages=languages,
            text_characters=size,
            original_bytes=int(originals or 0),
            database_bytes=self.path.stat().st_size,
        )

    def check(self) -> list[str]:
        """See `Store.check`."""
        faults: list[str] = []
        try:
            faults.extend(self._faults())
        except StoreCorruptError as error:  # it ends here, and what was found before counts
            faults.append(str(error))
        return faults

    def _faults(self) -> Iterator[str]:
        with reading(self._engine) as connection:
            for look in (checking.integrity, checking.references, checking.originals):
                yield from look(connection)

    def examine(self, progress: Callable[[str, int, int], None]) -> Iterator[Check]:
        """See `Store.examine`."""
        yield from checking.examine(self._engine, progress)

    def close(self) -> None:
        """See `Store.close`."""
        self._writer.close()
        self._claims.close()
        self._engine.dispose()


def _original(connection: Connection, row: Any, article_id: int) -> Original | None:
    digest = row.original
    found = connection.execute(select(ORIGINAL).where(ORIGINAL.c.sha256 == digest)).first() if digest else None
    if found is None:
        return None
    try:
        return Original(decompress(found.data), found.media_type)
    except ValueError as error:
        raise StoreCorruptError(f"the original of article {article_id} is damaged: {error}") from error


def _tally(connection: Connection, column: Any) -> dict[str, int]:
    number = func.count().label("number")
    statement = select(column, number).where(column.is_not(None)).group_by(column).order_by(number.desc(), column)
    return {str(value): int(count) for value, count in connection.execute(statement)}


def _originals_of(ids: Sequence[int]) -> Any:
    return union(
        select(ARTICLE.c.original).where(ARTICLE.c.id.in_(ids), ARTICLE.c.original.is_not(None)),
        select(VERSION.c.original).where(VERSION.c.article_id.in_(ids), VERSION.c.original.is_not(None)),
    )


def _drop_unused(connection: Connection, digests: Sequence[bytes]) -> None:
    """Delete those originals that no article and no version has any more."""
    used_now = select(ARTICLE.c.original).where(ARTICLE.c.original == ORIGINAL.c.sha256)
    used_before = select(VERSION.c.original).where(VERSION.c.original == ORIGINAL.c.sha256)
    for chunk in queries.chunks(digests):
        connection.execute(
            delete(ORIGINAL).where(ORIGINAL.c.sha256.in_(chunk), ~used_now.exists(), ~used_before.exists())
        )
