"""The passages that show a text's matches: bounds and marks, and the compiled choice against the one in Python."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.types import PARAGRAPH_BREAK
from index import passages
from index.matches import Match
from index.passages import PASSAGE, Passage, best_passages

needs_compiled = pytest.mark.skipif(
    passages._passages is None,
    reason="index._passages was not built: there is no C compiler here",
)

WORDS = (
    "border",
    "a",
    "Ünïted",
    "end.",
    "why?”",
    "so…»)",
    "中文。",
    "句！",
    "\n",
    "\n\n",
    "…",
    "’tis",
    "U.S.",
    "🚀",
    " ",
    "x" * 90,
)
texts = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=150).map(" ".join)


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, list[Match]]:
    """A text and matches in it, sorted, which may overlap."""
    text = draw(texts)
    starts = draw(st.lists(st.integers(0, max(0, len(text) - 1)), max_size=80)) if text else []
    return text, sorted((at, min(len(text), at + draw(st.integers(1, 30))), draw(st.integers(0, 70))) for at in starts)


def _in_python(body: str, matches: list[Match], count: int) -> list[Passage]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passages, "_passages", None)
        return best_passages(body, matches, count)


@needs_compiled
@given(marked(), st.integers(1, 5))
def test_the_compiled_choice_is_the_one_in_python(given: tuple[str, list[Match]], count: int) -> None:
    body, matches = given
    assert best_passages(body, matches, count) == _in_python(body, matches, count)


@given(marked(), st.integers(1, 5))
def test_a_passage_is_a_stretch_of_one_paragraph_and_its_marks_are_matches(
    given: tuple[str, list[Match]], count: int
) -> None:
    body, matches = given
    found = best_passages(body, matches, count)
    assert 1 <= len(found) <= count
    assert found == sorted(found)
    starts = {start for start, _, _ in matches}
    for start, end, _, _, paragraph, marks in found:
        assert 0 <= start <= end <= len(body)
        assert paragraph <= body.count(PARAGRAPH_BREAK) + 1
        assert marks == tuple(sorted(marks))
        for begins, ends in marks:
            assert begins + start in starts
            assert 0 <= begins < ends <= end - start
        assert all(before <= after for (_, before), (after, _) in pairwise(marks))


def test_without_a_match_it_is_how_the_text_begins() -> None:
    body = "One sentence. " * 40
    ((start, end, is_begun, is_cut, paragraph, marks),) = best_passages(body, [], 3)
    assert (start, is_begun, is_cut, paragraph, marks) == (0, False, True, 1, ())
    assert PASSAGE // 2 < end <= PASSAGE


def test_the_first_passage_shows_most_parts_and_the_others_what_it_does_not() -> None:
    filler = "nothing of note here " * 30
    body = f"alpha alpha alpha {filler} alpha beta {filler} gamma"
    places = [(word, part) for part, word in enumerate(("alpha", "beta", "gamma"))]
    matches = sorted(
        (at, at + len(word), part) for word, part in places for at in range(len(body)) if body.startswith(word, at)
    )
    one = best_passages(body, matches, 1)
    assert [body[one[0][0] + a : one[0][0] + b] for a, b in one[0][5]] == ["alpha", "beta"]
    shown = [body[start:end] for start, end, *_ in best_passages(body, matches, 2)]
    assert ["alpha" in text for text in shown] == [True, False]
    assert "gamma" in shown[1]


@needs_compiled
@pytest.mark.parametrize("matches", [[(0, 99, 0)], [(-1, 2, 0)], [(2, 1, 0)], [(1, 2)], ["ab"], [(0, 1, "x")]])
def test_matches_that_are_not_in_the_text_are_refused(matches: list[Match]) -> None:
    with pytest.raises((ValueError, TypeError)):
        best_passages("a text", matches, 1)
