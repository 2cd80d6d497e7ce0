"""What browsers and read-later services export: entries with a text are articles, the others are skipped and named."""

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats import FORMATS, Failed, InputFile, Skipped, detect
from archive.formats.fragment import paragraphs
from archive.formats.saved import NO_TEXT
from archive.normalise import normalise
from archive.service import Archive
from archive.types import ImportOptions, NewArticle, Renewed

Run = Callable[..., Any]
Item = NewArticle | Failed | Skipped

CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "files"
PAGE = "https://example.org/bridge"
NOTE = "What I think of it."


def read(name: str, data: str | bytes, limit: int = 1_000_000) -> list[Item]:
    raw = data.encode() if isinstance(data, str) else data
    return list(FORMATS[name].read(InputFile("file", io.BytesIO(raw), name, limit)))


def told(data: str | bytes, name: str = "-") -> list[tuple[str, ...]]:
    """The format that a content is taken for, and of each item what a user would see."""
    raw = data.encode() if isinstance(data, str) else data
    format_name = detect(name, raw[:8_192], asked_for=True)
    shown: list[tuple[str, ...]] = [(format_name,)]
    for item in read(format_name, raw):
        if isinstance(item, NewArticle):
            item = normalise(item)
            shown.append((str(item.origin.part), item.title, item.url or "", item.body, *item.tags))
        else:
            shown.append((str(item.origin.part), item.reason))
    return shown


# --- lists of links in HTML -----------------------------------------------------------------------------------------

NETSCAPE = f"""<!DOCTYPE NETSCAPE-Bookmark-file-1>
<!-- This is an automatically generated file. -->
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks</H1>
<DL><p>
    <DT><H3 ADD_DATE="1683000000">News</H3>
    <DD>A folder with a note.
    <DL><p>
        <DT><A HREF="{PAGE}" ADD_DATE="1683000000" ICON="data:;base64,AAAA" TAGS="border, news">Bridge &amp; road</A>
        <DD>What I
think of it.
<ul><li>One &lt;b&gt;</ul>
        <DT><A HREF="https://example.org/b">Only a page</A>
    </DL><p>
    <DT><A HREF="javascript:void(0)">A button</A>
</DL><p>
"""


@pytest.mark.parametrize(
    "beginning", [NETSCAPE, "\ufeff" + NETSCAPE, NETSCAPE.replace("\n", "\r\n"), NETSCAPE[NETSCAPE.index("<META") :]]
)
def test_bookmarks(beginning: str) -> None:
    assert told(beginning) == [
        ("saved-html",),
        ("1", "Bridge & road", PAGE, "What I\n\nthink of it.\n\nOne <b>", "border", "news"),
        ("2 Only a page https://example.org/b", NO_TEXT),
        ("3 A button javascript:void(0)", NO_TEXT),
    ]


def test_the_original_of_a_bookmark_is_the_bookmark_without_its_icon() -> None:
    (first, *_) = read("saved-html", NETSCAPE)
    assert isinstance(first, NewArticle)
    assert first.original
    kept = first.original.data.decode()
    assert PAGE in kept
    assert "Bridge &amp; road" in kept
    assert 'add_date="1683000000"' in kept
    assert "base64" not in kept
    assert first.published is None


@pytest.mark.parametrize("title", ["Pocket Export", "Instapaper: Export"])
@pytest.mark.parametrize("end", ["</li>", ""])
def test_the_lists_of_pocket_and_instapaper(title: str, end: str) -> None:
    page = (
        f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body><h1>Unread</h1>\n<ul>\n"
        f'<li><a href="{PAGE}" time_added="1683000000" tags="a,b">A bridge</a>{end}\n</ul><h1>Read</h1><ol>\n'
        f'<li><a href="https://example.org/b">B</a>{end}</ol></body></html>'
    )
    assert told(page) == [("saved-html",), (f"1 A bridge {PAGE}", NO_TEXT), ("2 B https://example.org/b", NO_TEXT)]


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><title>Pocket Exports rise</title><body><p>Text</p></body></html>",
        '<html><body><dl><dt><a href="x">A</a></dt></dl></body></html>', "<dl><dt>Term<dd>Meaning</dl>",
    ],
)  # fmt: skip
def test_ordinary_pages_are_no_bookmarks(page: str) -> None:
    assert detect("a.html", page.encode(), asked_for=True) == "html"


