"""Occurrences as keys, and packed numbers: compiled, in Python alone, and as lists of tuples say they are."""

import resource
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index import keys, packing
from index.keys import (
    Counts,
    Grouped,
    Keys,
    Layout,
    OwnGroups,
    Run,
    SpilledRun,
    count_words,
    group,
    keys_in,
    merge,
    split,
)
from index.packing import WIDTHS, Array, Packed, PackedWriter, Sums

needs_compiled = pytest.mark.skipif(keys._keys is None, reason="index._keys was not built: there is no C compiler here")

FITS_NOT = "do not fit together"
HIGHEST = 2**31 - 1


def _helpers() -> Iterator[str]:
    """Lets a test run with the compiled helper and then without it."""
    if keys._keys is not None:
        yield "compiled"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "_keys", None)
        patch.setattr(packing, "_keys", None)
        yield "plain"


@needs_compiled
def test_the_tests_below_run_with_and_without_the_compiled_helper() -> None:
    found = [(helper, keys._keys is None, packing._keys is None) for helper in _helpers()]
    assert found == [("compiled", False, False), ("plain", True, True)]
    assert keys._keys is packing._keys is not None


# --- occurrences as tuples ------------------------------------------------------------------------------------------

Occurrence = tuple[int, int, int, int]
"""The rank of a term, the document, the position, the number of the form."""

Word = tuple[int, int]
"""The rank of a term and the number of the form."""


@dataclass(frozen=True)
class Texts:
    """Documents, each some words with their positions, and after how many documents a run ends."""

    documents: list[list[tuple[Word, int]]]
    cuts: list[int]

    def occurrences(self, first: int = 0) -> list[Occurrence]:
        """Grouped by term; those of a term in the order of the texts."""
        found = [
            (term, document, position, code)
            for document, text in enumerate(self.documents, first)
            for (term, code), position in text
        ]
        return sorted(found, key=lambda each: each[0])

    def words(self) -> list[Word]:
        """Those that occur, sorted."""
        return sorted({word for text in self.documents for word, _ in text})

    def runs(self, numbers: dict[Word, int]) -> list[Run]:
        """The same as runs, with these numbers for words."""
        bounds = [0, *sorted(min(cut, len(self.documents)) for cut in self.cuts), len(self.documents)]
        return [_run(self.documents[a:b], numbers, a) for a, b in pairwise(bounds)]


def _run(documents: list[list[tuple[Word, int]]], numbers: dict[Word, int], first: int) -> Run:
    every = [each for text in documents for each in text]
    return Run(
        np.array([numbers[word] for word, _ in every], dtype=np.int32),
        np.array([position for _, position in every], dtype=np.uint32),
        first,
        np.array([len(text) for text in documents], dtype=np.int64),
    )


def _layout(occurrences: Sequence[Occurrence], slack: tuple[int, int, int]) -> Layout:
    """One with as many bits as these occurrences need and some more."""
    _, *parts = zip((0, 1, 0, 0), *occurrences, strict=True)
    needed = [max(part).bit_length() for part in parts]
    return Layout(*(own + more for own, more in zip(needed, slack, strict=True)))


def _key(layout: Layout, occurrence: Occurrence) -> int:
    _, document, position, code = occurrence
    return (document << layout.position | position) << layout.code | code


def _counts(occurrences: Sequence[Occurrence], terms: int) -> list[int]:
    found = [0] * terms
    for term, *_ in occurrences:
        found[term] += 1
    return found


def _grouped(occurrences: Sequence[Occurrence], terms: int, layout: Layout) -> Grouped:
    every = [_key(layout, each) for each in occurrences]
    return Grouped(np.array(every, dtype=np.uint64), np.array(_counts(occurrences, terms), dtype=np.int64))


vocabularies = st.lists(st.sampled_from([1, 1, 2, 3, 300]), min_size=1, max_size=6)
"""How many forms each term has."""

positions = st.lists(st.integers(0, 40) | st.sampled_from([2**16, 2**30, HIGHEST - 1, HIGHEST]), max_size=12)
slacks = st.tuples(st.integers(0, 3), st.just(0) | st.just(1), st.integers(0, 3))


@st.composite
def texts_of(draw: st.DrawFn, vocabulary: list[int]) -> Texts:
    """Texts in words of a vocabulary; the positions in a document ascend."""
    words = st.integers(0, len(vocabulary) - 1).flatmap(
        lambda term: st.tuples(st.just(term), st.integers(0, vocabulary[term] - 1))
    )
    documents = [
        [(draw(words), position) for position in sorted(set(own))]
        for own in draw(st.lists(st.just([]) | positions, max_size=6))
    ]
    return Texts(documents, draw(st.lists(st.integers(0, 6), max_size=3)))


