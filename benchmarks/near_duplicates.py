"""`make near-duplicates`: precision and recall on labelled pairs of real articles, and the cost as an archive grows.

    python -m benchmarks.near_duplicates [--articles FOLDER]

Versions of a story: messages that their authors sent to several newsgroups, and real articles edited as papers edit
what an agency sends. No versions: forms with other contents, the same announcement of another day, replies that quote,
what a paper writes of one thing days apart, and pairs drawn at random. All are imported together; a pair is found where
both are in one story.
"""

import argparse
import gzip
import json
import platform
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import db.store
from archive.dedup import Text
from archive.errors import NoTextError
from archive.normalise import normalise
from archive.types import PARAGRAPH_BREAK, NewArticle, Origin, PublicationDate
from db.store import SqlStore
from db.stories import Near, Stories

ARTICLES = Path(__file__).parents[2] / "shared" / "corpora" / "articles"
NAMES = ("bbc2225", "reuters21578", "newsgroups20", "xinwenlianbo_zh", "saudinewsnet", "gnad_de", "masakhanews")
EDITED = 1_000
"""Articles of each collection that are edited."""

BATCH = 250
SIZES = (10_000, 100_000)
ANOTHER = "Another paper"

FRESH = 5_000
"""Articles that are added to archives of each size."""

SINGLE = 500
"""Of them added one at a time."""

Pair = tuple[str, NewArticle, NewArticle]


# -- the articles


def read(folder: Path, name: str) -> list[NewArticle]:
    """The articles of a collection, as an import normalises them."""
    found = []
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            try:
                found.append(normalise(_article(name, json.loads(line))))
            except NoTextError:
                continue
    return found


def _article(name: str, record: dict[str, Any]) -> NewArticle:
    try:
        published = PublicationDate.parse(record.get("date") or "")
    except ValueError:
        published = None
    return NewArticle(
        title=record["title"],
        body=record["body"],
        origin=Origin(name, "jsonl", record["id"]),
        authors=(record["author"],) if record.get("author") else (),
        source=record["source"],
        published=published,
        language=record["lang"],
    )


# -- edits, as a paper makes them

Edit = Callable[[Random, list[str], list[str]], list[str]]
"""Changes the paragraphs of an article; the others are those of another one."""


def _cut(chance: Random, own: list[str], _: list[str]) -> list[str]:
    room = chance.uniform(0.4, 0.9) * sum(map(len, own))
    kept: list[str] = []
    for paragraph in own:
        if sum(map(len, kept)) >= room:
            break
        kept.append(paragraph)
    return kept


def _other_lead(chance: Random, own: list[str], _: list[str]) -> list[str]:
    words = own[0].split(" ") if " " in own[0] else list(own[0])
    for _time in range(chance.randint(2, 5)):
        at = chance.randrange(len(words))
        words[at : at + 1] = [] if chance.random() < 0.5 and len(words) > 9 else [words[at], words[-1 - at]]
    return [(" " if " " in own[0] else "").join(words), *own[1:]]


