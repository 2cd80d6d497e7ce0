"""A search as an Atom feed (RFC 4287), and the archive as a search engine of a browser (OpenSearch 1.1)."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_OID, uuid5
from xml.etree import ElementTree as ET

from flask import Blueprint, Response, request, url_for

from archive.types import Article, Hit, Precision, SearchPage, SearchRequest, Sort
from web.exports import said
from web.pages import the_archive
from web.params import to_request
from web.present import search_query

blueprint = Blueprint("feeds", __name__)

ATOM = "http://www.w3.org/2005/Atom"
OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"

_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may have."""


@blueprint.get("/search.atom")
def search() -> Response:
    """A page of what a search finds, the newest first unless another order is asked for."""
    archive = the_archive()
    wanted, messages = to_request(request.args, archive.settings.page_size)
    if "sort" not in request.args:
        wanted = replace(wanted, sort=Sort.NEWEST)
    found = archive.search(replace(wanted, facets=False, explain=False))
    found = replace(found, messages=(*messages, *found.messages))
    articles = {each.id: each for each in archive.articles([hit.headline.id for hit in found.hits])}
    shown = [(hit, articles[hit.headline.id]) for hit in found.hits if hit.headline.id in articles]
    answer = _xml(_feed(found, shown, archive.database_id), "application/atom+xml")
    answer.headers.extend(said(found))
    return answer


def _feed(page: SearchPage, shown: list[tuple[Hit, Article]], database: str) -> ET.Element:
    wanted = page.request
    feed = ET.Element("feed", xmlns=ATOM)
    _add(feed, "id", _identity(database, f"search?{search_query(wanted)}"))
    _add(feed, "title", f"{wanted.query or 'All articles'} · Archive")
    if page.messages:
        _add(feed, "subtitle", " ".join(f"{message.text}." for message in page.messages))
    _add(feed, "updated", _moment(max((article.changed for _, article in shown), default=_BEGINNING)))
    _add(_add(feed, "author"), "name", "Archive")
    _link(feed, "self", _address("feeds.search", wanted, wanted.page), "application/atom+xml")
    _link(feed, "alternate", _address("pages.search", wanted, wanted.page), "text/html")
    if wanted.page > 1:
        _link(feed, "previous", _address("feeds.search", wanted, wanted.page - 1), "application/atom+xml")
    if wanted.page < page.pages:
        _link(feed, "next", _address("feeds.search", wanted, wanted.page + 1), "application/atom+xml")
    for hit, article in shown:
        _entry(feed, hit, article, wanted.query, database)
    return feed


_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated: it must say."""


def _entry(feed: ET.Element, hit: Hit, article: Article, query: str, database: str) -> None:
    entry = _add(feed, "entry")
    _add(entry, "id", _identity(database, f"articles/{article.id}"))
    _add(entry, "title", article.title)
    _add(entry, "updated", _moment(article.changed))
    if published := _published(article):
        _add(entry, "published", published)
    for author in article.authors or ((article.source,) if article.source else ()):
        _add(_add(entry, "author"), "name", author)
    address = url_for("pages.article", number=article.id, q=query or None, _external=True)
    _link(entry, "alternate", address, "text/html")
    if article.url:
        _link(entry, "via", article.url, "text/html")
    for tag in article.tags:
        _add(entry, "category").set("term", _clean(tag))
    _add(entry, "summary", " ".join(snippet.text for snippet in hit.snippets) or article.title).set("type", "text")


def _published(article: Article) -> str | None:
    """The instant of publication, at midnight where the day alone is known; None where not even that is."""
    published = article.published
    if published is None or published.precision in (Precision.YEAR, Precision.MONTH):
        return None
    moment = datetime.fromisoformat(published.text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat(timespec="seconds")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _identity(database: str, name: str) -> str:
    """A name that stays the same wherever the archive is served."""
    return uuid5(NAMESPACE_OID, f"{database}/{name}").urn


def _address(endpoint: str, wanted: SearchRequest, page: int) -> str:
    """The address of a page of the search, with its sort, which a feed and a page take for granted differently."""
    query = search_query(wanted, page=page if page > 1 else None, sort=wanted.sort.value)
    return f"{url_for(endpoint, _external=True)}?{query}"


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """What a browser reads to search the archive from its address bar."""
    root = ET.Element("OpenSearchDescription", xmlns=OPENSEARCH)
    _add(root, "ShortName", "Archive")
    _add(root, "Description", "Search the article archive")
    _add(root, "InputEncoding", "UTF-8")
    for endpoint, kind in (("pages.search", "text/html"), ("feeds.search", "application/atom+xml")):
        template = f"{url_for(endpoint, _external=True)}?q={{searchTerms}}"
        ET.SubElement(root, "Url", type=kind, template=template)
    return _xml(root, "application/opensearchdescription+xml")


def _add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = _clean(text) if text is not None else None
    return element


def _link(parent: ET.Element, relation: str, address: str, kind: str) -> None:
    ET.SubElement(parent, "link", rel=relation, href=_clean(address), type=kind)


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _xml(root: ET.Element, kind: str) -> Response:
    text = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(text, content_type=f"{kind}; charset=utf-8")