@st.composite
def worded(draw: st.DrawFn) -> tuple[list[int], Texts]:
    """A vocabulary and a source."""
    vocabulary = draw(vocabularies)
    return vocabulary, draw(texts_of(vocabulary))


@st.composite
def worded_often(draw: st.DrawFn) -> tuple[list[int], list[Texts]]:
    """A vocabulary and sources."""
    vocabulary = draw(vocabularies)
    return vocabulary, draw(st.lists(texts_of(vocabulary), min_size=1, max_size=4))


# --- counting -------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(0, 5)), max_size=4), st.integers(0, 3))
def test_words_of_runs_are_counted(listed: list[list[int]], more: int) -> None:
    none = np.zeros(0, dtype=np.int64)
    runs = [Run(np.array(words, dtype=np.int32), none.astype(np.uint32), 0, none) for words in listed]
    for helper in _helpers():
        found = count_words(runs, 6 + more).tolist()
        assert found == [sum(words.count(word) for words in listed) for word in range(6 + more)], helper


@needs_compiled
@pytest.mark.parametrize(
    ("words", "counts", "error"),
    [
        ([0, 2], np.zeros(2, dtype=np.int64), ValueError),
        ([-1], np.zeros(2, dtype=np.int64), ValueError),
        ([0], np.zeros(2, dtype=np.int32), TypeError),
        ([0], np.frombuffer(bytes(16), dtype=np.int64), ValueError),
    ],
)
def test_words_that_there_are_not_are_not_counted(words: list[int], counts: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        keys._keys.count(np.array(words, dtype=np.int32), counts)


# --- grouping -------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(given_texts=worded(), slack=slacks, data=st.data())
def test_runs_are_grouped_by_term_in_the_order_of_their_texts(
    given_texts: tuple[list[int], Texts], slack: tuple[int, int, int], data: st.DataObject
) -> None:
    vocabulary, texts = given_texts
    words = [(term, code) for term, forms in enumerate(vocabulary) for code in range(forms)]
    words = data.draw(st.permutations(words)) if len(words) < 20 else words[::-1]  # they are numbered as they are met
    occurrences = texts.occurrences()
    layout = _layout(occurrences, slack)
    wanted = _grouped(occurrences, len(vocabulary), layout)
    ranks, codes = (np.array(column, dtype=np.int32) for column in zip(*words, strict=True))
    for helper in _helpers():
        runs = texts.runs({word: number for number, word in enumerate(words)})
        found = np.full(len(occurrences), 2**64 - 1, dtype=np.uint64)
        group(runs, ranks, codes, wanted.counts.copy(), layout, found)
        assert found.tolist() == wanted.keys.tolist(), helper
        assert runs == [], helper
    bounds = np.cumsum([0, *wanted.counts])
    for a, b in pairwise(bounds.tolist()):
        assert wanted.keys[a:b].tolist() == sorted(set(wanted.keys[a:b].tolist()))


def test_no_runs_and_runs_without_words_are_grouped() -> None:
    none = np.zeros(0, dtype=np.int32)
    for runs in ([], [Run(none, none.view(np.uint32), 0, np.zeros(3, dtype=np.int64))]):
        for helper in _helpers():
            own, found = list(runs), np.zeros(0, dtype=np.uint64)
            group(own, none, none, np.zeros(0, dtype=np.int64), Layout(1, 0, 0), found)
            assert (own, found.tolist()) == ([], []), helper


def test_a_key_has_63_bits_for_all_that_it_holds() -> None:
    layout = Layout(20, 31, 12)
    assert layout.bits == 63
    codes = np.arange(2**12, dtype=np.int32)
    for helper in _helpers():
        found = np.zeros(1, dtype=np.uint64)
        run = Run(codes[-1:], np.array([HIGHEST], dtype=np.uint32), 2**20 - 3, np.array([0, 0, 1]))
        group([run], np.zeros_like(codes), codes, np.array([1]), layout, found)
        assert found.tolist() == [2**63 - 1], helper
        parts = split(Grouped(found, np.array([1])), layout, np.array([True]), None)
        assert [parts.documents[0], parts.positions[0], parts.codes[0]] == [2**20 - 1, HIGHEST, 2**12 - 1], helper


@given(
    st.lists(
        st.tuples(st.just(0), st.integers(0, 2**15 - 1), st.integers(0, HIGHEST), st.integers(0, 2**9)), max_size=20
    ),
    slacks,
)
def test_a_layout_joins_document_position_and_form(occurrences: list[Occurrence], slack: tuple[int, int, int]) -> None:
    layout = _layout(occurrences, slack)
    assert layout.bits == layout.document + layout.position + layout.code <= 63
    documents, found, codes = (np.array([each[at] for each in occurrences], dtype=np.int64) for at in (1, 2, 3))
    joined = layout.join(documents, found, codes.astype(np.int32))
    assert joined.dtype == np.uint64
    assert joined.tolist() == [_key(layout, each) for each in occurrences]
    assert all(key < 1 << layout.bits for key in joined.tolist())


# --- merging and what comes before and after ------------------------------------------------------------------------


@given(
    vocabulary=vocabularies,
    parts=st.lists(st.lists(st.integers(0, 5), max_size=20), min_size=1, max_size=5),
)
def test_groups_are_merged_term_by_term(vocabulary: list[int], parts: list[list[int]]) -> None:
    terms = len(vocabulary)
    every = [sorted(term % terms for term in part) for part in parts]
    marks = iter(range(1, 1000))
    listed = [[(term, next(marks)) for term in part] for part in every]
    wanted = [mark for term in range(terms) for part in listed for own, mark in part if own == term]
    groups = [
        Grouped(
            np.array([mark for _, mark in part], dtype=np.uint64),
            np.array([[own for own, _ in part].count(term) for term in range(terms)], dtype=np.int64),
        )
        for part in listed
    ]
    counts = [sum(part.count(term) for part in every) for term in range(terms)]
    for helper in _helpers():
        found = merge(groups)
        assert found.keys.tolist() == wanted, helper
        assert found.counts.tolist() == counts, helper
    if len(groups) == 1:
        assert merge(groups) is groups[0]


def test_groups_of_no_terms_are_merged() -> None:
    nothing = Grouped(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64))
    for helper in _helpers():
        found = merge([nothing] * 3)
        assert (found.keys.tolist(), found.counts.tolist()) == ([], []), helper


