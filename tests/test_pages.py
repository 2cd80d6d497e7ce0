"""What a page says about itself: headline, date, author, and which of its text is the article's."""

import json
from io import BufferedReader, BytesIO

import pytest

from archive.formats import FORMATS, InputFile
from archive.formats.headline import headline
from archive.types import DatedBy, NewArticle

TEXT = "<p>The two ministers met in Ankara on Monday and agreed to guard the border together, they said.</p>" * 3


def read(head: str = "", body: str = f"<h1>Talks at the border</h1>{TEXT}") -> NewArticle:
    page = f'<!doctype html><html lang="en"><head>{head}</head><body><article>{body}</article></body></html>'
    file = InputFile("a.html", BufferedReader(BytesIO(page.encode())), "html", 1_000_000)
    (found,) = FORMATS["html"].read(file)
    assert isinstance(found, NewArticle)
    return found


def published(head: str = "", body: str = f"<h1>Talks at the border</h1>{TEXT}") -> tuple[str | None, DatedBy | None]:
    found = read(head, body)
    return found.published.text if found.published else None, found.dated_by


def ld(**facts: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **facts})}</script>'


@pytest.mark.parametrize(
    ("stated", "title", "headings", "found"),
    [
        ([], "Talks at the border - The Wire", ["Talks at the border"], "Talks at the border"),
        ([], "The Wire: Talks at the border", ["The Wire"], "The Wire: Talks at the border"),
        (["Talks at the border | The Wire"], "Talks | The Wire", [], "Talks at the border"),
        (["Home"], "Talks at the border", ["Talks at the border"], "Talks at the border"),
        ([], "Talks at the new border crossing | Border", [], "Talks at the new border crossing"),
        ([], "Talks - Border", [], "Talks - Border"),
        ([], "The Wire", ["The Wire", "Talks at the border"], "Talks at the border"),
        ([], "", ["Talks at the border"], "Talks at the border"),
        ([], "A long title of the page", ["Lorem"], "A long title of the page"),
        ([], "", [], ""),
    ],
)
def test_the_headline_is_what_the_page_agrees_on(
    stated: list[str], title: str, headings: list[str], found: str
) -> None:
    assert headline(stated, title, headings, ["The Wire"]) == found


@pytest.mark.parametrize(
    ("head", "body", "found"),
    [
        (ld(datePublished="2021-05-03T23:30:00-08:00", dateModified="2021-05-09"), "", "2021-05-03T23:30:00-08:00"),
        ('<meta property="article:published_time" content="2021-05-03">', "", "2021-05-03"),
        ('<meta property="article:modified_time" content="2021-05-03">', "", None),
        ('<meta name="parsely-page" content=\'{"type": "post", "pub_date": "2021-05-03"}\'>', "", "2021-05-03"),
        ("", '<time itemprop="dateModified" datetime="2021-05-09"></time>', None),
        ("", '<time datetime="2021-05-03T10:00:00+03:00">Monday</time>', "2021-05-03T10:00:00+03:00"),
        ("", '<span class="date">3 May 2021</span>', "2021-05-03"),
        ("", "<p>© 2021 The Wire</p>", None),
        ("", "<p>Updated 3 May 2021</p>", None),
        ("", '<a class="post-date updated">3 May 2021</a>', "2021-05-03"),
        ("", '<a class="post-date updated">Updated on 3 May 2021</a>', None),
        ("", '<i class="updated">9 May 2021</i><i class="date">3 May 2021</i>', "2021-05-03"),
        ("", "<table><tr><th>Founded</th><td>3 May 2021</td></tr></table>", None),
        ("<title>Talks at the border - 03.05.2021 - The Wire</title>", "", "2021-05-03"),
        ('<link rel="canonical" href="https://example.org/2021/05/03/talks">', "", "2021-05-03"),
        ('<meta name="date" content="03/04/2021">', "", None),
    ],
)
def test_the_date_of_publication_and_no_other(head: str, body: str, found: str | None) -> None:
    assert published(head, f"<h1>Talks at the border</h1>{body}{TEXT}")[0] == found


