"""What a person sees in a terminal: results on standard output, messages on standard error.

Nothing that was stored or typed reaches the terminal raw: control characters are shown as U+FFFD, and those that
reorder text (the embeddings, overrides and isolates of Unicode UAX #9) are left out. Where there is no colour, in a
pipe or with NO_COLOR, a match is written **so**.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from shlex import quote

from archive.settings import Settings
from archive.types import (
    Article,
    Concordance,
    Headline,
    Hit,
    ImportAccount,
    ImportItem,
    ImportReport,
    IndexStatus,
    MarkedArticle,
    MarkedText,
    Message,
    Outcome,
    Precision,
    PublicationDate,
    SavedCount,
    SearchPage,
    SearchRequest,
    Sort,
    StoreStats,
)

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_REORDERING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_HARMLESS: dict[int, str | None] = dict.fromkeys(_CONTROLS, "\N{REPLACEMENT CHARACTER}") | dict.fromkeys(_REORDERING)
_LINES = _HARMLESS | {ord("\t"): " ", ord("\n"): "\n"}
_ONE_LINE = _HARMLESS | dict.fromkeys(map(ord, "\t\n\r"), " ")
_IN_JSON = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}

MATCH = "black on yellow"
QUIET = "dim"

MAX_VERSIONS = 8
"""How many near-duplicates of a hit are named."""

MAX_REASONS = 5
"""How many reasons for skipping items are told after an import."""


def clean(text: str) -> str:
    """The text as one line that is safe to write to a terminal."""
    return text.translate(_ONE_LINE)


def say(text: str) -> None:
    """Tell the person something, on standard error."""
    sys.stdout.flush()
    print(clean(text), file=sys.stderr, flush=True)


def show_json(value: object) -> None:
    """Print JSON that is as readable as the output's encoding allows, and never holds a raw control character."""
    readable = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(value, ensure_ascii=not readable, indent=2).translate(_IN_JSON))


def show_json_line(value: object) -> None:
    """Print JSON as one line, otherwise as `show_json`."""
    readable = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(value, ensure_ascii=not readable).translate(_IN_JSON))


def show_line(text: str) -> None:
    """Print one line."""
    print(clean(text))