def test_deep_folders_and_endless_notes_are_read_in_good_time() -> None:
    deep = (
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>" + "<DL><p><DT><H3>F</H3>" * 20_000 + f'<DT><A HREF="{PAGE}">A</A><DD>Note'
    )
    assert told(deep)[1:] == [("1", "A", PAGE, "Note")]
    (found,) = read("saved-html", f'<DT><A HREF="{PAGE}">A</A><DD>' + "&lt;" * 200_000)
    assert isinstance(found, NewArticle)
    assert len(found.body) == 200_000


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_wallabag() -> None:
    entries = [
        {"is_archived": 0, "is_starred": 1, "tags": ["news", "border"], "id": 1, "title": "A bridge", "url": PAGE,
         "content": "<h2>A road</h2><p>It <b>opened</b> &amp; closed.</p><script>x()</script>", "language": "en-GB",
         "published_at": "2023-05-02T10:00:00+0200", "published_by": ["Ann Lee"], "domain_name": "example.org"},
        {"is_archived": 1, "is_starred": 0, "title": "B", "url": "https://example.org/b", "content": None,
         "tags": [{"id": 1, "label": "x"}]},
        {"is_archived": 1, "is_starred": 0, "title": "C", "url": "https://example.org/c",
         "content": "wallabag can't retrieve contents for this article. Please troubleshoot this issue."},
        {"title": "D"},
        "E",
    ]  # fmt: skip
    first, *others = read("saved-json", json.dumps(entries))
    assert isinstance(first, NewArticle)
    first = normalise(first)
    assert (first.title, first.body, first.tags, first.authors, first.source, first.language) == (
        "A bridge", "A road\n\nIt opened & closed.", ("news", "border"), ("Ann Lee",), "example.org", "en"
    )  # fmt: skip
    assert str(first.published) == "2023-05-02T10:00:00+02:00"
    assert [type(each) for each in others] == [Skipped, Skipped, Failed, Failed]
    assert told(json.dumps(entries, indent=1))[0] == ("saved-json",)


def test_the_first_wallabag_whose_texts_stand_first() -> None:
    text = "<p>" + "It opened. " * 2_000 + "</p>"
    entry = {**dict(enumerate(["1", "A", PAGE, "0", "0", text, "1"])), "title": "A", "url": PAGE, "content": text,
             "is_read": "0", "is_fav": "1", "tags": "a,b"}  # fmt: skip
    shown = told(json.dumps([entry]))
    assert (shown[0], shown[1][1], shown[1][4:]) == (("saved-json",), "A", ("a", "b"))


@pytest.mark.parametrize(
    "entry",
    [
        {"href": PAGE, "description": "A bridge", "extended": NOTE, "meta": "x", "tags": "a b", "time": "2023"},
        {"title": "A bridge", "url": PAGE, "description": NOTE, "tags": ["a", "b"], "others": 9, "owner": "me"},
        {
            "created_at": "2023",
            "title": "A bridge",
            "url": PAGE,
            "description": NOTE,
            "tags": ["a", "b"],
            "is_saved": True,
        },
    ],
    ids=["Pinboard", "Delicious", "El Curator"],
)
def test_lists_of_pages_with_notes(entry: dict[str, object]) -> None:
    bare = {name: "" if value == NOTE else value for name, value in entry.items()}
    assert told(json.dumps([entry, bare])) == [
        ("saved-json",), ("1", "A bridge", PAGE, NOTE, "a", "b"), (f"2 A bridge {PAGE}", NO_TEXT)
    ]  # fmt: skip


