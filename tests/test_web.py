"""The pages and the API, as a client sees them: on a real archive, with everything that can be typed."""

import html
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape
from werkzeug.datastructures import MultiDict

from archive import wire
from archive.bootstrap import open_archive
from archive.service import Archive
from archive.settings import load_settings
from archive.types import ArticleFilter, MarkedText, SearchRequest, Sort
from web import SECURITY_HEADERS, create_app
from web.params import to_args, to_request
from web.present import _marked

DEMO = Path(__file__).parents[1] / "docs" / "demo"
FOUNDING = DEMO / "turkiye-iraq-border.txt"
EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'&"

RECORDS = [
    {"title": "Border talks in Ankara", "body": "On border security.\n\nMore on the border.", "date": "2023-05-02",
     "source": "Wire", "author": "Ann Lee", "lang": "en", "tags": ["world"], "url": "https://e.org/1"},
    {"title": "Les frontières", "body": "La sécurité.", "date": "2021-05", "source": "Fil", "lang": "fr"},
    {"title": "الحدود العراقية", "body": "أمن الحدود العراقية.", "date": "2019", "source": "Anba", "lang": "ar"},
    {"title": EVIL, "body": f"evil {EVIL} border", "date": "2020-01-01", "source": EVIL, "author": EVIL, "tags": [EVIL],
     "url": "javascript:alert(1)", "lang": "en"},
]  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("web")
    lines = folder / "articles.jsonl"
    lines.write_text("\n".join(map(json.dumps, RECORDS)))
    with open_archive(load_settings({"data": str(folder / "data")}, {})) as opened:
        opened.import_paths([str(FOUNDING), str(lines)])
        assert opened.count() == 5
        yield opened


@pytest.fixture(scope="module")
def client(archive: Archive) -> FlaskClient:
    return create_app(archive).test_client()


def page(client: FlaskClient, path: str, status: int = 200, **args: object) -> str:
    with client.get(path, query_string=args) as response:
        assert response.status_code == status
        for name in SECURITY_HEADERS:
            assert name in response.headers
        return response.text


def test_the_founding_article_is_found_with_exactly_the_phrase_marked(client: FlaskClient) -> None:
    text = page(client, "/search", q='"border security"', language="en", to="2100")
    assert set(re.findall(r"<mark>(.*?)</mark>", page(client, "/search", q='"border security" iraq'))) >= {
        "border security"
    }
    assert "<mark>border security</mark>" in text


@pytest.mark.parametrize(
    "query",
    ["Turkiye", "TÜRKİYE", "turkiye’s", "suleyman soylu", "FTF", "7500", "7,500", "“foreign terrorist fighters”",
     "counter-terrorism", "counterterrorism", "terrorist financing", "border security"],
)  # fmt: skip
def test_the_founding_article_is_found_however_it_is_asked_for(client: FlaskClient, query: str) -> None:
    text = page(client, "/search", q=query)
    assert "/articles/1?" in text
    assert "<mark>" in text


def test_a_phrase_that_nobody_wrote_says_what_to_try(client: FlaskClient) -> None:
    text = page(client, "/search", q='"security border"')
    assert "Nothing found" in text
    assert 'href="?q=security+border"' in text


def test_an_article_has_every_match_marked_and_numbered(client: FlaskClient) -> None:
    text = page(client, "/articles/1", q='"border security"')
    assert re.findall(r'<mark id="(m\d+)"[^>]*>(.*?)</mark>', text) == [
        ("m1", "border security"),
        ("m2", "border security"),
    ]
    assert 'id="p10"' in text
    assert "2 matches" in text
    assert "<mark" not in page(client, "/articles/1")


def test_an_article_says_what_its_date_was_taken_from(client: FlaskClient) -> None:
    assert "<dt>Published</dt><dd>2 May 2023, as its source states it</dd>" in page(client, "/articles/2")
    assert "<dt>Published</dt>" not in page(client, "/articles/1")  # it has no date
    with client.get("/api/v1/articles/2") as response:
        assert response.json["dated_by"] == "metadata"


