"""The JSON that leaves the archive: what `--json` prints and what the web API answers are made here and nowhere else.

Key order is part of it. `marks` are [start, end) offsets in Unicode code points of the text beside them; a paragraph's
number counts from 1; dates are ISO 8601, instants of the archive itself are UTC.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import IO

from archive.settings import Settings
from archive.types import (
    Article,
    Check,
    Concordance,
    Difference,
    Edited,
    FacetField,
    Feed,
    FeedUpdate,
    Headline,
    Hit,
    ImportAccount,
    ImportItem,
    ImportReport,
    IndexStatus,
    Line,
    MarkedArticle,
    MarkedText,
    Message,
    Outcome,
    Piece,
    Renewed,
    RenewedReport,
    SavedCount,
    SavedSearch,
    SearchPage,
    Snippet,
    Span,
    StoreStats,
    Suggestion,
    Version,
)

JsonObject = dict[str, object]


def search_page(page: SearchPage) -> JsonObject:
    """The answer to a search."""
    return {
        "query": page.request.query,
        "understood": page.understood,
        "messages": messages(page.messages),
        "suggestion": page.suggestion,
        "relaxed": page.relaxed,
        "total": page.total,
        "collapsed": page.collapsed,
        "page": page.request.page,
        "pages": page.pages,
        "took_ms": round(page.seconds * 1000, 1),
        "hits": [_hit(hit) for hit in page.hits],
        "facets": {
            field.value: [{"value": each.value, "count": each.count} for each in page.facets.get(field, ())]
            for field in FacetField
        },
        "timeline": [{"start": bucket.start.isoformat(), "count": bucket.count} for bucket in page.timeline],
        "parts": [asdict(part) for part in page.parts],
        "alternatives": [asdict(alternative) for alternative in page.alternatives],
        "expansions": [asdict(expansion) for expansion in page.expansions],
    }


def concordance(found: Concordance) -> JsonObject:
    """The matches of a search, a line each; `start` and `end` are the match's place in its paragraph."""
    return {
        "query": found.request.query,
        "understood": found.understood,
        "messages": messages(found.messages),
        "order": found.order.value,
        "articles": found.articles,
        "total": found.total,
        "page": found.request.page,
        "pages": found.pages,
        "took_ms": round(found.seconds * 1000, 1),
        "lines": [_line(line) for line in found.lines],
    }


def _line(line: Line) -> JsonObject:
    start, end = line.span
    place = {"paragraph": line.paragraph, "start": start, "end": end}
    return {**_described(line.headline), **place, "left": line.left, "match": line.match, "right": line.right}


def concordance_table(found: Concordance) -> Iterator[str]:
    """The same lines as CSV, a row each, below a row with the names of the columns."""
    yield csv_row(("article", "paragraph", "left", "match", "right", "title", "source", "published", "url"))
    for line in found.lines:
        about = line.headline
        sides = (line.left.strip(), line.match, line.right.strip())
        yield csv_row((about.id, line.paragraph, *sides, about.title, about.source, about.published, about.url))


def csv_row(values: Iterable[object]) -> str:
    """A row of a CSV table, whose cells no spreadsheet takes for formulas."""
    row = io.StringIO()
    csv.writer(row, lineterminator="\n").writerow([inert("" if each is None else str(each)) for each in values])
    return row.getvalue()


def similar(hits: Iterable[Hit]) -> JsonObject:
    """The articles closest to one, or to a text."""
    return {"hits": [_hit(hit) for hit in hits]}


def saved_search(saved: SavedSearch) -> JsonObject:
    """A saved search."""
    return {
        "name": saved.name,
        "query": saved.request.query,
        **{_FILTER_NAMES[name]: _plain(value) for name, value in asdict(saved.request.filter).items()},
        "sort": saved.request.sort.value,
        "created": saved.created.isoformat(),
        "last_run": saved.last_run.isoformat() if saved.last_run else None,
    }


_FILTER_NAMES = {
    "published_from": "from",
    "published_to": "to",
    "sources": "source",
    "authors": "author",
    "languages": "language",
    "tags": "tag",
}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else str(value) if value else None


def saved_count(count: SavedCount) -> JsonObject:
    """A saved search, how many articles it finds, how many of them are new, and what is to be known of that."""
    return {
        **saved_search(count.saved),
        "total": count.page.total,
        "new": count.new.total,
        "relaxed": count.page.relaxed,
        "messages": messages(count.page.messages),
        "fault": count.fault,
    }