def _own_groups(texts: Texts, words: list[Word], slack: tuple[int, int, int]) -> OwnGroups:
    """A source grouped by its own terms, as `inversion.Runs` does it."""
    terms = sorted({term for term, _ in words})
    first = [min(number for number, (own, _) in enumerate(words) if own == term) for term in terms]
    ranks = [terms.index(term) for term, _ in words]
    codes = [number - first[rank] for number, rank in enumerate(ranks)]
    renamed = {word: (rank, code) for word, rank, code in zip(words, ranks, codes, strict=True)}
    own = Texts([[(renamed[word], at) for word, at in text] for text in texts.documents], texts.cuts)
    occurrences = own.occurrences()
    layout = _layout(occurrences, slack)
    counts = np.array(_counts(occurrences, len(terms)), dtype=np.int64)
    groups = OwnGroups(counts, np.array(first, dtype=np.int64), layout)
    groups.keys = np.zeros(len(occurrences), dtype=np.uint64)
    runs = texts.runs({word: number for number, word in enumerate(words)})
    group(runs, np.array(ranks, dtype=np.int32), np.array(codes, dtype=np.int32), counts, layout, groups.keys)
    return groups


@settings(max_examples=60)
@given(sources=worded_often(), slack=slacks, own_slack=slacks, step=st.integers(1, 7), data=st.data())
def test_sources_are_grouped_placed_merged_and_split_as_lists_of_tuples_are(
    sources: tuple[list[int], list[Texts]],
    slack: tuple[int, int, int],
    own_slack: tuple[int, int, int],
    step: int,
    data: st.DataObject,
) -> None:
    vocabulary, every = sources
    terms = len(vocabulary)
    firsts = [0, *accumulate(len(texts.documents) for texts in every)]
    listed = [each for texts, first in zip(every, firsts[:-1], strict=True) for each in texts.occurrences(first)]
    listed.sort(key=lambda each: each[0])
    layout = _layout(listed, slack)
    coded = np.array([forms > 1 for forms in vocabulary], dtype=bool)
    ends = [data.draw(st.sampled_from([0, 1, 20, HIGHEST, 2**40])) for _ in range(firsts[-1])]
    titles = np.array(ends, dtype=np.int64)
    for helper in _helpers():
        placed = []
        for texts, first in zip(every, firsts[:-1], strict=True):
            words = texts.words()
            groups = _own_groups(texts, words, own_slack)
            ranks, codes = (np.array([word[at] for word in words], dtype=np.int32) for at in (0, 1))
            groups.place(ranks, codes, first, layout)
            placed.append(groups)
        for low in range(0, terms, step):
            high = min(low + step, terms)
            chosen = [each for each in listed if low <= each[0] < high]
            found = merge([groups.take(low, high) for groups in placed])
            assert found.keys.tolist() == [_key(layout, each) for each in chosen], helper
            assert found.counts.tolist() == _counts(chosen, terms)[low:high], helper
            moved = [(term - low, *each) for term, *each in chosen]
            _check_split(found, layout, coded[low:high], titles, moved)
            _check_split(found, layout, coded[low:high], None, moved)


