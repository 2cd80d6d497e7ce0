"""Every match of a query with what stands beside it, a line each: a concordance, or keywords in context (KWIC).

The lines are made of the marks of whole articles, so that the two always agree. A line is a place in a text: matches in
titles have none.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from itertools import islice

from archive.types import MAX_LINES, Article, Headline, Line, LineOrder, Message, MessageKind
from index.analysis import MARK, UNSPACED, fold
from index.deadline import Deadline, TooSlowError
from index.snippets import Highlighter

CONTEXT = 80
"""Characters beside a match that are shown at most, on each side."""

MAX_ARTICLES = 5_000
"""Articles that are read for them."""

LONGEST_WORD = 30
"""Where no word ends within so many characters the text is cut anyway: it is of a script without spaces."""

NOTHING_TO_SHOW = Message(MessageKind.LIMIT, "The query asks for no word of the texts, so that there is none to show")

ELSEWHERE = Message(MessageKind.UNKNOWN, "What was found matches in its title or elsewhere, and nowhere in its text")

_BATCH = 100

Read = Callable[[Sequence[int]], Mapping[int, Article]]
"""Gives articles by their ids."""


class Collector:
    """Collects the lines of articles, in the order of these."""

    def __init__(self, ids: Sequence[int], read: Read, highlighter: Highlighter, deadline: Deadline) -> None:
        self._ids = ids
        self._read = read
        self._highlighter = highlighter
        self._deadline = deadline
        self._articles = 0
        self.lines: list[Line] = []

    def collect(self, total: int) -> Message | None:
        """Fill `lines`; what to say where the `total` articles that were found have more matches."""
        lines = self._every()
        try:
            self.lines.extend(islice(lines, MAX_LINES))
            more = next(lines, None) is not None
        except TooSlowError:
            return _first("Reading took too long, so these are the matches", self._articles, total)
        if more:
            return _first(f"These are the first {MAX_LINES:,} matches,", self._articles, total)
        if total > len(self._ids):
            return _first("These are the matches", self._articles, total)
        return None if self.lines or not total else ELSEWHERE

    def _every(self) -> Iterator[Line]:
        """The lines of all articles; raises TooSlowError."""
        for at in range(0, len(self._ids), _BATCH):
            found = self._read(self._ids[at : at + _BATCH])
            self._deadline.check()
            self._highlighter.prepare(found.values())
            for number in self._ids[at : at + _BATCH]:
                self._deadline.check()
                self._articles += 1
                if number in found:  # else it was deleted since the commit
                    yield from lines_of(found[number], self._highlighter)


def _first(words: str, articles: int, total: int) -> Message:
    text = f"{words} of the first {articles:,} of {total:,} articles. Narrow the search to see others"
    return Message(MessageKind.LIMIT, text)


def lines_of(article: Article, highlighter: Highlighter) -> Iterator[Line]:
    """The lines of an article, one a mark of its paragraphs."""
    headline = None
    for number, paragraph in enumerate(highlighter.article(article).paragraphs, 1):
        for start, end in paragraph.marks:
            headline = headline or _headline(article)
            left, match, right = beside(paragraph.text, start, end)
            yield Line(headline=headline, paragraph=number, span=(start, end), left=left, match=match, right=right)


def _headline(article: Article) -> Headline:
    """The article without its text, of which there is no need any more."""
    return Headline(**{each.name: getattr(article, each.name) for each in fields(Headline)})


# -- what stands beside a match


_SPACE = re.compile(r"\s+")


def beside(text: str, start: int, end: int) -> tuple[str, str, str]:
    """What stands before a match in a paragraph, the match, and what stands after it, cut where words end."""
    first, last = _begin(text, start), _finish(text, end)
    left, match, right = (_SPACE.sub(" ", part) for part in (text[first:start], text[start:end], text[end:last]))
    return left.lstrip(), match, right.rstrip()


def _begin(text: str, start: int) -> int:
    first = max(0, start - CONTEXT)
    if first and not text[first - 1].isspace():
        if space := _SPACE.search(text, first, min(start, first + LONGEST_WORD)):
            return space.end()
        while first < start and _joins(text[first]):
            first += 1
    return first


def _finish(text: str, end: int) -> int:
    last = min(len(text), end + CONTEXT)
    if last < len(text) and not text[last].isspace():
        nearest = max(end, last - LONGEST_WORD)
        if spaces := [found.start() for found in _SPACE.finditer(text, nearest, last)]:
            return spaces[-1]
        while last > end and _joins(text[last]):
            last -= 1
    return last


def _joins(character: str) -> bool:
    """Whether it belongs to the character before it, such as an accent."""
    return unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")


# -- sorting


def ordered(lines: Sequence[Line], order: LineOrder) -> Sequence[Line]:
    """The lines sorted; equal ones stay as they were found.

    Words are compared without regard to case and accents: first the nearest of that side, then those farther off, then
    the match. Scripts without spaces are compared by their characters.
    """
    keys = {LineOrder.LEFT: _by_left, LineOrder.RIGHT: _by_right, LineOrder.DATE: _by_date}
    return sorted(lines, key=keys[order]) if order in keys else lines


def _by_left(line: Line) -> tuple[list[str], ...]:
    return words_of(line.left)[::-1], words_of(line.match), words_of(line.right)


def _by_right(line: Line) -> tuple[list[str], ...]:
    return words_of(line.right), words_of(line.match), words_of(line.left)[::-1]


def _by_date(line: Line) -> tuple[bool, int]:
    published = line.headline.published
    return (published is None, published.sort_key if published else 0)


def words_of(text: str) -> list[str]:
    """The words of a text, folded."""
    folded = fold(text)
    return _word(folded.isascii()).findall(folded)


@cache
def _word(is_ascii: bool) -> re.Pattern[str]:
    """Finds words; ASCII needs none of the large classes, which take long to compile."""
    return re.compile(r"\w+" if is_ascii else rf"{UNSPACED}|(?:(?!{UNSPACED})\w|{MARK})+")
