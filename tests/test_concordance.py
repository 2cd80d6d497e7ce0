"""Every match in its context: the lines are the marks, cut at words, sorted, bounded, and the same everywhere."""

import csv
import io
import json
import os
import pty
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import wire
from archive.bootstrap import open_archive
from archive.service import Archive
from archive.settings import load_settings
from archive.types import Concordance, Line, LineOrder, MessageKind, SearchRequest, Sort
from index import concordance
from index.concordance import CONTEXT, beside, words_of
from web import create_app

Run = Callable[..., Any]
"""See `conftest.run`."""

EVIL = "<script>alert('x')</script>"

RECORDS = [
    {"title": "Border talks", "body": "On border security they agreed.\n\nThe Border was closed. Éclair border, zebra.",
     "date": "2023-05-02", "source": "Wire", "lang": "en"},
    {"title": "Frontier", "body": "An eclair at the border with Iraq: “border security” near Iraq’s long border.",
     "date": "2021-05", "source": "Post", "lang": "en"},
    {"title": "The border in the title alone", "body": "Nothing else.", "date": "2020", "lang": "en"},
    {"title": "الحدود", "body": "أمن الحدود العراقية مهم. قال الوزير إن الحدود مغلقة.", "date": "2019", "lang": "ar"},
    {"title": "长江", "body": "地处长江上游的重庆，深入发掘长江文化的时代价值。", "lang": "zh"},
    {"title": EVIL, "body": f"=evil {EVIL} -border @here", "source": EVIL, "lang": "en"},
]  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("kwic")
    lines = folder / "articles.jsonl"
    lines.write_text("\n".join(map(json.dumps, RECORDS)))
    with open_archive(load_settings({"data": str(folder / "data")}, {})) as opened:
        assert opened.import_paths([str(lines)]).added == len(RECORDS)
        yield opened


@pytest.fixture(scope="module")
def client(archive: Archive) -> FlaskClient:
    return create_app(archive).test_client()


def ask(archive: Archive, query: str, order: LineOrder = LineOrder.FOUND, **options: object) -> Concordance:
    request = SearchRequest(query=query, **{"page_size": 1_000, **options})  # type: ignore[arg-type]
    return archive.concordance(request, order)


def texts(found: Concordance) -> list[str]:
    return [f"{line.left}[{line.match}]{line.right}" for line in found.lines]


# --- the lines are the marks


@pytest.mark.parametrize(
    "query",
    ["border", '"border security"', "border security", "border NEAR/5 iraq", "border /P iraq", "bord*", "eclair~",
     "ATLEAST2 border", "ALLCAPS(IS) OR border", "border -iraq", "title:border OR iraq", "حدود", "长江", "江", "evil",
     "who guards the long border with iraq"],
)  # fmt: skip
def test_the_lines_are_the_marks_of_the_articles_found(archive: Archive, query: str) -> None:
    found = ask(archive, query)
    page = archive.search(SearchRequest(query=query, page_size=100))
    expected = [
        (hit.headline.id, number, mark, re.sub(r"\s+", " ", paragraph.text[slice(*mark)]))
        for hit in page.hits
        for number, paragraph in enumerate(archive.mark(archive.get(hit.headline.id), query).paragraphs, 1)
        for mark in paragraph.marks
    ]
    assert expected
    assert [(line.headline.id, line.paragraph, line.span, line.match) for line in found.lines] == expected
    assert (found.articles, found.total, found.understood) == (page.total, len(expected), page.understood)


def test_a_line_has_what_stands_beside_the_match_and_nothing_of_another_paragraph(archive: Archive) -> None:
    assert texts(ask(archive, '"border security"', sort=Sort.NEWEST)) == [
        "On [border security] they agreed.",
        "An eclair at the border with Iraq: “[border security]” near Iraq’s long border.",
    ]
    assert texts(ask(archive, "长江")) == [
        "地处[长江]上游的重庆，深入发掘长江文化的时代价值。",
        "地处长江上游的重庆，深入发掘[长江]文化的时代价值。",
    ]


def test_words_near_each_other_are_one_line(archive: Archive) -> None:
    assert [line.match for line in ask(archive, "security NEAR/3 iraq").lines] == ["Iraq: “border security” near Iraq"]


def test_headlines_carry_no_text(archive: Archive) -> None:
    """Thousands of lines may be collected: each would keep its article in memory."""
    assert not any(hasattr(line.headline, "body") for line in ask(archive, "border").lines)


WORDS = st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12), min_size=1, max_size=60)


