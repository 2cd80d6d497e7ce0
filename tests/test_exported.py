"""What press databases export as pages, documents and mail: each article in it by itself, and no other file parted."""

import io
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from typing import Any
from xml.sax.saxutils import escape

import pytest

from archive.errors import FormatError
from archive.formats import FORMATS, Failed, InputFile
from archive.formats.alone import read_alone
from archive.formats.layout import Line, paragraphs
from archive.normalise import normalise
from archive.types import Alone, NewArticle, Told
from tests.test_document_formats import docx, mhtml, odt, p
from tests.test_press import about, sample

TITLE = "Bridge at the border opens for night traffic"
BODY = "The bridge at the border opened for night traffic on Tuesday.\n\nDrivers said that they had waited for years."
PAGES = ("nexis.html", "factiva.html", "factiva-codes.html", "proquest.html", "europresse.html", "europresse-2013.html")
PLAIN = (
    "World\n\nBridge at the border opens for night traffic\n\nBy Ann Lee\n\n61 words\n\n2 May 2023\n\n09:15\n\n"
    "The Frontier Gazette\n\nFRGAZ\n\n23\n\nEnglish\n\n(c) 2023 Frontier Gazette Ltd\n\n"
    f"{BODY}\n\nDocument FRGAZ00020230502ej5200001\n\n"
    "Talks on steel go on\n\n12 Wörter\n\n3 Mai 2023\n\nMeridian Post\n\nMERPO\n\nDeutsch\n\n"
    "The talks on steel went on.\n\nDokument MERPO00020230503ej5300002"
)
"""What Factiva writes into RTF, without the codes of the fields."""

CONTENTS = "User Name: ANN LEE\n\nDate and Time: Friday, May 5, 2023\n\nDocuments (2)\n\n" + "\n\n".join(
    f"{number}. {title}\n\nClient/Matter: -None-\n\nSearch Terms: bridge\n\nNews | Timeline: Jan 1, 2023"
    for number, title in enumerate((TITLE, "Talks on steel go on"), 1)
)


def read(name: str, data: bytes) -> list[Any]:
    return list(FORMATS[name].read(InputFile("file", io.BytesIO(data), name, 1_000_000)))


def both(found: list[Any]) -> list[NewArticle]:
    """Two articles, of which the second is always about the talks."""
    first, second = (normalise(each) for each in found)
    assert (second.title, second.source, second.body) == (
        "Talks on steel go on", "Meridian Post", "The talks on steel went on."
    )  # fmt: skip
    assert [each.origin.part for each in (first, second)] == ["1", "2"]
    return [first, second]


# --- pages ----------------------------------------------------------------------------------------------------------


FIELDS: dict[str, dict[str, Any]] = {
    "nexis.html": {
        "authors": ("Ann Lee", "Bo Chan in Silopi"), "source": "The Frontier Gazette (London)", "language": "en",
        "section": "WORLD; Pg. 23", "published": "2023-05-02", "summary": "The bridge opens.",
    },
    "factiva.html": {"authors": ("Ann Lee",), "section": "World", "published": "2023-05-02", "language": "en"},
    "factiva-codes.html": {
        "authors": ("Ann Lee",), "section": "World", "published": "2023-05-02", "language": "en",
        "tags": ("Borders", "Transport"),
    },
    "proquest.html": {
        "authors": ("Lee, Ann",), "section": "World", "published": "2023-05-02", "language": "en",
        "tags": ("Borders", "Bridges"), "summary": "The bridge opens.",
        "url": "https://search.proquest.com/docview/2800000001",
    },
    "europresse.html": {"authors": ("Ann Lee",), "section": "World", "language": "en", "published": "2023-05-02"},
    "europresse-2013.html": {"authors": ("Ann Lee",), "section": "World", "language": "en", "published": "2013-10-05"},
}  # fmt: skip
DAYS = {"europresse-2013.html": "2013-10-06"}


@pytest.mark.parametrize("file", PAGES)
def test_each_article_of_a_page_is_one(file: str) -> None:
    first, second = both(read("html", sample(file).encode()))
    assert about(first) == {"title": TITLE, "source": "The Frontier Gazette"} | FIELDS[file]
    assert first.body == BODY
    assert str(second.published) == DAYS.get(file, "2023-05-03")


@pytest.mark.parametrize("file", PAGES)
def test_what_is_kept_of_an_article_reads_the_same_again(file: str) -> None:
    for article in read("html", sample(file).encode()):
        assert article.original
        assert not ("border" in article.body and b"steel went" in article.original.data)
        kept = Alone(article.original.data, article.origin, article.title, untitled=False, told=Told())
        again = read_alone(kept, 1_000_000)
        assert (again.title, again.body, about(again)) == (article.title, article.body, about(article))