def test_omnivore_keeps_its_texts_elsewhere() -> None:
    entry = {"id": "1", "slug": "a-bridge", "title": "A bridge", "description": "It opened …", "url": PAGE,
             "state": "Archived", "readingProgress": 0, "labels": ["RSS"], "savedAt": "2024"}  # fmt: skip
    (item,) = told(json.dumps([entry]), "metadata_0_to_20.json")[1:]
    assert item[0] == f"1 A bridge {PAGE}"
    assert item[1].startswith("no text: it is in a file of its own")


def omnivore(entries: list[dict[str, object]], files: dict[str, str], folder: str = "") -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, text in {"metadata_0_to_20.json": json.dumps(entries), **files}.items():
            archive.writestr(f"{folder}{name}", text)
    return written.getvalue()


ENTRY: dict[str, object] = {
    "id": "1", "slug": "a-bridge-18f", "title": "A bridge", "description": "It opened …", "author": "Ann Lee",
    "url": PAGE, "state": "Archived", "readingProgress": 0, "labels": ["RSS"], "savedAt": "2024-10-29T16:30:11.000Z",
    "publishedAt": "2024-10-28T16:30:11.000Z",
}  # fmt: skip


@pytest.mark.parametrize("folder", ["", "omnivore/"])
def test_each_entry_of_omnivore_has_its_text(archive: Archive, tmp_path: Path, folder: str) -> None:
    (tmp_path / "export.zip").write_bytes(
        omnivore(
            [ENTRY, {**ENTRY, "slug": "gone", "title": "No text"}, {**ENTRY, "slug": ["odd"], "title": "Odd"}, 7],
            {
                "content/a-bridge-18f.html": "<div class='page'><p>It opened.</p><p>Many “came”.</p></div>",
                "content/orphan.html": f"<html><title>An orphan</title><body><p>{'Nobody names it here. ' * 30}</p>",
                "highlights/a-bridge-18f.md": "> It opened.\n\nMy note.",
            },
            folder,
        )
    )  # fmt: skip
    report = archive.import_paths([str(tmp_path / "export.zip")])
    assert (report.added, report.skipped, report.failed) == (3, 2, 1)
    article = archive.get(1)
    assert (article.title, article.url, article.tags, article.authors) == ("A bridge", PAGE, ("RSS",), ("Ann Lee",))
    assert str(article.published) == "2024-10-28T16:30:11+00:00"
    assert article.paragraphs == ("It opened.", "Many “came”.")
    assert (article.origin.format, article.origin.part) == ("saved-json", f"{folder}metadata_0_to_20.json#1")
    assert archive.reextract([1]).counts[Renewed.UNCHANGED] == 1
    again = archive.import_paths([str(tmp_path / "export.zip")])
    assert (again.added, again.updated, again.duplicates) == (0, 0, 3)


def test_a_zip_archive_with_such_names_that_is_no_export(archive: Archive, tmp_path: Path) -> None:
    files = {"content/a.html": f"<html><title>A page</title><body><p>{'A text that goes on. ' * 30}</p>"}
    (tmp_path / "a.zip").write_bytes(omnivore([{"title": "A record", "body": "Of its own."}], files))
    assert archive.import_paths([str(tmp_path / "a.zip")]).added == 2


def test_the_texts_of_omnivore_have_bounds_and_fail_alone(archive: Archive, tmp_path: Path) -> None:
    entries = [{**ENTRY, "slug": name, "url": f"{PAGE}{name}"} for name in ("large", "fine")]
    files = {"content/large.html": f"<p>{'x y ' * 400_000}</p>", "content/fine.html": "<p>It is fine.</p>"}
    (tmp_path / "a.zip").write_bytes(omnivore(entries, files))
    report = archive.import_paths([str(tmp_path / "a.zip")], ImportOptions(max_item_bytes=1_000_000))
    assert (report.added, report.failed) == (1, 1)
    assert "more than 1,000,000 bytes" in str(report.items[0].reason)