@given(WORDS, st.data())
def test_what_stands_beside_is_cut_where_words_end(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    at = data.draw(st.integers(0, len(words) - 1))
    start = len(" ".join(words[:at])) + bool(at)
    left, match, right = beside(text, start, start + len(words[at]))
    assert match == words[at]
    assert left.split() == words[at - len(left.split()) : at]
    assert right.split() == words[at + 1 : at + 1 + len(right.split())]
    assert len(left) <= CONTEXT >= len(right)
    assert len(left) > CONTEXT - 20 or left.split() == words[:at]
    assert len(right) > CONTEXT - 20 or right.split() == words[at + 1 :]


@given(st.text(max_size=300), st.data())
def test_what_stands_beside_is_what_the_text_has_there(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    left, match, right = beside(text, start, end)
    before, after = re.sub(r"\s+", " ", text[:start]), re.sub(r"\s+", " ", text[end:])
    assert before.endswith(left) or f"{before} ".endswith(left)
    assert after.startswith(right)
    assert match == re.sub(r"\s+", " ", text[start:end])


def test_a_script_without_spaces_is_cut_between_characters_not_before_an_accent() -> None:
    text = "ก\u0e49" * 200
    left, match, right = beside(text, 200, 202)
    assert match == "ก\u0e49"
    assert left.startswith("ก")
    assert right.endswith("\u0e49")
    assert CONTEXT - 2 <= len(left) <= CONTEXT
    assert beside("é" * 100 + "x", 100, 101)[0] == "é" * CONTEXT


# --- sorting


def test_as_found_is_the_order_of_the_search(archive: Archive) -> None:
    newest = [line.headline.title for line in ask(archive, "border", sort=Sort.NEWEST).lines]
    assert newest == ["Border talks"] * 3 + ["Frontier"] * 3 + [EVIL]
    oldest = [line.headline.title for line in ask(archive, "border", sort=Sort.OLDEST).lines]
    assert oldest == ["Frontier"] * 3 + ["Border talks"] * 3 + [EVIL]


def test_by_the_left_the_nearest_word_counts_first_then_the_next(archive: Archive) -> None:
    nearest = [words_of(line.left)[::-1] for line in ask(archive, "border", LineOrder.LEFT).lines]
    assert [words[:2] for words in nearest] == [
        ["eclair", "closed"],
        ["iraq", "with"],
        ["long", "s"],
        ["on"],
        ["script", "x"],
        ["the"],
        ["the", "at"],
    ]


def test_by_the_right_case_and_accents_do_not_count(archive: Archive) -> None:
    found = ask(archive, "an OR closed OR at OR long", LineOrder.RIGHT)
    assert [line.match for line in found.lines] == ["long", "An", "closed", "at"]  # border, eclair, Éclair, the


def test_scripts_without_spaces_are_sorted_by_their_characters(archive: Archive) -> None:
    by_left = [line.left[-1] for line in ask(archive, "长江", LineOrder.LEFT).lines]
    assert by_left == sorted(by_left) == ["处", "掘"]
    by_right = [line.right[0] for line in ask(archive, "长江", LineOrder.RIGHT).lines]
    assert by_right == sorted(by_right)
    assert words_of("İstanbul’da 长江 ÉCLAIR") == ["istanbul", "da", "长", "江", "eclair"]


def test_by_date_the_oldest_come_first_and_the_undated_last(archive: Archive) -> None:
    found = ask(archive, "border", LineOrder.DATE)
    assert [str(line.headline.published) for line in found.lines] == ["2021-05"] * 3 + ["2023-05-02"] * 3 + ["None"]
    assert [line.span for line in found.lines[:3]] == sorted(line.span for line in found.lines[:3])


@pytest.mark.parametrize("order", LineOrder)
def test_pages_are_parts_of_the_whole(archive: Archive, order: LineOrder) -> None:
    whole = ask(archive, "border", order)
    parts = [ask(archive, "border", order, page=number, page_size=3) for number in (1, 2, 3, 4)]
    assert [line for part in parts for line in part.lines] == list(whole.lines)
    assert {(part.total, part.pages) for part in parts} == {(7, 3)}


# --- bounds


def test_too_many_matches_are_the_first_ones_and_that_is_said(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = ask(archive, "border")
    assert [message.kind for message in everything.messages] == []
    monkeypatch.setattr(concordance, "MAX_LINES", 7)
    assert ask(archive, "border").messages == ()
    assert ask(archive, "border").lines == everything.lines
    monkeypatch.setattr(concordance, "MAX_LINES", 6)
    some = ask(archive, "border")
    assert some.lines == everything.lines[:6]
    assert [message.kind for message in some.messages] == [MessageKind.LIMIT]
    assert some.messages[0].text.startswith("These are the first 6 matches, of the first ")
    assert "of 4 articles" in some.messages[0].text


def test_articles_beyond_those_that_are_read_are_said(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concordance, "MAX_ARTICLES", 1)
    some = ask(archive, "border", sort=Sort.NEWEST)
    assert {line.headline.title for line in some.lines} == {"Border talks"}
    assert some.messages[0].text.startswith("These are the matches of the first 1 of 4 articles")


def test_what_takes_too_long_gives_what_was_read(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concordance.Collector, "_every", _late(concordance.Collector._every))
    some = ask(archive, "border", sort=Sort.NEWEST)
    assert len(some.lines) == 2
    assert some.messages[0].text.startswith("Reading took too long, so these are the matches of the first 1 of 4")


def _late(
    every: Callable[[concordance.Collector], Iterator[Line]],
) -> Callable[[concordance.Collector], Iterator[Line]]:
    def lines(collector: concordance.Collector) -> Iterator[Line]:
        found = every(collector)
        yield next(found)
        yield next(found)
        collector._deadline._end = 0
        collector._deadline.check()

    return lines


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "no word of the texts"),
        ("source:wire", "no word of the texts"),
        ("title:border", "no word of the texts"),
        ('"title alone"', "nowhere in its text"),
        ("xyzzy", "No article has"),
        ("b" * 5_000, "5,000 characters"),
        ("()", "nothing to search for"),
        ("?", "no letters or digits"),
        ("e*e", "letters in a row"),
    ],
)
def test_without_lines_it_is_said_why(archive: Archive, query: str, said: str) -> None:
    found = ask(archive, query)
    assert found.lines == ()
    assert any(said in message.text for message in found.messages), found.messages


