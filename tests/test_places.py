"""Where words stand near each other: the engine and the marks agree with a plain reading of the text."""

import re
from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.types import NewArticle, Origin, SearchRequest
from db.store import SqlStore
from index.spans import BODY, NONE, Spans, distinct, following, in_one_paragraph, near, often, together, union
from index.whoosh_index import WhooshIndex

keys = st.lists(st.integers(0, 30), max_size=8, unique=True).map(lambda found: np.array(sorted(found), dtype=np.int64))


def points(found: np.ndarray) -> Spans:
    return Spans(found, found)


def pairs(spans: Spans) -> set[tuple[int, int]]:
    return set(zip(spans.starts.tolist(), spans.ends.tolist(), strict=True))


@given(st.lists(st.integers(0, 2**62), max_size=12))
def test_distinct_keys_are_in_order_and_each_is_there_once(found: list[int]) -> None:
    for given_keys in (found, sorted(found), sorted(set(found)), found + found):
        assert distinct(np.array(given_keys, dtype=np.int64)).tolist() == sorted(set(given_keys))


@given(keys, keys, st.integers(1, 6), st.booleans())
def test_near_joins_each_with_the_nearest(left: np.ndarray, right: np.ndarray, words: int, ordered: bool) -> None:
    found = pairs(near(points(left), points(right), words, ordered=ordered))
    every = {(a, b) for a, b in product(left.tolist(), right.tolist()) if 0 < b - a <= words}
    if not ordered:
        every |= {(b, a) for a, b in product(left.tolist(), right.tolist()) if 0 < a - b <= words}
    assert found <= every
    assert bool(found) == bool(every)
    for word in {*left.tolist(), *right.tolist()}:  # whatever is near something is in a span
        assert any(word in pair for pair in found) == any(word in pair for pair in every)


@given(st.lists(keys, min_size=1, max_size=3))
def test_words_that_follow_each_other(parts: list[np.ndarray]) -> None:
    expected = {
        (start, start + len(parts) - 1)
        for start in parts[0].tolist()
        if all(start + at in part.tolist() for at, part in enumerate(parts))
    }
    assert pairs(following(parts)) == expected


@given(st.lists(st.integers(0, 3), max_size=14), st.lists(st.integers(0, 2), min_size=2, max_size=3), st.integers(0, 4))
def test_words_together_in_any_order(text: list[int], wanted: list[int], slop: int) -> None:
    parts = [np.flatnonzero(np.array(text, dtype=int) == word) for word in wanted]
    every = [
        (min(chosen), max(chosen))
        for chosen in product(*(part.tolist() for part in parts))
        if len(set(chosen)) == len(chosen) and max(chosen) - min(chosen) < len(parts) + slop
    ]
    found = pairs(together(parts, slop))
    assert found <= set(every)
    assert bool(found) == bool(every)


@given(keys, keys, keys)
def test_words_of_one_paragraph(left: np.ndarray, right: np.ndarray, breaks: np.ndarray) -> None:
    def paragraph(key: int) -> int:
        return sum(key >= each for each in breaks.tolist())

    def shares(key: int, others: np.ndarray) -> bool:
        return any(paragraph(key) == paragraph(other) and key != other for other in others.tolist())

    found = {start for start, _ in pairs(in_one_paragraph(points(left), points(right), breaks))}
    same = np.array_equal(left, right)
    expected = {key for key in left.tolist() if shares(key, right) or (not same and key in right.tolist())}
    expected |= {key for key in right.tolist() if shares(key, left) or (not same and key in left.tolist())}
    assert found == expected


def test_spans_of_several_documents() -> None:
    starts = np.array([(1 << 40) + BODY, (1 << 40) + BODY + 4, 3 << 40], dtype=np.int64)
    spans = Spans(starts, starts + 1)
    assert spans.documents().tolist() == [1, 3]
    assert pairs(often(spans, 2)) == pairs(spans.chosen(np.array([True, True, False])))
    assert len(union([spans, spans])) == 3
    assert len(union([NONE, NONE])) == 0


# --- in an archive ---------------------------------------------------------------------------------------------------