@pytest.mark.parametrize(
    "document",
    [
        {"bookmarks": [{"article__title": "A bridge", "article__url": PAGE, "article__excerpt": "It …"}, 1]},
        {"id": 1, "collections": [{"name": "x", "links": [{"name": "A bridge", "url": PAGE, "tags": []}]}, {}]},
        {"checksum": "x", "roots": {"bookmark_bar": {"type": "folder", "children": [
            {"type": "folder", "children": [{"name": "A bridge", "url": PAGE, "type": "url"}]}]}, "x": 1}},
        {"guid": "root________", "type": "text/x-moz-place-container", "children": [
            {"guid": "x", "type": "text/x-moz-place-container", "children": [{"title": "A bridge", "uri": PAGE}]}]},
    ],
    ids=["Readability", "Linkwarden", "Chrome", "Firefox"],
)  # fmt: skip
def test_documents_that_name_pages(document: dict[str, object]) -> None:
    for indent in (None, 2):
        assert told(json.dumps(document, indent=indent)) == [("saved-json",), (f"1 A bridge {PAGE}", NO_TEXT)]


def test_linkwarden_with_a_text() -> None:
    link = {"name": "A", "url": PAGE, "textContent": "It opened.", "tags": [{"name": "a"}]}
    assert told(json.dumps({"collections": [{"links": [link]}]}))[1] == ("1", "A", PAGE, "It opened.", "a")


@pytest.mark.parametrize(
    "record",
    [
        {"title": "T", "text": "x", "url": PAGE, "tags": []}, {"bookmarks": [{"title": "T"}], "text": "x"},
        {"collections": [], "text": "x"}, {"text": '{"is_archived": 1, "is_starred": 1}'},
        {"text": "x", "inner": {"is_archived": 1, "is_starred": 1}},
    ],
)  # fmt: skip
def test_ordinary_json_is_no_export(record: dict[str, object]) -> None:
    for content in (record, [record]):
        assert detect("a.json", json.dumps(content).encode(), asked_for=True) == "jsonl"


@pytest.mark.parametrize("data", ["[1]", "{", "[", '{"a": 1}', "[" * 100_000, '"x"', "nonsense"])
def test_json_that_is_no_export_says_so_when_it_is_asked_to_be_one(data: str) -> None:
    try:
        found = read("saved-json", data)
    except UnreadableFileError:
        return
    assert [type(each) for each in found] == [Failed]


# --- tables and XML -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        f"title,url,time_added,tags,status\nA bridge,{PAGE},1683000000,a|b,unread\n",
        f"title,url,time_added,cursor,tags,status\nA bridge,{PAGE},1683000000,,a,unread",
        f"Title,URL,ID,Document tags,Saved date,Reading progress,Location,Seen\nA bridge,{PAGE},01x,,2023,0,new,True\n",
        f"URL,Title,Selection,Folder\n{PAGE},A bridge,,Unread\n",
    ],
    ids=["Pocket", "old Pocket", "Readwise Reader", "Instapaper"],
)
def test_tables_that_name_pages(table: str) -> None:
    assert told(table) == [("saved-csv",), (f"2 A bridge {PAGE}", NO_TEXT)]


def test_a_selection_of_instapaper_is_a_text() -> None:
    row = f'{PAGE},A bridge,"It, at last,\nopened.",Unread,1,"[""a"", ""b""]"'
    table = f"URL,Title,Selection,Folder,Timestamp,Tags\n{row}\n"
    assert told(table)[1:] == [("2", "A bridge", PAGE, "It, at last,\n\nopened.", "a", "b")]


def test_the_table_of_wallabag() -> None:
    table = (
        'Title;URL;Content;Tags;"MIME Type";Language;"Creation date"\n'
        f'"A bridge";{PAGE};"<p>It ""opened""; at last.</p><p>Today.</p>";"a, b";text/html;en;"02/05/2023 10:00:00"\n'
        "B;https://example.org/b;;;;;\nC;x;y;;;;;;too many\n"
    )
    assert told(table)[:3] == [
        ("saved-csv",), ("2", "A bridge", PAGE, 'It "opened"; at last.\n\nToday.', "a", "b"),
        ("3 B https://example.org/b", NO_TEXT),
    ]  # fmt: skip


