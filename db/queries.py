"""Reading: statements in SQLAlchemy Core, and rows as the core's types."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Row, Select, and_, bindparam, exists, func, select, true
from sqlalchemy.dialects import sqlite

from archive.types import Article, ArticleFilter, DatedBy, Headline, Origin, PublicationDate, Sort
from db.models import ARTICLE, CHANGE

Item = TypeVar("Item")

MAX_VARIABLES = 500
"""Values in one IN (...); SQLite allows at least 999."""

_HEADLINE = (
    ARTICLE.c.id, ARTICLE.c.title, ARTICLE.c.url, ARTICLE.c.source, ARTICLE.c.authors, ARTICLE.c.published,
    ARTICLE.c.language, ARTICLE.c.tags, ARTICLE.c.version,
)  # fmt: skip


def chunks(items: Sequence[Item], size: int = MAX_VARIABLES) -> Iterator[list[Item]]:
    """The items in lists short enough for one IN (...)."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def owners(cursor: sqlite3.Cursor, key: Column[Any], number: Column[Any], keys: Sequence[Any]) -> dict[Any, int]:
    """Which articles have these keys: the column of their numbers in the rows with them."""
    found: dict[Any, int] = {}
    for chunk in chunks(keys):
        chunk += chunk[-1:] * (MAX_VARIABLES - len(chunk))  # one statement does for all
        found |= cursor.execute(_owners(key, number), chunk)
    return found


@cache
def _owners(key: Column[Any], number: Column[Any]) -> str:
    """Compiled when it is first needed, and once: for a batch that takes longer than running it."""
    wanted: list[Any] = [bindparam(f"key{at}") for at in range(MAX_VARIABLES)]
    return str(select(key, number).where(key.in_(wanted)).compile(dialect=sqlite.dialect()))


def possible(numbers: Sequence[int]) -> list[int]:
    """Those that SQLite can compare with an id; there is nothing under the others."""
    return [number for number in numbers if -(2**63) <= number < 2**63]


LAST_SEQUENCE = str(select(func.max(CHANGE.c.sequence)).compile(dialect=sqlite.dialect()))
"""Asked at every search."""

_ARTICLE = (
    ARTICLE.c.id, ARTICLE.c.title, ARTICLE.c.url, ARTICLE.c.source, ARTICLE.c.authors, ARTICLE.c.published,
    ARTICLE.c.language, ARTICLE.c.tags, ARTICLE.c.version, ARTICLE.c.body, ARTICLE.c.section, ARTICLE.c.summary,
    ARTICLE.c.origin_path, ARTICLE.c.origin_format, ARTICLE.c.origin_part, ARTICLE.c.added, ARTICLE.c.changed,
    ARTICLE.c.dated_by, ARTICLE.c.story,
)  # fmt: skip
IDS = select(func.json_each(bindparam("ids")).table_valued("value").c.value)
_BY_IDS = str(select(*_ARTICLE).where(ARTICLE.c.id.in_(IDS)).compile(dialect=sqlite.dialect()))
"""Compiled once: a page of results needs no other statement, and compiling takes longer than running it."""


def articles(cursor: sqlite3.Cursor, ids: Sequence[int]) -> dict[int, Article]:
    """The current versions of those of these articles that exist, in the order asked for."""
    cursor.execute(_BY_IDS, (json.dumps(possible(ids)),))
    found = {row[0]: _read(*row) for row in cursor.fetchall()}
    return {number: found[number] for number in ids if number in found}