def test_an_article_has_its_citation(client: FlaskClient) -> None:
    number = json.loads(page(client, "/api/v1/search", q="ankara"))["hits"][0]["id"]
    text = page(client, f"/articles/{number}", q="border")
    said = f"Ann Lee, “Border talks in Ankara”, Wire, 2 May 2023, https://e.org/1. Archived at http://localhost/articles/{number}"
    assert f">{said} (accessed " in text
    assert f'data-paragraph="{said}#p (accessed ' in text


def test_the_original_is_a_download(client: FlaskClient) -> None:
    with client.get("/articles/1/original") as response:
        assert response.data == FOUNDING.read_bytes()
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.mimetype == "application/octet-stream"


def test_texts_have_their_language_and_direction(client: FlaskClient) -> None:
    text = page(client, "/search", q="العراق")
    assert 'lang="ar" dir="rtl"' in text
    assert 'lang="fr" dir="ltr"' in page(client, "/search", q="frontières")


def test_nothing_that_was_imported_or_typed_becomes_markup(client: FlaskClient) -> None:
    number = next(hit["id"] for hit in json.loads(page(client, "/api/v1/search", q="evil"))["hits"])
    for text in (
        page(client, "/"),
        page(client, "/search", q=f"evil {EVIL}", source=EVIL, author=EVIL, sort=EVIL, page=EVIL, **{"from": EVIL}),
        page(client, "/search", q="evil"),
        page(client, f"/articles/{number}", q=EVIL),
        page(client, f"/{EVIL}", 404),
    ):
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "javascript:" not in text
    shown = page(client, f"/articles/{number}")
    assert html.escape("<script>alert", quote=False) in shown


def test_days_are_inclusive(client: FlaskClient) -> None:
    def total(**args: str) -> int:
        return int(json.loads(page(client, "/api/v1/search", **args))["total"])

    assert total(**{"from": "2023-05-02", "to": "2023-05-02"}) == 1
    assert total(**{"from": "2023-05-03"}) == 0
    assert total(to="2019-01-01") == 1  # dated 2019, so it may be of that day
    assert total(**{"from": "2021", "to": "2021"}) == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"from": "yesterday"}, "from=yesterday is no date"),
        ({"to": "2023-13"}, "to=2023-13 is no date"),
        ({"from": "2023", "to": "2021"}, "ends before it begins"),
        ({"sort": "best"}, "sort=best is no order"),
        ({"page": "0"}, "page=0 is no page"),
        ({"page": "x"}, "page=x is no page"),
        ({"page": "999999"}, "10,000"),
    ],
)
def test_rubbish_in_the_address_is_ignored_and_said(client: FlaskClient, args: dict[str, str], said: str) -> None:
    answer = json.loads(page(client, "/api/v1/search", q="border", **args))
    assert any(said in message["text"] for message in answer["messages"])
    assert answer["total"] > 0


def test_a_page_after_the_last_leads_to_the_last(client: FlaskClient) -> None:
    with client.get("/search?q=border&page=7") as response:
        assert response.status_code == 302
        assert response.location == "/search?q=border&page=1"


def test_filters_can_be_chosen_and_removed(client: FlaskClient) -> None:
    assert 'href="?q=border&amp;source=Wire"' in page(client, "/search", q="border")
    chosen = page(client, "/search", q="border", source="Wire")
    assert "1 article" in chosen
    assert 'aria-current="true"' in chosen


def test_an_empty_archive_says_how_to_fill_it(tmp_path: Path) -> None:
    with open_archive(load_settings({"data": str(tmp_path / "my data")}, {})) as opened:
        text = page(create_app(opened).test_client(), "/")
    assert "empty" in text
    assert f"archive --data {tmp_path / 'my data'} import" in html.unescape(text)


def test_what_does_not_exist_is_said(client: FlaskClient) -> None:
    assert "there is no article 999" in page(client, "/articles/999", 404)
    assert "no version 7" in page(client, "/articles/1", 404, version="7")
    assert json.loads(page(client, "/api/v1/articles/999", 404))["reason"] == "there is no article 999"
    page(client, "/nothing", 404)
    with client.post("/search") as response:
        assert response.status_code == 405


