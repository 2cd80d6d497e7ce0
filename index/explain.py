"""What a query comes to, part by part, and what to ask instead: spelt otherwise, in any form, without a part."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import log

from archive.types import Alternative, QueryPart
from index.analysis import tokenise
from index.columns import Passes
from index.deadline import Deadline
from index.query import parse
from index.resolve import Resolver, fields_of
from index.snapshot import Snapshot
from index.stored import PARTS
from index.tree import And, AtLeast, Near, Node, Not, Or, Published, Sentence, Words, as_typed

MOST_PARTS = 24
"""Parts whose articles are counted; a longer query is a list or a sentence."""

RARE, RARE_SHARE = 20, 1 / 800
"""A word that so many articles have, or fewer, may be misspelt; or this share of all."""

COMMON_SHARE = 1 / 50
"""A word of more articles than this share is not looked at, however rare its own spelling is among its inflections."""

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

SLIGHT = 0.6
"""How much of an edit a mistake is that is easily made: a double letter, or one vowel for another."""

_MUCH_COMMONER = 30.0
"""How many times as often a word must occur to be meant instead, for each letter of six that differs."""

_SOUNDS_ALIKE = 10.0
"""How many times as likely a word is meant that sounds alike."""

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
        """How many articles a query finds; raises TooSlowError at the deadline."""
        self._deadline.check()
        resolved = Resolver(self._snapshot, self._languages).resolve(node)
        return len(self._snapshot.find(resolved, self._deadline).only(*self._filters).documents)

    def count_typed(self, query: str) -> int:
        """How many articles a query finds that is written out: what whoever follows it will see."""
        tree = parse(query).tree
        return self.count(tree) if tree else 0

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
        return tuple(QueryPart(str(part), *_extent(part), self.count_typed(str(part))) for part in listed)

    def alternatives(self, tree: Node, parts: Sequence[QueryPart]) -> tuple[Alternative, ...]:
        """Other queries that find something, where this one finds nothing; the likeliest first."""
        found = [*self._likelier(tree), *self._without_parts(tree, parts)]
        return tuple({each.query: each for each in found}.values())[:MOST_ALTERNATIVES]

    def _likelier(self, tree: Node) -> Iterator[Alternative]:
        if spelt := self.respelt(tree):
            yield spelt
        loose = loosened(tree)
        if loose != tree:
            yield from self._alternative(loose, "in any form, order and place")
            if spelt := self.respelt(loose):
                yield spelt

    def _alternative(self, tree: Node, change: str) -> Iterator[Alternative]:
        query = as_typed(tree)
        if count := self.count_typed(query):
            yield Alternative(query, change, count)

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
        articles = self.count(Words(form, 0, 0, words.field))
        if articles > max(RARE, self._snapshot.columns.size * COMMON_SHARE):
            return None
        fields = fields_of(words)
        own = self._snapshot.occurrences(fields, form)
        if not self.is_rare(own):
            return None
        self._looked_at.add((fields, form))
        best: str | None = None
        most = log(articles + 1) - log(_MUCH_COMMONER) * (2.0 if not articles else float(articles <= FEW))
        for optimistic, near, bound in self._likely(form, articles, fields):
            if optimistic <= most:
                break
            likeness = _likeness(form, near, unlikeness(form, near))
            if likeness + log(bound) <= most:
                continue
            occurrences = self._snapshot.occurrences(fields, near)
            likelihood = likeness + log(min(occurrences, COMMON) or 0.1)
            is_likelier = likelihood > most and occurrences > own * COMMONER
            if is_likelier and self.count(Words(near, 0, 0, words.field)) > articles:  # it is no inflection of it
                best, most = near, likelihood
        return best

    def _likely(self, form: str, articles: int, fields: tuple[str, ...]) -> list[tuple[float, str, int]]:
        """What may be meant by a form: how likely each is at most, and how often it occurs at most; likeliest first."""
        found = []
        most = 1 if len(form) == MIN_LETTERS else 2
        for near, edits, bound in self._snapshot.alike(fields, form, most, likely=True):
            is_likely = articles <= FEW or len(form) > SHORT or _consonants(form) == _consonants(near)
            if near.isalpha() and is_likely:
                found.append((_likeness(form, near, edits * SLIGHT) + log(bound), near, bound))
        return sorted(found, reverse=True)

    def is_rare(self, articles: int) -> bool:
        """Whether so few articles have a word that it may be misspelt."""
        return articles <= max(RARE, int(self._snapshot.columns.size * RARE_SHARE))


def _likeness(form: str, near: str, edits: float) -> float:
    """The logarithm of how likely one form is written for another; above 0 for none."""
    sounds_alike = edits < 1.2 and _consonants(form) == _consonants(near)
    unlike = edits * log(_MUCH_COMMONER) * min(1.0, 6 / len(form)) + (near[0] != form[0]) * log(_OTHER_BEGINNING)
    return sounds_alike * log(_SOUNDS_ALIKE) - unlike


def unlikeness(one: str, other: str) -> float:
    """The edits between two forms, each as much as it is unlikely: some mistakes are easily made.

    The table is that of the optimal string alignment distance, see `Stretch.alike`.
    """
    rows = [[float(at) for at in range(len(one) + 1)]]
    for k, letter in enumerate(other, 1):
        row, above = [float(k)], rows[-1]
        for at, own in enumerate(one, 1):
            best = min(
                above[at - 1] + _other(own, letter),
                above[at] + (SLIGHT if k > 1 and letter == other[k - 2] else 1.0),  # doubled, or not
                row[at - 1] + (SLIGHT if at > 1 and own == one[at - 2] else 1.0),
            )
            if k > 1 and at > 1 and own == other[k - 2] and one[at - 2] == letter:
                best = min(best, rows[-2][at - 2] + 0.8)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def _other(own: str, letter: str) -> float:
    """How unlikely one letter is written for another."""
    if own == letter:
        return 0.0
    vowels = (own in _VOWELS) + (letter in _VOWELS)
    return SLIGHT if vowels == 2 else 1.1 if not vowels else 1.5


_VOWELS = frozenset("aeiouy")


def _consonants(form: str) -> str:
    """What is left of a word without its vowels, and with double letters as one: what is misheard least."""
    single = re.sub(r"(.)\1+", r"\1", form)
    return single[0] + re.sub("[aeiouyh]", "", single[1:])


_AROUND = re.compile(r"^[^\w@#]+|[^\w+#%]+$")
"""What stands around a word, and would be an operator without quotes."""


def loosened(node: Node) -> Node:
    """The same query without what it asks of its words but that they are there: quotes, distances, capitals, places."""
    match node:
        case Words(quoted=True):
            bare = (_AROUND.sub("", word) for word in node.text.split())
            words = tuple(_anywhere(replace(node, text=word, quoted=False, slop=0)) for word in bare if word)
            return And(words) if len(words) > 1 else words[0] if words else node
        case Words():
            return _anywhere(node)
        case Near(left, right):
            return And((*_all_of(loosened(left)), *_all_of(loosened(right))))
        case AtLeast(_, part):
            return loosened(part)
        case And(parts):
            return And(tuple(each for part in map(loosened, parts) for each in _all_of(part)))
        case Or(parts):
            return Or(tuple(map(loosened, parts)))
        case _:
            return node


def _anywhere(words: Words) -> Words:
    return replace(words, capitals=False, field=None if words.field in PARTS else words.field)


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
