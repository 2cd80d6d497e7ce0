"""What finds what, and what is marked: every row of matching.md, which anyone can read and add to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive.types import (
    MarkedText,
    NewArticle,
    Origin,
    PublicationDate,
    SearchRequest,
)
from db.store import SqlStore
from index.whoosh_index import WhooshIndex

TABLE = (Path(__file__).parent / "matching.md").read_text(encoding="utf-8")
NO_TITLE = "—"
END = "xxyyzz"


@dataclass(frozen=True)
class Row:
    found: bool
    query: str
    written: str
    language: str

    @property
    def known(self) -> dict[str, str]:
        """What is known of the article."""
        return dict(re.findall(r"\{(\w+): ([^}]*)\}", self.written))

    @property
    def marked(self) -> tuple[str, str]:
        """The title and the text, with brackets around what is marked."""
        text = re.sub(r"\{.*?\} ", "", self.written)
        title, _, body = text.rpartition(" // ")
        return title or NO_TITLE, body.replace(" ¶ ", "\n\n")


def rows() -> Iterator[Row]:
    language = ""
    for line in TABLE.splitlines():
        if heading := re.match(r"## .*\((\w\w)\)", line):
            language = heading[1]
        if row := re.fullmatch(r"\| ([✓✗]) \| (.+?)(?<!\\) \| (.+) \|", line):
            yield Row(row[1] == "✓", row[2].replace("\\|", "|"), row[3], language)


ROWS = list(rows())


def without_brackets(text: str) -> str:
    return re.sub(r"[\[\]]", "", text)


def article(number: int, row: Row) -> NewArticle:
    """An article that differs from all others, so that the store keeps each."""
    title, body = map(without_brackets, row.marked)
    known = row.known
    return NewArticle(
        title=title,
        body=f"{body}\n\n{END}{number}",
        origin=Origin(row.written, "text"),
        language=row.language,
        authors=(known["author"],) if "author" in known else (),
        source=known.get("source"),
        tags=(known["tag"],) if "tag" in known else (),
        url=known.get("url"),
        published=PublicationDate.parse(known["date"]) if "date" in known else None,
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WhooshIndex, SqlStore, dict[Row, int]]]:
    """All articles of the table in one archive, in two segments."""
    folder = tmp_path_factory.mktemp("matching")
    store = SqlStore(folder / "archive.db")
    numbers: dict[Row, int] = {}
    index = WhooshIndex(folder / "index", store, store.database_id)
    with index.rebuild():
        pass
    for half in (ROWS[::2], ROWS[1::2]):
        last = store.last_sequence()
        for row, item in zip(half, store.add([article(ROWS.index(row), row) for row in half]), strict=True):
            assert item.article is not None, item
            numbers[row] = item.article
        index.apply(store.changes_since(last, 10_000))
    yield index, store, numbers
    index.close()
    store.close()


def brackets(text: MarkedText) -> str:
    shown, done = "", 0
    for start, end in text.marks:
        shown += f"{text.text[done:start]}[{text.text[start:end]}]"
        done = end
    return shown + text.text[done:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.query} | {row.written}")
def test_a_row_of_the_table(archive: tuple[WhooshIndex, SqlStore, dict[Row, int]], row: Row) -> None:
    index, store, numbers = archive
    page = index.search(SearchRequest(query=row.query, page_size=len(ROWS)))
    hits = {} if page.relaxed else {hit.headline.id: hit for hit in page.hits}
    assert (numbers[row] in hits) is row.found, page.messages
    if row.found:
        marked = index.mark(store.get(numbers[row]), row.query)
        *paragraphs, end = map(brackets, marked.paragraphs)
        assert (brackets(marked.title), "\n\n".join(paragraphs)) == row.marked
        assert end.startswith(END)
        title, body = row.marked
        hit = hits[numbers[row]]
        assert brackets(hit.title) == title
        (snippet,) = hit.snippets or (MarkedText(""),)
        assert "[" not in body or "[" in brackets(snippet)


def test_the_table_is_large() -> None:
    assert len(ROWS) >= 300
    assert len({row.language for row in ROWS}) >= 10
    assert sum(row.found for row in ROWS) < 0.8 * len(ROWS)