def feed(feed: Feed) -> JsonObject:
    """A feed that is followed."""
    return {
        "id": feed.id,
        "url": feed.url,
        "title": feed.title,
        "source": feed.source,
        "language": feed.language,
        "tags": list(feed.tags),
        **{name: _instant(getattr(feed, name)) for name in ("added", "checked", "changed", "wait_until")},
        "error": feed.error,
        "failures": feed.failures,
    }


def feed_update(update: FeedUpdate) -> JsonObject:
    """What a look at a feed gave; `import` is the account of what was new, null where it had not changed."""
    return {
        **feed(update.feed),
        "moved": update.moved,
        "waiting": update.waiting,
        "error": update.error,
        "import": report(update.report) if update.report else None,
    }


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def suggestions(typed: str, found: Iterable[Suggestion]) -> JsonObject:
    """Ways to go on with the beginning of a query."""
    return {"query": typed, "suggestions": [asdict(suggestion) for suggestion in found]}


def article(article: Article, marked: MarkedArticle | None, versions: Iterable[Version]) -> JsonObject:
    """An article with its text and its history, newest version first; without `marked` nothing is marked."""
    if marked is None:
        marked = MarkedArticle(MarkedText(article.title), tuple(MarkedText(text) for text in article.paragraphs))
    return {
        **_described(article, marked.title),
        "versions": article.versions,
        "version": article.version,
        "section": article.section,
        "summary": article.summary,
        "dated_by": article.dated_by.value if article.dated_by else None,
        "paragraphs": [{"text": each.text, "marks": _marks(each.marks)} for each in marked.paragraphs],
        "origin": str(article.origin),
        "added": article.added.isoformat(),
        "changed": article.changed.isoformat(),
        "history": [
            {"version": each.number, "title": each.title, "added": each.added.isoformat()} for each in versions
        ],
    }


def difference(found: Difference) -> JsonObject:
    """How one article differs from another: pieces that are the same, deleted or inserted."""
    return {
        "one": {**_described(found.one), "version": found.one.version},
        "other": {**_described(found.other), "version": found.other.version},
        "title": _pieces(found.title),
        "paragraphs": [_pieces(pieces) for pieces in found.paragraphs],
    }


def _pieces(pieces: Iterable[Piece]) -> list[JsonObject]:
    return [{"kind": piece.kind.value, "text": piece.text} for piece in pieces]


def record(article: Article) -> JsonObject:
    """An article as it is exported: `archive import` reads it again, with the same paragraphs."""
    return {
        **_described(article),
        "section": article.section,
        "summary": article.summary,
        "dated_by": article.dated_by.value if article.dated_by else None,
        "body": list(article.paragraphs),
        "versions": article.versions,
        "origin": str(article.origin),
        "added": article.added.isoformat(),
        "changed": article.changed.isoformat(),
    }


def edited(done: Edited) -> JsonObject:
    """An article after an edit, as it is exported; what changed, and all that a person has ever set."""
    return {"article": record(done.article), "changed": _names(done.changed), "edited": _names(done.edited)}


def renewed(report: RenewedReport) -> JsonObject:
    """The account of reading originals again; the items are whatever was updated or failed."""
    return {
        **{outcome.value.replace(" ", "_"): report.counts[outcome] for outcome in Renewed},
        "seconds": round(report.seconds, 3),
        "items": [
            {
                "article": item.article,
                "origin": str(item.origin) if item.origin else None,
                "outcome": item.outcome.value,
                "reason": item.reason,
            }
            for item in report.items
        ],
    }


def checks(found: Iterable[Check]) -> JsonObject:
    """What was looked at, and what is wrong; `remedy` says what to do where anything is."""
    told = [
        {
            "name": each.name,
            "ok": not each.faults,
            "faults": list(each.faults),
            "remedy": each.remedy if each.faults else None,
        }
        for each in found
    ]
    return {"ok": all(each["ok"] for each in told), "checks": told}


def _names(fields: Iterable[str]) -> list[str]:
    """Fields as they are called everywhere else."""
    return ["text" if name == "body" else name for name in fields]


COLUMNS = ("id", "title", "authors", "source", "published", "language", "section", "tags", "url", "summary", "text")
"""The columns of an exported table."""


def row(article: Article) -> list[object]:
    """An article as a row of a table; several values of one field are parted by semicolons."""
    values = _described(article)
    values |= {"authors": "; ".join(article.authors), "tags": "; ".join(article.tags)}
    values |= {"section": article.section, "summary": article.summary, "text": article.body}
    return [values[name] for name in COLUMNS]


