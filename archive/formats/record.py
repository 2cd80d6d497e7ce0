"""A record of named fields, as JSON and front matter have them, as an article."""

import math
from collections.abc import Mapping

from archive.dates import read_date
from archive.errors import UnreadableFileError
from archive.normalise import split_names
from archive.types import NewArticle, Origin, Original

NAMES: dict[str, tuple[str, ...]] = {
    "title": ("title", "headline", "name"),
    "body": ("body", "text", "content", "article", "maintext"),
    "url": ("url", "link", "canonical_url", "uri"),
    "authors": ("authors", "author", "byline", "creator"),
    "source": ("source", "publication", "site", "sitename", "publisher", "newspaper"),
    "section": ("section", "category", "desk"),
    "published": ("published", "date", "date_published", "publication_date", "pubdate", "datetime", "created"),
    "language": ("language", "lang"),
    "tags": ("tags", "keywords", "topics", "subjects"),
    "summary": ("summary", "description", "abstract", "excerpt"),
}
"""The names under which each field is looked for, in this order, whatever their case."""


def to_article(record: Mapping[str, object], origin: Origin, original: Original | None) -> NewArticle:
    """The article of a record; fields that are not named here are left aside.

    Raises UnreadableFileError where a field has a value that cannot be one.
    """
    fields = {str(name).lower(): value for name, value in record.items()}
    found = {field: next((fields[name] for name in names if fields.get(name)), None) for field, names in NAMES.items()}
    date = _text("published", found["published"])
    published = read_date(date)
    return NewArticle(
        title=_text("title", found["title"]),
        body=_body(found["body"]),
        has_paragraphs=isinstance(found["body"], list),
        origin=origin,
        url=_text("url", found["url"]) or None,
        authors=_people(found["authors"]),
        source=_text("source", found["source"]) or None,
        section=_text("section", found["section"]) or None,
        published=published,
        language=_text("language", found["language"]) or None,
        tags=_list("tags", found["tags"]),
        summary=_text("summary", found["summary"]) or None,
        original=original,
        note=f"it has no date, because {date[:60]!r} is none or could be two"
        if date.strip() and not published
        else None,
    )


def _text(field: str, value: object) -> str:
    if value is None or isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return ""  # NaN is how some programs write nothing
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        return str(value["name"])
    raise UnreadableFileError(f"its {field} is a {type(value).__name__}, not a text")


def _body(value: object) -> str:
    if isinstance(value, list):
        return "\n\n".join(_text("body", part) for part in value)
    return _text("body", value)


def _list(field: str, value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(field, each) for each in value)
    return tuple(part.strip() for part in _text(field, value).split(","))


def _people(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text("authors", each) for each in value)
    return split_names(_text("authors", value))
