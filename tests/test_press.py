"""News as agencies send it and press databases export it: one article a document, and no other text taken for one."""

import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats import FORMATS, Failed, InputFile, Skipped, detect
from archive.normalise import normalise
from archive.types import NewArticle

SAMPLES = Path(__file__).parent / "data" / "press"
FILES = {
    "nexis.txt": "nexis", "nexis-uni.txt": "nexis", "factiva.txt": "factiva", "proquest.txt": "proquest",
    "nitf.xml": "newsml", "newsml-g2.xml": "newsml",
}  # fmt: skip
TITLE = "Bridge at the border opens for night traffic"


def read(name: str, data: str | bytes, limit: int = 1_000_000) -> list[NewArticle | Failed | Skipped]:
    raw = data.encode() if isinstance(data, str) else data
    return list(FORMATS[name].read(InputFile("file", io.BytesIO(raw), name, limit)))


def sample(file: str) -> str:
    return (SAMPLES / file).read_text(encoding="utf-8")


def articles(file: str) -> list[NewArticle]:
    return [normalise(each) for each in read(FILES[file], sample(file)) if isinstance(each, NewArticle)]


def about(article: NewArticle) -> dict[str, Any]:
    """What an article states besides its text."""
    names = ("title", "authors", "source", "section", "language", "tags", "summary", "url", "note")
    stated = {name: getattr(article, name) for name in names} | {"published": str(article.published or "")}
    return {name: value for name, value in stated.items() if value}


# --- which files are of these formats -------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "name"), FILES.items())
def test_each_layout_is_told_by_its_content(file: str, name: str) -> None:
    head = sample(file).encode()[:8_192]
    assert detect(file, head, asked_for=False) == name
    assert detect("-", b"\xef\xbb\xbf" + head.replace(b"\n", b"\r\n"), asked_for=True) == name


@pytest.mark.parametrize(
    "text",
    [
        "1 of 24 documents\nwere lost on the way.", "A title\n\nLENGTH: 24 words\n\nA text.",
        "A title\n\nFull text: see the annex.\nTitle: none\n", "HD televisions\nBY the dozen\nPD\nSN\nwere sold.",
        "Document 1 of 2\n\nTitle: A report\nAuthor: Ann Lee\n\nThe text.", "_______________________\nTitle: x",
        "Length: 12 words\nSection: World\nByline: Ann Lee\n\nAn article that says it.",
    ],
)  # fmt: skip
def test_ordinary_texts_are_no_exports(text: str) -> None:
    assert detect("-", text.encode(), asked_for=True) == "text"


# --- press databases ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["nexis.txt", "nexis-uni.txt"])
def test_nexis(file: str) -> None:
    first, second = articles(file)
    stated = about(first)
    assert stated.pop("summary", "The bridge opens.") == "The bridge opens."
    assert stated == {
        "title": TITLE, "authors": ("Ann Lee", "Bo Chan in Silopi"), "source": "The Frontier Gazette (London)",
        "section": "WORLD; Pg. 23", "published": "2023-05-02", "language": "en",
    }  # fmt: skip
    paragraphs = first.body.split("\n\n")
    assert paragraphs[0].startswith("The bridge at the border opened for night traffic on Tuesday")
    assert paragraphs[1].startswith("Drivers said that they had waited for years.")
    assert (second.title, second.source, str(second.published)) == (
        "Talks on steel go on",
        "Meridian Post",
        "2023-05-03",
    )
    assert second.body == "The talks on steel went on."
    assert [each.origin.part for each in (first, second)] == ["1", "2"]


def test_nexis_keeps_what_only_looks_like_a_label() -> None:
    (first, _) = articles("nexis.txt")
    assert first.body.endswith('Note:\n"We did not believe it," said one of them.')
    assert "Copyright" not in first.body


def test_nexis_in_german() -> None:
    (found,) = read(
        "nexis",
        "Dokument 1 von 1\n\nGrenzbote\n\n2. Mai 2023\n\nDie Brücke ist offen\n\nAUTOR: Anna Leh\n\nRUBRIK: Politik\n\n"
        "LÄNGE: 12 Wörter\n\nSeit Dienstag ist die Brücke offen.\n\nUPDATE: 3. Mai 2023\n\nSPRACHE: GERMAN; DEUTSCH\n",
    )
    assert isinstance(found, NewArticle)
    found = normalise(found)
    assert about(found) == {
        "title": "Die Brücke ist offen", "authors": ("Anna Leh",), "source": "Grenzbote", "section": "Politik",
        "language": "de", "published": "2023-05-02",
    }  # fmt: skip
    assert found.body.strip() == "Seit Dienstag ist die Brücke offen."


