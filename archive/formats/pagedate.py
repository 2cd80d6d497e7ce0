"""When a page was published: what it states for programs, what stands beside its headline, its address.

Never a date of a change or of copyright. The day is the one that the page writes, in whatever time zone.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any

from archive.dates import read_date
from archive.dating import date_in_address, date_of_line
from archive.formats.statements import Statements
from archive.types import DatedBy, Precision, PublicationDate

_AFTER = 120
"""Elements after the headline among which its date stands."""

_BEFORE = 40

_FIRST_YEAR = 1971
"""Where a program does not know the date it writes 1970."""

_TELLING = 15
"""Characters of a heading that can be told as a part of the headline, and the other way round."""

_LONGEST = 80
"""Characters of a date as it is written for programs."""

_OF_CHANGE = re.compile(r"updat|modif|edited|revis|copyright|comment|related|sidebar|footer|recommend", re.IGNORECASE)
_FINE = re.compile(r"(\d{2}:\d{2}:\d{2})[.,]\d+|\s(?=[+-]\d\d:?\d\d$)(\b)?")
_DAY_AND_TIME = re.compile(r"^(\d{8}|[\d/]{8,10})[ T]\d\d:?\d\d.*")
_ELSEWHERE = frozenset({"aside", "footer", "nav", "script", "style", "noscript", "form", "select"})


def published(
    stated: Statements, tree: Any, shown: str, title: str, url: str | None
) -> tuple[PublicationDate | None, DatedBy | None]:
    """The date and where it was found; None where there is none, or one that could be two days."""
    addressed = date_in_address(url)
    for found, by in (
        (_first([*stated.published, *stated.dated], addressed), DatedBy.METADATA),
        (_marked(tree), DatedBy.METADATA),
        (_in_title(shown), DatedBy.PAGE),
        (_visible(tree, title), DatedBy.PAGE),
    ):
        if not found:
            continue
        if _told_better(addressed, found):
            return addressed, DatedBy.ADDRESS
        return _shown(tree, found) or (found, by)
    return addressed, DatedBy.ADDRESS if addressed else None


def _told_better(addressed: PublicationDate | None, found: PublicationDate) -> bool:
    """Whether the address gives the day of a month, or the day where the page is from of an instant told in UTC."""
    if addressed is None or addressed.precision is not Precision.DAY:
        return False
    if found.precision in (Precision.YEAR, Precision.MONTH):
        return _within(addressed, found)
    return _is_utc(found) and _next_day(addressed, found)


def _shown(tree: Any, found: PublicationDate) -> tuple[PublicationDate, DatedBy] | None:
    """The day that readers are shown for an instant that is told in UTC, where that was another day."""
    for element in islice(tree.iter("time"), 20) if _is_utc(found) else ():
        seen = date_of_line(" ".join("".join(element.itertext()).split()))
        if seen and _next_day(seen, found) and read_written(element.get("datetime") or "") == found:
            return seen, DatedBy.PAGE
    return None


def _is_utc(found: PublicationDate) -> bool:
    return found.precision is Precision.INSTANT and found.text.endswith("+00:00")


def _next_day(one: PublicationDate, other: PublicationDate) -> bool:
    return abs(one.first_day - other.first_day).days == 1


def _first(texts: Iterable[str], addressed: PublicationDate | None) -> PublicationDate | None:
    """The first that is a date, unless only another one is of the day or month that the address gives.

    Of several that say the same day it is the one with the time.
    """
    found = [day for day in map(read_written, texts) if day]
    if not found:
        return None
    best = next((day for day in found if addressed and _within(day, addressed)), found[0])
    return max((day for day in found if _within(day, best)), key=lambda day: len(day.text))


def _within(day: PublicationDate, whole: PublicationDate) -> bool:
    return whole.first_day <= day.first_day <= whole.last_day


def read_written(text: str) -> PublicationDate | None:
    """A date as a page writes it for programs, with all that such dates are written with."""
    text = text.strip()[:_LONGEST]
    found = (
        read_date(text)
        or read_date(_FINE.sub(r"\1\2", text))
        or date_of_line(text)
        or read_date(_DAY_AND_TIME.sub(r"\1", text))
    )
    return found if found and found.first_day.year >= _FIRST_YEAR else None


@cache
def _with_marks() -> Any:
    from lxml.etree import XPath

    return XPath(
        './/*[@itemprop="datePublished" or @pubdate or contains(@class, "published") or contains(@class, "pubdate")'
        ' or contains(@id, "date-published")]'
    )


def _marked(tree: Any) -> PublicationDate | None:
    """What an element says that is marked as the date (`itemprop`, hAtom's `published`), or all `time` elements say."""
    for element in islice(_with_marks()(tree), 20):
        if found := _of_element(element):
            return found
    times = [found for element in islice(tree.iter("time"), 50) if (found := _of_element(element))]
    return times[0] if len({found.first_day for found in times}) == 1 else None


def _visible(tree: Any, title: str) -> PublicationDate | None:
    """The date that stands nearest to the headline, after it or before it."""
    heading = _heading(tree, title)
    if heading is None:
        return None
    near = [*islice(_following(heading), _AFTER), *islice(_preceding(heading), _BEFORE)]
    for read in (_of_element, _of_updated):
        for element in near:
            if element.tag != "meta" and (found := read(element)) and not _is_fact(element):
                return found
    return None


def _of_updated(element: Any) -> PublicationDate | None:
    """The date of an element of the class `updated` of hAtom, which many themes give the only date that they show."""
    classes = (element.get("class") or "").split()
    if "updated" not in classes or _OF_CHANGE.search("".join(islice(element.itertext(), 12))):
        return None
    return _of_element(element, " ".join(each for each in classes if each != "updated"))


def _is_fact(element: Any) -> bool:
    """Whether it is, or stands in, a row with a header, in which a table says what else was on that day."""
    return any(row.tag == "tr" and row.find("th") is not None for row in (element, *element.iterancestors()))


def _heading(tree: Any, title: str) -> Any:
    words = " ".join(title.casefold().split())
    first = None
    for element in tree.iter("h1", "h2", "h3"):
        text = " ".join("".join(element.itertext()).casefold().split())
        if (
            text
            and words
            and (text == words or (len(text) > _TELLING and text in words) or (len(words) > _TELLING and words in text))
        ):
            return element
        first = element if first is None and element.tag == "h1" and text else first
    return first if first is not None else _plain_heading(tree, words)


def _plain_heading(tree: Any, words: str) -> Any:
    """The headline in a page that has none of HTML's headings."""
    for element in tree.iter("div", "p", "span", "td", "strong", "b", "font", "center"):
        text = " ".join((element.text or "").casefold().split())
        if text and (text == words or (len(text) > _TELLING and text in words)):
            return element
    return None


def _following(element: Any) -> Iterator[Any]:
    """The elements after this one in the order of the document, those inside it first."""
    yield from element.iterdescendants()
    while element is not None:
        for sibling in element.itersiblings():
            yield from sibling.iter()
        element = element.getparent()


def _preceding(element: Any) -> Iterator[Any]:
    """The elements before this one, the nearest first."""
    while element is not None:
        for sibling in element.itersiblings(preceding=True):
            yield from reversed(list(islice(sibling.iter(), _BEFORE)))
        element = element.getparent()


def _of_element(element: Any, classes: str | None = None) -> PublicationDate | None:
    if not isinstance(element.tag, str) or element.tag in _ELSEWHERE:
        return None
    classes = element.get("class", "") if classes is None else classes
    about = f"{classes} {element.get('id', '')} {element.get('itemprop', '')}"
    if _OF_CHANGE.search(about):
        return None
    written = element.get("datetime") or element.get("content")
    found = read_written(written) if written else None
    if not found:
        own = "".join(islice(element.itertext(), 12))
        found = date_of_line(" ".join(own.split())) if len(own) < 400 else None
    return found if found and found.precision in (Precision.DAY, Precision.INSTANT) else None


def _in_title(shown: str) -> PublicationDate | None:
    """The day that is a part of the page's title for itself: `A headline - 07.12.2017 - The Paper`."""
    found = [day for part in re.split(r"\s+[-–—|·]\s+", shown)[1:] if (day := date_of_line(part))]
    return found[0] if len(found) == 1 and found[0].precision is Precision.DAY else None
