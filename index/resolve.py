"""From the words of a query to the terms of an index: which rows of words in the text satisfy a word or a phrase.

The engine and the snippets both work from the result, so that what is marked is what was found.
A word has several rows where writers differ: `counter-terrorism`, `counter terrorism` and `counterterrorism` are one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import NamedTuple, Protocol, TypeGuard

from archive.types import Message, MessageKind
from index.analysis import fold, is_single_cell, is_unspaced, stem, stemmer_of, tokenise
from index.cache import Memory
from index.compounds import is_compound, splits
from index.documents import CAPITALS
from index.tree import And, AtLeast, Everything, Near, Node, Not, Or, Published, Sentence, Words

MAX_EXPANSION = 1_024
"""Words that all patterns of a query may stand for; with more it is refused: a part would be a wrong answer."""

MAX_PAIRS = 10_000
"""Pairs of characters that one character of a script without spaces may begin; they are short lists."""

MAX_CANDIDATES = 30_000
"""Words that are compared with a pattern that does not say how they begin."""

MIN_PATTERN_LETTERS = 2
"""Letters that a pattern must have in a row, so that it does not stand for half of the vocabulary."""

MIN_FUZZY_LETTERS = 3
"""Letters of a word that may be spelt otherwise; any two letters are like any others."""

MAX_VARIANTS = 8

TEXT = ("text",)

STEMMED = (None, "title", "lead")
"""The fields in which a plain word also finds its inflections."""


class Vocabulary(Protocol):
    """What resolving asks of an index."""

    memory: Memory
    """Room to remember what was resolved."""

    def stemmers(self) -> tuple[str, ...]:
        """The stemmers of the languages that the index holds."""

    def stemmers_of(self, fields: tuple[str, ...], form: str) -> frozenset[str]:
        """The stemmers of the languages in which some article has this form; none where no article has it."""

    def has(self, fields: tuple[str, ...], form: str) -> bool:
        """Whether any of the fields holds this form."""

    def forms_of(self, term: str) -> tuple[str, ...]:
        """The forms of titles and bodies that meet in a term, and the bare term."""

    def beginning(self, fields: tuple[str, ...], prefix: str) -> Iterator[str]:
        """The forms of these fields that begin so, sorted."""

    def containing(self, fields: tuple[str, ...], part: str) -> Iterator[str]:
        """The forms of these fields that have a part, each once."""

    def alike(self, fields: tuple[str, ...], form: str, edits: int) -> Sequence[tuple[str, int, int]]:
        """The forms of these fields that so many edits at most make of one: each, how many, and how often it occurs.

        At most: its inflections count, too. The nearest come first, and of those the commonest.
        """


class Row(NamedTuple):
    """Terms that stand one after another. Stemmed rows are looked for among stems, others among forms.

    Of a pair of characters that was asked for by its first alone, only that one is a match (`first_cell`).
    """

    terms: tuple[str, ...]
    stemmed: bool
    first_cell: bool = False


@dataclass(frozen=True, slots=True)
class Leaf:
    """Satisfied by any of its rows in any of its fields."""

    fields: tuple[str, ...]
    rows: tuple[Row, ...]
    words: Words


@dataclass(frozen=True, slots=True)
class All:
    """Satisfied when every part is."""

    parts: tuple["Resolved", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Satisfied when a part is."""

    parts: tuple["Resolved", ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Satisfied when the part is not."""

    part: "Resolved"


@dataclass(frozen=True, slots=True)
class Close:
    """Satisfied where both parts stand at most `words` apart; with `words` of 0, in one paragraph."""

    left: "Resolved"
    right: "Resolved"
    words: int
    ordered: bool


@dataclass(frozen=True, slots=True)
class Often:
    """Satisfied when the part is, in so many places."""

    times: int
    part: "Resolved"


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence is about; satisfied when any part is. See `tree.Sentence`, and `ranking` for `learnt`."""

    parts: tuple[Leaf, ...]
    sequence: tuple[int, ...]
    learnt: tuple[tuple["Row", float], ...] = ()


Resolved = Leaf | All | Any | Without | Close | Often | Told | Published | Everything


class TooBroadError(Exception):
    """The patterns of a query stand for too many words; the message says what to do."""


class Resolver:
    """Resolves one query; `messages` says what its patterns stand for."""

    def __init__(self, vocabulary: Vocabulary, languages: Sequence[str] = ()) -> None:
        """`languages` are those that the search is confined to, if it is."""
        self.vocabulary = vocabulary
        self.languages = languages
        self.messages: list[Message] = []
        self._expanded = 0

    def resolve(self, node: Node) -> Resolved:
        """The resolved tree; raises TooBroadError."""
        match node:
            case Words():
                return self._leaf(node, ())
            case And(parts):
                return All(tuple(self._neighbours(parts)))
            case Or(parts):
                return Any(tuple(self.resolve(part) for part in parts))
            case Not(part):
                return Without(self.resolve(part))
            case Near(left, right, words, ordered):
                return Close(self.resolve(left), self.resolve(right), words, ordered)
            case AtLeast(times, part):
                return Often(times, self.resolve(part))
            case Sentence(words, sequence):
                return Told(tuple(map(self._said, words)), sequence)
            case _:
                return node

    def _neighbours(self, parts: tuple[Node, ...]) -> Iterator[Resolved]:
        """The parts of an And; a plain word is also satisfied by the compound that it makes with its neighbour."""
        for before, part, after in zip((None, *parts), parts, (*parts[1:], None), strict=False):
            if isinstance(part, Words):
                compounds = (self._compound(before, part), self._compound(part, after))
                yield self._leaf(part, tuple(form for form in compounds if form))
            else:
                yield self.resolve(part)

    def _compound(self, left: Node | None, right: Node | None) -> str | None:
        if not (_is_plain(left) and _is_plain(right) and left.field == right.field):
            return None
        key = ("compound", left.text, right.text, left.field)
        return self.vocabulary.memory.recall(key, lambda: self._find_compound(left, right))

    def _find_compound(self, left: Words, right: Words) -> str | None:
        first, second = _forms(left.text), _forms(right.text)
        if len(first) != 1 or len(second) != 1 or not is_compound(first[0], second[0]):
            return None
        whole = first[0] + second[0]
        return whole if self.vocabulary.has(fields_of(left), whole) else None

    def _said(self, words: Words) -> Leaf:
        """One word of a sentence, as it is written there: in a sentence the words count, not how each may be spelt."""
        key = ("said", words.text, tuple(self.languages))
        rows = self.vocabulary.memory.recall(key, lambda: tuple(self._rows(_forms(words.text), words)))
        return Leaf(TEXT, rows, words)

    # -- one word or phrase

    def _leaf(self, words: Words, compounds: tuple[str, ...]) -> Resolved:
        fields = fields_of(words)
        if words.field == "language":
            return Leaf(fields, (Row((fold(words.text),), False),), words)
        if words.capitals and not _has_capitals(words):
            text = f"“{words.text}” has parts that are never told apart by capitals; it was looked for in any case"
            self.messages.append(Message(MessageKind.IGNORED, text, words.start, words.end))
            return self._leaf(replace(words, capitals=False, quoted=not words.pattern), ())
        if words.pattern:
            return self._pattern(words)
        key = ("rows", words.text, fields, words.quoted, compounds, tuple(self.languages))
        rows = self.vocabulary.memory.recall(key, lambda: self._spelt(words, fields, compounds))
        return Leaf(fields, rows + self._alike(words) if words.edits else rows, words)

    def _alike(self, words: Words) -> tuple[Row, ...]:
        """The rows of what is spelt nearly like a word."""
        (form,) = _forms(words.text)
        edits = min(words.edits, 1 if len(form) < MIN_FUZZY_LETTERS + 2 else 2)
        if len(form) < MIN_FUZZY_LETTERS or is_unspaced(form):
            text = f"“{words.text}” is too short for others to be spelt like it"
            self.messages.append(Message(MessageKind.IGNORED, text, words.start, words.end))
            return ()
        fields = fields_of(words)
        found = self.vocabulary.memory.recall(
            ("alike", fields, form, edits), lambda: self.vocabulary.alike(fields, form, edits)
        )
        forms = [each for each, _, _ in found]
        self._count(len(forms), MAX_EXPANSION, words)
        self._say_expansion(f"{words.text}~", forms, words)
        return tuple(Row((each,), False) for each in forms)

    def _spelt(self, words: Words, fields: tuple[str, ...], compounds: tuple[str, ...]) -> tuple[Row, ...]:
        """The rows of a word or phrase in all its spellings; they are the same as long as the vocabulary is."""
        variants = [_forms(words.text)]
        if "turkish" in self.vocabulary.stemmers():
            variants.append(_forms(words.text, "tr"))
        opened = [each for forms in variants for each in self._opened(forms, fields)]
        for forms in variants[:]:
            variants.extend(self._closed(forms, fields, words.quoted))
        variants.extend((form,) for form in compounds)
        rows = [row for forms in dict.fromkeys(variants) if forms for row in self._rows(forms, words)]
        rows += [row for forms in dict.fromkeys(opened) for row in self._opened_rows(forms, words)]
        return tuple(dict.fromkeys(rows))

    def _rows(self, forms: tuple[str, ...], words: Words) -> Iterator[Row]:
        if len(forms) == 1 and is_single_cell(forms[0]):
            for form in self._expand(forms[0], re.compile(re.escape(forms[0]) + ".*", re.DOTALL), words):
                yield Row((form,), False, first_cell=True)
        elif _is_exact(forms, words):
            yield Row(forms, False)
        else:
            for stemmer in self._stemmers(forms, words):
                yield Row(tuple(stem(form, stemmer) for form in forms), True)

    def _opened_rows(self, forms: tuple[str, ...], words: Words) -> Iterator[Row]:
        """The rows of a compound that was opened: only its last part has inflections (`policy makers`, not `look` in
        *looked out*).
        """
        *firsts, last = forms
        endings = {last: None}
        if not _is_exact(forms, words):
            for stemmer in self._stemmers(forms, words):
                endings |= dict.fromkeys(self.vocabulary.forms_of(stem(last, stemmer)))
        for ending in islice(endings, MAX_VARIANTS):
            yield Row((*firsts, ending), False)

    def _stemmers(self, forms: tuple[str, ...], words: Words) -> Iterator[str]:
        """The languages in which the forms are words.

        To a Spanish stemmer `border` is a form of *bordo*; that must not find Spanish articles. Where no article has a
        form, any language may have inflections of it, and so may those that the search is confined to.
        """
        confined = {stemmer_of(language) for language in self.languages}
        held = [self.vocabulary.stemmers_of(fields_of(words), form) for form in forms]
        for stemmer in self.vocabulary.stemmers():
            if stemmer in confined or all(stemmer in known or not known for known in held):
                yield stemmer

    def _opened(self, forms: tuple[str, ...], fields: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """The same words, one compound among them opened."""
        every = (
            (*forms[:at], *halves, *forms[at + 1 :])
            for at, form in enumerate(forms)
            for halves in self._halves(form, fields)
        )
        yield from islice(every, MAX_VARIANTS)

    def _halves(self, form: str, fields: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        return (halves for halves in splits(form) if all(self.vocabulary.has(fields, half) for half in halves))

    def _closed(self, forms: tuple[str, ...], fields: tuple[str, ...], quoted: bool) -> Iterator[tuple[str, ...]]:
        """The same words, two of them closed to a compound.

        Words that the query itself joins (`policy-maker`) may always be written as one; those of a phrase only where
        they make a compound.
        """
        every = (
            (*forms[:at], left + right, *forms[at + 2 :])
            for at, (left, right) in enumerate(pairwise(forms))
            if (not quoted or is_compound(left, right)) and self.vocabulary.has(fields, left + right)
        )
        yield from islice(every, MAX_VARIANTS)

    # -- patterns

    def _pattern(self, words: Words) -> Resolved:
        if words.text == "*":
            return Everything()
        pieces = re.split(r"([*?]+)", words.text)
        head = _forms(pieces[0]) if pieces[0] else ()
        literal = head[-1] if head and pieces[0][-1].isalnum() else ""
        rest = "".join(_wildcard(piece) for piece in pieces[1:])
        expansion = self._expand(literal, re.compile(re.escape(literal) + rest), words, pieces[1:])
        self._say_expansion(words.text, expansion, words)
        return Leaf(fields_of(words), tuple(Row((*head[:-1], form), False) for form in expansion), words)

    def _say_expansion(self, shown: str, forms: Sequence[str], words: Words) -> None:
        if forms:
            listed = ", ".join(forms[:5]) + (f" and {len(forms) - 5:,} more" if len(forms) > 5 else "")
            self.messages.append(
                Message(MessageKind.EXPANDED, f"“{shown}” stands for {listed}", words.start, words.end)
            )

    def _expand(self, literal: str, pattern: re.Pattern[str], words: Words, others: Sequence[str] = ()) -> list[str]:
        """The forms that a pattern stands for, which begins with a literal and has others."""
        most = MAX_PAIRS if is_single_cell(literal) else MAX_EXPANSION
        key = ("pattern", fields_of(words), pattern.pattern)
        found = self.vocabulary.memory.recall(key, lambda: self._fitting(literal, pattern, words, others, most + 1))
        self._count(len(found), most, words)
        return found

    def _count(self, found: int, most: int, words: Words) -> None:
        self._expanded += found
        if self._expanded > most:
            raise TooBroadError(f"“{words.text}” stands for more than {most:,} words. Please give more letters")

    def _fitting(
        self, literal: str, pattern: re.Pattern[str], words: Words, others: Sequence[str], most: int
    ) -> list[str]:
        """The first forms that a pattern stands for."""
        fields = fields_of(words)
        if len(literal) >= MIN_PATTERN_LETTERS or is_unspaced(literal):
            candidates = self.vocabulary.beginning(fields, literal)
        else:
            part = max((form for piece in others for form in _forms(piece)), key=len, default="")
            if len(part) < MIN_PATTERN_LETTERS and not is_unspaced(part):
                raise TooBroadError(
                    f"“{words.text}” stands for too many words: a pattern needs {MIN_PATTERN_LETTERS} letters in a row"
                )
            candidates = self._few(self.vocabulary.containing(fields, part), words)
        return sorted(islice(filter(pattern.fullmatch, candidates), most))

    def _few(self, candidates: Iterator[str], words: Words) -> Iterator[str]:
        """Words to look at, as many as can be looked at soon."""
        for at, form in enumerate(candidates):
            if at >= MAX_CANDIDATES:
                raise TooBroadError(f"“{words.text}” has too few letters in a row to be looked for. Please give more")
            yield form


def fields_of(words: Words) -> tuple[str, ...]:
    """The fields that a word is looked for in."""
    if words.capitals:
        return (f"{words.field}_{CAPITALS}" if words.field else CAPITALS,)
    return (words.field,) if words.field else TEXT


def _has_capitals(words: Words) -> bool:
    """Whether each word has the two letters or more that tell capitals."""
    return all(sum(map(str.isalpha, form)) > 1 and not is_unspaced(form) for form in _forms(words.text))


def _is_plain(node: Node | None) -> TypeGuard[Words]:
    return isinstance(node, Words) and not (node.quoted or node.pattern or node.edits or node.capitals)


def _forms(text: str, language: str | None = None) -> tuple[str, ...]:
    """The tokens of a query's words; a run of characters without spaces is asked for by its pairs alone."""
    tokens = tokenise(text, language)
    return tuple(
        token.form
        for before, token in zip([None, *tokens], tokens, strict=False)
        if not (before and before.end == token.end and is_single_cell(token.form))
    )


def _is_exact(forms: tuple[str, ...], words: Words) -> bool:
    """Whether just these forms are asked for, without their inflections."""
    return words.quoted or words.capitals or words.field not in STEMMED or any(map(is_unspaced, forms))


def _wildcard(piece: str) -> str:
    if set(piece) <= {"*", "?"}:
        return "".join(r"\w*" if character == "*" else r"\w" for character in piece)
    return re.escape("".join(_forms(piece)))
