"""How values are written for a reader: dates, numbers, languages, and the direction of a text."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode

from flask import Flask, url_for
from flask import request as current
from markupsafe import Markup, escape

from archive.dates import written_date, written_day, written_evidence
from archive.types import FacetValue, Headline, Hit, MarkedText, PublicationDate, SearchRequest, TimelineBucket
from web.params import to_args

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi", "ps", "sd", "ug", "ckb", "dv"})

LANGUAGES = {
    "am": "Amharic", "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "ha": "Hausa", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "ig": "Igbo",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "ku": "Kurdish", "lg": "Ganda", "ln": "Lingala",
    "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "om": "Oromo", "pcm": "Nigerian Pidgin",
    "pl": "Polish", "pt": "Portuguese", "rn": "Rundi", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sn": "Shona", "so": "Somali", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil",
    "th": "Thai", "ti": "Tigrinya", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese",
    "xh": "Xhosa", "yo": "Yoruba", "zh": "Chinese", "zu": "Zulu",
}  # fmt: skip

SHOWN = 8
"""Values of a facet that are shown before more are asked for."""

BAR_HEIGHT = 36
BAR_WIDTH = 6
MIN_YEARS = 12


def register(app: Flask) -> None:
    """Make these known to the templates."""
    app.jinja_env.filters |= {
        "evidence": written_evidence,
        "date": lambda moment: written_day(moment) if isinstance(moment, datetime) else written_date(moment),
        "day": written_day,
        "number": written_number,
        "language": lambda code: LANGUAGES.get(code, code),
        "direction": direction,
        "count": counted,
        "size": written_size,
        "meta": meta,
        "written_in": written_in,
    }
    app.jinja_env.globals |= {
        "address": address,
        "search_query": search_query,
        "asked": lambda request: to_args(request, q=None, page=None),
        "toggled": toggled,
        "SHOWN": SHOWN,
        "facet": facet,
        "results": results,
        "bars": bars,
        "page_numbers": page_numbers,
        "paged": paged,
    }


def _marked(texts: Sequence[MarkedText]) -> list[str]:
    """Texts with their matches: the one place where spans become markup.

    They are escaped all at once. Control characters, which no stored text has, stand for the tags and between the texts
    meanwhile.
    """
    joined = str(escape(_BETWEEN.join(map(_with_places, texts))))
    found = joined.replace(_OPENING, "<mark>").replace(_CLOSING, "</mark>").split(_BETWEEN)
    if len(found) == len(texts):
        return found
    return ["".join(found)] if len(texts) == 1 else [_marked([text])[0] for text in texts]


_BETWEEN, _OPENING, _CLOSING = "\x01", "\x02", "\x03"


def _with_places(text: MarkedText) -> str:
    """The text with the places of its matches in it."""
    if not text.marks:
        return text.text
    pieces: list[str] = []
    done = 0
    for start, end in text.marks:
        pieces += (text.text[done:start], _OPENING, text.text[start:end], _CLOSING)
        done = end
    pieces.append(text.text[done:])
    return "".join(pieces)


def address(endpoint: str, **values: Any) -> str:
    """The address of a page, as `url_for` gives it; remembered, since a page has a dozen of the same as any other."""
    return _address(current.script_root, endpoint, *values.items())


@lru_cache(maxsize=100)
def _address(_root: str, endpoint: str, *values: tuple[str, Any]) -> str:
    return url_for(endpoint, **dict(values))


def results(hits: Sequence[Hit], query: str) -> Markup:
    """The articles that were found, as items of a list.

    Made here and not in the template, where what a page has so often takes several times as long.
    """
    before = address("pages.article", number=0).removesuffix("0")
    after = escape(f"?{_encoded('q', query)}" if query else "")
    texts = iter(_marked([text for hit in hits for text in (hit.title, *hit.snippets)]))
    items = [_result(hit, f"{before}{hit.headline.id}{after}", texts) for hit in hits]
    return Markup("".join(items))  # noqa: S704  # all that is not ours is escaped


def _result(hit: Hit, address: str, texts: Iterator[str]) -> str:
    """An item of the list; `texts` gives its title and its snippets, marked."""
    written = written_in(hit.headline.language)
    pieces = [f'<li>\n<h3><a href="{address}" {written}>{next(texts)}</a></h3>\n{meta(hit.headline)}\n']
    for each in hit.snippets:
        pieces.append(f'<p class="snippet" {written}>{next(texts)}')
        if each.marks:
            pieces.append(_to_paragraph(address, each.paragraph))
        pieces.append("</p>\n")
    if count := len(hit.near_duplicates):
        pieces.append(f'<p class="near"><a href="{address}#versions">+{counted(count, "version")}</a></p>\n')
    pieces.append("</li>\n")
    return "".join(pieces)


def _to_paragraph(address: str, number: int) -> str:
    title = f"Paragraph {number}"
    return f' <a class="paragraph" dir="ltr" href="{address}#p{number}" title="{title}">¶ {number}</a>'


def meta(headline: Headline) -> Markup:
    """The line below a title: source, date, authors, language, versions, as far as they are known."""
    parts = []
    if headline.source:
        parts.append(f'<span class="source">{_escaped(headline.source)}</span>')
    if headline.published:
        parts.append(_written_time(headline.published))
    if headline.authors:
        parts.append(f"<span>{_escaped(', '.join(headline.authors))}</span>")
    if headline.language:
        parts.append(f"<span>{_escaped(LANGUAGES.get(headline.language, headline.language))}</span>")
    if headline.versions > 1:
        parts.append(f"<span>{headline.versions} versions</span>")
    return Markup(f'<p class="meta">{"".join(parts)}</p>')  # noqa: S704  # each part is escaped


@lru_cache(maxsize=10_000)
def _escaped(text: str) -> str:
    """For short texts that most pages share."""
    return str(escape(text))


@lru_cache(maxsize=10_000)
def _written_time(published: PublicationDate) -> str:
    return f'<time datetime="{escape(str(published))}">{escape(written_date(published))}</time>'


@lru_cache(maxsize=1_000)
def written_in(language: str | None) -> Markup:
    """The attributes of an element with a text in this language."""
    return Markup('lang="{}" dir="{}"').format(language or "", direction(language))


def direction(language: str | None) -> str:
    """Which way a language is written, as HTML says it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def written_number(number: int) -> str:
    """Thousands set apart."""
    return f"{number:,}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 article`, `2 articles`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def written_size(size: int) -> str:
    """Bytes as a person reads them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1000  # type: ignore[assignment]
    return ""


def search_query(request: SearchRequest, **changes: object) -> str:
    """The query string of a search's address with some parameters changed, beginning at its first page."""
    return "&".join([_encoded(name, value) for name, value in to_args(request, **{"page": None, **changes})])


