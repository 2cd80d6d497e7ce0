"""What a page states about itself for programs: JSON-LD, OpenGraph, Dublin Core and other `meta` elements.

Read once for each page, in one pass over its elements; see https://schema.org/Article and https://ogp.me/.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from archive.normalise import clean_line

Node = Mapping[str, Any]

_ARTICLE = re.compile(r"\w*article|\w*posting|report|review|newsitem|recipe|creativework|chapter|post", re.IGNORECASE)
_PAGE = re.compile(r"\w*page|videoobject|podcastepisode", re.IGNORECASE)
_WITHIN = ("@graph", "mainEntity", "mainEntityOfPage")
"""Where the article stands inside another object; not `itemListElement` and the like, which hold other articles."""

_PUBLISHED = re.compile(
    r"(?:\w+[:.-])*(?:date_?published|published_?(?:time|at|date)?|publication_?(?:date|time)|publish[-_]?(?:date|time)"
    r"|pub_?date|date_?issued|issued|date_?original|display_?date|original-?publication-?date|parsely-pub-date"
    r"|citation_(?:online_|publication_)?date|article_date_original|create_at|date\.created|date_?posted)",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"(?:dc\.|dc:|dcterms\.|dcterms:|sailthru\.|article[.:])?(?:date|created|ptime|pdate)", re.IGNORECASE
)
_TITLES = ("dc:title", "dc.title", "dcterm:title", "dcterms.title", "citation_title", "og:title", "title",
           "twitter:title", "parsely-title", "sailthru.title")  # fmt: skip
_AUTHORS = ("dc:creator", "dc.creator", "dcterms.creator", "citation_author", "author", "byl", "parsely-author",
            "sailthru.author", "article:author_name", "shareaholic:article_author_name", "article:author")  # fmt: skip
_SITES = ("og:site_name", "application-name", "dc.publisher", "dcterms.publisher", "citation_journal_title",
          "al:android:app_name", "copyright")  # fmt: skip
_SUMMARIES = ("og:description", "description", "dc.description", "dcterms.abstract", "twitter:description")
_SECTIONS = ("article:section", "section", "sailthru.section", "parsely-section")
_TAGS = ("article:tag", "news_keywords", "parsely-tags", "keywords", "citation_keywords", "dcterms.subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What is stated, as it is written and the most trustworthy first; `dated` may be another day than publication."""

    headlines: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    dated: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    site: str | None = None
    section: str | None = None
    summary: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    metas: Mapping[str, list[str]] = field(default_factory=dict, repr=False)


def statements(tree: Any) -> Statements:
    """What the page states; never fails, whatever is written there."""
    metas = _metas(tree)
    texts = [script.text for script in tree.iter("script") if "ld+json" in (script.get("type") or "").lower()]
    nodes = [node for text in (*filter(None, texts), *metas.get("parsely-page", ())) for node in _nodes(text)]
    named = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str)}
    articles = [node for node in nodes if _is_a(node, _ARTICLE)]
    pages = [node for node in nodes if _is_a(node, _PAGE)]
    about = articles[:1] or pages[:1]
    publishers = [node.get("publisher") for node in about] + [node.get("isPartOf") for node in about]
    return Statements(
        headlines=_distinct(text for node in articles[:1] for text in _texts(node.get("headline"), node.get("name"))),
        titles=_stated(metas, _TITLES),
        published=_distinct(
            [
                *(text for node in [*articles[:1], *pages] for text in _texts(node.get("datePublished"))),
                *(value for name, values in metas.items() if _PUBLISHED.fullmatch(name) for value in values),
                *(text for node in articles[:1] for text in _texts(node.get("pub_date"), node.get("dateCreated"))),
            ]
        ),
        dated=_distinct(value for name, values in metas.items() if _DATED.fullmatch(name) for value in values),
        authors=_distinct(name for node in about for name in _names([node.get("author") or node.get("creator")], named))
        or next((names for name in _AUTHORS if (names := _stated(metas, (name,)))), ()),
        site=next(iter([*_stated(metas, _SITES[:1]), *_names(publishers, named), *_stated(metas, _SITES[1:])]), None),
        section=next(
            iter([*_texts(*(node.get("articleSection") for node in about)), *_stated(metas, _SECTIONS)]), None
        ),
        summary=next(iter(_stated(metas, _SUMMARIES)), None),
        language=next(iter(_stated(metas, ("og:locale", "content-language", "dc.language", "language"))), None),
        tags=_tags(metas),
        metas=metas,
    )


def _metas(tree: Any) -> dict[str, list[str]]:
    """The values of each name; one element may have several names, parted by spaces."""
    found: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        content = element.get("content")
        if not content or content.isspace():
            continue
        names = [element.get(key) or "" for key in ("property", "name", "http-equiv")]
        for name in {each for text in names for each in text.lower().split()}:
            found.setdefault(name, []).append(content)
    return found


def _nodes(text: str) -> Iterator[Node]:
    """The objects of a text that is JSON-LD, those inside others too."""
    try:
        found = json.loads(text.strip().removeprefix("<!--").removesuffix("-->").rstrip(" ;\n"), strict=False)
    except (ValueError, RecursionError):
        yield from _broken(text)
        return
    waiting = [found]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting.extend(value[:200])
        elif isinstance(value, Mapping):
            yield value
            waiting.extend(value[name] for name in _WITHIN if isinstance(value.get(name), Mapping | list))


def _broken(text: str) -> Iterator[Node]:
    """What can be told of an article in JSON that is none."""
    pairs = re.findall(r'"(@type|headline|datePublished|articleSection)"\s*:\s*"((?:[^"\\]|\\.){1,500})"', text)
    node: dict[str, str] = {}
    for name, value in pairs:
        node.setdefault(name, re.sub(r"\\(.)", r"\1", value))
    if "headline" in node or "datePublished" in node:
        yield {**node, "@type": "Article"}


def _is_a(node: Node, kind: re.Pattern[str]) -> bool:
    types = node.get("@type", node.get("type"))
    return any(
        isinstance(each, str) and kind.fullmatch(each) for each in (types if isinstance(types, list) else [types])
    )


def _texts(*values: object) -> Iterator[str]:
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and (text := clean_line(unescape(each))):
                yield text


def _names(value: object, named: Mapping[str, Node], depth: int = 0) -> Iterator[str]:
    """The names of people or organisations, which may be told by a reference to another object."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and "://" not in each:
            yield from _texts(each)
        elif isinstance(each, list) and depth < 3:
            yield from _names(each, named, depth + 1)
        elif isinstance(each, Mapping):
            whole = each if "name" in each else named.get(str(each.get("@id")), {})
            yield from _texts(whole.get("name"))


def _stated(metas: Mapping[str, list[str]], names: Iterable[str]) -> tuple[str, ...]:
    return _distinct(text for name in names for text in _texts(metas.get(name)))


def _tags(metas: Mapping[str, list[str]]) -> tuple[str, ...]:
    stated = next((values for name in _TAGS if (values := _stated(metas, (name,)))), ())
    return tuple(tag.strip() for tags in stated for tag in re.split(r"[,;]", tags) if tag.strip())[:50]


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in map(clean_line, values) if value))
