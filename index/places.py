"""Where the parts of a resolved query stand: the same answer for the articles of a segment and for one article."""

from typing import Protocol

from index.resolve import Any, Close, Leaf, Often, Resolved, Row
from index.spans import NONE, Keys, Spans, distinct, following, in_one_paragraph, near, often, together, union


class Places(Protocol):
    """Some text in which words have places, as keys of `spans`."""

    def words(self, name: str, rows: tuple[Row, ...]) -> Keys:
        """Where any of these rows of one term stands, in a field."""

    def term(self, name: str, row: Row, at: int) -> Keys:
        """Where the term at a place of a row stands, sorted."""

    def paragraphs(self) -> Keys:
        """Where paragraphs begin, sorted."""


def spans_of(node: Resolved, places: Places) -> Spans:
    """Where a part of a query stands, if it is of words and what stands near others."""
    match node:
        case Leaf():
            return _leaf(node, places)
        case Any(parts):
            return union([spans_of(part, places) for part in parts])
        case Close(left, right, words, ordered):
            one, other = spans_of(left, places), spans_of(right, places)
            if words:
                return near(one, other, words, ordered=ordered)
            return in_one_paragraph(one, other, places.paragraphs())
        case Often(times, part):
            return often(spans_of(part, places), times)
        case _:
            return NONE


def _leaf(leaf: Leaf, places: Places) -> Spans:
    (name,) = leaf.fields
    keys = distinct(places.words(name, tuple(row for row in leaf.rows if len(row.terms) == 1)))
    found = [Spans(keys, keys)]
    for row in leaf.rows:
        if len(row.terms) > 1:
            parts = [places.term(name, row, at) for at in range(len(row.terms))]
            found.append(together(parts, leaf.words.slop) if leaf.words.slop else following(parts))
    return union(found)
