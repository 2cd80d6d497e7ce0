"""Why an article matched: the spans of its text that satisfy a query, and the passages that show them best.

Spans come from the same analysis and the same resolved rows that the engine searched for, over the stored text, so
that everything marked is a match, and every match in the text is marked.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from archive.types import PARAGRAPH_BREAK, Article, MarkedArticle, MarkedText, Snippet, Span
from index.analysis import Token, first_cell, stem, stemmer_of, tokenise
from index.resolve import TEXT, All, Any, Leaf, Resolved, Row

PASSAGE = 240
"""Characters of a passage, roughly."""

MAX_PASSAGES = 3

_ELLIPSIS = "… "


class Match(NamedTuple):
    """One place where a part of the query is satisfied; `part` numbers the parts."""

    start: int
    end: int
    part: int


class Highlighter:
    """Finds the matches of one query in texts."""

    def __init__(self, resolved: Resolved) -> None:
        self._rows: dict[str, dict[bool, dict[str, list[tuple[Row, int]]]]] = {"title": {}, "body": {}}
        for part, leaf in enumerate(_wanted(resolved)):
            for field in ("title", "body") if leaf.fields == TEXT else leaf.fields:
                if field in self._rows:
                    for row in leaf.rows:
                        by_first = self._rows[field].setdefault(row.stemmed, {})
                        by_first.setdefault(row.terms[0], []).append((row, part))

    def matches(self, text: str, field: str, language: str | None) -> list[Match]:
        """Every match in a title or body, in order; they may overlap."""
        by_form, by_stem = (self._rows[field].get(stemmed, {}) for stemmed in (False, True))
        if not by_form and not by_stem:
            return []
        tokens = tokenise(text, language)
        stemmer = stemmer_of(language)
        found = []
        for at, token in enumerate(tokens):
            rows = by_form.get(token.form, ())
            stems = by_stem.get(stem(token.form, stemmer), ()) if by_stem else ()
            for row, part in (*rows, *stems):
                if _stands_at(row, tokens, at, stemmer):
                    last = tokens[at + len(row.terms) - 1]
                    end = token.start + first_cell(text[token.start : last.end]) if row.first_cell else last.end
                    found.append(Match(token.start, end, part))
        return found

    def title(self, article: Article) -> MarkedText:
        """The title with its matches."""
        return MarkedText(article.title, _spans(self.matches(article.title, "title", article.language)))

    def article(self, article: Article) -> MarkedArticle:
        """The title and every paragraph with their matches."""
        matches = self.matches(article.body, "body", article.language)
        paragraphs = tuple(
            MarkedText(article.body[start:end], _spans(_within(matches, start, end)))
            for start, end in _paragraphs(article.body)
        )
        return MarkedArticle(self.title(article), paragraphs)

    def snippets(self, article: Article) -> tuple[Snippet, ...]:
        """The one to three passages that show most of the query, in reading order; else how the article begins."""
        matches = self.matches(article.body, "body", article.language)
        paragraphs = _paragraphs(article.body)
        if not matches:
            beginning = Window(0, 0, 1)
            return (_cut(article.body, paragraphs[0], beginning, []),) if paragraphs else ()
        chosen = _choose(list(_windows(matches, paragraphs)))
        return tuple(_cut(article.body, paragraphs[window.paragraph - 1], window, matches) for window in chosen)


def _wanted(node: Resolved) -> Iterator[Leaf]:
    match node:
        case Leaf():
            yield node
        case All(parts) | Any(parts):
            for part in parts:
                yield from _wanted(part)
        case _:
            pass


def _stands_at(row: Row, tokens: list[Token], at: int, stemmer: str) -> bool:
    if at + len(row.terms) > len(tokens):
        return False
    first = tokens[at].position
    return all(
        token.position == first + step and (stem(token.form, stemmer) if row.stemmed else token.form) == term
        for step, (term, token) in enumerate(zip(row.terms, tokens[at : at + len(row.terms)], strict=True))
    )


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


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one paragraph, from the beginning of its first match to the end of its last."""

    start: int
    end: int
    paragraph: int
    parts: frozenset[int] = frozenset()
    matches: int = 0


def _windows(matches: list[Match], paragraphs: list[Span]) -> Iterator[Window]:
    """For each match, the window of `PASSAGE` characters that begins with it."""
    starts = [start for start, _ in paragraphs]
    for at, match in enumerate(matches):
        paragraph = bisect_left(starts, match.start + 1)
        end, parts, count = match.end, set(), 0
        for other in matches[at : at + 50]:
            if other.end > paragraphs[paragraph - 1][1] or other.end - match.start > PASSAGE - 40:
                break
            end = max(end, other.end)
            parts.add(other.part)
            count += 1
        yield Window(match.start, end, paragraph, frozenset(parts or {match.part}), max(count, 1))


def _choose(windows: list[Window]) -> list[Window]:
    """The windows that show most parts of the query, then most matches, then come first; none near another."""
    chosen: list[Window] = []
    everything = frozenset[int]().union(*(window.parts for window in windows))
    seen: frozenset[int] = frozenset()
    while windows and len(chosen) < MAX_PASSAGES:
        best = max(
            windows, key=lambda window: (len(window.parts - seen), len(window.parts), window.matches, -window.start)
        )
        chosen.append(best)
        seen |= best.parts
        if seen == everything:
            seen = frozenset()
        windows = [other for other in windows if other.start >= best.end + PASSAGE or other.end + PASSAGE <= best.start]
    return sorted(chosen, key=lambda window: window.start)


_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[.!?。！？؟…][\"'”’»)\]]*\s+|\n|(?<=[。！？])")


def _cut(body: str, paragraph: Span, window: Window, matches: list[Match]) -> Snippet:
    """The passage around a window: from the beginning of a sentence where it is near, else of a word."""
    spare = max(PASSAGE - (window.end - window.start), 60)
    start = _begin(body, max(paragraph[0], window.start - spare // 2), window.start, paragraph[0])
    end = _finish(body, window.end, min(paragraph[1], max(start + PASSAGE, window.end + 30)))
    before = _ELLIPSIS if start > paragraph[0] else ""
    after = " …" if end < paragraph[1] else ""
    inside = [match for match in matches if match.start >= start and match.end <= end]
    marks = tuple((a - start + len(before), b - start + len(before)) for a, b in _spans(inside))
    text = before + body[start:end].replace("\n", " ") + after
    return Snippet(text, marks, window.paragraph)


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