def test_the_last_article_of_factiva_and_those_of_its_chinese_pages_are_found() -> None:
    page = sample("factiva.html").replace(
        '<div class="article deArticle">', "<div id='lastArticle' class='article zhcnArticle'>"
    )
    both(read("html", page.replace("deHeadline", "zhcnHeadline").encode()))


def test_what_is_kept_is_read_as_what_it_is_kept_in() -> None:
    page = sample("proquest.html").replace("The bridge opens.", "Мост открыт.").encode("cp1251", "replace")
    file = InputFile("file", io.BytesIO(page), "html", 1_000_000, charset="windows-1251")
    first, _ = FORMATS["html"].read(file)
    assert isinstance(first, NewArticle)
    assert first.original
    kept = Alone(first.original.data, first.origin, first.title, untitled=False, told=first.told)
    assert read_alone(kept, 1_000_000).summary == first.summary == "Мост открыт."


def test_a_headline_that_is_broken_is_found_in_its_page() -> None:
    page = (
        sample("europresse-2013.html")
        .replace("opens for night", "opens<br>for night")
        .replace("Drivers", "© AFP<p></p>Drivers")
    )
    first, _ = both(read("html", page.encode()))
    assert first.body == BODY.replace("Drivers", "© AFP\n\nDrivers")


def test_a_document_of_a_page_without_a_text_fails_alone() -> None:
    page = sample("factiva.html").replace("The talks on steel went on.", "").encode()
    first, second = read("html", page)
    assert normalise(first).body == BODY
    assert isinstance(second, Failed)
    assert "no text" in second.reason


@pytest.mark.parametrize(
    "inside",
    [
        "<article><p>{}</p></article>", "<div class='article'><span class='Headline'>Bridge</span><p>{}</p></div>",
        "<p>{}</p><p>1 of 2 DOCUMENTS</p><p>LENGTH: 61 words</p>", "<a name='Doc'></a><p>{}</p>",
        "<p>{}</p><pre>&lt;div class='article enArticle'&gt; DocPublicationName DocID_1</pre>",
        "<!-- the document number is 7 --><p>{}</p>", "<a name='DocID_7'></a><p>{}</p>",
        "<span class='DocPublicationName'>The Post</span><p>{}</p>",
    ],
)  # fmt: skip
def test_any_other_page_is_one_article(inside: str) -> None:
    (article,) = read(
        "html", f"<html><body><h1>A title</h1>{inside.format('Some text, and more. ' * 40)}</body></html>".encode()
    )
    assert article.origin.part is None


def test_the_articles_of_a_mail_are_those_of_the_page_in_it() -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Your research", "noreply@press.example", "a@b.example"
    message.set_content("Please see the HTML version.")
    message.add_alternative(sample("proquest.html"), subtype="html")
    words, page = read("mail", message.as_bytes())
    assert (words.title, words.body) == (
        "Your research", "All documents are reproduced with the permission of the copyright owner."
    )  # fmt: skip
    assert (page.origin().part, page.name) == ("part-1.html", "part-1.html")
    assert [each.title for each in FORMATS["html"].read(page)] == [TITLE, "Talks on steel go on"]


def test_a_mail_with_words_beside_such_a_page_has_both() -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Fwd", "ann@press.example", "a@b.example"
    message.set_content("Please look at these.")
    message.add_attachment(sample("proquest.html"), subtype="html", disposition="inline")
    article, page = read("mail", message.as_bytes())
    assert article.body.startswith("Please look at these.")
    assert "Drivers" not in article.body
    assert isinstance(page, InputFile)


def test_the_articles_of_a_page_that_a_browser_has_saved_do_not_each_keep_all_of_it() -> None:
    """Nor do they get its address, which would make each a new version of the one before."""
    saved = mhtml(sample("factiva.html").encode())
    first, second = both(read("mhtml", saved))
    for each in (first, second):
        assert each.original
        assert (each.url, each.origin.format) == (None, "html")
        assert len(each.original.data) < len(saved) / 2
        kept = Alone(each.original.data, each.origin, each.title, untitled=False, told=each.told)
        assert normalise(read_alone(kept, 1_000_000)).body == each.body


def test_a_saved_page_inside_a_file_says_where_it_is() -> None:
    saved = mhtml(f"<html><body><h1>A title</h1><p>{'Some text, and more. ' * 40}</p></body></html>".encode())
    (article,) = FORMATS["mhtml"].read(InputFile("a.zip", io.BytesIO(saved), "mhtml", 1_000_000, part="b.mht"))
    assert (article.origin.part, article.origin.format) == ("b.mht", "mhtml")