def test_suggestions_are_answered(client: FlaskClient) -> None:
    answer = json.loads(page(client, "/api/v1/suggest", q="bord"))
    assert answer["query"] == "bord"
    assert {"kind": "word", "text": "border", "query": "border"}.items() <= answer["suggestions"][0].items()
    assert json.loads(page(client, "/api/v1/suggest"))["suggestions"] == []


def test_only_this_machine_is_answered(client: FlaskClient) -> None:
    """A web site that points its own name at 127.0.0.1 gets nothing."""
    with client.get("/", headers={"Host": "evil.example"}) as response:
        assert response.status_code == 400
        assert "Content-Security-Policy" in response.headers
    for host in ("localhost:8000", "127.0.0.1:1234", "[::1]:80"):
        with client.get("/", headers={"Host": host}) as response:
            assert response.status_code == 200


def test_the_api_answers_what_the_archive_answers(client: FlaskClient, archive: Archive) -> None:
    answer = json.loads(page(client, "/api/v1/search", q="border", sort="newest"))
    expected = wire.search_page(archive.search(SearchRequest(query="border", sort=Sort.NEWEST)))
    expected["took_ms"] = answer["took_ms"]
    assert answer == json.loads(json.dumps(expected))
    assert list(answer) == list(expected)
    article = json.loads(page(client, "/api/v1/articles/1", q="border"))
    assert article["paragraphs"][1]["marks"]


def test_health(client: FlaskClient) -> None:
    assert json.loads(page(client, "/healthz")) == {"status": "ok", "articles": 5, "index": "current", "behind": 0}


def test_static_files_change_their_address_with_their_content(client: FlaskClient) -> None:
    found = re.search(r'href="(/static/style.css\?v=\w+)"', page(client, "/"))
    assert found
    with client.get(found[1]) as response:
        assert "immutable" in response.headers["Cache-Control"]
        assert "url(" not in response.text  # nothing from elsewhere


TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
VALUES = st.lists(TEXTS.filter(lambda value: bool(value.strip())), max_size=3, unique=True).map(tuple)


@given(
    st.builds(
        SearchRequest,
        query=TEXTS,
        filter=st.builds(
            ArticleFilter,
            published_from=st.none() | st.dates(max_value=date(2000, 1, 1)),
            published_to=st.none() | st.dates(min_value=date(2000, 1, 1)),
            sources=VALUES, authors=VALUES, languages=VALUES, tags=VALUES,
        ),
        sort=st.sampled_from(Sort),
        page=st.integers(1, 500),
    )
)  # fmt: skip
def test_a_request_is_its_address(request: SearchRequest) -> None:
    assert to_request(MultiDict(to_args(request)), request.page_size) == (request, ())


NAMES = st.sampled_from(["q", "from", "to", "source", "author", "language", "tag", "sort", "page", "limit", "x"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.lists(st.tuples(NAMES, st.text(max_size=25)), max_size=5))
def test_any_address_gets_a_page(client: FlaskClient, pairs: list[tuple[str, str]]) -> None:
    for path in ("/search", "/api/v1/search", "/articles/1"):
        with client.get(
            path, query_string=[(name, value.encode("utf-8", "replace")) for name, value in pairs]
        ) as response:
            assert response.status_code in (200, 302)


@given(
    st.lists(st.tuples(st.text(st.sampled_from("ab<&>\"' é\x01")), st.integers(0, 5), st.integers(1, 4)), max_size=5)
)
def test_matches_are_marked_and_all_else_is_escaped(drawn: list[tuple[str, int, int]]) -> None:
    texts = [
        MarkedText(text, ((start, min(len(text), start + length)),) if start < len(text) else ())
        for text, start, length in drawn
    ]
    expected = [
        "".join(f"<mark>{escape(piece)}</mark>" if is_match else escape(piece) for piece, is_match in text.parts())
        for text in texts
    ]
    assert [found.replace("\x01", "") for found in _marked(texts)] == [each.replace("\x01", "") for each in expected]
