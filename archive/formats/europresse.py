"""Pages that Europresse and Eureka export: articles whose source, date, headline and text have classes of their own."""

import re
from typing import Any

from archive.formats.fragment import paragraphs as shown
from archive.formats.markup import paragraphs, parse
from archive.formats.press import joined

ELEMENT = re.compile(r"(?=<article\b(?:(?!<article\b).){0,2000}\bDocPublicationName\b)", re.DOTALL)
"""How an article begins: as an element of its own."""

SOURCE = re.compile(r"(?=<span class=\"DocPublicationName\")")
"""How it begins in pages from before 2014: with the name of its source."""

_DATE = re.compile(r"(?:\b[^\W\d]+,? )?(\d{1,2}(?:er)? [^\W\d]+ \d{4}|[^\W\d]+ \d{1,2}, \d{4}|\d{4}-\d\d-\d\d)")
_MOST_HEADER = 500
"""Characters of the line with the section and the date."""

_END = re.compile(
    r"^(?:©[ \t]*\d{4}|\(c\) \d{4}|Numéro de document|Document number|Note\(s\)\s*:)", re.MULTILINE | re.IGNORECASE
)


def fields(html: str) -> dict[str, object]:
    """The fields of one article."""
    root = parse(html.encode("utf-8", "replace"), "the page")
    title = _text(root, "titreArticleVisu")
    header = _text(root, "DocHeader")[:_MOST_HEADER]
    dated = _DATE.search(header)
    body, authors = _body(root, html, title)
    return {
        "title": title,
        "body": body,
        "authors": _text(root, "docAuthors") or authors,
        "source": re.sub(r", no\. .*$", "", _text(root, "DocPublicationName")),
        "section": header[: dated.start()].strip(" ,") if dated else "",
        "published": dated[1].replace("er ", " ") if dated else "",
    }


def _body(root: Any, html: str, title: str) -> tuple[str, str]:
    """The text and its authors: by their classes, or by where they stand in pages that have none for them."""
    container = next(_all(root, "docOcurrContainer"), None)
    text = _END.split(shown(html), maxsplit=1)[0]
    heading = re.search(r"\s+".join(map(re.escape, title.split())), text) if title else None
    if not heading:
        return "", ""
    after = [block.strip() for block in re.split(r"\n\s*\n", text[heading.end() :]) if block.strip()]
    if container is None:
        is_name = len(after) > 1 and len(after[0].split()) <= 6 and not re.search(r"[.!?:;…]$", after[0])
        return "\n\n".join(after[is_name:]), after[0] if is_name else ""
    found = paragraphs(container)
    above = after[: after.index(found[0])] if found and found[0] in after else []
    return "\n\n".join(found), joined(above[:1])


def _text(root: Any, name: str) -> str:
    return joined([" ".join(paragraphs(each)) for each in _all(root, name)])


def _all(root: Any, name: str) -> Any:
    """The elements that have a class, whatever its case."""
    return (each for each in root.iter() if name.lower() in (each.get("class") or "").lower().split())
