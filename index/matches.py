"""Where a text satisfies a query: what the engine searched for, found in the stored text by the same analysis."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from archive.types import Article
from index.analysis import first_cell, stemmer_of
from index.resolve import TEXT, All, Any, Close, Leaf, Often, Resolved, Row, Told
from index.scan import DIALECTS, Finder, Hit, make_finder

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
        for part, leaf in enumerate(leaves(resolved)):
            for name in ("title", "body") if leaf.fields == TEXT else leaf.fields:
                if name in self._rows:
                    self._rows[name] += ((row, part) for row in leaf.rows)
        self._wanted: dict[tuple[str, str], _Wanted] = {}
        self._same = self._rows["title"] == self._rows["body"]

    def title(self, article: Article) -> list[Match]:
        """Every match in the title of an article, in order; they may overlap."""
        return self._matches(article.title, "title", article.language)

    def prepare(self, articles: Iterable[Article]) -> None:
        """Look at articles together, where that is faster."""

    def body(self, article: Article) -> list[Match]:
        """Every match in its body."""
        return self._matches(article.body, "body", article.language)

    def looks_in_bodies(self) -> bool:
        """Whether a body can have any match."""
        return bool(self._rows["body"])

    def _matches(self, text: str, name: str, language: str | None) -> list[Match]:
        stemmer = stemmer_of(language)
        key = ("body" if self._same else name, stemmer)
        wanted = self._wanted.get(key)
        if wanted is None:
            wanted = self._wanted[key] = self._want(self._rows[name], stemmer)
        hits = wanted.find(text, DIALECT.get(language, 0))
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
                        numbers.setdefault(form, len(numbers)) for form in forms_for(term, row, stemmer, self._forms_of)
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


DIALECT = {language: number for number, language in enumerate(DIALECTS)}


def forms_for(term: str, row: Row, stemmer: str, forms_of: FormsOf) -> tuple[str, ...]:
    """The forms that satisfy a term of a row in texts of a language."""
    if not row.stemmed:
        return (term,)
    own, _, _ = term.partition(":")
    return forms_of(term) if own in ("", stemmer) else ()


def units(node: Resolved) -> Iterator[Leaf | Close | Often]:
    """What is marked: the parts that are wanted, not those that are excluded."""
    match node:
        case Leaf() | Close() | Often():
            yield node
        case All(parts) | Any(parts) | Told(parts):
            for part in parts:
                yield from units(part)
        case _:
            pass


def leaves(node: Resolved) -> Iterator[Leaf]:
    """The words and phrases of a part."""
    match node:
        case Leaf():
            yield node
        case Close(left, right):
            yield from leaves(left)
            yield from leaves(right)
        case Often(_, part):
            yield from leaves(part)
        case Any(parts) | All(parts) | Told(parts):
            for part in parts:
                yield from leaves(part)
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
