"""A query explains itself: what each part finds, what was likely meant, and what to ask instead."""

from collections.abc import Iterator

import pytest

from archive.types import ArticleFilter, NewArticle, Origin, SearchPage, SearchRequest
from db.store import SqlStore
from index.whoosh_index import WhooshIndex

TEXTS = [
    *(f"The government of the border region spoke about security, time {n}." for n in range(60)),
    *(f"Israel and Iraq talked of water and the dam, time {n}." for n in range(50)),
    "A goverment was misspelt here, and Turkiye was not.",
    "Border security is a matter of state.",
    "The security of every border matters.",
    "A boarder paid his rent.",
    "Kirkuk, and the oil of Kirkuk.",
    "Erdoğan said so, said Erdoğan.",
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhooshIndex]:
    folder = tmp_path_factory.mktemp("explain")
    store = SqlStore(folder / "archive.db")
    index = WhooshIndex(folder / "index", store, store.database_id)
    with index.rebuild():
        pass
    for at in range(0, len(TEXTS), 40):
        last = store.last_sequence()
        store.add(
            [
                NewArticle(title=f"T{at + n}", body=body, origin=Origin("x", "text"), language="en", source=f"S{n % 2}")
                for n, body in enumerate(TEXTS[at : at + 40])
            ]
        )
        index.apply(store.changes_since(last, 1_000))
    yield index
    index.close()
    store.close()


def ask(index: WhooshIndex, query: str, **options: object) -> SearchPage:
    return index.search(SearchRequest(query=query, **options))  # type: ignore[arg-type]


QUERIES = [
    "border security",
    "border security xyzzy",
    "border OR water OR xyzzy",
    "security -iraq",
    '"border security" government',
    "border NEAR/3 security",
    "ATLEAST2 kirkuk",
    "(border OR dam) (iraq OR state)",
    "title:T1 israel",
    "gover* security",
    "goverment~1 border",
    "counter terrorism",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("filter", [ArticleFilter(), ArticleFilter(sources=("S1",))], ids=["all", "filtered"])
def test_the_count_of_each_part_is_what_it_finds_by_itself(
    index: WhooshIndex, query: str, filter: ArticleFilter
) -> None:
    page = ask(index, query, filter=filter)
    assert page.parts
    for part in page.parts:
        alone = ask(index, part.text, filter=filter)
        assert part.count == (0 if alone.relaxed else alone.total), part
        assert part.start is not None
        assert part.end is not None
        assert 0 <= part.start < part.end <= len(query)


@pytest.mark.parametrize("query", ["border", '"border security"', "bor*", "", "*"])
def test_a_query_of_one_part_has_no_parts(index: WhooshIndex, query: str) -> None:
    assert ask(index, query).parts == ()


@pytest.mark.parametrize("query", [*QUERIES, '"security border"', '"boarder secuirty" state', "isreal date:1905"])
def test_each_alternative_finds_what_it_says(index: WhooshIndex, query: str) -> None:
    for alternative in ask(index, query).alternatives:
        assert alternative.count == ask(index, alternative.query).total > 0
        assert alternative.query != query


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("goverment", "government"),
        ("Isreal", "israel"),
        ("kirkukk oil", "kirkuk oil"),
        ("border secuirty", "border security"),
        ('"border secuirty"', '"border security"'),
        ("bordre NEAR/3 security", "border NEAR/3 security"),
        ("erdogn", "erdogan"),
        ("title:x OR isreal", "title:x OR israel"),
        ("government", None),
        ("xyzzyq", None),
        ("7500", None),
        ("kirkuk", None),
        ("isreal*", None),
    ],
)
def test_what_was_likely_meant(index: WhooshIndex, query: str, meant: str | None) -> None:
    assert ask(index, query).suggestion == meant


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("border xyzzyq", ["without xyzzyq"]),
        ("border security xyzzyq zyxxy", ["without xyzzyq and zyxxy"]),
        ("kirkuk dam", ["without kirkuk", "without dam"]),
        ('"security border"', ["in any form, order and place"]),
        ("kirkuk PRE/1 oil", ["in any form, order and place"]),
        ("ATLEAST9 kirkuk", ["in any form, order and place"]),
        ("ALLCAPS(kirkuk)", ["in any form, order and place"]),
        ("title:kirkuk", ["in any form, order and place"]),
        ("border date:1905", ["without date:1905-01-01..1905-12-31"]),
    ],
)
def test_ways_out_when_nothing_is_found(index: WhooshIndex, query: str, changes: list[str]) -> None:
    assert [each.change for each in ask(index, query).alternatives] == changes


@pytest.mark.parametrize(
    "query",
    [
        '"NOT -border kirkuk*"',
        '"kirkuk: dam" border',
        '"border (or) xyzzyq"',
        "kirkuk dam",
        'border "title:oil dam"',
        "“ NOT -b k*",
    ],
)
def test_every_number_is_what_the_link_beside_it_finds(index: WhooshIndex, query: str) -> None:
    page = ask(index, query)
    links = [(each.query, each.count) for each in page.alternatives] + [(each.text, each.count) for each in page.parts]
    for text, count in links:
        found = ask(index, text, explain=False)
        assert (0 if found.relaxed else found.total) == count, text


def test_what_is_not_asked_for_is_not_explained(index: WhooshIndex) -> None:
    page = ask(index, "border xyzzyq", explain=False)
    assert (page.parts, page.alternatives, page.suggestion) == ((), (), None)


@pytest.mark.parametrize(
    "query",
    [
        "kirkuk NEAR/3 dam",
        "xyzzyq NEAR/3 dam",
        "ATLEAST9 kirkuk",
        "kirkuk /P dam",
        "kirkuk dam date:1905",
        '"dam oil"~3',
    ],
)
def test_nothing_found_is_never_left_unexplained(index: WhooshIndex, query: str) -> None:
    page = ask(index, query, explain=False)
    assert page.total == 0 or page.relaxed
    assert page.messages
