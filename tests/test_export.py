"""Exports: nothing lost, nothing twice, nothing that another program would misread."""

import csv
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import wire
from archive.bibliography import key
from archive.bootstrap import open_archive
from archive.errors import SearchRefusedError
from archive.export import FORMATS, pieces, write_file
from archive.importing import ImportOptions
from archive.normalise import clean_body, clean_paragraphs
from archive.service import Archive
from archive.settings import load_settings
from archive.types import Article, NewArticle, Origin, PublicationDate, SearchRequest, Sort

Run = Callable[..., Any]

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
NASTY = 'Ünlü {"&%$#_~^\\} and, others; "quoted"'


def article(number: int = 1, **fields: Any) -> Article:
    if isinstance(fields.get("published"), str):
        fields["published"] = PublicationDate.parse(fields["published"])
    usual = {
        "title": "A title", "url": None, "source": None, "authors": (), "published": None, "language": None, "tags": (),
        "versions": 1, "body": "", "section": None, "summary": None, "origin": Origin("x", "text"), "version": 1,
        "added": NOW, "changed": NOW,
    }  # fmt: skip
    return Article(id=number, **(usual | fields))


def written(name: str, *articles: Article) -> str:
    return b"".join(pieces(FORMATS[name], articles)).decode()


# -- each format


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_found_is_a_whole_file(name: str) -> None:
    text = written(name)
    if name in ("json", "csl"):
        assert json.loads(text) == []
    else:
        assert text in ("", ",".join(wire.COLUMNS) + "\n")


def test_a_table_has_the_text_and_no_formula() -> None:
    rows = list(
        csv.DictReader(io.StringIO(written("csv", article(title="=1+1", body="One.\n\nTwo.", tags=("a", "b")))))
    )
    assert rows[0]["title"] == "'=1+1"
    assert rows[0]["text"] == "One.\n\nTwo."
    assert rows[0]["tags"] == "a; b"
    assert list(rows[0]) == list(wire.COLUMNS)


@pytest.mark.parametrize("text", ["=A", "+1", "-1", "@x", "\t=1", "\r=1", " =A", "'=A", '"=A', "＝A", "\n=A", "－1"])
def test_no_cell_is_taken_for_a_formula(text: str) -> None:
    assert wire.inert(text) == f"'{text}"


@pytest.mark.parametrize("text", ["a=b", "Türkiye", "", "3-2", None, 7])
def test_other_cells_are_as_they_are(text: object) -> None:
    assert wire.inert(text) == text


def test_json_is_a_list_of_the_records_of_json_lines() -> None:
    articles = [article(n, body=f"One {n}.\n\nTwo.") for n in range(3)]
    lines = [json.loads(line) for line in written("jsonl", *articles).splitlines()]
    assert json.loads(written("json", *articles)) == lines
    assert lines[2]["body"] == ["One 2.", "Two."]


def read_bibtex(text: str) -> list[tuple[str, str, dict[str, str]]]:
    """Entries as BibTeX reads them: a value goes on to the brace that closes it, whatever stands before a brace."""
    entries = []
    at = 0
    while (at := text.find("@", at)) >= 0:
        kind, name = re.match(r"@(\w+)\{([^,\s]+),\n", text[at:]).groups()  # type: ignore[union-attr]
        at = text.index("\n", at) + 1
        fields = {}
        while text[at] != "}":
            field = re.match(r"  (\w+) = ", text[at:])
            assert field, text[at : at + 40]
            at = start = at + field.end()
            depth = 0
            while depth or text[at] != ",":
                depth += {"{": 1, "}": -1}.get(text[at], 0)
                at += 1
            fields[field[1]] = text[start:at]
            at += 2
        entries.append((kind, name, fields))
    return entries


def test_bibtex_escapes_what_tex_would_obey() -> None:
    ((kind, name, fields),) = read_bibtex(
        written("bibtex", article(7, title=NASTY, source="A & B", published="2023-05"))
    )
    assert (kind, name) == ("article", "b2023-7")
    assert fields["title"] == (
        r"{{Ünlü \textbraceleft{}"
        r'"\&\%\$\#\_\textasciitilde{}\textasciicircum{}\textbackslash{}\textbraceright{} and, others; "quoted"}}'
    )
    assert fields["journal"] == r"{A \& B}"
    assert (fields["year"], fields["month"], "day" in fields) == ("{2023}", "may", False)


