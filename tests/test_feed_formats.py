"""Feeds: what is taken of an entry, feeds that are ill-formed or hostile, and that nothing is ever fetched."""

import io
import json
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import FormatError, NoTextError, UnknownFormatError, UnreadableFileError
from archive.formats import FORMATS, Failed, InputFile, Skipped, detect, feed
from archive.formats.fragment import paragraphs
from archive.normalise import normalise
from archive.types import NewArticle

RSS = """<?xml version="1.0" encoding="utf-8"?>
<!-- made by hand -->
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>The Wire &amp; Co</title><link>https://wire.example/</link><language>en-gb</language>
<item><title>Border &lt;em&gt;opens&lt;/em&gt;</title><link>https://wire.example/1?utm_source=rss</link>
<description>&lt;p&gt;A summary.&lt;/p&gt;</description>
<content:encoded><![CDATA[<p>The first paragraph.</p><p>The second<br/>one.</p>
<script>no()</script>]]></content:encoded>
<dc:creator>Ann Lee and Bo Chan</dc:creator><category>World</category><category>Trade</category>
<pubDate>Tue, 02 May 2023 23:30:00 -0800</pubDate></item>
<item><title>Only a title</title></item>
<item><description>Only a text</description><pubDate>sometime</pubDate></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr"><title>Le Fil</title><author><name>Zoé</name></author>
<entry><title type="html">Fronti&amp;egrave;re</title><link href="https://fil.example/1"/><updated>2023-05-02T10:00:00+02:00</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Un.</p><p>Deux.</p></div></content></entry>
<entry><title type="text">1 &lt; 2</title><author><name>Luc</name></author><summary>Un résumé.</summary>
<published>2023-05-01</published><updated>2023-06-01</updated></entry></feed>"""


def read(name: str, data: bytes | str) -> list[NewArticle | Failed | Skipped]:
    content = data.encode() if isinstance(data, str) else data
    return list(FORMATS[name].read(InputFile("file", io.BytesIO(content), name, 1_000_000)))


def articles(name: str, data: bytes | str) -> list[NewArticle]:
    return [normalise(each) for each in read(name, data) if isinstance(each, NewArticle)]


def test_what_an_entry_of_rss_says() -> None:
    first, second, third = articles("feed", RSS)
    assert (first.title, first.body) == ("Border opens", "The first paragraph.\n\nThe second\none.")
    assert (first.url, first.authors, first.tags) == (
        "https://wire.example/1",
        ("Ann Lee", "Bo Chan"),
        ("World", "Trade"),
    )
    assert (str(first.published), first.source, first.language) == ("2023-05-02T23:30:00-08:00", "The Wire & Co", "en")
    assert (first.summary, first.origin.part) == ("A summary.", "1")
    assert first.original
    assert first.original.data.startswith(b"<item><title>Border")
    assert first.original.data.endswith(b"</item>")
    assert (second.title, second.body) == ("Only a title", "")
    assert (third.title, third.published) == ("Only a text", None)
    assert "'sometime'" in str(third.note)


def test_what_an_entry_of_atom_says() -> None:
    first, second = articles("feed", ATOM)
    assert (first.title, first.body, first.authors, first.language) == ("Frontière", "Un.\n\nDeux.", ("Zoé",), "fr")
    assert (str(first.published), first.source) == ("2023-05-02T10:00:00+02:00", "Le Fil")
    assert (second.title, second.body, second.authors) == ("1 < 2", "Un résumé.", ("Luc",))
    assert str(second.published) == "2023-05-01"


def test_an_entry_without_title_and_text_fails_alone() -> None:
    empty, full = read(
        "feed", "<rss><channel><item><link>https://e.org/</link></item><item><title>T</title></item></channel></rss>"
    )
    assert isinstance(empty, NewArticle)
    with pytest.raises(NoTextError):
        normalise(empty)
    assert isinstance(full, NewArticle)


