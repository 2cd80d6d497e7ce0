"""Tables and records whose names the user tells: every row becomes an article or is named with its number."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import FormatError, NoTextError, TooLargeError, UnreadableFileError
from archive.formats import FORMATS, Failed, InputFile, Skipped, detect
from archive.formats.rows import header_of
from archive.normalise import normalise
from archive.types import NewArticle

Run = Callable[..., Any]

LONG_ROW = "A," + "B" * 400 + "\n"
"""A few hundred of them are more than an encoding is told by."""


def read(
    data: str | bytes, name: str = "csv", limit: int = 1_000_000, mapping: Mapping[str, tuple[str, ...]] | None = None
) -> list[NewArticle | Failed | Skipped]:
    raw = data.encode() if isinstance(data, str) else data
    return list(FORMATS[name].read(InputFile("a.csv", io.BytesIO(raw), name, limit, mapping or {})))


def articles(data: str | bytes) -> list[tuple[str, str, str]]:
    """Number, title and text of each row, all of which must be articles."""
    found = read(data)
    assert all(isinstance(each, NewArticle) for each in found), found
    return [(str(each.origin.part), each.title, each.body) for each in found if isinstance(each, NewArticle)]


def fault(row: NewArticle | Failed | Skipped) -> tuple[str, str]:
    assert isinstance(row, Failed)
    return str(row.origin.part), row.reason


# --- columns --------------------------------------------------------------------------------------------------------


def test_a_table_with_everything() -> None:
    (found,) = read(
        "ID,Headline,Full Text,Publication_Date,By-Line,Source,Category,URL,Lang,Tags,Abstract,Mood\n"
        '1,A bridge opens,It opened.,2023-05-02,Ann Lee; Bo Chan,Gazette,World,https://e.org/a,en,"a, b",Short.,good\n'
    )
    assert isinstance(found, NewArticle)
    found = normalise(found)
    assert (found.title, found.body, str(found.published), found.authors) == (
        "A bridge opens", "It opened.", "2023-05-02", ("Ann Lee", "Bo Chan")
    )  # fmt: skip
    assert (found.source, found.section, found.url) == ("Gazette", "World", "https://e.org/a")
    assert (found.language, found.tags, found.summary) == ("en", ("a", "b"), "Short.")


@pytest.mark.parametrize("header", ["Titel;Inhalt", "TITRE;Texte", "Başlık;Metin", "BAŞLIK;İçerik", "título;contenido"])
def test_columns_named_in_other_languages(header: str) -> None:
    assert articles(f"{header}\nA;B\n") == [("2", "A", "B")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_header(delimiter: str) -> None:
    row = delimiter.join(["A, one; two", "B"]) if delimiter not in ",;" else f'"A, one; two"{delimiter}B'
    assert articles(f"title{delimiter}text\n{row}\n") == [("2", "A, one; two", "B")]


def test_a_line_that_tells_excel_the_delimiter_is_no_header() -> None:
    assert articles("sep=|\r\ntitle|text\r\nA|B\r\n") == [("3", "A", "B")]


def test_quotes_and_line_breaks_in_cells_and_blank_rows() -> None:
    assert articles('title,text\r\nA,"One\r\ntwo, ""three"""\r\n\r\n,  \r\n"B",C') == [
        ("2", "A", 'One\r\ntwo, "three"'), ("5", "B", "C")
    ]  # fmt: skip
    assert articles("title,text\rA,B\rC,D") == [("2", "A", "B"), ("3", "C", "D")]


def test_of_two_columns_with_one_name_the_one_with_a_value_counts() -> None:
    assert articles("title,text,text\nA,,B\nC,D,\n") == [("2", "A", "B"), ("3", "C", "D")]


def test_a_row_may_lack_its_last_cells_or_have_empty_ones_more() -> None:
    assert articles("text,title,date\nA\nB,C,2023,,\n") == [("2", "", "A"), ("3", "C", "B")]


def test_the_original_is_the_row_with_the_one_that_names_the_columns() -> None:
    (_, found) = read('title,text\nA,B\nC,"D ""E"""\n')
    assert isinstance(found, NewArticle)
    assert found.original
    assert found.original.data == b'title,text\nC,"D ""E"""\n'