def test_bibtex_keeps_each_author_one_author() -> None:
    authors = ("Ann Lee", "Smith and Sons", "others", "A, B, C", "Lee, Ann")
    (entry,) = read_bibtex(written("bibtex", article(authors=authors)))
    assert entry[2]["author"] == "{Ann Lee and {Smith and Sons} and {others} and {A, B, C} and Lee, Ann}"
    assert entry[0] == "misc"


def test_an_address_stays_one_in_bibtex() -> None:
    (entry,) = read_bibtex(written("bibtex", article(url="https://e.org/a_b?x={1}%20#")))
    assert entry[2]["url"] == "{https://e.org/a_b?x=%7B1%7D%20#}"


DATES = {
    None: ([], None, {}),
    "2023": ([2023], "2023///", {"year": "{2023}"}),
    "2023-05": ([2023, 5], "2023/05//", {"year": "{2023}", "month": "may"}),
    "2023-05-02": ([2023, 5, 2], "2023/05/02/", {"year": "{2023}", "month": "may", "day": "{2}"}),
    "2023-05-02T23:30:00-05:00": ([2023, 5, 2], "2023/05/02/", {"year": "{2023}", "month": "may", "day": "{2}"}),
}


@pytest.mark.parametrize("date", DATES)
def test_a_date_has_just_the_parts_that_are_known(date: str | None) -> None:
    parts, ris, bibtex = DATES[date]
    dated = article(published=date)
    (item,) = json.loads(written("csl", dated))
    assert item.get("issued") == ({"date-parts": [parts]} if parts else None)
    assert dict(re.findall(r"^(DA|PY)  - (.*)\r$", written("ris", dated), re.MULTILINE)) == (
        {"PY": "2023", "DA": ris} if ris else {}
    )
    fields = read_bibtex(written("bibtex", dated))[0][2]
    assert {name: value for name, value in fields.items() if name in ("year", "month", "day")} == bibtex


def test_ris_has_one_value_a_line() -> None:
    text = written(
        "ris", article(title="Two\nlines", authors=("A", "B"), tags=("x", "y"), source="S", summary="s\n\nt")
    )
    assert text == (
        "TY  - NEWS\r\nID  - a-1\r\nTI  - Two lines\r\nAU  - A\r\nAU  - B\r\nT2  - S\r\nKW  - x\r\nKW  - y\r\n"
        "AB  - s t\r\nER  - \r\n\r\n"
    )


def test_csl_names_what_it_knows() -> None:
    (item,) = json.loads(
        written("csl", article(authors=("Ann Lee",), source="Wire", url="https://e.org/1", language="en"))
    )
    assert item == {
        "id": "lee-1", "type": "article-newspaper", "title": "A title", "author": [{"literal": "Ann Lee"}],
        "container-title": "Wire", "URL": "https://e.org/1", "language": "en",
    }  # fmt: skip


TEXT = st.text(max_size=30)


@given(st.lists(st.tuples(TEXT, st.lists(TEXT, max_size=3), TEXT, TEXT), max_size=4))
def test_citations_of_anything_are_read_as_they_were_meant(drawn: list[tuple[str, list[str], str, str]]) -> None:
    articles = [
        article(n, title=title, authors=tuple(authors), source=source, summary=summary, tags=tuple(authors))
        for n, (title, authors, source, summary) in enumerate(drawn, 1)
    ]
    keys = [key(each) for each in articles]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[a-z0-9]+-\d+", each) for each in keys)
    try:
        ris, bibtex, csl = (written(name, *articles) for name in ("ris", "bibtex", "csl"))
    except UnicodeEncodeError:
        return  # half of a surrogate pair, which no store keeps
    assert [name for _, name, _ in read_bibtex(bibtex)] == keys
    assert [item["id"] for item in json.loads(csl)] == keys
    assert all(re.fullmatch(r"([A-Z][A-Z0-9]  - .*)?", line) for line in ris.replace("\r\n", "\n").split("\n"))
    assert re.findall(r"ID  - (.*)\r\n", ris) == keys


# -- back into an archive

PARAGRAPH = st.text(
    alphabet="ab1 .,:-–>|*\t\n\r\u2003\u2028\u2029\u3000é\u0301İ字\u202e\ufeff", min_size=1, max_size=60
)
NAME = st.text(min_size=1, max_size=12)
DATE = st.sampled_from([None, "1987", "2023-05", "2023-05-02", "2023-05-02T10:00:00", "2023-05-02T10:00:00+03:00"])


