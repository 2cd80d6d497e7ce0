"""What is taken from PDF, DOCX, ODT, RTF, EPUB and MHTML, and what becomes of files that are damaged, or traps."""

import io
import random
import tracemalloc
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from archive.bootstrap import open_archive
from archive.errors import FormatError, NoTextError, TooLargeError, UnknownFormatError, UnreadableFileError
from archive.formats import FORMATS, Failed, InputFile, detect
from archive.normalise import normalise
from archive.settings import load_settings
from archive.types import NewArticle

CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "files"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
ODF = "urn:oasis:names:tc:opendocument:xmlns"


def read(name: str, data: bytes, limit: int = 10_000_000) -> list[NewArticle | Failed]:
    return list(FORMATS[name].read(InputFile(f"folder/file.{name}", io.BytesIO(data), name, limit)))


def article(name: str, data: bytes) -> NewArticle:
    (found,) = read(name, data)
    assert isinstance(found, NewArticle)
    return normalise(found)


def packed(files: dict[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return made.getvalue()


# --- documents made here ----------------------------------------------------------------------------------------------


def pdf(
    pages: list[list[tuple[float, float, float, str]]],
    info: str = "",
    times: int = 1,
    shown: Sequence[str] = (),
    turned: int = 0,
) -> bytes:
    """A PDF whose pages hold lines of Courier: left, height from below, size, text; each page so many times."""
    objects = ["<< /Type /Catalog /Pages 2 0 R /Lang (en-GB) >>", ""]
    kids = []
    for lines in pages:
        drawn = "\n".join(shown) or "\n".join(
            f"BT /F {size} Tf 1 0 0 1 {left} {height} Tm ({text}) Tj ET" for left, height, size, text in lines
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
        font = "<< /F << /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Rotate {turned}"
                       f" /Contents {len(objects)} 0 R /Resources << /Font {font} >> >>")  # fmt: skip
        kids.append(f"{len(objects)} 0 R")
    kids *= times
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append(f"<< {info} >>")
    made, places = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>"
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}\nstartxref\n{len(made)}\n%%EOF\n"
    return made.encode("latin-1")


def column(
    text: list[str], *, left: float = 60, top: float = 700, size: float = 10
) -> list[tuple[float, float, float, str]]:
    return [(left, top - 12 * number, size, line) for number, line in enumerate(text)]


PROSE = [
    "The ministers met at the border and spoke of trade",
    "and of water. They agreed to keep the crossing in-",
    "teresting and open through the winter.",
]
JOINED = (
    "The ministers met at the border and spoke of trade and of water. They agreed to keep the crossing interesting and"
    " open through the winter."
)


def docx(body: str, core: str = "", **parts: str) -> bytes:
    """A Word document with this body, these properties, and parts such as its notes."""
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    related = "".join(f'<Relationship Id="{name}" Type="{kinds}/{name}" Target="{name}.xml"/>' for name in parts)
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships><Relationship Id="a" Type="{kinds}/officeDocument" Target="word/document.xml"/>'
        f'<Relationship Id="b" Type="{kinds}/metadata/core-properties" Target="docProps/core.xml"/></Relationships>',
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": f"<Relationships>{related}</Relationships>",
        "docProps/core.xml": f'<cp xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:t="terms">{core}</cp>',
    }
    return packed(files | {f"word/{name}.xml": f"<w:{name} {W}>{xml}</w:{name}>" for name, xml in parts.items()})


def p(text: str, inside: str = "") -> str:
    return f"<w:p>{inside}<w:r><w:t>{text}</w:t></w:r></w:p>"


def odt(body: str, meta: str = "", **files: str) -> bytes:
    """An OpenDocument text with this body and these properties."""
    spaces = " ".join(
        f'xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "text", "table", "meta", "style", "drawing")
    )
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"<office:document-content {spaces}><office:body><office:text>{body}</office:text>"
            "</office:body></office:document-content>",
            "meta.xml": f'<office:document-meta xmlns:dc="http://purl.org/dc/elements/1.1/" {spaces}>{meta}'
            "</office:document-meta>",
            **files,
        }
    )


