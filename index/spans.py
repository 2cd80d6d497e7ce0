"""Where words stand, as arrays, and which of them stand near each other.

A span goes from the position of its first word to that of its last. Both are keys: the number of the document times
2**40, plus the position; so spans of many documents are one sorted array, and none reaches from one document into the
next. In bodies positions begin at `BODY`, so that no span reaches from a title into the text below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]

DOCUMENT = 40
"""Bits of a key below the document's."""

BODY = 1 << 36
"""What is added to positions in bodies; a multiple of it is farther than any distance that can be asked for."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans, sorted by where they start."""

    starts: Keys
    ends: Keys

    def __len__(self) -> int:
        return len(self.starts)

    def documents(self) -> Keys:
        """The documents that have any, each once."""
        owners = self.starts >> DOCUMENT
        return owners[np.flatnonzero(np.diff(owners, prepend=-1))]

    def chosen(self, which: NDArray[np.bool_] | Keys) -> "Spans":
        """Some of them."""
        return Spans(self.starts[which], self.ends[which])


NONE = Spans(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def distinct(keys: Keys) -> Keys:
    """The keys in order, each once; mostly they are so. NumPy hashes to find that out, which takes long."""
    if (keys[1:] > keys[:-1]).all():
        return keys
    ordered: Keys = np.sort(keys)
    once: Keys = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
    return once


def union(parts: Sequence[Spans]) -> Spans:
    """All of them, each once."""
    parts = [part for part in parts if len(part)]
    if len(parts) < 2:
        return parts[0] if parts else NONE
    starts = np.concatenate([part.starts for part in parts])
    ends = np.concatenate([part.ends for part in parts])
    order = np.lexsort((ends, starts))
    starts, ends = starts[order], ends[order]
    is_new = np.ones(len(starts), dtype=bool)
    is_new[1:] = (starts[1:] != starts[:-1]) | (ends[1:] != ends[:-1])
    return Spans(starts[is_new], ends[is_new])


def near(left: Spans, right: Spans, words: int, *, ordered: bool) -> Spans:
    """From one to the other, wherever they are at most so many words apart without overlapping.

    Each one is joined with the nearest of the others on either side. `ordered` wants the left one first.
    """
    found = [_before(left, right, words)]
    if not ordered:
        found.append(_before(right, left, words))
    return union(found)


def _before(left: Spans, right: Spans, words: int) -> Spans:
    """Each left one with the nearest right one after it, and each right one with the nearest left one before it."""
    if not (len(left) and len(right)):
        return NONE
    after = np.searchsorted(right.starts, left.ends, side="right")
    here = np.flatnonzero(after < len(right))
    there = after[here]
    close = right.starts[there] - left.ends[here] <= words
    forward = Spans(left.starts[here[close]], right.ends[there[close]])
    by_end = None if left.starts is left.ends else np.argsort(left.ends, kind="stable")
    before = np.searchsorted(left.ends if by_end is None else left.ends[by_end], right.starts, side="left") - 1
    there = np.flatnonzero(before >= 0)
    here = before[there] if by_end is None else by_end[before[there]]
    close = right.starts[there] - left.ends[here] <= words
    return union([forward, Spans(left.starts[here[close]], right.ends[there[close]])])


def following(parts: Sequence[Keys]) -> Spans:
    """Words one directly after the other; each part has the keys of one word's occurrences, sorted."""
    ends = parts[0]
    for part in parts[1:]:
        if not len(ends):
            return NONE
        place = np.searchsorted(part, ends + 1)
        place[place == len(part)] = 0
        ends = ends[part[place] == ends + 1] + 1 if len(part) else part
    return Spans(ends - (len(parts) - 1), ends)


def together(parts: Sequence[Keys], slop: int) -> Spans:
    """Words in any order with at most so many others among them; each part has one word's occurrences, sorted.

    A word that is asked for twice must be there twice. Of all stretches that end at a word, the shortest.
    """
    wanted: dict[bytes, tuple[Keys, int]] = {}
    for part in parts:
        key = part.tobytes()
        wanted[key] = part, wanted.get(key, (part, 0))[1] + 1
    if not all(len(part) for part in parts):
        return NONE
    ends = distinct(np.concatenate([part for part, _ in wanted.values()]))
    starts = ends.copy()
    for part, times in wanted.values():
        place = np.searchsorted(part, ends, side="right") - times
        kept = place >= 0
        starts, ends, place = starts[kept], ends[kept], place[kept]
        starts = np.minimum(starts, part[place])
    close = ends - starts < len(parts) + slop
    starts, ends = starts[close], ends[close]
    order = np.lexsort((ends, starts))
    starts, ends = starts[order], ends[order]
    shortest = np.ones(len(starts), dtype=bool)
    shortest[1:] = starts[1:] != starts[:-1]
    return Spans(starts[shortest], ends[shortest])


def in_one_paragraph(left: Spans, right: Spans, paragraphs: Keys) -> Spans:
    """All of both that stand in a paragraph with one of the other.

    `paragraphs` has the key of the first word of each paragraph, sorted.
    """
    of_left, of_right = _paragraph(left, paragraphs), _paragraph(right, paragraphs)
    if left.starts is right.starts or _are_equal(left, right):  # a word with itself: there must be two
        numbers, counts = np.unique(of_left, return_counts=True)
        return left.chosen(np.isin(of_left, numbers[counts > 1]))
    return union([left.chosen(np.isin(of_left, of_right)), right.chosen(np.isin(of_right, of_left))])


def _paragraph(spans: Spans, paragraphs: Keys) -> Keys:
    return np.searchsorted(paragraphs, spans.starts, side="right")


def _are_equal(left: Spans, right: Spans) -> bool:
    return np.array_equal(left.starts, right.starts) and np.array_equal(left.ends, right.ends)


def often(spans: Spans, times: int) -> Spans:
    """Those of documents that have at least so many."""
    _, place, counts = np.unique(spans.starts >> DOCUMENT, return_inverse=True, return_counts=True)
    return spans.chosen(counts[place] >= times)
