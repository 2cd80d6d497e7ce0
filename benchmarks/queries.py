"""Draws queries of twelve classes from the articles themselves, the same ones each time."""

import random
import re
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

STOP = frozenset(
    "about after also another because been before being both could does each even every first from have here into just"
    " know like make many more most much only other over people said same should some such than that their them then"
    " there these they this those through time very want well were what when where which while will with would year"
    " your".split()
)
WORD = re.compile(r"[a-z]{4,}")


@dataclass(frozen=True)
class Query:
    """One query, for each engine to write in its own language; bool is `a AND (b OR c) NOT d`."""

    group: str
    kind: Literal["and", "or", "phrase", "bool", "prefix"]
    words: tuple[str, ...]
    dates: tuple[str, str] | None = None
    newest: bool = False


def draw(articles: Sequence[dict[str, str]], each: int, seed: int = 5) -> list[Query]:
    """`each` queries a class."""
    chance = random.Random(seed)
    frequency: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    texts = [WORD.findall(article["body"].lower()) for article in articles]
    for words in texts:
        frequency.update(set(words) - STOP)
        pairs.update(pair for pair in pairwise(words) if not STOP & set(pair))
    total = len(articles)
    bands = {
        "common": sorted(word for word, n in frequency.items() if n > 0.05 * total),
        "middle": sorted(word for word, n in frequency.items() if 0.003 * total < n <= 0.02 * total),
        "rare": sorted(word for word, n in frequency.items() if 3 <= n <= max(5, 0.0007 * total)),
    }
    phrases = sorted(pair for pair, n in pairs.items() if n >= 15)

    def topical(count: int) -> tuple[str, ...]:
        while True:
            words = sorted({word for word in chance.choice(texts) if word in frequency and frequency[word] > 20})
            if len(words) >= count:
                return tuple(chance.sample(words, count))

    def one(band: str) -> tuple[str, ...]:
        return (chance.choice(bands[band]),)

    dated = [at for at, article in enumerate(articles) if article["date"]]

    def period(group: str) -> Query:
        """Two words of a dated article, and the month or the year that it is from."""
        at = chance.choice(dated)
        year, month, *_ = articles[at]["date"][:10].split("-")
        days = monthrange(int(year), int(month))[1]
        within = chance.choice([(f"{year}-{month}-01", f"{year}-{month}-{days}"), (f"{year}-01-01", f"{year}-12-31")])
        words = sorted({word for word in texts[at] if word in frequency and frequency[word] > 20})
        return Query(group, "and", tuple(chance.sample(words, 2)), dates=within) if len(words) > 1 else period(group)

    makers: dict[str, Callable[[str], Query]] = {
        "one word, common": lambda g: Query(g, "and", one("common")),
        "one word, middle": lambda g: Query(g, "and", one("middle")),
        "one word, rare": lambda g: Query(g, "and", one("rare")),
        "two words": lambda g: Query(g, "and", topical(2)),
        "three words": lambda g: Query(g, "and", topical(3)),
        "OR of two": lambda g: Query(g, "or", topical(2)),
        "OR of three": lambda g: Query(g, "or", topical(3)),
        "phrase": lambda g: Query(g, "phrase", chance.choice(phrases)),
        "Boolean": lambda g: Query(g, "bool", (*topical(3), *one("middle"))),
        "prefix": lambda g: Query(g, "prefix", (one("middle")[0][:5],)),
        "date filter": period,
        "newest first": lambda g: Query(g, "and", one(chance.choice(["common", "middle"])), newest=True),
    }
    return [make(group) for group, make in makers.items() for _ in range(each)]
