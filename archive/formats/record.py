"""A record of named fields, as JSON, tables and front matter have them, as an article."""

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeGuard

from archive.dates import read_date
from archive.errors import UnreadableFileError
from archive.formats.fragment import paragraphs
from archive.normalise import split_names
from archive.types import DatedBy, NewArticle, Origin, Original

NAMES: dict[str, tuple[str, ...]] = {
    "title": ("title", "headline", "name", "titel", "überschrift", "titre", "título", "titolo", "başlık"),
    "body": ("body", "text", "content", "article", "maintext", "full_text", "article_body", "body_text", "plaintext",
             "volltext", "inhalt", "texte", "contenu", "texto", "contenido", "testo", "metin", "içerik"),
    "url": ("url", "link", "canonical_url", "uri", "lien", "enlace"),
    "authors": ("authors", "author", "byline", "creator", "autor", "auteur", "autore", "yazar"),
    "source": ("source", "publication", "site", "sitename", "publisher", "newspaper", "quelle", "zeitung", "fuente",
               "fonte", "kaynak"),
    "section": ("section", "category", "desk", "ressort", "rubrik", "rubrique", "sección"),
    "published": ("published", "date", "date_published", "publication_date", "pubdate", "datetime", "created",
                  "published_at", "publish_date", "datum", "fecha", "tarih"),
    "language": ("language", "lang", "sprache", "langue", "idioma", "lingua", "dil"),
    "tags": ("tags", "keywords", "topics", "subjects", "schlagwörter", "mots_clés", "etiquetas", "etiketler"),
    "summary": ("summary", "description", "abstract", "excerpt", "zusammenfassung", "résumé", "resumen", "riassunto",
                "özet"),
}  # fmt: skip
"""The names under which each field is looked for, in this order; see `key`."""

_NEEDED = ("title", "body")
"""Fields without which a record is not what the user took it for."""

Mapped = Mapping[str, tuple[str, ...]]
"""Names of fields that the user has told; they count instead of those of `NAMES`."""


@lru_cache(1_024)
def key(name: str) -> str:
    """What a name is known by: without case, spaces, underscores and hyphens, so that `datePublished` is known too."""
    return re.sub(r"[\s_\-\ufeff]+", "", name.replace("İ", "i").replace("ı", "i")).casefold()


_KEYS = {field: tuple(map(key, names)) for field, names in NAMES.items()}
_FIELDS = {name: field for field, names in _KEYS.items() for name in names}


def field_of(name: str) -> str | None:
    """The field that a name means."""
    return _FIELDS.get(key(name))


def listed(names: Iterable[str]) -> str:
    """Names of fields or columns, for a message: a few of them, none long."""
    shown = [f"{name[:40]!r}" for name in names]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")


_HTML = re.compile(
    r"\s*<(?:!doctype\s+html|html|body|main|article|section|header|div|p|h[1-6]|ul|ol|blockquote|figure|table|span|strong"
    r"|em|b|i|a|img)\b[^<>]*>",
    re.IGNORECASE,
)
_RENDERED = "rendered"
"""Where WordPress has a text in HTML (https://developer.wordpress.org/rest-api/reference/posts/)."""


def to_article(
    record: Mapping[str, object],
    origin: Origin,
    original: Original | None,
    mapping: Mapped | None = None,
    *,
    may_be_html: bool = False,
) -> NewArticle:
    """The article of a record; fields that are neither named here nor by the user are left aside.

    A text that begins with a tag of HTML is that of a page where it `may_be_html`; so is what WordPress has rendered.
    Raises UnreadableFileError where a field has a value that cannot be one, and where the record has neither title nor
    text under the name that the user has told.
    """
    found, lacking = _fields(record, mapping or {})
    from_html = may_be_html and _is_html(found["body"])
    if from_html:
        by_number = ("authors", "tags") if _is_rendered(found["body"]) else ()  # which say nothing outside its database
        found |= dict.fromkeys(by_number) | {name: _shown(found[name]) for name in ("title", "body", "summary")}
    date = _text("published", found["published"])
    published = read_date(date)
    notes = [lacking] if lacking else []
    if date.strip() and not published:
        notes.append(f"it has no date, because {date[:60]!r} is none or could be two")
    return NewArticle(
        title=_text("title", found["title"]),
        body=_body(found["body"]),
        has_paragraphs=from_html or isinstance(found["body"], list),
        origin=origin,
        url=_text("url", found["url"]) or None,
        authors=_people(found["authors"]),
        source=_text("source", found["source"]) or None,
        section=_text("section", found["section"]) or None,
        published=published,
        dated_by=_dated_by(record) or DatedBy.METADATA if published else None,
        language=_text("language", found["language"]) or None,
        tags=_list("tags", found["tags"]),
        summary=_text("summary", found["summary"]) or None,
        original=original,
        note="; ".join(notes) or None,
    )


