"""When an article was published that does not state it as a fact: its first lines, the name of its file, its address.

Only what can be read in one way counts: no date of an event in running prose, no 03/04/2021, no date of an update, none
of the file itself. What was found says where it comes from (`DatedBy`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import PurePath
from urllib.parse import urlsplit

from archive.dates import read_date
from archive.normalise import split_names
from archive.types import DatedBy, NewArticle, Precision, PublicationDate

ONE_ARTICLE = frozenset({"text", "markdown", "html", "mhtml", "pdf", "docx", "odt", "rtf"})
"""Formats of which a file is an article, so that the file's name says something of it."""

_LINES = 6
"""First lines that may be a date or a byline."""

_HEAD = 4_000
"""Characters of a text among which its first lines are."""

_MAX_LINE = 120

_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)|[٠-٩۰-۹]{4}")
_NOT_PUBLISHED = re.compile(
    r"\b(?:updated?|modified|edited|revised|copyright|accessed|retrieved|printed|archived|born|died|since|until|expires?"
    r"|aktualisiert|geändert|mis à jour|modifié|actualizado|atualizado|aggiornato|güncelle\w*|обновлено)\b|©|\(c\)"
    r"|更新|تحديث",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:(?:first |originally )?(?:published|posted|submitted)(?: online)?(?:[^.:]{0,80}? on(?= .*\d{4}))?"
    r"|publication date|date(?: of publication)?|dated|issued"
    r"|released|veröffentlicht|erschienen|datum|stand|publiée?|paru|publicado|publicada|fecha|data|pubblicato"
    r"|yayın(?:lanma)?(?: tarihi)?|tarih|gepubliceerd|опубликовано|дата|发布时间|发布日期"
    r"|發布時間|时间|日期|公開日|掲載日"
    r"|تاريخ النشر|نشر في|نُشر في|التاريخ)"
    r"(?: on| at| am| le| el| em| il| op)?\s*[:：]?\s*",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\s*[|•·;()（）【】\[\]]\s*|\s+[-–—/]+\s+|\s{3,}|\t")
_CLOCK = re.compile(r",?\s+(?:at |@ |um |à |kl |o )?\d{1,2}[:.h]\d\d\b.*$|\s+(?:星期|周)\w$|T\d\d:\d\d.*$")
_DATELINE = re.compile(r"(.{6,100}?)\s*(?:[-–—]{1,2}|/)\s")
_ADVERB = re.compile(r"(?:on|in|since|until|am|im|le|el|em)\s", re.IGNORECASE)
_BEGINS = re.compile(r"(.{6,30}?\d{4}) ?(?:--|—)")
_AGENCY = re.compile(r"\s*[(/（][^()（）/]{2,30}[)/）]?\s*$")
_BYLINE = re.compile(r"(?:by|von|par|por|di|door|yazan:|text:|autor:|author:)\s+(?=\S)", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_]+(?:[-'’.][^\W\d_]*)*")
_PARTICLES = frozenset("van von der den de la le di da dos das del bin ibn al el ter zu y e".split())
_NOBODY = frozenset(
    "staff our the a an reporter reporters correspondent correspondents editor editors agencies desk news"
    " contributors".split()
)


def dated(article: NewArticle, *, stated: PublicationDate | None = None) -> NewArticle:
    """The article with a publication date and what that was taken from, and with its author where a byline names one.

    `stated` is what the user says, and counts more than all else; then what the article brings with it, its first
    lines, its file's name and its address.
    """
    lines = [] if article.authors and (stated or article.published) else _first_lines(article)
    if not article.authors and (authors := byline(lines)):
        article = replace(article, authors=authors)
    if stated:
        return replace(article, published=stated, dated_by=DatedBy.USER)
    if article.published:
        return article if article.dated_by else replace(article, dated_by=DatedBy.METADATA)
    named = _of_file(article)
    for found, by in (
        (date_of_lines(lines, named), DatedBy.TEXT),
        (named, DatedBy.NAME),
        (date_in_address(article.url), DatedBy.ADDRESS),
    ):
        if found:
            note = None if (article.note or "").startswith("it has no date") else article.note
            return replace(article, published=found, dated_by=by, note=note)
    return article


def _first_lines(article: NewArticle) -> list[str]:
    lines = (line.strip() for line in article.body[:_HEAD].split("\n"))
    return [line for line in lines if line]


def _of_file(article: NewArticle) -> PublicationDate | None:
    origin = article.origin
    if origin.format not in ONE_ARTICLE:
        return None
    return date_in_name((origin.part or origin.path).rpartition("#")[2])


# --- first lines ----------------------------------------------------------------------------------------------------


def date_of_lines(lines: list[str], known: PublicationDate | None = None) -> PublicationDate | None:
    """The date that the first lines of a text give: on a line of its own, or before the dash of a dateline.

    Where `known` is only a year or a month, a dateline such as `ANKARA, May 3 (Reuters) -` may say which day it was.
    Several dates on lines of their own are those of a chronicle, and no date of publication.
    """
    own = {found.text[:10]: found for line in lines if (found := date_of_line(line))}
    first = [found for line in lines[:_LINES] if (found := date_of_line(line))]
    if first:
        return first[0] if len(own) == 1 else None
    return next(filter(None, (*(_dateline(line, known) for line in lines[:3]), _opening(lines))), None)


def date_of_line(line: str) -> PublicationDate | None:
    """The date of a line that says nothing else, bar a place, a name, a time and what such a date is called."""
    if len(line) > _MAX_LINE or line.startswith("|") or not _YEAR.search(line):  # a bar begins the row of a table
        return None
    found = {}
    for part in _PARTS.split(line):
        if not _YEAR.search(part) or _NOT_PUBLISHED.search(part):
            if part[:1].islower() and not (_BYLINE.match(part) or _NOT_PUBLISHED.search(part)):
                return None  # it goes on as a sentence does
            continue
        day = _plain(part)
        if day is None:
            return None
        found[day.text] = day
    return next(iter(found.values())) if len(found) == 1 else None


def _plain(part: str) -> PublicationDate | None:
    text = _LABEL.sub("", part.strip(" ,.:"), count=1) if _LABEL.match(part.strip(" ,.:")) else part.strip(" ,.:")
    for each in dict.fromkeys((text, _CLOCK.sub("", text), re.sub(r",\s[^\d,]{2,30}$", "", text))):
        for begin in (0, *(at.end() for at in islice(re.finditer(r",\s+", each), 2))):
            before = each[:begin]
            place = not before or ((before.istitle() or before.isupper()) and not _ADVERB.match(before))
            if place and (day := _sound(read_date(each[begin:]))):
                return day
    return None


def _dateline(line: str, known: PublicationDate | None) -> PublicationDate | None:
    """The date of `ANKARA, May 3, 2021 (Reuters) - ` or `Berlin, 3. Mai 2021 (dpa) – ` at a line's beginning."""
    found = _DATELINE.match(line)
    if not found or not re.search(r"\d", found[1]):
        return None
    head = _AGENCY.sub("", found[1])
    told_by_agency = head != found[1]
    year = f" {known.first_day.year}" if known and known.precision in (Precision.YEAR, Precision.MONTH) else ""
    for word in islice(re.finditer(r"\S+", head), 1, 6):
        place = head[: word.start()]
        if not (place.isupper() or told_by_agency) or not all(
            map(_begins_name, re.split(r"[\s,،]+", place.strip(" ,،")))
        ):
            return None  # it is a sentence: *On Monday, May 3, 2021 - the day that …*
        text = head[word.start() :].strip(" ,")
        day = _sound(read_date(text)) or (_sound(read_date(text + year)) if year else None)
        if day and day.precision is Precision.DAY:
            return day if not known or not year or known.first_day <= day.first_day <= known.last_day else None
    return None


def _opening(lines: list[str]) -> PublicationDate | None:
    """The day that begins the text, or the line after its summary, before a dash: `Feb. 23, 2015 -- `.

    Several such lines are those of a chronicle.
    """
    days = [_sound(read_date(found[1])) for line in lines if (found := _BEGINS.match(line))]
    first = any(map(_BEGINS.match, lines[:2]))
    day = days[0] if first and len(days) == 1 else None
    return day if day and day.precision is Precision.DAY else None


def _begins_name(word: str) -> bool:
    return word[:1].isalpha() and word[:1] == word[:1].upper()


def _sound(found: PublicationDate | None) -> PublicationDate | None:
    """The date, unless it lies in the future or before there was print."""
    sound = found and found.first_day.year >= 1500 and found.first_day <= date.today() + timedelta(days=1)  # noqa: DTZ011
    return found if sound else None


def byline(lines: Iterable[str]) -> tuple[str, ...]:
    """The authors whom one of the first three lines names and nothing else: `By Jane Doe and John Roe`."""
    for line in islice(lines, 3):
        for part in _PARTS.split(line) if len(line) <= _MAX_LINE else ():
            begins = _BYLINE.match(part)
            if begins and (names := split_names(part[begins.end() :].partition(",")[0])) and all(map(is_name, names)):
                return names
    return ()


def is_name(text: str) -> bool:
    """Whether a text looks like a person's name: two words or more that begin with capitals."""
    words = text.split()
    capital = [word for word in words if _begins_name(word) and _NAME.fullmatch(word)]
    rest = {word.lower() for word in words if word not in capital}
    return 2 <= len(words) <= 5 and len(capital) >= 2 and rest <= _PARTICLES and not _NOBODY & set(text.lower().split())


# --- names ----------------------------------------------------------------------------------------------------------

_YEARS = r"(1[5-9]\d\d|20\d\d)"
_MONTH = r"(0[1-9]|1[0-2])"
_DAY = r"(0[1-9]|[12]\d|3[01])"
_DAYS = (
    re.compile(rf"(?<!\d)(?<!\d[-_.]){_YEARS}(?P<by>[-_. ]){_MONTH}(?P=by){_DAY}(?!\d)"),
    re.compile(rf"(?<![^\W_])(19\d\d|20\d\d){_MONTH}{_DAY}(?=T\d|[\W_]|$)"),
)
_MONTHS = re.compile(rf"(?<!\d)(?<!\d-){_YEARS}[-_.]{_MONTH}(?![-_.]?\d)")
_WRITTEN = re.compile(
    r"(?<![^\W_])(\d{1,2}(?:st|nd|rd|th|\.)?[ _-]+)?([^\W\d_]{3,12})\.?[ _-]+"
    r"(\d{1,2}(?:st|nd|rd|th)?,?[ _-]+)?((?:1[5-9]|20)\d\d)(?!\d)"
)
_IN_BRACKETS = re.compile(r"[(\[]((?:1[5-9]|20)\d\d)[)\]]")
_FOLDERS = re.compile(r"(?:^|/)((?:1[5-9]|20)\d\d)/(\d\d?)(?:/(\d\d?))?(?=/(?:[^/]*/?)?$)")

_IN_PATH = re.compile(r"/((?:19|20)\d\d)/(\d\d?)(?:/(\d\d?))?(?=/)")


def date_in_name(path: str) -> PublicationDate | None:
    """The date in the name of a file or a page, else in its folders: `2021-05-03-title.txt`, `2021/05/03/title.txt`.

    None where there are two, or where one could be read in two ways.
    """
    path = path.replace("\\", "/").rstrip("/")
    stem = PurePath(path).name
    while PurePath(stem).suffix and not PurePath(stem).suffix[1:2].isdigit():
        stem = PurePath(stem).stem
    if found := list(dict.fromkeys(_dates_in(stem))):
        return _sound(found[0]) if len(found) == 1 else None
    folders = _FOLDERS.search(path)
    return _sound(_made(*filter(None, folders.groups()))) if folders else None


def date_in_address(url: str | None) -> PublicationDate | None:
    """The date in the path of a page's address: `/2021/05/03/title`, `/2021-05-03-title`."""
    if not url:
        return None
    path = urlsplit(url).path
    found = _IN_PATH.search(path)
    return _sound(_made(*filter(None, found.groups()))) if found else date_in_name(path)


def _dates_in(stem: str) -> Iterator[PublicationDate]:
    """All that is written in a name, of the first way of writing dates in which there is one."""
    for days in _DAYS:
        if found := [_made(*(part for part in each.groups() if part.isdigit())) for each in days.finditer(stem)]:
            yield from filter(None, found)
            return
    written = [_spelt(each) for each in _WRITTEN.finditer(stem)]
    if any(written):
        yield from filter(None, written)
        return
    for month in _MONTHS.finditer(stem):
        if int(month[2]) != (int(month[1]) + 1) % 100 and (
            found_month := _made(month[1], month[2])
        ):  # 2010-11: a season
            yield found_month
    for year in _IN_BRACKETS.findall(stem):
        yield PublicationDate.parse(year)


def _spelt(found: re.Match[str]) -> PublicationDate | None:
    before, month, after, year = (re.sub(r"[ _-]+", " ", part or "").strip(" ,") for part in found.groups())
    if before and after:
        return None
    return read_date(
        f"{before} {month} {year}" if before else f"{month} {after} {year}" if after else f"{month} {year}"
    )


def _made(*parts: str) -> PublicationDate | None:
    return read_date("-".join([parts[0], *(part.zfill(2) for part in parts[1:])]))
