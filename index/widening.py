"""A query with the other forms of its names: what to offer, how it is written, and the way back.

Nothing is widened by itself. `IS` becomes `ALLCAPS(IS) OR "Islamic State"`, in the text of the query, where it can be
seen and changed. The short form asks for capitals where the word is mostly another one: so what the query finds is what
the name stands for, and not every article with an *is*.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TypeGuard

from archive.types import Aliases
from index.abbreviations import key_of, name_key
from index.analysis import in_capitals, tokenise
from index.documents import CAPITALS, TEXT
from index.names import Meaning, begins_name, meanings
from index.query import parse
from index.snapshot import Snapshot
from index.tree import And, AtLeast, Near, Node, Or, Sentence, Words, as_typed

MOST_PARTS = 24
"""Words and phrases of a query whose names are looked up; a longer one is a list."""

MOST_OFFERS = 4

SHORT_QUERY = 1
"""Words of a query in which a common word in small letters (`is`, `car`, `act`) may be an abbreviation.

Of 3,000 queries of the web, most with such a word and another mean the word: *race cars*, *what is rubella*.
"""

MOST_WORDS = 12
"""Words of a name."""

_PLACED = (None, "title", "lead")
"""The fields of running text, where a name may have either form."""

Put = Callable[[Node], Node]
"""The whole query with something in the place of a part."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A query that may be asked instead; `kind` and `text` are those of `Expansion`."""

    kind: str
    text: str
    query: str
    tree: Node


def find_offers(snapshot: Snapshot, aliases: Aliases, tree: Node, query: str) -> tuple[Offer, ...]:
    """The queries that this one becomes with other forms of its names, or without them again; each reads as meant."""
    if isinstance(tree, Sentence):  # one that is a name, such as that of an organisation of this and that
        tree = Words(query.strip(" ?!."), 0, len(query), quoted=True)
    widener = _Widener(snapshot, aliases, sum(1 for _ in _leaves(tree)))
    if not 0 < widener.size <= MOST_PARTS:
        return ()
    offers: dict[str, Offer] = {}
    for kind, text, node in widener.walk(tree, lambda node: node):
        typed = as_typed(node)
        read = parse(typed).tree
        if read is not None and str(read) == str(node) and typed != query:
            offers.setdefault(typed, Offer(kind, text, typed, read))
    return tuple(sorted(offers.values(), key=lambda offer: _ORDER.index(offer.kind))[:MOST_OFFERS])


_ORDER = ("only", "alias", "abbreviation")


