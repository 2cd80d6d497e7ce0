"""Words that are spelt alike or have a part in common: each is found, with and without the compiled helper."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index import dictionary, spellings
from index.dictionary import BLOCK, Dictionary, Strings
from index.packing import Array
from index.spellings import MAX_LETTERS, Stretch, distance

needs_compiled = pytest.mark.skipif(
    spellings._spellings is None, reason="index._spellings was not built: there is no C compiler here"
)


def _helpers() -> Iterator[str]:
    if spellings._spellings is not None:
        yield "compiled"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spellings, "_spellings", None)
        yield "plain"


def stored(words: list[str]) -> Dictionary:
    arrays: dict[str, Array] = {}
    dictionary.encode(
        Strings.join([word.encode() for word in words]), lambda name, array: arrays.update({f"d.{name}": array})
    )
    return Dictionary(arrays, "d")


def osa(one: str, other: str) -> int:
    """The definition: the whole table (Boytsov 2011, 2.1.1)."""
    table = np.zeros((len(one) + 1, len(other) + 1), dtype=int)
    table[:, 0], table[0, :] = range(len(one) + 1), range(len(other) + 1)
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            table[i, j] = min(
                table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (one[i - 1] != other[j - 1])
            )
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return int(table[-1, -1])


letters = st.text(alphabet="abcé中🚀", min_size=1, max_size=9)
vocabularies = st.sets(letters, max_size=4 * BLOCK).map(sorted)


@given(letters, letters, st.integers(1, 3))
@example("ab", "ba", 1)
@example("ca", "abc", 2)
def test_the_distance_of_two_words(one: str, other: str, most: int) -> None:
    assert min(distance(one, other, most), most + 1) == min(osa(one, other), most + 1)


@given(vocabularies, letters, st.integers(1, 3), st.integers(0, 3), st.data())
def test_words_spelt_alike_are_those_within_the_distance(
    words: list[str], word: str, edits: int, skip: int, data: st.DataObject
) -> None:
    found = stored([f"{'x' * skip}{each}" for each in words])
    first = data.draw(st.integers(0, len(words)))
    numbers = range(first, data.draw(st.integers(first, len(words))))
    expected = [(words[at], osa(word, words[at]), at) for at in numbers if osa(word, words[at]) <= edits]
    for _ in _helpers():
        assert Stretch(found, numbers, skip=skip).alike(word, edits) == expected


@given(vocabularies, letters, st.integers(1, 2))
def test_what_follows_the_word_does_not_count(words: list[str], word: str, edits: int) -> None:
    marked = sorted(f"{each}\x1f{mark}" for each in words for mark in ("de:abc", "en:cba"))
    stretch = Stretch(stored(marked), range(len(marked)), stop=b"\x1f")
    without = [mark.partition("\x1f")[0] for mark in marked]
    expected = [(each, osa(word, each), at) for at, each in enumerate(without)]
    for _ in _helpers():
        assert stretch.alike(word, edits) == [found for found in expected if found[1] <= edits]
        assert list(stretch.containing(word)) == [each for each in without if word in each]


@given(vocabularies, st.text(alphabet="abcé中🚀", min_size=1, max_size=3), st.integers(0, 2), st.data())
def test_words_with_a_part(words: list[str], part: str, skip: int, data: st.DataObject) -> None:
    found = stored([f"{'a' * skip}{each}" for each in words])
    first = data.draw(st.integers(0, len(words)))
    numbers = range(first, len(words))
    for _ in _helpers():
        assert list(Stretch(found, numbers, skip=skip).containing(part)) == [
            each for each in words[first:] if part in each
        ]


def test_long_words_are_passed_by() -> None:
    words = sorted(["b" * 300, "b" * 300 + "c", "border", "bordfr"])
    for _ in _helpers():
        assert Stretch(stored(words), range(4)).alike("border", 1) == [("border", 0, 2), ("bordfr", 1, 3)]
        assert Stretch(stored(words), range(4)).alike("b" * (MAX_LETTERS + 1), 1) == []
        longest = sorted([letter * MAX_LETTERS + "a" for letter in "bc"])
        assert Stretch(stored(longest), range(2)).alike("b" * MAX_LETTERS, 1) == [(longest[0], 1, 0)]
        assert list(Stretch(stored(words), range(4)).containing("bc")) == ["b" * 300 + "c"]


@needs_compiled
def test_what_is_no_dictionary_is_refused() -> None:
    shared, rest, text = np.array([0, 9], np.uint8), np.array([1, 1], np.uint8), np.array([97, 98], np.uint8)
    word = "ab".encode("utf-32-le")
    for arrays in ((shared, rest, text), (shared[:1], rest, text), (shared * 0, rest + 9, text)):
        with pytest.raises(ValueError, match="no front-coded"):
            spellings._spellings.alike(*arrays, 0, 0, 0, 2, 0, -1, word, 1)
        with pytest.raises(ValueError, match="no front-coded"):
            spellings._spellings.containing(*arrays, 0, 0, 0, 2, 0, b"a")
    with pytest.raises(ValueError, match="too long"):
        spellings._spellings.alike(shared, rest, text, 0, 0, 0, 2, 0, -1, b"", 1)
