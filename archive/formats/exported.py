"""What press databases export as pages and documents: many articles in one file, each read as the article that it is.

Nexis, Factiva, ProQuest and Europresse write HTML, in which each article begins with a mark of its own; Nexis, Factiva
and ProQuest write DOCX, RTF and PDF, whose paragraphs are laid out as in their text files.
"""

import re
from collections.abc import Iterator, Sequence

from archive.errors import FormatError
from archive.formats import europresse, factiva, fragment, nexis, proquest
from archive.formats.file import Failed, InputFile
from archive.formats.press import Read, joined, read_documents
from archive.types import NewArticle

_LAYOUTS = {"nexis": nexis, "factiva": factiva, "proquest": proquest}
_HEADLINE = re.compile(r"<(span|b) class=[\"']\w{2,5}Headline\b[^<>]*>(.{0,2000}?)</\1>", re.DOTALL)
_COUNTED = re.compile(r"(<span class=[\"']\w{2,5}Headline counted\b[^<>]*>)\s*\d+\)")
_PUBLISHER = re.compile(r"<p>[^<>]*</p>(?=\s*<p>\s*[^\s<>]{1,30} \w{20,40}\s*</p>)")
_PROSE = 150
_BEGINNING = 60
"""Characters of a block that holds sentences, and of a text, to find where it begins."""

_SENTENCE_END = tuple('.!?…”"’)')
_LABELLED = re.compile(r"[^\W\d_][^\n:]{1,40}:|©|\(c\)|Copyright|[A-Z]{2,3}\t")
_CELL = re.compile(r"^([A-Z]{2,3}) \| ", re.MULTILINE)


def _shown(html: str) -> str:
    return fragment.paragraphs(html).replace("\xa0", " ")


def _factiva(html: str) -> dict[str, object]:
    html = _PUBLISHER.sub("", _COUNTED.sub(r"\1", html))
    headline = _HEADLINE.search(html)
    return factiva.fields(_shown(html), " ".join(_shown(headline[2]).split()) if headline else "")


_PAGES: dict[re.Pattern[str], Read] = {
    re.compile(r"(?=<!--[^<>-]{0,60}<DOC NUMBER\b)", re.IGNORECASE): lambda html: nexis.fields(_shown(html)),
    re.compile(r"(?=<div(?: id=[\"']\w{1,30}[\"'])? class=[\"']article \w{2,5}Article\b)"): _factiva,
    re.compile(r"(?=<a name=[\"']DocID_)"): lambda html: proquest.fields(_shown(html)),
    europresse.ELEMENT: europresse.fields,
    europresse.SOURCE: europresse.fields,
}
"""How an article begins in the pages of each, and what reads it."""


def in_page(file: InputFile, html: str) -> Iterator[NewArticle | Failed] | None:
    """The articles of a page that a press database has exported, or None for any other page."""
    found = _parted(html)
    return read_documents(file, *found, "text/html") if found else None


def is_page(html: str) -> bool:
    """Whether a press database has exported a page."""
    return _parted(html) is not None


def _parted(html: str) -> tuple[list[str], Read] | None:
    """The documents of such a page, one of which has a text at least, and what reads them."""
    for beginning, read in _PAGES.items():
        documents = beginning.split(html)[1:]
        if any(_said(document, read)[0] for document in documents):
            return documents, read
    return None


def _said(document: str, read: Read) -> tuple[str, str]:
    """The text of a document and its summary; empty where it cannot be read."""
    try:
        fields = read(document)
    except FormatError:
        return "", ""
    return str(fields.get("body") or "").strip(), str(fields.get("summary") or "")


def words_before(html: str) -> str:
    """What stands in such a page before its first article, such as the words of who sends it."""
    begin = min((found.start() for beginning in _PAGES if (found := beginning.search(html))), default=0)
    return _shown(html[:begin])


def ends_article(line: str) -> bool:
    """Whether a line of a document ends an article in it; the next begins on a new page."""
    return bool(nexis.END.match(line) or factiva.END.match(line))


def in_document(file: InputFile, paragraphs: Sequence[str]) -> Iterator[NewArticle | Failed] | None:
    """The articles of a document that a press database has exported, or None for any other document.

    One in which anybody has written something besides is another. What is kept of each article is its text, which the
    reader of the database's text files reads again.
    """
    text = _CELL.sub(r"\1\t", "\n\n".join(paragraphs).replace("\xa0", " ").replace("\f", " "))
    for name, layout in _LAYOUTS.items():
        if layout.is_whole_export(text) and not _says_more(text, documents := layout.split(text), layout.fields):
            return read_documents(file.read_as(name), documents, layout.fields, "text/plain")
    return None


def _says_more(text: str, documents: Sequence[str], read: Read) -> bool:
    """Whether most documents have no text, or sentences stand between them, above the text of one or below the last."""
    ours: set[str] = set()
    with_text = 0
    said = ""
    for document in documents:
        body, summary = _said(document, read)
        with_text += bool(body)
        above, _, _ = document.partition(body[:_BEGINNING] or "\0")
        said = joined([body, summary])
        ours |= {block for block in above.split("\n\n") if joined([block]) in said}
        ours |= set(document[len(above) :].split("\n\n"))
    last = documents[-1].split("\n\n")
    labelled = max((at for at, block in enumerate(last) if _LABELLED.match(block.strip())), default=-1)
    ours -= {block for block in last[labelled + 1 :] if joined([block]) not in said}
    return 2 * with_text <= len(documents) or any(_is_prose(block) for block in text.split("\n\n") if block not in ours)


def _is_prose(block: str) -> bool:
    block = block.strip()
    return len(block) >= _PROSE and block.endswith(_SENTENCE_END) and not _LABELLED.match(block)
