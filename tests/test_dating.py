"""Publication dates that nobody states: first lines, names of files, addresses; and what they were taken from."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.dates import written_evidence
from archive.dating import byline, date_in_address, date_in_name, date_of_line, date_of_lines, dated
from archive.importing import ImportOptions, run
from archive.types import DatedBy, NewArticle, OnDuplicate, Origin, PublicationDate
from db.store import SqlStore


def text(found: PublicationDate | None) -> str | None:
    return found.text if found else None


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("2021-05-03-title.txt", "2021-05-03"),
        ("20210503_title.txt", "2021-05-03"),
        ("IMG_20210503_101500.txt", "2021-05-03"),
        ("title 3 May 2021.docx", "2021-05-03"),
        ("news_May_3_2021.txt", "2021-05-03"),
        ("title (May 2021).pdf", "2021-05"),
        ("title (2021).pdf", "2021"),
        ("report-2021-05.pdf", "2021-05"),
        ("archive/2021/05/03/title.txt", "2021-05-03"),
        ("archive/2021/05/title.txt", "2021-05"),
        ("2021/title.txt", None),
        ("03-04-2021.txt", None),
        ("2010-11 season.txt", None),
        ("2021-05-03 to 2021-05-10.txt", None),
        ("2021050312345.txt", None),
        ("2021-02-30-title.txt", None),
        ("2999-01-01-title.txt", None),
        ("mayor 2021.txt", None),
        ("title.txt", None),
    ],
)
def test_the_date_in_a_name_is_read_where_it_can_only_be_one(name: str, published: str | None) -> None:
    assert text(date_in_name(name)) == published


@pytest.mark.parametrize(
    ("url", "published"),
    [
        ("https://example.org/2021/05/03/12345/title.html", "2021-05-03"),
        ("https://example.org/news/2021-05-03-title", "2021-05-03"),
        ("https://example.org/2021/05/title", "2021-05"),
        ("https://example.org/title?date=2021-05-03", None),
        (None, None),
    ],
)
def test_the_date_in_an_address(url: str | None, published: str | None) -> None:
    assert text(date_in_address(url)) == published


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("3 May 2021", "2021-05-03"),
        ("Published: 3 May 2021", "2021-05-03"),
        ("Monday, 3 May 2021 10:15 GMT", "2021-05-03"),
        ("By Jane Doe | 3 May 2021", "2021-05-03"),
        ("Istanbul, 3 May 2021", "2021-05-03"),
        ("Published 3 May 2021; updated 4 May 2021", "2021-05-03"),
        ("Posted by Jane and others on 2021-05-03, all posts", "2021-05-03"),
        ("3. Mai 2021", "2021-05-03"),
        ("Veröffentlicht am 3. Mai 2021, 10:15 Uhr", "2021-05-03"),
        ("3 de maio de 2021", "2021-05-03"),
        ("3 мая 2021 г.", "2021-05-03"),
        ("٣ مايو ٢٠٢١", "2021-05-03"),
        ("٣ تشرين الثاني ٢٠٢١", "2021-11-03"),
        ("发布时间：2021年5月3日 10:00", "2021-05-03"),
        ("2021년 5월 3일", "2021-05-03"),
        ("May 2021", "2021-05"),
        ("Updated: 3 May 2021", None),
        ("© 2021", None),
        ("On 3 May 2021 the ministers met.", None),
        ("03/04/2021", None),
        ("3 listopada 2021", None),  # October in Croatian, November in Polish
        ("| Founded | February 28, 1998 |", None),
    ],
)
def test_a_line_that_is_a_date_and_nothing_else(line: str, published: str | None) -> None:
    assert text(date_of_line(line)) == published


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("ANKARA, May 3, 2021 (Reuters) - The ministers met.", "2021-05-03"),
        ("BAGHDAD, Iraq, May 3, 2021 /PRNewswire/ -- A company", "2021-05-03"),
        ("Berlin, 3. Mai 2021 (dpa) – Der Minister", "2021-05-03"),
        ("أنقرة، 3 مايو 2021 (الأناضول) - قال", "2021-05-03"),
        ("Feb. 23, 2015 -- Life-threatening allergies", "2015-02-23"),
        ("ANKARA, May 3 (Reuters) - The ministers met.", None),
        ("On Monday, May 3, 2021 - the day of the talks - they met.", None),
        ("The talks of 3 May 2021 - the second - failed.", None),
    ],
)
def test_a_dateline(line: str, published: str | None) -> None:
    assert text(date_of_lines([line])) == published


def test_a_dateline_without_a_year_takes_that_of_the_file() -> None:
    lines = ["ANKARA, May 3 (Reuters) - The ministers met."]
    assert text(date_of_lines(lines, PublicationDate.parse("2021"))) == "2021-05-03"
    assert text(date_of_lines(lines, PublicationDate.parse("2021-06"))) is None


def test_the_dates_of_a_chronicle_are_none_of_publication() -> None:
    assert date_of_lines(["3 May 2021", "They met.", "4 May 2021", "They met again."]) is None
    assert date_of_lines(["3 May 2021 -- They met.", "4 May 2021 -- They met again."]) is None


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Jane Doe", ("Jane Doe",)),
        ("By Jane Doe and John Roe, Reuters", ("Jane Doe", "John Roe")),
        ("Von Anna van der Berg", ("Anna van der Berg",)),
        ("By the numbers", ()),
        ("Von Anfang an", ()),
        ("By Staff Reporter", ()),
        ("By Monday the talks had failed.", ()),
        ("Jane Doe", ()),
    ],
)
def test_a_byline_names_people_and_nothing_else(line: str, names: tuple[str, ...]) -> None:
    assert byline(["A summary of it all.", line]) == names


@given(st.text(alphabet="0123456789-/.,()| \n年月日MayIn—©é٣", max_size=200))
def test_anything_is_read_without_complaint(anything: str) -> None:
    date_in_name(anything)
    date_in_address(f"https://example.org/{anything}".replace("[", "").replace("]", ""))
    date_of_lines(anything.split("\n"))
    byline(anything.split("\n"))


def article(body: str = "The ministers met again.", path: str = "a.txt", **more: object) -> NewArticle:
    return NewArticle(title="Talks", body=body, origin=Origin(path, "text"), **more)  # type: ignore[arg-type]


def test_what_is_stronger_counts() -> None:
    line, named, address = (
        "Published: 3 May 2021\nThey met.",
        "2021-05-04-talks.txt",
        "https://example.org/2021/05/05/a",
    )
    metadata, said = PublicationDate.parse("2021-05-02"), PublicationDate.parse("2021-05-01")
    found = dated(article(line, named, url=address, published=metadata), stated=said)
    assert (text(found.published), found.dated_by) == ("2021-05-01", DatedBy.USER)
    found = dated(article(line, named, url=address, published=metadata))
    assert (text(found.published), found.dated_by) == ("2021-05-02", DatedBy.METADATA)
    found = dated(article(line, named, url=address))
    assert (text(found.published), found.dated_by) == ("2021-05-03", DatedBy.TEXT)
    found = dated(article(path=named, url=address))
    assert (text(found.published), found.dated_by) == ("2021-05-04", DatedBy.NAME)
    found = dated(article(url=address))
    assert (text(found.published), found.dated_by) == ("2021-05-05", DatedBy.ADDRESS)
    assert (dated(article()).published, dated(article()).dated_by) == (None, None)


def test_the_name_of_a_table_says_nothing_of_its_rows(store: SqlStore, tmp_path: Path) -> None:
    table = tmp_path / "2021-05-03.csv"
    table.write_text("title,body\nTalks,The ministers met.\nMore talks,They met again.\n")
    run(store, [str(table)], ImportOptions())
    assert [store.get(number).published for number in (1, 2)] == [None, None]


def test_a_date_that_could_be_two_is_settled_by_the_text(store: SqlStore, tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"body": "Published: 3 April 2023\\nThey met.", "date": "03/04/2023"}\n')
    report = run(store, [str(lines)], ImportOptions())
    assert report.items == ()
    assert (text(store.get(1).published), store.get(1).dated_by) == ("2023-04-03", DatedBy.TEXT)


def test_weaker_evidence_takes_the_place_of_none_but_weaker(store: SqlStore, tmp_path: Path) -> None:
    """The same text again, with a date: from the file's name, then from its metadata, then from another name."""
    body = "They met.\n\nThey parted."
    update = ImportOptions(on_duplicate=OnDuplicate.UPDATE)

    def imported(name: str, content: str) -> tuple[str | None, DatedBy | None]:
        (tmp_path / name).write_text(content)
        run(store, [str(tmp_path / name)], update)
        found = store.get(1)
        return text(found.published), found.dated_by

    assert imported("talks.txt", f"Talks\n\n{body}") == (None, None)
    assert imported("2021-05-03-talks.txt", f"Talks\n\n{body}") == ("2021-05-03", DatedBy.NAME)
    front = f"---\ntitle: Talks\ndate: 2021-05-02\n---\n{body}"
    assert imported("talks.md", front) == ("2021-05-02", DatedBy.METADATA)
    assert imported("2021-05-04-talks.txt", f"Talks\n\n{body}") == ("2021-05-02", DatedBy.METADATA)


def test_an_old_version_keeps_what_its_date_was_taken_from(store: SqlStore) -> None:
    new = article(url="https://example.org/a", published=PublicationDate.parse("2021-05-03"), dated_by=DatedBy.NAME)
    store.add([new])
    later = article("Other text.", url="https://example.org/a", published=PublicationDate.parse("2021-05-02"),
                    dated_by=DatedBy.METADATA)  # fmt: skip
    store.add([later])
    assert [store.get(1, version=number).dated_by for number in (1, 2)] == [DatedBy.NAME, DatedBy.METADATA]


def test_evidence_in_words() -> None:
    day = PublicationDate.parse("2021-05-03")
    assert written_evidence(day, DatedBy.NAME) == "3 May 2021, from the file name"
    assert written_evidence(day, None) == "3 May 2021"
    assert all(written_evidence(day, each) for each in DatedBy)
