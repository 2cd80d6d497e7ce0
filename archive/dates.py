"""Publication dates as people, pages and programs write them."""

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

from archive.types import DatedBy, Precision, PublicationDate

_NAMES = """
january jan januar janvier enero gennaio ocak janeiro januari января январь stycznia styczeń ledna leden
ιανουαρίου يناير كانون+الثاني

february feb februar février fevrier febrero febbraio şubat fevereiro februari февраля февраль lutego luty února
únor φεβρουαρίου فبراير شباط

march mar märz maerz mars marzo mart março maart марта март marca marzec března březen μαρτίου مارس آذار

april apr avril abril aprile nisan апреля апрель kwietnia kwiecień dubna duben απριλίου أبريل ابريل إبريل نيسان

may mai mayo maggio mayıs maio mei maj мая май maja května květen μαΐου مايو أيار ايار

june jun juni juin junio giugno haziran junho июня июнь czerwca czerwiec června červen ιουνίου يونيو يونيه
حزيران

july jul juli juillet julio luglio temmuz julho июля июль lipca lipiec července červenec ιουλίου يوليو يوليه
تموز

august aug août aout agosto ağustos augustus augusti августа август sierpnia sierpień srpna srpen αυγούστου
أغسطس اغسطس آب

september sep sept septembre septiembre settembre eylül setembro сентября сентябрь września wrzesień září
σεπτεμβρίου سبتمبر أيلول ايلول

october oct oktober okt octobre octubre ottobre ekim outubro октября октябрь października październik října
říjen οκτωβρίου أكتوبر اكتوبر تشرين+الأول

november nov novembre noviembre kasım novembro ноября ноябрь νοεμβρίου نوفمبر تشرين+الثاني

december dec dezember dez décembre decembre diciembre dicembre aralık dezembro декабря декабрь grudnia grudzień
prosince prosinec δεκεμβρίου ديسمبر كانون+الأول
"""
"""The months, a paragraph each, in fourteen languages; a plus is a space in a name."""

_MONTHS = {
    name.replace("+", " "): number for number, names in enumerate(_NAMES.split("\n\n"), 1) for name in names.split()
}
_ISO = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?)?)?)?")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?")
_YEAR_FIRST = re.compile(r"(\d{4})(?P<by>[/.-])(\d\d?)(?:(?P=by)(\d\d?))?")
_YEAR_LAST = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})")
_DOTTED = re.compile(r"(\d\d?)\.\s?(\d\d?)\.\s?(\d{4})")
_WEEKDAY = r"(?:[^\W\d]+[.,]? )?"
_DAY_MONTH = re.compile(
    _WEEKDAY + r"(\d\d?)(?:st|nd|rd|th|\.|er|º)?[ -](?:(?:de|of) )?"
    r"([^\W\d]+(?: ال[^\W\d]+)?)\.?,?[ -](?:de )?(\d{4})(?: ?г\.?)?"
)
_MONTH_DAY = re.compile(_WEEKDAY + r"([^\W\d]+)\.? (\d\d?)(?:st|nd|rd|th)?,? (\d{4})")
_MONTH_YEAR = re.compile(r"(\w+)\.?,?\s+(?:de\s+)?(\d{4})")
_CHINESE = re.compile(r"(\d{4}) ?[年년](?: ?(\d\d?) ?[月월](?: ?(\d\d?) ?[日일])?)?")
_MAIL = re.compile(
    r"(?:[A-Z][a-z]{2},? )?"
    r"(?:\d\d? [A-Z][a-z]{2} \d{2,4} [\d:]+(?: [A-Z]{1,5}| [+-]\d{4})?|[A-Z][a-z]{2} \d\d? [\d:]+ \d{4})"
)
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?")
_CLOCK = re.compile(
    r",?(?: at| um| -)? \d\d?[:.]\d\d(?:[:.][\d.]+)?(?: ?[ap]\.?m\.?| ?h| Uhr)?(?: [A-Z]{1,5}| [+-]\d\d:?\d\d)?$",
    re.IGNORECASE,
)


