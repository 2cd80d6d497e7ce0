"""What is stated of an article as columns and back, and how its text before a change is kept."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from archive.errors import ArticleNotFoundError, StoreCorruptError
from archive.fingerprint import fingerprint
from archive.types import DatedBy, PublicationDate, Stated, Told
from db import queries
from db.models import ARTICLE, VERSION

DAYS = ("published_key", "first_day", "last_day")
"""What articles are sorted and filtered by, made of the date of publication."""

_OF_DATE = (*DAYS, "dated_by")
"""What belongs to the date of publication, besides its own column."""

TEXT = ("title", "body")

_VERSIONED = tuple(column.name for column in VERSION.c if column.name in ARTICLE.c)
"""What an article and each of its old versions have."""


def of_fields(values: Mapping[str, Stated]) -> dict[str, Any]:
    """The columns of these fields."""
    row: dict[str, Any] = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    if "published" in values:
        row |= of_date(values["published"])
    return row


def of_date(published: Stated, dated_by: DatedBy | None = DatedBy.USER) -> dict[str, Any]:
    """The columns that a date of publication is in, which a person says unless it was taken from something else."""
    if not isinstance(published, PublicationDate):
        return dict.fromkeys(("published", *_OF_DATE))
    return {
        "published": published.text,
        "published_key": published.sort_key,
        "first_day": published.first_day.toordinal(),
        "last_day": published.last_day.toordinal(),
        "dated_by": dated_by.value if dated_by else None,
    }


def with_days(names: Collection[str]) -> set[str]:
    """The columns of these fields, with those that the date of publication has besides."""
    return {*names, *(_OF_DATE if "published" in names else ())}


def of_told(told: Told) -> dict[str, Any]:
    """What is kept of it: what it has, and nothing else."""
    mapping = {name: list(names) for name, names in told.mapping.items()}
    found = {"fields": list(told.fields), "mapping": mapping, "charset": told.charset, "url": told.url}
    return {name: value for name, value in found.items() if value}


def told(found: Mapping[str, Any] | None) -> Told | None:
    """The same back; raises StoreCorruptError."""
    if found is None:
        return None
    try:
        mapping = {name: tuple(names) for name, names in found.get("mapping", {}).items()}
        fields = tuple(found.get("fields", ()))
        return Told(fields=fields, mapping=mapping, charset=found.get("charset"), url=found.get("url"))
    except (AttributeError, TypeError) as error:
        raise StoreCorruptError(f"what an import was told of an article cannot be read: {error}") from error


def row_of(connection: Connection, number: int) -> Row[Any]:
    """The row of an article; raises ArticleNotFoundError."""
    found = connection.execute(select(ARTICLE).where(ARTICLE.c.id.in_(queries.possible([number])))).first()
    if found is None:
        raise ArticleNotFoundError(f"there is no article {number}")
    return found


def url_owner(connection: Connection, url: str) -> int | None:
    """The article that has this URL."""
    return connection.scalar(select(ARTICLE.c.id).where(ARTICLE.c.url == url))


def keep_version(connection: Connection, current: Row[Any]) -> None:
    """Put the text that an article has among its old versions."""
    old = {name: getattr(current, name) for name in _VERSIONED}
    connection.execute(insert(VERSION), [old | {"article_id": current.id, "number": current.version}])


def change(connection: Connection, current: Row[Any], new: Mapping[str, Any], now: datetime) -> None:
    """Give an article other values; another title or body is a new version, and the one before is kept."""
    row = {**new, "changed": now}
    if any(name in new for name in TEXT):
        keep_version(connection, current)
        title, body = new.get("title", current.title), new.get("body", current.body)
        row |= {"fingerprint": fingerprint(title, body), "version": current.version + 1}
    connection.execute(update(ARTICLE).where(ARTICLE.c.id == current.id).values(**row))