READWISE = (
    "Highlight,Book Title,Book Author,Amazon Book ID,Note,Color,Tags,Location Type,Location,"
    "Highlighted at,Document tags"
)


def test_highlights_that_follow_each_other_are_one_article() -> None:
    rows = ['"A bridge is\na promise.",On Bridges,Ann Lee,,Yes.,,quote,page,3,2023,reading',
            "A road is a wish.,On Bridges,Ann Lee,,,,,page,4,2023,", "Another.,On Roads,Bo Chan,,,,,,,,",
            ",On Nothing,Bo Chan,,,,,,,,"]  # fmt: skip
    assert told("\n".join([READWISE, *rows])) == [
        ("saved-csv",),
        ("2", "On Bridges", "", "A bridge is a promise.\n\nYes.\n\nA road is a wish.", "reading", "quote"),
        ("4", "On Roads", "", "Another."),
        ("5 On Nothing", NO_TEXT),
    ]


def test_highlights_without_end_are_several_articles() -> None:
    rows = "".join(f"Thought {number} of many.,On Bridges,Ann Lee,,,,,,,,\n" for number in range(100))
    found = read("saved-csv", f"{READWISE}\n{rows}", limit=1_000)
    assert len(found) > 3
    assert sum(each.body.count("Thought") for each in found if isinstance(each, NewArticle)) == 100


def test_the_xml_of_wallabag_and_pinboard() -> None:
    wallabag = f"""<?xml version="1.0" encoding="UTF-8"?>
<result>
  <entry>
    <is_archived>0</is_archived><tags><entry><![CDATA[a]]></entry><entry>b</entry></tags>
    <title><![CDATA[A bridge]]></title><url><![CDATA[{PAGE}]]></url>
    <content><![CDATA[<p>It &amp; the road opened.</p><p>Today.</p>]]></content><language>en</language>
  </entry>
  <entry><is_archived>1</is_archived><title>B</title><url>https://example.org/b</url></entry>
</result>"""
    assert told(wallabag) == [
        ("saved-xml",), ("1", "A bridge", PAGE, "It & the road opened.\n\nToday.", "a", "b"),
        ("2 B https://example.org/b", NO_TEXT),
    ]  # fmt: skip
    pinboard = f"""<?xml version="1.0"?><posts user="me">
<post href="{PAGE}" description="A bridge" extended="{NOTE}" tag="a b" time="2023-05-02T10:00:00Z"/>
<post href="https://example.org/b" description="B" extended="" tag=""/></posts>"""
    assert told(pinboard) == [
        ("saved-xml",), ("1", "A bridge", PAGE, NOTE, "a", "b"), ("2 B https://example.org/b", NO_TEXT)
    ]  # fmt: skip


# --- pieces of HTML -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("One", "One"), ("", ""), ("<p>One</p>\n<p>Two", "One\n\nTwo"), ("One<br>two<hr>three", "One\ntwo\n\nthree"),
        ("<ul><li>a<li>b</ul>c", "a\n\nb\n\nc"), ("a <b>b</b>\n c&nbsp;&lt;", "a b c <"), ("<p>a\n\n b</p>", "a b"),
        ("<style>x</style>a<script>b</script>", "a"), ("<pre>a\n  b</pre>", "a\n  b"), ("a\0b", "ab"),
        ("a < b > c", "a < b > c"),
    ],
)  # fmt: skip
def test_pieces_of_html_are_paragraphs(html: str, text: str) -> None:
    assert paragraphs(html) == text


@pytest.mark.parametrize("piece", ["<div>x", "<table>", "<!--", "<a '", "<p>&lt;", "</p>", "<b>"])
def test_no_nesting_is_too_deep(piece: str) -> None:
    assert paragraphs("begins " + piece * 50_000).startswith("begins")


