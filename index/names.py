"""The names that are known to be others: abbreviations that articles explain, and a person's aliases.

They are looked up by the first word, so that a word with which none begins, as most are, is done with at once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from archive.types import Aliases
from index.abbreviations import PARTED, Pair, is_initialism, name_key
from index.snapshot import Snapshot

FEWEST_ARTICLES = 2
"""Articles that must explain an abbreviation.

Where no meaning of it has as many, one is enough if the words begin with its letters.
"""

MOST_MEANINGS = 3

MOST_SPELLINGS = 3
"""Spellings of a long form that are looked for."""

LIKENESS = 0.8
"""Of the letters of two words that begin alike, the share that both have in their order, where they are one word."""

RARE_SHARE = 1 / 20
"""A meaning that so few articles have, of those with the commonest, is not told."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """Names for one thing, each as written. `kind` is that of `Expansion`; `spellings` are more of a long form."""

    kind: str
    names: tuple[str, ...]
    spellings: tuple[str, ...] = ()


def meanings(snapshot: Snapshot, aliases: Aliases, key: str) -> tuple[Meaning, ...]:
    """What a name, given by its key, also is called: a person's aliases, then the commonest abbreviations."""
    first = key.partition(" ")[0]
    own = _by_first_word(aliases).get(first, {}).get(key, ())
    said = {frozenset(map(name_key, names)) for names in own}
    found = [
        each for each in explained(snapshot, key) if not any(set(map(name_key, each.names)) <= keys for keys in said)
    ]
    return (*(Meaning("alias", names) for names in own), *found)


def begins_name(snapshot: Snapshot, aliases: Aliases, form: str) -> bool:
    """Whether any name begins with this word."""
    return form in _by_first_word(aliases) or bool(_beginning(snapshot, form))


@lru_cache(8)
def _by_first_word(aliases: Aliases) -> Mapping[str, Mapping[str, Sequence[tuple[str, ...]]]]:
    """The groups of aliases by the key of each name, and those by its first word."""
    found: dict[str, dict[str, list[tuple[str, ...]]]] = {}
    for names in aliases.groups:
        for key in dict.fromkeys(map(name_key, names)):
            if key:
                found.setdefault(key.partition(" ")[0], {}).setdefault(key, []).append(names)
    return found


_Place = tuple[int, int, Pair]
"""The number of a segment, a code in its column, and the pair that it stands for."""


def _beginning(snapshot: Snapshot, form: str) -> Mapping[str, Sequence[_Place]]:
    """By its key, each short or long form that begins with a word; remembered."""
    return snapshot.memory.recall(("abbreviations", form), lambda: _read(snapshot, form))


def _read(snapshot: Snapshot, form: str) -> Mapping[str, Sequence[_Place]]:
    found: dict[str, list[_Place]] = {}
    for at, segment in enumerate(snapshot.segments):
        for value, code in segment.abbreviations(form):
            key, short, long = value.split(PARTED)
            found.setdefault(key, []).append((at, code, Pair(short, long)))
    return found


def explained(snapshot: Snapshot, key: str) -> tuple[Meaning, ...]:
    """What articles say a short or a long form is, each as most write it, the commonest first; remembered."""
    return snapshot.memory.recall(("explained", key), lambda: tuple(_explained(snapshot, key)))


def _explained(snapshot: Snapshot, key: str) -> Iterator[Meaning]:
    pairs = [pair for _, _, pair in _beginning(snapshot, key.partition(" ")[0]).get(key, ())]
    for short in sorted({name_key(pair.short) for pair in pairs}):
        for meaning in snapshot.memory.recall(("short", short), lambda: _meanings(snapshot, short)):  # noqa: B023
            if key in (short, *map(name_key, (*meaning.names, *meaning.spellings))):
                yield meaning


def _meanings(snapshot: Snapshot, short: str) -> tuple[Meaning, ...]:
    """The meanings of a short form, the commonest first. Long forms that differ in their spelling alone are one."""
    articles: dict[str, set[tuple[int, int]]] = {}
    written: dict[str, Counter[Pair]] = {}
    for at, code, pair in _beginning(snapshot, short.partition(" ")[0]).get(short, ()):
        if (found := _articles(snapshot, at, code)) and name_key(pair.short) == short:
            articles.setdefault(name_key(pair.long), set()).update(found)
            written.setdefault(name_key(pair.long), Counter())[pair] += len(found)
    groups: list[list[str]] = []
    for key in sorted(articles, key=lambda key: (-len(articles[key]), key)):
        alike = next((group for group in groups if _are_spellings(group[0], key)), None)
        if alike:
            alike.append(key)
        else:
            groups.append([key])
    counts = [len(set().union(*(articles[key] for key in group))) for group in groups]
    most = max(counts, default=0)
    order = sorted(range(len(groups)), key=lambda at: -counts[at])[:MOST_MEANINGS]
    told = [at for at in order if counts[at] >= max(FEWEST_ARTICLES, most * RARE_SHARE)]
    told = told or [at for at in order if any(map(is_initialism, written[groups[at][0]]))]
    return tuple([_meaning([written[key] for key in groups[at]]) for at in told])


def _articles(snapshot: Snapshot, at: int, code: int) -> list[tuple[int, int]]:
    """The documents of a segment that have a code, without deleted ones, each with the segment's number."""
    documents, codes = snapshot.segments[at].abbreviated
    found, live = documents[codes == code], snapshot.live[at]
    return [(at, document) for document in (found if live is None else found[live[found]]).tolist()]


def _are_spellings(one: str, other: str) -> bool:
    """Whether two long forms are one: Organisation and Organization, Center and Centre, Crime and Crimes."""
    pairs = list(zip(one.split(), other.split(), strict=False))
    return one.count(" ") == other.count(" ") and all(
        a == b or (a[:3] == b[:3] and SequenceMatcher(None, a, b).ratio() >= LIKENESS) for a, b in pairs
    )


def _meaning(spellings: Sequence[Counter[Pair]]) -> Meaning:
    """The commonest pair, and other spellings of its long form that several articles have."""
    first, *others = [min(written, key=lambda pair: (-written[pair], pair)) for written in spellings]
    told = [
        pair.long for pair, written in zip(others, spellings[1:], strict=True) if written.total() >= FEWEST_ARTICLES
    ]
    return Meaning("abbreviation", tuple(first), tuple(told[: MOST_SPELLINGS - 1]))