def _inserted(chance: Random, own: list[str], other: list[str]) -> list[str]:
    at = chance.randrange(len(own)) + 1
    return [*own[:at], chance.choice(other)[: sum(map(len, own)) // 5], *own[at:]]


_QUOTES = str.maketrans({'"': "”", "'": "’", "-": "–"})


def _typographic(_: Random, own: list[str], __: list[str]) -> list[str]:
    return [paragraph.translate(_QUOTES).replace("...", "…") for paragraph in own]


def _other_dateline(chance: Random, own: list[str], _: list[str]) -> list[str]:
    line = chance.choice(["LONDON (Agencies) – ", "By our correspondent. ", "(dpa) – ", "本报讯 ", "واس - "])
    return [line + own[0], *own[1:]]


def _corrected(chance: Random, own: list[str], _: list[str]) -> list[str]:
    places = [(at, found) for at, text in enumerate(own) for found in re.finditer(r"\d+", text)]
    if not places:
        return own
    at, found = chance.choice(places)
    figure = str(int(found.group()) + 1)
    return [*own[:at], own[at][: found.start()] + figure + own[at][found.end() :], *own[at + 1 :]]


# In the order in which they are made.
EDITS: dict[str, Edit] = {
    "last paragraphs cut": _cut,
    "another lead": _other_lead,
    "a paragraph put in": _inserted,
    "other quotation marks and dashes": _typographic,
    "another byline or dateline": _other_dateline,
    "a figure corrected": _corrected,
}


def paragraphs(article: NewArticle) -> list[str]:
    """The paragraphs of an article, or its sentences where it has but one."""
    found = article.body.split(PARAGRAPH_BREAK)
    return found if len(found) > 2 else [part for part in re.split(r"(?<=[.!?。！？])\s*", article.body) if part]


def edited(chance: Random, article: NewArticle, other: NewArticle, names: Sequence[str]) -> NewArticle:
    """The article with these edits and another headline, as another paper prints it a day later at most."""
    parts = paragraphs(article)
    for name in names:
        parts = EDITS[name](chance, parts, paragraphs(other))
    return replace(
        article,
        title=f"{other.title[:20]} {article.title[:20]}",
        body=PARAGRAPH_BREAK.join(parts),
        origin=replace(article.origin, part=f"{article.origin.part}-edited"),
        source=ANOTHER,
    )


def _is_reply(article: NewArticle) -> bool:
    return article.title.lower().startswith("re:")


def edits(chance: Random, articles: Sequence[NewArticle]) -> Iterator[Pair]:
    """Pairs of an article and its edited form: each edit alone, and two to four together."""
    long_enough = [each for each in articles if len(each.body) >= (250 if each.language == "zh" else 600)]
    bodies = [
        each for each in long_enough if not re.search(r"^[>|:}]", each.body, re.MULTILINE) and not _is_reply(each)
    ]
    for article in chance.sample(bodies, min(EDITED, len(bodies))):
        names = sorted(chance.sample(list(EDITS), chance.choice([1, 1, 2, 3, 4])), key=list(EDITS).index)
        label = names[0] if len(names) == 1 else "several of these"
        yield label, article, edited(chance, article, chance.choice(bodies), names)


# -- pairs that are labelled by what is known of them


MIN_WORDS = 40
"""Words of a message or a report that is labelled."""

MORE_DAYS = 4
"""After which it does not: what it sends on a Friday comes again on a Monday."""

HOURS = 14
"""Within which an agency sends a report again, at night or to another region."""


def crossposts(articles: Sequence[NewArticle]) -> Iterator[Pair]:
    """What one author sent to several groups under one subject, but for what is the same letter by letter."""
    sent = defaultdict(list)
    for each in articles:
        if len(each.body.split()) >= MIN_WORDS and each.authors and not _is_reply(each):
            sent[each.authors, each.title].append(each)
    for same in sent.values():
        for one, other in pairwise(sorted(same, key=_seconds)):
            if one.source != other.source and one.fingerprint != other.fingerprint:
                yield "sent to several newsgroups", one, other


def resent(articles: Sequence[NewArticle]) -> Iterator[Pair]:
    """What an agency sent again within some hours under the same headline of four words and more, changed."""
    sent = defaultdict(list)
    for each in articles:
        if len(each.body.split()) >= 2 * MIN_WORDS and len(each.title.split()) >= 4:
            sent[each.title].append(each)
    for same in sent.values():
        for one, other in pairwise(sorted(same, key=_seconds)):
            if _seconds(other) - _seconds(one) <= HOURS * 3600 and one.fingerprint != other.fingerprint:
                yield "sent again by the agency", one, other


def _seconds(article: NewArticle) -> int:
    return article.published.sort_key if article.published else 0


def _days(article: NewArticle) -> int:
    return article.published.first_day.toordinal() if article.published else 0


def forms(articles: Sequence[NewArticle]) -> Iterator[Pair]:
    """Reports of results, dividends and rates of two companies, which are told by their symbols."""
    kinds = defaultdict(list)
    for each in articles:
        if found := re.fullmatch(r".*<([A-Z.]+)>\s*(.*)", each.title):
            kinds[found[2]].append((found[1], each))
    for same in kinds.values():
        for (symbol, one), (another, other) in pairwise(same):
            if symbol != another:
                yield "the same form of another company", one, other


def announcements(articles: Sequence[NewArticle], days: int) -> Iterator[Pair]:
    """What has the same headline, but for its numbers, and is of another day: so many days later at least."""
    titles = defaultdict(list)
    for each in articles:
        if each.title and each.published:
            titles[re.sub(r"[\d〇一二三四五六七八九十.,/-]+", "", each.title)].append(each)
    for same in titles.values():
        for one, other in pairwise(sorted(same, key=_days)):
            if _days(other) - _days(one) >= days:
                yield "the same announcement of another day", one, other


def replies(articles: Sequence[NewArticle]) -> Iterator[Pair]:
    """A message and a reply to it, and two replies, each by another author."""
    threads = defaultdict(list)
    for each in articles:
        threads[each.source, re.sub(r"^(re:\s*)+", "", each.title, flags=re.IGNORECASE)].append(each)
    for thread in threads.values():
        for one, other in pairwise(sorted(thread, key=lambda each: each.title.lower().startswith("re:"))):
            if one.authors != other.authors:
                yield "a reply that quotes", one, other


def later(articles: Sequence[NewArticle]) -> Iterator[Pair]:
    """What one source writes four to seven days apart under headlines that share three of their longer words."""
    by_word = defaultdict(list)
    for each in sorted(articles, key=_days):
        for word in set(re.findall(r"\w{5,}", each.title.lower())):
            by_word[each.source, word].append(each)
    seen = set()
    for same in by_word.values():
        for one, other in pairwise(same[:60]):
            shared = set(re.findall(r"\w{5,}", one.title.lower())) & set(re.findall(r"\w{5,}", other.title.lower()))
            key = (id(one), id(other))
            if len(shared) >= 3 and MORE_DAYS <= _days(other) - _days(one) <= 7 and key not in seen:
                seen.add(key)
                yield "the same matter, days later", one, other


def at_random(chance: Random, articles: Sequence[NewArticle], count: int) -> Iterator[Pair]:
    """Any two articles."""
    for _ in range(count):
        yield "any two articles", *chance.sample(articles, 2)


# -- measuring


def store_all(articles: Sequence[NewArticle], folder: Path) -> dict[bytes, int]:
    """Store articles as an import does; by the fingerprint of each, the story that it is in."""
    store = SqlStore(folder / "archive.db")
    ids: dict[bytes, int] = {}
    for start in range(0, len(articles), BATCH):
        batch = articles[start : start + BATCH]
        for article, item in zip(batch, store.add(batch), strict=True):
            if item.article:
                ids[article.fingerprint] = item.article
    found = {}
    for part in range(0, len(ids), BATCH):
        numbers = list(ids.values())[part : part + BATCH]
        found |= {number: each.story or number for number, each in store.get_many(numbers).items()}
    store.close()
    return {fingerprint: found[number] for fingerprint, number in ids.items()}


def judge(stories: dict[bytes, int], pairs: Sequence[Pair]) -> dict[str, tuple[int, int]]:
    """For each kind of pairs how many were found to be versions, and how many there are."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for label, one, other in pairs:
        counts[label][0] += stories[one.fingerprint] == stories[other.fingerprint]
        counts[label][1] += 1
    return {label: (found, all_of_them) for label, (found, all_of_them) in counts.items()}


def quality(collections: dict[str, list[NewArticle]]) -> dict[str, Any]:
    """Precision and recall, and what they come from."""
    chance = Random(11)
    everything = [each for articles in collections.values() for each in articles]
    versions = [*crossposts(collections["newsgroups20"]), *resent(collections["reuters21578"])]
    for articles in collections.values():
        versions += edits(chance, articles)
    others = [
        *forms(collections["reuters21578"]),
        *announcements(collections["reuters21578"], MORE_DAYS),
        *announcements(collections["xinwenlianbo_zh"], 1),
        *replies(collections["newsgroups20"]),
        *later(collections["reuters21578"]),
        *later(collections["saudinewsnet"]),
        *at_random(chance, everything, 5_000),
    ]
    others = [pair for pair in others if pair[1].fingerprint != pair[2].fingerprint]
    stored = everything + [other for _, _, other in versions if other.source == ANOTHER]
    chance.shuffle(stored)
    with tempfile.TemporaryDirectory() as folder:
        stories = store_all(stored, Path(folder))
    right, wrong = judge(stories, versions), judge(stories, others)
    found, all_of_them = (sum(counts[at] for counts in right.values()) for at in (0, 1))
    mistaken = sum(count for count, _ in wrong.values())
    return {
        "articles": len(stored),
        "precision": found / (found + mistaken),
        "recall": found / all_of_them,
        "versions": right,
        "others": wrong,
    }


class Timed(Stories):
    """Knows how much of a processor's time all that it did took."""

    seconds = 0.0

    def look_up(self, texts: Mapping[int, Text]) -> None:
        """See `Stories`."""
        with _timed():
            super().look_up(texts)

    def find(self, name: int, itself: int | None = None) -> Near | None:
        """See `Stories`."""
        with _timed():
            return super().find(name, itself)

    def write(self) -> None:
        """See `Stories`."""
        with _timed():
            super().write()


@contextmanager
def _timed() -> Iterator[None]:
    started = time.process_time()
    yield
    Timed.seconds += time.process_time() - started


def cost(articles: Sequence[NewArticle], fresh: Sequence[NewArticle]) -> dict[str, Any]:
    """Microseconds of a processor, for an article, of finding near-duplicates in archives of several sizes.

    The same fresh articles are added to each in turn, so that whatever else the machine does is the same for all.
    """
    db.store.Stories = Timed  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        stores = {size: SqlStore(Path(folder) / f"{size}.db") for size in SIZES}
        for size, store in stores.items():
            for start in range(0, size, BATCH):
                store.add(articles[start : start + BATCH])
        batches = [fresh[start : start + BATCH] for start in range(0, len(fresh) - SINGLE, BATCH)]
        result: dict[str, Any] = {str(size): {} for size in SIZES}
        for name, parts in (("batch", batches), ("one", [[each] for each in fresh[-SINGLE:]])):
            took: dict[int, list[float]] = {size: [] for size in SIZES}
            for part in parts:
                for size, store in stores.items():
                    Timed.seconds = 0.0
                    store.add(part)
                    took[size].append(Timed.seconds / len(part) * 1e6)
            for size in SIZES:
                result[str(size)][name] = sum(took[size]) / len(took[size])
        for store in stores.values():
            store.close()
    started = time.process_time()
    for article in fresh:
        _ = Text(article.title, article.body).signature
    result["signature"] = (time.process_time() - started) / len(fresh) * 1e6
    result["characters"] = sum(len(each.body) for each in fresh) / len(fresh)
    return result


def table(results: dict[str, Any]) -> str:
    """The results as tables in Markdown."""
    lines = ["| versions of a story | pairs | found |", "|---|---|---|"]
    lines += [f"| {label} | {count:,} | {found / count:.1%} |" for label, (found, count) in results["versions"].items()]
    lines += ["", "| no versions | pairs | taken for versions |", "|---|---|---|"]
    lines += [f"| {label} | {count:,} | {found:,} |" for label, (found, count) in results["others"].items()]
    lines += ["", f"**Precision {results['precision']:.3f}, recall {results['recall']:.3f}.**", ""]
    costs = results["cost"]
    small, large = (costs[str(size)] for size in SIZES)
    lines += [f"| µs of a processor, an article | at {SIZES[0]:,} | at {SIZES[1]:,} | times |", "|---|---|---|---|"]
    for name, label in (("batch", "in batches of 250"), ("one", "one at a time")):
        lines.append(f"| {label} | {small[name]:.0f} | {large[name]:.0f} | {large[name] / small[name]:.2f} |")
    lines.append(f"| of it the signature ({costs['characters']:,.0f} characters) | {costs['signature']:.0f} | | |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=Path, default=ARTICLES)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "near_duplicates.json")
    options = parser.parse_args()
    collections = {name: read(options.articles, name) for name in NAMES}
    results = quality(collections)
    print({name: results[name] for name in ("precision", "recall", "versions", "others")}, flush=True)
    chance = Random(3)
    real = [each for articles in collections.values() for each in articles if each.body]
    chance.shuffle(real)
    fresh, stored = real[:FRESH], real[FRESH:]
    for _ in range(max(SIZES) - len(stored)):
        article, other = chance.sample(stored[: len(real) - FRESH], 2)
        stored.append(edited(chance, article, other, chance.sample(list(EDITS), 3)))
    chance.shuffle(stored)
    results["cost"] = cost(stored, fresh)
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{platform.machine()}, Python {platform.python_version()}\n\n{table(results)}")


if __name__ == "__main__":
    main()