def test_a_relaxed_search_has_the_lines_of_what_it_shows(archive: Archive) -> None:
    found = ask(archive, "zebra uranium")
    assert [line.match for line in found.lines] == ["zebra"]
    assert MessageKind.RELAXED in [message.kind for message in found.messages]


def test_a_deleted_article_has_no_lines(tmp_path: Path) -> None:
    with open_archive(load_settings({"data": str(tmp_path / "data")}, {})) as opened:
        (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, RECORDS)))
        opened.import_paths([str(tmp_path / "a.jsonl")])
        opened.store.delete([1])  # the index has not heard of it yet
        found = opened.index.concordance(SearchRequest(query="border"))
        assert found.articles == 4
        assert 1 not in [line.headline.id for line in found.lines]
        assert found.lines


# --- on the command line


@pytest.fixture
def filled(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(map(json.dumps, RECORDS)))
    run("import", path)


@pytest.mark.usefixtures("filled")
def test_the_command_prints_a_line_a_match(run: Run) -> None:
    ran = run("search", '"border security"', "--kwic", "--sort", "newest")
    assert ran.stdout.splitlines() == [
        "#1 ¶1  On **border security** they agreed.",
        "#2 ¶1  An eclair at the border with Iraq: “**border security**” near Iraq’s long border.",
    ]
    assert '2 matches in 2 articles for "border security"' in ran.stderr
    some = run("search", "border", "--kwic", "--limit", "2", "--page", "2", "--kwic-order", "left")
    assert len(some.stdout.splitlines()) == 2
    assert "7 matches in 4 articles for border, 2 of them shown" in some.stderr
    assert run("search", "xyzzy", "--kwic").stdout == ""


@pytest.mark.usefixtures("filled")
def test_the_command_prints_json_and_csv_of_the_same_lines(run: Run) -> None:
    answer = run("search", "border", "--kwic", "--kwic-order", "right", "--json").json
    assert list(answer) == ["query", "understood", "messages", "order", "articles", "total", "page", "pages", "took_ms",
                            "lines"]  # fmt: skip
    assert (answer["order"], answer["total"], answer["articles"]) == ("right", 7, 4)
    rows = list(csv.DictReader(io.StringIO(run("search", "border", "--kwic", "--kwic-order", "right", "--csv").stdout)))
    assert [(int(row["article"]), int(row["paragraph"]), row["match"]) for row in rows] == [
        (line["id"], line["paragraph"], line["match"]) for line in answer["lines"]
    ]
    assert [row["left"].lstrip("'") for row in rows] == [line["left"].strip() for line in answer["lines"]]


@pytest.mark.usefixtures("filled")
def test_no_cell_is_a_formula(run: Run) -> None:
    cells = [
        cell
        for query in ("evil", "here", "border")
        for row in csv.reader(io.StringIO(run("search", query, "--kwic", "--csv").stdout))
        for cell in row
    ]
    assert "'=" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_options_about_lines_need_lines(run: Run) -> None:
    assert "--kwic" in run("search", "x", "--csv", status=2).stderr
    assert "--kwic" in run("search", "x", "--kwic-order", "left", status=2).stderr
    assert "together" in run("search", "x", "--kwic", "--csv", "--json", status=2).stderr
    run("search", "x", "--kwic", "--kwic-order", "best", status=2)