# --- encodings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_tables_in_unicode_of_every_width(encoding: str) -> None:
    data = "title\ttext\nGrüße\tDiyarbakır’da\n".encode(encoding)
    assert articles(data) == [("2", "Grüße", "Diyarbakır’da")]
    assert detect("-", data, asked_for=True) == "csv"


def test_windows_letters_late_in_a_long_table_are_read() -> None:
    table = b"title,text\n" + LONG_ROW.encode() * 900 + "Ärger,Grüße\n".encode("cp1252")
    assert articles(table)[-1] == ("902", "Ärger", "Grüße")


def test_windows_letters_early_in_a_table_are_read() -> None:
    rows = "title;text\nÄrger in Österreich;Die Grüße der Minister kamen spät und überraschten die Öffentlichkeit.\n"
    assert articles(rows.encode("cp1252"))[0][1] == "Ärger in Österreich"


def test_a_letter_of_two_bytes_where_the_sample_ends_is_one_letter() -> None:
    for shift in range(3):
        text = "title,text\n" + "x" * shift + "A,é\n" + LONG_ROW.replace("B", "é") * 900 + "C,é\n"
        found = articles(text)
        assert (found[0][2], found[-1][2]) == ("é", "é")


# --- what cannot be read --------------------------------------------------------------------------------------------


def test_a_row_without_text_and_one_with_too_many_cells_fail_alone(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("title,text\nA,B\n ,?\nC,one, two\nD,E\n")
    done = run("import", table, "--json", status=1).json
    assert (done["added"], done["failed"]) == (2, 2)
    assert [item["origin"].rpartition("#")[2] for item in done["items"]] == ["3", "4"]
    assert "no text" in done["items"][0]["reason"]
    assert "3 cells" in done["items"][1]["reason"]


def test_a_huge_cell_fails_alone_and_is_never_held_whole() -> None:
    first, huge, last = read('title,text\nA,B\nC,"' + "long, with quotes\n" * 100 + '"\nD,E\n', limit=1_000)
    assert isinstance(first, NewArticle)
    assert fault(huge) == ("3", "the row has more than 1,000 bytes (setting max_item_mb)")
    assert isinstance(last, NewArticle)
    assert last.origin.part == "4"


def test_a_row_that_never_ends_stops_the_reading() -> None:
    with pytest.raises(TooLargeError, match="quote is never closed"):
        read('title,text\nA,"' + "x, \n" * 5_000, limit=1_000)


def test_a_quote_that_is_never_closed_is_told_with_its_row() -> None:
    first, rest = read('title,text\nA,B\nC,"D\nE,F\n')
    assert isinstance(first, NewArticle)
    assert fault(rest)[0] == "3"
    assert "never closed" in fault(rest)[1]


def test_nuls_and_stray_quotes_are_no_obstacle() -> None:
    (found,) = read('title,text\nA 5" disk\0,B "quoted" C\n')
    assert isinstance(found, NewArticle)
    assert (normalise(found).title, found.body) == ('A 5" disk', 'B "quoted" C')


@pytest.mark.parametrize("data", ["first,last\nA,B\n", "A headline,Some words\n", "1;2;3\n", "Headline\tStory\nA\tB\n"])
def test_a_table_without_a_text_says_which_columns_it_has_and_how_to_map(data: str) -> None:
    with pytest.raises(UnreadableFileError, match="--map body=COLUMN") as raised:
        read(data)
    assert all(repr(name) in str(raised.value) for name in header_of(data.encode()))


def test_a_table_of_a_thousand_columns_names_a_few() -> None:
    with pytest.raises(UnreadableFileError, match="and 980 more"):
        read(",".join(f"c{number}" for number in range(1_000)))


@pytest.mark.parametrize("data", ["", "\n \n", "title,text\n", "title,text\n,\n"])
def test_a_table_without_a_row_is_no_silent_success(data: str) -> None:
    with pytest.raises(NoTextError):
        read(data)


def test_a_table_that_is_cut_off_gives_the_rows_before(run: Run, tmp_path: Path) -> None:
    rows = "title,text\n" + "".join(f"Title {n},Text {n * 7919}\n" for n in range(4_000))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(rows.encode())[:-2_000])
    done = run("import", tmp_path / "a.csv.gz", "--json", status=1).json
    assert done["added"] > 2_000
    assert (done["failed"], "cut off" in done["items"][-1]["reason"]) == (1, True)