@given(st.text())
def test_any_text_is_a_piece_of_html(text: str) -> None:
    assert "\0" not in paragraphs(text)


# --- every one ------------------------------------------------------------------------------------------------------


def test_what_was_skipped_is_counted_told_and_listed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bookmarks.html").write_text(NETSCAPE)
    done = run("import", tmp_path / "bookmarks.html", "--report", tmp_path / "report.jsonl")
    assert "Added 1 article, 2 skipped" in done.stdout
    assert f"2 skipped: {NO_TEXT}" in done.stderr
    items = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    assert sorted(item["outcome"] for item in items) == ["added", "skipped", "skipped"]
    assert any(item["origin"].endswith("#2 Only a page https://example.org/b") for item in items)
    assert "Added 0 articles, 1 duplicate, 2 skipped" in run("import", tmp_path / "bookmarks.html").stdout


SAVED = ("saved-json", "saved-html", "saved-xml", "saved-csv")


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("data", [b"", b" \n\n"])
def test_an_empty_export_has_no_text(name: str, data: bytes) -> None:
    with pytest.raises(NoTextError):
        read(name, data)


PIECES = st.sampled_from(
    ["<dt>", '<a href="x">', "</a>", "<dd>", "<dl>", "</dl>", "<li>", "text", "&lt;", "<!--", "\0", "é", "\n", "<h3>",
     "[", "]", "{", "}", '"title"', ":", ",", '"url"', '"is_archived"', '"is_starred"', '"content"', "1", '"', "null",
     "Highlight,Book Title,Book Author\n", "a,b,c\n", "<posts>", "<post/>", "</posts>", '"children"', '"roots"',
     '"guid"', "\\", "<p>"]
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_odd_exports_raise_nothing_but_format_errors(text: str) -> None:
    for name in SAVED:
        FORMATS[name].looks_like(text.encode())
        with suppress(FormatError):
            assert all(isinstance(each, NewArticle) or each.reason for each in read(name, text))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "url", "children"]), inner),
    max_leaves=8,
)
MARKS = (
    "is_archived is_starred content title url tags published_at published_by language href description extended slug"
    " state readingProgress bookmarks collections roots guid type children links"
).split()


@given(st.dictionaries(st.sampled_from(MARKS), ANYTHING))
def test_odd_values_in_exports_raise_nothing_but_format_errors(entry: dict[str, object]) -> None:
    for document in ([entry], [{"is_archived": 1, "is_starred": 1, **entry}], {"roots": {"a": entry}}, entry,
                     {"collections": [entry]}, [{"href": 1, "description": 2, "extended": 3, **entry}]):  # fmt: skip
        with suppress(FormatError):
            assert all(isinstance(each, NewArticle) or each.reason for each in read("saved-json", json.dumps(document)))


def test_values_that_are_nested_too_deeply_fail() -> None:
    deep = "[" * 900 + "]" * 900
    for name in ("title", "url", "content", "tags", "description"):
        with suppress(FormatError):
            read("saved-json", f'[{{"is_archived": 1, "is_starred": 1, "{name}": {deep}}}]')
            read("saved-json", f'[{{"href": 1, "description": 1, "extended": "x", "{name}": {deep}}}]')


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the real files of ../shared/corpora")
def test_every_real_export_is_accounted_for(run: Run, tmp_path: Path) -> None:
    folders = [CORPUS / name for name in ("exports", "bookmarks", "csv")]
    report = tmp_path / "report.jsonl"
    done = run("import", *folders, "--report", report, "--json", status=1).json
    items = [json.loads(line) for line in report.read_text().splitlines()]
    outcomes = ("added", "updated", "duplicates", "skipped", "failed")
    assert sum(done[outcome] for outcome in outcomes) == len(items) > 250
    assert all(item["reason"] for item in items if item["outcome"] != "added")
    assert sum(item["reason"] == NO_TEXT for item in items) > 100