def test_a_headline_that_is_no_heading_has_its_date_beside_it() -> None:
    headline = (
        '<div class="h-title"> Talks at the border </div><div><span class="h-time">2021-05-03 20:29:58</span></div>'
    )
    article = published("<title>Talks at the border - The Wire</title>", f"<div>9 May 2020</div>{headline}{TEXT}")
    assert article[0] == "2021-05-03T20:29:58"
    assert published("<title>The Wire</title>", f"<div>Talks at the border</div><i>3 May 2021</i>{TEXT}")[0] is None


def test_the_day_is_that_of_the_page_and_not_of_greenwich() -> None:
    told = ld(datePublished="2021-05-04T02:30:00Z")
    address = '<link rel="canonical" href="https://example.org/2021/05/03/talks">'
    assert published(told + address) == ("2021-05-03", DatedBy.ADDRESS)
    shown = '<time datetime="2021-05-04T02:30:00Z">May 3, 2021 at 6:30 pm</time>'
    assert published(told, f"<h1>Talks at the border</h1>{shown}{TEXT}") == ("2021-05-03", DatedBy.PAGE)
    assert published(told) == ("2021-05-04T02:30:00+00:00", DatedBy.METADATA)


def test_a_date_tells_where_it_was_found() -> None:
    heading = "<h1>Talks at the border</h1>"
    assert published(ld(datePublished="2021-05-03"))[1] is DatedBy.METADATA
    assert published("", f"{heading}<p>3 May 2021</p>{TEXT}")[1] is DatedBy.PAGE
    assert published('<meta property="og:url" content="https://example.org/2021/05/03/a">')[1] is DatedBy.ADDRESS
    assert published()[1] is None


def test_who_wrote_it_is_stated_or_marked() -> None:
    people = {"@graph": [{"@type": "NewsArticle", "author": {"@id": "#1"}}, {"@id": "#1", "name": "Ann Lee"}]}
    assert read(f'<script type="application/ld+json">{json.dumps(people)}</script>').authors == ("Ann Lee",)
    assert read('<meta name="author" content="Ann Lee, Bob Roe">').authors == ("Ann Lee", "Bob Roe")
    assert read("", f'<h1>Talks</h1><p class="byline">By Ann Lee</p>{TEXT}').authors == ("Ann Lee",)
    assert read("", f'<h1>Talks</h1><div class="comments"><b class="author">Ann Lee</b></div>{TEXT}').authors == ()
    assert read("", f'<h1>Talks</h1><p class="byline">By our staff</p>{TEXT}').authors == ()


def test_what_nobody_sees_is_not_read() -> None:
    hidden = '<p style="display: none">A secret of the page that nobody was ever meant to see at all.</p>'
    assert "secret" not in read("", f"<h1>Talks</h1>{TEXT}{hidden}").body


def test_what_follows_the_end_of_a_page_says_nothing_of_it() -> None:
    """A page written again and again behind its end also took minutes: each part was looked through for each."""
    again = f"<html><body><article><p class='byline'>By Ann Lee</p>{TEXT}</article></body></html>"
    found = read("", f"<h1>Talks</h1>{TEXT}</body></html>{again * 20}")
    assert (found.authors, "two ministers" in found.body) == ((), True)


def test_a_page_that_shows_its_text_with_a_script_is_read() -> None:
    assert "two ministers" in read("", f'<h1>Talks</h1><div style="display:none">{TEXT}</div>').body


def test_a_page_of_very_many_paragraphs_is_read_whole() -> None:
    article = read("<title>The long page</title>", "".join(f"<p>Line {at}<!--a-->." for at in range(40_000)))
    paragraphs = article.body.split("\n\n")
    assert (article.title, len(paragraphs), paragraphs[-1]) == ("The long page", 40_000, "Line 39999.")


def test_headline_byline_and_date_are_not_in_the_text() -> None:
    above = '<h1>Talks at the border</h1><p class="byline">By Ann Lee</p><p>3 May 2021</p>'
    found = read("", above + TEXT.replace("Monday", "Monday", 1))
    assert found.body.startswith("The two ministers")
    assert (found.authors, str(found.published)) == (("Ann Lee",), "2021-05-03")


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"@type": 3}', '{"@type": ["Article", 1], "author": [[[[]]], 7]}',
                                  '{"headline": "Talks \\q", "datePublished": "2021-05-03"}'])  # fmt: skip
def test_json_that_is_none_or_odd_is_passed_over(text: str) -> None:
    assert read(f'<script type="application/ld+json">{text}</script>').title.startswith("Talks")