def _check_split(
    grouped: Grouped, layout: Layout, coded: Array, titles: Counts | None, wanted: Sequence[tuple[int, ...]]
) -> None:
    parts = split(grouped, layout, coded, titles)
    begins = [not at or wanted[at][:2] != wanted[at - 1][:2] for at in range(len(wanted))]
    postings = [each for each, is_first in zip(wanted, begins, strict=True) if is_first]
    assert parts.begins.tolist() == begins
    assert parts.documents.tolist() == [document for _, document, _, _ in postings]
    assert parts.positions.tolist() == [position for _, _, position, _ in wanted]
    assert parts.codes.tolist() == [code for term, _, _, code in wanted if coded[term]]
    assert len(parts.titled) == len(postings)
    if titles is not None:
        assert parts.titled.tolist() == [position < titles[document] for _, document, position, _ in postings]
    kinds = [array.dtype for array in parts]
    assert kinds == [np.uint32, np.bool_, np.uint32, np.bool_, np.uint32]


@settings(max_examples=60)
@given(given_texts=worded(), slack=slacks, data=st.data())
def test_keys_are_split_into_what_they_were_made_of(
    given_texts: tuple[list[int], Texts], slack: tuple[int, int, int], data: st.DataObject
) -> None:
    vocabulary, texts = given_texts
    occurrences = texts.occurrences()
    layout = _layout(occurrences, slack)
    coded = np.array([data.draw(st.booleans()) for _ in vocabulary], dtype=bool)
    ends = st.lists(st.integers(0, 50), min_size=len(texts.documents), max_size=len(texts.documents))
    titles = data.draw(st.none() | ends.map(lambda found: np.array(found, dtype=np.int64)))
    for _ in _helpers():
        _check_split(_grouped(occurrences, len(vocabulary), layout), layout, coded, titles, occurrences)


def test_the_same_document_in_two_terms_is_two_postings() -> None:
    occurrences: list[Occurrence] = [(0, 4, 1, 0), (1, 4, 2, 0), (1, 4, 3, 1), (3, 4, 5, 0), (3, 7, 0, 0)]
    coded, layout = np.array([False, True, True, False]), _layout(occurrences, (0, 0, 0))
    for helper in _helpers():
        parts = split(_grouped(occurrences, 4, layout), layout, coded, np.array([0] * 4 + [3] + [0] * 3))
        assert parts.documents.tolist() == [4, 4, 4, 7], helper
        assert parts.titled.tolist() == [True, True, False, False], helper
        assert parts.begins.tolist() == [True, True, False, True, True], helper
        assert parts.codes.tolist() == [0, 1], helper


# --- arrays that do not fit -----------------------------------------------------------------------------------------


def _good_group() -> dict[str, Any]:
    return {
        "words": np.array([0, 1, 2, 0], dtype=np.int32),
        "positions": np.array([0, 1, 0, 5], dtype=np.uint32),
        "lengths": np.array([2, 0, 2], dtype=np.int64),
        "ranks": np.array([0, 1, 1], dtype=np.int32),
        "codes": np.array([0, 0, 1], dtype=np.int32),
        "counts": np.array([2, 2], dtype=np.int64),
        "keys": np.zeros(4, dtype=np.uint64),
    }


def _group(arrays: dict[str, Any]) -> Keys:
    run = Run(arrays["words"], arrays["positions"], 0, arrays["lengths"])
    group([run], arrays["ranks"], arrays["codes"], arrays["counts"], Layout(2, 3, 1), arrays["keys"])
    found: Keys = arrays["keys"]
    return found


