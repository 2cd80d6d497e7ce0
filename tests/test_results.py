"""Lists of documents with scores: compiled and in Python alone, beside sets and dictionaries."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import results
from index.results import Result, best_by_column, best_by_score, both, count, either, shared, without

needs_compiled = pytest.mark.skipif(
    results._results is None, reason="index._results was not built: there is no C compiler here"
)

SCORES = (-1.5, -0.0, 0.0, 0.25, 1.0, 2.5)
"""Few, so that many are equal, and exact when they are added up in any order."""


def _helpers() -> Iterator[str]:
    """Lets a test run with the compiled helper and then without it."""
    if results._results is not None:
        yield "compiled"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "_results", None)
        yield "plain"


@st.composite
def lists(draw: st.DrawFn) -> Result:
    """Documents with scores: few or many, near each other or far apart."""
    step = draw(st.sampled_from([1, 2, 3, 40, 700, 5_000]))
    count = draw(st.one_of(st.integers(0, 12), st.integers(0, 6_000)))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    documents = np.cumsum(random.integers(1, step + 1, count)) - 1
    return documents.astype(np.int32), random.choice(SCORES, count).astype(np.float32)


def _as_dict(result: Result) -> dict[int, float]:
    documents, scores = result
    assert documents.dtype == np.int32
    assert scores.dtype == np.float32
    listed = documents.tolist()
    assert listed == sorted(set(listed))
    return dict(zip(listed, scores.tolist(), strict=True))


@given(lists(), lists())
def test_two_lists_share_what_is_in_both(one: Result, other: Result) -> None:
    first, second = _as_dict(one), _as_dict(other)
    for _ in _helpers():
        here, there = shared(one[0], other[0])
        assert one[0][here].tolist() == other[0][there].tolist() == sorted(first.keys() & second.keys())
        assert _as_dict(both(one, other)) == {
            number: first[number] + second[number] for number in first if number in second
        }


@given(st.lists(lists(), max_size=4))
def test_what_is_in_any_list_has_its_scores_added_up(several: list[Result]) -> None:
    expected: dict[int, float] = {}
    for documents, scores in several:
        for number, score in zip(documents.tolist(), scores.tolist(), strict=True):
            expected[number] = expected.get(number, 0.0) + score
    for _ in _helpers():
        assert _as_dict(either(several)) == expected


@given(lists(), lists())
def test_what_is_excluded_is_left_out(one: Result, other: Result) -> None:
    first, second = _as_dict(one), _as_dict(other)
    for _ in _helpers():
        assert _as_dict(without(one, other[0])) == {at: score for at, score in first.items() if at not in second}


@given(lists(), st.integers(0, 70), st.randoms(use_true_random=False))
def test_the_best_are_first_and_of_equals_the_highest_id(result: Result, count: int, random: Any) -> None:
    documents, scores = result
    size = int(documents.max(initial=0)) + 1
    ids = np.random.default_rng(random.getrandbits(32)).permutation(size).astype(np.int64) * 3
    column = ids[::-1] // 30
    listed = documents.tolist()
    by_score = sorted(range(len(listed)), key=lambda at: (scores[at], ids[listed[at]]), reverse=True)
    by_column = sorted(range(len(listed)), key=lambda at: (column[listed[at]], ids[listed[at]]), reverse=True)
    for _ in _helpers():
        assert best_by_score(result, ids, count).tolist() == by_score[:count]
        assert best_by_column(documents, column, ids, count).tolist() == by_column[:count]


@given(lists(), st.integers(1, 300), st.integers(0, 60), st.randoms(use_true_random=False))
def test_the_most_frequent_codes_are_first_and_of_equals_the_lowest(
    result: Result, size: int, most: int, random: Any
) -> None:
    documents, _ = result
    drawn = np.random.default_rng(random.getrandbits(32)).integers(0, size + 1, int(documents.max(initial=0)) + 1)
    codes = drawn.astype(np.int32)
    counts = Counter(code for code in codes[documents].tolist() if code < size)
    expected = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:most]
    for _ in _helpers():
        found, numbers = count(codes, documents, size, most)
        assert list(zip(found.tolist(), numbers.tolist(), strict=True)) == expected


DOCUMENTS = np.array([1, 5, 9], dtype=np.int32)
TALLY = np.ones(3, dtype=np.float32)
IDS = np.arange(10)


@needs_compiled
@pytest.mark.parametrize(
    ("given", "error"),
    [
        ((DOCUMENTS, TALLY[:2], None, IDS, 2), ValueError),
        ((DOCUMENTS, None, None, IDS, 2), ValueError),
        ((None, TALLY, None, IDS, 2), ValueError),
        ((DOCUMENTS, TALLY, None, None, 2), ValueError),
        ((DOCUMENTS, None, IDS[:9], IDS, 2), ValueError),
        ((DOCUMENTS, TALLY, None, IDS[:9], 5), ValueError),
        ((-DOCUMENTS, TALLY, None, IDS, 5), ValueError),
        ((DOCUMENTS, TALLY, None, IDS, -1), ValueError),
        ((DOCUMENTS.astype(np.int64), TALLY, None, IDS, 2), TypeError),
        ((DOCUMENTS, TALLY.astype(np.float64), None, IDS, 2), TypeError),
        ((DOCUMENTS, TALLY, None, "abc", 2), TypeError),
    ],
)
def test_arrays_that_do_not_fit_have_no_best(given: tuple[Any, ...], error: type[Exception]) -> None:
    assert len(results._results.best(DOCUMENTS, TALLY, None, IDS, 2)) == 16
    with pytest.raises(error):
        results._results.best(*given)


@needs_compiled
@pytest.mark.parametrize(
    ("given", "error"),
    [
        ((DOCUMENTS, DOCUMENTS, 3, 2), ValueError),
        ((DOCUMENTS, -DOCUMENTS[:1], 3, 2), ValueError),
        ((DOCUMENTS, DOCUMENTS[:1], -1, 2), ValueError),
        ((DOCUMENTS, DOCUMENTS[:1], 2**40, 2), ValueError),
        ((DOCUMENTS, DOCUMENTS[:1], 3, -1), ValueError),
        ((IDS, DOCUMENTS[:1], 3, 2), TypeError),
        ((DOCUMENTS, IDS[:1], 3, 2), TypeError),
    ],
)
def test_documents_without_codes_are_not_counted(given: tuple[Any, ...], error: type[Exception]) -> None:
    assert len(results._results.count(DOCUMENTS, DOCUMENTS[:1], 6, 2)[0]) == 8
    with pytest.raises(error):
        results._results.count(*given)


@needs_compiled
def test_lists_that_do_not_fit_are_refused() -> None:
    wide = DOCUMENTS.astype(np.int64)
    with pytest.raises(ValueError, match=r"."):
        results._results.either([(DOCUMENTS, TALLY), (DOCUMENTS, TALLY[:2])])
    for several in ([(DOCUMENTS, wide)], [(wide, TALLY)], [(DOCUMENTS,)], ()):
        with pytest.raises(TypeError):
            results._results.either(several)
    for function in (results._results.shared, results._results.missing):
        for one, other in ((wide, DOCUMENTS), (DOCUMENTS, wide), (DOCUMENTS, None)):
            with pytest.raises(TypeError):
                function(one, other)


@needs_compiled
@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=50), st.lists(st.integers(-(2**31), 2**31 - 1), max_size=50))
def test_lists_of_a_damaged_file_end(first: list[int], second: list[int]) -> None:
    one, other = (np.array(listed, dtype=np.int32) for listed in (first, second))
    here, there = shared(one, other)
    assert one[here].tolist() == other[there].tolist()
    documents, _ = results._results.either([(one, one.astype(np.float32)), (other, other.astype(np.float32))])
    assert len(documents) <= 4 * (len(one) + len(other))
    assert len(results._results.missing(one, other)) <= 8 * len(one)
