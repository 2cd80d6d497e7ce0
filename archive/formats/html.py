"""Web pages: trafilatura finds the text, the page itself says what it is."""

import re
import warnings
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

from archive.dating import date_of_line, is_name
from archive.encoding import decode
from archive.errors import NoTextError, UnreadableFileError
from archive.formats import exported
from archive.formats.file import Failed, InputFile
from archive.formats.headline import headline
from archive.formats.pagedate import published
from archive.formats.statements import Statements, statements
from archive.normalise import clean_line, clean_url, split_names
from archive.types import NewArticle, Original, PublicationDate

SUFFIXES = (".html", ".htm", ".xhtml")

_BEGINNING = re.compile(
    rb"\s*+(?:<\?xml[^>]*\?>\s*+)?(?><!--.*?-->\s*+)*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)

_FURNITURE = re.compile(
    r"(?:©|\(c\)|copyright\b|all rights reserved|(?:[^|]{1,40} \| ){3}|- (?:tweet|share|link|digg) this)", re.IGNORECASE
)
"""What a page ends with below the text: who owns it, and a row of links."""

_ABOVE = 4
"""Lines above the text that may repeat what else is known of the article."""

_MOST_SIBLINGS = 10_000
_MOST_ELEMENTS = 300_000
"""Elements in one and in all: the time that trafilatura takes grows with the square of the first.

With more than either, all of a page's text is taken.
"""

_LEAST = 300
"""Characters of paragraphs that must be left of a page without what is hidden in it."""


def looks_like(head: bytes) -> bool:
    """Whether it begins like a page."""
    return bool(_BEGINNING.match(head.removeprefix(b"\xef\xbb\xbf")))


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article: the main text of the page, its paragraphs kept, with what the page says about itself.

    Of a page that a press database has exported, one for each article in it.
    """
    data = file.whole()
    if not data.strip():
        raise NoTextError("the file is empty")
    html = decode(data, markup=True, stated=file.charset)
    if articles := exported.in_page(file, html):
        yield from articles
        return
    tree = _parsed(html)
    stated = statements(tree)
    url = _address(tree, stated) or file.url
    shown = next((clean_line(title.text_content()) for title in tree.iter("title")), "")
    title = _title(tree, stated, shown, url)
    day, dated_by = published(stated, tree, shown, title, url)
    authors = _authors(tree, stated)
    _show(tree)
    paragraphs = _without_furniture(_text(tree, file.url).split("\n"), {title, *authors}, day)
    if not paragraphs:
        raise NoTextError("no article text was found in the page")
    yield NewArticle(
        title=title,
        body="\n\n".join(paragraphs),
        origin=file.origin(),
        url=url,
        authors=authors,
        source=stated.site or _host(url),
        section=stated.section,
        published=day,
        dated_by=dated_by,
        language=tree.get("lang") or stated.language,
        tags=stated.tags,
        summary=stated.summary,
        original=Original(data, "text/html"),
    )


def _parsed(html: str) -> Any:
    from trafilatura import load_html  # takes half a second to import

    if "<html" not in html.lower():
        html = f"<html>{html}</html>"  # a part of a page is none to trafilatura where all of it is in one element
    try:
        tree = load_html(html)
    except Exception as error:  # trafilatura promises nothing about what broken pages raise
        raise UnreadableFileError(f"the page cannot be parsed: {type(error).__name__}: {error}") from error
    if tree is None:
        raise NoTextError("no article text was found in the page")
    return tree


def _text(tree: Any, url: str | None) -> str:
    """The main text of the page, a line a paragraph."""
    import trafilatura

    siblings = list(map(len, tree.iter()))
    if max(siblings) > _MOST_SIBLINGS or len(siblings) > _MOST_ELEMENTS:
        return _whole_text(tree)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what is odd in a page, which is nothing to tell whoever imports it
            page: Any = trafilatura.bare_extraction(tree, url=url, favor_recall=True, include_comments=False)
    except Exception as error:
        raise UnreadableFileError(f"the page cannot be parsed: {type(error).__name__}: {error}") from error
    return page.text or "" if page is not None else ""


def _whole_text(tree: Any) -> str:
    """All text of the page, a line a paragraph."""
    from lxml import etree

    from archive.formats.markup import paragraphs

    etree.strip_tags(tree, etree.Comment, etree.ProcessingInstruction)
    return "\n".join(" ".join(paragraph.split("\n")) for paragraph in paragraphs(tree))


def _without_furniture(lines: list[str], known: set[str], day: PublicationDate | None) -> list[str]:
    """The paragraphs without the headline, the byline and the date above them, and without what a page ends with."""
    paragraphs = [line.strip() for line in lines if line.strip()]
    while len(paragraphs) > 1 and _FURNITURE.match(paragraphs[-1]):
        del paragraphs[-1]
    above = [paragraph for paragraph in paragraphs[:_ABOVE] if not _is_known(paragraph, known, day)]
    return above + paragraphs[_ABOVE:] or paragraphs


def _is_known(paragraph: str, known: set[str], day: PublicationDate | None) -> bool:
    line = clean_line(paragraph)
    if line in known or (line[:3].lower() == "by " and line[3:] in known):
        return True
    dated = date_of_line(line) if day else None
    return dated is not None and day is not None and dated.first_day == day.first_day


def _title(tree: Any, stated: Statements, shown: str, url: str | None) -> str:
    headings = [text for heading in tree.iter("h1") if (text := _heading(heading))]
    sites = (stated.site or "", *_host(url).split(".")[:-1], _host(url))
    found = headline((*stated.headlines, *stated.titles), shown, headings, sites)
    return found or next((text for heading in tree.iter("h2") if (text := _heading(heading))), "")


def _heading(element: Any) -> str:
    """What a heading says, without the sign of the link to itself."""
    return clean_line(element.text_content()).rstrip("¶§# ")


def _address(tree: Any, stated: Statements) -> str | None:
    links = (link.get("href") for link in tree.iter("link") if "canonical" in (link.get("rel") or "").lower().split())
    return next(filter(None, map(clean_url, (*links, *stated.metas.get("og:url", ())))), None)


def _host(url: str | None) -> str:
    return re.sub(r"^https?://(?:www\.)?([^/:]+).*", r"\1", clean_url(url) or "", flags=re.DOTALL)


def _authors(tree: Any, stated: Statements) -> tuple[str, ...]:
    """Who is stated, else who is named in what is marked as the author or the byline."""
    texts = [text for text in stated.authors if "://" not in text and "@" not in text]
    if names := [name for text in texts for name in _people(text)]:
        return tuple(names)
    for element in islice(_bylines()(tree), 10):
        if any("comment" in parent.get("class", "") for parent in element.iterancestors()):
            continue
        names = _people(clean_line(element.text_content())[:200])
        if names and all(map(is_name, names)):
            return tuple(names)
    return ()


def _people(text: str) -> list[str]:
    """The people of a byline; a comma parts them where each part looks like a name."""
    people: list[str] = []
    for each in split_names(text):
        parts = re.split(r"\s*,\s*", each)
        people += parts if all(map(is_name, parts)) else [each]
    return people


@cache
def _bylines() -> Any:
    from lxml.etree import XPath

    return XPath(
        '(.//body)[1]//*[@rel="author" or contains(@itemprop, "author") or contains(@class, "byline")'
        ' or contains(@class, "author")][not(self::meta)]'
    )


def _show(tree: Any) -> None:
    """Take out what no reader sees, unless that is nearly all there is: some pages show their text with a script."""
    marked = [
        each for each in _styled()(tree) if each.get("hidden") is not None or _HIDDEN.search(each.get("style") or "")
    ]
    hidden = set(marked)
    outermost = [each for each in marked if not any(parent in hidden for parent in each.iterancestors())]
    if not outermost:
        return
    unseen = sum(map(_characters, outermost))
    seen = _characters(tree) - unseen
    if seen >= _LEAST and 4 * seen >= unseen:
        for each in outermost:
            each.drop_tree()


def _characters(element: Any) -> int:
    """Characters in the paragraphs of an element."""
    return sum(len(text) for paragraph in element.iter("p") for text in paragraph.itertext())


@cache
def _styled() -> Any:
    from lxml.etree import XPath

    return XPath("(.//body)[1]//*[@hidden or contains(@style, 'none') or contains(@style, 'hidden')]")