@needs_compiled
@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("words", np.array([0, 1, 2], dtype=np.int32), ValueError),
        ("words", np.array([0, 1, 3, 0], dtype=np.int32), ValueError),
        ("words", np.array([0, 1, -1, 0], dtype=np.int32), ValueError),
        ("words", np.array([0, 1, 2**31 - 1, 0], dtype=np.int32), ValueError),
        ("words", np.array([0, 1, 2, 0]), TypeError),
        ("words", np.zeros(0, dtype=np.int32), ValueError),
        ("words", None, TypeError),
        ("words", np.zeros(8, dtype=np.int32)[::2], ValueError),
        ("positions", np.array([0, 1, 0], dtype=np.uint32), ValueError),
        ("positions", np.array([0, 1, 0, 5], dtype=np.uint16), TypeError),
        ("lengths", np.array([2, 1, 2]), ValueError),
        ("lengths", np.array([2, -1, 3]), ValueError),
        ("lengths", np.array([2**62, 2**62, 2]), ValueError),
        ("lengths", np.array([2, 0, 2], dtype=np.int32), TypeError),
        ("ranks", np.array([0, 1, 2], dtype=np.int32), ValueError),
        ("ranks", np.array([0, -1, 1], dtype=np.int32), ValueError),
        ("ranks", np.array([0, 1], dtype=np.int32), ValueError),
        ("codes", np.array([0, 0], dtype=np.int32), ValueError),
        ("codes", np.array([0, -1, 1], dtype=np.int32), ValueError),
        ("counts", np.array([3, 1]), ValueError),
        ("counts", np.array([4]), ValueError),
        ("counts", np.array([-1, 4]), ValueError),
        ("counts", np.zeros(0, dtype=np.int64), ValueError),
        ("keys", np.zeros(3, dtype=np.uint64), ValueError),
        ("keys", np.zeros(0, dtype=np.uint64), ValueError),
        ("keys", np.zeros(4, dtype=np.uint32), TypeError),
        ("keys", np.zeros(8, dtype=np.uint64)[::2], ValueError),
        ("keys", np.frombuffer(bytes(32), dtype=np.uint64), ValueError),
    ],
)
def test_runs_that_do_not_fit_are_refused(name: str, value: Any, error: type[Exception]) -> None:
    assert _group(_good_group()).tolist() == [0, 0b10_101_0, 0b00_001_0, 0b10_000_1]
    with pytest.raises(error):
        _group(_good_group() | {name: value})


@needs_compiled
@pytest.mark.parametrize(("document_shift", "position_shift"), [(64, 1), (-1, 1), (4, 64), (4, -1), (2**31 - 1, 0)])
def test_keys_are_not_made_with_impossible_shifts(document_shift: int, position_shift: int) -> None:
    good = _good_group()
    rest = (np.zeros(3, dtype=np.uint64), document_shift, position_shift, np.zeros(1, dtype=np.int64), good["keys"])
    with pytest.raises(ValueError, match=FITS_NOT):
        keys._keys.spread(good["words"], good["positions"], good["lengths"], 0, *rest)


@needs_compiled
@pytest.mark.parametrize(
    ("at", "value", "error"),
    [
        (0, np.zeros(2, dtype=np.uint64), ValueError),
        (0, np.zeros(4, dtype=np.uint64), ValueError),
        (0, np.zeros(3, dtype=np.uint32), TypeError),
        (1, np.array([2, 2]), ValueError),
        (1, np.array([2, 0]), ValueError),
        (1, np.array([4, -1]), ValueError),
        (1, np.array([3]), ValueError),
        (1, np.array([2, 1], dtype=np.int32), TypeError),
        (2, np.array([0]), ValueError),
        (2, np.array([0, 3]), ValueError),
        (2, np.array([0, -1]), ValueError),
        (2, np.array([0, 2**63 - 1]), ValueError),
        (2, np.array([0, 1], dtype=np.int32), TypeError),
        (3, np.array([0], dtype=np.int32), ValueError),
        (3, np.array([0, 1, 0]), TypeError),
        (4, -1, ValueError),
        (4, 33, ValueError),
        (5, -1, ValueError),
        (5, 33, ValueError),
        (6, 33, ValueError),
        (7, -1, ValueError),
        (8, "0", TypeError),
        (9, np.zeros(2, dtype=np.uint64), ValueError),
        (9, np.zeros(4, dtype=np.uint64), ValueError),
        (9, np.frombuffer(bytes(24), dtype=np.uint64), ValueError),
    ],
)
def test_keys_that_do_not_fit_are_not_recoded(at: int, value: Any, error: type[Exception]) -> None:
    good: list[Any] = [
        np.array([0b0_1_0, 0b1_0_1, 0b1_1_0], dtype=np.uint64),
        np.array([2, 1]),
        np.array([0, 2]),
        np.array([5, 6, 7], dtype=np.int32),
        *(1, 1, 2, 3, 10),
        np.zeros(3, dtype=np.uint64),
    ]
    keys._keys.recode(*good)
    assert good[-1].tolist() == [10 << 5 | 1 << 3 | 5, 11 << 5 | 6, 11 << 5 | 1 << 3 | 7]
    with pytest.raises(error):
        keys._keys.recode(*good[:at], value, *good[at + 1 :])


