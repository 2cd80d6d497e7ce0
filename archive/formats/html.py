"""Web pages: trafilatura finds the article and what the page says about it."""

import re
import warnings
from collections.abc import Iterator
from typing import Any

from archive.dates import read_date
from archive.encoding import decode
from archive.errors import NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile
from archive.normalise import clean_line, split_names
from archive.types import NewArticle, Original, PublicationDate

SUFFIXES = (".html", ".htm", ".xhtml")

_BEGINNING = re.compile(
    rb"\s*+(?:<\?xml[^>]*\?>\s*+)?(?><!--.*?-->\s*+)*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)

_STATED = re.compile(
    r'"datePublished"\s*:\s*"([^"<>]{4,40})"'
    r"|<meta\b(?=[^<>]{0,300}?(?:publi|pubdate|\bdate\b|issued))(?![^<>]{0,300}?(?:modif|updat))"
    r"[^<>]{0,300}?\bcontent\s*=\s*[\"']([^\"'<>]{4,40})",
    re.IGNORECASE,
)


def looks_like(head: bytes) -> bool:
    """Whether it begins like a page."""
    return bool(_BEGINNING.match(head.removeprefix(b"\xef\xbb\xbf")))


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article: the main text of the page, its paragraphs kept, with the metadata that the page gives."""
    data = file.whole()
    if not data.strip():
        raise NoTextError("the file is empty")
    html = decode(data, markup=True, stated=file.charset)
    page = _extract(html, file.url)
    title = clean_line(page.title or "")
    paragraphs = [line.strip() for line in (page.text or "").split("\n") if line.strip()]
    if paragraphs and clean_line(paragraphs[0]) == title:
        del paragraphs[0]
    if not paragraphs:
        raise NoTextError("no article text was found in the page")
    yield NewArticle(
        title=title,
        body="\n\n".join(paragraphs),
        origin=file.origin(),
        url=page.url,
        authors=split_names(page.author or ""),
        source=page.sitename or page.hostname,
        section=(page.categories or [None])[0],
        published=_published(page.date, html),
        language=page.language or _declared_language(data),
        tags=tuple(tag for tags in page.tags or () for tag in tags.split(",")),
        summary=page.description,
        original=Original(data, "text/html"),
    )


def _extract(html: str, url: str | None) -> Any:  # trafilatura's Document
    import trafilatura  # takes half a second to import

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what is odd in a page, which is nothing to tell whoever imports it
            page = trafilatura.bare_extraction(
                html,
                url=url,
                with_metadata=True,
                favor_recall=True,
                include_comments=False,
                date_extraction_params={"extensive_search": False, "original_date": True},
            )
    except Exception as error:  # trafilatura promises nothing about what broken pages raise
        raise UnreadableFileError(f"the page cannot be parsed: {type(error).__name__}: {error}") from error
    if page is None:
        raise NoTextError("no article text was found in the page")
    return page


def _published(day: str | None, html: str) -> PublicationDate | None:
    """The day that trafilatura found, as the page itself states it: with the time, or without a day that it never gave.

    None where all that the page has is a date such as 03/04/2023, which may be two days.
    """
    found = read_date(day or "")
    if not found:
        return None
    statements = [first or second for first, second in _STATED.findall(html)]
    for stated in filter(None, map(read_date, statements)):
        if stated.first_day <= found.first_day <= stated.last_day:
            return stated
    year, month, date = found.text.split("-")
    either = rf"\b(?:0?{int(month)}/0?{int(date)}|0?{int(date)}/0?{int(month)})/{year}\b"
    ambiguous = month != date and int(date) <= 12 and re.search(either, html)
    return None if ambiguous and not re.search(rf"{year}[-/]?{month}[-/]?{date}", html) else found


def _declared_language(data: bytes) -> str | None:
    found = re.search(rb"<html[^>]*?\slang\s*=\s*[\"']?([A-Za-z-]+)", data[:10_000], re.IGNORECASE)
    return found[1].decode("ascii") if found else None
