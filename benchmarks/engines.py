"""The engines that are compared: each indexes the same articles and answers the same queries with ten snippets."""

import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from archive.normalise import clean_url
from archive.types import ArticleFilter, Changes, NewArticle, Origin, PublicationDate, SearchRequest, Sort
from benchmarks.queries import Query
from db.store import SqlStore
from index.query import parse
from index.search import Search
from index.whoosh_index import WhooshIndex

Record = dict[str, str]


class Shown(NamedTuple):
    """What a page shows of an article."""

    number: int
    title: str
    passage: str
    source: str
    author: str
    language: str
    day: str


Counts = dict[str, list[tuple[str, int]]]
"""How many of what was found have which source, author, language and year; the total is under its own name."""

FACETS = ("source", "author", "lang", "year")
MOST = 50


class Engine(Protocol):
    """What the benchmark asks of an engine."""

    name: str

    def reset(self) -> None:
        """Make an empty index. What only stores the articles is done before, when the engine is made."""

    def build(self, records: Sequence[Record]) -> None:
        """Index these articles; only this is timed."""

    def search(self, query: Query) -> object:
        """The ten best articles and the total."""

    def page(self, query: Query, count: int = 10) -> list[Shown]:
        """The best articles with a passage of each."""

    def facets(self, query: Query) -> Counts:
        """What a page counts beside the articles that it shows, the most frequent values of each facet."""

    def count(self, query: Query) -> int:
        """How many articles match."""

    def size(self) -> int:
        """Bytes of the index on disk."""


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())


def to_text(query: Query) -> str:
    """A query in the archive's language."""
    words = query.words
    return {
        "and": " ".join(words),
        "or": " OR ".join(words),
        "phrase": f'"{" ".join(words)}"',
        "bool": f"{words[0]} AND ({' OR '.join(words[1:3])}) NOT {words[-1]}",
        "prefix": f"{words[0]}*",
    }[query.kind]


