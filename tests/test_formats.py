"""What each format takes from a file, how a file's format is told, and what happens to files that are damaged."""

import io
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import FormatError, NoTextError, TooLargeError, UnknownFormatError, UnreadableFileError
from archive.formats import FORMATS, Failed, InputFile, Skipped, detect
from archive.formats.json_list import parts
from archive.formats.record import NAMES
from archive.normalise import normalise
from archive.types import NewArticle

ROOT = Path(__file__).parents[1]
SENTENCES = "The two delegations met on Tuesday and agreed to keep the border crossing open through the winter. " * 4


def read(
    name: str, data: bytes | str, path: str = "folder/file", limit: int = 1_000_000
) -> list[NewArticle | Failed | Skipped]:
    """What a reader makes of these bytes."""
    raw = data.encode() if isinstance(data, str) else data
    return list(FORMATS[name].read(InputFile(path, io.BytesIO(raw), name, limit)))


def article(name: str, data: bytes | str) -> NewArticle:
    """The only article in these bytes, as it would be stored."""
    (found,) = read(name, data)
    assert isinstance(found, NewArticle)
    return normalise(found)


def page(head: str = "", body: str = SENTENCES, html: str = '<html lang="en">') -> str:
    return f"<!doctype html>{html}<head>{head}</head><body><article><h1>A heading</h1><p>{body}</p></article></body>"


# --- which format a file is of ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.txt", b"A title\nText", "text"), ("A.TXT", b"Text", "text"), ("a.txt.gz", b"Text", "text"),
        ("a.md", b"# Heading", "markdown"), ("a.markdown", b"Text", "markdown"), ("a.html", b"Text", "html"),
        ("a.htm", b"<p>Text", "html"), ("a.json", b"{}", "jsonl"), ("a.ndjson", b"{}", "jsonl"),
        ("a", b'{"title": "x"}', "jsonl"), ("a", b"\xef\xbb\xbf<!DOCTYPE html><html>", "html"), ("a", b"Text", "text"),
        ("a", b"---\ntitle: x\n---\n", "markdown"), ("a", b"", "text"),
        ("a.txt", "Ein Titel".encode("utf-16"), "text"), ("a.txt", "Ein Titel".encode("utf-16-le"), "text"),
        ("a.txt", "Über den Häusern".encode("cp1252"), "text"), ("a.txt", "Граница".encode("koi8-r"), "text"),
    ],
)  # fmt: skip
def test_files_met_in_a_folder_are_read_by_content_and_name(name: str, head: bytes, expected: str) -> None:
    assert detect(name, head, asked_for=False) == expected


def test_a_text_in_a_folder_stays_text_whatever_it_begins_with() -> None:
    assert detect("notes.txt", b'{"title": "x"}', asked_for=False) == "text"
    assert detect("notes.txt", b'{"title": "x"}', asked_for=True) == "jsonl"


