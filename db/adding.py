"""Adding a batch: which of its articles are new, which are duplicates, and which are new versions of others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or_leave

from archive.fingerprint import fingerprint
from archive.types import DatedBy, ImportItem, NewArticle, OnDuplicate, Outcome, PackedOriginal
from db import columns, queries
from db.engine import cursor_of
from db.inserting import Inserting
from db.models import ARTICLE, ORIGINAL, VERSION
from db.stories import Near, Stories, leave_waiting, text_of

_METADATA = ("authors", "source", "section", "published", "language", "tags", "summary")

_ARTICLES = Inserting(insert(ARTICLE), [column.name for column in ARTICLE.c if column.name != "edited"])
_ORIGINALS = Inserting(insert_or_leave(ORIGINAL).on_conflict_do_nothing(), ORIGINAL.c.keys())


@dataclass(slots=True)
class Known:
    """Which articles have the texts (old versions included) and URLs of a batch; grows as the batch is added."""

    by_text: dict[bytes, int] = field(default_factory=dict)
    by_url: dict[str, int] = field(default_factory=dict)


class Batch:
    """Adds articles in one transaction that the caller has begun for writing."""

    def __init__(self, connection: Connection, on_duplicate: OnDuplicate, stories: Stories | None = None) -> None:
        """Without `stories` no near-duplicates are looked for; the articles wait to be compared."""
        self.connection = connection
        self.on_duplicate = on_duplicate
        self.stories = stories
        self.now = datetime.now(UTC)
        self.originals: list[PackedOriginal] = []

    def add(self, articles: Sequence[NewArticle]) -> list[ImportItem]:
        """One outcome an article, in order; new rows are written together."""
        faults = [_fault(article) for article in articles]
        sound = [article for article, fault in zip(articles, faults, strict=True) if not fault]
        self.fingerprints = {id(article): article.fingerprint for article in sound}  # once each: they take long to make
        self.known = self._lookup(sound)
        self.next_id = self._free_id()
        self.rows: list[dict[str, Any]] = []
        self.uncompared: list[int] = []
        if self.stories:
            new = (each for each in sound if self.fingerprints[id(each)] not in self.known.by_text)
            self.stories.look_up({id(article): text_of(article) for article in new})
        items = [
            ImportItem(article.origin, Outcome.FAILED, None, fault) if fault else self._one(article)
            for article, fault in zip(articles, faults, strict=True)
        ]
        self._write()
        if self.stories:
            self.stories.write()
        leave_waiting(self.connection, self.uncompared)
        return items

    def _one(self, article: NewArticle) -> ImportItem:
        same_text = self.known.by_text.get(self.fingerprints[id(article)])
        if same_text is not None:
            return self._duplicate(article, same_text)
        same_url = self.known.by_url.get(article.url) if article.url else None
        if same_url is not None:
            return self._same_url(article, same_url)
        near = self.stories.find(id(article)) if self.stories else None
        number = self._new(article, near)
        self._remember(article, number, near)
        if near:
            return ImportItem(article.origin, Outcome.NEAR_DUPLICATE, number, near.reason)
        return ImportItem(article.origin, Outcome.ADDED, number, article.note)

    def _remember(self, article: NewArticle, number: int, near: Near | None) -> None:
        self.known.by_text[self.fingerprints[id(article)]] = number
        if self.stories:
            self.stories.stored(id(article), number, near)
        else:
            self.uncompared.append(number)
        if article.original:
            self.originals.append(article.original.packed())

    def _new(self, article: NewArticle, near: Near | None) -> int:
        number = self.next_id
        self.next_id += 1
        story = near.story if near else None
        self.rows.append(self._row(article) | {"id": number, "version": 1, "added": self.now, "story": story})
        if article.url:
            self.known.by_url[article.url] = number
        return number

    def _free_id(self) -> int:
        """The id after the highest that was ever used."""
        used = self.connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'article'").scalar()
        highest = self.connection.scalar(select(func.max(ARTICLE.c.id)))
        return max(int(used or 0), int(highest or 0)) + 1

    def _lookup(self, articles: Sequence[NewArticle]) -> Known:
        cursor = cursor_of(self.connection)
        texts = list(set(self.fingerprints.values()))
        urls = list({article.url for article in articles if article.url})
        known = Known()
        known.by_text |= queries.owners(cursor, VERSION.c.fingerprint, VERSION.c.article_id, texts)
        known.by_text |= queries.owners(cursor, ARTICLE.c.fingerprint, ARTICLE.c.id, texts)
        known.by_url |= queries.owners(cursor, ARTICLE.c.url, ARTICLE.c.id, urls)
        return known

    def _write(self) -> None:
        """Write what is waiting: originals first, then the articles that came from them."""
        if self.originals:
            rows = (
                {
                    "sha256": original.sha256,
                    "media_type": original.media_type,
                    "size": original.size,
                    "data": original.compressed,
                }
                for original in self.originals
            )
            _ORIGINALS.run(self.connection, rows)
            self.originals.clear()
        if self.rows:
            _ARTICLES.run(self.connection, self.rows)
            self.rows.clear()

    def _row(self, article: NewArticle) -> dict[str, Any]:
        return {
            "title": article.title,
            "body": article.body,
            "url": article.url or None,
            "authors": list(article.authors),
            "source": article.source,
            "section": article.section,
            **columns.of_date(article.published, article.dated_by),
            "language": article.language,
            "tags": list(article.tags),
            "summary": article.summary,
            "origin_path": article.origin.path,
            "origin_format": article.origin.format,
            "origin_part": article.origin.part,
            "fingerprint": self.fingerprints[id(article)],
            "original": article.original.sha256 if article.original else None,
            "told": columns.of_told(article.told),
            "changed": self.now,
        }

    def _current(self, number: int) -> Any:
        self._write()  # it may be one of those that wait
        return self.connection.execute(select(ARTICLE).where(ARTICLE.c.id == number)).one()

    def _duplicate(self, article: NewArticle, number: int, *, but: str = "") -> ImportItem:
        reason = f"same text as article {number}{but}"
        new = self._news(article, number) if self.on_duplicate is OnDuplicate.UPDATE else {}
        if not new:
            return ImportItem(article.origin, Outcome.DUPLICATE, number, reason)
        self.connection.execute(update(ARTICLE).where(ARTICLE.c.id == number).values(**new, changed=self.now))
        if "url" in new:
            self.known.by_url[new["url"]] = number
        names = ", ".join(name for name in (*_METADATA, "url") if name in new)
        return ImportItem(article.origin, Outcome.UPDATED, number, f"{reason}; now with its {names}")

    def _news(self, article: NewArticle, number: int) -> dict[str, Any]:
        """What a duplicate states about itself that the stored article does not have, and no person has set."""
        current, stated = self._current(number), self._row(article)
        names = [name for name in _METADATA if stated[name] and stated[name] != getattr(current, name)]
        if article.url and current.url is None and columns.url_owner(self.connection, article.url) is None:
            names.append("url")
        if _weaker(stated, current):
            names = [name for name in names if name != "published"]
        names = [name for name in names if name not in current.edited]
        new = {name: stated[name] for name in columns.with_days(names)}
        if new and current.told is not None:
            told = article.told.fields if stated["original"] == current.original else names
            new["told"] = _with_fields(current.told, told)
        return new

    def _same_url(self, article: NewArticle, number: int) -> ImportItem:
        """Put the current text among the old versions and the new one in its place, but for what a person has set.

        It may leave its story for another one.
        """
        current = self._current(number)
        row = self._row(article)
        weaker = ["published"] if _weaker(row, current) else []
        unstated = [name for name in _METADATA if not row[name]]
        held = columns.with_days([*unstated, *weaker])  # what is not stated holds on
        told = [name for name in (current.told or {}).get("fields", ()) if name in held]
        row |= {name: getattr(current, name) for name in held | columns.with_days(current.edited)}
        row["told"] = _with_fields(row["told"], told)
        if any(name in columns.TEXT for name in current.edited):
            row["fingerprint"] = fingerprint(row["title"], row["body"])
            if self._had(current, row["fingerprint"]):
                return self._duplicate(article, number, but=", but for what was edited")
        columns.keep_version(self.connection, current)
        near = self.stories.find(id(article), number) if self.stories else None
        if self.stories and not (near and near.story == number):  # else it stays the first of its story
            self.stories.leave(number)
            row["story"] = near.story if near else None
        self.connection.execute(
            update(ARTICLE).where(ARTICLE.c.id == number).values(**row, version=current.version + 1)
        )
        self._remember(article, number, near)
        return ImportItem(article.origin, Outcome.UPDATED, number, "a new version: same URL, other text")

    def _had(self, current: Any, text: bytes) -> bool:
        """Whether an article has, or had, the text with this fingerprint."""
        old = select(VERSION.c.number).where(VERSION.c.article_id == current.id, VERSION.c.fingerprint == text)
        return bool(current.fingerprint == text) or self.connection.execute(old).first() is not None


def _with_fields(told: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    fields = list(dict.fromkeys([*told.get("fields", ()), *names]))
    return {**told, "fields": fields} if fields else dict(told)


def _weaker(stated: Mapping[str, Any], current: Any) -> bool:
    """Whether a date was found where it counts for less than the one that the stored article has."""
    if not current.published or not stated["published"]:
        return False
    order = [each.value for each in DatedBy]
    known = DatedBy.METADATA.value  # what was stored before the archive knew anything else
    return order.index(stated["dated_by"] or known) > order.index(current.dated_by or known)


def _fault(article: NewArticle) -> str | None:
    """Why SQLite cannot keep an article, or None."""
    texts = (article.title, article.body, article.url, article.source, article.section, article.summary)
    others = (*article.authors, *article.tags, article.origin.path, article.origin.part, article.language)
    text = "\n".join(filter(None, (*texts, *others)))
    if "\0" in text:
        return "it contains a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "it contains half of a surrogate pair, which is no character"
    return None
