"""What an address that should be a feed's gives: a feed with its title, or a page that links to feeds."""

import re
from dataclasses import dataclass
from urllib.parse import urljoin

from archive.encoding import decode
from archive.errors import FetchError, FormatError
from archive.formats import feed, html, jsonfeed
from archive.formats.fragment import feed as parse
from archive.normalise import clean_line
from archive.streams import HEAD

_FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/json")
_HEAD_OF_PAGE = 500_000
"""Characters of a page in which its links to feeds are looked for."""

MAX_LINKS = 20


@dataclass(frozen=True, slots=True)
class Discovered:
    """A feed of this format with its title and number of entries; or no feed (format None), and where `links` lead."""

    format: str | None
    title: str = ""
    entries: int = 0
    links: tuple[str, ...] = ()


def discover(data: bytes, url: str, charset: str | None) -> Discovered:
    """What the bytes that an address gave are; raises FetchError for a feed that cannot be read."""
    for name, reader in (("feed", feed), ("jsonfeed", jsonfeed)):
        if reader.looks_like(data[:HEAD]):
            try:
                title, entries = reader.describe(data, charset)
            except FormatError as error:
                raise FetchError(str(error)) from error
            return Discovered(name, title or url, entries)
    page = decode(data, markup=True, stated=charset)
    if not html.looks_like(data[:HEAD]) and "<link" not in page[:_HEAD_OF_PAGE].lower():
        return Discovered(None)
    return Discovered(None, links=_links(page[:_HEAD_OF_PAGE], url))


def _links(page: str, url: str) -> tuple[str, ...]:
    """The feeds that a page links to (https://html.spec.whatwg.org/multipage/links.html#rel-alternate)."""
    collected = _Links()
    for _ in parse(collected, page):
        pass
    found = (urljoin(urljoin(url, collected.base), href) for href in collected.found)
    return tuple(dict.fromkeys(each for each in found if re.match("https?://", each)))[:MAX_LINKS]


class _Links:
    """Collects the links to feeds that a parser meets."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.base = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A link begins, or anything else."""
        if tag == "base":
            self.base = self.base or attributes.get("href", "")
        told = tag == "link" and "alternate" in attributes.get("rel", "").lower().split()
        if told and clean_line(attributes.get("type", "")).lower() in _FEEDS and attributes.get("href"):
            self.found.append(clean_line(attributes["href"]))

    def end(self, tag: str) -> None:
        """Nothing is nested in a link."""

    def data(self, text: str) -> None:
        """No text matters."""

    def close(self) -> None:
        """There is no more."""