def test_what_an_item_of_a_json_feed_says() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1", "title": "Notes", "language": "de", "authors": [{"name": "Ida"}],
        "items": [
            {"id": "1", "url": "https://n.example/1", "title": "Eins", "content_html": "<p>A.</p><p>B.</p>",
             "date_published": "2023-05-02T10:00:00+02:00", "tags": ["x"], "author": {"name": "Old"}, "summary": "S"},
            {"id": "https://n.example/2", "content_text": "Nur Text.", "tags": "no list"},
            7,
        ],
    }  # fmt: skip
    first, second, third = read("jsonfeed", json.dumps(feed))
    assert isinstance(first, NewArticle)
    assert (first.title, first.body, first.authors, first.source, first.tags) == (
        "Eins", "A.\n\nB.", ("Old",), "Notes", ("x",)
    )  # fmt: skip
    assert (str(first.published), first.language, first.summary) == ("2023-05-02T10:00:00+02:00", "de", "S")
    assert isinstance(second, NewArticle)
    assert (second.body, second.url, second.authors) == ("Nur Text.", "https://n.example/2", ("Ida",))
    assert isinstance(third, Failed)
    assert third.origin.part == "3"


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.xml", RSS, "feed"), ("a.xml", ATOM, "feed"), ("a", ATOM, "feed"), ("a.rss", "<rss>", "feed"),
        ("a.rdf", '<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY % x SYSTEM "y">]><rdf:RDF>', "feed"),
        ("a.json", '{"version": "https://jsonfeed.org/version/1", "items": []}', "jsonfeed"),
        ("a.json", '{"title": "x", "version": "1"}', "jsonl"), ("a", "<html><body><rss>", "html"),
    ],
)  # fmt: skip
def test_a_feed_is_told_by_its_first_element(name: str, head: str, expected: str) -> None:
    assert detect(name, head.encode(), asked_for=False) == expected


def test_xml_that_is_no_feed_is_skipped_in_a_folder() -> None:
    with pytest.raises(UnknownFormatError):
        read("feed", "<?xml version='1.0'?><urlset><url/></urlset>")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "koi8-r", "cp1251", "iso-8859-5"])
@pytest.mark.parametrize("declared", [True, False])
def test_encodings_declared_and_not(encoding: str, declared: bool) -> None:
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>' if declared else ""
    text = "Граница между двумя странами открыта, сказал министр на встрече в столице."
    feed = f"{declaration}<rss><channel><item><title>{text}</title></item></channel></rss>"
    (article,) = articles("feed", feed.encode(encoding))
    if declared or encoding != "iso-8859-5":  # which nothing tells from others of its kind
        assert article.title == text


@pytest.mark.parametrize("cut", range(30, len(RSS), 97))
def test_a_feed_that_is_cut_off_or_ill_formed_is_read_as_far_as_possible(cut: int) -> None:
    complete = RSS[:cut].count("</item>")
    found: list[NewArticle | Failed] = []
    with suppress(FormatError):
        found = read("feed", RSS[:cut])
    assert len(found) >= complete
    broken = RSS.replace("</title>", "<b>&nbsp;&</title>", 2).replace("</channel>", "")
    assert len(read("feed", broken)) == 3


