"""Where articles satisfy a query in which it matters where words stand, by the operations that the engine uses.

The articles of a page are looked at together: one evaluation for all.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

import numpy as np

from archive.types import PARAGRAPH_BREAK, Article, Span
from index.analysis import PARAGRAPH_GAP, first_cell, in_capitals, stemmer_of, tokenise
from index.documents import CAPITALS
from index.matches import DIALECT, FormsOf, Match, Matcher, forms_for, leaves, units
from index.places import spans_of
from index.resolve import TEXT, Any, Close, Leaf, Often, Resolved, Row
from index.scan import Finder, make_finder
from index.spans import BODY, DOCUMENT, NONE, Keys, distinct
from index.stored import LEAD_WORDS, PARTS


def make_matcher(resolved: Resolved, forms_of: FormsOf) -> "Matcher | PlacedMatcher":
    """What finds the matches of a query: the quick way where it can."""
    simple = all(
        isinstance(unit, Leaf) and not unit.words.slop and not unit.words.capitals and unit.words.field != "lead"
        for unit in units(resolved)
    )
    return Matcher(resolved, forms_of) if simple else PlacedMatcher(resolved, forms_of)


class PlacedMatcher:
    """Finds where any query is satisfied in titles and bodies.

    Words near each other are one match, from the first of them to the last.
    """

    def __init__(self, resolved: Resolved, forms_of: FormsOf) -> None:
        self._forms_of = forms_of
        self._units = [unit for unit in units(resolved) if all(_is_of_text(leaf) for leaf in leaves(unit))]
        self._wanted: dict[str, _Wanted] = {}
        self._known: dict[int, tuple[Article, list[Match], list[Match]]] = {}

    def title(self, article: Article) -> list[Match]:
        """See `Matcher.title`."""
        return self._matches(article)[1]

    def body(self, article: Article) -> list[Match]:
        """See `Matcher.body`."""
        return self._matches(article)[2]

    def looks_in_bodies(self) -> bool:
        """See `Matcher.looks_in_bodies`."""
        return any(not leaf.fields[0].startswith("title") for unit in self._units for leaf in leaves(unit))

    def _matches(self, article: Article) -> tuple[Article, list[Match], list[Match]]:
        known = self._known.get(article.id)
        if known is None or known[0] is not article:
            self.prepare([article])
            known = self._known[article.id]
        return known

    def prepare(self, articles: Iterable[Article]) -> None:
        """Look at articles together; what was found in others is forgotten."""
        self._known = {}
        for language, group in groupby(sorted(articles, key=_language), key=_language):
            self._look_at(list(group), self._want(stemmer_of(language)))

    def _look_at(self, articles: list[Article], wanted: "_Wanted") -> None:
        places = _TextPlaces(articles, wanted)
        found: list[tuple[list[Match], list[Match]]] = [([], []) for _ in articles]
        for part, unit in enumerate(wanted.units):
            spans = spans_of(unit, places)
            for first, last in zip(spans.starts.tolist(), spans.ends.tolist(), strict=True):
                where = found[first >> DOCUMENT][_is_of_body(first)]
                where += ((start, end, part) for start, end in places.stretches(first, last))
        for article, (title, body) in zip(articles, found, strict=True):
            self._known[article.id] = article, sorted(title), sorted(body)

    def _want(self, stemmer: str) -> "_Wanted":
        """What is looked for in texts of a language."""
        if stemmer not in self._wanted:
            numbers: dict[str, int] = {}
            wanted = {
                (row, at): frozenset(
                    numbers.setdefault(form, len(numbers)) for form in forms_for(term, row, stemmer, self._forms_of)
                )
                for unit in self._units
                for leaf in leaves(unit)
                for row in leaf.rows
                for at, term in enumerate(row.terms)
            }
            possible = {row for row, _ in wanted} - {row for (row, _), forms in wanted.items() if not forms}
            found = [_with_rows(unit, possible) for unit in self._units]
            self._wanted[stemmer] = _Wanted(found, wanted, make_finder(list(numbers)))
        return self._wanted[stemmer]


def _language(article: Article) -> str:
    return article.language or ""


class _Wanted(NamedTuple):
    """The parts with the rows that there may be, the numbers of the forms that satisfy each of their terms, and what
    finds these.
    """

    units: list[Resolved]
    forms: dict[tuple[Row, int], frozenset[int]]
    find: Finder


def _with_rows(node: Resolved, possible: set[Row]) -> Resolved:
    """The same with those of the rows alone that a text may have."""
    match node:
        case Leaf(_, rows):
            return replace(node, rows=tuple(row for row in rows if row in possible))
        case Close(left, right):
            return replace(node, left=_with_rows(left, possible), right=_with_rows(right, possible))
        case Often(_, part):
            return replace(node, part=_with_rows(part, possible))
        case Any(parts):
            return Any(tuple(_with_rows(part, possible) for part in parts))
        case _:
            return node


_TEXT_VIEWS = {TEXT[0], CAPITALS, *(f"{part}{capitals}" for part in PARTS for capitals in ("", f"_{CAPITALS}"))}


def _is_of_text(leaf: Leaf) -> bool:
    return set(leaf.fields) <= _TEXT_VIEWS


def _is_of_body(key: int) -> bool:
    return key & (1 << DOCUMENT) - 1 >= BODY


class _TextPlaces:
    """Where words stand in articles of one language; see `places.Places`."""

    def __init__(self, articles: Sequence[Article], wanted: _Wanted) -> None:
        self._articles = articles
        self._wanted = wanted.forms
        self._words: dict[int, tuple[int, int]] = {}
        self._cells: set[int] = set()
        self._keys: dict[int, list[int]] = {}
        for at, article in enumerate(articles):
            dialect = DIALECT.get(article.language, 0)
            for text, base in ((article.title, at << DOCUMENT), (article.body, (at << DOCUMENT) + BODY)):
                for start, end, position, number in wanted.find(text, dialect):
                    self._words[base + position] = start, end
                    self._keys.setdefault(number, []).append(base + position)

    def words(self, name: str, rows: tuple[Row, ...]) -> Keys:
        """See `Places.words`."""
        parts = [self.term(name, row, 0) for row in rows]
        for row, part in zip(rows, parts, strict=True):
            if row.first_cell:
                self._cells.update(part.tolist())
        return np.concatenate([NONE.starts, *parts])

    def term(self, name: str, row: Row, at: int) -> Keys:
        """See `Places.term`."""
        found = sorted({key for number in self._wanted[row, at] for key in self._keys.get(number, ())})
        if name.endswith(CAPITALS):
            found = [key for key in found if in_capitals(self._text(key)[slice(*self._words[key])])]
        if name.startswith("title"):
            found = [key for key in found if not _is_of_body(key)]
        if name.startswith("lead"):
            found = [key for key in found if _is_of_body(key) and self._is_in_lead(key)]
        return np.array(found, dtype=np.int64)

    def paragraphs(self) -> Keys:
        """See `Places.paragraphs`."""
        words = sorted((key >> DOCUMENT, start, key) for key, (start, _) in self._words.items() if _is_of_body(key))
        starts = []
        for at, article in enumerate(self._articles):
            starts += [at << DOCUMENT, (at << DOCUMENT) + BODY]
            for found in re.finditer(PARAGRAPH_BREAK, article.body):
                first = bisect_left(words, (at, found.start(), 0))
                starts += [key for number, _, key in words[first : first + 1] if number == at]
        return distinct(np.array(starts, dtype=np.int64))

    def stretches(self, first: int, last: int) -> Iterator[Span]:
        """The text from one word to another, apart where paragraphs are."""
        begin, end = self._words[first][0], self._end(last)
        text = self._text(first)
        while (found := text.find(PARAGRAPH_BREAK, begin, end)) >= 0:
            if not text[begin:found].isspace() and begin < found:
                yield begin, found
            begin = found + len(PARAGRAPH_BREAK)
        yield begin, end

    def _end(self, key: int) -> int:
        """Where a word ends; of a pair of characters that was asked for by its first alone, that one."""
        start, end = self._words[key]
        return start + first_cell(self._text(key)[start:end]) if key in self._cells else end

    def _text(self, key: int) -> str:
        article = self._articles[key >> DOCUMENT]
        return article.body if _is_of_body(key) else article.title

    def _is_in_lead(self, key: int) -> bool:
        """Whether a word of the body is among its first; positions skip one at a new paragraph."""
        position = (key & (1 << DOCUMENT) - 1) - BODY
        if position < LEAD_WORDS:
            return True
        before = self._text(key)[: self._words[key][0]].split(PARAGRAPH_BREAK)[:-1]
        if position >= LEAD_WORDS + PARAGRAPH_GAP * len(before):
            return False
        return position - PARAGRAPH_GAP * sum(bool(tokenise(each)) for each in before) < LEAD_WORDS
