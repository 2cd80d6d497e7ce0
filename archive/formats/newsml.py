"""News as agencies send it: NewsML-G2 and NITF, standards of the IPTC (https://iptc.org/standards/)."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from archive.encoding import peek_text
from archive.errors import UnreadableFileError
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.saved import to_item
from archive.formats.xmltext import elements, name_of, pieces, root_of, text_of
from archive.types import NewArticle, Original

if TYPE_CHECKING:
    from lxml.etree import _Element

SUFFIXES = (".xml", ".nitf", ".newsml")

MEDIA_TYPE = "application/xml"

_ROOTS = frozenset({"nitf", "newsMessage", "newsItem", "packageItem"})
_ITEMS = frozenset({"nitf", "newsItem", "packageItem", "conceptItem", "knowledgeItem", "planningItem"})
_BLOCKS = frozenset("p hl1 hl2 h1 h2 h3 h4 h5 h6 li dt dd td th pre bq blockquote block media table ul ol".split())
_CALENDAR = re.compile(r"(\d{8})T(\d{6})(Z|[+-]\d\d:?\d\d)?")


def looks_like(head: bytes) -> bool:
    """Whether its outermost element is one of NewsML-G2 or NITF."""
    return root_of(peek_text(head)) in _ROOTS


def read(file: InputFile) -> Iterator[NewArticle | Failed | Skipped]:
    """One article a news item or NITF document; an origin's part is its number."""
    from lxml import etree

    number = 0
    for number, item in enumerate(elements(file, _ITEMS), 1):
        record = _nitf(item) if name_of(item) == "nitf" else _news_item(item)
        original = Original(etree.tostring(item, encoding="utf-8", with_tail=False), MEDIA_TYPE)
        yield to_item(file, number, record, original, why=f"no text: {_kind(item)}")
    if not number:
        raise UnreadableFileError("it is XML of a kind that the archive does not read: no news item or NITF is in it")


def _kind(item: "_Element") -> str:
    if name_of(item) not in ("newsItem", "nitf"):
        return f"it is no news item but a {name_of(item).removesuffix('Item')}"
    media = [each.get("contenttype", "").partition("/")[0] for each in _all(item, "remoteContent")]
    return f"its content is kept elsewhere ({', '.join(sorted({*media} - {''}))})" if any(media) else "it is empty"


# --- NITF -----------------------------------------------------------------------------------------------------------


def _nitf(nitf: "_Element") -> dict[str, object]:
    paper = _first(nitf, "pubdata")
    days = [_get(_first(nitf, name), "norm") for name in ("date.issue", "date.release", "story.date")]
    day = next(filter(None, (*days, _get(paper, "date.publication"))), None)
    keywords = [each.get("key") or text_of(each) for each in _all(nitf, "keyword")]
    return {
        "title": _text(nitf, "hl1") or _text(nitf, "hedline") or _text(nitf, "headline") or _text(nitf, "title"),
        "body": _nitf_body(nitf),
        "url": _get(paper, "ex-ref"),
        "authors": "; ".join(_without_by(text_of(each)) for each in _bylines(nitf)),
        "source": _get(paper, "name") or _text(nitf, "distributor") or _get(_first(nitf, "doc.copyright"), "holder"),
        "section": _get(paper, "position.section") or _meta(nitf, "online_sections"),
        "published": _calendar(day),
        "language": nitf.get("{http://www.w3.org/XML/1998/namespace}lang"),
        "tags": keywords or [each.get("tobject.subject.type") for each in _all(nitf, "tobject.subject")],
        "summary": _text(nitf, "abstract"),
    }


def _nitf_body(nitf: "_Element") -> str:
    """The text; the first paragraphs in a block beside the full text, as the New York Times has them, are left out."""
    content = _first(nitf, "body.content")
    blocks = [each for each in _all(content, "block") if each.get("class") == "full_text"]
    return _paragraphs(blocks or ([content] if content is not None else []))