def test_a_named_file_is_read_as_text_where_nothing_speaks_against_it() -> None:
    assert detect("a.log", b"one,two", asked_for=True) == "text"
    with pytest.raises(UnknownFormatError, match=r"\.log"):
        detect("a.log", b"one,two", asked_for=False)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"PK\x03\x04" + bytes(22) + b"\x08" + bytes(3) + b"mimetype", "zip"), (b"\xd0\xcf\x11\xe0", "Office document"),
        (b"\x89PNG\r\n", "PNG"), (b"SQLite format 3\0", "SQLite"), (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x03", "no text"), (b"<?xml version='1.0'?><x>", "XML"),
        (b"Rar!\x1a\x07", "RAR"), (b"\x1f\x8b\x08", "twice"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("asked_for", [True, False])
def test_what_is_not_read_is_said_by_its_name(head: bytes, what: str, asked_for: bool) -> None:
    with pytest.raises(UnknownFormatError, match=what):
        detect("file", head, asked_for=asked_for)


def test_the_documentation_names_every_format_suffix_and_field() -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    for name, reader in FORMATS.items():
        assert f"\n## {name}\n" in text
        assert all(f"`{suffix}`" in text for suffix in reader.SUFFIXES)
    for field, names in NAMES.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {field} |"))
        assert [name for name in names if f"`{name}`" not in row] == []


# --- text -------------------------------------------------------------------------------------------------------------


def test_text_is_a_title_and_paragraphs() -> None:
    found = article("text", "\ufeff\r\n  A title  \r\nFirst.\r\nSecond.\r\n")
    assert (found.title, found.body, found.original and found.original.media_type) == (
        "A title", "First.\n\nSecond.", "text/plain"
    )  # fmt: skip


@pytest.mark.parametrize(
    "first", ["x" * 201, "It ends like a sentence.", "It goes on:", "它是一个句子。"], ids=["long", ".", ":", "。"]
)
def test_a_first_line_that_is_no_title_stays_in_the_text(first: str) -> None:
    found = article("text", f"{first}\nThe rest")
    assert found.body == f"{first}\n\nThe rest"
    assert found.title


def test_a_title_may_end_in_dots() -> None:
    assert article("text", "And then...\nText").title == "And then..."


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_in_unicode_of_every_width(encoding: str) -> None:
    found = article("text", "Grenze offen\nDie Übergänge sind offen.".encode(encoding))
    assert (found.title, found.body) == ("Grenze offen", "Die Übergänge sind offen.")


# --- markdown ---------------------------------------------------------------------------------------------------------


def test_markdown_is_read_without_its_marks() -> None:
    found = article(
        "markdown",
        "# The *title*\n\nOne **bold** [link](https://e.org), `code`\nand a wrapped line.\n\n- an item\n- another\n\n"
        "> a quotation\n\n![a picture](x.png)\n\n```\ncode\n```\n\n## A heading\n\n<div>html</div>\n",
    )
    assert found.title == "The title"
    assert found.body.split("\n\n")[:4] == [
        "One bold link, code and a wrapped line.", "an item", "another", "a quotation"
    ]  # fmt: skip
    assert "A heading" in found.body
    assert not set("*[`#>") & set(found.body)


def test_front_matter_has_the_fields_of_json() -> None:
    found = article(
        "markdown",
        "---\nHeadline: 'One: two'\nbyline: By Ann Lee and Bo Chan\ndate: 2023-05\nkeywords: a, b\nlang: en-GB\n"
        "publisher: {name: Wire}\ndesk: World\nabstract: Short.\nlink: https://e.org/a#b\nmood: good\n---\nText.\n",
    )
    assert (found.title, found.authors, str(found.published), found.tags, found.language, found.source) == (
        "One: two", ("Ann Lee", "Bo Chan"), "2023-05", ("a", "b"), "en", "Wire"
    )  # fmt: skip
    assert (found.section, found.summary, found.url, found.body) == ("World", "Short.", "https://e.org/a", "Text.")


def test_a_title_in_front_matter_keeps_another_heading_in_the_text() -> None:
    assert article("markdown", "---\ntitle: Own\n---\n# Heading\n\nText").body == "Heading\n\nText"
    assert article("markdown", "---\ntitle: Same\n---\n# Same\n\nText").body == "Text"


@pytest.mark.parametrize("begin", ["---\ntitle: x\n", "---\n---\n", "---\n- a list\n---\n", ""])
def test_what_is_no_front_matter_is_no_error(begin: str) -> None:
    assert "Text here" in article("markdown", f"{begin}\nText here").body


@pytest.mark.parametrize(
    "front",
    ["title: [", "a: &a [x]\nb: *a", "[a, b]: c", "title: {a: b}", "[" * 5_000],
    ids=["open", "alias", "key", "map", "deep"],
)
def test_front_matter_that_cannot_be_read_fails(front: str) -> None:
    with pytest.raises(UnreadableFileError):
        read("markdown", f"---\n{front}\n---\nText")


def test_front_matter_runs_nothing(tmp_path: Path) -> None:
    target = tmp_path / "made"
    front = f'title: T\nx: !!python/object/apply:os.mkdir ["{target}"]'
    assert article("markdown", f"---\n{front}\n---\nText").title == "T"
    assert not target.exists()


# --- html -------------------------------------------------------------------------------------------------------------


def test_a_page_by_its_json_ld() -> None:
    about = {
        "@context": "https://schema.org", "@type": "NewsArticle", "headline": "A heading",
        "datePublished": "2023-05-02T08:00:00+03:00", "author": {"@type": "Person", "name": "Ann Lee"},
    }  # fmt: skip
    found = article(
        "html", page(f'<meta charset="utf-8"><script type="application/ld+json">{json.dumps(about)}</script>')
    )
    assert found.title == "A heading"
    assert found.authors == ("Ann Lee",)
    assert str(found.published).startswith("2023-05-02")
    assert found.body.startswith("The two delegations met")
    assert (found.language, found.original and found.original.media_type) == ("en", "text/html")


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("cp1254", '<meta charset="windows-1254">'),
        ("cp1254", '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-9">'),
        ("utf-8", '<meta charset="undefined">'),
        ("utf-8", ""),
        ("utf-16", ""),
    ],
)
def test_a_page_in_the_encoding_that_it_declares(encoding: str, declared: str) -> None:
    text = "İstanbul’dan Diyarbakır’a giden sürücüler artık daha az bekliyor, dedi yetkililer. " * 4
    assert article("html", page(declared, text).encode(encoding)).body.startswith("İstanbul’dan Diyarbakır’a")