class Ours:
    """The archive: SQLite store, Whoosh index. The store is filled before the clock starts."""

    name = "archive"

    def __init__(self, folder: Path, records: Sequence[Record]) -> None:
        self.store = SqlStore(folder / "archive.db")
        for start in range(0, len(records), 250):
            self.store.add([self._article(record) for record in records[start : start + 250]])
        self.changes: list[Changes] = []
        last = 0
        while (changes := self.store.changes_since(last, 5_000)).articles:
            self.changes.append(changes)
            last = changes.sequence
        self.folder = folder / "index"
        self.reset()

    def reset(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.index = WhooshIndex(self.folder, self.store, self.store.database_id)

    def _article(self, record: Record) -> NewArticle:
        return NewArticle(
            title=record["title"],
            body=record["body"],
            origin=Origin("bench", "jsonl", record["key"]),
            published=PublicationDate.parse(record["date"]) if record["date"] else None,
            language=record["lang"] or None,
            source=record["source"] or None,
            authors=(record["author"],) if record["author"] else (),
            url=clean_url(record["url"]) if record["url"] else None,
        )

    def build(self, records: Sequence[Record]) -> None:
        with self.index.rebuild() as fresh:
            for changes in self.changes:
                fresh.apply(changes)

    def _request(self, query: Query) -> SearchRequest:
        first, last = map(date.fromisoformat, query.dates) if query.dates else (None, None)
        return SearchRequest(
            query=to_text(query),
            filter=ArticleFilter(published_from=first, published_to=last),
            sort=Sort.NEWEST if query.newest else Sort.RELEVANCE,
            page_size=10,
            passages=1,
            facets=False,
            explain=False,
        )

    def search(self, query: Query) -> object:
        request = self._request(query)
        with self.index._open() as snapshot:  # noqa: SLF001  # the search without the page has no public name
            return Search(snapshot, request, parse(request.query)).best()

    def page(self, query: Query, count: int = 10) -> list[Shown]:
        hits = self.index.search(replace(self._request(query), page_size=count)).hits
        return [Shown(hit.headline.id, hit.title.text, hit.snippets[0].text, "", "", "", "") for hit in hits]

    def facets(self, query: Query) -> Counts:
        facets = self.index.search(replace(self._request(query), page_size=1, facets=True)).facets
        return {field: [(each.value, each.count) for each in values] for field, values in facets.items()}

    def count(self, query: Query) -> int:
        found = self.index.search(self._request(query))
        return 0 if found.relaxed else found.total

    def size(self) -> int:
        return _size(self.folder)


class Fts5:
    """SQLite FTS5 with porter stemming over an external content table, bm25() and snippet()."""

    name = "FTS5"

    def __init__(self, folder: Path, records: Sequence[Record]) -> None:
        self.path = folder / "fts5.db"
        self.connection = sqlite3.connect(self.path, check_same_thread=False)
        self.connection.execute(
            "CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT, source TEXT, author TEXT, lang TEXT, day TEXT,"
            " body TEXT)"
        )
        self.connection.executemany(
            "INSERT INTO article VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (number, r["title"], r["source"], r["author"], r["lang"], r["date"][:10], r["body"])
                for number, r in enumerate(records, 1)
            ),
        )
        self.connection.execute("CREATE INDEX article_day ON article (day)")
        self.connection.commit()
        self.before = self.path.stat().st_size

    def reset(self) -> None:
        self.connection.execute("DROP TABLE IF EXISTS fts")
        self.connection.execute("VACUUM")

    def build(self, records: Sequence[Record]) -> None:
        self.connection.execute(
            "CREATE VIRTUAL TABLE fts USING fts5"
            " (title, body, content=article, content_rowid=id, tokenize='porter unicode61')"
        )
        self.connection.execute("INSERT INTO fts (fts) VALUES ('rebuild')")
        self.connection.commit()

    def _from(self, query: Query) -> tuple[str, tuple[str, ...]]:
        words = [f'"{word}"' for word in query.words]
        match = {
            "and": " AND ".join(words),
            "or": " OR ".join(words),
            "phrase": f'"{" ".join(query.words)}"',
            "bool": f"({words[0]} AND ({' OR '.join(words[1:3])})) NOT {words[-1]}",
            "prefix": f"{words[0]} *",
        }[query.kind]
        within = "AND a.day BETWEEN ? AND ?" if query.dates else ""
        tables = "fts JOIN article a ON a.id = fts.rowid"
        return f"FROM {tables} WHERE fts MATCH ? {within}", (match, *(query.dates or ()))

    def _run(self, query: Query, columns: str, count: int = 10) -> list[tuple[Any, ...]]:
        source, values = self._from(query)
        order = "a.day DESC" if query.newest else "bm25(fts, 2.0, 1.0)"
        # which ten are found first, so that no snippet is made of any other
        inner = f"SELECT a.id AS id {source} ORDER BY {order} LIMIT {count}"
        if columns == "a.id":
            return self.connection.execute(inner, values).fetchall()
        if query.newest:
            statement = (
                f"SELECT {columns} FROM fts JOIN article a ON a.id = fts.rowid WHERE fts MATCH ?"
                f" AND fts.rowid IN ({inner}) ORDER BY a.day DESC"
            )
            return self.connection.execute(statement, (values[0], *values)).fetchall()
        return self.connection.execute(f"SELECT {columns} {source} ORDER BY {order} LIMIT {count}", values).fetchall()

    def search(self, query: Query) -> object:
        return self._run(query, "a.id")

    def page(self, query: Query, count: int = 10) -> list[Shown]:
        columns = "a.id, a.title, snippet(fts, 1, '<b>', '</b>', '…', 40), a.source, a.author, a.lang, a.day"
        return [Shown(*row) for row in self._run(query, columns, count)]

    def facets(self, query: Query) -> Counts:
        source, values = self._from(query)
        found = f"SELECT a.source AS source, a.author AS author, a.lang AS lang, substr(a.day, 1, 4) AS year {source}"
        counts = " UNION ALL ".join(
            f"SELECT * FROM (SELECT '{facet}', {facet}, count(*) AS n FROM found WHERE {facet} != ''"
            f" GROUP BY {facet} ORDER BY n DESC LIMIT {MOST})"
            for facet in FACETS
        )
        rows = self.connection.execute(
            f"WITH found AS MATERIALIZED ({found}) {counts} UNION ALL SELECT 'total', '', count(*) FROM found", values
        )
        facets: Counts = {}
        for facet, value, number in rows:
            facets.setdefault(facet, []).append((value, number))
        return facets

    def count(self, query: Query) -> int:
        source, values = self._from(query)
        return int(self.connection.execute(f"SELECT count(*) {source}", values).fetchone()[0])

    def size(self) -> int:
        return self.path.stat().st_size - self.before