BOMBS = {
    "laughs": '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
    "quadratic": f'<!DOCTYPE rss [<!ENTITY c "{"x" * 5_000}">]>',
    "file": '<!DOCTYPE rss [<!ENTITY c SYSTEM "file:///etc/passwd">]>',
    "address": '<!DOCTYPE rss [<!ENTITY c PUBLIC "x" "http://127.0.0.1:9/x">]>',
    "many": "<!DOCTYPE rss [" + "".join(f'<!ENTITY a{n} "x">' for n in range(600)) + "]>",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_entities_are_never_resolved(bomb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", None)
    item = "<rss><channel><item><title>T &c;</title></item></channel></rss>"
    with pytest.raises(UnreadableFileError, match="entit"):
        read("feed", f"<?xml version='1.0'?>{BOMBS[bomb]}{item}")


def test_entities_for_single_characters_are_read() -> None:
    item = "<rss><channel><item><title>caf&eacute;</title></item></channel></rss>"
    assert articles("feed", f'<!DOCTYPE rss [<!ENTITY eacute "&#233;">]>{item}')[0].title == "café"


@pytest.mark.parametrize(
    "data", ["", " \n", "<rss/>", "<feed xmlns='http://www.w3.org/2005/Atom'><title>x</title></feed>"]
)
def test_a_feed_without_entries_is_no_silent_success(data: str) -> None:
    with pytest.raises(FormatError):
        read("feed", data)


@pytest.mark.parametrize(
    "data", ["[]", "{}", '{"items": 1}', '{"items": []}', '{"items": [', "[" * 90_000], ids=range(6)
)
def test_what_is_no_json_feed_fails(data: str) -> None:
    with pytest.raises(FormatError):
        read("jsonfeed", data)


def test_html_becomes_the_text_that_is_shown() -> None:
    html = (
        "<style>p{}</style>Loose <b>words</b><p>One<br>line</p><ul><li>a</li><li>b</li></ul><pre>x\n  y</pre>"
        "<div style='display: none'>hidden</div><table><tr><td>1</td><td>2</td></tr></table>&amp;&lt;b&gt;<!-- no -->"
    )
    assert paragraphs(html) == "Loose words\n\nOne\nline\n\na\n\nb\n\nx\n  y\n\n1 2\n\n&<b>"
    assert paragraphs("") == paragraphs("<p>") == paragraphs("<!-- -->") == ""
    assert "deep" in paragraphs("<div>" * 200 + "deep")


PIECES = st.sampled_from(
    ["<rss>", "<channel>", "<item>", "</item>", "<title>", "</title>", "<feed xmlns='http://www.w3.org/2005/Atom'>",
     "<entry>", "<content type='", "xhtml'>", "base64'>", "<![CDATA[", "]]>", "<!--", "-->", "<?xml", "?>",
     "<!DOCTYPE x", "[", "]>", "<!ENTITY a 'b'>", "&a;", "&#0;", "&#x110000;", "&", "<", ">", "\x00", "\ud800", "é",
     "x", "<link href='", "http://[", "'/>", "<pubDate>", "9999999999", "<a:b xmlns:a='c'>", " ", "\n"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(text=st.lists(PIECES, max_size=30).map("".join))
def test_odd_feeds_raise_nothing_but_format_errors(text: str) -> None:
    for begin in ("", "<rss><channel><item>"):
        with suppress(FormatError):
            for each in read("feed", (begin + text).encode("utf-8", "surrogatepass")):
                if isinstance(each, NewArticle):
                    normalise(each)
    paragraphs(text)


@pytest.mark.corpus
def test_every_real_feed_is_read_or_says_why_not() -> None:
    corpus = Path(__file__).parents[2] / "shared" / "corpora" / "files" / "feeds"
    if not corpus.exists():
        pytest.skip("the real files are not here")
    read_of = 0
    for path in corpus.rglob("*.xml"):
        with suppress(FormatError):
            read_of += len(read("feed", path.read_bytes()))
    assert read_of > 800


def test_an_export_of_wordpress_has_more_than_articles() -> None:
    items = "".join(
        f"<item><title>{title}</title><content:encoded><![CDATA[{text}]]></content:encoded>"
        f"<wp:post_type>{kind}</wp:post_type></item>"
        for title, text, kind in (
            ("A post", "<!-- wp:paragraph --><p>With a text.</p>", "post"), ("bridge.jpg", "", "attachment")
        )
    )  # fmt: skip
    spaces = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/"'
    post, picture = read("feed", f'<rss version="2.0" {spaces}><channel><title>S</title>{items}</channel></rss>')
    assert isinstance(post, NewArticle)
    assert (post.title, post.body) == ("A post", "With a text.")
    assert isinstance(picture, Skipped)
    assert picture.reason == "no text: it is of the kind 'attachment' in WordPress"


def test_the_title_of_a_feed_is_read_once_and_not_for_each_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A title of broken HTML, over and over for 80,000 entries, took more than a minute."""
    seen: list[str] = []
    monkeypatch.setattr(feed, "paragraphs", lambda html: seen.append(html) or "The Wire")
    items = "<item><title>One</title></item>" * 20
    found = articles("feed", f"<rss version='2.0'><channel><title>The &lt;b&gt;Wire</title>{items}</channel></rss>")
    assert {each.source for each in found} == {"The Wire"}
    assert len(found) == 20
    assert len(seen) == 1


def test_the_authors_of_a_broken_feed_are_not_given_to_each_entry_over_and_over() -> None:
    """Reading thousands of entries, each with thousands of authors, took minutes."""
    again = "<author><name>Zoé</name></author>" * 3
    many = "".join(f"<author><name>Author {number}</name></author>" for number in range(60))
    first, second = articles("feed", ATOM.replace("<author><name>Zoé</name></author>", again + many, 1))
    assert first.authors[:2] == ("Zoé", "Author 0")
    assert len(first.authors) == 50
    assert second.authors == ("Luc",)
    people = [{"name": f"Author {number}"} for number in range(60)]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "T" * 5_000, "authors": people}
    (found,) = articles("jsonfeed", json.dumps({**feed, "items": [{"id": "1", "content_text": "Text."}]}))
    assert (len(found.authors), len(found.source or "")) == (50, 1_000)