def test_xhtml_with_an_xml_declaration() -> None:
    text = "Le préfet a déclaré que la frontière restait ouverte aux voyageurs pendant tout l’été. " * 4
    data = '<?xml version="1.0" encoding="iso-8859-1"?>' + page("", text.replace("’", "'"), '<html lang="fr">')
    assert "préfet a déclaré" in article("html", data.encode("iso-8859-1")).body


@pytest.mark.parametrize("begin", ["", "<body>", "<!doctype html>", '<?xml version="1.0"?>', "<!-- saved -->"])
def test_a_part_of_a_page_is_read_like_a_page(begin: str) -> None:
    text = "The border was closed on Monday, the ministry said, and it will be opened again in a week. " * 4
    found = article("html", f"{begin}<div id=page><div><h1>A heading</h1><p>{text}</p></div></div>".encode())
    assert (found.title, found.body) == ("A heading", text.strip())


def test_a_title_that_is_never_closed_is_cut() -> None:
    data = f"<html><title>A heading | The paper{'<p>a word | and - another</p>' * 20_000}"
    with suppress(NoTextError):
        assert len(article("html", data.encode()).title) <= 1_000


@pytest.mark.parametrize("data", ["", "<html></html>", "<html><body></body></html>", "<html"])
def test_a_page_without_text_says_so(data: str) -> None:
    with pytest.raises(NoTextError):
        read("html", data)


# --- jsonl ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("field", "names"), NAMES.items())
def test_a_field_is_found_under_each_of_its_names(field: str, names: tuple[str, ...]) -> None:
    value = {"url": "https://e.org/a", "published": "2023", "language": "fr"}.get(field, "Value")
    expected = {"authors": (value,), "tags": (value,)}.get(field, value)
    for name in names:
        record = {"title": "Title", "body": "Body"}
        record.pop(field, None)
        for written in (name, name.upper()):
            value_found = getattr(article("jsonl", json.dumps(record | {written: value})), field)
            assert (str(value_found) if field == "published" else value_found) == expected


def test_the_first_name_that_has_a_value_counts() -> None:
    assert article("jsonl", json.dumps({"title": "", "headline": "H", "name": "N", "body": "B"})).title == "H"


def test_lists_and_objects_and_numbers_as_values() -> None:
    found = article(
        "jsonl",
        json.dumps({"title": 1984, "body": ["One.", "Two."], "author": [{"name": "A"}, "B"], "date": 20230502,
                    "publisher": {"@type": "Organization", "name": "Wire"}, "tags": ["x", None, "y, z"]}),
    )  # fmt: skip
    assert (found.title, found.body, found.authors, found.source) == ("1984", "One.\n\nTwo.", ("A", "B"), "Wire")
    assert (str(found.published), found.tags) == ("2023-05-02", ("x", "y, z"))


def test_nothing_is_written_in_several_ways() -> None:
    found = article("jsonl", '{"title": "T", "body": "B", "author": NaN, "tags": [NaN], "source": null, "date": ""}')
    assert (found.authors, found.tags, found.source, found.published) == ((), (), None, None)


def test_a_date_that_cannot_be_read_is_left_out() -> None:
    assert article("jsonl", '{"title": "T", "body": "B", "date": "03/04/2023"}').published is None


def test_lines_are_numbered_as_an_editor_does() -> None:
    found = read("jsonl", '\n{"title": "A", "body": "B"}\r\n\n{"title": "C", "body": "D"}')
    assert [each.origin.part for each in found] == ["2", "4"]
    assert [str(each.origin) for each in found] == ["folder/file#2", "folder/file#4"]


def test_each_line_is_kept_as_it_came() -> None:
    found = article("jsonl", '  {"title":"A",  "body":"B"}  \n')
    assert found.original
    assert (found.original.data, found.original.media_type) == (b'{"title":"A",  "body":"B"}', "application/json")


def test_a_long_line_fails_alone_and_is_never_held_whole() -> None:
    lines = ['{"title": "A", "body": "B"}', json.dumps({"title": "L", "body": "x" * 5_000}), '{"title": "C"}']
    first, long, last = read("jsonl", "\n".join(lines), limit=1_000)
    assert isinstance(first, NewArticle)
    assert isinstance(long, Failed)
    assert "1,000 bytes" in long.reason
    assert isinstance(last, NewArticle)
    assert last.origin.part == "3"