@given(
    st.lists(st.lists(st.text(max_size=8).filter(lambda cell: "\0" not in cell), min_size=2, max_size=2), min_size=1)
)
def test_what_is_written_as_a_table_is_read_from_it(rows: list[list[str]]) -> None:
    import csv

    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([["title", "text"], *rows])
    expected = [(title, text) for title, text in rows if title.strip() or text.strip()]
    with suppress(NoTextError):
        found = read(written.getvalue().encode("utf-8", "surrogatepass"))
        assert [(each.title, each.body) for each in found if isinstance(each, NewArticle)] == expected
        return
    assert not expected


@given(st.lists(st.sampled_from(["title", "text", ",", ";", '"', "\n", "\r", "\t", "x", "\0", "é", "sep=", " "])))
def test_odd_tables_raise_nothing_but_format_errors(pieces: list[str]) -> None:
    for limit in (10, 10_000):
        with suppress(FormatError):
            assert all(isinstance(each, NewArticle) or each.reason for each in read("".join(pieces), limit=limit))


# --- which files are tables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Title, text\nand more text", "A title\nText, content, and a source", "| title | text |\n|---|---|\n| a | b |",
        "title: x\ntext: y", "content, language and source\nare what this is about, mostly", "url,title\na,b", "text",
        "Dear Sir, the text; the title\nwere lost, alas", "title,text",
    ],
)  # fmt: skip
def test_ordinary_texts_are_no_tables(text: str) -> None:
    assert detect("-", text.encode(), asked_for=True) == "text"


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "A.TAB", "a.csv.gz"])
def test_a_name_makes_a_table(name: str) -> None:
    assert detect(name, b"anything", asked_for=False) == "csv"


# --- names that the user tells --------------------------------------------------------------------------------------


def test_columns_are_mapped(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("Schlagzeile,Story,Rest,Wann\nA,,One.,2023-05\nB,Two.,Three.,\n")
    options = ("--map", "title=schlagzeile", "--map", "body=Story", "--map", "body=Rest", "--map", "published=Wann")
    assert run("import", table, *options, "--json").json["added"] == 2
    shown = [run("show", number, "--json").json for number in (1, 2)]
    assert [(each["title"], each["paragraphs"][0]["text"], each["published"]) for each in shown] == [
        ("A", "One.", "2023-05"), ("B", "Two.", None)
    ]  # fmt: skip


def test_a_mapped_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnreadableFileError, match=r"no column 'Stroy'; its columns are 'Headline', 'Story'"):
        read("Headline,Story\nA,B\n", mapping={"body": ("Stroy",)})


@pytest.mark.parametrize("given", ["title", "title=", "=Headline", "heading=Headline", "title:Headline"])
def test_a_mapping_that_is_none_is_wrong_usage(run: Run, given: str) -> None:
    done = run("import", "-", "--map", given, status=2, stdin="text")
    assert "title=Headline; the fields are title, body" in " ".join(done.stderr.split())


def test_fields_of_json_are_mapped_wherever_they_stand(run: Run) -> None:
    record = {
        "id": 1, "attributes": {"headline": "A", "a.b": "2023-05-02", "people": [{"name": "Ann Lee"}, {"name": "Bo"}]},
        "Parts": [{"text": "One."}, {"text": "Two."}], "title": "not this",
    }  # fmt: skip
    maps = (
        "title=attributes.headline",
        "body=parts.text",
        "authors=attributes.people.name",
        "published=attributes.a.b",
    )
    run("import", "-", *(word for each in maps for word in ("--map", each)), stdin=json.dumps(record))
    shown = run("show", 1, "--json").json
    assert (shown["title"], shown["authors"], shown["published"]) == ("A", ["Ann Lee", "Bo"], "2023-05-02")
    assert [each["text"] for each in shown["paragraphs"]] == ["One.", "Two."]