def _is_html(body: object) -> bool:
    """Whether a text is that of a page; in texts of other kinds a tag may well stand, but does not begin them."""
    if not isinstance(body, str):
        return _is_rendered(body)
    return (_HTML.match(body) is not None and "</" in body) or body.count("</p>") > 1


def _is_rendered(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get(_RENDERED), str)


def _shown(value: object) -> object:
    """What a browser would show of a text in HTML."""
    html = value.get(_RENDERED) if isinstance(value, Mapping) else value
    return paragraphs(html) if isinstance(html, str) else value


def _fields(record: Mapping[str, object], mapping: Mapped) -> tuple[dict[str, object], str | None]:
    """The value of each field, and what is to be said of fields that the user has mapped and the record lacks."""
    known = _by_key(record)
    found = {field: _first(known, names) for field, names in _KEYS.items()}
    lacking = []
    for field, names in mapping.items():
        values = [value for name in names for value in values_at(record, name)]
        found[field] = next(filter(None, values), None)
        if not values:
            lacking.append(field)
    if not lacking:
        return found, None
    told = " and ".join(f"no field {name!r} for its {field}" for field in lacking for name in mapping[field])
    reason = f"it has {told}; its fields are {listed(map(str, record)) or 'none'}"
    if any(field in _NEEDED for field in lacking):
        raise UnreadableFileError(reason)
    return found, reason


def _first(known: Mapping[str, object], names: Iterable[str]) -> object:
    """The value of the first of these names that has one."""
    for name in names:
        if value := known.get(name):
            return value
    return None


def _by_key(record: Mapping[str, object]) -> dict[str, object]:
    known: dict[str, object] = {}
    for name, value in record.items():
        spelt = key(str(name))
        if not known.get(spelt):  # of two that are spelt alike the one with a value
            known[spelt] = value
    return known


def is_text(value: object) -> bool:
    """Whether it may be the text of an article: a text, paragraphs, pieces, or what WordPress has rendered."""
    if isinstance(value, str):
        return bool(value) and not value.isspace()
    if isinstance(value, list):
        return any(isinstance(part, str) or _is_run(part) for part in value)
    return _is_rendered(value)


def values_at(value: object, path: str) -> list[object]:
    """What stands under a name, or under a path such as `attributes.headline`; of a list of objects, what each has."""
    if isinstance(value, list):
        found = [each for part in value if isinstance(part, Mapping) for each in values_at(part, path)]
        return [found] if found else []
    if not isinstance(value, Mapping):
        return []
    if path in value:
        return [value[path]]
    known = _by_key(value)
    if key(path) in known:
        return [known[key(path)]]
    for at in (dot.start() for dot in re.finditer(r"\.", path)):
        if key(path[:at]) in known and (found := values_at(known[key(path[:at])], path[at + 1 :])):
            return found
    return []


_EVIDENCE = {each.value: each for each in DatedBy}


def _dated_by(record: Mapping[str, object]) -> DatedBy | None:
    """What an archive that wrote the record had taken its date from."""
    said = record.get("dated_by")
    return _EVIDENCE.get(said) if isinstance(said, str) else None


def _text(field: str, value: object) -> str:
    if value is None or isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return ""  # NaN is how some programs write nothing
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, Mapping):
        for name in ("name", _RENDERED):
            if isinstance(value.get(name), str):
                return str(value[name])
    raise UnreadableFileError(f"its {field} is a {type(value).__name__}, not a text")


def _body(value: object) -> str:
    if isinstance(value, list) and any(map(_is_run, value)):
        between = "" if any(isinstance(part, str) for part in value) else "\n\n"  # without any, each is a paragraph
        return between.join(_text("body", part["text"] if _is_run(part) else part) for part in value)
    if isinstance(value, list):
        return "\n\n".join(_text("body", part) for part in value)
    return _text("body", value)


def _is_run(part: object) -> TypeGuard[Mapping[str, object]]:
    """Whether it is a piece of a text, as in an export of Telegram, and no article of its own."""
    return (
        isinstance(part, Mapping)
        and {"type", "text"} <= part.keys()
        and all(field_of(name) != "title" for name in part)
    )


def _list(field: str, value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(field, each) for each in value)
    return tuple(part.strip() for part in _text(field, value).split(","))


def _people(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text("authors", each) for each in value)
    return split_names(_text("authors", value))
