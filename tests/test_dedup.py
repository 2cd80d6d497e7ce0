"""What is held to be the same story: by signatures that are the same everywhere, and by the texts themselves."""

import subprocess
import sys
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import dedup, shingles
from archive.dedup import Text, overlap

WORDS = (
    "border patrol river minister talks agreement weather market council school bridge harvest election water".split()
)


def story(seed: int, words: int = 200, unspaced: bool = False) -> str:
    chance = Random(seed)
    if unspaced:
        return "".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(words))
    text = [f"{chance.choice(WORDS)}{chance.choice('abcdefghij')}" for _ in range(words)]
    return ". ".join(" ".join(text[at : at + 20]) for at in range(0, words, 20))


TEXTS = st.text() | st.lists(
    st.sampled_from([*WORDS, "İstanbul", "e\u0301", "新华社", "\n", "> quoted", "--", "12"])
).map(" ".join)


@given(TEXTS)
def test_the_compiled_part_and_the_plain_one_find_the_same(text: str) -> None:
    assert shingles.shingles(text).tolist() == shingles.plain_shingles(text).tolist()
    count, least = shingles.smallest(text)
    plain_count, plain_least = shingles.plain_smallest(text)
    assert (count, least.tolist()) == (plain_count, plain_least.tolist())


@pytest.mark.parametrize("text", ["", "\ud800 half a pair", "\U0001f600 " * 40, "𠀀" * 40, "a" * 100_000, "\0" * 50])
def test_any_text_has_a_signature(text: str) -> None:
    assert len(Text("", text).signature) <= shingles.BINS
    assert shingles.shingles(text).tolist() == shingles.plain_shingles(text).tolist()


def test_a_signature_is_the_same_in_every_process() -> None:
    code = "from archive.dedup import Text; print(Text('', 'a b c d e f g ' * 9 + 'é ü').signature.tolist())"
    run = [sys.executable, "-c", code]
    seeds = [subprocess.run(run, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True) for seed in "12"]
    assert seeds[0].stdout == seeds[1].stdout
    assert shingles.shingles("one two three four five").tolist() == [14204989206588037527]


@given(TEXTS, TEXTS)
def test_it_does_not_matter_which_text_comes_first(one: str, other: str) -> None:
    a, b = Text("", one), Text("", other)
    assert overlap(a, b) == overlap(b, a)
    assert dedup.similarity(a.signature, b.signature) == dedup.similarity(b.signature, a.signature)
    assert 0.0 <= overlap(a, b) <= 1.0


@pytest.mark.parametrize("unspaced", [False, True], ids=["words", "characters"])
@pytest.mark.parametrize(
    "edit",
    [
        lambda text, _: text,
        lambda text, _: text.upper() if text.isascii() else f"“{text}”",
        lambda text, _: text[: len(text) * 2 // 3],
        lambda text, _: f"LONDON (Agencies) – {text}",
        lambda text, other: text[: len(text) // 2] + other[: len(text) // 6] + text[len(text) // 2 :],
    ],
    ids=["same", "typography", "cut", "dateline", "a paragraph put in"],
)
def test_versions_of_a_story_are_told(edit, unspaced: bool) -> None:  # type: ignore[no-untyped-def]
    one = Text("", story(1, unspaced=unspaced))
    other = Text("another headline", edit(one.body, story(2, unspaced=unspaced)))
    assert overlap(one, other) >= dedup.CONTAINMENT
    assert len(np.intersect1d(one.signature, other.signature)) >= dedup.needed(other.signature)


def test_a_figure_may_be_corrected_in_a_long_text() -> None:
    body = story(1) + " 120 people were hurt, 40 of them badly, on 5 May"
    assert overlap(Text("", body), Text("", body.replace("120", "125")))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Text("", story(1)), Text("", story(2))),
        (
            Text("", "Qtly div 10 cts vs 10 cts prior. Pay April 30"),
            Text("", "Qtly div 10 cts vs 10 cts prior. Pay April 30"),
        ),
        (Text("", f"The bank adds 15 billion. {story(1, 40)}"), Text("", f"The bank adds 20 billion. {story(1, 40)}")),
        (Text("", story(1), (1, 1)), Text("", story(1), (9, 9))),
        (Text("Re: talks", story(1)), Text("talks", story(1))),
        (Text("", story(1, 60)), Text("", story(1, 60) + story(2, 900))),
        (Text("", story(1)), Text("", "\n".join(f"> {line}" for line in story(1).split(". ")) + f"\n{story(3)}")),
        (Text("", ""), Text("", "")),
    ],
    ids=["other texts", "too short", "other figures", "other weeks", "a reply", "a digest", "a quotation", "nothing"],
)
def test_what_is_no_version(one: Text, other: Text) -> None:
    assert overlap(one, other) == overlap(other, one) == 0.0


def test_the_signature_below_a_message_does_not_count() -> None:
    below = f"\n--\n{story(9, 60)}"
    assert not overlap(Text("", story(1, 30) + below), Text("", story(2, 30) + below))


def test_of_equals_the_oldest_is_chosen() -> None:
    text = Text("", story(1))
    assert dedup.best_of(text, [(7, text), (3, text), (5, Text("", story(2)))]) == (3, 1.0)
    assert dedup.best_of(text, []) is None
