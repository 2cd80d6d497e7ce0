"""Why an article matched: the spans of its text that satisfy a query, and the passages that show them best.

Spans come from the same analysis and the same resolved rows that the engine searched for, over the stored text, so
that everything marked is a match, and every match in the text is marked.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from archive.types import PARAGRAPH_BREAK, Article, MarkedArticle, MarkedText, Snippet, Span
from index.matches import FormsOf, Match, Matcher
from index.resolve import Resolved

PASSAGE = 240
"""Characters of a passage, roughly."""

_ELLIPSIS = "… "


class Highlighter:
    """Marks the matches of one query in articles."""

    def __init__(self, resolved: Resolved, forms_of: FormsOf) -> None:
        self._matches = Matcher(resolved, forms_of).matches

    def title(self, article: Article) -> MarkedText:
        """The title with its matches."""
        return MarkedText(article.title, _spans(self._matches(article.title, "title", article.language)))

    def article(self, article: Article) -> MarkedArticle:
        """The title and every paragraph with their matches."""
        matches = self._matches(article.body, "body", article.language)
        paragraphs = tuple(
            MarkedText(article.body[start:end], _spans(_within(matches, start, end)))
            for start, end in _paragraphs(article.body)
        )
        return MarkedArticle(self.title(article), paragraphs)

    def snippets(self, article: Article, count: int = 3) -> tuple[Snippet, ...]:
        """The one to `count` passages that show most of the query, in reading order; else how the article begins."""
        body = article.body
        matches = self._matches(body, "body", article.language)
        if not matches:
            return (_cut(body, 0, 0, []),) if body else ()
        return tuple(_cut(body, start, end, matches) for start, end in _choose(_windows(matches, body), count))


def _spans(matches: Iterable[Match]) -> tuple[Span, ...]:
    """Matches as marks: sorted, those that overlap as one."""
    spans: list[Span] = []
    for start, end, _ in sorted(matches):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def _within(matches: list[Match], start: int, end: int) -> list[Match]:
    first = bisect_left(matches, start, key=lambda match: match.start)
    last = bisect_left(matches, end, key=lambda match: match.start)
    return [Match(match.start - start, match.end - start, match.part) for match in matches[first:last]]


def _paragraphs(body: str) -> list[Span]:
    spans = []
    start = 0
    for paragraph in body.split(PARAGRAPH_BREAK) if body else ():
        spans.append((start, start + len(paragraph)))
        start += len(paragraph) + len(PARAGRAPH_BREAK)
    return spans


# --- passages -------------------------------------------------------------------------------------------------------


class _Window(NamedTuple):
    """A stretch of one paragraph, from the beginning of its first match to the end of its last.

    `parts` has a bit set for each part of the query that it shows.
    """

    parts: int
    matches: int
    start: int
    end: int


def _windows(matches: list[Match], body: str) -> list[_Window]:
    """For each match, the window of about `PASSAGE` characters that begins with it."""
    windows = []
    for at, (start, end, part) in enumerate(matches, 1):
        parts, count = 1 << part, 1
        limit = start + PASSAGE - 40
        paragraph_end = body.find(PARAGRAPH_BREAK, start, limit)
        if paragraph_end >= 0:
            limit = paragraph_end
        for _, other_end, other in islice(matches, at, at + 50):
            if other_end > limit:
                break
            parts |= 1 << other
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


def _cut(body: str, first: int, last: int, matches: list[Match]) -> Snippet:
    """The passage around a window: from the beginning of a sentence where it is near, else of a word."""
    opening = body.rfind(PARAGRAPH_BREAK, 0, first)
    opening = 0 if opening < 0 else opening + len(PARAGRAPH_BREAK)
    closing = body.find(PARAGRAPH_BREAK, last)
    closing = len(body) if closing < 0 else closing
    spare = max(PASSAGE - (last - first), 60)
    start = _begin(body, max(opening, first - spare // 2), first, opening)
    end = _finish(body, last, min(closing, max(start + PASSAGE, last + 30)))
    before = _ELLIPSIS if start > opening else ""
    after = " …" if end < closing else ""
    shift = len(before) - start
    marks = tuple((a + shift, b + shift) for a, b in _spans(_inside(matches, start, end)))
    number = body.count(PARAGRAPH_BREAK, 0, opening) + 1
    return Snippet(before + body[start:end].replace("\n", " ") + after, marks, number)


def _inside(matches: list[Match], start: int, end: int) -> list[Match]:
    found = []
    for match in islice(matches, bisect_left(matches, (start,)), None):
        if match.start >= end:
            break
        if match.end <= end:
            found.append(match)
    return found


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