def test_factiva() -> None:
    first, second = articles("factiva.txt")
    assert about(first) == {
        "title": TITLE, "authors": ("Ann Lee",), "source": "The Frontier Gazette", "section": "World", "language": "en",
        "published": "2023-05-02", "tags": ("Borders", "Transport"),
    }  # fmt: skip
    assert first.body.split("\n\n") == [
        "The bridge at the border opened for night traffic on Tuesday.", "Drivers said that they had waited for years.",
        "IN the end nobody was turned away.",
    ]  # fmt: skip
    assert about(second) == {
        "title": "Talks on steel go on", "source": "Meridian Post", "published": "2023-05-03", "language": "en"
    }  # fmt: skip


def test_factiva_with_its_codes_before_the_text() -> None:
    document = "HD Talks go on\nBY Ann Lee\nPD 3 May 2023\nSN Post\nLP Talks go on.\nTD They do.\nTV showed it.\nAN 1\n"
    assert FORMATS["factiva"].looks_like(document.encode())
    first, second = (each for each in read("factiva", document + document) if isinstance(each, NewArticle))
    assert first.body == second.body == "Talks go on.\n\nThey do.\nTV showed it."


def test_proquest() -> None:
    first, second = articles("proquest.txt")
    assert about(first) == {
        "title": TITLE, "authors": ("Lee, Ann",), "source": "The Frontier Gazette", "section": "World",
        "language": "en", "published": "2023-05-02", "tags": ("Borders", "Bridges"), "summary": "The bridge opens.",
        "url": "https://www.proquest.com/docview/2800000001",
    }  # fmt: skip
    assert first.body.split("\n\n") == [
        "The bridge at the border opened for night traffic on Tuesday.\nLocation: the river.",
        "Drivers said that they had waited for years.",
    ]
    assert about(second) == {
        "title": "Talks on steel go on", "source": "Meridian Post", "published": "2023-05-03"
    }  # fmt: skip
    assert second.body == "The talks on steel went on."


@pytest.mark.parametrize("file", ["nexis.txt", "nexis-uni.txt", "factiva.txt", "proquest.txt"])
def test_a_document_without_its_text_fails_alone(file: str) -> None:
    text = sample(file)
    for words in ("The talks on steel went on.",):
        text = text.replace(words, "")
    first, second = read(FILES[file], text)
    assert isinstance(first, NewArticle)
    assert isinstance(second, Failed)
    assert second.origin.part == "2"
    assert "no text" in second.reason


@pytest.mark.parametrize("file", ["nexis.txt", "nexis-uni.txt", "factiva.txt", "proquest.txt"])
def test_the_original_of_a_document_is_that_document(file: str) -> None:
    first, second = articles(file)
    assert first.original
    assert second.original
    assert "border" in first.original.data.decode()
    assert "steel" not in first.original.data.decode()
    assert second.original.data.decode() in sample(file)


@pytest.mark.parametrize("name", ["nexis", "factiva", "proquest"])
def test_a_file_asked_to_be_an_export_that_is_none_says_so(name: str) -> None:
    with pytest.raises(UnreadableFileError, match="no document of this kind"):
        read(name, "A title\n\nSome text.")


# --- press agencies -------------------------------------------------------------------------------------------------


def test_nitf() -> None:
    (found,) = articles("nitf.xml")
    assert about(found) == {
        "title": "Bridge at the border opens — for night traffic", "authors": ("Ann Lee", "Bo Chan"), "language": "en",
        "source": "The Frontier Gazette", "section": "World", "published": "2023-05-02", "tags": ("borders", "bridges"),
        "summary": "The bridge opens.", "url": "https://frontier-gazette.example/a",
    }  # fmt: skip
    assert found.body == "The bridge at the border opened.\n\nDrivers said that they had waited for years."


def test_a_time_in_nitf_is_kept() -> None:
    text = sample("nitf.xml").replace('date.issue norm="20230502T000000"', 'date.issue norm="20230502T093000+0300"')
    (found,) = read("newsml", text)
    assert isinstance(found, NewArticle)
    assert str(found.published) == "2023-05-02T09:30:00+03:00"


def test_newsml_g2() -> None:
    first, second, picture, package, plain = read("newsml", sample("newsml-g2.xml"))
    assert isinstance(first, NewArticle)
    assert about(normalise(first)) == {
        "title": "Bridge opens for night traffic", "authors": ("Ann Lee",), "source": "Wire Agency", "language": "en",
        "published": "2023-05-02T09:15:00+01:00", "tags": ("bridge", "borders"), "url": "https://wire.example/20230502/1",
    }  # fmt: skip
    assert first.body == "The bridge opened.\n\nDrivers had waited for years."
    assert isinstance(second, NewArticle)
    assert (second.title, second.body, second.language) == ("Brücke offen", "Die Brücke ist offen.", "de")
    assert isinstance(picture, Skipped)
    assert (picture.origin.part, picture.reason) == (
        "3 A photograph", "no text: its content is kept elsewhere (image)"
    )  # fmt: skip
    assert isinstance(package, Skipped)
    assert "package" in package.reason
    assert isinstance(plain, NewArticle)
    assert plain.body == "One.\n\nTwo."


