"""What a reader must not lose and must not make up: damaged files, dates, encodings, addresses."""

import io
from pathlib import Path

import pytest

from archive.dates import read_date
from archive.encoding import decode
from archive.errors import NoTextError
from archive.formats import FORMATS, Failed, InputFile, Skipped
from archive.importing import ImportOptions, run
from archive.normalise import clean_body, clean_url
from archive.types import NewArticle, Outcome, PublicationDate
from db.store import SqlStore

PAGE = "<html><head><title>A title</title>{head}</head><body><article><h1>A title</h1>{body}</article></body></html>"
PARAGRAPHS = "<p>" + "The ministers met at the border and spoke about trade. " * 4 + "</p><p>They parted friends.</p>"


def read(
    name: str, data: str | bytes, *, path: str = "file", limit: int = 10_000
) -> list[NewArticle | Failed | Skipped]:
    content = data.encode() if isinstance(data, str) else data
    return list(FORMATS[name].read(InputFile(path, io.BytesIO(content), name, limit)))


def only(found: list[NewArticle | Failed | Skipped]) -> NewArticle:
    (article,) = found
    assert isinstance(article, NewArticle)
    return article


# --- JSON -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson.gz", "a.json", "-"])
@pytest.mark.parametrize("first", ['{"title": "cut off" "}', '{"body": "' + "x" * 2_000 + '"}'], ids=["broken", "long"])
def test_a_bad_first_line_fails_alone_too(name: str, first: str) -> None:
    failed, article = read("jsonl", f'{first}\n{{"title": "Good", "body": "line"}}\n', path=name, limit=1_000)
    assert isinstance(failed, Failed)
    assert failed.origin.part == "1"
    assert isinstance(article, NewArticle)
    assert (article.title, article.origin.part) == ("Good", "2")


@pytest.mark.parametrize("text", ['\n{\n"body": "x"\n}\n', '[{"body": "x"}]', '\ufeff[\n{"body": "x"}]'])
def test_a_document_is_read_as_one(text: str) -> None:
    assert only(read("jsonl", text, path="a.json")).body == "x"


@pytest.mark.parametrize("text", ["", "\n \n", "[]"])
def test_a_file_without_a_record_is_no_silent_success(text: str) -> None:
    with pytest.raises(NoTextError):
        read("jsonl", text, path="a.json")


def test_a_date_that_cannot_be_read_is_told_and_the_article_is_kept(store: SqlStore, tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"body": "Some text.", "date": "03/04/2023"}\n{"body": "Other text.", "date": ""}')
    report = run(store, [str(lines)], ImportOptions())
    assert (report.added, store.get(1).published) == (2, None)
    (item,) = report.items
    assert (item.outcome, item.origin.part) == (Outcome.ADDED, "1")
    assert "'03/04/2023'" in str(item.reason)


def test_a_date_that_is_given_needs_no_excuse(store: SqlStore, tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"body": "Some text.", "date": "03/04/2023"}')
    assert run(store, [str(lines)], ImportOptions(published=PublicationDate.parse("2023"))).items == ()


# --- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "published"),
    [
        ("2023-05", "2023-05"),
        ("2023-05-02", "2023-05-02"),
        ("2023-05-02T23:30:00-08:00", "2023-05-02T23:30:00-08:00"),
        ("2023-05-02T00:30:00+09:00", "2023-05-02T00:30:00+09:00"),
        ("Tue, 2 May 2023", "2023-05-02"),
        ("03/04/2023", None),
        ("25/04/2023", "2023-04-25"),
    ],
)
def test_a_page_has_the_date_it_states_and_no_other(stated: str, published: str | None) -> None:
    """No day is made up for a month, none is shifted by a time zone, none is guessed."""
    page = PAGE.format(head=f'<meta property="article:published_time" content="{stated}">', body=PARAGRAPHS)
    found = only(read("html", page)).published
    assert (found.text if found else None) == published


def test_a_page_without_a_date_gets_none() -> None:
    page = PAGE.format(head="", body=PARAGRAPHS + "<p>© 2011</p>")
    assert only(read("html", page)).published is None


def test_a_page_keeps_its_paragraphs_and_its_bytes() -> None:
    page = PAGE.format(head="", body=PARAGRAPHS).encode()
    article = only(read("html", page))
    assert article.title == "A title"
    assert article.body.split("\n\n")[1] == "They parted friends."
    assert article.original
    assert article.original.data == page


