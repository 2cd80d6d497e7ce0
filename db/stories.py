"""The near-duplicates of a batch: what each of its articles is a version of, in the archive or in the batch itself.

`article.story` is the id of the first article of a story, and nothing for that one, so that it need not be touched when
others come. A story goes on under its number when its first article is deleted: no other ever gets that number.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert as insert_or_leave

from archive.dedup import Text, best_of, far_apart
from archive.types import NewArticle
from db import candidates, queries
from db.candidates import Cache
from db.engine import cursor_of
from db.models import ARTICLE, UNCOMPARED

MOST_COMPARED = 4
"""Articles whose texts are compared with one that comes: those whose signatures have most in common."""


MOST_CANDIDATES = 16
"""Articles whose days of publication are looked at for that."""


class Near(NamedTuple):
    """The article that one is a near-duplicate of, the story of both, and how much of the shorter is in the longer."""

    article: int
    story: int
    share: float

    @property
    def reason(self) -> str:
        """As it is told."""
        return f"near-duplicate of article {self.article} ({self.share * 100:.0f} % the same)"


class Stories:
    """Finds the stories of a batch of texts, which the caller names by any number.

    What was stored is to be told, so that those after it find it, and `write` remembers it.
    """

    def __init__(self, connection: Connection, cache: Cache) -> None:
        self._connection, self._cache = connection, cache
        self._texts: Mapping[int, Text] = {}
        self._candidates: dict[int, list[int]] = {}
        self._before: dict[int, list[int]] = {}
        self._known: dict[int, tuple[int, Text]] = {}
        self._numbers: dict[int, int] = {}

    def look_up(self, texts: Mapping[int, Text]) -> None:
        """Read the candidates of these texts, all at once."""
        self._texts, names = texts, list(texts)
        signatures = [text.signature for text in texts.values()]
        stored, before = candidates.find(self._connection, self._cache, signatures, MOST_CANDIDATES)
        self._candidates = self._near_in_time({names[at]: found for at, found in stored.items()})
        self._before = {names[at]: [names[other] for other in found[:MOST_COMPARED]] for at, found in before.items()}
        self._known = read(self._connection, sorted({each for found in self._candidates.values() for each in found}))

    def _near_in_time(self, candidates: Mapping[int, list[int]]) -> dict[int, list[int]]:
        """Those of the candidates of each text that were published near it: their days are read before their texts."""
        wanted = sorted({number for found in candidates.values() for number in found})
        if not wanted:
            return {}
        rows = cursor_of(self._connection).execute(_DAYS_BY_IDS, (json.dumps(wanted),))
        days = {number: (first, last) if first else None for number, first, last in rows}
        return {
            name: [
                number for number in found if number in days and not far_apart(self._texts[name].days, days[number])
            ][: MOST_COMPARED + 1]
            for name, found in candidates.items()
        }

    def find(self, name: int, itself: int | None = None) -> Near | None:
        """What a text is a near-duplicate of; `itself` is the id of its article where that is stored already."""
        closest = [
            *self._candidates.get(name, ()),
            *(self._numbers[other] for other in self._before.get(name, ()) if other in self._numbers),
        ]
        if not closest:
            return None
        others = [(each, self._known[each][1]) for each in closest if each in self._known and each != itself]
        best = best_of(self._texts[name], others)
        return Near(best[0], self._known[best[0]][0], best[1]) if best else None

    def stored(self, name: int, number: int, near: Near | None) -> None:
        """A text is that of the article with this id now."""
        self._numbers[name] = number
        self._known[number] = (near.story if near else number, self._texts[name])

    def leave(self, number: int) -> None:
        """Where this article is the first of a story, the next one becomes that of the others."""
        others = ARTICLE.c.story == number
        first = self._connection.scalar(select(func.min(ARTICLE.c.id)).where(others))
        if first is None:
            return
        self._connection.execute(update(ARTICLE).where(others, ARTICLE.c.id != first).values(story=first))
        self._connection.execute(update(ARTICLE).where(ARTICLE.c.id == first).values(story=None))
        for each, (story, text) in self._known.items():
            if story == number and each != number:
                self._known[each] = (first, text)

    def write(self) -> None:
        """Remember what was stored."""
        new = {number: self._texts[name].signature for name, number in self._numbers.items()}
        candidates.add(self._connection, self._cache, new)


def text_of(article: NewArticle) -> Text:
    """What of a new article is compared."""
    date = article.published
    days = (date.first_day.toordinal(), date.last_day.toordinal()) if date else None
    return Text(article.title, article.body, days, article.known_signature)


_DAYS_BY_IDS = str(
    select(ARTICLE.c.id, ARTICLE.c.first_day, ARTICLE.c.last_day)
    .where(ARTICLE.c.id.in_(queries.IDS))
    .compile(dialect=sqlite.dialect())
)
_BY_IDS = str(
    select(ARTICLE.c.id, ARTICLE.c.story, ARTICLE.c.title, ARTICLE.c.body, ARTICLE.c.first_day, ARTICLE.c.last_day)
    .where(ARTICLE.c.id.in_(queries.IDS))
    .compile(dialect=sqlite.dialect())
)
"""Compiled once each: a batch asks for hundreds of candidates."""


def read(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[int, Text]]:
    """The stories and the texts of those of these articles that exist."""
    if not ids:
        return {}
    rows = cursor_of(connection).execute(_BY_IDS, (json.dumps(ids),))
    return {
        number: (story or number, Text(title, body, (first, last) if first else None))
        for number, story, title, body, first, last in rows
    }


def compare(connection: Connection, cache: Cache, numbers: Sequence[int]) -> int:
    """Look for the stories of articles that are stored, the oldest first; how many have one."""
    articles = read(connection, numbers)
    stories, found = Stories(connection, cache), 0
    stories.look_up({number: text for number, (_, text) in articles.items()})
    for number, (story, _) in sorted(articles.items()):
        near = stories.find(number, number)
        if near is None or near.story != number:
            stories.leave(number)
        if story != (near.story if near else number):
            now = None if near is None or near.story == number else near.story
            connection.execute(update(ARTICLE).where(ARTICLE.c.id == number).values(story=now))
        stories.stored(number, number, near)
        found += near is not None
    stories.write()
    for chunk in queries.chunks(numbers):
        connection.execute(delete(UNCOMPARED).where(UNCOMPARED.c.article_id.in_(chunk)))
    return found


def compare_waiting(connection: Connection, cache: Cache, limit: int) -> tuple[int, int]:
    """Look for the stories of some articles that nobody has compared: how many those were, and how many have one."""
    waiting = list(connection.scalars(select(UNCOMPARED.c.article_id).order_by(UNCOMPARED.c.article_id).limit(limit)))
    return len(waiting), compare(connection, cache, waiting)


def leave_waiting(connection: Connection, numbers: Sequence[int]) -> None:
    """Remember that nobody has compared these articles as they are now."""
    if numbers:
        rows = [{"article_id": number} for number in numbers]
        connection.execute(insert_or_leave(UNCOMPARED).on_conflict_do_nothing(), rows)


def members(connection: Connection, number: int) -> list[int]:
    """The articles of the story that an article belongs to, itself among them, the oldest first."""
    story = connection.scalar(select(func.coalesce(ARTICLE.c.story, ARTICLE.c.id)).where(ARTICLE.c.id == number))
    same = (ARTICLE.c.story == story) | (ARTICLE.c.id == story)
    return list(connection.scalars(select(ARTICLE.c.id).where(same).order_by(ARTICLE.c.id)))
