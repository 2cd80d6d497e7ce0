"""Many rows at once: statements of SQLAlchemy that are compiled once, and rows that go straight to the driver.

SQLAlchemy prepares each row of its own, which takes longer than it takes SQLite to store one.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Connection, DateTime, Insert, TypeDecorator
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from db.engine import cursor_of

_DIALECT = sqlite.dialect()


class Inserting:
    """An insertion of rows that all have these columns; values are prepared as the types of the columns say.

    It is compiled when it is first run: most commands insert nothing.
    """

    def __init__(self, statement: Insert, names: Iterable[str]) -> None:
        self._statement = statement
        self._columns = list(names)

    @cached_property
    def _compiled(self) -> SQLCompiler:
        return self._statement.compile(dialect=_DIALECT, column_keys=self._columns)

    @cached_property
    def _names(self) -> list[str]:
        return list(self._compiled.positiontup or ())

    @cached_property
    def _taken(self) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        return itemgetter(*self._names)

    @cached_property
    def _prepared(self) -> list[tuple[int, Callable[[Any], Any]]]:
        columns = self._statement.table.c
        return [(at, prepare) for at, name in enumerate(self._names) if (prepare := _preparing(columns[name].type))]

    def run(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows, in the transaction of the connection."""
        cursor_of(connection).executemany(str(self._compiled), map(self._values, rows))

    def _values(self, row: Mapping[str, Any]) -> list[Any]:
        values = list(self._taken(row))
        for at, prepare in self._prepared:
            values[at] = prepare(values[at])
        return values


def _preparing(kind: Any) -> Callable[[Any], Any] | None:  # SQLAlchemy's types have no common one for this
    prepare = kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)
    if isinstance(kind, JSON) and prepare:
        return partial(_written, prepare)
    is_moment = isinstance(kind, DateTime) or (isinstance(kind, TypeDecorator) and isinstance(kind.impl, DateTime))
    return lru_cache(maxsize=16)(prepare) if is_moment else prepare  # the rows of a batch have one moment


def _written(prepare: Callable[[Any], Any], value: Any) -> Any:
    """A value as JSON; most lists of an article are empty, and so is most of what an import was told."""
    if value == []:
        return "[]"
    return "{}" if value == {} else prepare(value)
