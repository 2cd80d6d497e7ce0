"""The engines that are compared: each indexes the same articles and answers the same queries with ten snippets."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from archive.types import ArticleFilter, Changes, NewArticle, Origin, PublicationDate, SearchRequest, Sort
from benchmarks.queries import Query
from db.store import SqlStore
from index.query import parse
from index.search import Search
from index.whoosh_index import WhooshIndex

Record = dict[str, str]

Shown = tuple[str, str]
"""A title and a passage in HTML."""


class Engine(Protocol):
    """What the benchmark asks of an engine."""

    name: str

    def build(self, records: Sequence[Record]) -> None:
        """Index these articles; only this is timed. What only stores them is done before, when it is made."""

    def search(self, query: Query) -> object:
        """The ten best articles and the total."""

    def page(self, query: Query) -> list[Shown]:
        """The ten best articles with a passage of each."""

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
            url=record["url"] or None,
        )

    def build(self, records: Sequence[Record]) -> None:
        with self.index.rebuild() as fresh:
            for changes in self.changes:
                fresh.apply(changes)
        self.changes.clear()

    def _request(self, query: Query) -> SearchRequest:
        first, last = map(date.fromisoformat, query.dates) if query.dates else (None, None)
        return SearchRequest(
            query=to_text(query),
            filter=ArticleFilter(published_from=first, published_to=last),
            sort=Sort.NEWEST if query.newest else Sort.RELEVANCE,
            page_size=10,
            passages=1,
            facets=False,
        )

    def search(self, query: Query) -> object:
        request = self._request(query)
        with self.index._open() as snapshot:  # noqa: SLF001  # the search without the page has no public name
            return Search(snapshot, request, parse(request.query)).best()

    def page(self, query: Query) -> list[Shown]:
        return [(hit.title.text, hit.snippets[0].text) for hit in self.index.search(self._request(query)).hits]

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
        self.connection.execute("CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT, body TEXT, day TEXT)")
        self.connection.executemany(
            "INSERT INTO article VALUES (?, ?, ?, ?)",
            ((number, r["title"], r["body"], r["date"][:10]) for number, r in enumerate(records, 1)),
        )
        self.connection.execute("CREATE INDEX article_day ON article (day)")
        self.connection.commit()
        self.before = self.path.stat().st_size

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

    def _run(self, query: Query, columns: str) -> list[tuple[str, ...]]:
        source, values = self._from(query)
        order = "a.day DESC" if query.newest else "bm25(fts, 2.0, 1.0)"
        # which ten are found first, so that no snippet is made of any other
        inner = f"SELECT a.id AS id {source} ORDER BY {order} LIMIT 10"
        if columns == "a.id":
            return self.connection.execute(inner, values).fetchall()
        if query.newest:
            statement = (
                f"SELECT {columns} FROM fts JOIN article a ON a.id = fts.rowid WHERE fts MATCH ?"
                f" AND fts.rowid IN ({inner}) ORDER BY a.day DESC"
            )
            return self.connection.execute(statement, (values[0], *values)).fetchall()
        return self.connection.execute(f"SELECT {columns} {source} ORDER BY {order} LIMIT 10", values).fetchall()

    def search(self, query: Query) -> object:
        return self._run(query, "a.id")

    def page(self, query: Query) -> list[Shown]:
        rows = self._run(query, "a.title, snippet(fts, 1, '<b>', '</b>', '…', 40)")
        return [(row[0], row[1]) for row in rows]

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
        schema.add_date_field("day", stored=True, indexed=True, fast=True)
        self.schema = schema.build()
        self.index = tantivy.Index(self.schema, path=str(self.folder))

    def build(self, records: Sequence[Record]) -> None:
        writer = self.index.writer(num_threads=1)
        for record in records:
            when = datetime.fromisoformat(record["date"]) if record["date"] else datetime(1970, 1, 1, tzinfo=UTC)
            when = when if when.tzinfo else when.replace(tzinfo=UTC)
            writer.add_document(self.tantivy.Document(title=record["title"], body=record["body"], day=when))
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

    def _search(self, query: Query) -> tuple[object, object]:
        parsed = self._parse(query)
        options = {"order_by_field": "day"} if query.newest else {}
        return parsed, self.searcher.search(parsed, 10, **options)

    def search(self, query: Query) -> object:
        return self._search(query)

    def page(self, query: Query) -> list[Shown]:
        parsed, found = self._search(query)
        generator = self.tantivy.SnippetGenerator.create(self.searcher, parsed, self.schema, "body")
        shown = []
        for _, address in found.hits:  # type: ignore[attr-defined]
            document = self.searcher.doc(address)
            shown.append((document["title"][0], generator.snippet_from_doc(document).to_html()))
        return shown

    def count(self, query: Query) -> int:
        return int(self._search(query)[1].count)  # type: ignore[attr-defined]

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