@lru_cache(maxsize=10_000)
def _encoded(name: str, value: str) -> str:
    """One parameter of an address; a page has a hundred links that share most of theirs."""
    return urlencode([(name, value)])


_ANY = "\0"


def _around(request: SearchRequest, *names: str, chosen: Sequence[str] = ()) -> list[Markup]:
    """The query string where these parameters have the chosen values and one more: what stands around each of that.

    So an address of many that differ in a value alone is made in no time. The value is to be quoted for an address.
    """
    rest = search_query(request, **dict.fromkeys(names, (*chosen, _ANY)))
    around: list[Markup] = []
    for name in reversed(names):  # the one more is the last of its name, and no other value holds a `=`
        rest, _, after = rest.rpartition(f"{name}={quote_plus(_ANY)}")
        rest += f"{name}="
        around.insert(0, escape(after))
    return [escape(rest), *around]


_quoted = lru_cache(maxsize=10_000)(quote_plus)  # most pages have the same values


def toggled(values: Sequence[str], value: str) -> tuple[str, ...]:
    """The values with this one added, or taken out where it is among them."""
    return tuple(each for each in values if each != value) if value in values else (*values, value)


def paged(request: SearchRequest) -> Callable[[int], Markup]:
    """What gives the query string of each page of a search."""
    around = _around(request, "page")
    first = escape(search_query(request, page=None))
    return lambda number: Markup(number).join(around) if number > 1 else first  # noqa: S704  # a number


def page_numbers(page: int, pages: int) -> list[int | None]:
    """The pages to link to: the first, the last, those around this one; None for a gap."""
    near = sorted({1, pages, *range(max(1, page - 2), min(pages, page + 2) + 1)})
    numbers: list[int | None] = []
    for before, number in zip([0, *near], near, strict=False):
        if number - before > 1:
            numbers.append(None)
        numbers.append(number)
    return numbers


def facet(request: SearchRequest, name: str, values: Sequence[FacetValue], chosen: Sequence[str]) -> list[Markup]:
    """The values of a facet as items of a list, in two parts: what is shown, and what is shown when it is asked for.

    Each is a link to the search with it, or without it where it is chosen.
    """
    before, after = _around(request, name, chosen=chosen)
    items = []
    for each in values:
        text = LANGUAGES.get(each.value, each.value) if name == "language" else each.value
        if each.value in chosen:
            query = escape(search_query(request, **{name: toggled(chosen, each.value)}))
            link = f'<a class="value chosen" href="?{query}" aria-current="true">'
        else:  # what is quoted for an address has nothing to be escaped
            link = f'<a class="value" href="?{before}{_quoted(each.value)}{after}">'
        items.append(f'<li>{link}<span>{_escaped(text)}</span> <span class="number">{each.count:,}</span></a></li>')
    return [Markup("".join(part)) for part in (items[:SHOWN], items[SHOWN:]) if part]  # noqa: S704  # all escaped


def bars(request: SearchRequest, timeline: Sequence[TimelineBucket], years: Sequence[FacetValue]) -> dict[str, object]:
    """A timeline as rectangles for an SVG: one a year, each with the search in it."""
    if not timeline or not years:
        return {}
    counts = {int(each.value): each.count for each in years}
    first, last = min(*counts, max(counts) - MIN_YEARS + 1), max(counts)
    span = range(first, last + 1) if last - first < 120 else sorted(counts)
    most = max(counts.values())
    before, between, after = _around(request, "from", "to")
    rectangles = [
        f'<a href="?{before}{year}{between}{year}{after}"><rect x="{at * (BAR_WIDTH + 1)}" y="{BAR_HEIGHT - height}"'
        f' width="{BAR_WIDTH}" height="{height}"><title>{year}: {counted(counts[year], "article")}</title></rect></a>\n'
        for at, year in enumerate(span)
        if counts.get(year)
        for height in [max(2, round(BAR_HEIGHT * counts[year] / most))]
    ]
    return {
        "rectangles": Markup("".join(rectangles)),  # noqa: S704  # numbers, and what is around them escaped
        "width": len(span) * (BAR_WIDTH + 1),
        "height": BAR_HEIGHT,
        "first": first,
        "last": last,
    }
