"""What a query comes to, part by part, and what to ask instead: spelt otherwise, in any form, without a part."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import log

from archive.types import Alternative, QueryPart
from index.analysis import tokenise
from index.columns import Passes
from index.deadline import Deadline
from index.resolve import Resolver, fields_of
from index.snapshot import Snapshot
from index.tree import And, AtLeast, Near, Node, Not, Or, Published, Sentence, Words, as_typed

MOST_PARTS = 24
"""Parts whose articles are counted; a longer query is a list or a sentence."""

RARE, RARE_SHARE = 20, 1 / 800
"""A word that so many articles have, or fewer, may be misspelt; or this share of all."""

FEW = 3
"""So many articles may be all misspelt."""

SHORT = 5
"""Letters of a word that is like many others, so that it is rather rare than misspelt."""

MIN_LETTERS = 4
"""Letters of a word that may be misspelt; shorter ones are too like each other."""

COMMON = 3_000
"""Occurrences beyond which a word is no likelier to be meant."""

COMMONER = 5
"""How many times as often a word must occur at least to be meant instead of one that is no error by itself."""

_MUCH_COMMONER = 30.0
"""How many times as often a word must occur to be meant instead, for each letter of six that differs."""

_OTHER_BEGINNING = 10.0
"""The same where the first letter differs: it is seldom the wrong one."""

MOST_ALTERNATIVES = 4

MOST_RESPELT = 4
"""Rare words of a query whose neighbours are looked for, which takes some hundredths of a second each."""


class Explainer:
    """Explains queries over one snapshot, under the filters of one request."""

    def __init__(
        self, snapshot: Snapshot, filters: Sequence[Passes], languages: Sequence[str], deadline: Deadline
    ) -> None:
        self._snapshot = snapshot
        self._filters = filters
        self._languages = languages
        self._deadline = deadline
        self._looked_at: set[tuple[tuple[str, ...], str]] = set()

    def count(self, node: Node) -> int:
        """How many articles a query finds."""
        resolved = Resolver(self._snapshot, self._languages).resolve(node)
        return len(self._snapshot.find(resolved, self._deadline).only(*self._filters).documents)

    def parts(self, tree: Node) -> tuple[QueryPart, ...]:
        """The parts of a query, each with the number of articles that it finds by itself; none where it is one."""
        match tree:
            case And(parts) | Or(parts) | Sentence(parts):
                listed = parts
            case Near(left, right):
                listed = left, right
            case AtLeast(_, part):
                listed = (part,)
            case _:
                return ()
        if len(listed) > MOST_PARTS:
            return ()
        return tuple(QueryPart(str(part), *_extent(part), self.count(part)) for part in listed)

    def alternatives(self, tree: Node, parts: Sequence[QueryPart]) -> tuple[Alternative, ...]:
        """Other queries that find something, where this one finds nothing; the likeliest first."""
        found = [*self._likelier(tree), *self._without_parts(tree, parts)]
        return tuple({each.query: each for each in found}.values())[:MOST_ALTERNATIVES]

    def _likelier(self, tree: Node) -> Iterator[Alternative]:
        if spelt := self.respelt(tree):
            yield spelt
        loose = without_quotes(tree)
        if loose != tree:
            yield from self._alternative(loose, "in any form and order")
            if spelt := self.respelt(loose):
                yield spelt

    def _alternative(self, tree: Node, change: str) -> Iterator[Alternative]:
        if count := self.count(tree):
            yield Alternative(as_typed(tree), change, count)

    def _without_parts(self, tree: Node, parts: Sequence[QueryPart]) -> Iterator[Alternative]:
        """Without each of its parts; first without all that find nothing by themselves."""
        if not isinstance(tree, And) or len(parts) != len(tree.parts):
            return
        missing = [part for part, known in zip(tree.parts, parts, strict=True) if not known.count]
        for left_out in [missing] if missing else [[part] for part in tree.parts]:
            rest = tuple(part for part in tree.parts if part not in left_out)
            if rest and not all(isinstance(part, Not) for part in rest):
                node = And(rest) if len(rest) > 1 else rest[0]
                yield from self._alternative(node, f"without {' and '.join(map(str, left_out))}")

    # -- spelling

    def respelt(self, tree: Node) -> Alternative | None:
        """The query with each rare word spelt as the likeliest word that the archive has; None where it stands."""
        respelt: list[str] = []
        node = self._respell(tree, respelt)
        if not respelt:
            return None
        return next(self._alternative(node, f"spelt {', '.join(respelt)}"), None)

    def _respell(self, node: Node, respelt: list[str]) -> Node:
        match node:
            case Words(pattern=False, edits=0, capitals=False) if node.field != "language":
                return self._respell_words(node, respelt)
            case And(parts) | Or(parts):
                return type(node)(tuple(self._respell(part, respelt) for part in parts))
            case Sentence(words, sequence):
                return Sentence(tuple(self._respell_words(word, respelt) for word in words), sequence)
            case Near(left, right):
                return replace(node, left=self._respell(left, respelt), right=self._respell(right, respelt))
            case AtLeast(times, part):
                return AtLeast(times, self._respell(part, respelt))
            case _:
                return node

    def _respell_words(self, words: Words, respelt: list[str]) -> Words:
        text, done = "", 0
        for token in tokenise(words.text):
            better = self.likeliest(token.form, words)
            if better and token.start >= done:
                respelt.append(better)
                text += words.text[done : token.start] + better
                done = token.end
        return replace(words, text=text + words.text[done:]) if done else words

    def likeliest(self, form: str, words: Words) -> str | None:
        """The word that a rare one is likely meant to be; None for one that is spelt as it should be."""
        fields = fields_of(words)
        known = (fields, form) in self._looked_at
        if len(form) < MIN_LETTERS or not form.isalpha() or (len(self._looked_at) >= MOST_RESPELT and not known):
            return None
        key = ("likeliest", fields, form)
        return self._snapshot.memory.recall(key, lambda: (self._find_likeliest(form, words),))[0]

    def _find_likeliest(self, form: str, words: Words) -> str | None:
        own = self.count(Words(form, 0, 0, words.field))
        if not self.is_rare(own):
            return None
        fields = fields_of(words)
        self._looked_at.add((fields, form))
        found = []
        for near, edits, bound in self._snapshot.alike(fields, form, 1 if len(form) == MIN_LETTERS else 2):
            is_likely = own <= FEW or len(form) > SHORT or _consonants(form) == _consonants(near)
            if near.isalpha() and is_likely:
                likeness = _likeness(form, near, edits)
                found.append((likeness + log(bound), likeness, near))
        best: str | None = None
        most = log(own + 1) - log(_MUCH_COMMONER) * (2.0 if not own else float(own <= FEW))
        for most_likely, likeness, near in sorted(found, reverse=True):
            if most_likely <= most:
                break
            occurrences = self._snapshot.occurrences(fields, near)
            likelihood = likeness + log(min(occurrences, COMMON) or 0.1)
            if likelihood > most and occurrences > own * COMMONER:
                best, most = near, likelihood
        return best

    def is_rare(self, articles: int) -> bool:
        """Whether so few articles have a word that it may be misspelt."""
        return articles <= max(RARE, int(self._snapshot.columns.size * RARE_SHARE))


def _likeness(form: str, near: str, edits: int) -> float:
    """The logarithm of how likely one form is written for another; above 0 for none."""
    unlike = edits * log(_MUCH_COMMONER) * min(1.0, 6 / len(form)) + (near[0] != form[0]) * log(_OTHER_BEGINNING)
    return (_consonants(form) == _consonants(near)) * log(_MUCH_COMMONER) - unlike


def _consonants(form: str) -> str:
    """What is left of a word without its vowels, and with double consonants as one: what is misheard least."""
    return re.sub(r"(.)\1+", r"\1", form[0] + re.sub("[aeiouyh]", "", form[1:]))


def without_quotes(node: Node) -> Node:
    """The same query, each phrase as plain words that must all be there."""
    match node:
        case Words(quoted=True, capitals=False):
            words = tuple(replace(node, text=word, quoted=False, slop=0) for word in node.text.split())
            return And(words) if len(words) > 1 else words[0]
        case And(parts):
            return And(tuple(each for part in map(without_quotes, parts) for each in _all_of(part)))
        case Or(parts):
            return Or(tuple(map(without_quotes, parts)))
        case _:
            return node


def _all_of(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, And) else (node,)


def _extent(node: Node) -> tuple[int | None, int | None]:
    """Where a part of a query stands in it."""
    places = [(each.start, each.end) for each in _leaves(node)]
    return (min(start for start, _ in places), max(end for _, end in places)) if places else (None, None)


def _leaves(node: Node) -> Iterator[Words | Published]:
    match node:
        case Words() | Published():
            yield node
        case Near(left, right):
            yield from _leaves(left)
            yield from _leaves(right)
        case Not(part) | AtLeast(_, part):
            yield from _leaves(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _leaves(part)