ONE = np.array([3, 4, 5], dtype=np.uint64), np.array([1, 2])
TWO = np.array([6], dtype=np.uint64), np.array([0, 1])


@needs_compiled
@pytest.mark.parametrize(
    ("groups", "room", "error"),
    [
        ([ONE, TWO], 3, ValueError),
        ([ONE, TWO], 5, ValueError),
        ([ONE, (TWO[0], np.array([1]))], 4, ValueError),
        ([(ONE[0], np.array([3])), TWO], 4, ValueError),
        ([ONE, (TWO[0], np.array([0, 2]))], 5, ValueError),
        ([ONE, (TWO[0], np.array([-1, 2]))], 4, ValueError),
        ([(ONE[0][:2], ONE[1]), TWO], 4, ValueError),
        ([ONE, (TWO[0], np.array([2**62, 2**62]))], 4, ValueError),
        ([ONE, (TWO[0].astype(np.uint32), TWO[1])], 4, TypeError),
        ([ONE, (TWO[0], TWO[1].astype(np.int32))], 4, TypeError),
        ([ONE, (TWO[0], None)], 4, TypeError),
        ([ONE, (*TWO, TWO)], 4, TypeError),
        ((ONE, TWO), 4, TypeError),
        ([], 4, ValueError),
    ],
)
def test_groups_that_do_not_fit_are_not_merged(groups: Any, room: int, error: type[Exception]) -> None:
    found = np.zeros(4, dtype=np.uint64)
    keys._keys.merge([ONE, TWO], found)
    assert found.tolist() == [3, 4, 5, 6]
    with pytest.raises(error):
        keys._keys.merge(groups, np.zeros(room, dtype=np.uint64))


@needs_compiled
def test_groups_of_different_terms_are_not_merged() -> None:
    for counts in ([1], [0, 1, 0], [0, 2]):
        with pytest.raises(ValueError, match=r"."):
            merge([Grouped(*ONE), Grouped(TWO[0], np.array(counts))])


@needs_compiled
@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("keys", np.zeros(4, dtype=np.uint32), TypeError),
        ("keys", np.zeros(3, dtype=np.uint64), ValueError),
        ("keys", np.zeros(5, dtype=np.uint64), ValueError),
        ("counts", np.array([2, 3]), ValueError),
        ("counts", np.array([2, 1]), ValueError),
        ("counts", np.array([5, -1]), ValueError),
        ("counts", np.array([4]), ValueError),
        ("counts", np.array([2, 2], dtype=np.int32), TypeError),
        ("coded", np.array([True]), ValueError),
        ("coded", np.array([0, 1]), TypeError),
        ("coded", np.zeros(0, dtype=bool), ValueError),
        ("titles", np.array([1]), ValueError),
        ("titles", np.zeros(0, dtype=np.int64), ValueError),
        ("titles", np.array([1, 1], dtype=np.int32), TypeError),
        ("layout", Layout(1, 33, 1), ValueError),
        ("layout", Layout(1, 1, 33), ValueError),
        ("layout", Layout(1, -1, 1), ValueError),
    ],
)
def test_keys_that_do_not_fit_are_not_split(name: str, value: Any, error: type[Exception]) -> None:
    good: dict[str, Any] = {
        "keys": np.array([0b0_00_0, 0b1_01_0, 0b0_10_1, 0b0_11_0], dtype=np.uint64),
        "counts": np.array([2, 2]),
        "coded": np.array([False, True]),
        "titles": np.array([1, 1]),
        "layout": Layout(1, 2, 1),
    }

    def split_all(keys: Keys, counts: Counts, coded: Array, titles: Counts, layout: Layout) -> list[Any]:
        return [array.tolist() for array in split(Grouped(keys, counts), layout, coded, titles)]

    assert split_all(**good)[0] == [0, 1, 0]
    with pytest.raises(error):
        split_all(**good | {name: value})


@needs_compiled
@pytest.mark.parametrize("at", range(6, 11))
def test_keys_are_not_split_into_arrays_without_room(at: int) -> None:
    found = np.zeros(3, dtype=np.uint64), np.array([3]), 1, 1, np.array([1]), np.array([True])
    room: list[Any] = [np.zeros(3, dtype=kind) for kind in (np.uint32, np.uint32, bool, bool, np.uint32)]
    assert keys._keys.split(*found, *room) == (1, 3)
    for bad, error in (
        (room[at - 6][:2], ValueError),
        (np.zeros(3, dtype=np.uint64), TypeError),
        (np.frombuffer(room[at - 6].tobytes(), dtype=room[at - 6].dtype), ValueError),
    ):
        with pytest.raises(error):
            keys._keys.split(*found, *room[: at - 6], bad, *room[at - 5 :])


