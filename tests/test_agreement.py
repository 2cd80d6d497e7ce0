"""The same answer everywhere: page, API, command, files, feed and saved search give the same articles in one order."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from archive.bootstrap import open_archive
from archive.cli import main
from archive.settings import load_settings
from web import create_app

DEMO = Path(__file__).parents[1] / "docs" / "demo"

Asked = tuple[str, dict[str, Any]]

PLAIN = [
    "border", "border security", "the", "Türkiye", "turkiye iraq", "7,500", "counter-terrorism", "harbour strike",
    '"border security"', "“shared border”", '"security border"', '"border talks"~3', "border OR harbour",
    "border NOT security", "border -security", "-border", "(border OR harbour) AND strike", "harb*", "*our", "h?rbour",
    "harbuor~", "border NEAR/5 security", "border PRE/2 security", "border /P iraq", "ATLEAST2 harbour", "ALLCAPS(IS)",
    "title:border", "lead:harbour", "source:wire", "author:lee", "tag:trade", "language:de", "date:2021", "after:2022",
    "before:2020-06", "title:harbour OR author:lee", "", "nosuchwordatall", "border nosuchwordatall",
    "harbour strike nosuchwordatall", "What did the officials say about security at the border?",
    "how long will the strike in the harbour last", "!!! ???",
    '"unbalanced', "border AND", "NOT", "frontières sécurité",
    "HAFEN streik", "الحدود",
]  # fmt: skip

FILTERED: list[Asked] = [
    ("border", {"sort": "newest"}),
    ("border", {"sort": "oldest"}),
    ("", {"sort": "oldest"}),
    ("harbour", {"from": "2020", "to": "2021-06"}),
    ("harbour", {"source": ["Wire", "Fil"]}),
    ("strike", {"author": ["Ann Lee"], "sort": "newest"}),
    ("", {"language": ["de", "fr"]}),
    ("harbour", {"tag": ["trade"], "from": "2021"}),
    ("", {"source": ["Nobody"]}),
    ("harbour nosuchwordatall", {"source": ["Wire"]}),
]

ASKED: list[Asked] = [*((query, {}) for query in PLAIN), *FILTERED]


def records() -> Iterator[dict[str, Any]]:
    for n in range(40):
        yield {
            "title": f"Harbour strike {n}" if n % 3 else f"Border talks {n}",
            "body": f"The harbour strike of day {n}.\n\nOn border security, again: the harbour."
            if n % 2
            else f"The border is long, and IS is far. Part {n}.",
            "date": (f"{2018 + n % 6}", f"{2018 + n % 6}-0{1 + n % 9}", f"{2018 + n % 6}-05-1{n % 10}", None)[n % 4],
            "source": ("Wire", "Fil", None)[n % 3],
            "authors": ["Ann Lee"] if n % 5 == 0 else [],
            "tags": ["trade"] if n % 4 == 1 else [],
            "lang": "en",
        }
    yield {"title": "Streik im Hafen", "body": "Der Streik im Hafen ist vorbei.", "date": "2021-05", "lang": "de"}
    yield {"title": "Les frontières", "body": "La sécurité des frontières.", "lang": "fr", "source": "Fil"}
    yield {"title": "الحدود العراقية", "body": "أمن الحدود العراقية.", "lang": "ar"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with sixty articles, whose pages hold all of them."""
    folder = tmp_path_factory.mktemp("agreement")
    lines = folder / "articles.jsonl"
    lines.write_text("\n".join(map(json.dumps, records())))
    with open_archive(load_settings({"data": str(folder / "data")}, {})) as archive:
        archive.import_paths([str(DEMO), str(lines)])
        assert archive.count() > 55
    (folder / "data" / "archive.toml").write_text("page_size = 200\n")
    return folder / "data"


@pytest.fixture(scope="module")
def client(data: Path) -> Iterator[FlaskClient]:
    with open_archive(load_settings({"data": str(data)}, {})) as archive:
        yield create_app(archive).test_client()