# --- documents ------------------------------------------------------------------------------------------------------


def rtf(blocks: Sequence[str]) -> bytes:
    return ("{\\rtf1\\ansi " + "\\par ".join(blocks).encode("cp1252").decode("latin-1") + "}").encode("latin-1")


WRITERS = {
    "docx": lambda blocks: docx("".join(p(escape(block)) for block in blocks)),
    "odt": lambda blocks: odt("".join(f"<text:p>{escape(block)}</text:p>" for block in blocks)),
    "rtf": rtf,
}


def blocks_of(text: str) -> list[str]:
    """A document has each line in a paragraph of its own, and hard spaces after the labels of Nexis."""
    return [line.replace(": ", ":\xa0", 1) for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("before", ["", CONTENTS])
def test_a_document_of_nexis(name: str, before: str) -> None:
    first, second = both(read(name, WRITERS[name](blocks_of(f"{before}\n{sample('nexis-uni.txt')}"))))
    assert about(first) == {
        "title": TITLE, "authors": ("Ann Lee", "Bo Chan in Silopi"), "source": "The Frontier Gazette (London)",
        "section": "WORLD; Pg. 23", "published": "2023-05-02", "language": "en", "summary": "The bridge opens.",
    }  # fmt: skip
    assert first.body == BODY
    assert first.original
    assert b"Search Terms" not in first.original.data
    kept = Alone(first.original.data, first.origin, first.title, untitled=False, told=Told())
    assert normalise(read_alone(kept, 1_000_000)).body == BODY
    assert str(second.published) == "2023-05-03"


def test_an_abstract_in_the_text_is_one() -> None:
    text = sample("nexis-uni.txt").replace("Highlight: The bridge opens.\n", "")
    text = text.replace("Body\n\nThe bridge", "Body\n\nABSTRACT\n\nIn short.\n\nFULL TEXT\n\nThe bridge", 1)
    first, _ = both(read("docx", WRITERS["docx"](blocks_of(text))))
    assert (first.summary, first.body) == ("In short.", BODY)


def test_lines_about_an_article_are_not_its_headline() -> None:
    text = sample("nexis-uni.txt").replace("May 2, 2023 Tuesday\n", "May 2, 2023 Tuesday\nCorrection Appended\n")
    text = text.replace("Section: WORLD", "Distribution: Every Zone\nSection: WORLD")
    text = text.replace("for years.\n", "for years.\nCorrection-Date: May 4, 2023\n").replace(
        "on Tuesday.", "on Tuesday.\n\n1 of 4\n"
    )
    first, _ = both(read("docx", WRITERS["docx"](blocks_of(text))))
    assert (first.title, first.source) == (TITLE, "The Frontier Gazette (London)")
    assert first.body == BODY.replace("Tuesday.", "Tuesday.\n\n1 of 4")
    assert first.original
    kept = Alone(first.original.data, first.origin, first.title, untitled=False, told=first.told)
    assert normalise(read_alone(kept, 1_000_000)).body == first.body


def test_a_text_of_factiva_that_begins_with_copyright_is_whole() -> None:
    text = PLAIN.replace("(c) 2023 Frontier Gazette Ltd\n\n", "").replace("Drivers said", "Copyright law: drivers said")
    first, _ = both(read("docx", WRITERS["docx"](text.split("\n\n"))))
    assert first.body == BODY.replace("Drivers said", "Copyright law: drivers said")


@pytest.mark.parametrize("name", WRITERS)
def test_a_document_of_factiva(name: str) -> None:
    first, second = both(read(name, WRITERS[name](PLAIN.split("\n\n"))))
    assert about(first) == {
        "title": TITLE, "authors": ("Ann Lee",), "section": "World", "source": "The Frontier Gazette",
        "published": "2023-05-02", "language": "en",
    }  # fmt: skip
    assert first.body == BODY
    assert (str(second.published), second.language) == ("2023-05-03", "de")


def test_a_document_of_factiva_with_codes_in_a_table() -> None:
    def table(rows: dict[str, str]) -> str:
        cells = ((p(code), "".join(p(text) for text in value.split("\n\n"))) for code, value in rows.items())
        return "".join(f"<w:tbl><w:tr><w:tc>{a}</w:tc><w:tc>{b}</w:tc></w:tr></w:tbl>" for a, b in cells)

    one = {"HD": TITLE, "WC": "61 words", "PD": "2 May 2023", "SN": "The Frontier Gazette", "SC": "FRGAZ",
           "TD": BODY, "AN": "Document FRGAZ00020230502ej5200001"}  # fmt: skip
    two = one | {"HD": "Talks on steel go on", "PD": "3 May 2023", "SN": "Meridian Post",
                 "TD": "The talks on steel went on.", "AN": "Document MERPO00020230503ej5300002"}  # fmt: skip
    first, _ = both(read("docx", docx(table(one) + table(two))))
    assert (first.title, first.body) == (TITLE, BODY)


@pytest.mark.parametrize("name", WRITERS)
def test_a_document_of_proquest(name: str) -> None:
    lines = [line for line in sample("proquest.txt").split("\n") if line.strip() and not line.startswith("____")]
    first, _ = both(read(name, WRITERS[name](lines)))
    assert (first.title, first.source, str(first.published)) == (TITLE, "The Frontier Gazette", "2023-05-02")


PROSE = (
    "What follows was said of the bridge in May, and it shows what I have to say about the papers of that year. " * 3
)


@pytest.mark.parametrize("text", [sample("nexis-uni.txt"), PLAIN, sample("proquest.txt")])
@pytest.mark.parametrize("place", ["before", "after", "between"])
def test_a_text_in_which_articles_are_quoted_is_one_article(text: str, place: str) -> None:
    lines = blocks_of(text)
    at = {
        "before": 0,
        "after": len(lines),
        "between": next(at for at, line in enumerate(lines) if line.startswith("Talks")),
    }
    (article,) = read("docx", WRITERS["docx"]([*lines[: at[place]], PROSE.strip(), *lines[at[place] :]]))
    assert (article.origin.format, article.origin.part) == ("docx", None)
    assert PROSE.strip() in article.body
    assert "The talks on steel went on." in article.body


@pytest.mark.parametrize(
    "text",
    [
        "1 of 3\n\nLength: 1500 words\n\nSection 1\n\nCopyright 2023\n\n2 of 3\n\nA text.",
        "Title: A\n\nAuthor: B\n\nDatabase: PubMed\n\nAbstract: C\n\nFull text: obtained\n\nA text.",
        "A title\n\nDocument Internationalisation\n\n500 words\n\nA text.",
        "Section 1\n\nLength: 12 metres\n\nLanguage: none\n\nEnd of Document",
        "Byline\n\nBody\n\nLength: 61 words\n\nA text.",
        "A title\n\n61 words\n\n2 May 2023\n\nA text.", "HD\n\nSN\n\nPD\n\nLP\n\nTD\n\nSC\n\nA text.",
        "A title\n\nFull text: see the annex.\n\nTitle: none", "Documents 1 of 2\n\nEnd of Documents\n\nA text.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", WRITERS)
def test_any_other_document_is_one_article(name: str, text: str) -> None:
    (article,) = read(name, WRITERS[name](text.split("\n\n")))
    assert (article.origin.format, article.origin.part) == (name, None)
    assert text.rsplit("\n\n", maxsplit=1)[-1] in article.body


# --- pages of a PDF -------------------------------------------------------------------------------------------------


def page(*texts: str) -> list[Line]:
    return [Line(text, 50, 50 + 5 * len(text), 800 - 15 * at, 810 - 15 * at, 20) for at, text in enumerate(texts)]


def test_what_stands_above_each_article_does_not_run_along_the_pages() -> None:
    pages = [
        page(f"Headline {n}", "The Gazette", f"May {n}, 2023", *"abcdefgh", "End of Document") for n in range(1, 5)
    ]
    texts = "\n".join(each.text for each in paragraphs(pages, lambda line: line == "End of Document"))
    assert [texts.count(words) for words in ("Headline", "The Gazette", "End of Document")] == [4, 4, 4]


def test_what_runs_along_the_pages_of_an_article_is_left_out() -> None:
    pages = [page("Page 1 of 9", "The Gazette", *"abcdefgh", "End of Document")]
    pages += [page(f"Page {n} of 9", "The Gazette", *"abcdefgh") for n in range(2, 6)]
    texts = "\n".join(each.text for each in paragraphs(pages, lambda line: line == "End of Document"))
    assert texts.count("Page") == 2
    assert texts.count("The Gazette") == 3


def test_damaged_pages_give_articles_or_reasons() -> None:
    for file in PAGES:
        data = sample(file).encode()
        for end in range(400, len(data), 211):
            with suppress(FormatError):
                assert all(isinstance(found, NewArticle) or found.reason for found in read("html", data[:end]))
