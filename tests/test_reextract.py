"""`archive reextract`: what is kept of each article is enough to read it again, and nothing is lost by doing so."""

import json
import mailbox
import sqlite3
import zipfile
from contextlib import closing
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

import pytest

from archive import reading, reextract
from archive.editing import cleaned
from archive.formats import FORMATS, text
from archive.paths import files
from archive.service import Archive
from archive.settings import Settings
from archive.types import (
    ImportOptions,
    NewArticle,
    OnDuplicate,
    Origin,
    Original,
    PublicationDate,
    Renewed,
    SearchRequest,
)
from tests.conftest import ROOT, Run
from tests.test_document_formats import PROSE, RTF, SENTENCES, chapter, column, docx, epub, mhtml, odt, p, pdf
from tests.test_feed_formats import ATOM, RSS

PAGE = (
    "<html lang=de><head><title>Die Brücke</title></head><body><article><h1>Die Brücke</h1>"
    + "<p>Über die Brücke führt eine Straße, die seit Jahren niemand mehr benutzt hat, wie Anwohner sagen.</p>" * 3
    + "</article></body></html>"
)
RECORD = {"title": "A bridge", "text": "It opened on Tuesday.\n\nMany came.", "date": "2023-05-02", "tags": ["a"]}


def message(subject: str, body: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ann <ann@x.example>", "b@x.example", subject
    made["Date"] = "Tue, 02 May 2023 10:00:00 +0300"
    made.set_content(body)
    made.add_attachment(PAGE.encode("cp1252"), "text", "html", filename="page.html", params={"charset": "cp1252"})
    return made


def write_one_of_each(folder: Path) -> None:
    """Files of every format, many of them with several articles, or in others."""
    (folder / "rss.xml").write_text(RSS)
    (folder / "latin.xml").write_bytes(
        RSS.replace('encoding="utf-8"', 'encoding="iso-8859-1"').replace("opens", "öffnet").encode("latin-1")
    )
    (folder / "atom.xml").write_text(ATOM)
    (folder / "feed.json").write_text(
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": "The Wire",
                "language": "fr",
                "items": [{"id": "1", "title": "One", "content_html": "<p>A b.</p><p>C d.</p>"}],
            }
        )
    )
    (folder / "records.jsonl").write_text(f"{json.dumps(RECORD)}\n\n{json.dumps({'title': 'Two', 'body': 'Two.'})}\n")
    (folder / "records.json").write_text(
        json.dumps([{**RECORD, "meta": {"a": 1}}, {"title": "Z", "meta": {}, "body": "Z z."}], indent=1)
    )
    comments = [{"title": "Re", "text": "A comment."}]
    answer = {"status": "ok", "articles": [{"title": "Answered", "text": "<p>In a list.</p>", "comments": comments}]}
    (folder / "answer.json").write_text(json.dumps(answer))
    (folder / "titled.jsonl").write_text(json.dumps([{"title": "Only a title", "url": "https://e.org/t"}])[1:-1])
    (folder / "one.json").write_text(json.dumps({"title": "One object", "body": ["A.", "B."]}, indent=2))
    (folder / "table.csv").write_text('sep=;\nHeadline;Text\nA title;A text\nOther;"Two\n\nlines"\n')
    (folder / "page.html").write_text(PAGE)
    (folder / "note.md").write_text("---\ntitle: A note\ntags: [x]\n---\n# Heading\n\nSome text.\n")
    (folder / "message.eml").write_bytes(bytes(message("A letter", "Dear reader,\n\nthis is it.")))
    box = mailbox.mbox(folder / "all.mbox")
    for number in range(2):
        box.add(message(f"Letter {number}", f"From the start of letter {number}.\n\nFrom here on."))
    box.close()
    (folder / "a.docx").write_bytes(docx(p("A heading", '<w:pPr><w:pStyle w:val="Title"/></w:pPr>') + p(SENTENCES)))
    (folder / "a.odt").write_bytes(odt(f"<text:p>{SENTENCES}</text:p>"))
    (folder / "a.rtf").write_bytes(RTF if isinstance(RTF, bytes) else RTF.encode())
    (folder / "a.pdf").write_bytes(pdf([column(PROSE)]))
    (folder / "a.mhtml").write_bytes(mhtml(PAGE.encode()))
    (folder / "a.epub").write_bytes(
        epub({"c1.xhtml": chapter(f"<h1>One</h1><p>{SENTENCES}</p>"), "c2.xhtml": chapter("<p>The second one.</p>")})
    )
    (folder / "bookmarks.html").write_text(
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p><DT><A HREF='https://x.example/' TAGS='a,b'>A link</A>\n"
        "<DD>A note on it\n<DT><A HREF='https://y.example/' DESCRIPTION='Described'>Other</A></DL>"
    )
    (folder / "wallabag.json").write_text(
        json.dumps(
            [{"is_archived": 0, "is_starred": 0, "title": "W", "url": "https://w.example/", "content": "<p>T</p>"}]
        )
    )
    (folder / "linkwarden.json").write_text(
        json.dumps({"collections": [{"links": [{"name": "L", "url": "https://l.example/", "textContent": "Long"}]}]})
    )
    (folder / "posts.xml").write_text(
        '<posts><post href="https://z.example/" description="P" extended="Noted" tag="a b"/></posts>'
    )
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("folder/page.html", PAGE.replace("Brücke", "Straße"))
        archive.writestr("lines.jsonl", json.dumps({"title": "In a zip", "body": "In it."}))


