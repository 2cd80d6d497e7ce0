"""What differs between two texts, word by word.

The comparison is difflib's (Ratcliff and Obershelp, 1988), which may take time with the square of what it is given. So
it is never given much: what both texts begin and end with is set aside, long texts are compared by paragraphs first,
then the sentences of those that differ, then the words of those; and what is still too long is told as taken out and
put in.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from archive.types import PARAGRAPH_BREAK, Article, ChangeKind, Difference, Piece

MOST_COMPARED = 3_000
"""Words, sentences or paragraphs of two texts together that are compared at once."""

_ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Letters of scripts without spaces between words: each is compared by itself."""

_WORD = re.compile(rf"\n\n|(?:(?!\n\n)\s)*(?:[{_ALONE}]|[^\W{_ALONE}]+|[^\w\s])|\s+")
_SENTENCE = re.compile(r".*?(?:[.!?…。！？؟](?:[\"'»”’)]*)\s+|[。！？]|\n\n|$)", re.DOTALL)
_PARAGRAPH = re.compile(r".*?(?:\n\n|$)", re.DOTALL)

Cut = Callable[[str], Sequence[str]]
"""Takes a text apart; joined, the parts are the text."""


def difference(one: Article, other: Article) -> Difference:
    """How the title and the text of `other` differ from those of `one`."""
    pieces = joined(compare(one.body, other.body))
    return Difference(one, other, tuple(joined(compare(one.title, other.title))), tuple(_paragraphs(pieces)))


def compare(one: str, other: str) -> Iterator[Piece]:
    """The pieces of both texts in order: the same ones and the deleted are `one`, the same and the inserted `other`.

    White space between words that are the same does not count; it is that of `other`.
    """
    few = len(one) + len(other) <= MOST_COMPARED or len(words(one)) + len(words(other)) <= MOST_COMPARED
    return _compare(one, other, (words,) if few else (_PARAGRAPH.findall, _SENTENCE.findall, words))


def words(text: str) -> Sequence[str]:
    """The words and signs of a text, each with the white space before it; a break of paragraphs is one, too."""
    return _WORD.findall(text)


def _compare(one: str, other: str, cuts: Sequence[Cut]) -> Iterator[Piece]:
    here, there = cuts[0](one), cuts[0](other)
    keys, others = [part.strip() for part in here], [part.strip() for part in there]
    before, after = _shared_ends(keys, others)
    yield Piece(ChangeKind.SAME, "".join(there[:before]))
    end, other_end = len(here) - after, len(there) - after
    if end + other_end - 2 * before > MOST_COMPARED:
        yield from _replaced(here[before:end], there[before:other_end])
    else:
        matcher = SequenceMatcher(None, keys[before:end], others[before:other_end], autojunk=False)
        for tag, start, stop, other_start, other_stop in matcher.get_opcodes():
            left = here[before + start : before + stop]
            right = there[before + other_start : before + other_stop]
            if tag == "equal":
                yield Piece(ChangeKind.SAME, "".join(right))
            elif tag == "replace" and cuts[1:]:
                yield from _compare("".join(left), "".join(right), cuts[1:])
            else:
                yield from _replaced(left, right)
    yield Piece(ChangeKind.SAME, "".join(there[other_end:]))


def _replaced(left: Sequence[str], right: Sequence[str]) -> Iterator[Piece]:
    yield Piece(ChangeKind.DELETED, "".join(left))
    yield Piece(ChangeKind.INSERTED, "".join(right))


def _shared_ends(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """How many parts both begin with, and how many of the rest they end with."""
    most = min(len(one), len(other))
    before = next((at for at in range(most) if one[at] != other[at]), most)
    left = most - before
    after = next((at for at in range(left) if one[-1 - at] != other[-1 - at]), left)
    return before, after


def joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The pieces without empty ones, neighbours of the same kind as one."""
    kind, texts = ChangeKind.SAME, list[str]()
    for piece in pieces:
        if piece.text and piece.kind is not kind:
            if texts:
                yield Piece(kind, "".join(texts))
            kind, texts = piece.kind, []
        if piece.text:
            texts.append(piece.text)
    if texts:
        yield Piece(kind, "".join(texts))


def _paragraphs(pieces: Iterator[Piece]) -> Iterator[tuple[Piece, ...]]:
    """The pieces of each paragraph; where only one of the texts has a break, there is one, too."""
    row: list[Piece] = []
    for piece in pieces:
        first, *rest = piece.text.split(PARAGRAPH_BREAK)
        row += [Piece(piece.kind, first)] if first.strip() else []
        for text in rest:
            if row:
                yield tuple(row)
            row = [Piece(piece.kind, text)] if text.strip() else []
    if row:
        yield tuple(row)