def test_a_record_without_the_mapped_text_fails_and_names_its_fields(run: Run) -> None:
    records = [{"headline": "A", "story": "One."}, {"headline": "B", "text": "Two."}, {"headline": "C", "story": None}]
    lines = "\n".join(map(json.dumps, records))
    done = run("import", "-", "--map", "body=story", "--map", "summary=deck", "--json", stdin=lines, status=1)
    items = {item["origin"]: item for item in done.json["items"]}
    assert (done.json["added"], done.json["failed"]) == (2, 1)
    assert "no field 'story' for its body" in items["-#2"]["reason"]
    assert "'headline', 'text'" in items["-#2"]["reason"]
    assert items["-#1"]["outcome"] == "added"
    assert "no field 'deck' for its summary" in items["-#1"]["reason"]


def test_a_record_of_which_nothing_is_known_says_how_to_map() -> None:
    (failed,) = read('{"headline_en": "A", "story": "B"}', "jsonl")
    assert "'headline_en', 'story'. Tell which is which with --map body=NAME" in fault(failed)[1]


# --- texts in HTML --------------------------------------------------------------------------------------------------


def test_texts_of_a_content_management_system_are_shown_as_a_browser_does() -> None:
    html = '<p class="lead">Border &amp; river.</p>\n\n<div>Two<br>lines, <em>one</em> <a href="/x">link</a>.</div>'
    record = {"title": "Talks &#8211; &quot;soon&quot;", "body": html, "summary": "<p>Short.</p>"}
    for name, data in (("jsonl", json.dumps(record)), ("csv", csv_of(record))):
        (found,) = read(data, name)
        assert isinstance(found, NewArticle)
        found = normalise(found)
        assert found.title == 'Talks – "soon"'
        assert found.body == "Border & river.\n\nTwo\nlines, one link."
        assert found.summary == "Short."


def csv_of(record: Mapping[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(record))
    writer.writeheader()
    writer.writerow(record)
    return text.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        "if a <b and c> d, then",
        "<joe@example.org> wrote: a & b",
        "<3 cats",
        "He typed </p> and &amp; twice.",
        "<p> is a tag",
    ],
)
def test_a_text_that_speaks_of_signs_and_tags_stays_as_it_is(body: str) -> None:
    (found,) = read(json.dumps({"title": "A &amp; B", "body": body}), "jsonl")
    assert isinstance(found, NewArticle)
    assert (found.title, found.body) == ("A &amp; B", body)


def test_posts_as_wordpress_gives_them() -> None:
    post = {
        "id": 7, "date": "2021-05-03T10:00:00", "link": "https://e.org/talks", "author": 3, "tags": [4, 5],
        "title": {"rendered": "Talks &#8217;soon&#8217;"}, "excerpt": {"rendered": "<p>Short.</p>"},
        "content": {"rendered": "Border &amp; river", "protected": False},
    }  # fmt: skip
    (found,) = read(json.dumps([post]), "jsonl")
    assert isinstance(found, NewArticle)
    found = normalise(found)
    assert (found.title, found.body, found.summary) == ("Talks ’soon’", "Border & river", "Short.")
    assert (found.authors, found.tags, str(found.published)) == ((), (), "2021-05-03T10:00:00")


# --- lists in objects -----------------------------------------------------------------------------------------------

ANSWER = {
    "status": "ok",
    "sources": ["a", "b", "c"],
    "articles": [
        {
            "source": {"id": None, "name": "Gazette"},
            "title": "One",
            "content": "First text.",
            "publishedAt": "2021-05-03",
        },
        {"source": {"id": None, "name": "Gazette"}, "title": "Two", "content": ["not", {"a": "text"}]},
        {"title": "Three", "content": "Third text."},
    ],
}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("around", [lambda it: it, lambda it: {"response": it}, lambda it: {"a": 1, "b": {"c": it}}])
def test_the_records_that_a_service_answers_with(around: Callable[[Any], Any], indent: int | None) -> None:
    one, two, three = FORMATS["jsonl"].read(document(json.dumps(around(ANSWER), indent=indent)))
    assert isinstance(one, NewArticle)
    assert (one.title, one.body, one.source, str(one.published)) == ("One", "First text.", "Gazette", "2021-05-03")
    assert one.original
    assert json.loads(one.original.data) == ANSWER["articles"][0]
    assert isinstance(two, Failed)
    assert (two.origin.part, two.reason) == ("2", "its body is a dict, not a text")
    assert isinstance(three, NewArticle)
    assert (three.origin.part, three.title) == ("3", "Three")


