"""Near-duplicates from the import to the page: found, kept right whatever happens to a story, shown as one, and off."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from archive.service import Archive
from archive.types import ImportItem, NewArticle, Origin, Outcome, SearchRequest
from db.candidates import MOST_WITH_NUMBER
from db.store import SqlStore
from tests.conftest import Run
from web import create_app

WORDS = (
    "border patrol river minister talks agreement weather market council school bridge harvest election water".split()
)


def story(seed: int, words: int = 150) -> str:
    chance = Random(seed)
    return " ".join(f"{chance.choice(WORDS)}{chance.choice('abcdefghij')}" for _ in range(words))


def new(body: str, title: str = "t", url: str | None = None) -> NewArticle:
    return NewArticle(title=title, body=body, url=url, origin=Origin("x", "text"))


def cut(text: str) -> str:
    words = text.split(" ")
    return " ".join(words[: len(words) * 2 // 3])


def ids(store: SqlStore, number: int) -> list[int]:
    return [each.id for each in store.story(number)]


def add(store: SqlStore, *articles: NewArticle) -> list[ImportItem]:
    return store.add(articles)


# -- storing


@pytest.mark.parametrize("together", [True, False])
def test_a_near_duplicate_is_stored_and_told(store: SqlStore, together: bool) -> None:
    articles = [new(story(1)), new(story(2)), new(cut(story(1)), "other headline")]
    items = add(store, *articles) if together else [item for each in articles for item in add(store, each)]
    assert [item.outcome for item in items] == [Outcome.ADDED, Outcome.ADDED, Outcome.NEAR_DUPLICATE]
    assert (items[2].article, items[2].reason) == (3, "near-duplicate of article 1 (100 % the same)")
    assert ids(store, 1) == ids(store, 3) == [1, 3]
    assert ids(store, 2) == [2]
    assert store.get(3).body == cut(story(1))
    assert [store.get(number).story for number in (1, 2, 3)] == [None, None, 1]


def test_the_same_text_is_a_duplicate_as_before(store: SqlStore) -> None:
    items = add(store, new(story(1)), new(story(1).upper()))
    assert [item.outcome for item in items] == [Outcome.ADDED, Outcome.DUPLICATE]
    assert ids(store, 1) == [1]


def test_unrelated_articles_are_never_in_one_story(store: SqlStore) -> None:
    items = store.add([new(story(seed)) for seed in range(300)])
    assert {item.outcome for item in items} == {Outcome.ADDED}


def test_boilerplate_groups_nothing_and_hides_nothing(store: SqlStore) -> None:
    below = story(999, 40)
    for start in range(0, 5 * MOST_WITH_NUMBER, MOST_WITH_NUMBER):
        items = store.add([new(f"{story(start + at)}\n\n{below}") for at in range(MOST_WITH_NUMBER)])
        assert {item.outcome for item in items} == {Outcome.ADDED}
    (item,) = add(store, new(f"By us. {story(70)}\n\n{below}"))
    assert item.outcome is Outcome.NEAR_DUPLICATE
    assert ids(store, 71) == [71, item.article]


def test_a_story_goes_on_when_its_first_article_is_deleted(store: SqlStore) -> None:
    add(store, new(story(1)), new(cut(story(1))), new(f"By us. {story(1)}"))
    store.delete([1])
    assert ids(store, 2) == ids(store, 3) == [2, 3]
    (item,) = add(store, new(f"{story(1)} More."))
    assert item.outcome is Outcome.NEAR_DUPLICATE
    assert ids(store, 4) == [2, 3, 4]
    store.delete([2, 3])
    assert ids(store, 4) == [4]
    assert store.check() == []


def test_what_was_deleted_is_no_candidate(store: SqlStore) -> None:
    add(store, new(story(1)))
    store.delete([1])
    assert add(store, new(cut(story(1))))[0].outcome is Outcome.ADDED


def test_a_new_version_may_leave_its_story(store: SqlStore) -> None:
    add(store, new(story(1), url="https://a.example/1"), new(cut(story(1))), new(f"By us. {story(1)}"))
    (item,) = add(store, new(story(5), url="https://a.example/1"))
    assert item.outcome is Outcome.UPDATED
    assert ids(store, 1) == [1]
    assert ids(store, 2) == [2, 3]
    add(store, new(f"Again. {story(1)}", url="https://a.example/1"))
    assert ids(store, 1) == [1, 2, 3]


def test_a_new_version_may_stay_in_its_story(store: SqlStore) -> None:
    add(store, new(story(1), url="https://a.example/1"), new(cut(story(1))))
    add(store, new(f"Corrected. {story(1)}", url="https://a.example/1"))
    assert ids(store, 2) == [1, 2]
    assert store.get(2).story == 1


def test_an_edited_article_may_join_a_story_and_leave_it(archive: Archive) -> None:
    archive.store.add([new(f"common {story(1)}"), new(story(2)), new(story(3))])
    archive.edit(3, {"body": cut(f"common {story(1)}")})
    assert [each.id for each in archive.story(1)] == [1, 3]
    assert archive.search(SearchRequest(query="common")).collapsed == 1
    archive.edit(3, {"summary": "in short"})
    assert [each.id for each in archive.story(1)] == [1, 3]
    archive.edit(1, {"body": story(4)})
    assert archive.story(1) == archive.story(3) == []
    archive.edit(2, {"body": cut(f"common {story(1)}")})
    assert [each.id for each in archive.story(2)] == [2, 3]


def test_off_an_edited_article_is_compared_by_the_upgrade(store: SqlStore) -> None:
    add(store, new(story(1)), new(story(2)))
    store.edit(2, {"body": cut(story(1))}, near_duplicates=False)
    assert ids(store, 1) == [1]
    assert store.compare_waiting() == (1, 1)
    assert ids(store, 1) == [1, 2]


def test_who_joins_a_story_is_told_to_the_index(store: SqlStore) -> None:
    add(store, new(story(1), url="https://a.example/1"), new(cut(story(1))), new(f"By us. {story(1)}"))
    before = store.last_sequence()
    add(store, new(story(5), url="https://a.example/1"))
    assert store.changed_since(before) == {1, 2, 3}


def test_a_dry_run_leaves_nothing_behind(store: SqlStore) -> None:
    for _ in range(2):
        items = store.add([new(story(1)), new(cut(story(1)))], dry_run=True)
        assert [item.outcome for item in items] == [Outcome.ADDED, Outcome.NEAR_DUPLICATE]
    assert add(store, new(cut(story(1))))[0].outcome is Outcome.ADDED


def test_another_process_sees_what_was_added(store: SqlStore) -> None:
    other = SqlStore(store.path)
    for seed in range(8):
        (store, other)[seed % 2].add([new(story(seed))])
    for seed in range(8):
        (other, store)[seed % 2].add([new(cut(story(seed)))])
    assert [ids(store, number) for number in range(1, 9)] == [[number, number + 8] for number in range(1, 9)]
    other.close()


# -- off, and later


def test_off_nothing_is_looked_for_and_an_upgrade_does_so_later(store: SqlStore) -> None:
    articles = [new(story(1)), new(cut(story(1))), new(story(2))]
    items = store.add(articles, near_duplicates=False)
    assert {item.outcome for item in items} == {Outcome.ADDED}
    assert ids(store, 1) == [1]
    assert add(store, new(f"By us. {story(1)}"))[0].outcome is Outcome.ADDED
    assert store.compare_waiting(2) == (2, 2)
    assert store.compare_waiting() == (1, 0)
    assert store.compare_waiting() == (0, 0)
    assert ids(store, 1) == [1, 2, 4]


def test_an_old_archive_is_compared_by_the_upgrade(run: Run, tmp_path: Path) -> None:
    files = {"a.txt": story(1), "b.txt": cut(story(1)), "c.txt": story(2)}
    for name, text in files.items():
        (tmp_path / name).write_text(f"{name}\n\n{text}")
    run("import", *(tmp_path / name for name in files), "--no-near-duplicates")
    assert "near-duplicate" not in run("stats").stdout
    assert "3 articles compared: 1 near-duplicates found." in run("upgrade").stdout
    assert run("search", "--json").json["collapsed"] == 1
    assert run("upgrade").stdout == "The database is up to date.\n"


def test_the_import_counts_them_apart(run: Run, tmp_path: Path) -> None:
    for name, text in {"a": story(1), "b": cut(story(1)), "c": story(1)}.items():
        (tmp_path / f"{name}.txt").write_text(f"The same title\n\n{text}")
    found = run("import", tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "c.txt", "--json").json
    assert (found["added"], found["near_duplicates"], found["duplicates"]) == (1, 1, 1)
    assert found["items"][0]["outcome"] == "near-duplicate"
    assert found["items"][0]["article"] == 2
    assert found["items"][0]["reason"].startswith("near-duplicate of article 1 (")


# -- shown as one


def filled(archive: Archive) -> None:
    """Two stories of three and two versions, and five other articles; all of them have the word `common`."""
    texts = [
        story(1),
        story(2),
        cut(story(1)),
        *(story(seed) for seed in range(10, 15)),
        cut(story(2)),
        f"So {story(1)}",
    ]
    archive.store.add([new(f"common {text}", f"article {at}") for at, text in enumerate(texts, 1)])
    archive.sync()


@pytest.mark.parametrize("sort", ["relevance", "recent", "newest", "oldest"])
def test_each_story_is_one_result_and_counts_stay_those_of_articles(archive: Archive, sort: str) -> None:
    filled(archive)
    request = SearchRequest(query="common", sort=sort, page_size=3)  # type: ignore[arg-type]
    pages = [archive.search(replace(request, page=page)) for page in (1, 2, 3)]
    assert {(page.total, page.collapsed, page.pages) for page in pages} == {(10, 3, 3)}
    hits = [hit for page in pages for hit in page.hits]
    assert [hit.rank for hit in hits] == list(range(1, 8))
    everything = [number for hit in hits for number in (hit.headline.id, *hit.near_duplicates)]
    assert sorted(everything) == list(range(1, 11))
    groups = {frozenset({hit.headline.id, *hit.near_duplicates}) for hit in hits if hit.near_duplicates}
    assert groups == {frozenset({1, 3, 10}), frozenset({2, 9})}
    order = list(archive.find(request).ids)
    assert len(order) == 10
    for hit in hits:
        assert list(hit.near_duplicates) == sorted(hit.near_duplicates, key=order.index)
        assert all(order.index(hit.headline.id) < order.index(each) for each in hit.near_duplicates)


def test_what_the_search_does_not_find_is_not_counted_as_version(archive: Archive) -> None:
    archive.store.add([new(f"{story(1)} ending"), new(cut(story(1)))])
    archive.sync()
    page = archive.search(SearchRequest(query="ending"))
    assert (page.total, page.collapsed, page.hits[0].near_duplicates) == (1, 0, ())


def test_the_index_follows_a_story(archive: Archive) -> None:
    filled(archive)
    archive.delete([1])
    page = archive.search(SearchRequest(query="common"))
    assert (page.total, page.collapsed) == (9, 2)
    archive.rebuild_index()
    assert archive.search(SearchRequest(query="common")).collapsed == 2
    assert archive.verify() == []


def test_one_switch_ungroups_the_results(archive: Archive) -> None:
    filled(archive)
    off = Archive(archive.store, archive.index, replace(archive.settings, near_duplicates=False))
    page = off.search(SearchRequest(query="common"))
    assert (page.total, page.collapsed, len(page.hits)) == (10, 0, 10)
    assert off.story(1) == []
    assert "versions of this story" not in create_app(off).test_client().get("/articles/1").text


def test_the_pages_show_a_story_and_what_differs(archive: Archive) -> None:
    filled(archive)
    client = create_app(archive).test_client()
    found = client.get("/search?q=common").text
    assert "<strong>10 articles</strong> in 7 results" in found
    assert ">+2 versions</a>" in found
    assert ">+1 version</a>" in found
    page = client.get("/articles/3").text
    assert "3 versions of this story" in page
    assert 'href="/articles/3/difference?with=10"' in page
    differs = client.get("/articles/3/difference?with=10").text
    assert "<ins>" in differs
    assert "<del>common </del><ins>common So " in differs or "<ins> So</ins>" in differs
    assert client.get("/articles/2/difference?with=2").status_code == 200


def test_what_differs_is_escaped(archive: Archive) -> None:
    archive.store.add([new(f"{story(1)} <b>one</b>"), new(f"{story(1)} <script>two</script>")])
    page = create_app(archive).test_client().get("/articles/1/difference?with=2").text
    assert "<script>two" not in page
    assert "&lt;" in page


@pytest.mark.parametrize(
    "query", ["with=99", "with=x", "with=-1", "with=9999999999999999999999", "version=7", "version=x"]
)
def test_a_difference_with_nothing_is_not_found(archive: Archive, query: str) -> None:
    archive.store.add([new(story(1))])
    client = create_app(archive).test_client()
    assert client.get(f"/articles/1/difference?{query}").status_code == 404
    assert client.get(f"/api/v1/articles/1/difference?{query}").status_code == 404
    assert client.get("/articles/5/difference").status_code == 404


def test_the_command_and_the_api_tell_the_same_difference(archive: Archive, run: Run) -> None:
    archive.store.add([new(story(1), url="https://a.example/1"), new(f"By us. {story(1)}")])
    archive.store.add([new(f"Now. {story(1)}", url="https://a.example/1")])
    told = create_app(archive).test_client().get("/api/v1/articles/1/difference?with=2").json
    assert run("diff", 1, 2, "--json").json == told
    assert told["paragraphs"][0][0] == {"kind": "deleted", "text": "Now"}
    assert "[-Now-]{+By us+}. " in run("diff", 1, 2).stdout
    assert "{+Now. +}" in run("diff", 1, "--version", 1).stdout.replace("{+Now.+} ", "{+Now. +}")
    run("diff", 1, 99, status=1)
    run("diff", 1, status=2)


def test_a_damaged_run_is_told_and_loses_no_article(store: SqlStore) -> None:
    add(store, new(story(1)))
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("DELETE FROM near_part")
    other = SqlStore(store.path)
    assert add(other, new(cut(story(1))))[0].outcome is Outcome.ADDED
    assert other.get(1).body == story(1)
    other.close()