def _bylines(nitf: "_Element") -> list["_Element"]:
    lines = _all(_first(nitf, "body.head"), "byline")
    plain = [each for each in lines if each.get("class") != "normalized_byline"]
    people = [person for line in plain for person in _all(line, "person")]
    return people or plain


def _meta(nitf: "_Element", name: str) -> str | None:
    return next((each.get("content") for each in _all(nitf, "meta") if each.get("name") == name), None)


# --- NewsML-G2 ------------------------------------------------------------------------------------------------------


def _news_item(item: "_Element") -> dict[str, object]:
    inner = _first(item, "nitf")
    found = _nitf(inner) if inner is not None else {}
    meta = _first(item, "contentMeta")
    about = _first(item, "itemMeta")
    guid = item.get("guid", "")  # which some agencies make an address
    published = _text(meta, "contentCreated") or _text(about, "firstCreated") or _text(about, "versionCreated")
    names = [_text(each, "name") or text_of(each) for each in _all(meta, "subject")]
    own = {
        "title": _text(meta, "headline") or _text(about, "title") or _text(item, "h1"),
        "body": found.get("body") or _content(item),
        "url": guid if guid.startswith("http") else None,
        "authors": _creators(meta),
        "source": _named(_first(about, "provider")) or _text(meta, "creditline"),
        "published": published,
        "language": _get(_first(meta, "language"), "tag") or item.get("{http://www.w3.org/XML/1998/namespace}lang"),
        "tags": [*(text_of(each) for each in _all(meta, "keyword")), *names],
        "summary": next((text_of(each) for each in _all(meta, "description")), None),
    }
    return {**found, **{name: value for name, value in own.items() if value}}


def _content(item: "_Element") -> str:
    parts = []
    for each in _all(_first(item, "contentSet"), "inlineXML", "inlineData"):
        if name_of(each) == "inlineXML":
            parts.append(_paragraphs(_all(each, "body") or [each]))
        elif each.get("contenttype", "text/plain").startswith("text/plain"):
            parts.append(each.text or "")
    return max(parts, key=len, default="")  # the same text in several forms


def _creators(meta: "_Element | None") -> str:
    lines = [_without_by(text_of(each)) for each in _all(meta, "by")]
    return "; ".join(lines or filter(None, map(_named, _all(meta, "creator"))))


def _named(element: "_Element | None") -> str:
    """The name that an element gives; its literal or code where that is a word."""
    return _text(element, "name") or _get(element, "literal") or ""


# --- both -----------------------------------------------------------------------------------------------------------


def _all(element: "_Element | None", *names: str) -> list["_Element"]:
    return [] if element is None else [each for each in element.iter() if name_of(each) in names]


def _first(element: "_Element | None", name: str) -> "_Element | None":
    return next((each for each in element.iter() if name_of(each) == name), None) if element is not None else None


def _text(element: "_Element | None", name: str) -> str:
    return text_of(_first(element, name))


def _get(element: "_Element | None", name: str) -> str | None:
    return element.get(name) if element is not None else None


def _paragraphs(parts: Sequence["_Element"]) -> str:
    """The text of these elements, one paragraph for each block in them."""
    blocks: list[str] = []
    words: list[str] = []
    for part in parts:
        for name, text in pieces(part):
            if name in _BLOCKS:
                blocks.append("".join(words))
                words.clear()
            words.append(text)
        blocks.append("".join(words))
        words.clear()
    return "\n\n".join(filter(None, (" ".join(block.split()) for block in blocks)))


def _calendar(day: str | None) -> str | None:
    """ISO 8601 as NITF writes it, `20230502T101500+0300`; midnight is how a day without a time is written."""
    found = _CALENDAR.fullmatch((day or "").strip())
    if not found:
        return day
    if found[2] == "000000":
        return found[1]
    date, clock = found[1], found[2]
    return f"{date[:4]}-{date[4:6]}-{date[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}{found[3] or ''}"


def _without_by(name: str) -> str:
    return re.sub(r"^(?:by|von|par|por|di)\s+", "", name, flags=re.IGNORECASE)