@st.composite
def articles_to_import(draw: st.DrawFn) -> dict[str, Any]:
    lines = st.lists(PARAGRAPH, max_size=6).map("\n".join)
    names, maybe = st.lists(NAME, max_size=3), st.none() | NAME
    address = st.text(max_size=10).map(lambda rest: f"https://Example.org:443/{rest}?utm_source=x&a=1")
    kinds = {
        "title": NAME, "body": lines | st.lists(PARAGRAPH, max_size=4), "authors": names, "source": maybe,
        "section": maybe, "tags": names, "summary": maybe, "published": DATE, "url": st.none() | address,
        "language": st.sampled_from([None, "en", "de-AT", "zho", "x"]),
    }  # fmt: skip
    return {name: draw(kind) for name, kind in kinds.items()}


def facts(found: Archive) -> list[tuple[object, ...]]:
    """What is known of every article but where it came from and when."""
    return sorted(
        (a.title, a.body, a.url, a.authors, a.source, a.section, str(a.published), a.language, a.tags, a.summary)
        for a in found.articles(found.find(SearchRequest()).ids)
    )  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=15)
@given(st.lists(articles_to_import(), min_size=1, max_size=20))
def test_json_lines_give_the_same_articles_again(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("again")
    (folder / "in.jsonl").write_text("\n".join(map(json.dumps, drawn)))
    with open_archive(load_settings({"data": str(folder / "one")}, {})) as one:
        one.import_paths([str(folder / "in.jsonl")])
        before = facts(one)
        for name in ("jsonl", "json"):
            write_file(folder / f"out.{name}", pieces(FORMATS[name], one.articles(one.find(SearchRequest()).ids)))
    for name in ("jsonl", "json"):
        if before:
            with open_archive(load_settings({"data": str(folder / f"two-{name}")}, {})) as two:
                report = two.import_paths([str(folder / f"out.{name}")])
                assert (report.added, report.failed) == (len(before), 0)
                assert sorted(map(str, facts(two))) == sorted(map(str, before))


@given(st.lists(PARAGRAPH, max_size=8).map("\n".join))
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    once = clean_body(text)
    assert clean_paragraphs(once) == once


def test_paragraphs_of_a_list_are_not_joined(archive: Archive, tmp_path: Path) -> None:
    """As a string these lines would be taken for one paragraph that is wrapped at a fixed width."""
    lines = [f"A line of about sixty characters that stops in the middle of {n}" for n in range(6)]
    (tmp_path / "a.jsonl").write_text(json.dumps({"title": "T", "body": ["\n".join(lines), "End."]}))
    archive.import_paths([str(tmp_path / "a.jsonl")], ImportOptions())
    assert archive.get(1).paragraphs == ("\n".join(lines), "End.")


# -- all of it, once, in order


def fill(archive: Archive, first: int, count: int) -> None:
    archive.store.add(
        [
            NewArticle(title=f"Border {n}", body=f"The border {n}.", origin=Origin("x", "text"))
            for n in range(first, first + count)
        ]
    )
    archive.sync()


@pytest.mark.parametrize("sort", Sort)
def test_what_is_found_is_the_pages_one_after_the_other(archive: Archive, sort: Sort) -> None:
    fill(archive, 0, 300)
    request = SearchRequest(query="border", sort=sort, page_size=70)
    paged = [
        hit.headline.id
        for page in range(1, 6)
        for hit in archive.search(SearchRequest(query="border", sort=sort, page_size=70, page=page)).hits
    ]
    found = archive.find(request)
    assert list(found.ids) == paged
    assert len(set(paged)) == found.page.total == 300


def test_an_import_meanwhile_neither_loses_an_article_nor_gives_one_twice(archive: Archive) -> None:
    fill(archive, 0, 200)
    found = archive.find(SearchRequest(query="border"))
    reader = archive.articles(found.ids)
    got = [next(reader).id]
    fill(archive, 200, 300)
    archive.rebuild_index()
    got += [each.id for each in reader]
    assert got == list(found.ids)
    assert sorted(got) == list(range(1, 201))


def test_what_is_deleted_meanwhile_is_left_out(archive: Archive) -> None:
    fill(archive, 0, 200)
    found = archive.find(SearchRequest(query="border", sort=Sort.OLDEST))
    reader = archive.articles(found.ids)
    next(reader)
    archive.delete([7, 150])
    rest = {each.id for each in reader}
    assert len(rest) == 197
    assert not rest & {7, 150}


def test_few_articles_are_held_at_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(archive, 0, 300)
    asked: list[int] = []
    get_many = archive.store.get_many
    monkeypatch.setattr(archive.store, "get_many", lambda ids: asked.append(len(ids)) or get_many(ids))
    assert sum(1 for _ in pieces(FORMATS["jsonl"], archive.articles(archive.find(SearchRequest()).ids))) == 300
    assert max(asked) <= 50
    assert sum(asked) == 300


def test_threads_export_at_once(archive: Archive) -> None:
    fill(archive, 0, 300)
    lengths: list[int] = []

    def export() -> None:
        lengths.append(len(list(archive.articles(archive.find(SearchRequest(query="border")).ids))))

    threads = [threading.Thread(target=export) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == [300] * 4


def test_a_query_that_is_refused_is_no_empty_export(archive: Archive) -> None:
    fill(archive, 0, 3)
    for query in ("x " * 3000, "border " * 100):
        assert archive.search(SearchRequest(query=query)).total == 0
        with pytest.raises(SearchRefusedError):
            archive.find(SearchRequest(query=query))


# -- the command


@pytest.fixture
def harbour(run: Run) -> None:
    records = [
        {"title": f"Harbour {n}", "body": f"The harbour {n} and its oil." if n % 2 else "A harbour."} for n in range(30)
    ]
    run("import", "-", stdin="".join(f"{json.dumps(record)}\n" for record in records))


@pytest.mark.usefixtures("harbour")
@pytest.mark.parametrize("name", FORMATS)
def test_the_command_writes_all_pages(run: Run, name: str) -> None:
    done = run("export", "harbour", "--format", name)
    assert len(re.findall(r"Harbour \d+", done.stdout)) == 30
    assert done.stderr == "30 articles found\n"


@pytest.mark.usefixtures("harbour")
def test_a_word_that_begins_like_an_option_is_a_word(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    assert len(run("export", "harbour", "-oil", "--format", "jsonl").stdout.splitlines()) == 15
    assert run("search", "harbour", "-hoil", "--json").json["total"] == 30  # and not the help
    assert run("export", "--source", "-old", "--format", "jsonl").stdout == ""
    assert set(tmp_path.iterdir()) == before
    assert "No such option" in run("export", "harbour", "--fromat", "x", "--format", "csv", status=2).stderr


@pytest.mark.usefixtures("harbour")
def test_a_file_is_written_as_a_whole_or_not_at_all(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, folder = tmp_path / "out" / "found.csv", tmp_path / "out"
    folder.mkdir()
    target.write_text("before")
    run("export", "x " * 3000, "--format", "csv", "-o", target, status=1)
    assert target.read_text() == "before"

    def fail(*_: object) -> Iterator[Article]:
        yield article()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Archive, "articles", fail)
        assert "No space left" in run("export", "harbour", "--format", "csv", "-o", target, status=1).stderr
    assert target.read_text() == "before"
    link = folder / "link.csv"
    link.symlink_to(target)
    done = run("export", "harbour", "--format", "csv", "-o", link)
    assert done.stdout == ""
    assert link.is_symlink()
    assert len(list(csv.reader(io.StringIO(target.read_text())))) == 31
    assert {each.name for each in folder.iterdir()} == {"found.csv", "link.csv"}


@pytest.mark.usefixtures("harbour")
def test_where_nothing_can_be_written_is_said(run: Run, tmp_path: Path) -> None:
    for target in (tmp_path / "nowhere" / "x.csv", tmp_path):
        assert str(tmp_path) in run("export", "harbour", "--format", "csv", "-o", target, status=1).stderr
    run("export", "harbour", "--format", "csv", "-o", "/dev/null")
    assert Path("/dev/null").is_char_device()


@pytest.mark.usefixtures("harbour")
def test_what_has_most_of_the_words_is_exported_and_said(run: Run) -> None:
    done = run("export", "harbour", "oil", "nosuchword", "--format", "jsonl")
    assert len(done.stdout.splitlines()) == 15
    assert "No article has all 3 parts of the query; these have 2 of them" in done.stderr
    assert run("search", "harbour", "oil", "nosuchword", "--json").json["total"] == 15
