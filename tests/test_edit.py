"""`archive edit`: what a person sets holds, whatever is imported afterwards, and nothing that was there is lost."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.editing import cleaned
from archive.errors import ArticleNotFoundError, EditError
from archive.service import Archive
from archive.types import FIELDS, NewArticle, OnDuplicate, Origin, Outcome, PublicationDate, SearchRequest
from tests.conftest import Run

ORIGIN = Origin("a.jsonl", "jsonl", "1")
URL = "https://news.example/a"


def new(**values: Any) -> NewArticle:
    return NewArticle(**{"title": "Old title", "body": "Old text.", "url": URL, "origin": ORIGIN, **values})


def edited(archive: Archive, **values: Any) -> None:
    archive.edit(1, cleaned(values))


# -- what an edit does


def test_every_field_can_be_set(run: Run, archive: Archive, tmp_path: Path) -> None:
    archive.store.add([new()])
    text = tmp_path / "text.txt"
    text.write_text("First paragraph.\n\nSecond paragraph.\n", encoding="utf-8")
    done = run(
        "edit", 1, "--title", " New  title ", "--body", text, "--author", "Lee", "--author", "Kim", "--source", "Post",
        "--section", "World", "--date", "2 May 2023", "--language", "de", "--tag", "a", "--tag", "b",
        "--url", "HTTPS://news.example/b?utm_source=x", "--summary", "In short", "--json",
    ).json  # fmt: skip
    article = done["article"]
    assert article["title"] == "New title"
    assert article["body"] == ["First paragraph.", "Second paragraph."]
    assert (article["authors"], article["tags"]) == (["Lee", "Kim"], ["a", "b"])
    assert (article["source"], article["section"], article["summary"]) == ("Post", "World", "In short")
    assert (article["published"], article["language"]) == ("2023-05-02", "de")
    assert article["url"] == "https://news.example/b"
    assert done["changed"] == done["edited"] == ["text" if name == "body" else name for name in FIELDS]


def test_the_text_may_come_from_standard_input_in_any_encoding(run: Run, archive: Archive, tmp_path: Path) -> None:
    archive.store.add([new()])
    run("edit", 1, "--body", "-", stdin="From a pipe.")
    assert archive.get(1).body == "From a pipe."
    (tmp_path / "old.txt").write_bytes("Über die Brücke führt eine Straße.".encode("cp1252"))
    run("edit", 1, "--body", tmp_path / "old.txt")
    assert archive.get(1).body == "Über die Brücke führt eine Straße."


def test_every_field_that_may_be_missing_can_be_cleared(run: Run, archive: Archive) -> None:
    date = PublicationDate.parse("2023")
    archive.store.add(
        [new(authors=("A",), source="S", section="X", published=date, language="en", tags=("t",), summary="m")]
    )
    names = ("author", "source", "section", "date", "language", "tag", "url", "summary")
    article = run("edit", 1, *(f"--no-{name}" for name in names), "--json").json["article"]
    assert article["authors"] == article["tags"] == []
    assert {article[name] for name in ("source", "section", "published", "language", "url", "summary")} == {None}
    assert archive.count() == 1
    assert [each.id for each in archive.headlines()] == [1]


def test_the_index_follows_and_the_text_before_is_kept(run: Run, archive: Archive) -> None:
    archive.store.add([new()])
    archive.sync()
    run("edit", 1, "--title", "Entirely different heading")
    assert [hit.headline.id for hit in archive.search(SearchRequest(query="entirely")).hits] == [1]
    assert not archive.search(SearchRequest(query='"old title"')).total
    assert [(each.number, each.title) for each in archive.versions(1)] == [
        (2, "Entirely different heading"), (1, "Old title"),
    ]  # fmt: skip
    assert archive.get(1, 1).body == "Old text."
    assert archive.verify() == []


def test_metadata_makes_no_version_and_the_same_value_changes_nothing(archive: Archive) -> None:
    archive.store.add([new()])
    edited(archive, source="Post")
    before = archive.get(1)
    done = archive.edit(1, cleaned({"source": "Post", "title": "Old title"}))
    assert done.changed == ()
    assert done.edited == ("title", "source")
    assert archive.get(1) == before
    assert len(archive.versions(1)) == 1


# -- what is refused, with nothing changed


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--title", "--- "), 2, "no letter"),
        (("--url", "ftp://x.example/"), 2, "no address of the web"),
        (("--url", "https://news.example/b"), 2, "article 2 has the URL"),
        (("--language", "klingon!"), 2, "no language code"),
        (("--date", "soon"), 2, "is no date"),
        (("--source", " "), 2, "--no-source clears it"),
        (("--author", ""), 2, "one of the authors is empty"),
        (("--no-url", "--url", "https://x.example/"), 2, "clears what another option sets"),
        ((), 2, "nothing is said"),
        (("--body", "/nowhere/at/all"), 2, "No such file"),
    ],
)
def test_a_bad_value_is_refused_and_nothing_is_changed(
    run: Run, archive: Archive, options: tuple[str, ...], status: int, words: str
) -> None:
    archive.store.add([new(), new(url="https://news.example/b", body="Other text.")])
    before, sequence = archive.get(1), archive.store.last_sequence()
    given = ("--summary", "This is good", *options) if options else ()
    assert words in run("edit", 1, *given, status=status).stderr
    assert archive.get(1) == before
    assert archive.store.last_sequence() == sequence


def test_an_empty_text_is_refused(run: Run, archive: Archive) -> None:
    archive.store.add([new()])
    assert "the text has no letter" in run("edit", 1, "--body", "-", stdin=" \n ", status=2).stderr
    assert archive.get(1).body == "Old text."


def test_an_article_that_is_not_there(run: Run, archive: Archive) -> None:
    assert "there is no article 7" in run("edit", 7, "--title", "x", status=1).stderr
    with pytest.raises(ArticleNotFoundError):
        archive.store.edit(2**80, {"title": "x"})


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=40) | st.none() | st.tuples(st.text()), min_size=1))
def test_whatever_is_stated_is_clean_or_refused(values: Any) -> None:
    try:
        found = cleaned(values)
    except EditError:
        return
    for value in found.values():
        for text in value if isinstance(value, tuple) else (value,):
            assert text is None or "\0" not in str(text)
            str(text).encode()  # half of a surrogate pair could not be stored


# -- what holds


def test_no_import_overwrites_what_was_edited(archive: Archive) -> None:
    archive.store.add([new(source="Old", tags=("old",))])
    edited(archive, source="Mine", authors=(), published=PublicationDate.parse("2020-02"))
    again = new(source="Theirs", tags=("new",), authors=("They",), published=PublicationDate.parse("2023"))
    (item,) = archive.store.add([again], OnDuplicate.UPDATE)
    assert (item.outcome, item.reason) == (Outcome.UPDATED, "same text as article 1; now with its tags")
    article = archive.get(1)
    assert (article.source, article.authors, article.tags) == ("Mine", (), ("new",))
    assert str(article.published) == "2020-02"
    assert [each.id for each in archive.headlines()] == [1]


def test_a_url_that_was_cleared_stays_away(archive: Archive) -> None:
    archive.store.add([new()])
    edited(archive, url=None)
    (item,) = archive.store.add([new()], OnDuplicate.UPDATE)
    assert item.outcome is Outcome.DUPLICATE
    assert archive.get(1).url is None


def test_a_new_version_keeps_what_was_edited(archive: Archive) -> None:
    archive.store.add([new(source="Old")])
    edited(archive, title="My title", source=None)
    (item,) = archive.store.add([new(title="Their title", body="Their new text.", source="Theirs")])
    assert item.outcome is Outcome.UPDATED
    article = archive.get(1)
    assert (article.title, article.body, article.source) == ("My title", "Their new text.", None)
    assert article.version == 3
    assert [each.title for each in archive.versions(1)] == ["My title", "My title", "Old title"]
    archive.sync()
    assert archive.verify() == []


def test_running_that_import_twice_changes_nothing(archive: Archive) -> None:
    archive.store.add([new()])
    edited(archive, title="My title")
    later = [new(body="Their new text."), new(title="Third", body="Their new text.")]
    first = archive.store.add(later)
    assert [item.outcome for item in first] == [Outcome.UPDATED, Outcome.DUPLICATE]
    before, sequence = archive.get(1), archive.store.last_sequence()
    assert {item.outcome for item in archive.store.add([new(), *later])} == {Outcome.DUPLICATE}
    assert (archive.get(1), archive.store.last_sequence()) == (before, sequence)


def test_an_edited_text_is_not_replaced(archive: Archive) -> None:
    archive.store.add([new()])
    edited(archive, body="My text.")
    (item,) = archive.store.add([new(body="Their new text.")])
    assert (item.outcome, item.article) == (Outcome.DUPLICATE, 1)
    assert "but for what was edited" in str(item.reason)
    assert archive.get(1).body == "My text."


def test_the_text_before_and_the_text_after_an_edit_are_duplicates(archive: Archive) -> None:
    archive.store.add([new()])
    edited(archive, title="My title")
    items = archive.store.add([new(url=None), new(title="My title", url=None)])
    assert [(item.outcome, item.article) for item in items] == [(Outcome.DUPLICATE, 1)] * 2
