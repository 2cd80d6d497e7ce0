"""More like this: the closest articles of an article and of any text."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from archive.service import Archive
from archive.types import NewArticle, Origin
from web import create_app

TEXTS = {
    "Kirkuk oil": "Oil from Kirkuk flows to Ceyhan again, and the pipeline of Kirkuk is repaired.",
    "Pipeline repaired": "The pipeline to Ceyhan was repaired; oil flows from Kirkuk.",
    "Ceyhan": "In Ceyhan tankers wait for oil of the pipeline.",
    "Football": "The team won the match, and the goalkeeper was praised.",
    "Goalkeeper": "A goalkeeper of the team left before the match.",
    "Élection": "Le gouvernement parle des élections.",
    "Empty": "",
}


@pytest.fixture
def filled(archive: Archive) -> Archive:
    archive.store.add(
        [
            NewArticle(
                title=title, body=body, language="fr" if title == "Élection" else "en", origin=Origin("x", "text")
            )
            for title, body in TEXTS.items()
        ]
    )
    archive.sync()
    return archive


def number(archive: Archive, title: str) -> int:
    return next(each.id for each in archive.headlines(limit=50) if each.title == title)


def test_the_closest_come_first_and_never_the_article_itself(filled: Archive) -> None:
    hits = filled.similar(filled.get(number(filled, "Kirkuk oil")))
    assert [hit.headline.title for hit in hits][:2] == ["Pipeline repaired", "Ceyhan"]
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert "Kirkuk oil" not in [hit.headline.title for hit in hits]
    assert "Élection" not in [hit.headline.title for hit in hits]
    assert "Kirkuk" in [hits[0].snippets[0].text[start:end] for start, end in hits[0].snippets[0].marks]


def test_as_many_as_are_asked_for(filled: Archive) -> None:
    assert len(filled.similar(filled.get(number(filled, "Kirkuk oil")), 1)) == 1


@pytest.mark.parametrize(
    ("text", "title"), [("A goalkeeper and the match", "Goalkeeper"), ("pipeline", "Pipeline repaired")]
)
def test_any_text(filled: Archive, text: str, title: str) -> None:
    assert filled.similar_to(text)[0].headline.title == title


@pytest.mark.parametrize("text", ["", " ", "xyzzyq", "\0\ud800", "🚀", "a " * 50_000])
def test_a_text_like_none(filled: Archive, text: str) -> None:
    filled.similar_to(text)


def test_an_empty_article_is_like_those_with_its_title(filled: Archive) -> None:
    assert filled.similar(filled.get(number(filled, "Empty"))) == ()


@pytest.mark.usefixtures("filled")
def test_the_command(run: Callable[..., Any], filled: Archive) -> None:
    oil = str(number(filled, "Kirkuk oil"))
    found = run("similar", oil, "--json").json["hits"]
    assert found[0]["title"] == "Pipeline repaired"
    assert "**Pipeline** **repaired**" in run("similar", oil).stdout
    assert "neither the number" in run("similar", "x", status=2).stderr
    assert "there is no article 999" in run("similar", "999", status=1).stderr


def test_the_pages(filled: Archive) -> None:
    client = create_app(filled).test_client()
    oil = number(filled, "Kirkuk oil")
    answer = json.loads(client.get(f"/api/v1/articles/{oil}/similar").text)
    assert answer["hits"][0]["title"] == "Pipeline repaired"
    assert client.get("/api/v1/articles/999/similar").status_code == 404
    page = client.get(f"/articles/{oil}").text
    assert "Closest articles" in page
    assert page.index("Pipeline repaired") > page.index("Closest articles")