def get(client: FlaskClient, path: str, asked: Asked, **more: object) -> Any:
    with client.get(path, query_string={"q": asked[0], **asked[1], **more}) as answer:
        assert answer.status_code == 200, answer.text
        return answer.text, answer.headers


def command(data: Path, *words: str, asked: Asked = ("", {})) -> str:
    query, filters = asked
    options = [
        part
        for name, values in filters.items()
        for value in (values if isinstance(values, list) else [values])
        for part in (f"--{name}", value)
    ]
    result = CliRunner().invoke(main, ["--data", str(data), *words, *options, "--", *([query] if query else [])])
    assert result.exit_code == 0, result.output
    return result.stdout


def ids(answer: dict[str, Any]) -> list[int]:
    return [hit["id"] for hit in answer["hits"]]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_everyone_gets_the_same_answer(client: FlaskClient, data: Path, asked: Asked) -> None:
    api = json.loads(get(client, "/api/v1/search", asked)[0])
    expected, total, relaxed = ids(api), api["total"], api["relaxed"]
    assert len(expected) == total

    same = json.loads(get(client, "/search.json", asked)[0])
    told = json.loads(command(data, "search", "--json", asked=asked))
    for answer in (same, told):
        assert answer | {"took_ms": 0} == api | {"took_ms": 0}

    lines = command(data, "export", "--format", "jsonl", asked=asked).splitlines()
    assert [json.loads(line)["id"] for line in lines] == expected

    text, headers = get(client, "/search.csv", asked)
    assert [int(row["id"]) for row in csv.DictReader(io.StringIO(text))] == expected
    assert (headers["Archive-Total"], headers["Archive-Relaxed"]) == (str(total), str(relaxed).lower())
    assert json.loads(headers.get("Archive-Messages", "[]")) == api["messages"]
    for path, pattern in (("/search.ris", r"^ID  - \S*-(\d+)\r$"), ("/search.bib", r"^@\w+\{\S*-(\d+),$")):
        assert list(map(int, re.findall(pattern, get(client, path, asked)[0], re.MULTILINE))) == expected

    feed = ET.fromstring(get(client, "/search.atom", asked, sort=asked[1].get("sort", "relevance"))[0])
    links = [link.get("href", "") for link in feed.iterfind("{*}entry/{*}link[@rel='alternate']")]
    assert [int(re.search(r"/articles/(\d+)", link)[1]) for link in links] == expected  # type: ignore[index]

    page = get(client, "/search", asked)[0]
    assert list(map(int, re.findall(r'<h3><a href="/articles/(\d+)', page))) == expected


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_saved_search_gives_the_same_answer(client: FlaskClient, data: Path, asked: Asked) -> None:
    api = json.loads(get(client, "/api/v1/search", asked)[0])
    options = [part for name, values in asked[1].items() for part in (name, values)]
    name = f"{asked[0] or 'all'} {options}"
    command(data, "saved", "add", name, asked=asked)
    run = json.loads(command(data, "saved", "run", "--json", asked=(name, {})))
    assert run | {"took_ms": 0} == api | {"took_ms": 0}
    (listed,) = [each for each in json.loads(command(data, "saved", "list", "--json"))["saved"] if each["name"] == name]
    assert (listed["total"], listed["relaxed"], listed["new"]) == (api["total"], api["relaxed"], 0)
    assert listed["query"] == asked[0]
    assert name in get(client, "/saved", ("", {}))[0] or '"' in name or "'" in name  # escaped


def test_the_queries_are_of_every_kind(client: FlaskClient) -> None:
    """Else the tests above would agree about nothing."""
    answers = [json.loads(get(client, "/api/v1/search", asked)[0]) for asked in ASKED]
    assert len(ASKED) > 40
    assert sum(answer["total"] > 3 for answer in answers) > 25
    assert sum(answer["relaxed"] for answer in answers) >= 2
    assert sum(not answer["total"] for answer in answers) >= 4
    assert sum(bool(answer["messages"]) for answer in answers) >= 8
