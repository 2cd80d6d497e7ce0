"""E-mail: messages in every state of damage, mailboxes, Maildir folders, and attachments as items of their own."""

import base64
import io
import mailbox
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import FormatError, UnreadableFileError
from archive.formats import FORMATS, Failed, InputFile, detect
from archive.formats.headers import words
from archive.importing import ImportOptions, run
from archive.types import NewArticle
from db.store import SqlStore

HEAD = b"From: Ann Lee <ann@example.org>\nDate: Tue, 2 May 2023 23:30:00 -0800 (PST)\nSubject: Border opens\n"
BODY = b"\nThe first paragraph.\n\nThe second one.\n"


def read(data: bytes, name: str = "mail", limit: int = 1_000_000) -> list[NewArticle | Failed | InputFile]:
    return list(FORMATS[name].read(InputFile("file", io.BytesIO(data), name, limit)))  # type: ignore[arg-type]


def message(data: bytes) -> NewArticle:
    found = read(data)[0]
    assert isinstance(found, NewArticle)
    return found


def with_attachments() -> bytes:
    made = EmailMessage()
    made["Subject"], made["From"] = "With attachments", "Bo Chan <bo@example.org>"
    made.set_content("See what is attached.")
    made.add_attachment("A title\nA text.", filename="a.txt")
    made.add_attachment(b"%PNG", maintype="image", subtype="png", filename="b.png")
    inner = EmailMessage()
    inner["Subject"], inner["From"] = "Inside", "cy@example.org"
    inner.set_content("The inner text.")
    made.add_attachment(inner)
    return made.as_bytes()


# --- messages ---------------------------------------------------------------------------------------------------------


def test_what_a_message_says() -> None:
    list_id = (
        b'List-Id: "Border News" <border.example.org>\nArchived-At: <https://lists.example.org/1>\nKeywords: a, b\n'
    )
    found = message(HEAD + list_id + b"Content-Language: en\n" + BODY)
    assert (found.title, found.authors, found.source) == ("Border opens", ("Ann Lee",), "Border News")
    assert found.body == "The first paragraph.\n\nThe second one."
    assert str(found.published) == "2023-05-02T23:30:00-08:00"
    assert (found.url, found.tags, found.language) == ("https://lists.example.org/1", ("a", "b"), "en")
    assert found.original
    assert found.original.media_type == "message/rfc822"


@pytest.mark.parametrize(
    ("headers", "source"),
    [
        (b"List-Id: <border.example.org>\n", "border.example.org"), (b"List-Unsubscribe: <mailto:x>\n", "Ann Lee"),
        (b"Newsgroups: alt.border,alt.trade\n", "alt.border"), (b"", None),
        (b"List-Unsubscribe: <x>\nMailing-List: list border@example.org; contact x\n", "border@example.org"),
    ],
)  # fmt: skip
def test_the_list_or_the_newsletter_is_the_source(headers: bytes, source: str | None) -> None:
    assert message(HEAD + headers + BODY).source == source


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("=?utf-8?q?T=C3=BCrkiye?=", "Türkiye"), ("=?UTF-8?B?VMO8cmtpeWU=?= opens", "Türkiye opens"),
        ("=?utf-8?B?VMO8cmtpeWU?=", "Türkiye"), ("=?iso-8859-9?q?=DDstanbul?=", "İstanbul"),
        ("=?utf-8?q?T=C3?= =?utf-8?q?=BCrkiye?=", "Türkiye"), ("=?utf-8?q?a?= =?utf-8?q?b?= c", "ab c"),
        ("=?no-such?q?abc?=", "abc"), ("=?utf-8?b?%%%?=", ""), ("=?utf-8*en?q?x_y?=", "x y"), ("=?broken", "=?broken"),
        ("plain", "plain"), ("a =?utf-8?q?b?= c", "a b c"),
    ],
)  # fmt: skip
def test_encoded_words(written: str, read_as: str) -> None:
    assert words(written) == read_as