def epub(chapters: dict[str, str], metadata: str = "", navigation: str = "", **files: str | bytes) -> bytes:
    """A book of these chapters."""
    items = "".join(
        f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(len(chapters)))
    book: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>',
        "OPS/book.opf": f'<package><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{metadata}</metadata><manifest>'
        f'{items}<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/></manifest>'
        f'<spine><itemref idref="nav"/>{spine}</spine></package>',
        "OPS/nav.xhtml": f"<html><body><nav><ol>{navigation}</ol></nav></body></html>",
    }
    return packed(book | {f"OPS/{name}": chapter for name, chapter in chapters.items()} | files)


def chapter(body: str, title: str = "The book") -> str:
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{title}</title></head><body>{body}</body></html>'


SENTENCES = "The two delegations met on Tuesday and agreed to keep the border crossing open through the winter. " * 4


def mhtml(page: bytes, *, charset: str = "", before: str = "") -> bytes:
    head = (
        f"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://e.org/a?utm_source=x\r\n{before}"
        'MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="----x"\r\n\r\n'
        f"------x\r\nContent-Type: text/html{charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    picture = b"\r\n------x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nVBOR\r\n------x--"
    return head.encode() + page + picture


RTF = (
    rb"{\rtf1\ansi\ansicpg1252\deff0\uc1{\fonttbl{\f0\fnil\fcharset0 Arial;}{\f1\fnil\fcharset204 Cyr;}"
    rb"{\f2\fcharset128 Mincho;}}{\colortbl;\red0\green0\blue0;}{\*\generator Riched20 10.0;}"
    rb"{\info{\title Border talks}{\author Ann Lee}{\creatim\yr2023\mo5\dy2\hr10}{\keywords border, trade}}"
    rb"{\header Running head\par}\pard\f0 T\'fcrkiye and Iraq\u8217?s ministers \b met\b0  at the border."
    rb"{\footnote A note.}\par {\f1 \'c3\'f0\'e0\'ed\'e8\'f6\'e0} {\f2\'93\'fa\'96\'7b} \u-10179?\u-8704?\line"
    rb" next line \{x\}\par"
    rb"{\field{\*\fldinst HYPERLINK http://e.org}{\fldrslt the link}}\par"
    rb"\trowd\intbl One\cell Two\cell\row\pard{\pict\pngblip 89504e47}{\v hidden}{\deleted gone}Shown\bin5 ab}{c end"
    rb"\par{\shp{\*\shpinst{\sp{\sn shapeType}{\sv 202}}{\shptxt In the box.\par}}}}"
)
EXAMPLES: dict[str, bytes] = {
    "pdf": pdf([column(PROSE)], "/Title (Talks)"),
    "docx": docx(p("A heading") + p(SENTENCES), "<dc:creator>Ann Lee</dc:creator>"),
    "odt": odt(f"<text:h>A heading</text:h><text:p>{SENTENCES}</text:p>"),
    "rtf": RTF,
    "epub": epub({"a.xhtml": chapter(f"<h1>A heading</h1><p>{SENTENCES}</p>")}, "<dc:title>The book</dc:title>"),
    "mhtml": mhtml(f"<html><body><article><h1>A heading</h1><p>{SENTENCES}</p></article></body></html>".encode()),
}


class Unseekable(io.RawIOBase):
    """A stream to which a program cannot go back."""

    def __init__(self, under: io.BytesIO) -> None:
        self.under = under

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self.under.write(data)


# --- which it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("asked_for", [True, False])
def test_documents_are_told_by_their_content(name: str, asked_for: bool) -> None:
    assert detect("file", EXAMPLES[name][:8192], asked_for=asked_for) == name
    if name != "mhtml":
        assert detect("file.doc", EXAMPLES[name][:8192], asked_for=asked_for) == name


def test_a_zip_archive_is_no_document() -> None:
    for names in (["a.txt"], ["word/notes.txt"]):
        assert detect("a.zip", packed(dict.fromkeys(names, "x"))[:8192], asked_for=True) == "zip"
    with pytest.raises(UnknownFormatError, match="zip"):
        detect("a.xlsx", packed(dict.fromkeys(["[Content_Types].xml", "xl/workbook.xml"], "x"))[:8192], asked_for=True)


@pytest.mark.parametrize("name", ["pdf", "docx", "odt", "rtf", "epub", "mhtml"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_an_archive_that_begins_with_a_document_is_an_archive(tmp_path: Path, name: str, method: int) -> None:
    """What is stored without being packed stands in the archive's first bytes as it is."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr(f"first.{name}", EXAMPLES[name])
        archive.writestr("second.txt", "Another title\nAnother text.")
    assert detect("file", made.getvalue()[:8192], asked_for=True) == "zip"
    path = tmp_path / "all.zip"
    path.write_bytes(made.getvalue())
    with open_archive(load_settings({"data": str(tmp_path / "data")}, {})) as opened:
        report = opened.import_paths([str(path)])
        assert (report.added, report.failed, report.skipped) == (2, 0, 0)


def test_a_pdf_inside_of_something_is_not_what_it_is_in() -> None:
    record = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9000\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
    assert detect("a", record + EXAMPLES["pdf"] + bytes(500), asked_for=True) == "warc"
    assert detect("a", b"\n" + EXAMPLES["pdf"], asked_for=False) == "pdf"


def test_a_document_that_was_written_as_a_stream_is_told_by_its_content() -> None:
    """Google Docs and others write the sizes after each part, and the document late."""
    made = io.BytesIO()
    with zipfile.ZipFile(Unseekable(made), "w", zipfile.ZIP_DEFLATED) as archive:
        for part in ("docProps/app.xml", "theme/theme.xml", "word/document.xml", "[Content_Types].xml"):
            archive.writestr(part, f"<x>{part}</x>")
    assert detect("a", made.getvalue(), asked_for=False) == "docx"


def test_a_document_whose_parts_stand_in_another_order_is_told_by_its_name() -> None:
    files = {"docProps/thumbnail.jpeg": random.Random(1).randbytes(9_000)}
    data = packed(files)  # type: ignore[arg-type]
    for name in ("docx", "odt", "epub"):
        assert detect(f"a.{name}", data[:8192], asked_for=False) == name
        with pytest.raises(UnreadableFileError, match=f"zip archive, but no {name.upper()}"):
            read(name, data)


def test_a_saved_page_whose_head_has_parameters_without_end_is_read_in_good_time() -> None:
    page = mhtml(f"<html><body><p>{SENTENCES}</p></body></html>".encode())
    endless = page.replace(b"multipart/related;", b"multipart/related;" + b"\n multipart/related;" * 200_000, 1)
    assert endless != page
    with suppress(FormatError):
        article("mhtml", endless)


def test_a_letter_with_pictures_is_no_saved_page() -> None:
    page = b"<html><body>Hello</body></html>"
    assert FORMATS["mhtml"].looks_like(mhtml(page))
    assert not FORMATS["mhtml"].looks_like(mhtml(page, before="To: ann@example.org\r\n"))
    assert not FORMATS["mhtml"].looks_like(b"Subject: x\r\nContent-Type: text/plain\r\n\r\nmultipart/related")


# --- PDF --------------------------------------------------------------------------------------------------------------


def test_lines_are_put_together_and_broken_words_made_whole() -> None:
    found = article("pdf", pdf([[(60, 740, 18, "Border talks"), *column(PROSE)]], "/Author (Ann Lee)"))
    assert (found.title, found.body, found.authors, found.language) == ("Border talks", JOINED, ("Ann Lee",), "en")


@pytest.mark.parametrize("indent", [True, False])
def test_paragraphs_are_told_by_a_gap_or_by_an_indentation(indent: bool) -> None:
    second = column(PROSE, top=700 - 36 - (0 if indent else 8))
    if indent:
        first, (left, height, size, text), *rest = column(PROSE)[0], second[0], *second[1:]
        lines = [first, *column(PROSE)[1:], (left + 15, height, size, text), *rest]
    else:
        lines = [*column(PROSE), *second]
    assert article("pdf", pdf([lines])).body == f"{JOINED}\n\n{JOINED}"


def test_a_paragraph_goes_on_in_the_next_column_and_on_the_next_page() -> None:
    halves = [*column(PROSE[:1]), *column(PROSE[1:2], left=400)], column(PROSE[2:])
    assert article("pdf", pdf(list(halves))).body == JOINED


def test_a_hyphen_that_belongs_to_a_word_stays() -> None:
    lines = [
        "The counter-terrorism law has passed, and a new counter-",
        "terrorism police with an Anglo-",
        "American staff",
    ]
    assert article("pdf", pdf([column(lines)])).body == (
        "The counter-terrorism law has passed, and a new counter-terrorism police with an Anglo-American staff"
    )


def test_lines_that_end_early_are_not_run_together() -> None:
    verses = ["The river runs,", "the bridge is old,", "and nobody crosses it any more."]
    assert article("pdf", pdf([[*column(verses), *column(PROSE, top=600)]])).body == "\n".join(verses) + f"\n\n{JOINED}"


def test_paragraphs_whose_first_line_hangs_out_are_told_too() -> None:
    lines = []
    for number in range(3):
        top = 700 - 36 * number
        lines += [*column(PROSE[:1], top=top), *column(PROSE[1:], top=top - 12, left=80)]
    assert article("pdf", pdf([lines])).body.split("\n\n") == [JOINED] * 3


def test_raised_numbers_stand_for_themselves_and_pieces_of_words_do_not() -> None:
    lines = [
        (60, 700, 10, "The ministers"),
        (138, 703, 7, "1"),
        (152, 700, 10, "met at the bor"),
        (236, 700, 10, "der."),
        (60, 688, 10, "Again."),
    ]
    assert "The ministers 1 met at the border." in article("pdf", pdf([lines])).body


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_pages_that_are_turned_are_read_as_they_are_shown(turned: int) -> None:
    matrix = {0: "1 0 0 1 {0} {1}", 90: "0 1 -1 0 {2} {0}", 180: "-1 0 0 -1 {3} {2}", 270: "0 -1 1 0 {1} {3}"}[turned]
    shown = [
        (matrix.format(left, height, 800 - height, 600 - left), text)
        for left, height, _, text in [*column(PROSE), *column(PROSE, top=640)]
    ]
    data = pdf(
        [column(PROSE)], shown=[f"BT /F 10 Tf {place} Tm ({text}) Tj ET" for place, text in shown], turned=turned
    )
    assert article("pdf", data).body == f"{JOINED}\n\n{JOINED}"


WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday"]


def told_on(day: str) -> list[str]:
    return [line.replace("and", f"and on {day}") for line in PROSE]


def test_what_runs_along_the_edges_of_the_pages_is_kept_once() -> None:
    pages = [
        [(60, 780, 8, "The Daily Archive"), *column(told_on(day)), (280, 20, 8, f"Page {number} of 4")]
        for number, day in enumerate(WEEK, 1)
    ]
    paragraphs = article("pdf", pdf(pages)).body.split("\n\n")
    assert paragraphs == [*(JOINED.replace("and", f"and on {day}") for day in WEEK), "The Daily Archive"]


def test_numbers_at_the_edge_that_are_no_page_numbers_stay() -> None:
    pages = [[(60, 780, 10, f"Chapter {7 * at}"), *column(told_on(day))] for at, day in enumerate(WEEK, 1)]
    found = article("pdf", pdf(pages))
    text = f"{found.title} {found.body}"
    assert [f"Chapter {number}" in text for number in (7, 14, 21, 28)] == [True] * 4


@pytest.mark.parametrize("title", ["untitled", "Microsoft Word - talks.doc", "talks_final.indd", "Document1", "..."])
def test_a_title_that_nobody_gave_is_none(title: str) -> None:
    data = pdf([[(60, 740, 18, "Border talks"), *column(PROSE)]], f"/Title ({title}) /Author (Administrator)")
    assert (article("pdf", data).title, article("pdf", data).authors) == ("Border talks", ())
    assert article("pdf", pdf([column(PROSE)], "/Title (Talks at the border)")).title == "Talks at the border"


@pytest.mark.parametrize(
    ("info", "published"),
    [
        ("/CreationDate (D:20230502101500+03'00')", "2023-05-02"),
        ("/CreationDate (D:2023)", "2023"),
        ("/CreationDate (D:16010101000000)", None),
        ("/CreationDate (yesterday)", None),
        ("/CreationDate (D:20230502101500) /Creator (Mozilla/5.0 Chrome)", None),
        ("", None),
    ],
)
def test_the_day_of_a_pdf_is_the_one_it_was_made_but_not_the_one_it_was_printed(
    info: str, published: str | None
) -> None:
    found = article("pdf", pdf([column(PROSE)], info)).published
    assert (found.text if found else None) == published


def test_scans_and_locked_files_say_what_is_needed() -> None:
    with pytest.raises(NoTextError, match="OCR"):
        read("pdf", pdf([[], []]))
    with pytest.raises(UnreadableFileError, match="damaged or cut off"):
        read("pdf", b"%PDF-1.4\nnothing")
    with pytest.raises(NoTextError, match="empty"):
        read("pdf", b"")


# --- DOCX -------------------------------------------------------------------------------------------------------------


def test_a_word_document_is_read_in_the_order_of_its_pages() -> None:
    box = f"<w:r><mc:AlternateContent xmlns:mc='m'><mc:Choice><w:txbxContent>{p('Boxed.')}</w:txbxContent></mc:Choice>"
    box += f"<mc:Fallback><w:txbxContent>{p('Boxed.')}</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>"
    table = "".join(f"<w:tr>{''.join(f'<w:tc>{p(cell)}</w:tc>' for cell in row)}</w:tr>" for row in ("AB", "CD"))
    body = p("Talks", '<w:pPr><w:pStyle w:val="Titel"/></w:pPr>') + p("First.", box) + f"<w:tbl>{table}</w:tbl>"
    body += "<w:p><w:r><w:t>One</w:t><w:br/><w:t>two</w:t><w:tab/><w:t>three</w:t></w:r><w:del><w:r><w:delText>gone"
    body += "</w:delText></w:r></w:del><w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom></w:p>"
    found = article(
        "docx",
        docx(
            body,
            "<dc:title>Document1</dc:title><dc:creator>Ann Lee; Bo Chan</dc:creator><dc:language>de-AT</dc:language>"
            "<t:created>2023-05-02T10:00:00Z</t:created><t:keywords>border, trade</t:keywords>",
            styles='<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>',
            footnotes=f"<w:footnote>{p('A note.')}</w:footnote>",
        ),
    )
    assert found.title == "Talks"
    assert found.body.split("\n\n") == ["First.", "Boxed.", "A | B", "C | D", "One\ntwo three", "A note."]
    assert (found.authors, str(found.published), found.language, found.tags) == (
        ("Ann Lee", "Bo Chan"), "2023-05-02", "de", ("border", "trade")
    )  # fmt: skip


def test_a_document_laid_out_in_a_table_keeps_its_paragraphs() -> None:
    body = f"<w:tbl><w:tr><w:tc>{p('Left one.')}{p('Left two.')}</w:tc><w:tc>{p('Right.')}</w:tc></w:tr></w:tbl>"
    assert article("docx", docx(body)).body.split("\n\n") == ["Left one.", "Left two.", "Right."]


# --- ODT --------------------------------------------------------------------------------------------------------------


def test_an_opendocument_text_is_read_in_the_order_of_its_pages() -> None:
    note = "<text:note><text:note-citation>1</text:note-citation>"
    note += "<text:note-body><text:p>A note.</text:p></text:note-body></text:note>"
    cells = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in "AB")
    rows = f"<table:table-header-rows><table:table-row>{cells}</table:table-row></table:table-header-rows>"
    box = "<drawing:text-box><text:p>Boxed.</text:p></drawing:text-box>"
    body = (
        "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes><text:h>Talks</text:h>"
        f"<text:p>One  <text:span>two</text:span><text:s text:c='3'/>three{note} four<text:line-break/>five</text:p>"
        f"<table:table>{rows}</table:table><text:list><text:list-item><text:p>Item</text:p></text:list-item></text:list>"
        f"<text:p><drawing:frame>{box}</drawing:frame></text:p>"
    )
    meta = "<dc:creator>Bo Chan</dc:creator><meta:initial-creator>Ann Lee</meta:initial-creator>"
    meta += "<dc:language>fr</dc:language>"
    meta += "<meta:creation-date>2023-05-02T10:00:00</meta:creation-date><meta:keyword>border</meta:keyword>"
    found = article("odt", odt(body, meta))
    assert found.title == "Talks"
    assert found.body.split("\n\n") == ["One two   three four\nfive", "A | B", "Item", "Boxed.", "A note."]
    assert (found.authors, str(found.published), found.language, found.tags) == (
        ("Ann Lee",), "2023-05-02", "fr", ("border",)
    )  # fmt: skip


def test_an_encrypted_document_says_so() -> None:
    with pytest.raises(UnreadableFileError, match="password"):
        read("odt", odt("", **{"META-INF/manifest.xml": "<manifest><encryption-data/></manifest>"}))


# --- RTF --------------------------------------------------------------------------------------------------------------


def test_rtf_is_read_in_every_alphabet() -> None:
    found = article("rtf", RTF)
    assert (found.title, found.authors, str(found.published), found.tags) == (
        "Border talks", ("Ann Lee",), "2023-05-02", ("border", "trade")
    )  # fmt: skip
    assert found.body.split("\n\n") == [
        "Türkiye and Iraq’s ministers met at the border.", "Граница 日本 😀\nnext line {x}", "the link", "One | Two",
        "Shown end", "In the box.", "A note.",
    ]  # fmt: skip
    assert found.note is None


def test_rtf_that_is_cut_off_is_kept_and_told() -> None:
    found = article("rtf", RTF[:-60])
    assert "Türkiye" in found.body
    assert "cut off" in str(found.note)


# --- EPUB -------------------------------------------------------------------------------------------------------------


def test_a_book_is_an_article_a_chapter() -> None:
    metadata = "<dc:title>The issue</dc:title><dc:creator>Ann Lee</dc:creator><dc:date>1924-05</dc:date>"
    metadata += "<dc:language>en-GB</dc:language><dc:subject>Trade</dc:subject>"
    first, second, third = read(
        "epub",
        epub(
            {
                "cover.xhtml": chapter("<img src='x.png'/>"),
                "a%20b.xhtml": "",
                "a b.xhtml": chapter("<h1>One</h1><p>First&nbsp;page<sup>12</sup><br/>of <b>a</b> text</p><table><tr>"
                                     "<td>A</td><td>B</td></tr></table><script>no</script>"),
                "c.xhtml": chapter("<h2>Two</h2><p>Second</p>"),
                "d.xhtml": chapter("<p>No heading here.</p>", title="Three"),
            },
            metadata,
            '<li><a href="a%20b.xhtml">Chapter one</a></li><li><a href="c.xhtml#x">X</a></li>'
            '<li><a href="c.xhtml#y">Y</a></li>',
        ),
    )  # fmt: skip
    assert isinstance(first, NewArticle)
    assert isinstance(second, NewArticle)
    assert isinstance(third, NewArticle)
    assert (first.title, first.origin.part, first.source) == ("Chapter one", "OPS/a b.xhtml", "The issue")
    assert normalise(first).body.split("\n\n") == ["One", "First page 12\nof a text", "A | B"]
    assert (str(first.published), first.language, first.tags, first.authors) == (
        "1924-05", "en-GB", ("Trade",), ("Ann Lee",)
    )  # fmt: skip
    assert [(each.title, each.body) for each in (second, third)] == [("Two", "Second"), ("Three", "No heading here.")]


def test_a_locked_chapter_fails_alone() -> None:
    locked = '<encryption><CipherReference URI="OPS/a.xhtml"/></encryption>'
    data = epub({"a.xhtml": "x", "b.xhtml": chapter("<p>Open text</p>")}, **{"META-INF/encryption.xml": locked})
    failed, found = read("epub", data)
    assert isinstance(failed, Failed)
    assert "DRM" in failed.reason
    assert isinstance(found, NewArticle)


def test_a_book_without_text_says_so() -> None:
    with pytest.raises(NoTextError, match="no text"):
        read("epub", epub({"a.xhtml": chapter("<img/>")}))


# --- MHTML ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "cp1254", "utf-16"])
def test_a_saved_page_is_read_as_a_page(encoding: str) -> None:
    page = f"<html><head><title>Sınır</title></head><body><article><h1>Sınır</h1><p>Türkiye. {SENTENCES}</p></article>"
    found = article("mhtml", mhtml(page.encode(encoding), charset=f"; charset={encoding}"))
    assert (found.title, found.url) == ("Sınır", "https://e.org/a")
    assert found.body.startswith("Türkiye. The two")
    assert found.original
    assert found.original.media_type == "multipart/related"


def test_a_letter_without_a_page_fails() -> None:
    with pytest.raises(UnreadableFileError, match="no page"):
        read(
            "mhtml", b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n\r\ntext\r\n--x--"
        )


# --- traps ------------------------------------------------------------------------------------------------------------

ZERO = "0" * 30_000_000
LAUGHS = "<!DOCTYPE a [<!ENTITY a 'lol'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
) + "]>"  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("docx", docx(p(ZERO))),
        ("docx", docx(p("x"), footnotes=ZERO)),
        ("odt", odt(ZERO)),
        ("epub", epub({}, ZERO)),
        ("odt", odt("", **{"META-INF/manifest.xml": ZERO})),
    ],
    ids=["docx", "notes", "odt", "epub", "manifest"],
)
def test_a_zip_bomb_is_defused_by_the_bytes_that_come_out(name: str, data: bytes) -> None:
    assert len(data) < 200_000
    tracemalloc.start()
    with pytest.raises(TooLargeError, match="unpacks to more"):
        read(name, data, limit=50_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000


def test_a_chapter_that_is_a_bomb_fails_and_all_of_them_together_are_bounded() -> None:
    failed, found = read("epub", epub({"a.xhtml": ZERO, "b.xhtml": chapter("<p>Text</p>")}), limit=50_000_000)
    assert isinstance(failed, Failed)
    assert isinstance(found, NewArticle)
    many = epub({f"{n}.xhtml": chapter(f"<p>{random.Random(n).randbytes(30_000).hex()}</p>") for n in range(40)})
    outcomes = [type(each) for each in read("epub", many, limit=1_500_000)]
    assert outcomes.count(Failed) > 10


def test_an_archive_of_countless_files_is_not_even_listed() -> None:
    with pytest.raises(TooLargeError, match="10,000 files"):
        read("docx", b"PK\x01\x02" * 20_000)


@pytest.mark.parametrize("body", ["&i;", "&e;", "<w:p><w:r><w:t>&e;</w:t></w:r></w:p>"], ids=["laughs", "file", "text"])
def test_entities_are_neither_blown_up_nor_fetched(tmp_path: Path, body: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not to be read")
    types = LAUGHS.replace("]>", f"<!ENTITY e SYSTEM '{secret.as_uri()}'>]>")
    files = {name: zipfile.ZipFile(io.BytesIO(docx(""))).read(name) for name in ("_rels/.rels", "[Content_Types].xml")}
    document = f"{types}<w:document {W}><w:body>{p('Text')}{body}</w:body></w:document>"
    page = f"{types}<html><body><p>Text</p>{body}</body></html>"
    both = packed(files | {"word/document.xml": document}), epub({"a.xhtml": page})
    for found in map(told, ("docx", "epub"), both):
        assert "not to be read" not in str(found)
        assert len(str(found)) < 3_000


def test_deep_nesting_fails_with_a_reason() -> None:
    with pytest.raises(UnreadableFileError, match="no valid XML"):
        read("docx", docx("<w:sdt>" * 5_000 + "</w:sdt>" * 5_000))
    with pytest.raises(UnreadableFileError, match="groups"):
        read("rtf", b"{\\rtf1 " + b"{" * 100_000)
    (found,) = read("epub", epub({"a.xhtml": "<html><body>" + "<div>" * 5_000 + "Deep</body></html>"}))
    assert isinstance(found, Failed)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_pdf_that_would_fill_the_memory_is_not_even_opened(layers: int) -> None:
    packed_text = bytes(60_000_000)
    for _ in range(layers):
        packed_text = zlib.compress(packed_text, 9)
    stream = b"<< /Length %d /Filter [%s] >>\nstream\n" % (len(packed_text), b"/FlateDecode " * layers)
    data = b"%PDF-1.4\n1 0 obj\n" + stream + packed_text + b"\nendstream\nendobj\n"
    with pytest.raises(TooLargeError, match="unpacks to more than 40,000,000 bytes"):
        read("pdf", data, limit=10_000_000)
    with pytest.raises(UnreadableFileError):  # it is no whole PDF, but no trap for who allows more
        read("pdf", data, limit=20_000_000)


def test_a_pdf_of_the_same_page_over_and_over_is_bounded() -> None:
    with pytest.raises(TooLargeError, match="max_item_mb"):
        read("pdf", pdf([column(PROSE)], times=1_000), limit=20_000)
    with pytest.raises(TooLargeError, match="5,000 pages"):
        read("pdf", pdf([column(PROSE)], times=5_001))


def test_a_zip_archive_with_a_password_says_so() -> None:
    data = bytearray(EXAMPLES["docx"])
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 1)
    with pytest.raises(UnreadableFileError, match="password"):
        read("docx", bytes(data))


# --- damage -----------------------------------------------------------------------------------------------------------


def told(name: str, data: bytes, limit: int = 10_000_000) -> list[NewArticle | Failed] | str:
    """What a file gives, or why it gives nothing; whatever else is raised fails the test."""
    try:
        return [normalise(each) if isinstance(each, NewArticle) else each for each in read(name, data, limit)]
    except FormatError as error:
        return str(error)


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_whole(name: str) -> None:
    assert isinstance(article(name, EXAMPLES[name]), NewArticle)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_file_that_is_cut_off_gives_articles_or_a_reason(name: str) -> None:
    chance = random.Random(name)
    for _ in range(30):
        told(name, EXAMPLES[name][: chance.randrange(len(EXAMPLES[name]))])


@pytest.mark.parametrize("name", EXAMPLES)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(at=st.floats(0, 1), junk=st.binary(max_size=20))
def test_a_file_with_rubbish_in_it_gives_articles_or_a_reason(name: str, at: float, junk: bytes) -> None:
    data = EXAMPLES[name]
    place = int(at * len(data))
    told(name, data[:place] + junk + data[place + len(junk) :])


PIECES = st.sampled_from(
    [b"%PDF-1.4\n", b"1 0 obj", b"<<", b">>", b"/Pages", b"stream\n", b"endstream", b"xref", b"trailer", b"%%EOF",
     b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06" + bytes(18), b"mimetypeapplication/epub+zip", b"word/document.xml",
     b"{\\rtf1 ", b"{", b"}", b"\\'", b"\\u-10179", b"\\u99999999 ", b"\\bin999 ", b"\\*", b"\\f1", b"\\ansicpg99 ",
     b"\\footnote ", b"\\info\\title ", b"MIME-Version: 1.0\n", b"Content-Type: multipart/related; boundary=x\n", b"\n",
     b"--x\n", b"Content-Type: text/html; charset=x\n", b"Content-Transfer-Encoding: base64\n", b"<html><p>", b"\0",
     b"\xff", b"text "]
)  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(data=st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=30).map(b"".join)))
@example(data=b"")
def test_any_bytes_give_articles_or_a_reason(name: str, data: bytes) -> None:
    told(name, data)


ELEMENTS = (
    "w:p w:r w:tbl w:tr w:tc w:txbxContent w:pPr text:p text:note table:table table:table-row table:table-cell"
    " drawing:text-box p td h1 title script".split()
)
LEAVES = ["text", "&amp;", "&nbsp;", "<w:t>x</w:t>", "<text:s text:c='9999999999'/>", "<w:br/>", "<!--x-->", "<?x?>"]
MARKUP = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.builds(
        "<{0}>{1}</{0}>".format, st.sampled_from(ELEMENTS), st.lists(inner, max_size=4).map("".join)
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=100)
@given(body=MARKUP)
def test_any_markup_inside_gives_articles_or_a_reason(body: str) -> None:
    told("docx", docx(body, footnotes=body))
    told("odt", odt(body))
    told("epub", epub({"a.xhtml": chapter(body)}, navigation=body))


# --- real files -------------------------------------------------------------------------------------------------------


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the real files are not beside this checkout")
@pytest.mark.parametrize("name", ["pdf", "docx", "epub"])
def test_every_real_file_is_read_or_says_why_not(name: str) -> None:
    """Each of them, and each cut off at three places."""
    chance = random.Random(name)
    outcomes = []
    for path in sorted((CORPUS / name).rglob(f"*.{name}")):
        data = path.read_bytes()
        outcomes.append(told(name, data, limit=50_000_000))
        for _ in range(3):
            told(name, data[: chance.randrange(len(data))], limit=50_000_000)
    if name == "pdf":
        assert any("حَبيبي" in each.body for found in outcomes if isinstance(found, list) for each in found)  # type: ignore[union-attr]
    articles = [each for found in outcomes if isinstance(found, list) for each in found if isinstance(each, NewArticle)]
    assert len(articles) > {"pdf": 20, "docx": 12, "epub": 120}[name]
    assert {found for found in outcomes if isinstance(found, str)} <= {
        "the PDF is protected with a password; save it without one first",
        "the PDF has no text: its pages are pictures, such as scans, which need OCR first",
        "the PDF is damaged or cut off, and cannot be opened",
        "the document has no text",
    }