class Tantivy:
    """tantivy with its English stemmer and snippet generator; it stores the texts in its index."""

    name = "tantivy"

    def __init__(self, folder: Path, records: Sequence[Record]) -> None:
        import tantivy

        self.tantivy = tantivy
        self.folder = folder / "tantivy"
        self.folder.mkdir()
        schema = tantivy.SchemaBuilder()
        for field in ("title", "body"):
            schema.add_text_field(field, stored=True, tokenizer_name="en_stem")
        for field in ("source", "author", "lang"):
            schema.add_text_field(field, stored=True, fast=True, tokenizer_name="raw", index_option="basic")
        schema.add_integer_field("year", fast=True)
        schema.add_integer_field("number", stored=True)
        schema.add_date_field("day", stored=True, indexed=True, fast=True)
        self.schema = schema.build()

    def reset(self) -> None:
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.index = self.tantivy.Index(self.schema, path=str(self.folder))

    def build(self, records: Sequence[Record]) -> None:
        writer = self.index.writer(num_threads=1)
        for number, record in enumerate(records, 1):
            when = datetime.fromisoformat(record["date"]) if record["date"] else datetime(1970, 1, 1, tzinfo=UTC)
            when = when if when.tzinfo else when.replace(tzinfo=UTC)
            names = {name: record[name] for name in ("title", "body", "source", "author", "lang") if record[name]}
            year = {"year": when.year} if record["date"] else {}
            writer.add_document(self.tantivy.Document(**names, **year, day=when, number=number))
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()
        self.searcher = self.index.searcher()

    def _parse(self, query: Query) -> object:
        words = query.words
        if query.kind == "prefix":
            return self.tantivy.Query.regex_query(self.schema, "body", f"{words[0]}.*")
        text = {
            "and": " AND ".join(words),
            "or": " OR ".join(words),
            "phrase": f'"{" ".join(words)}"',
            "bool": f"+{words[0]} +({' OR '.join(words[1:3])}) -{words[-1]}",
        }[query.kind]
        parsed = self.index.parse_query(text, ["title", "body"], field_boosts={"title": 2.0})
        if not query.dates:
            return parsed
        first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in query.dates)
        last = last.replace(hour=23, minute=59, second=59)
        days = self.tantivy.Query.range_query(self.schema, "day", self.tantivy.FieldType.Date, first, last)
        must = self.tantivy.Occur.Must
        return self.tantivy.Query.boolean_query([(must, parsed), (must, days)])

    def _search(self, query: Query, count: int = 10) -> tuple[object, Any]:
        parsed = self._parse(query)
        options = {"order_by_field": "day"} if query.newest else {}
        return parsed, self.searcher.search(parsed, count, **options)

    def search(self, query: Query) -> object:
        return self._search(query)

    def page(self, query: Query, count: int = 10) -> list[Shown]:
        parsed, found = self._search(query, count)
        generator = self.tantivy.SnippetGenerator.create(self.searcher, parsed, self.schema, "body")
        shown = []
        for _, address in found.hits:
            document = self.searcher.doc(address)
            title, source, author, language = (
                document.get_first(name) or "" for name in ("title", "source", "author", "lang")
            )
            passage = generator.snippet_from_doc(document).to_html()
            day = document.get_first("day").date().isoformat()
            shown.append(Shown(document.get_first("number"), title, passage, source, author, language, day))
        return shown

    def facets(self, query: Query) -> Counts:
        terms = {facet: {"terms": {"field": facet, "size": MOST}} for facet in FACETS}
        found = self.searcher.aggregate(self._parse(query), terms)
        facets = {
            name: [(str(each["key"]).removesuffix(".0"), each["doc_count"]) for each in found[name]["buckets"]]
            for name in FACETS
        }
        return {**facets, "total": [("", self.count(query))]}

    def count(self, query: Query) -> int:
        return int(self._search(query)[1].count)

    def size(self) -> int:
        return _size(self.folder)


def stock_whoosh_rate(folder: Path, records: Sequence[Record]) -> float:
    """Articles a second that Whoosh's own writer indexes, with its stemming analyzer and positions."""
    from time import perf_counter

    from whoosh import fields, index
    from whoosh.analysis import StemmingAnalyzer

    schema = fields.Schema(title=fields.TEXT(StemmingAnalyzer()), body=fields.TEXT(StemmingAnalyzer()))
    folder.mkdir()
    writer = index.create_in(str(folder), schema).writer(limitmb=256)
    started = perf_counter()
    for record in records:
        writer.add_document(title=record["title"], body=record["body"])
    writer.commit()
    return len(records) / (perf_counter() - started)
