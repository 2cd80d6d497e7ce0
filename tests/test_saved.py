"""Saved searches: what is new is told until it was shown, nothing is lost, and no other site can change any."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.bootstrap import open_archive
from archive.errors import SavedSearchExistsError, SavedSearchNameError, SavedSearchNotFoundError, StoreCorruptError
from archive.service import Archive
from archive.types import ArticleFilter, NewArticle, OnDuplicate, Origin, SavedSearch, SearchRequest, Sort
from db.engine import make_engine, writing
from db.store import SqlStore
from web import create_app

Run = Callable[..., Any]


def add(archive: Archive, *titles: str, body: str = "b", url: str | None = None, index: bool = True) -> None:
    archive.store.add([NewArticle(title=t, body=f"{body} {t}", url=url, origin=Origin("x", "text")) for t in titles])
    if index:
        archive.sync()


def save(archive: Archive, name: str, query: str = "", **options: Any) -> SavedSearch:
    request = SearchRequest(query=query, **options)
    return archive.saved.add(name, request, archive.search(request).sequence)


def news(archive: Archive) -> dict[str, int]:
    return {each.saved.name: each.new.total for each in archive.saved.counts()}


# -- the store

TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
VALUES = st.lists(TEXTS, max_size=3).map(tuple)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        SearchRequest,
        query=TEXTS,
        filter=st.builds(
            ArticleFilter,
            published_from=st.none() | st.dates(), published_to=st.none() | st.dates(),
            sources=VALUES, authors=VALUES, languages=VALUES, tags=VALUES,
        ),
        sort=st.sampled_from(Sort),
    ),
    st.none() | st.datetimes().map(lambda moment: moment.replace(tzinfo=UTC)),
    st.integers(0, 2**62),
)  # fmt: skip
def test_what_is_saved_is_what_is_read(
    archive: Archive, request: SearchRequest, run: datetime | None, seen: int
) -> None:
    saved = SavedSearch(name="x", request=request, created=datetime(2024, 1, 2, tzinfo=UTC), last_run=run, seen=seen)
    archive.store.save_search(saved)
    assert archive.store.saved_searches() == [saved]
    archive.store.remove_saved("x")
    assert archive.store.saved_searches() == []


def test_a_name_is_taken_once_and_nothing_is_replaced(archive: Archive) -> None:
    first = save(archive, "  Border\nwatch ", "border", filter=ArticleFilter(published_from=date(2020, 1, 1)))
    assert first.name == "Border watch"
    with pytest.raises(SavedSearchExistsError, match="Border watch"):
        save(archive, "Border watch", "other")
    assert archive.saved.all() == [first]
    assert archive.saved.get("Border watch").request.filter.published_from == date(2020, 1, 1)


@pytest.mark.parametrize("name", ["", "  ", "\x07", "x" * 101])
def test_a_search_needs_a_name(archive: Archive, name: str) -> None:
    with pytest.raises(SavedSearchNameError):
        save(archive, name)
    assert archive.saved.all() == []


def test_what_is_not_there_is_said(archive: Archive) -> None:
    for ask in (archive.saved.get, archive.saved.remove, lambda name: archive.saved.mark_seen(name, 1)):
        with pytest.raises(SavedSearchNotFoundError, match="there is no saved search nobody"):
            ask("nobody")


def test_bytes_that_are_no_text_can_be_saved(archive: Archive) -> None:
    assert save(archive, "odd", "bor\udcffder\0").request.query == "bor?der"


def test_a_row_that_makes_no_sense_is_told_by_name(archive: Archive) -> None:
    save(archive, "broken", "border")
    assert isinstance(archive.store, SqlStore)
    engine = make_engine(archive.store.path)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE saved_search SET sort = 'best'")
    engine.dispose()
    with pytest.raises(StoreCorruptError, match="broken"):
        archive.saved.all()


# -- what is new


def test_new_is_what_came_since_it_was_saved(archive: Archive) -> None:
    add(archive, "Border one", "Harbour one")
    save(archive, "borders", "border")
    save(archive, "all")
    assert news(archive) == {"all": 0, "borders": 0}
    add(archive, "Border two", "Harbour two")
    assert news(archive) == {"all": 2, "borders": 1}
    (all_new, borders) = archive.saved.counts()
    assert [hit.headline.title for hit in borders.new.hits] == ["Border two"]
    assert (borders.page.total, all_new.page.total) == (2, 4)


def test_what_was_stored_and_not_indexed_when_it_was_looked_at_is_new_later(archive: Archive) -> None:
    add(archive, *(f"Harbour {n}" for n in range(150)), index=False)  # more than a search indexes by itself
    save(archive, "harbours", "harbour")
    add(archive, "Harbour last", index=False)
    archive.sync()
    assert news(archive) == {"harbours": 151}


def test_an_article_that_begins_to_match_is_new(archive: Archive) -> None:
    add(archive, "Of ships", url="https://e.org/1")
    save(archive, "borders", "border")
    add(archive, "Of a border", url="https://e.org/1")
    assert news(archive) == {"borders": 1}


def test_the_same_import_again_is_nothing_new(archive: Archive) -> None:
    article = NewArticle(title="Border", body="b", origin=Origin("x", "text"))
    archive.store.add([article])
    save(archive, "borders", "border")
    for what in OnDuplicate:
        archive.store.add([article], what)
    assert news(archive) == {"borders": 0}


def test_articles_that_have_only_most_of_the_words_are_never_new(archive: Archive) -> None:
    add(archive, "Border one")
    save(archive, "two words", "border security")
    add(archive, "Border two")
    (found,) = archive.saved.counts()
    assert (found.page.relaxed, found.page.total) == (True, 2)
    assert found.new.total == 0
    add(archive, "Border security")
    assert news(archive) == {"two words": 1}


def test_what_is_deleted_is_not_new(archive: Archive) -> None:
    save(archive, "borders", "border")
    add(archive, "Border one", "Border two")
    archive.delete([1])
    assert news(archive) == {"borders": 1}


def test_new_stays_new_until_all_of_it_was_shown(archive: Archive) -> None:
    save(archive, "borders", "border")
    add(archive, *(f"Border {n}" for n in range(30)))
    saved = archive.saved.get("borders")

    def run(page: int, size: int, *, new: bool) -> bool:
        found = archive.saved.run(saved, SearchRequest(page=page, page_size=size), new=new)
        return archive.saved.looked_at(saved, found)

    for page, size, new in ((1, 20, True), (1, 20, False), (7, 20, True), (2, 29, False)):
        assert not run(page, size, new=new)
        assert news(archive) == {"borders": 30}
    assert archive.saved.get("borders").last_run is not None
    assert run(2, 20, new=True)
    assert news(archive) == {"borders": 0}
    add(archive, "Border last")
    assert run(1, 40, new=False)  # all of it on one page
    assert news(archive) == {"borders": 0}


def test_what_comes_while_it_is_looked_at_is_new(archive: Archive) -> None:
    save(archive, "borders", "border")
    add(archive, "Border one")
    saved = archive.saved.get("borders")
    page = archive.saved.run(saved, SearchRequest(), new=True)
    add(archive, "Border two")
    assert archive.saved.looked_at(saved, page)
    assert news(archive) == {"borders": 1}


def test_seen_never_goes_back_nor_beyond_what_there_is(archive: Archive) -> None:
    add(archive, "Border one")
    save(archive, "borders", "border")
    archive.saved.mark_seen("borders", 0)
    assert news(archive) == {"borders": 0}
    archive.saved.mark_seen("borders", 10**15)
    add(archive, "Border two")
    assert news(archive) == {"borders": 1}


@pytest.mark.parametrize("query", ["x " * 3000, "!!!", "a* OR *", '"unbalanced', "border " * 100])
def test_a_query_that_finds_nothing_or_is_refused_is_kept_and_listed(archive: Archive, query: str) -> None:
    add(archive, "Border one")
    save(archive, "odd", query)
    save(archive, "sound", "border")
    odd, sound = archive.saved.counts()
    assert odd.page.messages
    assert sound.page.total == 1
    assert archive.saved.get("odd").request.query == query


def test_searches_are_listed_while_the_index_cannot_be_read(archive: Archive) -> None:
    add(archive, "Border one")
    save(archive, "borders", "border")
    for path in archive.settings.index_directory.rglob("*"):
        if path.is_file() and path.suffix != ".lock":
            path.write_bytes(b"damaged")
    archive.close()
    with open_archive(archive.settings, catch_up=False) as again:
        (found,) = again.saved.counts()
        text = create_app(again).test_client().get("/saved").text
    said = found.fault or found.page.messages[0].text
    assert "Nothing can be searched right now" in said
    assert "Nothing can be searched right now" in text
    assert ">borders</a>" in text


# -- the command


@pytest.fixture
def harbour(run: Run) -> None:
    records = [{"title": f"Harbour {n}", "body": f"A harbour {n}.", "date": f"20{10 + n}"} for n in range(3)]
    run("import", "-", stdin="".join(f"{json.dumps(record)}\n" for record in records))


@pytest.mark.usefixtures("harbour")
def test_a_search_is_saved_listed_run_and_removed(run: Run) -> None:
    done = run("saved", "add", "Ports", "harbour", "-storm", "--from", "2011", "--sort", "oldest")
    assert done.stdout == "Saved Ports: 2 articles.\n"
    assert run("saved", "list").stdout == "Ports: 2 articles\n  harbour -storm · from: 2011-01-01 · sort: oldest\n"
    assert [hit["title"] for hit in run("saved", "run", "Ports", "--json").json["hits"]] == ["Harbour 1", "Harbour 2"]
    assert run("saved", "run", "Ports", "--new").stdout == ""
    run("import", "-", stdin=json.dumps({"title": "Harbour news", "body": "The harbour.", "date": "2024"}))
    assert run("saved", "list").stdout.startswith("Ports: 3 articles, 1 new\n")
    assert run("saved", "run", "Ports", "--new").stdout.startswith("1. **Harbour** news\n")
    assert run("saved", "run", "Ports", "--new", "--json").json["total"] == 0
    assert run("saved", "remove", "Ports").stdout == "Removed Ports.\n"
    assert "No searches are saved" in run("saved", "list").stderr


@pytest.mark.usefixtures("harbour")
def test_what_was_not_shown_stays_new_and_that_is_said(run: Run) -> None:
    run("saved", "add", "Ports", "harbour")
    more = [{"title": f"Harbour new {n}", "body": f"Harbour, {n}."} for n in range(3)]
    run("import", "-", stdin="".join(f"{json.dumps(record)}\n" for record in more))
    assert "it stays new" in run("saved", "run", "Ports", "--new", "--limit", "2").stderr
    assert run("saved", "list", "--json").json["saved"][0]["new"] == 3
    assert "stays new" not in run("saved", "run", "Ports", "--new", "--limit", "2", "--page", "2").stderr
    assert run("saved", "list", "--json").json["saved"][0]["new"] == 0


def test_mistakes_are_said(run: Run) -> None:
    run("saved", "add", "a", "x")
    assert "there is a saved search a already" in run("saved", "add", "a", "y", status=1).stderr
    assert "needs a name" in run("saved", "add", "", "y", status=2).stderr
    assert "there is no saved search b" in run("saved", "run", "b", status=1).stderr
    assert run("saved", "remove", "b", "a", "--json", status=1).json == {"removed": ["a"], "missing": ["b"]}


# -- the page


@pytest.fixture
def client(archive: Archive) -> FlaskClient:
    add(archive, "Border one", "Border two")
    return create_app(archive).test_client()


OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}


def form(client: FlaskClient) -> dict[str, str]:
    """What the form of a search page sends."""
    sequence = client.get("/search?q=border&sort=newest").text.partition('name="sequence" value="')[2].partition('"')[0]
    return {"name": "Borders", "q": "border", "sort": "newest", "sequence": sequence}


def test_a_search_is_saved_from_its_page(client: FlaskClient, archive: Archive) -> None:
    assert "No searches are saved" in client.get("/saved").text
    answer = client.post("/saved", data=form(client), headers=OURS)
    assert (answer.status_code, answer.location) == (303, "/saved")
    assert archive.saved.get("Borders").request == SearchRequest(query="border", sort=Sort.NEWEST)
    add(archive, "Border three")
    text = client.get("/saved").text
    assert '<a href="/search?q=border&amp;sort=newest">Borders</a>' in text
    assert "3 articles" in text
    assert "1 new" in text
    assert ">Border three</a>" in text
    sequence = text.partition('name="sequence" value="')[2].partition('"')[0]
    add(archive, "Border four")
    client.post("/saved/seen", data={"name": "Borders", "sequence": sequence}, headers=OURS)
    assert news(archive) == {"Borders": 1}  # what came after the page was made
    client.post("/saved/remove", data={"name": "Borders"}, headers=OURS)
    assert archive.saved.all() == []


def test_what_cannot_be_saved_is_said(client: FlaskClient, archive: Archive) -> None:
    sent = form(client)
    assert client.post("/saved", data={**sent, "name": " "}).status_code == 400
    assert client.post("/saved", data={**sent, "sequence": "x"}).status_code == 400
    assert client.post("/saved", data={**sent, "q": "x" * 70_000}).status_code == 413
    assert client.post("/saved", data=sent).status_code == 303
    answer = client.post("/saved", data=sent)
    assert answer.status_code == 409
    assert "there is a saved search Borders already" in answer.text
    assert client.post("/saved/remove", data={"name": "nobody"}).status_code == 404
    assert len(archive.saved.all()) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, 403),  # another port of this machine
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://localhost"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({}, 303),  # no browser
    ],
)
def test_no_other_site_can_change_anything(
    client: FlaskClient, archive: Archive, headers: dict[str, str], status: int
) -> None:
    save(archive, "kept")
    for path, data in (
        ("/saved", form(client)),
        ("/saved/seen", {"name": "kept", "sequence": "1"}),
        ("/saved/remove", {"name": "kept"}),
    ):
        before = archive.saved.all()
        assert client.post(path, data=data, headers=headers).status_code == status
        assert (archive.saved.all() == before) == (status == 403)


def test_looking_changes_nothing(client: FlaskClient, archive: Archive) -> None:
    save(archive, "borders", "border")
    add(archive, "Border three")
    before = archive.saved.all()
    for _ in range(2):
        assert "1 new" in client.get("/saved").text
    for path in ("/saved/seen", "/saved/remove"):
        assert client.get(path).status_code == 405
    assert archive.saved.all() == before


def test_whatever_is_saved_is_escaped(client: FlaskClient, archive: Archive) -> None:
    evil = "<script>alert('x')</script>"
    save(archive, evil, evil, filter=ArticleFilter(sources=(evil,)))
    text = client.get("/saved").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