class _Widener:
    def __init__(self, snapshot: Snapshot, aliases: Aliases, size: int) -> None:
        self._snapshot = snapshot
        self._aliases = aliases
        self.size = size

    def walk(self, node: Node, put: Put, beside: frozenset[str] = frozenset()) -> Iterator[tuple[str, str, Node]]:
        """For each name in a part of the query: what it is offered as. `beside` are the keys of its alternatives."""
        match node:
            case Words():
                yield from self._widen((node,), put, beside)
            case And(parts):
                yield from self._all(parts, put, beside)
            case Or(parts):
                keys = [self._key(part) for part in parts]
                yield from self._narrow(parts, keys, put)
                for at, part in enumerate(parts):
                    yield from self.walk(part, partial(_put, put, Or, parts, at, at + 1), frozenset(keys))
            case Near(left, right):
                yield from self.walk(left, lambda new: put(replace(node, left=new)))
                yield from self.walk(right, lambda new: put(replace(node, right=new)))
            case AtLeast(times, part):
                yield from self.walk(part, lambda new: put(AtLeast(times, new)))
            case _:
                pass

    def _all(self, parts: tuple[Node, ...], put: Put, beside: frozenset[str]) -> Iterator[tuple[str, str, Node]]:
        """Names of several words are looked for before those of one."""
        for at, part in enumerate(parts):
            own = partial(_put, put, And, parts, at)
            if not isinstance(part, Words):
                yield from self.walk(part, partial(own, at + 1))
                continue
            run = _run(parts[at : at + MOST_WORDS])
            if run and begins_name(self._snapshot, self._aliases, _forms(run[0])[0]):
                for count in range(len(run), 1, -1):
                    whole = beside if count == len(parts) else frozenset()
                    yield from self._widen(run[:count], partial(own, at + count), whole)
            yield from self._widen((part,), partial(own, at + 1), frozenset())

    def _widen(self, run: Sequence[Words], put: Put, beside: frozenset[str]) -> Iterator[tuple[str, str, Node]]:
        if not all(map(_is_name, run)):
            return
        forms = self._singular([form for words in run for form in _forms(words)])
        if not forms or not begins_name(self._snapshot, self._aliases, forms[0]):
            return
        key = key_of(forms)
        for meaning in meanings(self._snapshot, self._aliases, key):
            others = [name for name in (*meaning.names, *meaning.spellings) if name_key(name) != key]
            is_new = bool(others) and beside.isdisjoint(map(name_key, others))
            if is_new and not self._is_clutter(run, forms, meaning):
                typed = self._typed(run, forms, meaning)
                parts = (typed, *(self._part(name, run[0].field) for name in others))
                yield meaning.kind, " = ".join(meaning.names), put(Or(parts))

    def _narrow(self, parts: tuple[Node, ...], keys: Sequence[str], put: Put) -> Iterator[tuple[str, str, Node]]:
        """The way back, where parts of an Or are other forms of one before them."""
        for at, key in enumerate(keys):
            known = meanings(self._snapshot, self._aliases, key) if key else ()
            same = {name_key(name) for each in known for name in (*each.names, *each.spellings)} - {key}
            rest = tuple(part for number, part in enumerate(parts) if number <= at or keys[number] not in same)
            if len(rest) == len(parts):
                continue
            for own in self._uncapitalised(parts[at]):
                kept = (*rest[:at], own, *rest[at + 1 :])
                yield "only", f"only {as_typed(own)}", put(kept[0] if len(kept) == 1 else Or(kept))
            return

    def _key(self, node: Node) -> str:
        """The key of the name that a part of an Or is; empty where it is none."""
        run = node.parts if isinstance(node, And) else (node,)
        if not all(isinstance(words, Words) and _is_name(words) for words in run):
            return ""
        return key_of(self._singular([form for words in run if isinstance(words, Words) for form in _forms(words)]))

    def _singular(self, forms: Sequence[str]) -> Sequence[str]:
        """The forms of a name, or of what it is the plural of: `ftfs` in small letters tells nothing by itself."""
        is_plural = len(forms) == 1 and len(forms[0]) > 2 and forms[0][-1] == "s"
        return [forms[0][:-1]] if is_plural and not begins_name(self._snapshot, self._aliases, forms[0]) else forms

    def _uncapitalised(self, node: Node) -> Iterator[Node]:
        """A part as it may have been before it was widened."""
        if isinstance(node, Words) and node.capitals:
            yield replace(node, capitals=False)
        yield node

    def _is_clutter(self, run: Sequence[Words], forms: Sequence[str], meaning: Meaning) -> bool:
        """Whether a common word that may be an abbreviation is rather that word."""
        is_small = len(forms) == 1 and not any(map(str.isupper, run[0].text)) and not run[0].capitals
        return is_small and meaning.kind == "abbreviation" and self.size > SHORT_QUERY and self._is_common(forms[0])

    def _is_common(self, form: str) -> bool:
        """Whether a word is mostly written in small letters."""
        counts = self._snapshot.most_occurrences
        return 2 * counts(CAPITALS, form) < counts(TEXT, form)

    def _typed(self, run: Sequence[Words], forms: Sequence[str], meaning: Meaning) -> Node:
        if len(run) > 1:
            return And(tuple(run))
        is_short = any(in_capitals(name) and name_key(name) == forms[0] for name in meaning.names)
        if is_short and self._is_common(forms[0]):
            return replace(run[0], text=run[0].text.upper() if run[0].text.islower() else run[0].text, capitals=True)
        return run[0]

    def _part(self, name: str, field: str | None) -> Words:
        """A name as a part of a query: a word with its inflections, several as a phrase."""
        forms = _forms_of(name)
        is_word = len(forms) == 1 and name.isalnum()
        capitals = is_word and in_capitals(name) and self._is_common(forms[0])
        return Words(name, 0, 0, field, quoted=not is_word, capitals=capitals)


def _put(put: Put, kind: type[And] | type[Or], parts: tuple[Node, ...], start: int, end: int, new: Node) -> Node:
    """The whole query with something in the place of some parts of an And or an Or, flat as it is when read."""
    own = new.parts if isinstance(new, kind) else (new,)
    return put(kind((*parts[:start], *own, *parts[end:])) if len(parts) > end - start else new)


def _is_name(words: Words) -> bool:
    """Whether a word or a phrase is to be found as it is, in running text."""
    return not (words.pattern or words.edits or words.slop) and words.field in _PLACED


def _run(parts: Sequence[Node]) -> tuple[Words, ...]:
    """The plain words of one field with which parts of a query begin."""
    run: list[Words] = []
    for part in parts:
        if not _is_plain(part) or (run and part.field != run[0].field) or not _forms(part):
            break
        run.append(part)
    return tuple(run)


def _is_plain(node: Node) -> TypeGuard[Words]:
    return isinstance(node, Words) and _is_name(node) and not node.quoted and not node.capitals


def _forms(words: Words) -> Sequence[str]:
    return _forms_of(words.text)


@lru_cache(10_000)
def _forms_of(text: str) -> tuple[str, ...]:
    return tuple([token.form for token in tokenise(text)])


def _leaves(node: Node) -> Iterator[Words]:
    match node:
        case Words():
            yield node
        case And(parts) | Or(parts):
            for part in parts:
                yield from _leaves(part)
        case Near(left, right):
            yield from _leaves(left)
            yield from _leaves(right)
        case AtLeast(_, part):
            yield from _leaves(part)
