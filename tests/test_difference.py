"""What differs between two texts: nothing of either is lost, and no text takes for ever."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.difference import compare, difference, joined, words
from archive.types import Article, ChangeKind, Origin, Piece

SAME, DELETED, INSERTED = ChangeKind
NOW = datetime(2024, 5, 6, tzinfo=UTC)
ARTICLE = Article(
    id=1, title="Talks end", url=None, source=None, authors=(), published=None, language="en", tags=(), versions=1,
    body="", section=None, summary=None, origin=Origin("x", "text"), version=1, added=NOW, changed=NOW,
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(["one", "two", "two,", "三四", "\n\n", "\n", " ", ".", "He left. "]), max_size=40).map(
    "".join
)


def sides(pieces: list[Piece]) -> tuple[list[str], list[str]]:
    one = "".join(piece.text for piece in pieces if piece.kind is not INSERTED)
    other = "".join(piece.text for piece in pieces if piece.kind is not DELETED)
    return one.split(), other.split()


@given(TEXTS, TEXTS)
def test_the_pieces_are_both_texts(one: str, other: str) -> None:
    pieces = list(joined(compare(one, other)))
    left = "".join(piece.text for piece in pieces if piece.kind is not INSERTED)
    right = "".join(piece.text for piece in pieces if piece.kind is not DELETED)
    assert "".join(left.split()) == "".join(one.split())
    assert "".join(right.split()) == "".join(other.split())
    assert all(piece.text for piece in pieces)
    assert all(a.kind is not b.kind for a, b in pairwise(pieces))


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert [piece.kind for piece in joined(compare(text, text))] in ([], [SAME])
    assert "".join(words(text)) == text


def test_words_are_compared() -> None:
    pieces = list(joined(compare("About 120 people were hurt.", "About 125 people were badly hurt.")))
    assert pieces == [
        Piece(SAME, "About"), Piece(DELETED, " 120"), Piece(INSERTED, " 125"), Piece(SAME, " people were"),
        Piece(INSERTED, " badly"), Piece(SAME, " hurt."),
    ]  # fmt: skip


def test_characters_are_compared_where_words_are_not_parted() -> None:
    kinds = [(piece.kind, piece.text) for piece in joined(compare("新华社北京电", "新华社上海电"))]
    assert kinds == [(SAME, "新华社"), (DELETED, "北京"), (INSERTED, "上海"), (SAME, "电")]


def test_paragraphs_are_kept() -> None:
    one = replace(ARTICLE, body="First.\n\nSecond.")
    other = replace(ARTICLE, title="Talks go on", body="First.\n\nBetween.\n\nSecond.")
    found = difference(one, other)
    assert [[piece.kind for piece in pieces] for pieces in found.paragraphs] == [[SAME], [INSERTED], [SAME]]
    assert found.title[0] == Piece(SAME, "Talks")
    assert (found.count(DELETED), found.count(INSERTED)) == (0, 1)


@pytest.mark.parametrize("unit", ["a b ", "a. b. ", "a\n\nb\n\n", "同一", "ab" * 40])
def test_long_texts_are_compared_in_bounds(unit: str) -> None:
    one = unit * 60_000
    other = f"before {unit * 30_000} between {unit * 30_000}"
    left, right = sides(list(joined(compare(one, other))))
    assert "".join(left) == "".join(one.split())
    assert "".join(right) == "".join(other.split())
