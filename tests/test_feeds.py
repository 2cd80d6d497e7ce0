"""Files and feeds of a search over HTTP, and what the archive says of itself to programs."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from archive.bootstrap import open_archive
from archive.service import Archive
from archive.settings import load_settings
from web import SECURITY_HEADERS, create_app
from web.openapi import DESCRIPTION, SCHEMAS

EVIL = "<script>alert('x')</script>&amp;]]>"
ATOM = "{http://www.w3.org/2005/Atom}"

RECORDS = [
    {"title": "Border talks", "body": "On border security.", "date": "2023-05-02", "source": "Wire",
     "author": "Ann Lee", "url": "https://e.org/1", "tags": ["world"]},
    {"title": f"Border {EVIL}", "body": f"The border {EVIL}.", "date": "2021-05", "source": EVIL, "tags": [EVIL]},
    {"title": "Border later", "body": "A border.", "date": "2024-01-02T10:00:00+03:00"},
    {"title": "Border some day", "body": "A border."},
]  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("feeds")
    lines = folder / "articles.jsonl"
    lines.write_text("\n".join(map(json.dumps, RECORDS)))
    with open_archive(load_settings({"data": str(folder / "data")}, {})) as opened:
        opened.import_paths([str(lines)])
        yield opened


@pytest.fixture(scope="module")
def client(archive: Archive) -> FlaskClient:
    return create_app(archive).test_client()


def feed(client: FlaskClient, path: str = "/search.atom?q=border", **options: Any) -> ET.Element:
    answer = client.get(path, **options)
    assert (answer.status_code, answer.content_type) == (200, "application/atom+xml; charset=utf-8")
    return ET.fromstring(answer.data)


def texts(element: ET.Element, name: str) -> list[str | None]:
    return [found.text for found in element.iter(f"{ATOM}{name}")]


# -- the feed


def test_a_feed_has_what_rfc_4287_asks_for(client: FlaskClient) -> None:
    found = feed(client)
    assert found.tag == f"{ATOM}feed"
    for element in (found, *found.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
    assert found.find(f"{ATOM}author/{ATOM}name") is not None  # for the entries that have none
    for name in (*texts(found, "id"),):
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", name or "")
    for moment in texts(found, "updated") + texts(found, "published"):
        assert datetime.fromisoformat(moment or "").tzinfo is not None
    assert len(set(texts(found, "id"))) == 5


def test_a_feed_begins_with_the_newest(client: FlaskClient) -> None:
    titles = texts(feed(client), "title")
    assert titles[1:3] == ["Border later", "Border talks"]
    oldest = texts(feed(client, "/search.atom?q=border&sort=oldest"), "title")
    assert oldest[1] == f"Border {EVIL}"


def test_no_date_is_more_precise_than_its_source(client: FlaskClient) -> None:
    """Of the four, two have a day; a month alone is no instant."""
    assert texts(feed(client), "published") == ["2024-01-02T10:00:00+03:00", "2023-05-02T00:00:00+00:00"]


def test_names_of_entries_stay_whatever_the_host(client: FlaskClient) -> None:
    here = texts(feed(client), "id")
    there = texts(feed(client, headers={"Host": "127.0.0.1:9999"}), "id")
    assert here == there


def test_nothing_stored_becomes_markup(client: FlaskClient) -> None:
    found = feed(client, f"/search.atom?q={'%3Cscript%3E'}+border")
    assert not [element for element in found.iter() if "script" in element.tag]
    summaries = list(found.iter(f"{ATOM}summary"))
    assert summaries
    assert {each.get("type") for each in summaries} == {"text"}
    assert all(not len(each) for each in summaries)
    assert "<mark>" not in "".join(filter(None, texts(found, "summary")))


def test_a_feed_leads_to_its_articles_and_pages(client: FlaskClient) -> None:
    found = feed(client, "/search.atom?q=border&source=Wire")
    links = {link.get("rel"): link.get("href") for link in found.findall(f"{ATOM}link")}
    assert links == {
        "self": "http://localhost/search.atom?q=border&source=Wire&sort=newest",
        "alternate": "http://localhost/search?q=border&source=Wire&sort=newest",
    }
    entry = {link.get("rel"): link.get("href") for link in found.findall(f"{ATOM}entry/{ATOM}link")}
    assert entry == {"alternate": "http://localhost/articles/1?q=border", "via": "https://e.org/1"}
    for address in (*links.values(), entry["alternate"]):
        assert client.get((address or "").removeprefix("http://localhost")).status_code == 200


def test_a_feed_goes_on(archive: Archive, tmp_path: Path) -> None:
    small = load_settings({"data": str(archive.settings.data)}, {"ARCHIVE_PAGE_SIZE": "3"})
    with open_archive(small) as opened:
        client = create_app(opened).test_client()
        found, titles, address = feed(client), list[str | None](), None
        for _ in range(2):
            titles += texts(found, "title")[1:]
            address = found.find(f"{ATOM}link[@rel='next']")
            if address is not None:
                found = feed(client, (address.get("href") or "").removeprefix("http://localhost"))
        assert address is None
        assert len(set(titles)) == len(titles) == 4


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(max_size=20), st.text(max_size=8))
def test_whatever_is_asked_the_answer_is_well_formed(client: FlaskClient, query: str, source: str) -> None:
    args = {"q": f"border OR {query}".encode("utf-8", "replace"), "source": source.encode("utf-8", "replace")}
    for path in ("/search.atom", "/search.json", "/search.csv", "/search.ris", "/search.bib"):
        answer = client.get(path, query_string=args)
        assert answer.status_code in (200, 400)
        if path == "/search.atom":
            etree.fromstring(answer.data)
        assert all(
            character.isprintable() and character.isascii() for _, value in answer.headers for character in value
        )


# -- files


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [("csv", "text/csv"), ("ris", "application/x-research-info-systems"), ("bib", "application/x-bibtex")],
)
def test_a_file_says_what_it_is(client: FlaskClient, suffix: str, kind: str) -> None:
    answer = client.get(f"/search.{suffix}?q=Border+Talks!&page=9")
    assert answer.mimetype == kind
    assert answer.headers["Content-Disposition"] == f"attachment; filename=border-talks.{suffix}"
    assert answer.headers["Archive-Total"] == "1"
    assert "Border talks" in answer.text
    for name in SECURITY_HEADERS:
        assert name in answer.headers
    assert client.get(f"/search.{suffix}?q=الحدود").headers["Content-Disposition"].endswith(f"=articles.{suffix}")


def test_a_file_is_sent_as_it_is_made(client: FlaskClient, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    given_out = []
    articles = archive.articles
    monkeypatch.setattr(archive, "articles", lambda ids: (given_out.append(each.id) or each for each in articles(ids)))
    with client.get("/search.csv?q=border", buffered=False) as answer:
        pieces = iter(answer.response)
        next(pieces)
        assert len(given_out) < 4
        assert len([*pieces]) >= 3
    assert len(given_out) == 4


def test_what_the_answer_says_is_in_its_headers(client: FlaskClient) -> None:
    answer = client.get("/search.csv?q=border+nosuchwordatall&from=never")
    assert answer.headers["Archive-Relaxed"] == "true"
    said = [message["kind"] for message in json.loads(answer.headers["Archive-Messages"])]
    assert said == ["ignored", "unknown", "relaxed"]
    many = client.get("/search.csv", query_string={"q": " ".join(f"nosuch{n}字" for n in range(60))})
    assert len(many.headers["Archive-Messages"]) < 5000


def test_what_is_refused_is_no_empty_file(client: FlaskClient) -> None:
    answer = client.get("/search.csv", query_string={"q": "border " * 100})
    assert answer.status_code == 400
    assert "csv" not in answer.mimetype
    assert "Archive-Total" not in answer.headers


def test_an_article_can_be_cited(client: FlaskClient) -> None:
    answer = client.get("/articles/1.bib")
    assert answer.text.startswith("@article{lee2023-1,")
    assert answer.headers["Content-Disposition"] == "attachment; filename=lee2023-1.bib"
    assert client.get("/articles/1.ris").text.startswith("TY  - NEWS\r\n")
    assert client.get("/articles/999.ris").status_code == 404
    assert client.get("/articles/1.exe").status_code == 404


def test_pages_lead_to_all_of_it(client: FlaskClient) -> None:
    text = client.get("/search?q=border&source=Wire&page=1").text
    for address in re.findall(r'href="(/search\.\w+\?[^"]*)"', text):
        assert address.endswith("?q=border&amp;source=Wire")
        assert client.get(address.replace("&amp;", "&")).status_code == 200
    assert len(re.findall(r'href="/search\.\w+', text)) == 6  # five links, and the feed in the head
    assert re.search(r'<link rel="alternate" type="application/atom\+xml"[^>]*href="/search\.atom\?q=border&amp;', text)
    assert 'href="/articles/1.bib"' in client.get("/articles/1").text


# -- to programs


def test_a_browser_can_search_the_archive(client: FlaskClient) -> None:
    link = re.search(
        r'<link rel="search" href="([^"]+)" type="application/opensearchdescription\+xml"', client.get("/").text
    )
    assert link
    answer = client.get(link[1])
    assert answer.mimetype == "application/opensearchdescription+xml"
    root = ET.fromstring(answer.data)
    name = "{http://a9.com/-/spec/opensearch/1.1/}"
    assert root.tag == f"{name}OpenSearchDescription"
    assert len(root.findtext(f"{name}ShortName") or "") in range(1, 17)
    templates = {url.get("type"): url.get("template") or "" for url in root.findall(f"{name}Url")}
    assert set(templates) == {"text/html", "application/atom+xml"}
    for template in templates.values():
        address = template.replace("{searchTerms}", "border").removeprefix("http://localhost")
        assert "Border talks" in client.get(address).text.replace("<mark>", "").replace("</mark>", "")


def test_the_api_described_is_the_api_there_is(archive: Archive, client: FlaskClient) -> None:
    pages = {"/", "/search", "/saved", "/saved/seen", "/saved/remove", "/opensearch.xml", "/static/{filename}"}
    pages |= {"/articles/{number}", "/articles/{number}/original", "/articles/{number}/difference", "/kwic"}
    routes = set()
    for rule in create_app(archive).url_map.iter_rules():
        route = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        choices = re.search(r"<any\(([^)]*)\):\w+>", route)
        routes |= {route.replace(choices[0], each.strip()) for each in choices[1].split(",")} if choices else {route}
    assert set(DESCRIPTION["paths"]) == routes - pages  # type: ignore[call-overload]
    assert json.loads(client.get("/api/openapi.json").text) == json.loads(json.dumps(DESCRIPTION))


def fits(value: object, schema: dict[str, Any]) -> None:
    """Check a value against the part of JSON Schema that the description uses."""
    schema = SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    kind = schema["type"]
    if isinstance(kind, list):
        if value is None:
            return
        (kind,) = set(kind) - {"null"}
    assert isinstance(value, kinds[kind]), (value, schema)
    if isinstance(value, dict):
        assert set(value) == set(schema["properties"])
        for name, part in value.items():
            fits(part, schema["properties"][name])
    if isinstance(value, list):
        for part in value:
            fits(part, schema["items"])
    assert value in schema.get("enum", [value])


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/api/v1/search?q=border+talks", "Answer"),
        ("/search.json?q=nosuchword+border&from=never", "Answer"),
        ("/api/v1/kwic?q=border", "Concordance"),
        ("/api/v1/suggest?q=bord", "Suggestions"),
        ("/api/v1/articles/1?q=border", "Article"),
        ("/api/v1/articles/1/similar", "Hits"),
        ("/healthz", "Health"),
        ("/api/v1/articles/999", "Error"),
    ],
)
def test_answers_are_as_described(client: FlaskClient, address: str, name: str) -> None:
    fits(client.get(address).json, {"$ref": f"#/components/schemas/{name}"})