@pytest.mark.parametrize("encoding", ["utf-8", "cp1254", "iso-8859-9", "utf-16"])
def test_bodies_in_the_encoding_that_is_stated(encoding: str) -> None:
    text = "İstanbul’dan gelenler sınırda bekliyor" if encoding != "iso-8859-9" else "İstanbul'dan gelenler sınırda"
    data = base64.b64encode(text.encode(encoding))
    head = HEAD + f"Content-Type: text/plain; charset={encoding}\nContent-Transfer-Encoding: base64\n\n".encode()
    assert message(head + data).body == text


def test_raw_bytes_in_headers_and_a_charset_nobody_knows() -> None:
    data = "Subject: Türkiye’de\nFrom: Süleyman <s@example.org>\nContent-Type: text/plain; charset=x-none\n\nSınır."
    found = message(data.encode())
    assert (found.title, found.authors, found.body) == ("Türkiye’de", ("Süleyman",), "Sınır.")
    stated = b"From: x\nContent-Type: text/plain; charset=koi8-r\nSubject: " + "Граница".encode("koi8-r")
    assert message(stated + BODY).title == "Граница"
    assert message(b"Subject: caf\xe9 \xe0 Paris\nFrom: x\n\nText.").title == "café à Paris"


def test_the_plain_text_counts_unless_it_says_much_less() -> None:
    both = "Content-Type: multipart/alternative; boundary=x\n\n--x\n\n{}\n--x\nContent-Type: text/html\n\n{}\n--x--\n"
    html = "<p>The first paragraph.</p><p>The second one.</p>"
    assert message(HEAD + both.format("The plain text, which is long enough.", html).encode()).body.startswith(
        "The plain"
    )
    found = message(HEAD + both.format("See HTML.", html).encode())
    assert found.body == "The first paragraph.\n\nThe second one."


def test_flowed_lines_are_joined() -> None:
    found = message(HEAD + b"Content-Type: text/plain; format=flowed\n\nOne line that \ngoes on.\nAnother.\n")
    assert found.body == "One line that goes on.\nAnother."


def test_attachments_are_items_and_pictures_in_the_text_are_not() -> None:
    article, *attached = read(with_attachments())
    assert isinstance(article, NewArticle)
    assert article.body == "See what is attached."
    names = [each.origin().part for each in attached if isinstance(each, InputFile)]
    assert names == ["a.txt", "b.png", "part-3.eml"]
    related = (
        b"Content-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html\n\n<p>Text <img></p>\n"
        b"--x\nContent-Type: image/png\nContent-ID: <1>\nContent-Disposition: inline; filename=a.png\n\nxx\n--x--\n"
    )
    assert len(read(HEAD + related)) == 1


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (b"Content-Type: multipart/encrypted; boundary=x\n", "encrypted"),
        (b"Content-Type: message/rfc822\n\n" * 3_000, "taken apart"),
        (b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nt\n" * 1_100, "parts"),
    ],
    ids=["encrypted", "deep", "many"],
)
def test_what_cannot_be_read_says_why(headers: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFileError, match=reason):
        read(HEAD + headers + BODY)


def test_comments_in_comments_are_no_trouble() -> None:
    assert message(b"Subject: x\nFrom: " + b"(" * 9_000 + b"\nDate: " + b"(" * 9_000 + b"\n\ny").title == "x"


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.eml", b"Subject: x\n\ny", "mail"), ("a", HEAD, "mail"),
        ("a", b"From a@b Tue May  2 10:00:00 2023\n" + HEAD, "mbox"),
        ("a.txt", HEAD, "text"), ("a", b"Note: this is\na text", "text"), ("a.mbox", b"From x", "mbox"),
    ],
)  # fmt: skip
def test_a_message_is_told_by_its_head(name: str, head: bytes, expected: str) -> None:
    assert detect(name, head, asked_for=False) == expected


# --- mailboxes --------------------------------------------------------------------------------------------------------


