"""The store on real files: what each method promises, two processes at once, and what a kill leaves behind."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import ArticleNotFoundError, StoreCorruptError, StoreError, StoreLockedError
from archive.types import (
    ArticleFilter,
    Changes,
    ImportItem,
    NewArticle,
    OnDuplicate,
    Origin,
    Original,
    Outcome,
    PublicationDate,
    Sort,
)
from db import store as store_module
from db.engine import make_engine, reading
from db.store import SqlStore

ROOT = Path(__file__).parent.parent
URL = "https://news.example/a"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    opened = SqlStore(path)
    yield opened
    opened.close()


def new(
    title: str = "Title",
    body: str = "Body",
    *,
    url: str | None = None,
    authors: tuple[str, ...] = (),
    source: str | None = None,
    section: str | None = None,
    published: str | None = None,
    language: str | None = None,
    tags: tuple[str, ...] = (),
    summary: str | None = None,
    original: bytes | None = None,
    origin: Origin | None = None,
) -> NewArticle:
    return NewArticle(
        title=title,
        body=body,
        origin=origin or Origin("x", "text"),
        url=url,
        authors=authors,
        source=source,
        section=section,
        published=PublicationDate.parse(published) if published else None,
        language=language,
        tags=tags,
        summary=summary,
        original=Original(original, "text/plain") if original is not None else None,
    )


def outcomes(items: list[ImportItem]) -> list[tuple[str, int | None]]:
    return [(item.outcome.value, item.article) for item in items]


def raw(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run SQL past the store."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys=ON")
        return connection.execute(statement, values).fetchall()


def logged(path: Path) -> list[int]:
    return [int(str(number)) for (number,) in raw(path, "SELECT article_id FROM change ORDER BY sequence")]


# -- adding and reading back


def test_an_empty_archive(store: SqlStore) -> None:
    assert store.add([]) == []
    assert store.delete([]) == []
    assert store.delete([1, 2]) == []
    assert store.get_many([]) == {}
    assert store.get_many([1]) == {}
    assert store.article_ids() == []
    assert store.headlines(ArticleFilter()) == []
    assert store.count(ArticleFilter()) == 0
    assert store.last_sequence() == 0
    assert store.changes_since(0) == Changes(0)
    assert store.changes_since(7) == Changes(7)
    assert store.check() == []
    stats = store.stats()
    assert (stats.articles, stats.versions, stats.text_characters, stats.original_bytes) == (0, 0, 0, 0)
    assert (stats.first_published, stats.sources, stats.languages) == (None, {}, {})


@pytest.mark.parametrize("number", [0, -1, 1, 2**63, 10**30, -(10**30)])
def test_what_is_not_there(store: SqlStore, number: int) -> None:
    store.delete([found.article for found in store.add([new()]) if found.article])
    store.add([new("another")])
    for ask in (store.get, store.versions, store.original):
        with pytest.raises(ArticleNotFoundError):
            ask(number)
    assert store.delete([number]) == []
    assert store.get_many([number, 2]).keys() == {2}
    for ask in (store.get, store.original):
        with pytest.raises(ArticleNotFoundError):
            ask(2, number if number != 1 else 2)


def test_everything_is_kept(store: SqlStore) -> None:
    before = datetime.now(UTC)
    article = new(
        "Ein Titel",
        "Erster Absatz\n\nZweiter 🦉",
        url=URL,
        authors=("Ana Łuk", "李明"),
        source="News",
        section="World",
        published="2023-05-02T23:30:00+03:00",
        language="de",
        tags=("a", "b c"),
        summary="Kurz",
        original=b"<p>\0\xff</p>",
        origin=Origin("dump.zip", "html", "a/b.html"),
    )
    [item] = store.add([article])
    assert item == ImportItem(article.origin, Outcome.ADDED, 1)
    found = store.get(1)
    for name in ("title", "body", "url", "authors", "source", "section", "published", "language", "tags", "summary"):
        assert getattr(found, name) == getattr(article, name)
    assert found.origin == article.origin
    assert (found.id, found.version, found.versions) == (1, 1, 1)
    assert before <= found.added == found.changed <= datetime.now(UTC)
    assert found.added.tzinfo is UTC
    assert store.original(1) == article.original
    assert store.get_many([1, 2]) == {1: found}
    [line] = store.headlines(ArticleFilter())
    assert (line.id, line.title, line.url, line.source, line.authors) == (1, "Ein Titel", URL, "News", article.authors)
    assert (line.published, line.language, line.tags, line.versions) == (article.published, "de", ("a", "b c"), 1)
    [version] = store.versions(1)
    assert (version.number, version.title, version.added) == (1, "Ein Titel", found.added)


def test_get_many_keeps_the_order_asked_for(store: SqlStore) -> None:
    store.add([new(f"t{number}") for number in range(1200)])
    wanted = [1200, 3, 900, 5000, 1]
    assert list(store.get_many(wanted)) == [1200, 3, 900, 1]
    assert len(store.get_many(store.article_ids())) == 1200
    assert store.article_ids() == list(range(1, 1201))


def test_original_is_none_when_not_kept_and_may_be_empty(store: SqlStore) -> None:
    store.add([new("a"), new("b", original=b"")])
    assert store.original(1) is None
    assert store.original(2) == Original(b"", "text/plain")


def test_an_original_of_an_earlier_version_is_read(store: SqlStore, path: Path) -> None:
    store.add([new("a", original=b"Text as it came. " * 20)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE original SET data = ?", (zlib.compress(b"Text as it came. " * 20),))
    assert store.original(1) == Original(b"Text as it came. " * 20, "text/plain")
    assert store.check() == []


# -- duplicates and versions


def test_duplicates_inside_a_batch_and_across_batches(store: SqlStore) -> None:
    batch = [new("A"), new("B"), new("A"), new(" a ", "BODY\n\n")]
    assert outcomes(store.add(batch)) == [("added", 1), ("added", 2), ("duplicate", 1), ("duplicate", 1)]
    assert outcomes(store.add([new("C"), new("B")])) == [("added", 3), ("duplicate", 2)]
    [item] = store.add([new("B", origin=Origin("y", "text"))])
    assert item.reason == "same text as article 2"
    assert item.origin.path == "y"
    assert store.article_ids() == [1, 2, 3]


def test_the_same_text_under_another_url_is_a_duplicate(store: SqlStore) -> None:
    assert outcomes(store.add([new(url=URL), new(url=URL + "b")])) == [("added", 1), ("duplicate", 1)]
    assert outcomes(store.add([new(url=URL + "c"), new()])) == [("duplicate", 1), ("duplicate", 1)]
    assert store.get(1).url == URL


@pytest.mark.parametrize("together", [True, False])
def test_the_same_url_with_other_text_is_a_new_version(store: SqlStore, path: Path, together: bool) -> None:
    batch = [
        new("One", "1", url=URL, authors=("A",), published="2023-05", source="S", original=b"one"),
        new("Two", "2", url=URL, published="2023-06-07", original=b"two", origin=Origin("y", "html", "7")),
        new("Three", "3", url=URL),
    ]
    items = store.add(batch) if together else [store.add([article])[0] for article in batch]
    assert outcomes(items) == [("added", 1), ("updated", 1), ("updated", 1)]
    assert [version.title for version in store.versions(1)] == ["Three", "Two", "One"]
    assert [version.number for version in store.versions(1)] == [3, 2, 1]
    added = [version.added for version in store.versions(1)]
    assert added == sorted(added, reverse=True)
    now, two, one = store.get(1), store.get(1, 2), store.get(1, 1)
    assert store.get(1, 3) == now
    assert [(a.title, a.body, a.version, a.versions) for a in (one, two, now)] == [
        ("One", "1", 1, 3),
        ("Two", "2", 2, 3),
        ("Three", "3", 3, 3),
    ]
    assert (str(one.published), str(two.published), str(now.published)) == ("2023-05", "2023-06-07", "2023-06-07")
    assert now.authors == two.authors == ("A",)  # what a new version does not state holds on
    assert now.source == "S"
    assert (one.origin, two.origin) == (Origin("x", "text"), Origin("y", "html", "7"))
    assert [store.original(1, number) for number in (1, 2, 3, None)] == [
        Original(b"one", "text/plain"),
        Original(b"two", "text/plain"),
        None,
        None,
    ]
    day = date(2023, 6, 7)
    assert store.count(ArticleFilter(published_from=day, published_to=day)) == 1
    with pytest.raises(ArticleNotFoundError, match="no version 4"):
        store.get(1, 4)
    sequence, rows = store.last_sequence(), logged(path)
    assert outcomes(store.add(batch)) == [("duplicate", 1)] * 3
    assert outcomes(store.add([batch[1], new("One", "1")])) == [("duplicate", 1)] * 2
    assert (store.last_sequence(), logged(path)) == (sequence, rows)
    assert store.get(1) == now


def test_update_replaces_what_is_stated_only(store: SqlStore) -> None:
    store.add([new(url=URL, authors=("A",), source="S", published="2023", tags=("t",), summary="s")])
    added = store.get(1).added
    [item] = store.add([new(authors=("B", "C"), published="2024-02", language="en")], OnDuplicate.UPDATE)
    assert (item.outcome, item.article) == (Outcome.UPDATED, 1)
    assert item.reason == "same text as article 1; now with its authors, published, language"
    found = store.get(1)
    assert (found.authors, str(found.published), found.language) == (("B", "C"), "2024-02", "en")
    assert (found.url, found.source, found.tags, found.summary) == (URL, "S", ("t",), "s")
    assert (found.version, found.versions, found.added) == (1, 1, added)
    assert found.changed >= added
    february, march = date(2024, 2, 10), date(2024, 3, 1)
    assert store.count(ArticleFilter(published_from=february, published_to=february)) == 1
    assert store.count(ArticleFilter(published_from=march)) == 0
    sequence = store.last_sequence()
    again = [new(authors=("B", "C")), new(), new(url=URL + "other"), new(url=URL, language="en")]
    assert outcomes(store.add(again, OnDuplicate.UPDATE)) == [("duplicate", 1)] * 4
    assert store.last_sequence() == sequence
    assert store.get(1) == found


def test_skip_leaves_metadata_alone(store: SqlStore) -> None:
    store.add([new(authors=("A",))])
    assert outcomes(store.add([new(authors=("B",), url=URL)])) == [("duplicate", 1)]
    assert (store.get(1).authors, store.get(1).url) == (("A",), None)


def test_update_of_an_article_of_the_same_batch(store: SqlStore) -> None:
    batch = [new("A"), new("A", source="S"), new("B", original=b"b"), new("A", source="S")]
    assert outcomes(store.add(batch, OnDuplicate.UPDATE)) == [
        ("added", 1),
        ("updated", 1),
        ("added", 2),
        ("duplicate", 1),
    ]
    assert store.get(1).source == "S"


def test_a_url_is_filled_in_once_and_never_taken_from_another(store: SqlStore) -> None:
    store.add([new("A"), new("B", url=URL)])
    assert outcomes(store.add([new("A", url=URL)], OnDuplicate.UPDATE)) == [("duplicate", 1)]
    assert outcomes(store.add([new("A", url=URL + "a")], OnDuplicate.UPDATE)) == [("updated", 1)]
    assert (store.get(1).url, store.get(2).url) == (URL + "a", URL)


def test_an_empty_url_is_none(store: SqlStore) -> None:
    assert outcomes(store.add([new("A", url=""), new("B", url="")])) == [("added", 1), ("added", 2)]
    assert store.get(1).url is None


def test_a_url_filled_in_counts_for_the_rest_of_the_batch(store: SqlStore) -> None:
    store.add([new("A")])
    items = store.add([new("A", url=URL), new("Other", url=URL)], OnDuplicate.UPDATE)
    assert outcomes(items) == [("updated", 1), ("updated", 1)]
    assert [version.title for version in store.versions(1)] == ["Other", "A"]


@pytest.mark.parametrize("on_duplicate", OnDuplicate)
def test_dry_run_stores_nothing_and_tells_the_same(store: SqlStore, path: Path, on_duplicate: OnDuplicate) -> None:
    store.add([new("A", url=URL), new("B")])
    batch = [
        new("A2", url=URL, original=b"x"),
        new("B", source="S"),
        new("C", original=b"y"),
        new("C"),
        new("D\0"),
        new("A"),
    ]
    tables = "article", "version", "original", "change", "sqlite_sequence"
    before = [raw(path, f"SELECT * FROM {table}") for table in tables]
    told = store.add(batch, on_duplicate, dry_run=True)
    assert [raw(path, f"SELECT * FROM {table}") for table in tables] == before
    assert told == store.add(batch, on_duplicate)
    assert {item.outcome for item in told} >= {Outcome.ADDED, Outcome.UPDATED, Outcome.DUPLICATE, Outcome.FAILED}


def test_what_sqlite_cannot_keep_fails_alone(store: SqlStore) -> None:
    lone = "\ud800"
    bad = [
        new("a\0"),
        new("b", "x\0y"),
        new("c" + lone),
        new("d", lone),
        new("e", url=URL + lone),
        new("f", url=URL + "\0"),
        new("g", authors=(lone,)),
        new("h", tags=("\0",)),
        new("i", summary=lone),
        new("j", source="\0"),
        new("k", section=lone),
        new("l", language=lone),
        new("m", origin=Origin("caf\udce9.txt", "text")),
        new("n", origin=Origin("x", "text", lone)),
    ]
    items = store.add([new("first"), *bad, new("last")])
    assert outcomes(items) == [("added", 1), *[("failed", None)] * len(bad), ("added", 2)]
    reasons = {item.reason for item in items if item.outcome is Outcome.FAILED}
    assert len(reasons) == 2
    assert all(reasons)
    assert [store.get(number).title for number in store.article_ids()] == ["first", "last"]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
DATES = st.one_of(
    st.none(),
    st.dates().map(lambda day: day.isoformat()[:4]),
    st.dates().map(lambda day: day.isoformat()[:7]),
    st.dates().map(date.isoformat),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat(timespec="seconds")),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    articles=st.lists(
        st.builds(
            new,
            TEXT,
            TEXT,
            url=st.none() | TEXT.filter(bool),
            authors=st.lists(TEXT, max_size=3).map(tuple),
            source=st.none() | TEXT,
            section=st.none() | TEXT,
            published=DATES,
            language=st.none() | TEXT,
            tags=st.lists(TEXT, max_size=3).map(tuple),
            summary=st.none() | TEXT,
            original=st.none() | st.binary(max_size=80),
            origin=st.builds(Origin, TEXT, TEXT, st.none() | TEXT),
        ),
        max_size=4,
    )
)
def test_any_article_comes_back_as_it_went_in(store: SqlStore, articles: list[NewArticle]) -> None:
    store.delete(store.article_ids())
    for article, item in zip(articles, store.add(articles), strict=True):
        if item.outcome is not Outcome.ADDED:
            continue
        assert item.article is not None
        found = store.get(item.article, 1)
        for name in ("title", "body", "origin"):
            assert getattr(found, name) == getattr(article, name)
        for name in ("url", "authors", "source", "section", "published", "language", "tags", "summary"):
            assert getattr(found, name) == getattr(article, name)
        assert store.original(item.article, 1) == article.original
        assert found.paragraphs == tuple(article.body.split("\n\n")) if article.body else not found.paragraphs


# -- changes


def test_a_row_is_logged_for_every_way_of_writing(store: SqlStore, path: Path) -> None:
    store.add([new("A", url=URL), new("B")])
    assert logged(path) == [1, 2]
    store.add([new("A2", url=URL)])
    store.add([new("B", source="S")], OnDuplicate.UPDATE)
    assert logged(path) == [1, 2, 1, 2]
    store.delete([2])
    assert logged(path) == [1, 2, 1, 2, 2]
    raw(path, "UPDATE article SET title = 'by hand' WHERE id = 1")
    raw(path, "DELETE FROM article WHERE id = 1")
    assert logged(path) == [1, 2, 1, 2, 2, 1, 1]
    assert store.last_sequence() == 7
    assert raw(path, "SELECT * FROM version") == []


def test_changes_are_coalesced(store: SqlStore) -> None:
    store.add([new("A", url=URL), new("B"), new("C")])
    store.add([new("A2", url=URL)])
    store.delete([2])
    changes = store.changes_since(0)
    assert changes == Changes(store.last_sequence(), (store.get(1), store.get(3)), (2,))
    assert store.changes_since(3) == Changes(5, (store.get(1),), (2,))
    assert store.changes_since(4) == Changes(5, (), (2,))
    assert store.changes_since(5) == Changes(5)


def test_changes_come_in_order_and_in_portions(store: SqlStore) -> None:
    store.add([new(f"t{number}") for number in range(1300)])
    store.delete([1, 700])
    sequence, held = 0, dict[int, str]()
    for limit in (1, 2, 600, 1000, 1000):
        changes = store.changes_since(sequence, limit)
        assert sequence <= changes.sequence <= sequence + limit
        sequence = changes.sequence
        held |= {article.id: article.title for article in changes.articles}
        for number in changes.deleted:
            held.pop(number, None)
    assert sequence == store.last_sequence() == 1302
    assert list(held) == store.article_ids()
    assert not store.changes_since(sequence).articles


def test_changes_of_huge_texts_end_early_and_continue(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MAX_CHARACTERS", 10_000)
    store.add([new(f"t{number}", f"{number} " + "x" * 1000) for number in range(300)])
    sequence, seen, calls = 0, list[int](), 0
    while (changes := store.changes_since(sequence)).sequence != sequence:
        assert sum(len(article.body) for article in changes.articles) < 60_000
        sequence, calls = changes.sequence, calls + 1
        seen += [article.id for article in changes.articles]
    assert seen == store.article_ids()
    assert sequence == store.last_sequence()
    assert calls > 4


# -- deleting


def test_deleted_ids_are_never_used_again(store: SqlStore, path: Path) -> None:
    store.add([new("A"), new("B"), new("C")])
    assert sorted(store.delete([3, 2, 2, 99])) == [2, 3]
    assert outcomes(store.add([new("C")])) == [("added", 4)]
    store.delete([1, 4])
    store.close()
    reopened = SqlStore(path)
    assert outcomes(reopened.add([new("A")])) == [("added", 5)]
    reopened.close()


def test_a_deleted_text_and_url_are_free_again(store: SqlStore) -> None:
    store.add([new("A", url=URL), new("A2", url=URL)])
    store.delete([1])
    assert outcomes(store.add([new("A"), new("B", url=URL)])) == [("added", 2), ("added", 3)]


def test_many_are_deleted_at_once(store: SqlStore, path: Path) -> None:
    store.add([new(f"t{number}", original=b"shared") for number in range(1100)])
    assert sorted(store.delete(range(1, 1100))) == list(range(1, 1100))
    assert store.original(1100) == Original(b"shared", "text/plain")
    store.delete([1100])
    assert raw(path, "SELECT count(*) FROM original") == [(0,)]


def test_equal_originals_are_kept_once_until_their_last_article_goes(store: SqlStore, path: Path) -> None:
    store.add([new("A", original=b"same", url=URL), new("B", original=b"same"), new("C", original=b"other")])
    store.add([new("D", original=b"same"), new("A2", original=b"newer", url=URL)])
    count = "SELECT count(*) FROM original"
    assert raw(path, count) == [(3,)]
    store.delete([2, 4])
    assert store.original(1, 1) == Original(b"same", "text/plain")  # an old version has it still
    assert raw(path, count) == [(3,)]
    store.delete([1])
    assert raw(path, count) == [(1,)]
    assert store.original(3) == Original(b"other", "text/plain")
    assert store.check() == []


# -- lists


@pytest.fixture
def filled(store: SqlStore) -> SqlStore:
    store.add(
        [
            new("1", source="A", authors=("Ann", "Bob"), language="en", tags=("x",), published="2023"),
            new("2", source="B", authors=("Bob",), language="de", tags=("x", "y"), published="2023-05"),
            new("3", source="A", authors=('Cy "C"',), language="en", published="2023-05-02"),
            new("4", source="C", tags=("日本",), published="2023-05-02T23:30:00-11:00"),
            new("5", published="2023-05-03T00:30:00+14:00"),
            new("6", language="de"),
        ]
    )
    return store


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (ArticleFilter(), {1, 2, 3, 4, 5, 6}),
        (ArticleFilter(sources=("A",)), {1, 3}),
        (ArticleFilter(sources=("A", "C", "none")), {1, 3, 4}),
        (ArticleFilter(authors=("Bob",)), {1, 2}),
        (ArticleFilter(authors=("Ann", 'Cy "C"')), {1, 3}),
        (ArticleFilter(authors=("Bo",)), set()),
        (ArticleFilter(tags=("y", "日本")), {2, 4}),
        (ArticleFilter(languages=("de",)), {2, 6}),
        (ArticleFilter(sources=("A", "B"), languages=("en",), authors=("Bob",)), {1}),
        (ArticleFilter(published_from=date(2023, 5, 2), published_to=date(2023, 5, 2)), {1, 2, 3, 4}),
        (ArticleFilter(published_from=date(2023, 5, 3), published_to=date(2023, 5, 3)), {1, 2, 5}),
        (ArticleFilter(published_from=date(2023, 5, 4)), {1, 2}),
        (ArticleFilter(published_from=date(2023, 5, 31)), {1, 2}),
        (ArticleFilter(published_from=date(2023, 6, 1)), {1}),
        (ArticleFilter(published_from=date(2024, 1, 1)), set()),
        (ArticleFilter(published_to=date(2023, 1, 1)), {1}),
        (ArticleFilter(published_to=date(2022, 12, 31)), set()),
        (ArticleFilter(published_to=date(2023, 5, 1)), {1, 2}),
        (ArticleFilter(published_from=date(2024, 1, 1), published_to=date(2022, 1, 1)), set()),
    ],
)
def test_filters(filled: SqlStore, wanted: ArticleFilter, ids: set[int]) -> None:
    assert {line.id for line in filled.headlines(wanted)} == ids
    assert filled.count(wanted) == len(ids)


def test_sorts(filled: SqlStore) -> None:
    filled.add([new("7", published="2023-05-02")])

    def order(sort: Sort) -> list[int]:
        return [line.id for line in filled.headlines(ArticleFilter(), sort=sort)]

    assert order(Sort.NEWEST) == [5, 4, 7, 3, 2, 1, 6]
    assert order(Sort.OLDEST) == [1, 2, 7, 3, 4, 5, 6]
    assert order(Sort.RELEVANCE) == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("sort", Sort)
def test_pages_never_overlap(store: SqlStore, sort: Sort) -> None:
    store.add([new(f"t{number}", published="2023-05-02" if number % 3 else None) for number in range(50)])
    pages = [store.headlines(ArticleFilter(), sort=sort, offset=offset, limit=7) for offset in range(0, 56, 7)]
    assert [len(page) for page in pages] == [7] * 7 + [1]
    assert len({line.id for page in pages for line in page}) == 50
    assert store.headlines(ArticleFilter(), offset=50) == []
    assert len(store.headlines(ArticleFilter())) == 20


def test_stats(filled: SqlStore) -> None:
    filled.add([new("U", url=URL, original=b"12345"), new("UU", url=URL, original=b"1234567")])
    stats = filled.stats()
    assert (stats.articles, stats.versions) == (7, 8)
    assert (stats.first_published, stats.last_published) == ("2023", "2023-05-03T00:30:00+14:00")
    assert list(stats.sources.items()) == [("A", 2), ("B", 1), ("C", 1)]
    assert list(stats.languages.items()) == [("de", 2), ("en", 2)]
    assert stats.text_characters == 6 + 2 + 7 * 4
    assert stats.original_bytes == 12
    assert stats.database_bytes > 0


# -- damage


def test_check_reports_a_damaged_original(store: SqlStore, path: Path) -> None:
    store.add([new("A", original=b"one" * 50), new("B", original=b"two" * 50), new("C", original=b"three" * 50)])
    assert store.check() == []
    raw(path, "UPDATE original SET data = x'00' WHERE sha256 = (SELECT original FROM article WHERE id = 1)")
    raw(
        path,
        "UPDATE original SET data = (SELECT o.data FROM original o JOIN article ON o.sha256 = original WHERE id = 3)"
        " WHERE sha256 = (SELECT original FROM article WHERE id = 2)",
    )
    faults = store.check()
    assert len(faults) == 2
    assert all("original" in fault and "damaged" in fault for fault in faults)


@pytest.mark.parametrize("damaged", ["x'00'", "substr(data, 1, 10)", "x'28b52ffd'", "x''"])
def test_an_original_that_cannot_be_unpacked_is_told_as_damage(store: SqlStore, path: Path, damaged: str) -> None:
    store.add([new(original=b"one" * 50)])
    raw(path, f"UPDATE original SET data = {damaged}")
    with pytest.raises(StoreCorruptError):
        store.original(1)


def test_check_reports_a_reference_to_nothing(store: SqlStore, path: Path) -> None:
    store.add([new("A", url=URL), new("A2", url=URL)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM article")
    assert store.check() == ["a row of version refers to nothing"]


def test_check_reports_damaged_pages(store: SqlStore, path: Path) -> None:
    store.add([new(f"t{number}", "text " * 300, original=bytes(range(256)) * 9) for number in range(60)])
    raw(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    data = bytearray(path.read_bytes())
    for page in range(len(data) // 4096 // 2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 4096] = b"\xa5" * 4096
    path.write_bytes(data)
    damaged = SqlStore(path)
    try:
        assert damaged.check()
    finally:
        damaged.close()


# -- connections, threads and processes


def test_every_connection_is_durable(path: Path) -> None:
    SqlStore(path).close()
    engine = make_engine(path)
    with reading(engine) as first, reading(engine) as second:
        for connection in (first, second):
            found = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "busy_timeout")
            ]
            assert found == ["wal", 2, 1, 0, 30000]
    engine.dispose()


def test_another_writer_is_waited_for_and_then_told(path: Path) -> None:
    store = SqlStore(path, busy_seconds=0.2)
    store.add([new("A")])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begin = time.monotonic()
        with pytest.raises(StoreLockedError, match="locked by another process"):
            store.add([new("B")])
        assert time.monotonic() - begin >= 0.15
        with pytest.raises(StoreLockedError):
            store.delete([1])
        with pytest.raises(StoreLockedError):
            store.add([new("B")], dry_run=True)
        assert store.get(1).title == "A"  # readers never wait
        opened = SqlStore(path, busy_seconds=0.2)
        assert opened.count(ArticleFilter()) == 1
        opened.close()
        other.execute("ROLLBACK")
    assert outcomes(store.add([new("B")])) == [("added", 2)]
    store.close()


def test_a_reader_sees_one_state(store: SqlStore, path: Path) -> None:
    engine = make_engine(path)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM article").scalar() == 0
        store.add([new()])
        assert connection.exec_driver_sql("SELECT count(*) FROM article").scalar() == 0
    engine.dispose()


def test_a_failing_batch_stores_nothing(store: SqlStore, path: Path) -> None:
    raw(path, "CREATE TRIGGER no BEFORE INSERT ON article WHEN NEW.title = 'B' BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StoreError):
        store.add([new("A", original=b"x"), new("B")])
    raw(path, "DROP TRIGGER no")
    assert store.article_ids() == []
    assert raw(path, "SELECT * FROM original") == []
    assert outcomes(store.add([new("A")])) == [("added", 1)]


ADD = """
import sys
from pathlib import Path
from archive.types import NewArticle, Origin
from db.store import SqlStore

