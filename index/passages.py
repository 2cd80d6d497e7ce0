"""The passages of a text that show its matches best, cut where sentences or words end.

Where `_passages` was compiled it does the same, faster.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from archive.types import PARAGRAPH_BREAK, Span
from index.matches import Match

try:
    from index import _passages
except ImportError:  # it was installed without a compiler
    _passages = None  # type: ignore[assignment]

PASSAGE = 240
"""Characters of a passage, roughly."""

Passage = tuple[int, int, bool, bool, int, tuple[Span, ...]]
"""Where a passage begins and ends, whether its paragraph begins before it and goes on after it, the paragraph's number,
from 1, and the matches in it, relative to its beginning: sorted, those that overlap as one."""


def best_passages(body: str, matches: list[Match], count: int) -> list[Passage]:
    """The one to `count` passages that show most of the query, in the order of the text.

    `matches` are sorted. Without any, the passage is how the text begins. Of the parts from the 64th on, all count as
    one.
    """
    if _passages:
        return _passages.best_passages(body, matches, count, PASSAGE)
    windows = _choose(_windows(matches, body), count) if matches else [(0, 0)]
    return [_cut(body, start, end, matches) for start, end in windows]


def join(matches: Iterable[Match]) -> tuple[Span, ...]:
    """Matches as marks: sorted, those that overlap as one."""
    spans: list[Span] = []
    for start, end, _ in sorted(matches):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


class _Window(NamedTuple):
    """A stretch of one paragraph, from the beginning of its first match to the end of its last.

    `parts` has a bit set for each part of the query that it shows.
    """

    parts: int
    matches: int
    start: int
    end: int


_MOST_PARTS = 64


def _windows(matches: list[Match], body: str) -> list[_Window]:
    """For each match, the window of about `PASSAGE` characters that begins with it."""
    windows = []
    for at, (start, end, part) in enumerate(matches, 1):
        parts, count = 1 << min(part, _MOST_PARTS - 1), 1
        limit = start + PASSAGE - 40
        paragraph_end = body.find(PARAGRAPH_BREAK, start, limit)
        if paragraph_end >= 0:
            limit = paragraph_end
        for _, other_end, other in islice(matches, at, at + 50):
            if other_end > limit:
                break
            parts |= 1 << min(other, _MOST_PARTS - 1)
            count += 1
            end = max(end, other_end)  # the window grows
        windows.append(_Window(parts, count, start, end))
    return windows


def _choose(windows: list[_Window], count: int) -> list[tuple[int, int]]:
    """The windows that show most parts of the query, then most matches, then come first; none near another."""
    chosen: list[tuple[int, int]] = []
    everything = 0
    for window in windows:
        everything |= window.parts
    seen = 0
    while windows and len(chosen) < count:
        _, _, _, _, best = max(
            ((window.parts & ~seen).bit_count(), window.parts.bit_count(), window.matches, -window.start, window)
            for window in windows
        )
        chosen.append((best.start, best.end))
        seen |= best.parts
        if seen == everything:
            seen = 0
        before, after = best.start - PASSAGE, best.end + PASSAGE
        windows = [other for other in windows if other.start >= after or other.end <= before]
    return sorted(chosen)


_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[.!?。！？؟…][\"'”’»)\]]*\s+|\n|(?<=[。！？])")


def _cut(body: str, first: int, last: int, matches: list[Match]) -> Passage:
    """The passage around a window: from the beginning of a sentence where it is near, else of a word."""
    opening, paragraph = 0, 1
    while (found := body.find(PARAGRAPH_BREAK, opening, first)) >= 0:
        opening = found + len(PARAGRAPH_BREAK)
        paragraph += 1
    closing = body.find(PARAGRAPH_BREAK, last)
    closing = len(body) if closing < 0 else closing
    spare = max(PASSAGE - (last - first), 60)
    start = _begin(body, max(opening, first - spare // 2), first, opening)
    end = _finish(body, last, min(closing, max(start + PASSAGE, last + 30)))
    inside = [(a - start, b - start, part) for a, b, part in matches if start <= a < end and b <= end]
    return start, end, start > opening, end < closing, paragraph, join(inside)


def _begin(body: str, earliest: int, latest: int, paragraph: int) -> int:
    if earliest <= paragraph:
        return paragraph
    sentence = _SENTENCE_END.search(body, earliest, latest)
    if sentence and sentence.end() <= latest:
        return sentence.end()
    word = _SPACE.search(body, earliest, latest)
    return word.end() if word and word.end() <= latest else earliest


def _finish(body: str, earliest: int, latest: int) -> int:
    if latest >= len(body) or body[latest] == "\n":
        return latest
    ends = [match.end() for match in _SENTENCE_END.finditer(body, earliest, latest)]
    if ends and ends[-1] > earliest + (latest - earliest) // 2:
        return len(body[: ends[-1]].rstrip())
    word = max(body.rfind(" ", earliest, latest), body.rfind("\n", earliest, latest))
    return word if word > earliest else latest
