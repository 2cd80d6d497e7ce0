"""URLs as requests and back: all state of a search is in its address, and the two ways agree."""

from calendar import monthrange
from datetime import date

from werkzeug.datastructures import MultiDict

from archive.types import ArticleFilter, Message, MessageKind, SearchRequest, Sort

MAX_RESULTS = 10_000
"""Results that can be paged to; who needs more narrows the search."""

Pairs = list[tuple[str, str]]


def to_request(args: MultiDict[str, str], page_size: int) -> tuple[SearchRequest, tuple[Message, ...]]:
    """The request of an address, and messages about parameters that made no sense and were left aside."""
    messages: list[Message] = []
    first = _day(args, "from", messages)
    last = _day(args, "to", messages)
    if first and last and first > last:
        messages.append(_ignored(f"From {first} to {last} is no period: it ends before it begins"))
        first = last = None
    wanted = ArticleFilter(
        published_from=first,
        published_to=last,
        sources=_values(args, "source"),
        authors=_values(args, "author"),
        languages=_values(args, "language"),
        tags=_values(args, "tag"),
    )
    page = _page(args.get("page", ""), page_size, messages)
    sort = _sort(args.get("sort", ""), messages)
    return SearchRequest(query=args.get("q", ""), filter=wanted, sort=sort, page=page, page_size=page_size), tuple(
        messages
    )


def to_args(request: SearchRequest, **changes: object) -> Pairs:
    """The parameters of a request's address; what is as usual is left out. `changes` replace some: `page=2`."""
    wanted = request.filter
    values: dict[str, object] = {
        "q": request.query,
        "from": wanted.published_from,
        "to": wanted.published_to,
        "source": wanted.sources,
        "author": wanted.authors,
        "language": wanted.languages,
        "tag": wanted.tags,
        "sort": request.sort if request.sort is not Sort.RELEVANCE else None,
        "page": request.page if request.page > 1 else None,
    }
    values |= changes
    return [
        (name, str(each))
        for name, value in values.items()
        if value
        for each in (value if isinstance(value, tuple | list) else (value,))
    ]


def _values(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in args.getlist(name) if value.strip()))


def _day(args: MultiDict[str, str], name: str, messages: list[Message]) -> date | None:
    """A calendar day; a year or month stands for its first day in `from` and for its last in `to`."""
    text = args.get(name, "").strip()
    if not text:
        return None
    parts = text.split("-")
    try:
        if len(parts) > 3 or not all(part.isascii() and part.isdigit() for part in parts) or len(parts[0]) != 4:
            raise ValueError
        year = int(parts[0])
        month = int(parts[1]) if len(parts) > 1 else (1 if name == "from" else 12)
        last = monthrange(year, month)[1] if year and 1 <= month <= 12 else 0
        return date(year, month, int(parts[2]) if len(parts) > 2 else (1 if name == "from" else last))
    except ValueError:
        messages.append(_ignored(f"{name}={text} is no date and was ignored; write 2023, 2023-05 or 2023-05-02"))
        return None


def _page(text: str, page_size: int, messages: list[Message]) -> int:
    if not text:
        return 1
    most = max(1, MAX_RESULTS // page_size)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if number < 1:
        messages.append(_ignored(f"page={text} is no page; this is the first"))
        return 1
    if number > most:
        messages.append(Message(MessageKind.LIMIT, f"Only the first {MAX_RESULTS:,} results can be paged to"))
    return min(number, most)


def _sort(text: str, messages: list[Message]) -> Sort:
    if text in set(Sort):
        return Sort(text)
    if text:
        messages.append(_ignored(f"sort={text} is no order; there are {', '.join(Sort)}"))
    return Sort.RELEVANCE


def _ignored(text: str) -> Message:
    return Message(MessageKind.IGNORED, text)
