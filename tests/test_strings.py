"""Strings as arrays, compiled and in Python alone, and the words, values and terms that are made of them."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index import analysis, dictionary
from index.dictionary import BLOCK, MOST_SHARED, Dictionary, Strings, encode, gather, join
from index.documents import Document, Inverted, ValueColumn, join_values, write_segment
from index.keys import Counts, Grouped, Layout, Numbers
from index.merge import FORM, join_words
from index.packing import Array
from index.postings import Field
from index.segment import SegmentFile

needs_compiled = pytest.mark.skipif(
    dictionary._strings is None, reason="index._strings was not built: there is no C compiler here"
)


def _helpers() -> Iterator[str]:
    """Lets a test run with the compiled helper and then without it."""
    if dictionary._strings is not None:
        yield "compiled"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dictionary, "_strings", None)
        yield "plain"


@needs_compiled
def test_the_tests_below_run_with_and_without_the_compiled_helper() -> None:
    assert [(helper, dictionary._strings is None) for helper in _helpers()] == [("compiled", False), ("plain", True)]
    assert dictionary._strings is not None


# --- strings --------------------------------------------------------------------------------------------------------

stems = st.sampled_from([b"", b"a", b"ab", b"\0", b"\xff", "é".encode(), "中".encode(), "🚀".encode()])
repeats = st.sampled_from([0, 1, 7, 8, 9, 21, 63, 64, 65, 71, 72, 73, 127, 254, 255, 256, 257, 300])
ends = (
    st.binary(max_size=2)
    | st.sampled_from([b"\0", b"\0\0", b"a\0", b"\0a", b"\xff"])
    | st.text(max_size=3).map(lambda text: text.encode(errors="ignore"))
)
strings = st.builds(lambda stem, count, end: stem * count + end, stems, repeats, ends) | ends
listed_strings = st.lists(strings, max_size=40)
string_sets = st.lists(strings, unique=True, max_size=40).map(sorted)


@st.composite
def stretches(draw: st.DrawFn) -> tuple[Strings, list[bytes]]:
    """Stretches of a text, in any order, which may overlap and leave out what they like; and what they are."""
    text = b"".join(draw(st.lists(strings, max_size=8)))
    starts = draw(st.lists(st.integers(0, len(text)), max_size=30))
    lengths = [draw(st.integers(0, len(text) - start)) for start in starts]
    found = Strings(
        np.frombuffer(text, dtype=np.uint8), np.array(starts, dtype=np.int64), np.array(lengths, dtype=np.int64)
    )
    return found, [text[start : start + length] for start, length in zip(starts, lengths, strict=True)]


any_strings = stretches() | listed_strings.map(lambda listed: (Strings.join(listed), listed))


def _shared(one: bytes, other: bytes) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


@given(any_strings)
def test_strings_are_listed_gathered_ordered_and_compared(given: tuple[Strings, list[bytes]]) -> None:
    found, listed = given
    shared = [0, *(min(_shared(one, other), MOST_SHARED) for one, other in pairwise(listed))][: len(listed)]
    for helper in _helpers():
        assert found.tolist() == listed, helper
        assert gather(found.text, found.starts, found.lengths).tobytes() == b"".join(listed), helper
        assert (found.copy().tolist(), found.copy().text.tobytes()) == (listed, b"".join(listed)), helper
        assert found.order().tolist() == sorted(range(len(listed)), key=listed.__getitem__), helper
        assert found.shared().tolist() == shared, helper


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 55, 56, 63, 64, 65, 71, 72, 73, 80, 255, 256, 300])
@pytest.mark.parametrize("letter", [b"a", b"\0", b"\xff"])
def test_many_strings_with_a_long_common_beginning_are_ordered_and_equals_stay(letter: bytes, length: int) -> None:
    endings = [b"", b"\0", b"\0\0", b"a", b"a\0", b"\x7f", b"\x80", b"\xff", b"a" * 9, b"a" * 8 + b"\0", b"\0" * 9]
    listed = [letter * length + ending for ending in [*endings, *endings[::-1], *endings]]
    listed += [letter * at for at in range(length, max(length - 10, 0), -1)]
    for many in (listed, listed * 30):  # few are compared, many are counted
        wanted = sorted(range(len(many)), key=many.__getitem__)
        for helper in _helpers():
            assert Strings.join(many).order().tolist() == wanted, helper
            assert Strings.join(many * 2).take(np.arange(len(many))).order().tolist() == wanted, helper


@given(st.lists(strings, min_size=1, max_size=4), st.lists(st.integers(0, 3), max_size=90))
def test_strings_that_stand_there_often_keep_their_order(few: list[bytes], which: list[int]) -> None:
    listed = [few[at % len(few)] for at in which]
    for helper in _helpers():
        order = Strings.join(listed).order().tolist()
        assert order == sorted(range(len(listed)), key=listed.__getitem__), helper


@given(
    parts=st.lists(st.tuples(strings, strings), max_size=30), byte=st.sampled_from([b"\0", b":", b"a", b"\xff"]),
    data=st.data(),
)  # fmt: skip
def test_the_first_of_a_byte_is_found_in_each(
    parts: list[tuple[bytes, bytes]], byte: bytes, data: st.DataObject
) -> None:
    listed = [one + byte + other for one, other in parts]
    which = np.array(data.draw(st.permutations(range(len(listed)))), dtype=np.intp)
    for helper in _helpers():
        assert Strings.join(listed).find(byte).tolist() == [each.index(byte) for each in listed], helper
        taken = Strings.join(listed).take(which)
        assert taken.find(byte).tolist() == [listed[at].index(byte) for at in which], helper


@pytest.mark.parametrize("gathered", [1, 3, 1 << 16])
@given(st.lists(stretches(), min_size=1, max_size=4))
@settings(max_examples=25)
def test_pieces_of_a_text_are_joined(gathered: int, given: list[tuple[Strings, list[bytes]]]) -> None:
    count = min(len(found) for found, _ in given)
    text, pieces, before = np.concatenate([found.text for found, _ in given]), [], 0
    for found, _ in given:
        pieces.append((found.starts[:count] + before, found.lengths[:count]))
        before += len(found.text)
    wanted = [b"".join(listed[at] for _, listed in given) for at in range(count)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dictionary, "_GATHERED", gathered)
        for helper in _helpers():
            joined = Strings.joined(text, *pieces)
            assert joined.tolist() == wanted, helper
            assert joined.text.tobytes() == b"".join(wanted), helper
            assert len(joined) == count, helper


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=9), max_size=30))
@example([""])
@example(["", "", "é\0中", "\r\x85\u2028"])
def test_text_is_ordered_and_compared_as_its_bytes(texts: list[str]) -> None:
    wanted = sorted(range(len(texts)), key=texts.__getitem__)  # UTF-8 sorts as code points do
    for helper in _helpers():
        found = Strings.encode(texts)
        assert [each.decode() for each in found.tolist()] == texts, helper
        assert found.order().tolist() == wanted, helper
        assert found.shared().tolist() == Strings.join([text.encode() for text in texts]).shared().tolist(), helper


@settings(max_examples=60)
@given(st.lists(string_sets, min_size=1, max_size=4), st.data())
def test_sorted_sources_are_joined_whatever_their_texts_are_like(
    sources: list[list[bytes]], data: st.DataObject
) -> None:
    wanted = sorted({string for source in sources for string in source})
    scattered = []
    for source in sources:
        order = data.draw(st.permutations(range(len(source))))
        places = np.array([order.index(at) for at in range(len(source))], dtype=np.intp)
        scattered.append(Strings.join([source[at] for at in order]).take(places))
        assert scattered[-1].tolist() == source
    for helper in _helpers():
        joined, found = join(scattered)
        assert joined.tolist() == wanted, helper
        assert [[wanted[place] for place in own] for own in found] == sources, helper
        assert all(own.dtype == np.int64 for own in found), helper


# --- front-coded strings --------------------------------------------------------------------------------------------


def _encoded(listed: Sequence[bytes]) -> dict[str, Array]:
    planes: dict[str, list[Array]] = defaultdict(list)
    encode(Strings.join(listed), lambda name, array: planes[name].append(array))
    return {f"words.{name}": np.concatenate(found) for name, found in planes.items()}


def _check_front_coded(listed: list[bytes]) -> None:
    encoded = []
    for helper in _helpers():
        encoded.append({name: (array.dtype, array.tobytes()) for name, array in _encoded(listed).items()})
        found = Dictionary(_encoded(listed), "words")
        every = found.strings()
        assert found.all() == every.tolist() == listed, helper
        assert every.text.tobytes() == b"".join(listed), helper
        assert every.shared().tolist() == Strings.join(listed).shared().tolist(), helper
    assert encoded == encoded[:1] * len(encoded)
    arrays = _encoded(listed)
    shared = [0 if at % BLOCK == 0 else min(_shared(listed[at - 1], listed[at]), 255) for at in range(len(listed))]
    assert arrays["words.shared"].tolist() == shared
    rest = [string[own:] for string, own in zip(listed, shared, strict=True)]
    assert arrays["words.rest"].tolist() == list(map(len, rest))
    assert arrays["words.text"].tobytes() == b"".join(rest)
    assert arrays["words.block"].tolist() == [sum(map(len, rest[:at])) for at in range(0, len(rest), BLOCK)]


@given(st.lists(strings, unique=True, max_size=60).map(sorted))
@example([])
@example([b""])
def test_front_coded_strings_are_whole_again(listed: list[bytes]) -> None:
    _check_front_coded(listed)


def test_front_coded_strings_of_any_length_are_whole_again() -> None:
    _check_front_coded(sorted(b"a" * length + end for length in range(240, 275) for end in (b"", b"b")))
    _check_front_coded(sorted([b"a" * 70_000, b"a" * 70_000 + b"\0", b"b" * 255, b"b" * 256, b"c" * 255 + b"d"]))


@given(st.lists(strings, unique=True, max_size=60).map(sorted), st.lists(strings, max_size=5))
@example([], [b"", b"a"])
@example([b"a" * 300, b"a" * 300 + b"b", b"b"], [b"a" * 299, b"a" * 300 + b"a", b"a" * 300 + b"c"])
def test_strings_are_found_among_others(listed: list[bytes], others: list[bytes]) -> None:
    for helper in _helpers():
        found = Dictionary.of(Strings.join(listed))
        for each in [*listed, *others]:
            assert found.position(each) == bisect_left(listed, each), helper
            assert found.find(each) == (listed.index(each) if each in listed else -1), helper


@needs_compiled
@pytest.mark.parametrize(
    "changed",
    [
        {"block": np.array([0, 1], dtype=np.int64)},
        {"block": np.array([-1], dtype=np.int64)},
        {"block": np.array([9], dtype=np.int64)},
        {"rest": np.array([1, 1], dtype=np.uint8)},
        {"rest": np.array([1, 9], dtype=np.uint32)},
        {"text": np.zeros(0, dtype=np.uint8)},
    ],
)
def test_what_is_not_front_coded_is_not_searched(changed: dict[str, Array]) -> None:
    arrays = _encoded([b"a", b"ab", b"b"])
    good = {name: changed.get(name, arrays[f"words.{name}"]) for name in ("shared", "rest", "text", "block")}
    with pytest.raises(ValueError, match="front-coded"):
        dictionary._strings.position(*map(memoryview, good.values()), b"abc")


GOOD = np.array([0, 1, 2], dtype=np.uint8), np.array([2, 1, 0]), np.frombuffer(b"abc", dtype=np.uint8)


@needs_compiled
def test_front_coded_strings_are_expanded() -> None:
    assert dictionary._strings.expand(*GOOD) == b"ab" + b"ac" + b"ac"
    assert dictionary._strings.expand(*(array[:0] for array in GOOD)) == b""


@needs_compiled
@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, np.array([1, 1, 2], dtype=np.uint8)),
        (0, np.array([0, 3, 2], dtype=np.uint8)),
        (0, np.array([0, 1, 3], dtype=np.uint8)),
        (0, np.array([0, 1, 255], dtype=np.uint8)),
        (0, np.array([0, 1], dtype=np.uint8)),
        (0, np.array([0, 1, 2, 0], dtype=np.uint8)),
        (0, np.array([0, 1, 2])),
        (0, np.zeros(6, dtype=np.uint8)[::2]),
        (1, np.array([2, 1, 1])),
        (1, np.array([4, 0, 0])),
        (1, np.array([2, -1, 0])),
        (1, np.array([-1, 1, 1])),
        (1, np.array([2**63 - 1, 2**63 - 1, 2])),
        (1, np.array([2, 1])),
        (1, np.array([2, 1, 0, 0])),
        (1, np.array([2, 1, 0], dtype=np.int32)),
        (1, np.array([2, 1, 0, 0, 0, 0], dtype=np.int32)),
        (1, np.array([2, 1, 0], dtype=np.uint8)),
        (2, np.frombuffer(b"ab", dtype=np.uint8)),
        (2, np.frombuffer(b"", dtype=np.uint8)),
        (2, np.array([97, 98, 99])),
    ],
)
def test_what_is_not_front_coded_is_not_expanded(at: int, value: Array) -> None:
    with pytest.raises(ValueError, match=r"front-coded|contiguous"):
        dictionary._strings.expand(*GOOD[:at], value, *GOOD[at + 1 :])


shifts = st.integers(-1, 9) | st.sampled_from([255, 2**31, 2**32, 2**62, 2**63 - 1, -(2**63)])
arrays_of_shifts = st.lists(shifts, max_size=5).map(lambda found: np.array(found, dtype=np.int64))
small_arrays = st.lists(st.integers(0, 5), max_size=5).map(lambda found: np.array(found, dtype=np.int64))
strange_arrays = st.sampled_from([np.zeros(4, dtype=np.int32), np.zeros(3, dtype=np.uint8), np.zeros(0), b"a", None, 3])
bytes_arrays = st.binary(max_size=12).map(lambda found: np.frombuffer(found, dtype=np.uint8))
triples = st.tuples(*[bytes_arrays, *[small_arrays | arrays_of_shifts | strange_arrays] * 2])


@needs_compiled
@given(triples, st.lists(triples, max_size=3))
def test_stretches_that_are_not_in_the_text_are_refused(given: tuple[Any, ...], sources: list[tuple[Any, ...]]) -> None:
    helper = dictionary._strings
    calls = [
        (helper.order, given), (helper.gather, given), (helper.find, (*given, b"a")), (helper.shared, (*given, 255)),
        (helper.merge, (sources,)), (helper.expand, (given[0] % 5, *given[:0:-1])),
    ]  # fmt: skip
    for call, arguments in calls:
        with suppress(ValueError, TypeError):
            call(*arguments)


@needs_compiled
@pytest.mark.parametrize(
    ("starts", "lengths"),
    [([4], [0]), ([3], [1]), ([-1], [1]), ([0], [-1]), ([0], [4]), ([2**63 - 1], [2]), ([0, 1], [1]), ([0], [1, 1])],
)
def test_strings_outside_their_text_are_refused(starts: list[int], lengths: list[int]) -> None:
    found = np.frombuffer(b"abc", dtype=np.uint8), np.array(starts), np.array(lengths)
    helper = dictionary._strings
    for call in (
        lambda: helper.order(*found),
        lambda: helper.gather(*found),
        lambda: helper.find(*found, b"a"),
        lambda: helper.shared(*found, 255),
        lambda: helper.merge([found]),
        lambda: helper.merge([(found[0], np.array([0]), np.array([1])), found]),
    ):
        with pytest.raises(ValueError, match="no strings"):
            call()


# --- words of several sources ---------------------------------------------------------------------------------------


@dataclass
class Listed:
    """A source of words alone."""

    words: Strings
    counts: Counts
    documents: int = 1
    max_position: int = 0
    prepared: list[object] = field(default_factory=list)

    @classmethod
    def of(cls, counted: dict[bytes, int]) -> "Listed":
        ordered = sorted(counted)
        return cls(Strings.join(ordered), np.array([counted[word] for word in ordered], dtype=np.int64))

    def begin(self) -> None:
        raise AssertionError("words are joined before anything is begun")

    def prepare(self, ranks: Numbers, codes: Numbers, first_document: int, layout: Layout) -> None:
        raise AssertionError("words are joined before anything is prepared")

    def keys(self, first: int, last: int) -> Grouped:
        raise AssertionError("words are joined before keys are")


def _check_joined_words(sources: list[dict[bytes, int]]) -> None:
    total: Counter[bytes] = Counter()
    for source in sources:
        total.update(source)
    words = sorted(word for word in total if total[word])
    terms = sorted({word.split(FORM)[0] for word in words})
    forms = {term: [word for word in words if word.split(FORM)[0] == term] for term in terms}
    ranks = [terms.index(word.split(FORM)[0]) for word in words]
    codes = [forms[word.split(FORM)[0]].index(word) for word in words]
    most = max(map(len, forms.values()), default=0)
    for helper in _helpers():
        found = join_words([Listed.of(source) for source in sources])
        assert found.words.tolist() == words, helper
        assert found.parts.tolist() == [len(terms[rank]) for rank in ranks], helper
        assert found.terms.tolist() == terms, helper
        assert found.rank.tolist() == ranks, helper
        assert found.code.tolist() == codes, helper
        assert found.rank.dtype == found.code.dtype == np.int32, helper
        assert found.counts.tolist() == [sum(total[word] for word in forms[term]) for term in terms], helper
        assert found.forms_of.tolist() == [len(forms[term]) for term in terms], helper
        counted = [sum(total[own[code]] for own in forms.values() if code < len(own)) for code in range(most)]
        assert found.codes.tolist()[:most] == counted, helper
        assert not found.codes[most:].any(), helper
        assert len(found.own) == len(sources), helper
        for source, own in zip(sources, found.own, strict=True):
            placed = {
                word: (rank, code)
                for word, *(rank, code) in zip(sorted(source), *(array.tolist() for array in own), strict=False)
                if source[word]
            }
            where = {word: (rank, code) for word, rank, code in zip(words, ranks, codes, strict=True)}
            assert placed == {word: where[word] for word in source if source[word]}, helper


letters = st.sampled_from([b"a", b"b", b":", b"en:a", "é".encode()])
word_parts = st.builds(
    lambda letter, count, end: letter * count + end,
    letters,
    st.sampled_from([0, 1, 2, 63, 252, 253, 254, 255, 256, 257, 300]),
    st.sampled_from([b"", b"a", b"b", b"\x01", b"\xff"]),
)
all_words = st.builds(lambda term, form: term + FORM + form, word_parts, word_parts | st.sampled_from([b"", b"x"]))
counted_words = st.dictionaries(all_words, st.integers(0, 3) | st.just(2**40), max_size=12)


@settings(max_examples=60)
@given(st.lists(counted_words, min_size=1, max_size=4))
@example([{}])
@example([{}, {b"a\0": 0}, {}])
@example([{b"a\0": 0}])
def test_words_of_sources_are_ranked_and_their_forms_numbered(sources: list[dict[bytes, int]]) -> None:
    _check_joined_words(sources)


@pytest.mark.parametrize("length", [1, 63, 64, 253, 254, 255, 256, 257, 300, 511, 1000])
def test_a_term_of_any_length_with_several_forms_is_one_term(length: int) -> None:
    term = b"english:" + b"a" * length
    forms = [b"", b"z", b"a" * length, b"a" * length + b"s", b"b", b"\xff"]
    others = [term[:-1], term[:-1] + b"b", term + b"\x01", term + b"a"]
    one = {own + FORM + form: 1 + at for own in [term, *others] for at, form in enumerate(forms[::2])}
    other = {own + FORM + form: 10 + at for own in [term, others[0]] for at, form in enumerate(forms[1::2])}
    _check_joined_words([one])
    _check_joined_words([one, other])
    _check_joined_words([other, {}, one, dict.fromkeys(one, 0)])
    found = join_words([Listed.of({term + FORM + form: 1 for form in forms})])
    assert (found.terms.tolist(), found.forms_of.tolist()) == ([term], [len(forms)])


def test_long_terms_of_one_length_that_differ_late_are_several() -> None:
    terms = [b"x" * 255 + bytes([at]) * 40 for at in range(1, 20)]
    _check_joined_words([{term + FORM + form: 2 for term in terms for form in (b"a", b"b")}])
    found = join_words([Listed.of({term + FORM: 1 for term in terms})])
    assert found.rank.tolist() == list(range(len(terms)))


# --- values ---------------------------------------------------------------------------------------------------------

values = st.text(alphabet="abé中\U0001f680\uffff ", max_size=3)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.lists(values, unique=True, max_size=8).map(sorted),
            st.lists(st.tuples(st.integers(0, 9), st.integers(0, 7)), max_size=12),
            st.integers(10, 12),
        ),
        min_size=1,
        max_size=5,
    )
)
@example([([], [], 10), ([], [], 10)])
@example([(["a", "b"], [(0, 0), (9, 1)], 10), (["a", "b"], [(1, 1)], 10), ([], [], 12), (["", "c"], [(3, 0)], 11)])
def test_joined_values_are_sorted_and_their_documents_keep_them(
    given: list[tuple[list[str], list[tuple[int, int]], int]],
) -> None:
    columns, standing, first = [], [], 0
    for own, pairs, count in given:
        pairs = sorted((document, code % len(own)) for document, code in pairs if own)
        documents, codes = (np.array([pair[at] for pair in pairs], dtype=np.int64) for at in (0, 1))
        columns.append(ValueColumn(tuple(own), documents, codes))
        standing += [(document + first, own[code]) for document, code in pairs]
        first += count
    found = join_values(columns, [count for _, _, count in given])
    assert list(found.values) == sorted({value for own, _, _ in given for value in own})
    assert found.documents.dtype == found.codes.dtype == np.int64
    held = zip(found.documents.tolist(), (found.values[code] for code in found.codes), strict=True)
    assert list(held) == standing


# --- words of a segment ---------------------------------------------------------------------------------------------

LONG = "a" + "\U00010428" * 90
"""A form of more than 255 bytes that an English s is taken off from."""

WORDS = (
    "border borders bordering election elections elected electing the The IS US U.S. Türkiye’s 7,500 3.5 FTFs don't"
    " l’Irak Wahlen Wahl gewählt gift gifts الحدود والحدود العراق 边境安全 国家 İstanbul'da COVID-19 a@b.example a\0b"
).split(" ")
WORDS += [LONG, LONG + "s", "б" * 100, "a" * 300]
documents = st.builds(
    lambda title, body, language: Document((1, 0, 0, 0), title, body, language, (), None, (), None),
    *[st.lists(st.sampled_from([*WORDS, "\n\n"]), max_size=25).map(" ".join)] * 2,
    st.sampled_from(["en", "de", "fr", "ar", "tr", "zh", "ru", "xx", None]),
)


def _words_of(found: list[Document]) -> Counter[bytes]:
    """Each term with its form, which is left out where there is no stemmer; and how often it stands there."""
    counted: Counter[bytes] = Counter()
    for document in found:
        for text in (document.title, document.body):
            for token in analysis.tokenise(text, document.language):
                term = analysis.stem(token.form, analysis.stemmer_of(document.language))
                counted[f"{term}\0{'' if term.startswith(':') else token.form}".encode()] += 1
    return counted


def _write(path: Path, found: list[Document]) -> Field:
    inverted = Inverted()
    for document in found:
        assert inverted.add([document]) == {}
    write_segment(path, [inverted])
    return Field(SegmentFile(path), "text")


def _check_words(path: Path, found: list[Document]) -> Field:
    wanted = _words_of(found)
    terms = sorted({word.split(FORM)[0] for word in wanted})
    for helper in _helpers():
        written = _write(path, found)
        words, first = written.words()
        listed = words.tolist()
        assert listed == sorted(wanted), helper
        assert written.terms.all() == terms, helper
        assert [listed[at].split(FORM)[0] for at in first] == terms, helper
        assert first.tolist() == [listed.index(next(word for word in listed if word.split(FORM)[0] == own))
                                  for own in terms], helper  # fmt: skip
        for rank, term in enumerate(terms):
            own = [word for word in listed if word.split(FORM)[0] == term]
            low, high = written.counts.around(rank)
            assert high - low == sum(wanted[word] for word in own), helper
            assert written.forms_of(term) == [word.split(FORM)[1] or term[1:] for word in own], helper
    return written


@settings(max_examples=30)
@given(st.lists(documents, max_size=5))
def test_words_of_a_segment_are_those_of_its_documents(
    tmp_path_factory: pytest.TempPathFactory, found: list[Document]
) -> None:
    _check_words(tmp_path_factory.mktemp("words") / "one.seg", found)


def test_a_term_of_more_than_255_bytes_in_a_segment_has_all_its_forms(tmp_path: Path) -> None:
    body = f"{LONG} {LONG}s border {LONG} {LONG}s {LONG[:-1]}"
    found = [
        Document((1, 0, 0, 0), "", body, language, (), None, (), None) for language in ("en", "de", "en", None, "zh")
    ]
    written = _check_words(tmp_path / "long.seg", found)
    assert written.forms_of(f"english:{LONG}".encode()) == [LONG.encode(), f"{LONG}s".encode()]