def test_xml_of_another_kind_says_so() -> None:
    with pytest.raises(UnreadableFileError, match="a kind that the archive does not read"):
        read("newsml", "<catalog><item>x</item></catalog>")


@pytest.mark.parametrize(("cut", "before"), [(300, 0), (1_000, 1), (-20, 5)])
def test_a_document_that_is_cut_off_gives_the_items_before(cut: int, before: int) -> None:
    file = InputFile("file", io.BytesIO(sample("newsml-g2.xml").encode()[:cut]), "newsml", 1_000_000)
    items = FORMATS["newsml"].read(file)
    assert all(next(items) for _ in range(before))
    with pytest.raises(UnreadableFileError, match="no well-formed XML"):
        next(items)


BOMB = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))


@pytest.mark.parametrize(
    "document",
    [
        f'<!DOCTYPE nitf [<!ENTITY a "{"x" * 1_000}">{BOMB}]><nitf><body.content><p>Text &i;</p></body.content></nitf>',
        '<!DOCTYPE nitf [<!ENTITY a SYSTEM "file:///etc/passwd">]><nitf><body.content>&a; Text</body.content></nitf>',
        '<!DOCTYPE nitf SYSTEM "http://127.0.0.1:9/a.dtd"><nitf><body.content><p>Text &a;</p></body.content></nitf>',
    ],
)  # fmt: skip
def test_entities_are_not_expanded_and_nothing_is_fetched(document: str) -> None:
    with suppress(UnreadableFileError):
        (found,) = read("newsml", document)
        assert isinstance(found, NewArticle)
        assert "Text" in found.body
        assert "root:" not in found.body
        assert len(found.body) < 20


def test_deep_and_large_documents_fail() -> None:
    for document in ("<nitf>" + "<p>" * 5_000, f"<nitf><p>{'x' * 5_000_000}</p></nitf>", "<a>" + "<b>x</b>" * 500_000):
        with pytest.raises(FormatError):
            read("newsml", document)


# --- every one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "name"), FILES.items())
def test_half_a_file_gives_articles_or_a_format_error(file: str, name: str) -> None:
    data = sample(file).encode()
    for end in range(0, len(data), 37):
        with suppress(FormatError):
            assert all(isinstance(each, NewArticle) or each.reason for each in read(name, data[:end]))


@pytest.mark.parametrize("name", sorted(set(FILES.values())))
@pytest.mark.parametrize("data", [b"", b" \r\n \n"])
def test_an_empty_file_has_no_text(name: str, data: bytes) -> None:
    with pytest.raises(NoTextError):
        read(name, data)


LINES = st.sampled_from(
    [
        line
        for file in ("nexis.txt", "nexis-uni.txt", "factiva.txt", "proquest.txt")
        for line in sample(file).split("\n")
    ]
    + [
        "",
        " ",
        "HD",
        "Full text:",
        "\f",
        "1 of 2 DOCUMENTS",
        "LENGTH: 1",
        "End of Document",
        "Title:",
        "\0",
        "9" * 5_000,
    ]
)


@settings(max_examples=60)
@given(st.lists(LINES, max_size=40).map("\n".join))
def test_lines_in_any_order_give_articles_or_a_format_error(text: str) -> None:
    for name in ("nexis", "factiva", "proquest"):
        with suppress(FormatError):
            assert all(isinstance(each, NewArticle) or each.reason for each in read(name, text))


TAGS = st.sampled_from(
    ["<nitf>", "</nitf>", "<newsItem>", "</newsItem>", "<p>", "</p>", "<body.content>", "<contentSet>", "<inlineXML>",
     "text", "&amp;", "&x;", "<!DOCTYPE a [", "]>", "<!--", "-->", "<![CDATA[", "]]>", "<?x?>", "<hl1>", "<by>A</by>",
     "\0", "é",
     '<newsMessage xmlns="http://iptc.org/std/nar/2006-10/">', '<date.issue norm="20230502T"/>', "<subject/>"]
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(TAGS, max_size=30).map("".join))
def test_tags_in_any_order_give_articles_or_a_format_error(text: str) -> None:
    for name in ("newsml", "saved-xml"):
        FORMATS[name].looks_like(text.encode())
        with suppress(FormatError):
            assert all(isinstance(each, NewArticle) or each.reason for each in read(name, text))