def articles(count: int) -> str:
    """`1 article`, `1,234 articles`."""
    return f"{count:,} article{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """`12 ms`, `3.4 s`, `5 min 7 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:,.0f} min {seconds % 60:.0f} s"


def size(count: int) -> str:
    """`812 bytes`, `4.2 kB`, `1.3 GB`; a kB is 1,000 bytes."""
    for unit, factor in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if count >= factor:
            return f"{count / factor:,.1f} {unit}"
    return f"{count} byte{'' if count == 1 else 's'}"


Part = tuple[str, str]
"""A piece of a line, safe to write, and its style."""


class Screen:
    """Standard output, as a plain stream of lines: in a pipe a paragraph is one line, for grep and cut."""

    colours = False

    def line(self, *parts: Part, indent: int = 0) -> None:
        """One line."""
        text = "".join(text for text, _ in parts)
        print(" " * indent + text if text else "")

    def marked(self, text: MarkedText, style: str = "", table: Mapping[int, str | None] = _ONE_LINE) -> Iterator[Part]:
        """The text with its matches visible."""
        for part, match in text.parts():
            part = part.translate(table)
            if match:
                yield part if self.colours else f"**{part}**", f"{style} {MATCH}".strip()
            else:
                yield part, style

    def in_context(self, about: str, left: str, match: str, right: str) -> None:
        """One line of a concordance, all of it."""
        self.line((f"{about}  ", QUIET), (left, ""), *self.marked(MarkedText(match, ((0, len(match)),))), (right, ""))


def _screen() -> Screen:
    if sys.stdout.isatty() or any(name in os.environ for name in ("FORCE_COLOR", "TTY_COMPATIBLE")):
        from archive.terminal import Terminal  # rich, which takes a while to import

        return Terminal()
    return Screen()


def show_answer(page: SearchPage, *, as_json: bool) -> None:
    """The answer to a search, as JSON or for a person."""
    if as_json:
        from archive import wire

        show_json(wire.search_page(page))
    else:
        show_page(page)


def show_page(page: SearchPage) -> None:
    """The hits of a search, then, as messages, what a reader must know about the whole of it."""
    screen = _screen()
    for hit in page.hits:
        _show_hit(screen, hit)
    show_messages(page)
    if not page.total or page.relaxed:
        for part in page.parts:
            say(f"{part.text}: {articles(part.count)}")
    if page.suggestion and not page.alternatives:
        say(f"Did you mean: archive search {quote(page.suggestion)}")
    for each in page.alternatives:
        say(f"Try: archive search {quote(each.query)} ({each.change}: {articles(each.count)})")
    for expansion in page.expansions:
        say(f"{expansion.text} ({articles(expansion.count)}): archive search {quote(expansion.query)}")
    say(_counted(page))


def show_messages(page: SearchPage) -> None:
    """What a reader must know about an answer, as messages."""
    for message in page.messages:
        say(_message(message, page.request.query))


def show_similar(hits: Sequence[Hit]) -> None:
    """The articles closest to one."""
    screen = _screen()
    for hit in hits:
        _show_hit(screen, hit)
    say(articles(len(hits)) if hits else "No article is like it")


def show_lines(lines: Iterable[Sequence[Part]]) -> None:
    """Lines of pieces with their styles; control characters are made harmless."""
    screen = _screen()
    for parts in lines:
        screen.line(*((text.translate(_ONE_LINE), style) for text, style in parts))


def show_concordance(found: Concordance) -> None:
    """A line a match, each with its article and paragraph; then, as messages, what must be known about all of them."""
    screen = _screen()
    about = [f"#{line.headline.id} ¶{line.paragraph}" for line in found.lines]
    width = max(map(len, about), default=0)
    for line, place in zip(found.lines, about, strict=True):
        screen.in_context(f"{place:<{width}}", *map(clean, (line.left, line.match, line.right)))
    _tell_lines(found)


def show_table(rows: Iterable[str], found: Concordance) -> None:
    """The rows of a table of the same, as they are, but for control characters."""
    for row in rows:
        sys.stdout.write(row.translate(_LINES))
    _tell_lines(found)


def _tell_lines(found: Concordance) -> None:
    for message in found.messages:
        say(_message(message, found.request.query))
    wanted = f" for {found.understood}" if found.understood else ""
    shown = f", {len(found.lines):,} of them shown" if len(found.lines) < found.total else ""
    matches = f"{found.total:,} match{'' if found.total == 1 else 'es'}"
    say(f"{matches} in {articles(found.articles)}{wanted}{shown} ({duration(found.seconds)})")


def _show_hit(screen: Screen, hit: Hit) -> None:
    rank = f"{hit.rank}. "
    screen.line((rank, ""), *screen.marked(hit.title, "bold"))
    screen.line((_about(hit.headline), QUIET), indent=len(rank))
    for snippet in hit.snippets:
        screen.line((f"¶{snippet.paragraph} ", QUIET), *screen.marked(snippet), indent=len(rank))
    if others := hit.near_duplicates:
        named = " ".join(
            [*(f"#{number}" for number in others[:MAX_VERSIONS]), *["…"][: len(others) // (MAX_VERSIONS + 1)]]
        )
        screen.line((f"+{len(others):,} version{'' if len(others) == 1 else 's'}: {named}", QUIET), indent=len(rank))
    screen.line()


def _message(message: Message, query: str) -> str:
    """The message, naming the place in the query unless its text does so itself."""
    place = query[message.start : message.end] if message.start is not None else ""
    return message.text if place in message.text else f"{message.text}: {place}"


def _counted(page: SearchPage) -> str:
    wanted = f" for {page.understood}" if page.understood else ""
    took = f"({duration(page.seconds)})"
    if not page.total:
        return f"No articles{wanted} {took}"
    if not page.hits:
        return f"{articles(page.total)}{wanted}, none of them on page {page.request.page:,} of {page.pages:,} {took}"
    listed = page.total - page.collapsed
    part = f" in {listed:,} result{'' if listed == 1 else 's'}" if page.collapsed else ""
    part += f", {page.hits[0].rank:,} to {page.hits[-1].rank:,} shown" if len(page.hits) < listed else ""
    return f"{articles(page.total)}{wanted}{part} {took}"


def _about(headline: Headline) -> str:
    """Source, date, authors, language and number, as far as they are known."""
    facts = (
        headline.source,
        _day(headline.published),
        ", ".join(headline.authors),
        headline.language,
        f"#{headline.id}",
    )
    return clean(" · ".join(fact for fact in facts if fact))


def _day(published: PublicationDate | None) -> str:
    """The calendar day as its source wrote it, or the month or year where no more is known."""
    if published is None:
        return ""
    return published.first_day.isoformat() if published.precision is Precision.INSTANT else published.text


def show_article(article: Article, marked: MarkedArticle) -> None:
    """An article's title, what is known about it, and its whole text."""
    from archive.dates import written_evidence

    screen = _screen()
    screen.line(*screen.marked(marked.title, "bold"))
    screen.line((_about(article), QUIET))
    facts = {
        "published": written_evidence(article.published, article.dated_by) if article.published else None,
        "section": article.section,
        "tags": ", ".join(article.tags),
        "url": article.url,
        "origin": str(article.origin),
        "added": f"{article.added:%Y-%m-%d %H:%M} UTC",
        "version": f"{article.version} of {article.versions}" if article.versions > 1 else None,
        "summary": article.summary,
    }
    for name, fact in facts.items():
        if fact:
            screen.line((f"{name}: {clean(fact)}", QUIET))
    for paragraph in marked.paragraphs:
        screen.line()
        screen.line(*screen.marked(paragraph, table=_LINES))


def show_headlines(found: Iterable[Headline], total: int) -> None:
    """One line an article: number, date, source and title; then, as a message, how many there are in all."""
    screen = _screen()
    for each in found:
        source = f"{clean(each.source)}: " if each.source else ""
        screen.line((f"{each.id:>6}  {_day(each.published):<10}  {source}", QUIET), (clean(each.title), ""))
    say(f"{articles(total)} in all")


def show_saved(counts: Iterable[SavedCount]) -> None:
    """One line a saved search: name, how many articles it finds, how many are new, and what it asks for."""
    screen = _screen()
    shown = 0
    for each in counts:
        shown += 1
        new = f", {each.new.total:,} new" if each.new.total else ""
        found = each.fault or f"{articles(each.page.total)}{new}"
        screen.line((clean(each.saved.name), "bold"), (f": {clean(found)}", ""))
        for fact in (_asked(each.saved.request), *(message.text for message in each.page.messages)):
            screen.line((clean(fact), QUIET), indent=2)
    if not shown:
        say("No searches are saved; archive saved add NAME QUERY saves one")


def _asked(request: SearchRequest) -> str:
    """The query of a search, its filter and its sort."""
    wanted = request.filter
    facts = {
        "from": wanted.published_from,
        "to": wanted.published_to,
        "source": ", ".join(wanted.sources),
        "author": ", ".join(wanted.authors),
        "language": ", ".join(wanted.languages),
        "tag": ", ".join(wanted.tags),
        "sort": request.sort if request.sort is not Sort.RELEVANCE else "",
    }
    return " · ".join([request.query or "every article", *(f"{name}: {fact}" for name, fact in facts.items() if fact)])


def show_imports(accounts: Iterable[ImportAccount]) -> None:
    """An import in two lines: its number, when, how it stands and its counts; then what was imported."""
    screen = _screen()
    for each in accounts:
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in each.counts.items()) or "nothing"
        state = "" if each.state == "finished" else f" ({each.state})"
        screen.line((f"{each.id:>6}  {each.started:%Y-%m-%d %H:%M}  ", QUIET), (f"{counts}{state}", ""))
        screen.line((clean(" ".join(map(quote, json.loads(each.command)["paths"]))), QUIET), indent=8)


def show_import_item(item: ImportItem) -> None:
    """What became of one item, in a line."""
    article = f" {item.article}" if item.article else ""
    reason = f": {clean(item.reason)}" if item.reason else ""
    _screen().line((f"{item.outcome}{article}  ", QUIET), (f"{clean(str(item.origin))}{reason}", ""))


def import_summary(report: ImportReport, *, dry_run: bool = False) -> str:
    """What an import did, as a sentence."""
    done = "Would add" if dry_run else "Added"
    others = {
        "updated": report.updated,
        f"near-duplicate{'' if report.near_duplicates == 1 else 's'}": report.near_duplicates,
        f"duplicate{'' if report.duplicates == 1 else 's'}": report.duplicates,
        "skipped": report.skipped,
        "failed": report.failed,
    }
    counts = "".join(f", {count:,} {name}" for name, count in others.items() if count)
    rate = f" ({report.added / report.seconds:,.0f} a second)" if report.added >= 100 and report.seconds >= 1 else ""
    before = f" {report.resumed:,} items had been done when it was interrupted." if report.resumed else ""
    return f"{done} {articles(report.added)}{rate}{counts}, in {duration(report.seconds)}.{before}"


def skipped(report: ImportReport) -> list[str]:
    """Why items were skipped, a line a reason, the most frequent first."""
    reasons = Counter(item.reason for item in report.items if item.outcome is Outcome.SKIPPED)
    lines = [f"{count:,} skipped: {reason}" for reason, count in reasons.most_common(MAX_REASONS)]
    more = len(reasons) - len(lines)
    return [*lines, f"and for {more:,} more reasons; --report FILE names every item"] if more else lines


def show_index_status(status: IndexStatus) -> None:
    """How the index stands to the store."""
    behind = f", {status.behind:,} changes behind" if status.behind else ""
    _show_table(
        {
            "state": f"{status.state}{behind}",
            "reason": status.reason,
            "articles": f"{status.articles:,}",
            "last change": f"{status.sequence:,}",
            "size": size(status.bytes),
            "engine": status.engine,
        }
        | {f"article {number} refused": reason for number, reason in sorted(status.refused.items())}
    )


def show_stats(stats: StoreStats, index: IndexStatus) -> None:
    """What the archive holds."""
    dates = f"{stats.first_published} to {stats.last_published}" if stats.first_published else None
    _show_table(
        {
            "articles": f"{stats.articles:,}",
            "versions": f"{stats.versions:,}",
            "published": dates,
            "sources": _most(stats.sources),
            "languages": _most(stats.languages),
            "text": f"{stats.text_characters:,} characters",
            "originals": size(stats.original_bytes),
            "database": size(stats.database_bytes),
            "index": f"{size(index.bytes)}, {index.state}",
        }
    )


def _most(counts: Mapping[str, int], shown: int = 10) -> str | None:
    most = ", ".join(f"{value} {count:,}" for value, count in list(counts.items())[:shown])
    return f"{most} and {len(counts) - shown:,} more" if len(counts) > shown else most or None


def show_settings(settings: Settings) -> None:
    """Each setting with its value and where that came from."""
    values = {name: getattr(settings, name) for name in settings.origins}
    shown = {name: str(value).lower() if isinstance(value, bool) else value for name, value in values.items()}
    _show_table({name: f"{value}  ({settings.origins[name]})" for name, value in shown.items()})


def _show_table(rows: Mapping[str, str | None]) -> None:
    screen = _screen()
    width = max(map(len, rows))
    for name, value in rows.items():
        if value:
            screen.line((f"{name:<{width}}  ", QUIET), (clean(value), ""))
