"""Suggestions while typing: what the archive has, the commonest first, and each finds what it says."""

from collections.abc import Iterator

import pytest

from archive.types import NewArticle, Origin, SearchRequest, Suggestion
from db.store import SqlStore
from index.whoosh_index import WhooshIndex

ARTICLES = [
    *((f"Border talks, day {n}", "The border and the borders. Bordering.", "BBC News", "Ann Smith") for n in range(5)),
    ("Borrowed time", "He borrowed a book in Türkiye.", "Reuters", "Süleyman Soylu"),
    ("Elections in Iraq", "The elections, the election, and the elected.", 'The "Daily" Border', "Bo Li"),
    ("سلام", "العراق اليوم", None, None),
    ("北京", "我在北京工作。", None, None),
]  # fmt: skip


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhooshIndex]:
    folder = tmp_path_factory.mktemp("suggest")
    store = SqlStore(folder / "archive.db")
    index = WhooshIndex(folder / "index", store, store.database_id)
    with index.rebuild():
        pass
    for at in range(0, len(ARTICLES), 4):  # several segments
        last = store.last_sequence()
        store.add(
            [
                NewArticle(
                    title=title, body=body, source=source, authors=(author,) if author else (),
                    language="en" if title.isascii() else None, origin=Origin("x", "text"),
                )
                for title, body, source, author in ARTICLES[at : at + 4]
            ]
        )  # fmt: skip
        index.apply(store.changes_since(last, 100))
    yield index
    index.close()
    store.close()


def of_kind(found: tuple[Suggestion, ...], kind: str) -> list[str]:
    return [each.text for each in found if each.kind == kind]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("bor", ["border", "borrowed"]),
        ("BOR", ["border", "borrowed"]),
        ("borders", []),
        ("borde", ["border"]),
        ("iraq bor", ["border", "borrowed"]),
        ("(iraq OR bor", ["border", "borrowed"]),
        ('"war in bor', ["border", "borrowed"]),
        ("turk", ["turkiye"]),
        ("Türk", ["turkiye"]),
        ("elect", ["elections"]),
        ("العر", ["العراق"]),
        ("b", []),
        ("", []),
        ("border ", []),
        ("xyzzy", []),
        ("bor*", []),
        ("a:bor", []),
    ],
)
def test_words(index: WhooshIndex, typed: str, words: list[str]) -> None:
    assert of_kind(index.suggest(typed), "word")[: len(words) or None] == words


def test_the_query_goes_on_where_it_was(index: WhooshIndex) -> None:
    assert index.suggest("iraq -(bor")[0].query == "iraq -(border"


def test_titles_authors_and_sources(index: WhooshIndex) -> None:
    assert of_kind(index.suggest("border ta"), "title") == [f"Border talks, day {n}" for n in (4, 3, 2, 1)]
    assert of_kind(index.suggest("sulei soy"), "author") == ["Süleyman Soylu"]
    assert of_kind(index.suggest("new"), "source") == ["BBC News"]
    assert of_kind(index.suggest("dai"), "source") == ['The "Daily" Border']


@pytest.mark.parametrize("typed", ["smi", "bbc", "reu", "soyl", "dai", "border talks day", "elections iraq"])
def test_each_finds_as_many_as_it_says(index: WhooshIndex, typed: str) -> None:
    found = [each for each in index.suggest(typed) if each.kind != "word"]
    assert found
    for each in found:
        assert index.search(SearchRequest(query=each.query)).total == each.count


def test_a_long_text_gets_none(index: WhooshIndex) -> None:
    assert index.suggest("border " * 1_000 + "bor") == ()