any_number = st.integers(0, 3) | st.sampled_from([-1, 7, 2**31, 2**32, 2**62, 2**63 - 1, -(2**63)])


def _arrays(*kinds: type[np.generic]) -> st.SearchStrategy[Array]:
    return st.builds(
        lambda found, kind: np.array(found, dtype=np.int64).astype(kind),
        st.lists(any_number, max_size=6),
        st.sampled_from(kinds),
    )


any_array = _arrays(np.int64, np.int32, np.uint8, np.float64)
_8, _4, _1 = _arrays(np.uint64), _arrays(np.uint32), _arrays(np.bool_)
bits = st.integers(0, 32) | st.sampled_from([-1, 33, 63, 64])
CALLS: dict[str, list[st.SearchStrategy[Any]]] = {
    "spread": [_4, _4, _8, st.integers(0, 9), _8, bits, bits, _8, _8],
    "recode": [_8, _8, _8, _4, bits, bits, bits, bits, st.integers(0, 2**63), _8],
    "merge": [st.lists(st.tuples(_8, _8), max_size=3), _8],
    "split": [_8, _8, bits, bits, st.none() | _8, _1, _4, _4, _1, _1, _4],
    "join": [_4, bits, bits, st.binary(max_size=9)],
}


@needs_compiled
@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=60)
@given(data=st.data())
def test_whatever_arrays_are_given_they_are_taken_or_refused(name: str, data: st.DataObject) -> None:
    strange = data.draw(st.integers(0, 3 * len(CALLS[name])))
    found = [data.draw(any_array if at == strange else own) for at, own in enumerate(CALLS[name])]
    with suppress(TypeError, ValueError):
        getattr(keys._keys, name)(*found)


# --- packed numbers -------------------------------------------------------------------------------------------------

BIT_WIDTHS = {width: width - max(low for low in (0, 8, 16, 32) if low <= width) for width in WIDTHS}
"""How many bits of a number are in the plane above the bytes."""

numbers = st.one_of(*(st.integers(0, (1 << most) - 1) for most in (0, 1, 2, 4, 8, 9, 12, 17, 20, 24, 31)))
whole_numbers = st.lists(numbers, max_size=20).map(lambda found: np.array(found, dtype=np.uint32))
wide_numbers = st.lists(numbers, max_size=20).map(lambda found: np.array(found, dtype=np.int64))
truths = st.lists(st.booleans(), max_size=20).map(lambda found: np.array(found, dtype=bool))


def _planes(width: int, pieces: list[Array]) -> dict[str, Array]:
    planes: dict[str, list[Array]] = defaultdict(list)
    writer = PackedWriter(width, 1 << 20, lambda name: lambda array: planes[name].append(array.copy()))
    for piece in pieces:
        writer.append(piece)
    writer.close()
    return {f"numbers.{name}": np.concatenate(found) for name, found in planes.items()}