def document(data: str, name: str = "a.json", mapping: Mapping[str, tuple[str, ...]] | None = None) -> InputFile:
    return InputFile(name, io.BytesIO(data.encode()), "jsonl", 1_000_000, mapping or {})


def test_an_answer_a_line() -> None:
    page = {"page": 1, "results": [{"title": "A", "text": "a"}, {"title": "B", "text": "b"}]}
    found = list(FORMATS["jsonl"].read(document("\n".join([json.dumps(page)] * 2), "a.jsonl")))
    assert [each.origin.part for each in found if isinstance(each, NewArticle)] == ["1.1", "1.2", "2.1", "2.2"]


def test_what_stands_inside_an_article_is_none() -> None:
    comments = [{"title": "Re", "text": "A comment."}]
    links = [{"title": "Elsewhere", "url": "https://e.org/b"}]
    for record, name in (
        ({"title": "A", "text": "Text.", "comments": comments}, "a.json"),
        ({"title": "Only a title", "related": links}, "a.json"),
        ({"title": "Only a title", "comments": comments}, "a.jsonl"),
    ):
        (found,) = FORMATS["jsonl"].read(document(json.dumps(record), name))
        assert isinstance(found, NewArticle)
        assert found.title == record["title"]


def test_what_telegram_exports() -> None:
    """Texts are pieces of which some look different (https://telegram.org/blog/export-and-more)."""
    messages = [
        {"id": 1, "type": "message", "date": "2021-05-03T10:00:00", "text": "Plain text."},
        {"id": 2, "type": "message", "date": "2021-05-03T11:00:00",
         "text": ["Some ", {"type": "bold", "text": "bold"}, " text.\n\nAnd more."]},
        {"id": 3, "type": "service", "action": "pin_message", "text": ""},
    ]  # fmt: skip
    export = {"name": "Channel", "type": "public_channel", "id": 5, "messages": messages}
    plain, bold, service = FORMATS["jsonl"].read(document(json.dumps(export, indent=1)))
    assert isinstance(plain, NewArticle)
    assert isinstance(bold, NewArticle)
    assert (plain.body, bold.body) == ("Plain text.", "Some bold text.\n\nAnd more.")
    assert isinstance(service, Failed)


def test_all_lists_with_texts_are_read() -> None:
    """As in an export of Ghost, where posts stand beside tags, two objects and a list below the top."""
    data = {
        "posts": [{"title": "A", "plaintext": "a"}],
        "pages": [{"title": "B", "text": "b"}],
        "tags": [{"name": "T"}],
    }
    for export in ({"db": [{"meta": {"version": "5"}, "data": data}]}, {"data": data}):
        found = list(FORMATS["jsonl"].read(document(json.dumps(export))))
        assert [(each.title, each.body) for each in found if isinstance(each, NewArticle)] == [("A", "a"), ("B", "b")]


def test_names_inside_the_list_are_told_and_mapped() -> None:
    data = json.dumps({"response": {"results": [{"webTitle": "A", "fields": {"bodyText": "Text."}}]}})
    (failed,) = FORMATS["jsonl"].read(document(data))
    assert "those in the list that it has are 'webTitle', 'fields'. Tell which is which" in fault(failed)[1]
    mapping = {"title": ("webTitle",), "body": ("fields.bodyText",)}
    (found,) = FORMATS["jsonl"].read(document(data, mapping=mapping))
    assert isinstance(found, NewArticle)
    assert (found.title, found.body) == ("A", "Text.")


def test_articles_in_a_list_called_content_are_not_made_one() -> None:
    """As Spring pages through them; paragraphs that are objects stay paragraphs."""
    texts = [{"type": "article", "title": title, "text": title} for title in "AB"]
    for content in (texts, [{"title": "A", "text": "A"}, {"title": "B", "text": "B"}]):
        found = list(FORMATS["jsonl"].read(document(json.dumps({"content": content, "totalPages": 1}))))
        assert [each.body for each in found if isinstance(each, NewArticle)] == ["A", "B"]
    pieces = [{"type": "paragraph", "text": "One."}, {"type": "paragraph", "text": "Two."}]
    (one,) = FORMATS["jsonl"].read(document(json.dumps({"title": "T", "content": pieces})))
    assert isinstance(one, NewArticle)
    assert one.body == "One.\n\nTwo."