@pytest.mark.parametrize("indent", [None, 1])
def test_a_list_and_an_object_in_one_file(indent: int | None) -> None:
    first, second = read("jsonl", json.dumps([{"title": "A"}, {"title": "B"}], indent=indent), "a.json")
    assert (first.origin.part, second.origin.part) == ("1", "2")
    (one,) = read("jsonl", json.dumps({"title": "A", "body": "B"}, indent=indent), "a.json")
    assert isinstance(one, NewArticle)


def test_a_list_is_read_part_by_part_however_long_it_is() -> None:
    records = [{"title": f"Title {number}", "body": "Grüße " * 20} for number in range(2_000)]
    for indent in (None, 1):
        found = read("jsonl", json.dumps(records, indent=indent, ensure_ascii=False), "a.json", limit=1_000)
        assert [each.title for each in found if isinstance(each, NewArticle)] == [
            str(each["title"]) for each in records
        ]


class Drip(io.BytesIO):
    """A file that gives a few bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(3 if size else 0)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)), max_leaves=20
    ).map(lambda value: value if isinstance(value, list) else [value]),
    st.sampled_from([None, 1]), st.booleans(), st.integers(1, 9),
)  # fmt: skip
def test_a_list_read_part_by_part_is_what_was_written(
    value: list[object], indent: int | None, ascii_only: bool, cut: int
) -> None:
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    found = list(parts(Drip(data[cut:]), 1_000_000, data[:cut]))
    assert [part for part, _ in found] == json.loads(data)
    assert [json.loads(text) for _, text in found] == json.loads(data)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("", "ends before the list does"), (",", "Expecting value"), (",]", "Expecting value"), ("}", "was expected"),
        (", {", "not valid JSON"), (', {"a": "x', "Unterminated"), ("] x", "more after the end"),
        (", 1", "ends before"),
        (f', "{"x" * 200_000}"]', "max_item_mb"), (f", {'[' * 100_000}", "nested too deeply"), (', "\xff"', "UTF-8"),
        (f", {'9' * 5_000}]", "digits"),
    ],
)  # fmt: skip
def test_what_comes_before_a_fault_in_a_list_is_read(end: str, reason: str) -> None:
    data = ('[{"title": "A"},\n{"title": "B"}' + end).encode("latin-1")
    found = FORMATS["jsonl"].read(InputFile("a.json", io.BytesIO(data), "jsonl", 100_000))
    assert [getattr(next(found), "title", None) for _ in range(2)] == ["A", "B"]
    with pytest.raises(FormatError, match=reason):
        list(found)


# --- every format -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_a_file_that_is_too_large_fails(name: str) -> None:
    with pytest.raises(TooLargeError, match="max_item_mb"):
        read(name, "x" * 1_001, limit=1_000)


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_file_has_no_text(name: str) -> None:
    with pytest.raises(NoTextError):
        list(map(normalise, read(name, b" \n\n ")))  # type: ignore[arg-type]


PIECES = st.sampled_from(
    ["---\n", "\n---\n", "{", "}", "[", "]", '"title"', ":", ",", '"x"', "\n", "- ", "&a ", "*a", "!!x ", "|", ">",
     "? ", "`", "#", "<p>", "<html>", "</", "=", "\x00", "\ufeff", "\ud7ff", "é", "9" * 5_000, "NaN", "\t", "\r", "x "]
)  # fmt: skip


def read_anything(name: str, text: str) -> None:
    """Read a file of which only a FormatError may say that it cannot be read."""
    with suppress(FormatError):
        read(name, text)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "html"])
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(text=st.lists(PIECES, max_size=30).map("".join))
def test_odd_files_raise_nothing_but_format_errors(name: str, text: str) -> None:
    read_anything(name, text)


@settings(max_examples=20, deadline=None)
@given(text=st.lists(PIECES, max_size=30).map("".join))
def test_odd_pages_raise_nothing_but_format_errors(text: str) -> None:
    read_anything("html", f"<html><body>{text}")


@pytest.mark.parametrize(
    ("name", "head", "instead"),
    [
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as DOCX"),
        ("a.xlsx", b"PK\x03\x04" + bytes(40), "save it as CSV"),
        ("a.mobi", b"Name" + bytes(60) + b"BOOKMOBI", "convert it to EPUB"),
        ("a.rar", b"Rar!\x1a\x07\x01\x00", "unpack it"),
    ],
)
def test_what_cannot_be_read_says_what_can(name: str, head: bytes, instead: str) -> None:
    for asked_for in (False, True):
        with pytest.raises(UnknownFormatError, match=rf"; {instead}$"):
            detect(name, head, asked_for=asked_for)