store = SqlStore(Path(sys.argv[1]))
print("open", flush=True)
for number in range(int(sys.argv[3])):
    article = NewArticle(title=f"{sys.argv[2]} {number}", body="word " * 200, origin=Origin("x", "text"))
    [item] = store.add([article])
    print(item.article, number, flush=True)
store.close()
"""


def adder(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", ADD, str(path), name, str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_two_processes_write_at_once(path: Path) -> None:
    """Neither has found a database when it starts: both create it, and one wins."""
    printed = set[int]()
    processes = [adder(path, name, 60) for name in ("left", "right", "third")]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        printed |= {int(line.split()[0]) for line in out.splitlines()[1:]}
    assert printed == set(range(1, 181))
    store = SqlStore(path)
    assert store.article_ids() == sorted(printed)
    assert store.last_sequence() == 180
    assert store.check() == []
    store.close()
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_what_was_told_survives_kill_9(path: Path) -> None:
    for round_number in range(5):
        process = adder(path, f"round {round_number}", 100_000)
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        lines = [process.stdout.readline() for _ in range(5 + 17 * round_number)]
        os.kill(process.pid, signal.SIGKILL)
        rest, _ = process.communicate(timeout=60)
        told = [line.split() for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith("\n")]
        store = SqlStore(path)
        found = store.get_many([int(number) for number, _ in told])
        assert {article.title for article in found.values()} == {f"round {round_number} {part}" for _, part in told}
        assert len(store.article_ids()) == store.last_sequence()
        assert store.check() == []
        store.close()


def test_close_releases_the_files(path: Path, recwarn: pytest.WarningsRecorder) -> None:
    store = SqlStore(path)
    store.add([new()])
    store.close()
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    store.close()
    assert not recwarn.list


@pytest.mark.parametrize("name", ["a b.db", "a?b.db", "a#b.db", "50%25.db", "a[1].db", "日本.db", "a&mode=ro.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    store = SqlStore(tmp_path / name)
    store.add([new()])
    store.close()
    reopened = SqlStore(tmp_path / name)
    assert reopened.get(1).title == "Title"
    reopened.close()
    assert [found.name for found in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.get(1),
        lambda store: store.add([new()]),
        lambda store: store.article_ids(),
        lambda store: store.headlines(ArticleFilter()),
    ],
)
def test_errors_of_the_driver_stop_at_the_store(store: SqlStore, path: Path, ask: Callable[[SqlStore], object]) -> None:
    raw(path, "DROP TABLE article")
    with pytest.raises(StoreError) as caught:
        ask(store)
    assert type(caught.value).__module__ == "archive.errors"
