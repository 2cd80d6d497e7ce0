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


class Engine(Protocol):
    """What the benchmark asks of an engine."""

    name: str

    def build(self, records: Sequence[Record]) -> None:
        """Index these articles; only this is timed. What only stores them is done before, in `prepare`."""

    def search(self, query: Query) -> object:
        """The ten best articles and the total."""

    def page(self, query: Query) -> int:
        """The ten best articles with their texts' snippets; how many articles matched."""

    def size(self) -> int:
        """Bytes of the index on disk."""


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())


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
        published = PublicationDate.parse(record["date"]) if record["date"] else None
        return NewArticle(
            title=record["title"],
            body=record["body"],
            origin=Origin("bench", "jsonl", record["key"]),
            published=published,
            language=record["lang"] or None,
            source=record["source"] or None,
            authors=(record["author"],) if record["author"] else (),
            url=record["url"] or None,
        )

    def build(self, records: Sequence[Record]) -> None:
        with self.index.rebuild() as fresh:
            for changes in self.changes:
                fresh.apply(changes)

    def _request(self, query: Query) -> SearchRequest:
        words = query.words
        text = {
            "and": " ".join(words),
            "or": " OR ".join(words),
            "phrase": f'"{" ".join(words)}"',
            "bool": f"{words[0]} AND ({' OR '.join(words[1:3])}) NOT {words[-1]}",
            "prefix": f"{words[0]}*",
        }[query.kind]
        first, last = map(date.fromisoformat, query.dates) if query.dates else (None, None)
        return SearchRequest(
            query=text,
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

    def page(self, query: Query) -> int:
        return self.index.search(self._request(query)).total

    def size(self) -> int:
        return _size(self.folder)


class Fts5:
    """SQLite FTS5 with porter stemming over an external content table, bm25() and snippet()."""

    name = "FTS5"

    def __init__(self, folder: Path, records: Sequence[Record]) -> None:
        self.path = folder / "fts5.db"
        self.connection = sqlite3.connect(self.path)
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

    def _run(self, query: Query, columns: str) -> list[tuple[object, ...]]:
        words = [f'"{word}"' for word in query.words]
        match = {
            "and": " AND ".join(words),
            "or": " OR ".join(words),
            "phrase": f'"{" ".join(query.words)}"',
            "bool": f"({words[0]} AND ({' OR '.join(words[1:3])})) NOT {words[-1]}",
            "prefix": f"{words[0]} *",
        }[query.kind]
        within = "AND a.day BETWEEN ? AND ?" if query.dates else ""
        order = "a.day DESC" if query.newest else "bm25(fts, 2.0, 1.0)"
        tables = "fts JOIN article a ON a.id = fts.rowid"
        statement = f"SELECT {columns} FROM {tables} WHERE fts MATCH ? {within} ORDER BY {order} LIMIT 10"
        return self.connection.execute(statement, (match, *(query.dates or ()))).fetchall()

    def search(self, query: Query) -> object:
        return self._run(query, "a.id")

    def page(self, query: Query) -> int:
        return len(self._run(query, "a.id, a.title, a.day, snippet(fts, 1, '<b>', '</b>', '…', 40)"))

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

    def page(self, query: Query) -> int:
        parsed, found = self._search(query)
        generator = self.tantivy.SnippetGenerator.create(self.searcher, parsed, self.schema, "body")
        for _, address in found.hits:  # type: ignore[attr-defined]
            document = self.searcher.doc(address)
            generator.snippet_from_doc(document).to_html()
        return int(found.count)  # type: ignore[attr-defined]

    def size(self) -> int:
        return _size(self.folder)
