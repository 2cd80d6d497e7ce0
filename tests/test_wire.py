"""The JSON that leaves the archive is that of the design, to the order of its keys."""

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest

from archive import wire
from archive.types import (
    Alternative,
    Article,
    Expansion,
    FacetField,
    FacetValue,
    Headline,
    Hit,
    ImportItem,
    ImportReport,
    IndexState,
    IndexStatus,
    MarkedArticle,
    MarkedText,
    Message,
    MessageKind,
    Origin,
    Outcome,
    PublicationDate,
    QueryPart,
    SearchPage,
    SearchRequest,
    Snippet,
    TimelineBucket,
    Version,
)

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
ABOUT: dict[str, object] = {
    "id": 1, "title": "Türkiye and Iraq", "url": None, "source": None, "authors": (), "language": "en", "tags": (),
    "published": PublicationDate.parse("2023-05-02"), "versions": 1,
}  # fmt: skip


def test_a_search_page_is_the_object_of_the_design() -> None:
    hit = Hit(
        rank=1,
        score=3.1,
        headline=Headline(**ABOUT),  # type: ignore[arg-type]
        title=MarkedText("Türkiye and Iraq", ((0, 7),)),
        snippets=(Snippet("… strengthening border security and …", ((16, 22), (23, 31)), 2),),
    )
    page = SearchPage(
        request=SearchRequest(query="border security"),
        understood="border AND security",
        messages=(Message(MessageKind.IGNORED, "ignored", 3, 7), Message(MessageKind.RELAXED, "relaxed")),
        total=1,
        hits=(hit,),
        facets={FacetField.SOURCE: (FacetValue("Wire", 1),)},
        timeline=(TimelineBucket(date(2023, 5, 1), 1),),
        parts=(QueryPart("border", 0, 6, 2),),
        alternatives=(Alternative("border", "without security", 2),),
        expansions=(Expansion("alias", "border = frontier", "border OR frontier", 3),),
        seconds=0.00123,
    )
    expected = (
        '{"query": "border security", "understood": "border AND security", "messages": ['
        '{"kind": "ignored", "text": "ignored", "start": 3, "end": 7}, '
        '{"kind": "relaxed", "text": "relaxed", "start": null, "end": null}], '
        '"suggestion": null, "relaxed": false, "total": 1, "collapsed": 0, "page": 1, "pages": 1, "took_ms": 1.2, '
        '"hits": [{"id": 1, "title": "Türkiye and Iraq", "title_marks": [[0, 7]], "url": null, "source": null, '
        '"authors": [], "published": "2023-05-02", "language": "en", "tags": [], "score": 3.1, "versions": 1, '
        '"near_duplicates": [], '
        '"snippets": [{"text": "… strengthening border security and …", "marks": [[16, 22], [23, 31]], '
        '"paragraph": 2}]}], '
        '"facets": {"source": [{"value": "Wire", "count": 1}], "author": [], "language": [], "tag": [], "year": []}, '
        '"timeline": [{"start": "2023-05-01", "count": 1}], '
        '"parts": [{"text": "border", "start": 0, "end": 6, "count": 2}], '
        '"alternatives": [{"query": "border", "change": "without security", "count": 2}], '
        '"expansions": [{"kind": "alias", "text": "border = frontier", "query": "border OR frontier", "count": 3}]}'
    )
    assert json.dumps(wire.search_page(page), ensure_ascii=False) == expected


def test_a_search_page_without_hits_has_every_key() -> None:
    found = wire.search_page(SearchPage(request=SearchRequest(query="x")))
    assert (found["total"], found["pages"], found["hits"], found["timeline"]) == (0, 0, [], [])
    assert found["facets"] == {"source": [], "author": [], "language": [], "tag": [], "year": []}


def an_article() -> Article:
    more = {"body": "One.\n\nTwo.", "section": None, "summary": None, "origin": Origin("a.zip", "html", "b.html")}
    return Article(**ABOUT, **more, version=2, added=NOW, changed=NOW)  # type: ignore[arg-type]


def test_an_article_has_its_paragraphs_marks_and_history() -> None:
    marked = MarkedArticle(
        MarkedText("Türkiye and Iraq", ((0, 7),)), (MarkedText("One.", ((0, 3),)), MarkedText("Two."))
    )
    found = wire.article(an_article(), marked, [Version(number=1, title="Older", added=NOW)])
    assert found["title_marks"] == [[0, 7]]
    assert found["paragraphs"] == [{"text": "One.", "marks": [[0, 3]]}, {"text": "Two.", "marks": []}]
    assert found["history"] == [{"version": 1, "title": "Older", "added": "2024-05-06T07:08:09+00:00"}]
    assert (found["origin"], found["version"]) == ("a.zip#b.html", 2)
    assert json.loads(json.dumps(found)) == found


def test_an_article_without_a_query_has_no_marks() -> None:
    found = wire.article(an_article(), None, [])
    assert found["title_marks"] == []
    assert found["paragraphs"] == [{"text": "One.", "marks": []}, {"text": "Two.", "marks": []}]


FAILED = ImportItem(Origin("a.zip", "html", "b.html"), Outcome.FAILED, None, "it has no text")


def test_a_report_is_the_object_of_the_design() -> None:
    expected = (
        '{"added": 1, "updated": 0, "duplicates": 0, "near_duplicates": 0, "skipped": 0, "failed": 1, '
        '"seconds": 0.1, "items": '
        '[{"origin": "a.zip#b.html", "outcome": "failed", "article": null, "reason": "it has no text"}], '
        '"import": 3, "resumed": 0}'  # these two were added to it
    )
    assert json.dumps(wire.report(ImportReport(added=1, failed=1, seconds=0.1, items=(FAILED,), id=3))) == expected


class NamedText(io.StringIO):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def test_a_report_file_is_json_lines_by_default() -> None:
    stream = NamedText("report.txt")
    write = wire.item_writer(stream)
    write(FAILED)
    write(ImportItem(Origin("b.txt", "text"), Outcome.ADDED, 7))
    assert [json.loads(line)["outcome"] for line in stream.getvalue().splitlines()] == ["failed", "added"]


@pytest.mark.parametrize("name", ["=HYPERLINK(1).txt", "+1.txt", "-1.txt", "@a.txt", "\t=1.txt"])
def test_no_name_becomes_a_formula_in_a_report_of_csv(name: str) -> None:
    stream = NamedText("report.CSV")
    wire.item_writer(stream)(ImportItem(Origin(name, "text"), Outcome.ADDED, 7))
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    assert rows == [{"origin": f"'{name}", "outcome": "added", "article": "7", "reason": ""}]


def test_an_index_status_names_what_was_refused() -> None:
    status = IndexStatus(
        state=IndexState.BEHIND,
        reason="r",
        articles=1,
        sequence=2,
        behind=3,
        bytes=4,
        engine="e",
        refused={7: "too odd"},
    )
    assert wire.index_status(status)["refused"] == [{"article": 7, "reason": "too odd"}]