@pytest.mark.parametrize("name", ["undefined", "unicode_escape", "utf-16le", "no-such-thing", "rot13", "cp037"])
def test_a_page_that_declares_nonsense_is_read_all_the_same(name: str) -> None:
    page = PAGE.format(head=f'<meta charset="{name}">', body=PARAGRAPHS + r"<p>Türkiye \q sınır</p>")
    assert r"Türkiye \q sınır" in only(read("html", page)).body


# --- text and encodings ---------------------------------------------------------------------------------------------

ARABIC = "اتفق العراق وتركيا على تعزيز التعاون في أمن الحدود المشتركة، وذلك خلال اجتماع عقد في بغداد."
TURKISH = "Türkiye’nin güneydoğusundaki sınır kapısında yeni terminalin açılmasıyla bekleme süresi yarıya indi."


@pytest.mark.parametrize("text", [ARABIC, TURKISH, "Plain words, and nothing but plain words."])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_encodings_with_and_without_a_mark(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


FRENCH = "Le préfet a déclaré que la frontière resterait ouverte tout l’été, même la nuit, et que ça lui plaît. " * 6
POLISH = "Premier powiedział, że rząd będzie dążyć do rozwiązania sporu; później ludzie wyszli na ulicę. " * 6
CZECH = "Předseda vlády řekl, že dohoda o příštím rozpočtu je téměř hotová, a poděkoval všem účastníkům. " * 6


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(TURKISH * 6, "cp1254"), (FRENCH, "cp1252"), (POLISH, "cp1250"), (POLISH, "iso8859-2"), (CZECH, "cp1250"),
     (CZECH, "iso8859-2"), ("Президент заявил, что переговоры продолжатся завтра утром. " * 6, "koi8-r")],
)  # fmt: skip
def test_encodings_with_the_same_bytes_are_told_apart_by_the_language(text: str, encoding: str) -> None:
    data = text.encode(encoding, "ignore")
    assert decode(data) == data.decode(encoding)


@pytest.mark.parametrize(
    ("text", "encoding"), [("터키와 이라크는 국경을 지킨다.", "iso2022_kr"), ("国境を守る。", "iso2022_jp")]
)
def test_escape_sequences_are_not_taken_for_ascii(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_damage_stays_where_it_is() -> None:
    """One bad byte does not turn all the others into another alphabet."""
    data = TURKISH.encode()
    assert decode(data[:40] + b"\xff" + data[40:]).replace("\ufffd", "") == TURKISH
    assert decode(data + b"\xc3") == TURKISH + "\ufffd"
    assert decode(TURKISH.encode("utf-16")[:-1]) == TURKISH[:-1] + "\ufffd"


def test_a_line_end_of_mainframes_parts_words() -> None:
    assert clean_body("one\x85two") == "one\n\ntwo"


# --- dates and addresses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("May 2, 2023 10:30 pm", "2023-05-02"),
        ("2023年5月2日 10:00", "2023-05-02"),
        ("26-FEB-1987 15:01:01.79", "1987-02-26"),
        ("2nd of May 2023", "2023-05-02"),
        ("Mardi 2 mai 2023", "2023-05-02"),
        ("KASIM 2021", "2021-11"),
        ("EKİM 2021", "2021-10"),
        ("25/12/2023", "2023-12-25"),
        ("12/25/2023", "2023-12-25"),
        ("2023-5-2", "2023-05-02"),
        ("1683000000", "2023-05-02T04:00:00+00:00"),
        ("1683000000000", "2023-05-02T04:00:00+00:00"),
        ("31/02/2023", None),
        ("13/13/2023", None),
        ("99999999999", None),
    ],
)
def test_dates_with_times_and_in_other_orders(written: str, published: str | None) -> None:
    found = read_date(written)
    assert (found.text if found else None) == published


def test_only_what_tracks_is_taken_out_of_an_address() -> None:
    kept = "https://example.org/a?q=%20b;c&d&e="
    assert clean_url(f"{kept}&utm_medium=x&gclid") == kept
    assert clean_url("http://[::1]:8000/a") == "http://[::1]:8000/a"