def test_what_was_just_imported_reads_the_same_again(archive: Archive, tmp_path: Path) -> None:
    """Whatever its format, its encoding and what it was in: so each original is enough by itself."""
    write_one_of_each(tmp_path)
    done = archive.import_paths([str(tmp_path), str(ROOT / "tests" / "data"), str(ROOT / "docs" / "demo")])
    found = {archive.get(number).origin.format for number in archive.store.article_ids()}
    assert found >= {*FORMATS} - {"zip", "tar", "warc", "saved-csv"}
    before = [archive.get(number) for number in archive.store.article_ids()]
    report = archive.reextract(archive.store.article_ids())
    assert report.items == ()
    assert report.counts[Renewed.UNCHANGED] == done.added - report.counts[Renewed.WITHOUT_ORIGINAL]
    assert report.counts[Renewed.WITHOUT_ORIGINAL] == 0
    assert [archive.get(number) for number in archive.store.article_ids()] == before


class Quiet:
    """Watches a file being read, and tells nobody."""

    def advance(self, size: int) -> None:
        """See `reading.Watch`."""

    def member(self, ordinal: int) -> None:
        """See `reading.Watch`."""


def with_an_older_reader(archive: Archive, path: Path) -> None:
    """Store what a reader of text makes of files that never finds a title."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "split_title", lambda found: ("", found))
        for file in files([str(path)]):
            found = reading.read(file, ImportOptions(), Quiet())
            archive.store.add([each for each in found if isinstance(each, NewArticle)])
    archive.sync()


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text("The bridge\n\nIt opened on Tuesday, and many people came to see it.\n")
    return path


def test_a_better_reader_makes_a_new_version(run: Run, archive: Archive, note: Path) -> None:
    with_an_older_reader(archive, note)
    assert archive.get(1).body.startswith("The bridge\n\nIt opened")
    out = run("reextract", "--all").stdout
    assert "article 1: other than before: title, text" in out
    assert "Updated 1 article, in" in out
    assert (archive.get(1).title, archive.get(1).version) == ("The bridge", 2)
    assert archive.get(1, 1).body.startswith("The bridge\n\nIt opened")
    assert archive.original(1) == archive.original(1, 1)
    assert archive.search(SearchRequest(query='title:"the bridge"')).total == 1
    assert archive.verify() == []
    sequence = archive.store.last_sequence()
    assert "Updated 0 articles, 1 unchanged" in run("reextract", "1").stdout
    assert archive.store.last_sequence() == sequence


def test_a_dry_run_tells_the_same_and_stores_nothing(run: Run, archive: Archive, note: Path) -> None:
    with_an_older_reader(archive, note)
    before, sequence = archive.get(1), archive.store.last_sequence()
    done = run("reextract", "--format", "text", "--dry-run", "--json").json
    assert done["updated"] == 1
    assert done["items"] == [
        {"article": 1, "origin": str(note), "outcome": "updated", "reason": "other than before: title, text"}
    ]
    assert (archive.get(1), archive.store.last_sequence()) == (before, sequence)


def test_what_a_person_has_set_stays(archive: Archive, note: Path) -> None:
    with_an_older_reader(archive, note)
    archive.edit(1, cleaned({"title": "My title", "language": None}))
    archive.reextract([1])
    article = archive.get(1)
    assert (article.title, article.language) == ("My title", None)
    assert article.body == "It opened on Tuesday, and many people came to see it."


def test_an_edited_text_stays(archive: Archive, note: Path) -> None:
    with_an_older_reader(archive, note)
    archive.edit(1, cleaned({"body": "Mine."}))
    archive.reextract([1])
    assert archive.get(1).body == "Mine."


def test_what_the_import_was_told_stays(archive: Archive, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("What,Who,Site,Lang\nIt opened today.,Ann,Own,en\n")
    options = ImportOptions(
        mapping={"body": ("What",), "authors": ("Who",), "source": ("Site",)}, source="Told", language="fr",
        tags=("told",), published=PublicationDate.parse("2020"),
    )  # fmt: skip
    archive.import_paths([str(path)], options)
    before = archive.get(1)
    assert (before.source, before.language, before.tags) == ("Told", "fr", ("told",))
    report = archive.reextract([1])
    assert report.counts[Renewed.UNCHANGED] == 1
    assert archive.get(1) == before


def test_what_another_import_said_of_the_same_text_stays(archive: Archive) -> None:
    kept = Original(b'{"title": "T", "body": "B b.", "author": "Ann"}', "application/json")
    origin = Origin("a.jsonl", "jsonl", "1")
    archive.store.add([NewArticle(title="T", body="B b.", origin=origin, original=kept, authors=("Ann",))])
    archive.store.add([NewArticle(title="T", body="B b.", origin=origin, authors=("Ann Lee",))], OnDuplicate.UPDATE)
    archive.reextract([1])
    assert archive.get(1).authors == ("Ann Lee",)


def test_where_it_is_not_known_what_was_told_only_what_is_missing_is_added(
    archive: Archive, settings: Settings
) -> None:
    kept = Original(b'{"title": "T", "body": "B b.", "author": "Ann", "source": "Reader"}', "application/json")
    article = NewArticle(title="T", body="B b.", origin=Origin("a.jsonl", "jsonl", "1"), original=kept, source="Told")
    archive.store.add([article])
    with closing(sqlite3.connect(settings.database)) as connection, connection:
        connection.execute("UPDATE article SET told = NULL")
    archive.reextract([1])
    assert (archive.get(1).source, archive.get(1).authors) == ("Told", ("Ann",))


def test_what_fails_now_leaves_the_article_and_the_others_are_read(
    run: Run, archive: Archive, note: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Original(b"{not json", "application/json")
    odd = Original(b"x", "text/x")
    archive.store.add(
        [
            NewArticle(title="A", body="a", origin=Origin("a.jsonl", "jsonl", "7"), original=broken),
            NewArticle(title="B", body="b", origin=Origin("b", "forgotten"), original=odd),
            NewArticle(title="C", body="c", origin=Origin("c", "text")),
            NewArticle(title="D", body="d", origin=Origin("d", "text"), original=Original(b"damaged", "text/plain")),
        ]
    )
    with closing(sqlite3.connect(settings.database)) as connection, connection:
        connection.execute("UPDATE original SET data = x'00' WHERE sha256 = ?", (sha256(b"damaged").digest(),))
    with_an_older_reader(archive, note)
    before = [archive.get(number) for number in (1, 2, 3, 4)]
    ran = run("reextract", 1, 2, 3, 4, 5, 99, status=1)
    assert "article 1 (a.jsonl#7): it is not valid JSON" in ran.stderr
    assert "article 2 (b): no reader is called 'forgotten' any more" in ran.stderr
    assert "the original of article 4 is damaged" in ran.stderr
    assert "there is no article 99" in ran.stderr
    assert "Updated 1 article, 4 failed, 1 without original" in ran.stdout
    assert [archive.get(number) for number in (1, 2, 3, 4)] == before
    assert archive.get(5).title == "The bridge"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("stuck", "reading it takes longer than 1 seconds"),
        ("greedy", "reading it takes more than 300 MB of memory"),
        ("crash", "the process that read it broke down (SIGSEGV)"),
        ("fault", "the reader failed: KeyError: 'an unforeseen fault'"),
    ],
)
@pytest.mark.usefixtures("breaking_readers")
def test_an_original_that_breaks_its_reader_fails_alone(content: str, reason: str, archive: Archive) -> None:
    for body in ("One.", content, "Three."):
        original = Original(f"{body}\n\nMore text.".encode(), "text/plain")
        archive.store.add([NewArticle(title="T", body=body, origin=Origin("a", "text"), original=original)])
    report = archive.reextract([1, 2, 3])
    assert [(item.article, item.outcome) for item in report.items] == [
        (1, Renewed.UPDATED), (2, Renewed.FAILED), (3, Renewed.UPDATED),
    ]  # fmt: skip
    assert report.items[1].reason == reason
    assert [archive.get(number).version for number in (1, 2, 3)] == [2, 1, 2]


def test_an_article_that_was_edited_while_it_was_read_is_left_alone(archive: Archive, note: Path) -> None:
    with_an_older_reader(archive, note)
    kept = archive.store.kept(1)
    read = NewArticle(title="Read", body="Read anew.", origin=kept.article.origin)
    archive.edit(1, cleaned({"summary": "Meanwhile"}))
    (item,) = archive.store.renew([(kept, read)])
    assert item.outcome is Renewed.FAILED
    archive.delete([1])
    (item,) = archive.store.renew([(kept, read)])
    assert item.reason == "it was deleted meanwhile"


def test_batches_are_stored_one_after_the_other(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends it early, what was told is stored, and running it again does the rest."""
    monkeypatch.setattr(reextract, "BATCH_ITEMS", 2)
    (tmp_path / "notes").mkdir()
    for number in range(6):
        (tmp_path / "notes" / f"{number}.txt").write_text(f"Title {number}\n\nText of number {number}, which goes on.")
    with_an_older_reader(archive, tmp_path / "notes")
    told: list[int] = []

    def stop(item: object) -> None:
        told.append(1)
        if len(told) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.reextract(archive.store.article_ids(), tell=stop)
    assert [archive.get(number).version for number in archive.store.article_ids()] == [2, 2, 2, 2, 1, 1]
    assert archive.reextract(archive.store.article_ids()).counts[Renewed.UPDATED] == 2


@pytest.mark.parametrize("options", [(), ("1", "--all"), ("--all", "--format", "text")])
def test_it_must_be_said_what_is_read_again(run: Run, archive: Archive, options: tuple[str, ...]) -> None:
    assert "one of these" in run("reextract", *options, status=2).stderr


def test_what_was_kept_before_is_read_too(archive: Archive) -> None:
    """A note of a link that an older archive kept twice, and an entity that is declared elsewhere."""
    link = b'<dt><a href="https://x.example/" description="Noted">T</a>\n<dd>Noted</dd>'
    news = b"<?xml version='1.0'?>\n<nitf><body><body.content><p>A &mdash; b</p></body.content></body></nitf>"
    texts = {"saved-html": (link, "Noted"), "newsml": (news, "A — b")}
    for name, (data, body) in texts.items():
        origin = Origin("a", name, "1")
        archive.store.add([NewArticle(title="T", body=f"{name} before", origin=origin, original=Original(data, "x"))])
        number = max(archive.store.article_ids())
        archive.reextract([number])
        assert archive.get(number).body == body