WORDS = ("red", "green", "blue", "white")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WhooshIndex, SqlStore, dict[int, str]]]:
    """Articles of four words, in several paragraphs, in two segments, some of them deleted."""
    folder = tmp_path_factory.mktemp("places")
    store = SqlStore(folder / "archive.db")
    index = WhooshIndex(folder / "index", store, store.database_id)
    with index.rebuild():
        pass
    draw = np.random.default_rng(5)
    texts: dict[int, str] = {}
    for half in range(2):
        last = store.last_sequence()
        articles = []
        for at in range(150):
            words = [WORDS[each] if each < 4 else f"w{draw.integers(50)}" for each in draw.integers(0, 12, 14)]
            breaks = sorted(draw.integers(1, 13, 2).tolist())
            title, paragraphs = words[:3], (words[3 : breaks[0]], words[breaks[0] : breaks[1]], words[breaks[1] :])
            body = "\n\n".join(" ".join(each) for each in paragraphs if each)
            articles.append(NewArticle(title=f"{' '.join(title)} t{half}x{at}", body=body, origin=Origin("x", "text")))
        numbers = [item.article for item in store.add(articles)]
        texts |= {
            number: f"{each.title}\0{each.body}" for number, each in zip(numbers, articles, strict=True) if number
        }
        index.apply(store.changes_since(last, 1_000))
    last = store.last_sequence()
    for number in store.delete(list(texts)[::7]):
        del texts[number]
    index.apply(store.changes_since(last, 1_000))
    yield index, store, texts
    index.close()
    store.close()


def places(text: str) -> list[tuple[str, int, int]]:
    """Each word with its position, which skips one at a new paragraph, and its paragraph."""
    found = []
    position = 0
    for number, paragraph in enumerate(text.split("\n\n")):
        for word in paragraph.split():
            found.append((word, position, number))
            position += 1
        position += 1
    return found


def is_near(text: str, one: str, other: str, words: int, ordered: bool) -> bool:
    here = places(text)
    for (a, at, _), (b, there, _) in product(here, here):
        if (a, b) == (one, other) and (0 < there - at <= words or (not ordered and 0 < at - there <= words)):
            return True
    return False


def in_paragraph(text: str, one: str, other: str) -> bool:
    here = places(text)
    return any((a, b) == (one, other) and p == q for (a, _, p), (b, _, q) in product(here, here))


def parts(text: str) -> list[str]:
    return text.split("\0")


def near_in(text: str, words: int, *, ordered: bool = False, one: str = "red") -> bool:
    return any(is_near(part, one, "blue", words, ordered) for part in parts(text))


CASES = [
    *((f"red NEAR/{n} blue", partial(near_in, words=n)) for n in (1, 3, 6)),
    *((f"red PRE/{n} blue", partial(near_in, words=n, ordered=True)) for n in (1, 3, 6)),
    ("red /P blue", lambda t: any(in_paragraph(p, "red", "blue") for p in parts(t))),
    ("ATLEAST2 red", lambda t: len(re.findall("red", t)) >= 2),
    ("ATLEAST3 (red OR blue)", lambda t: len(re.findall("red|blue", t)) >= 3),
    ('"red blue"~1', partial(near_in, words=2)),
    ("red NEAR/2 blue NOT white", lambda t: near_in(t, 2) and "white" not in t),
    ("(red OR green) NEAR/1 blue", lambda t: near_in(t, 1) or near_in(t, 1, one="green")),
    ("title:red", lambda t: "red" in parts(t)[0]),
    ("lead:red", lambda t: "red" in parts(t)[1]),
]


@pytest.mark.parametrize(("query", "expected"), CASES, ids=[query for query, _ in CASES])
def test_a_plain_reading_finds_the_same(archive: tuple[WhooshIndex, SqlStore, dict[int, str]], query, expected) -> None:
    index, store, texts = archive
    page = index.search(SearchRequest(query=query, page_size=1_000))
    found = set() if page.relaxed else {hit.headline.id for hit in page.hits}
    assert found == {number for number, text in texts.items() if expected(text)}
    assert found
    for number in texts:
        marked = index.mark(store.get(number), query)
        assert any(each.marks for each in (marked.title, *marked.paragraphs)) or number not in found
        if " NOT " not in query:
            assert not any(each.marks for each in (marked.title, *marked.paragraphs)) or number in found