def test_each_message_of_a_mailbox(store: SqlStore, tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box.mbox")
    for number in range(3):
        box.add(f"Subject: Title {number}\nFrom: a@example.org\n\nText {number}.\n\nFrom here on it is quoted.\n")
    box.add(with_attachments())
    box.close()
    report = run(store, [str(tmp_path / "box.mbox")], ImportOptions())
    assert (report.added, report.skipped, report.failed) == (6, 1, 0)
    parts = [store.get(number).origin.part for number in store.article_ids()]
    assert parts == ["1", "2", "3", "4", "4#a.txt", "4#part-3.eml"]
    assert store.get(1).paragraphs[1] == "From here on it is quoted."


def test_messages_that_are_empty_or_too_large_fail_alone() -> None:
    line = b"From a@b Tue May  2 10:00:00 2023\n"
    large = HEAD + b"\n" + b"word " * 1_000 + b"\n\n"
    box = line + HEAD + BODY + b"\n" + line + large + line + b"\n\n" + line + HEAD + BODY
    first, second, third, fourth = read(box, "mbox", 1_000)
    assert isinstance(first, NewArticle)
    assert isinstance(second, Failed)
    assert "max_item_mb" in second.reason
    assert isinstance(third, Failed)
    assert isinstance(fourth, NewArticle)
    assert [each.origin.part for each in (second, third, fourth)] == ["2", "3", "4"]


def test_a_sentence_that_begins_with_from_begins_no_message() -> None:
    box = b"From a@b Tue May  2 10:00:00 2023\n" + HEAD + b"\nText.\n\nFrom Paris they went home.\n\nMore.\n"
    (found,) = read(box, "mbox")
    assert isinstance(found, NewArticle)
    assert "From Paris" in found.body


def test_a_maildir_is_told_by_its_folders(store: SqlStore, tmp_path: Path) -> None:
    for folder in ("box", "box/.Sent"):
        for sub in ("cur", "new", "tmp"):
            (tmp_path / folder / sub).mkdir(parents=True)
    (tmp_path / "box/cur/1683.M1P2.host:2,S").write_bytes(HEAD + BODY)
    (tmp_path / "box/new/1683.M1P3.host").write_bytes(HEAD.replace(b"opens", b"shut") + BODY)
    (tmp_path / "box/tmp/1683.M1P4.host").write_bytes(b"half a mess")
    (tmp_path / "box/dovecot.index").write_bytes(b"\0\1\2")
    (tmp_path / "box/.Sent/cur/1.host:2,S").write_bytes(HEAD.replace(b"opens", b"sent") + BODY)
    report = run(store, [str(tmp_path / "box")], ImportOptions())
    assert (report.added, report.items) == (3, ())
    assert {store.get(number).origin.format for number in (1, 2, 3)} == {"mail"}
    assert run(store, [str(tmp_path / "box" / "cur")], ImportOptions()).duplicates == 1


# --- any bytes --------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [b"From: ", b"Subject: ", b"Content-Type: ", b"multipart/mixed", b"text/html", b"message/rfc822", b"; boundary=x",
     b"; charset=", b"utf-16", b"*0*=''", b"\n", b"\n\n", b"--x\n", b"--x--\n", b"=?utf-8?q?", b"?=", b"\xff\x00", b"<",
     b"(", b'"', b",", b"@", b"a", b" ", b"Content-Transfer-Encoding: ", b"base64", b"x-uuencode", b"begin 644 a\n",
     b"====",
     b"Content-Disposition: attachment; filename=", b"Date: ", b"99999", b"List-Id: ", b"multipart/alternative", b"\r"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(data=st.lists(PIECES, max_size=40).map(b"".join))
def test_odd_messages_raise_nothing_but_format_errors(data: bytes) -> None:
    for begin in (b"", b"Subject: x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"):
        with suppress(FormatError):
            read(begin + data)
        assert read(b"From a 10:00\n" + begin + data, "mbox")


@pytest.mark.corpus
def test_every_real_message_is_read() -> None:
    corpus = Path(__file__).parents[2] / "shared" / "corpora" / "files" / "mail"
    if not corpus.exists():
        pytest.skip("the real files are not here")
    paths = [path for path in corpus.rglob("*") if path.suffix in (".eml", ".txt") and path.name != "ORIGIN.txt"]
    found = [read(path.read_bytes())[0] for path in paths]
    assert len(found) > 400
    assert all(isinstance(each, NewArticle) for each in found)