def _read(  # one parameter a column of _ARTICLE
    id: int, title: str, url: str | None, source: str | None, authors: str, published: str | None, language: str | None,
    tags: str, version: int, body: str, section: str | None, summary: str | None, path: str, format: str,
    part: str | None, added: str, changed: str, dated_by: str | None, story: int | None,
) -> Article:  # fmt: skip
    """A row of _BY_IDS, as SQLite gives it, as an article."""
    return Article(
        id=id,
        title=title,
        url=url,
        source=source,
        authors=_list(authors),
        published=_date(published),
        language=language,
        tags=_list(tags),
        versions=version,
        body=body,
        section=section,
        summary=summary,
        origin=Origin(path, format, part),
        version=version,
        added=_moment(added),
        changed=_moment(changed),
        dated_by=_EVIDENCE.get(dated_by),
        story=story,
    )


@lru_cache(maxsize=4096)  # articles that were imported together have the same
def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@lru_cache(maxsize=4096)  # an author writes many
def _list(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(json.loads(text))


def to_article(row: Row[Any], old: Row[Any] | None = None) -> Article:
    """A row of `article` as an article; with `old`, a row of `version`, as it was then."""
    text = old if old is not None else row
    return Article(
        id=row.id,
        title=text.title,
        url=text.url,
        source=text.source,
        authors=tuple(text.authors),
        published=_date(text.published),
        language=text.language,
        tags=tuple(text.tags),
        versions=row.version,
        body=text.body,
        section=text.section,
        summary=text.summary,
        origin=Origin(text.origin_path, text.origin_format, text.origin_part),
        version=old.number if old is not None else row.version,
        added=row.added,
        changed=text.changed,
        dated_by=_EVIDENCE.get(text.dated_by),
        story=row.story,
    )


def to_headline(row: Row[Any]) -> Headline:
    """A row of a headline statement as a headline."""
    return Headline(
        id=row.id,
        title=row.title,
        url=row.url,
        source=row.source,
        authors=tuple(row.authors),
        published=_date(row.published),
        language=row.language,
        tags=tuple(row.tags),
        versions=row.version,
    )


@lru_cache(maxsize=4096)
def _date(text: str | None) -> PublicationDate | None:
    return PublicationDate.parse(text) if text else None


_EVIDENCE: dict[str | None, DatedBy] = {each.value: each for each in DatedBy}


def headlines(wanted: ArticleFilter, sort: Sort) -> Select[Any]:
    """The statement that lists headlines in order."""
    order: tuple[ColumnElement[Any], ...] = (ARTICLE.c.id.desc(),)
    if sort is Sort.NEWEST:
        order = (ARTICLE.c.published_key.desc().nulls_last(), ARTICLE.c.id.desc())
    elif sort is Sort.OLDEST:
        order = (ARTICLE.c.published_key.asc().nulls_last(), ARTICLE.c.id.desc())
    return select(*_HEADLINE).where(passes(wanted)).order_by(*order)


def headlines_of(ids: Sequence[int]) -> Select[Any]:
    """The statement that lists the headlines of these articles, the oldest first."""
    wanted = func.json_each(json.dumps(ids)).table_valued("value").c.value
    return select(*_HEADLINE).where(ARTICLE.c.id.in_(select(wanted))).order_by(ARTICLE.c.id)


def count(wanted: ArticleFilter) -> Select[Any]:
    """The statement that counts."""
    return select(func.count()).select_from(ARTICLE).where(passes(wanted))


def passes(wanted: ArticleFilter) -> ColumnElement[bool]:
    """The condition of a filter."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.sources:
        conditions.append(ARTICLE.c.source.in_(wanted.sources))
    if wanted.languages:
        conditions.append(ARTICLE.c.language.in_(wanted.languages))
    for column, values in ((ARTICLE.c.authors, wanted.authors), (ARTICLE.c.tags, wanted.tags)):
        if values:
            each = func.json_each(column).table_valued("value")
            conditions.append(exists(select(1).select_from(each).where(each.c.value.in_(values))))
    if wanted.published_from:
        conditions.append(ARTICLE.c.last_day >= wanted.published_from.toordinal())
    if wanted.published_to:
        conditions.append(ARTICLE.c.first_day <= wanted.published_to.toordinal())
    return and_(true(), *conditions)
