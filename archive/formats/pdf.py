"""PDF: the text of the pages in paragraphs, and what the file says of itself."""

import re
from collections.abc import Iterator
from contextlib import closing
from threading import Lock
from typing import TYPE_CHECKING

from archive.errors import FormatError, NoTextError, TooLargeError, UnreadableFileError
from archive.formats import exported
from archive.formats.file import Failed, InputFile
from archive.formats.properties import stated_authors, stated_day, stated_summary, stated_title, stated_words, titled
from archive.formats.text import MAX_TITLE
from archive.types import NewArticle, Original, PublicationDate

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

    from archive.formats.layout import Line, Paragraph

SUFFIXES = (".pdf",)

MEDIA_TYPE = "application/pdf"

MAX_PAGES = 5_000

_UNPACKED = 4
"""What a part of a file may unpack to, in times of what a file may have: drawings and pictures are large in memory."""

_FIRST = 8
"""The title stands among the first paragraphs, if it stands anywhere."""

_DATE = re.compile(r"D?:?(\d{4})(\d\d)?(\d\d)?")
_PRINTED = re.compile(
    r"mozilla|chrom|firefox|safari|edge|skia|wkhtml|print to pdf|pdfcreator|cutepdf|scan", re.IGNORECASE
)
_ONE_AT_A_TIME = Lock()  # PDFium may be used by one thread only


def looks_like(head: bytes) -> bool:
    """Whether it begins with the mark of a PDF, after white space at most: else something may hold the PDF."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\0 \t\r\n").startswith(b"%PDF-")


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article: the text of all pages; or each that a press database has exported.

    A file of pictures only, or one with a password, fails and says so.
    """
    data = file.whole()
    with _ONE_AT_A_TIME:
        properties, found = _open_and_read(data, file.max_bytes)
    if articles := exported.in_document(file, [each.text for each in found]):
        yield from articles
        return
    title, body = _title_and_body(stated_title(properties.get("Title")), found)
    yield NewArticle(
        title=title,
        body=body,
        origin=file.origin(),
        authors=stated_authors(properties.get("Author")),
        published=_made(properties),
        language=properties.get("Lang") or None,
        tags=stated_words(properties.get("Keywords")),
        summary=stated_summary(properties.get("Subject")),
        original=Original(data, MEDIA_TYPE),
    )


def _open_and_read(data: bytes, limit: int) -> "tuple[dict[str, str], list[Paragraph]]":
    """What the file says of itself, and its paragraphs; whatever PDFium makes of it becomes a FormatError."""
    from archive.formats.layout import paragraphs
    from archive.formats.pdf_bounds import refuse_traps

    if not data.strip():
        raise NoTextError("the file is empty")
    refuse_traps(data, _UNPACKED * limit)
    try:
        with closing(_open(data)) as document:
            properties = document.get_metadata_dict() | {"Lang": _language(document)}
            pages = list(_pages(document, limit))
    except FormatError:
        raise
    except Exception as error:  # what bindings of a C library raise for damaged files is not to be foreseen
        raise UnreadableFileError(f"the PDF is damaged: {error}") from error
    found = paragraphs(pages, exported.ends_article)
    if not any(character.isalnum() for each in found for character in each.text):
        raise NoTextError("the PDF has no text: its pages are pictures, such as scans, which need OCR first")
    return properties, found


def _open(data: bytes) -> "PdfDocument":
    import pypdfium2
    from pypdfium2 import raw

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise UnreadableFileError("the PDF is protected with a password; save it without one first") from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise UnreadableFileError("the PDF is encrypted in a way that is not supported") from error
        raise UnreadableFileError("the PDF is damaged or cut off, and cannot be opened") from error


def _pages(document: "PdfDocument", limit: int) -> "Iterator[list[Line]]":
    from pypdfium2 import PdfiumError

    from archive.formats.pdf_lines import lines

    if len(document) > MAX_PAGES:
        raise TooLargeError(f"the PDF has more than {MAX_PAGES:,} pages")
    size = 0
    for number in range(len(document)):
        try:
            with closing(document[number]) as page:
                found = lines(page)
        except PdfiumError:  # one page that is damaged does not take the others with it
            found = []
        size += sum(len(line.text) for line in found)
        if size > limit:
            raise TooLargeError(f"its text has more than {limit:,} characters (setting max_item_mb)")
        yield found


def _language(document: "PdfDocument") -> str:
    import ctypes

    from pypdfium2 import raw

    buffer = ctypes.create_string_buffer(64)
    size = raw.FPDFCatalog_GetLanguage(document, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), len(buffer))
    return buffer.raw[: max(0, min(size, len(buffer)) - 2)].decode("utf-16-le", "replace")


def _made(properties: dict[str, str]) -> PublicationDate | None:
    """The day on which the document was made, unless it is the day on which something older was printed."""
    made = _DATE.match(properties.get("CreationDate", ""))
    if not made or _PRINTED.search(f"{properties.get('Creator')} {properties.get('Producer')}"):
        return None
    return stated_day("-".join(filter(None, made.groups())))


def _title_and_body(stated: str, found: "list[Paragraph]") -> tuple[str, str]:
    """The title that is stated, else what is set in the largest letters at the beginning, else the first line."""
    from archive.formats.layout import body_size

    texts = [each.text for each in found]
    if stated:
        return titled(stated, texts)
    usual = body_size(found)
    large = [
        each
        for each in found[:_FIRST]
        if each.page == found[0].page and each.size > 1.15 * usual and 3 < len(each.text) <= MAX_TITLE
    ]
    if not large or len(found) == 1:
        return titled("", texts)
    title = max(large, key=lambda each: each.size)
    return " ".join(title.text.split()), "\n\n".join(each.text for each in found if each is not title)
