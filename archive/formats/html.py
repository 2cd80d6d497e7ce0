"""Web pages: trafilatura finds the article and what the page says about it."""

import re
from collections.abc import Iterator
from typing import Any

from archive.dates import read_date
from archive.encoding import decode
from archive.errors import NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile
from archive.normalise import clean_line, split_names
from archive.types import NewArticle, Original

SUFFIXES = (".html", ".htm", ".xhtml")

_BEGINNING = re.compile(
    rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)


def looks_like(head: bytes) -> bool:
    """Whether it begins like a page."""
    return bool(_BEGINNING.match(head.removeprefix(b"\xef\xbb\xbf")))


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article: the main text of the page, its paragraphs kept, with the metadata that the page gives."""
    data = file.whole()
    if not data.strip():
        raise NoTextError("the file is empty")
    page = _extract(decode(data, markup=True))
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
        published=read_date(page.date or ""),
        language=page.language or _declared_language(data),
        tags=tuple(tag for tags in page.tags or () for tag in tags.split(",")),
        summary=page.description,
        original=Original(data, "text/html"),
    )


def _extract(html: str) -> Any:  # trafilatura's Document
    import trafilatura  # takes half a second to import

    try:
        page = trafilatura.bare_extraction(
            html,
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


def _declared_language(data: bytes) -> str | None:
    found = re.search(rb"<html[^>]*?\slang\s*=\s*[\"']?([A-Za-z-]+)", data[:10_000], re.IGNORECASE)
    return found[1].decode("ascii") if found else None