@pytest.mark.usefixtures("filled")
def test_on_a_terminal_every_match_begins_in_the_same_column(start: Callable[..., "subprocess.Popen[str]"]) -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "60", "NO_COLOR": "1"}
    process = start("search", "border OR 长江", "--kwic", stdout=theirs, stderr=subprocess.DEVNULL, env=environment)
    os.close(theirs)
    written = b""
    try:
        while data := os.read(ours, 65_536):
            written += data
    except OSError:  # Linux's way to say that the other side is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", written.decode()).splitlines()
    assert len(lines) == 9
    wide = [re.sub(r"[\u3000-\uffef\u4e00-\u9fff]", "xx", line) for line in lines]
    assert len({line.index("**") for line in wide}) == 1
    assert all(len(line) <= 60 for line in wide)


# --- on the web


def page(client: FlaskClient, path: str, status: int = 200, **args: object) -> str:
    with client.get(path, query_string=args) as response:
        assert response.status_code == status
        return response.text


def test_the_page_has_a_line_a_match_that_leads_to_its_paragraph(client: FlaskClient) -> None:
    text = page(client, "/kwic", q='"border security"', sort="newest")
    assert "<strong>2 matches</strong> in 2 articles" in text
    assert re.findall(r'class="line" href="(.*?)"', text) == [
        "/articles/1?q=%22border+security%22#p1",
        "/articles/2?q=%22border+security%22#p1",
    ]
    assert text.count("<mark>border security</mark>") == 2
    assert 'href="/search?q=%22border+security%22&amp;sort=newest"' in text
    assert 'href="?q=%22border+security%22&amp;sort=newest&amp;order=left"' in text
    assert 'href="/kwic.csv?q=%22border+security%22&amp;sort=newest"' in text


def test_the_search_page_leads_to_the_lines_with_its_filters(client: FlaskClient) -> None:
    assert 'href="/kwic?q=border&amp;source=Wire"' in page(client, "/search", q="border", source="Wire")
    filtered = page(client, "/kwic", q="border", source="Wire", order="left")
    assert "<strong>3 matches</strong> in 1 article" in filtered
    assert 'href="?q=border&amp;order=left"' in filtered  # without the filter
    assert "/kwic" not in page(client, "/search", source="Wire")


def test_lines_have_their_language_and_direction(client: FlaskClient) -> None:
    assert '<li lang="ar" dir="rtl">' in page(client, "/kwic", q="حدود")


def test_nothing_that_was_imported_or_typed_becomes_markup(client: FlaskClient) -> None:
    for text in (page(client, "/kwic", q="evil"), page(client, "/kwic", q=EVIL, order=EVIL, source=EVIL)):
        assert "<script>alert" not in text


def test_a_page_after_the_last_leads_to_the_last(client: FlaskClient) -> None:
    with client.get("/kwic?q=border&page=7&order=left") as response:
        assert response.status_code == 302
        assert response.location == "/kwic?q=border&page=1&order=left"


def test_the_api_and_the_command_answer_the_same(client: FlaskClient, archive: Archive) -> None:
    answer = json.loads(page(client, "/api/v1/kwic", q="border", order="left"))
    expected = wire.concordance(ask(archive, "border", LineOrder.LEFT, page_size=5_000))
    assert answer.pop("took_ms") >= 0
    expected.pop("took_ms")
    assert answer == json.loads(json.dumps(expected))
    some = json.loads(page(client, "/api/v1/kwic", q="border", order="left", limit="3", page="2"))
    assert some["lines"] == answer["lines"][3:6]
    assert len(json.loads(page(client, "/api/v1/kwic", q="border", limit="many"))["lines"]) == 7


def test_the_table_is_a_download_of_all_lines(client: FlaskClient) -> None:
    with client.get("/kwic.csv?q=border&order=date&page=2") as response:
        assert response.mimetype == "text/csv"
        assert response.headers["Content-Disposition"].startswith("attachment")
        rows = list(csv.reader(io.StringIO(response.text)))
    assert rows[0] == ["article", "paragraph", "left", "match", "right", "title", "source", "published", "url"]
    assert len(rows) == 8


def test_an_order_that_is_none_is_ignored_and_said(client: FlaskClient) -> None:
    answer = json.loads(page(client, "/api/v1/kwic", q="border", order="best"))
    assert answer["total"] == 7
    assert "order=best is no order of lines; there are found, left, right, date" in answer["messages"][0]["text"]


NAMES = st.sampled_from(["q", "from", "to", "source", "language", "sort", "page", "limit", "order", "x"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.lists(st.tuples(NAMES, st.text(max_size=25) | st.sampled_from(["left", "border", "9"])), max_size=5))
def test_any_address_gets_lines(client: FlaskClient, pairs: list[tuple[str, str]]) -> None:
    for path in ("/kwic", "/kwic.csv", "/api/v1/kwic"):
        with client.get(
            path, query_string=[(name, value.encode("utf-8", "replace")) for name, value in pairs]
        ) as response:
            assert response.status_code in (200, 302)
