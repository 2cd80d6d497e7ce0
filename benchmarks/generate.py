"""Makes as many articles as are asked for out of the real ones; the same seed gives the same bytes.

    python -m benchmarks.generate --articles 1000000 > articles.jsonl

An article is modelled on a real one, drawn at random: it has its language, source, author, day and length. Its text is
whole sentences of that article and of some that stand near it in the same source, shuffled. So words keep their
frequencies and their neighbours, and those of one subject stay together, which words drawn one by one would not. What
sentences alone cannot give is new words, and an archive that grows never stops meeting them: each article brings a
name of NEW_WORDS words that no other has, so no two are alike. The first articles do not depend on how many follow.
"""

import argparse
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from benchmarks.compare import load
from benchmarks.engines import Record

NEW_WORDS = 3
"""Words an article that no other has: the real ones have 5.6 at the 93,000th and, by Heaps' law, 2 at the millionth."""

NEAR = 50
"""How far apart the articles are of which one is mixed, and how many a source needs to be mixed by itself."""

PARENTS = 3
"""Of how many real articles one is mixed, and more where they are too short for its length."""

PARAGRAPH = 3
"""Sentences of a paragraph."""

_SENTENCE = re.compile(r"(?<=[.!?؟።])\s+|(?<=[。！？])|\n\s*\n")
_SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnpqrstvwyz" for vowel in "aeiou"]


@dataclass(frozen=True, slots=True)
class _Parent:
    """A real article, and its sentences."""

    record: Record
    sentences: list[str]


def generate(records: Sequence[Record], seed: int = 7) -> Iterator[Record]:
    """Articles made of these, without end."""
    chance = random.Random(seed)
    places = [(family, at) for family in _families(records) for at in range(len(family))]
    for number in count(1):
        family, at = chance.choice(places)
        yield _article(number, family, at, chance)


def name(number: int) -> str:
    """The name that the article of this number has and no other."""
    return " ".join(_word(number * NEW_WORDS + at) for at in range(NEW_WORDS))


def _word(number: int) -> str:
    scattered = number * 6_180_339_887 % 10**10  # prime to 10: no two numbers below 10**10 give the same
    return "".join(_SYLLABLES[scattered // 100**at % 100] for at in range(5)).capitalize()


def _families(records: Iterable[Record]) -> list[list[_Parent]]:
    """The articles by language and source, in their order; those of small sources by language alone."""
    records = list(records)
    sizes = Counter((record["lang"], record["source"]) for record in records)
    families: dict[tuple[str, str], list[_Parent]] = defaultdict(list)
    for record in records:
        language, source = record["lang"], record["source"]
        family = families[language, source if sizes[language, source] >= NEAR else ""]
        family.append(_Parent(record, _sentences(record["body"])))
    return list(families.values())


def _sentences(text: str) -> list[str]:
    lines = (" ".join(sentence.split()) for sentence in _SENTENCE.split(text))
    return [line[0].upper() + line[1:] for line in lines if line]


def _article(number: int, family: Sequence[_Parent], at: int, chance: random.Random) -> Record:
    model = family[at]
    length = len(model.record["body"])
    parents = [model]
    pool = list(model.sentences)
    size = length
    while len(parents) < PARENTS or size < 2 * length:
        parents.append(family[(at + int((2 * chance.random() - 1) * NEAR)) % len(family)])
        pool += parents[-1].sentences
        size += len(parents[-1].record["body"])
    pool.sort(key=lambda _: chance.random())
    return model.record | {
        "key": str(number),
        "title": _title(model.record["title"], parents[-1].record["title"]),
        "body": _body(f"{name(number)}.", pool, length),
        "date": _date(model.record["date"], chance),
        "url": f"https://example.org/articles/{number}",
    }


def _body(first: str, pool: Iterable[str], length: int) -> str:
    """About so long, of the first sentence and some of the others."""
    chosen = []
    left = length - len(first)
    for sentence in pool:
        if len(sentence) <= 2 * left:  # as likely to be too long by some as too short
            chosen.append(sentence)
            left -= len(sentence) + 1
            if left <= 0:
                break
    chosen.insert(len(chosen) // 2, first)
    return "\n\n".join(" ".join(chosen[at : at + PARAGRAPH]) for at in range(0, len(chosen), PARAGRAPH))


def _title(first: str, second: str) -> str:
    """The first half of one title and the second half of another."""
    if " " in first and " " in second:
        before, after = first.split(), second.split()
        return " ".join(before[: (len(before) + 1) // 2] + after[(len(after) + 1) // 2 :])
    return first[: (len(first) + 1) // 2] + second[(len(second) + 1) // 2 :]


def _date(date: str, chance: random.Random) -> str:
    """The same day, at another time where there is one."""
    if len(date) <= len("2023-05-02"):
        return date
    second = int(chance.random() * 86_400)
    return f"{date[:11]}{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{date[19:]}"


def to_line(record: Record) -> str:
    """A line of JSON as `archive import` reads it."""
    fields = {"id": record["key"]} | {key: value for key, value in record.items() if value and key != "key"}
    return json.dumps(fields, ensure_ascii=False) + "\n"


def main() -> None:
    """Write articles to standard output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--articles", type=int, required=True)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    for record in islice(generate(load(options.corpus, 0), options.seed), options.articles):
        sys.stdout.buffer.write(to_line(record).encode())


if __name__ == "__main__":
    main()
