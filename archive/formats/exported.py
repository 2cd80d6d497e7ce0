"""What press databases export as pages and documents: many articles in one file, each read as the article that it is.

Nexis, Factiva, ProQuest and Europresse write HTML, in which each article begins with a mark of its own; Nexis, Factiva
and ProQuest write DOCX, RTF and PDF, whose paragraphs are laid out as in their text files.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from archive.formats import europresse, factiva, fragment, nexis, proquest
from archive.formats.file import Failed, InputFile
from archive.formats.press import read_documents
from archive.types import NewArticle

_LAYOUTS = {"nexis": nexis, "factiva": factiva, "proquest": proquest}
_HEADLINE = re.compile(r"<(span|b) class=[\"']\w\wHeadline\b[^<>]*>(.{0,2000}?)</\1>", re.DOTALL)
_COUNTED = re.compile(r"(<span class=[\"']\w\wHeadline counted\b[^<>]*>)\s*\d+\)")
_PUBLISHER = re.compile(r"<p>[^<>]*</p>(?=\s*<p>\s*[^\s<>]{1,30} \w{20,40}\s*</p>)")
_CELL = re.compile(r"^([A-Z]{2,3}) \| ", re.MULTILINE)


def _shown(html: str) -> str:
    return fragment.paragraphs(html).replace("\xa0", " ")


def _factiva(html: str) -> dict[str, object]:
    html = _PUBLISHER.sub("", _COUNTED.sub(r"\1", html))
    headline = _HEADLINE.search(html)
    return factiva.fields(_shown(html), " ".join(_shown(headline[2]).split()) if headline else "")


_PAGES: dict[re.Pattern[str], Callable[[str], Mapping[str, object]]] = {
    re.compile(r"(?=<!--[^<>-]{0,60}<DOC NUMBER\b)", re.IGNORECASE): lambda html: nexis.fields(_shown(html)),
    re.compile(r"(?=<div class=[\"']article \w\wArticle\b)"): _factiva,
    re.compile(r"(?=<a name=[\"']DocID_)"): lambda html: proquest.fields(_shown(html)),
    europresse.ELEMENT: europresse.fields,
    europresse.SOURCE: europresse.fields,
}
"""How an article begins in the pages of each, and what reads it."""


def is_page(html: str) -> bool:
    """Whether a press database has exported a page."""
    return any(beginning.search(html) for beginning in _PAGES)


def in_page(file: InputFile, html: str) -> Iterator[NewArticle | Failed] | None:
    """The articles of a page that a press database has exported, or None for any other page."""
    for beginning, read in _PAGES.items():
        if documents := beginning.split(html)[1:]:
            return read_documents(file, documents, read, "text/html")
    return None


def ends_article(line: str) -> bool:
    """Whether a line of a document ends an article in it; the next begins on a new page."""
    return bool(nexis.END.match(line) or factiva.END.match(line))


def in_document(file: InputFile, paragraphs: Sequence[str]) -> Iterator[NewArticle | Failed] | None:
    """The articles of a document that a press database has exported, or None for any other document.

    What is kept of each is its text, which the reader of the database's text files reads again.
    """
    text = _CELL.sub(r"\1\t", "\n\n".join(paragraphs).replace("\xa0", " "))
    for name, layout in _LAYOUTS.items():
        if layout.is_whole_export(text):
            return read_documents(file.read_as(name), layout.split(text), layout.fields, "text/plain")
    return None