def headline(headline: Headline) -> JsonObject:
    """An article without its text."""
    return {**_described(headline), "versions": headline.versions}


def headlines(found: Sequence[Headline], *, total: int, page: int, page_size: int) -> JsonObject:
    """One page of a list of articles."""
    return {
        "total": total,
        "page": page,
        "pages": -(-total // page_size),
        "articles": [headline(each) for each in found],
    }


def import_item(item: ImportItem) -> JsonObject:
    """What became of one item of an import: a line of `--report`."""
    return {
        "origin": str(item.origin),
        "outcome": item.outcome.value,
        "article": item.article,
        "reason": item.reason,
    }


def item_writer(stream: IO[str]) -> Callable[[ImportItem], None]:
    """Writes each item it is given to a report file: CSV where the file's name ends so, else JSON lines."""
    if not stream.name.lower().endswith(".csv"):
        return lambda item: print(json.dumps(import_item(item), ensure_ascii=False), file=stream)
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["origin", "outcome", "article", "reason"])
    return lambda item: table.writerow([inert(value) for value in import_item(item).values()])


_FORMULA = re.compile(r"[\t\r\n]|[\s'\"]*[=+\-@＝＋－＠]")
"""How a text begins that a spreadsheet may take for a formula, with what it leaves out before."""


def inert(value: object) -> object:
    """The value as a cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def report(report: ImportReport) -> JsonObject:
    """The account of an import."""
    return {
        "added": report.added,
        "updated": report.updated,
        "duplicates": report.duplicates,
        "near_duplicates": report.near_duplicates,
        "skipped": report.skipped,
        "failed": report.failed,
        "seconds": round(report.seconds, 3),
        "items": [import_item(item) for item in report.items],
        "import": report.id,
        "resumed": report.resumed,
    }


def import_account(account: ImportAccount) -> JsonObject:
    """An import that the store remembers; `state` is running, finished or interrupted."""
    return {
        "import": account.id,
        "state": account.state,
        "started": account.started.isoformat(),
        "ended": account.ended.isoformat() if account.ended else None,
        **{_COUNTS[outcome]: account.counts.get(outcome, 0) for outcome in Outcome},
        **json.loads(account.command),
    }


_COUNTS = {outcome: outcome.value for outcome in Outcome} | {
    Outcome.DUPLICATE: "duplicates",
    Outcome.NEAR_DUPLICATE: "near_duplicates",
}


def index_status(status: IndexStatus) -> JsonObject:
    """How the index stands to the store; `refused` are articles that could not be indexed."""
    return {
        "state": status.state.value,
        "reason": status.reason,
        "articles": status.articles,
        "sequence": status.sequence,
        "behind": status.behind,
        "bytes": status.bytes,
        "engine": status.engine,
        "refused": [{"article": number, "reason": reason} for number, reason in sorted(status.refused.items())],
    }


def stats(stats: StoreStats, index: IndexStatus) -> JsonObject:
    """What the archive holds; sizes in bytes."""
    return {**asdict(stats), "index_bytes": index.bytes}


def settings(settings: Settings) -> JsonObject:
    """Each setting with its value and where that came from."""
    return {
        name: {"value": value if isinstance(value := getattr(settings, name), int) else str(value), "origin": origin}
        for name, origin in settings.origins.items()
    }


def _described(headline: Headline, title: MarkedText | None = None) -> JsonObject:
    """What is said of an article wherever it is named; with its title's marks where there was a query."""
    return {
        "id": headline.id,
        "title": headline.title,
        **({"title_marks": _marks(title.marks)} if title else {}),
        "url": headline.url,
        "source": headline.source,
        "authors": list(headline.authors),
        "published": str(headline.published) if headline.published else None,
        "language": headline.language,
        "tags": list(headline.tags),
    }


def _hit(hit: Hit) -> JsonObject:
    return {
        **_described(hit.headline, hit.title),
        "score": round(hit.score, 4),
        "versions": hit.headline.versions,
        "near_duplicates": list(hit.near_duplicates),
        "snippets": [_snippet(snippet) for snippet in hit.snippets],
    }


def _snippet(snippet: Snippet) -> JsonObject:
    return {"text": snippet.text, "marks": _marks(snippet.marks), "paragraph": snippet.paragraph}


def messages(found: Iterable[Message]) -> list[JsonObject]:
    """What a reader should know about the query."""
    return [{"kind": each.kind.value, "text": each.text, "start": each.start, "end": each.end} for each in found]


def _marks(marks: Iterable[Span]) -> list[list[int]]:
    return [[start, end] for start, end in marks]