@pytest.mark.parametrize("width", WIDTHS)
@settings(max_examples=20)
@given(data=st.data())
def test_packed_numbers_are_the_same_bytes_with_and_without_the_compiled_helper(
    width: int, data: st.DataObject
) -> None:
    # truth values are packed where they need no patch, and have nothing below the bits
    kinds = whole_numbers | wide_numbers | (truths if width in (1, 2, 4) else whole_numbers)
    pieces = data.draw(st.lists(kinds, max_size=6))
    every = [int(value) for piece in pieces for value in piece]
    planes = []
    for helper in _helpers():
        planes.append({name: plane.tobytes() for name, plane in _planes(width, pieces).items()})
        found = Packed.open(width, _planes(width, pieces), "numbers")
        assert found.slice(0, len(every)).tolist() == every, helper
    assert planes == planes[:1] * len(planes)
    if BIT_WIDTHS[width]:
        assert len(planes[0]["numbers.high"]) == -(-len(every) * BIT_WIDTHS[width] // 8)


@pytest.mark.parametrize("width", [width for width in WIDTHS if BIT_WIDTHS[width]])
def test_numbers_are_packed_alike_wherever_they_are_cut(width: int) -> None:
    values = np.array([at * 2654435761 % (1 << min(width + 1, 31)) for at in range(19)], dtype=np.uint32)
    wanted = {name: plane.tobytes() for name, plane in _planes(width, [values]).items()}
    for _ in _helpers():
        for first in range(len(values)):
            for last in range(first, len(values) + 1, 3):
                pieces = [values[:first], values[first:last], values[last:]]
                assert {name: plane.tobytes() for name, plane in _planes(width, pieces).items()} == wanted


@needs_compiled
@given(
    values=st.lists(st.integers(0, 2**32 - 1), max_size=40).map(lambda found: np.array(found, dtype=np.uint32)),
    shift=st.integers(0, 31),
    width=st.sampled_from([1, 2, 4, 8]),
    data=st.data(),
)
@example(values=np.zeros(0, dtype=np.uint32), shift=0, width=1, data=None)
def test_upper_bits_are_joined_from_the_lowest_on(
    values: Array, shift: int, width: int, data: st.DataObject | None
) -> None:
    pending = data.draw(st.lists(st.integers(0, (1 << width) - 1), max_size=8 // width - 1)) if data else [1, 0, 1]
    every = pending + [value >> shift & (1 << width) - 1 for value in values.tolist()]
    whole = len(every) - len(every) % (8 // width)
    joined = sum(value << at * width for at, value in enumerate(every[:whole]))
    wanted = joined.to_bytes(whole * width // 8, "little"), bytes(every[whole:])
    assert keys._keys.join(values, shift, width, bytes(pending)) == wanted


@needs_compiled
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((np.zeros(3, dtype=np.int64), 0, 1, b""), TypeError),
        ((np.zeros(3, dtype=np.uint8), 0, 1, b""), TypeError),
        ((np.zeros(3, dtype=bool), 0, 1, b""), TypeError),
        (([1, 2], 0, 1, b""), TypeError),
        ((np.zeros(3, dtype=np.uint32), -1, 1, b""), ValueError),
        ((np.zeros(3, dtype=np.uint32), 32, 1, b""), ValueError),
        ((np.zeros(3, dtype=np.uint32), 0, 0, b""), ValueError),
        ((np.zeros(3, dtype=np.uint32), 0, 3, b""), ValueError),
        ((np.zeros(3, dtype=np.uint32), 0, 16, b""), ValueError),
        ((np.zeros(3, dtype=np.uint32), 0, -8, b""), ValueError),
        ((np.zeros(3, dtype=np.uint32), 0, 1, b"\0" * 8), ValueError),
        ((np.zeros(3, dtype=np.uint32), 0, 8, b"\0"), ValueError),
        ((np.zeros(3, dtype=np.uint32), 0, 1, bytearray()), TypeError),
        ((np.zeros(3, dtype=np.uint32), 0, 1), TypeError),
    ],
)
def test_bits_that_cannot_be_joined_are_refused(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        keys._keys.join(*arguments)


@settings(max_examples=50)
@given(
    pattern=st.lists(numbers, min_size=1, max_size=11),
    count=st.sampled_from([0, 1, 63, 64, 65, 127, 128, 129, 200]) | st.integers(0, 200),
    width=st.sampled_from(WIDTHS),
)
@example(pattern=[HIGHEST], count=200, width=32)
def test_sums_are_those_of_the_numbers_before(pattern: list[int], count: int, width: int) -> None:
    values = (pattern * count)[:count]
    packed = Packed.open(width, _planes(width, [np.array(values, dtype=np.int64)]), "numbers")
    sums = Sums(packed, Sums.of(np.array(values, dtype=np.int64)), count)
    before = [0, *accumulate(values)]
    assert sums.all().tolist() == before
    assert sums.all().dtype == np.int64
    for place in range(count):
        found = sums.around(place)
        assert found == (before[place], before[place + 1])
        assert [type(each) for each in found] == [int, int]


def test_where_the_disk_has_no_room_for_keys_it_says_so(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with (tmp_path / "keys").open("w+b") as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
        try:
            with pytest.raises(OSError, match="too large"):
                keys_in(file, 10_000)
            assert len(keys_in(file, 8_192)) == 8_192
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_run_that_was_spilled_is_the_same(tmp_path: Path) -> None:
    made = [
        Run(np.arange(count, dtype=np.int32), np.arange(count, dtype=np.uint32) * 3, count, np.array([count]))
        for count in (0, 1, 100_000, 7)
    ]
    with (tmp_path / "runs").open("w+b") as file:
        spilled = [SpilledRun(run, file) for run in made]
        for run, found in reversed([*zip(made, (each.load() for each in spilled), strict=True)]):
            assert (found.words == run.words).all()
            assert (found.positions == run.positions).all()
            assert (found.first, found.lengths.tolist()) == (run.first, run.lengths.tolist())
        file.truncate(1_000)
        with pytest.raises(OSError, match="cut off"):
            spilled[3].load()
