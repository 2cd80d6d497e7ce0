"""Where a text satisfies a query: what the engine searched for, found in the stored text by the same analysis."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from archive.types import PARAGRAPH_BREAK, Article, Span
from index.analysis import first_cell, in_capitals, stemmer_of, tokenise
from index.documents import CAPITALS
from index.places import spans_of
from index.resolve import TEXT, All, Any, Close, Leaf, Often, Resolved, Row, Told
from index.scan import DIALECTS, Finder, Hit, make_finder
from index.spans import BODY, NONE, Keys
from index.stored import LEAD_WORDS, PARTS

FormsOf = Callable[[str], tuple[str, ...]]
"""The forms that the index has of a term."""


Match = tuple[int, int, int]
"""One place where a part of the query is satisfied: its start and end, and the number of the part."""


@dataclass(slots=True)
class _Wanted:
    """What is looked for in texts of one language.

    `single` maps a form's number to the parts that it satisfies alone, each with whether only its first character
    counts; `rows` maps it to the rows of several terms that it may begin, each as the numbers that may stand at each
    place. Where each form satisfies one part alone, whole, `parts` says which, in the order of the forms.
    """

    find: Finder
    parts: list[int] | None = None
    single: dict[int, list[tuple[int, bool]]] = field(default_factory=dict)
    rows: dict[int, list[tuple[int, list[frozenset[int]]]]] = field(default_factory=dict)


class Matcher:
    """Finds where a query of words and phrases is satisfied in titles and bodies."""

    def __init__(self, resolved: Resolved, forms_of: FormsOf) -> None:
        self._forms_of = forms_of
        self._rows: dict[str, list[tuple[Row, int]]] = {"title": [], "body": []}
        for part, leaf in enumerate(_leaves(resolved)):
            for name in ("title", "body") if leaf.fields == TEXT else leaf.fields:
                if name in self._rows:
                    self._rows[name] += ((row, part) for row in leaf.rows)
        self._wanted: dict[tuple[str, str], _Wanted] = {}
        self._same = self._rows["title"] == self._rows["body"]

    def title(self, article: Article) -> list[Match]:
        """Every match in the title of an article, in order; they may overlap."""
        return self._matches(article.title, "title", article.language)

    def body(self, article: Article) -> list[Match]:
        """Every match in its body."""
        return self._matches(article.body, "body", article.language)

    def _matches(self, text: str, name: str, language: str | None) -> list[Match]:
        stemmer = stemmer_of(language)
        key = ("body" if self._same else name, stemmer)
        wanted = self._wanted.get(key)
        if wanted is None:
            wanted = self._wanted[key] = self._want(self._rows[name], stemmer)
        hits = wanted.find(text, _DIALECT.get(language, 0))
        if not hits:
            return []
        if (parts := wanted.parts) is not None:
            return [(start, end, parts[number]) for start, end, _, number in hits]
        found = [
            (start, start + first_cell(text[start:end]) if first else end, part)
            for start, end, _, number in hits
            for part, first in wanted.single.get(number, ())
        ]
        if wanted.rows:
            found += set(_in_rows(hits, wanted))
        found.sort()
        return found

    def _want(self, rows: list[tuple[Row, int]], stemmer: str) -> _Wanted:
        numbers: dict[str, int] = {}
        places = [
            (
                row,
                part,
                [
                    frozenset(
                        numbers.setdefault(form, len(numbers)) for form in _forms(term, row, stemmer, self._forms_of)
                    )
                    for term in row.terms
                ],
            )
            for row, part in rows
        ]
        wanted = _Wanted(make_finder(list(numbers)))
        for row, part, at in places:
            for number in at[0]:
                if len(at) == 1:
                    wanted.single.setdefault(number, []).append((part, row.first_cell))
                else:
                    wanted.rows.setdefault(number, []).append((part, at))
        for number, parts in wanted.single.items():
            wanted.single[number] = list(dict.fromkeys(parts))
        alone = [parts[0] for _, parts in sorted(wanted.single.items()) if len(parts) == 1]
        if len(alone) == len(numbers) and not wanted.rows and not any(first for _, first in alone):
            wanted.parts = [part for part, _ in alone]
        return wanted


_DIALECT = {language: number for number, language in enumerate(DIALECTS)}


def _forms(term: str, row: Row, stemmer: str, forms_of: FormsOf) -> tuple[str, ...]:
    """The forms that satisfy a term of a row in texts of a language."""
    if not row.stemmed:
        return (term,)
    own, _, _ = term.partition(":")
    return forms_of(term) if own in ("", stemmer) else ()


def _units(node: Resolved) -> Iterator[Leaf | Close | Often]:
    """What is marked: the parts that are wanted, not those that are excluded."""
    match node:
        case Leaf() | Close() | Often():
            yield node
        case All(parts) | Any(parts) | Told(parts):
            for part in parts:
                yield from _units(part)
        case _:
            pass


def _leaves(node: Resolved) -> Iterator[Leaf]:
    """The words and phrases of a part."""
    match node:
        case Leaf():
            yield node
        case Close(left, right):
            yield from _leaves(left)
            yield from _leaves(right)
        case Often(_, part):
            yield from _leaves(part)
        case Any(parts) | All(parts) | Told(parts):
            for part in parts:
                yield from _leaves(part)
        case _:
            pass


def _in_rows(hits: list[Hit], wanted: _Wanted) -> Iterator[Match]:
    """The rows of several terms; each position has one form."""
    at = {position: (number, end) for _, end, position, number in hits}
    for start, _, position, number in hits:
        for part, row in wanted.rows.get(number, ()):
            end = 0
            for step, numbers in enumerate(row):
                found, end = at.get(position + step, (-1, 0))
                if found not in numbers:
                    break
            else:
                yield start, end, part


# --- queries in which it matters where words stand -------------------------------------------------------------------


class PlacedMatcher:
    """Finds where any query is satisfied in titles and bodies, by the operations that the engine uses.

    Words near each other are one match, from the first of them to the last.
    """

    def __init__(self, resolved: Resolved, forms_of: FormsOf) -> None:
        self._forms_of = forms_of
        self._units = [unit for unit in _units(resolved) if all(_is_of_text(leaf) for leaf in _leaves(unit))]
        self._wanted: dict[str, tuple[dict[tuple[Row, int], frozenset[int]], Finder]] = {}
        self._known: tuple[Article, list[Match], list[Match]] | None = None

    def title(self, article: Article) -> list[Match]:
        """See `Matcher.title`."""
        return self._matches(article)[1]

    def body(self, article: Article) -> list[Match]:
        """See `Matcher.body`."""
        return self._matches(article)[2]

    def _matches(self, article: Article) -> tuple[Article, list[Match], list[Match]]:
        if self._known is None or self._known[0] is not article:
            places = _TextPlaces(article, *self._want(stemmer_of(article.language)))
            found: tuple[list[Match], list[Match]] = [], []
            for part, unit in enumerate(self._units):
                spans = spans_of(unit, places)
                for first, last in zip(spans.starts.tolist(), spans.ends.tolist(), strict=True):
                    where = found[first >= BODY]
                    where += ((start, end, part) for start, end in places.stretches(first, last))
            self._known = article, sorted(found[0]), sorted(found[1])
        return self._known

    def _want(self, stemmer: str) -> tuple[dict[tuple[Row, int], frozenset[int]], Finder]:
        """The numbers of the forms that satisfy each term of each row, and what finds them."""
        if stemmer not in self._wanted:
            numbers: dict[str, int] = {}
            wanted = {
                (row, at): frozenset(
                    numbers.setdefault(form, len(numbers)) for form in _forms(term, row, stemmer, self._forms_of)
                )
                for unit in self._units
                for leaf in _leaves(unit)
                for row in leaf.rows
                for at, term in enumerate(row.terms)
            }
            self._wanted[stemmer] = wanted, make_finder(list(numbers))
        return self._wanted[stemmer]


_TEXT_VIEWS = {TEXT[0], CAPITALS, *(f"{part}{capitals}" for part in PARTS for capitals in ("", f"_{CAPITALS}"))}


def _is_of_text(leaf: Leaf) -> bool:
    return set(leaf.fields) <= _TEXT_VIEWS


def make_matcher(resolved: Resolved, forms_of: FormsOf) -> Matcher | PlacedMatcher:
    """What finds the matches of a query: the quick way where it can."""
    simple = all(
        isinstance(unit, Leaf) and not unit.words.slop and not unit.words.capitals and unit.words.field != "lead"
        for unit in _units(resolved)
    )
    return Matcher(resolved, forms_of) if simple else PlacedMatcher(resolved, forms_of)


class _TextPlaces:
    """Where words stand in an article; see `places.Places`."""

    def __init__(self, article: Article, wanted: dict[tuple[Row, int], frozenset[int]], find: Finder) -> None:
        self._article = article
        self._wanted = wanted
        dialect = _DIALECT.get(article.language, 0)
        self._words: dict[int, tuple[int, int]] = {}
        self._cells: set[int] = set()
        self._keys: dict[int, list[int]] = {}
        for text, base in ((article.title, 0), (article.body, BODY)):
            for start, end, position, number in find(text, dialect):
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
            found = [key for key in found if key < BODY]
        if name.startswith("lead"):
            found = [key for key in found if key >= BODY and self._words[key][0] < self._lead_end]
        return np.array(found, dtype=np.int64)

    def paragraphs(self) -> Keys:
        """See `Places.paragraphs`."""
        breaks = [found.start() for found in re.finditer(PARAGRAPH_BREAK, self._article.body)]
        words = sorted((start, key) for key, (start, _) in self._words.items() if key >= BODY)
        firsts = {bisect_left(words, (place, 0)) for place in breaks}
        starts = [words[at][1] for at in sorted(firsts) if at < len(words)]
        return np.unique(np.array([BODY, *starts], dtype=np.int64))

    def stretches(self, first: int, last: int) -> Iterator[Span]:
        """The text from one word to another, apart where paragraphs are."""
        begin, end = self._words[first][0], self._end(last)
        text = self._text(first)
        while (found := text.find(PARAGRAPH_BREAK, begin, end)) >= 0:
            yield begin, found
            begin = found + len(PARAGRAPH_BREAK)
        yield begin, end

    def _end(self, key: int) -> int:
        """Where a word ends; of a pair of characters that was asked for by its first alone, that one."""
        start, end = self._words[key]
        return start + first_cell(self._text(key)[start:end]) if key in self._cells else end

    def _text(self, key: int) -> str:
        return self._article.body if key >= BODY else self._article.title

    @cached_property
    def _lead_end(self) -> int:
        """Where the lead ends."""
        body = self._article.body
        for text in (body[:_LEAD_CHARACTERS], body):
            tokens = tokenise(text, self._article.language)
            if len(tokens) > LEAD_WORDS:
                return tokens[LEAD_WORDS].start
        return len(body)


_LEAD_CHARACTERS = 4_000
"""What surely is longer than the lead of most articles."""