def read_date(text: str) -> PublicationDate | None:
    """The date that a text states, with just the precision it states, or None where it is none or could be two.

    Understands ISO 8601, RFC 5322 (e-mail, RSS), `20230502`, `2023/05/02`, `02.05.2023` (with dots the day is first),
    `2 May 2023`, `May 2, 2023`, `May 2023` in fourteen languages, 2023年5月2日, and seconds or milliseconds since 1970
    (in UTC). `03/04/2023` is None: it may be two. Of a day with a time that is written in any other way the day is
    read.
    """
    text = " ".join(text.split())
    if not text.isascii():
        text = re.sub(r"\d", lambda digit: str(int(digit[0])), text)  # in whatever script they are
    for read in (_read_iso, _read_mail, _read_numbers, _read_names):
        try:
            if found := read(text):
                return found
        except (ValueError, OverflowError):
            continue
    return None


def _read_iso(text: str) -> PublicationDate | None:
    if not _ISO.fullmatch(text):
        return None
    found = PublicationDate.parse(re.sub(r"\s(?=[Z+-])", "", text.replace(",", ".")))
    return found if found.first_day.year >= 1 else None


def _read_numbers(text: str) -> PublicationDate | None:
    if compact := _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second, zone = compact.groups()
        if hour is None:
            return _make(year, month, day)
        moment = datetime(*map(int, (year, month, day, hour, minute, second)), tzinfo=UTC if zone else None)  # type: ignore[arg-type,misc]
        return PublicationDate.parse(moment.isoformat())
    if epoch := _EPOCH.fullmatch(text):
        return PublicationDate.parse(datetime.fromtimestamp(int(epoch[1]), UTC).isoformat())
    text = _CLOCK.sub("", text)
    if ordered := _YEAR_FIRST.fullmatch(text):
        return _make(ordered[1], ordered[3], ordered[4])
    if dotted := _DOTTED.fullmatch(text):
        return _make(dotted[3], dotted[2], dotted[1])
    if slashed := _YEAR_LAST.fullmatch(text):
        day, month = sorted((slashed[1], slashed[2]), key=int, reverse=True)
        return _make(slashed[3], month, day) if int(day) > 12 or int(day) == int(month) else None
    if chinese := _CHINESE.fullmatch(text):
        return _make(*chinese.groups())
    return None


def _read_names(text: str) -> PublicationDate | None:
    text = _CLOCK.sub("", text)
    if (found := _DAY_MONTH.fullmatch(text)) and (month := _month(found[2])):
        return _make(found[3], month, found[1])
    if (found := _MONTH_DAY.fullmatch(text)) and (month := _month(found[1])):
        return _make(found[3], month, found[2])
    if (found := _MONTH_YEAR.fullmatch(text)) and (month := _month(found[1])):
        return _make(found[2], month, None)
    return None


def _read_mail(text: str) -> PublicationDate | None:
    """RFC 5322, whose `-0000` says that the zone is unknown, and C's asctime."""
    if not _MAIL.fullmatch(text):
        return None
    return PublicationDate.parse(parsedate_to_datetime(text).isoformat())


def _month(name: str) -> str | None:
    number = _MONTHS.get(name.lower().replace("i̇", "i")) or _MONTHS.get(name.replace("I", "ı").lower())
    return str(number) if number else None


def _make(year: str, month: str | None, day: str | None) -> PublicationDate:
    parts = [year, *(f"{int(part):02d}" for part in (month, day) if part is not None)]
    return PublicationDate.parse("-".join(parts))


def written_day(day: date) -> str:
    """`2 May 2023`."""
    return f"{day.day} {day:%B} {day.year}"


def written_date(published: PublicationDate) -> str:
    """A date with just the precision that it has: `2 May 2023`, `May 2023`, `2023`."""
    day = published.first_day
    if published.precision is Precision.YEAR:
        return str(day.year)
    return f"{day:%B} {day.year}" if published.precision is Precision.MONTH else written_day(day)


_EVIDENCE = {
    DatedBy.USER: "as the import was told",
    DatedBy.METADATA: "as its source states it",
    DatedBy.PAGE: "from the text of the page",
    DatedBy.TEXT: "from its first lines",
    DatedBy.NAME: "from the file name",
    DatedBy.ADDRESS: "from its address",
}


def written_evidence(published: PublicationDate, dated_by: DatedBy | None) -> str:
    """A date and what it was taken from, as far as that is known: `3 May 2021, from the file name`."""
    return ", ".join(filter(None, (written_date(published), _EVIDENCE[dated_by] if dated_by else None)))
