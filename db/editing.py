"""What a person states of an article, and what is read of its original anew: neither loses what was there before."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, update

from archive.errors import ArticleNotFoundError, EditError
from archive.types import FIELDS, Kept, NewArticle, PublicationDate, Renewed, RenewedItem, Stated
from db import columns
from db.models import ARTICLE

_CALLED = {"body": "text", "published": "date"}


def edit(connection: Connection, number: int, values: Mapping[str, Stated]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Set these fields; which have other values now, and all that a person has ever set. Raises as `Store.edit`."""
    current = columns.row_of(connection, number)
    url = values.get("url")
    if isinstance(url, str) and (owner := columns.url_owner(connection, url)) not in (None, number):
        raise EditError(f"article {owner} has the URL {url} already")
    row = columns.of_fields(values)
    changed = tuple(name for name in FIELDS if name in values and row[name] != getattr(current, name))
    edited = tuple(name for name in FIELDS if name in values or name in current.edited)
    if changed:
        new = {name: row[name] for name in columns.with_days(changed)}
        columns.change(connection, current, {**new, "edited": list(edited)}, datetime.now(UTC))
    elif edited != tuple(current.edited):
        connection.execute(update(ARTICLE).where(ARTICLE.c.id == number).values(edited=list(edited)))
    return changed, edited


def renew(connection: Connection, kept: Kept, read: NewArticle) -> RenewedItem:
    """Take over what is read of an original today; see `Store.renew`."""
    before = kept.article
    try:
        current = columns.row_of(connection, before.id)
    except ArticleNotFoundError:
        return RenewedItem(before.id, before.origin, Renewed.FAILED, "it was deleted meanwhile")
    if (current.version, current.changed) != (before.version, before.changed):
        return RenewedItem(before.id, before.origin, Renewed.FAILED, "it was changed meanwhile; read it again")
    new = _news(connection, current, kept, read)
    if not new:
        return RenewedItem(before.id, before.origin, Renewed.UNCHANGED)
    columns.change(connection, current, new, datetime.now(UTC))
    names = ", ".join(_CALLED.get(name, name) for name in FIELDS if name in new)
    return RenewedItem(before.id, before.origin, Renewed.UPDATED, f"other than before: {names}")


def _news(connection: Connection, current: Row[Any], kept: Kept, read: NewArticle) -> dict[str, Any]:
    """The columns that get other values: nothing that is empty now, and nothing that anybody has stated."""
    row = columns.of_fields({name: getattr(read, name) for name in FIELDS})
    held = {*current.edited, *(kept.told.fields if kept.told else ())}
    new = {
        name: row[name]
        for name in FIELDS
        if row[name] and name not in held and row[name] != getattr(current, name) and _may_replace(current, kept, name)
    }
    if "url" in new and columns.url_owner(connection, new["url"]) is not None:
        del new["url"]
    if "published" in new and isinstance(read.published, PublicationDate):
        new |= columns.of_date(read.published, read.dated_by)
    return new


def _may_replace(current: Row[Any], kept: Kept, name: str) -> bool:
    """Whether a value may take the place of another: no URL may, and nothing of which it is not known who said it."""
    return name in columns.TEXT or not getattr(current, name) or (name != "url" and kept.told is not None)
