"""`make typed`: whatever is typed gets an answer, soon, and the answer is true.

    python -m benchmarks.typed ARCHIVE      # the data directory of an archive of some ten thousand articles

Asks for the search page of 30,000 real web queries, of strings that are known for breaking programs, and of queries
made at random from the archive's own words and every operator, right and wrong. Each page must come without an error
and within a second, and have articles or a reason. Marks must be in order and cover words of the query. Of some of the
queries, every number that the page gives for a part or for another query is compared with a search for that.

Prints what was found, and writes benchmarks/typed.json; exit status 1 where anything was wrong.
"""

import argparse
import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from flask import Flask

from archive.bootstrap import open_archive
from archive.service import Archive
from archive.settings import load_settings
from archive.types import MarkedText, SearchPage, SearchRequest
from benchmarks.compare import percentile
from benchmarks.operators import words_of
from index.analysis import SNOWBALL, stem, tokenise
from index.whoosh_index import WhooshIndex
from web import create_app

MOST_SECONDS = 1.0
COMPARED = 40
"""Of so many queries the numbers of one are compared."""

ODD = (
    """ " “ ” ' ’ ( ) (( )) - ! * ? ~ ~2 / /P NEAR/3 W/5 PRE/2 OR AND NOT ATLEAST3 ALLCAPS( title: lead:( author: source:
    url: tag: language: language:en date: date:2020 date:1987-03..1987-05 after:1990 before:2005-06 date:2020-13 foo: ::
    & | ^2 [a TO b] { \\ \0 \u202e \ud800 🚀 İ ß ﬁ 中 中国 الـعراق C++ AT&T F-16 U.S. 7,500 12.5% @name #tag a@b.org
    https://example.org/x?y=1 Türkiye’s l’État counter-terrorism COVID-19"""  # noqa: E501
).split()
"""Pieces of queries: operators, halves of operators, and words that are hard to tell."""

BETWEEN = ("", "", "", "AND", "OR", "NOT", "/P")


class Maker:
    """Makes queries of an archive's words and of odd pieces: some as one would write them, some as nobody would."""

    def __init__(self, words: list[str], chance: Random) -> None:
        self._words = words
        self._chance = chance

    def query(self) -> str:
        """The next one; some are cut off anywhere, as a paste may be."""
        text = self._joined(2)
        return text[: self._chance.randrange(len(text) + 1)] if self._chance.random() < 0.1 else text

    def _joined(self, depth: int) -> str:
        parts = [self._part(depth)]
        for _ in range(self._chance.choice([0, 1, 1, 2, 2, 3, 5, 9])):
            parts += [self._chance.choice(BETWEEN), self._part(depth)]
        return " ".join(filter(None, parts))

    def _part(self, depth: int) -> str:
        some = self._chance.choice
        makers: list[Callable[[], str]] = [
            lambda: f"({self._joined(depth - 1)})" if depth else self._word(),
            lambda: (
                f'"{" ".join(some(self._words) for _ in range(some([1, 2, 2, 3, 4])))}"{some(["", "", "~3", "~50"])}'
            ),
            lambda: f"{self._word()} {some(['NEAR', 'W', 'PRE'])}/{some([0, 1, 5, 30, 5000])} {self._word()}",
            lambda: f"{some(['title', 'lead', 'author', 'source', 'tag', 'url', 'nofield'])}:{self._word()}",
            lambda: f"{some('-!')}{self._word()}",
            lambda: some(ODD),
            lambda: f"ATLEAST{some(range(6))} {self._word()}",
            *[self._word] * 6,
        ]
        return some(makers)()

    def _word(self) -> str:
        some = self._chance.choice
        word = some(self._words)
        at = self._chance.randrange(len(word))
        makers: list[Callable[[], str]] = [
            lambda: f"{word[: at + 1]}*",
            lambda: f"{word[:at]}?{word[at + 1 :]}",
            lambda: f"{word[:at]}{some('abcdeilnorst')}{word[at + some([0, 1]) :]}",
            lambda: f"{word}~{some(['', '1', '2', '9'])}",
            lambda: some([word.upper(), word.title(), f"*{word[2:]}", f"{word}'s"]),
            *[lambda: word] * 7,
        ]
        return some(makers)()


def real(corpus: Path) -> Iterator[str]:
    """Queries that people typed, and strings that break programs."""
    for path in sorted((corpus / "queries").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from (json.loads(line)["text"] for line in lines)
    for path in sorted((corpus / "files/hostile/strings").rglob("*.txt")):
        yield from path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()


# --- one answer -----------------------------------------------------------------------------------------------------


@dataclass
class Watch:
    """Asks an archive through its pages, and keeps what is wrong with the answers."""

    archive: Archive
    faults: list[str] = field(default_factory=list)
    seconds: list[tuple[float, str]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    compared: int = 0

    def __post_init__(self) -> None:
        self.page: SearchPage | None = None
        search = self.archive.search

        def watched(request: SearchRequest) -> SearchPage:
            self.page = search(request)
            return self.page

        self.search = search
        self.archive.search = watched  # type: ignore[method-assign]  # the pages call it by this name
        self.app: Flask = create_app(self.archive)
        self.client = self.app.test_client()

    def ask(self, query: str) -> None:
        """Ask one query and look at the answer."""
        self.page = None
        text = query.encode("utf-8", "replace").decode()  # a browser sends no half of a pair
        started = time.perf_counter()
        with self.client.get("/search", query_string={"q": text}) as answer:
            status, size = answer.status_code, len(answer.data)
        took = time.perf_counter() - started
        self.seconds.append((took, query))
        if status not in (200, 302) or not (size or status == 302):
            self.faults.append(f"status {status}: {query!r}")
        if took > MOST_SECONDS:
            self.faults.append(f"{took:.2f} s: {query!r}")
        if self.page is not None:
            self._look(self.page, query)

    def _look(self, page: SearchPage, query: str) -> None:
        self.kinds[_kind(page)] += 1
        if not page.total and not page.messages:
            self.faults.append(f"nothing, without a reason: {query!r}")
        if page.total < len(page.hits):
            self.faults.append(f"more articles than the total: {query!r}")
        plain = _is_plain(query)
        for hit in page.hits:
            for text in (hit.title, *hit.snippets):
                if fault := _misplaced(text) or (plain and _untrue(text, query)):
                    self.faults.append(f"{fault} in article {hit.headline.id}: {query!r}")

    def compare(self, query: str) -> None:
        """Compare the numbers of an answer with searches for what they are of."""
        page = self.search(SearchRequest(query=query, page_size=1, facets=False))
        self.compared += 1
        for part in page.parts:
            self._compare(query, part.text, part.count)
        for other in page.alternatives:
            self._compare(query, other.query, other.count)

    def _compare(self, query: str, other: str, count: int) -> None:
        found = self.search(SearchRequest(query=other, page_size=1, facets=False, explain=False))
        total = 0 if found.relaxed else found.total
        if total != count:
            self.faults.append(f"{other!r} finds {total}, not {count}: {query!r}")


def _kind(page: SearchPage) -> str:
    if page.total:
        return "some of it found" if page.relaxed else "found"
    return "refused" if any(message.kind == "limit" for message in page.messages) else "nothing found"


def _misplaced(text: MarkedText) -> str | None:
    done = 0
    for start, end in text.marks:
        if not done <= start < end <= len(text.text):
            return f"a mark from {start} to {end}"
        if not text.text[start:end].strip():
            return "a mark of nothing"
        done = end
    return None


def _is_plain(query: str) -> bool:
    """Whether a query is of words alone, so that a mark must be one of them."""
    return bool(query) and all(word.isalpha() and word.islower() and word.isascii() for word in query.split())


def _untrue(text: MarkedText, query: str) -> str | None:
    """What is marked and is no word of the query, in any of their spellings."""
    asked = [token.form for token in tokenise(query)]
    wanted = {
        key for first in range(len(asked)) for size in (1, 2) for key in _keys("".join(asked[first : first + size]))
    }
    for start, end in text.marks:
        forms = [token.form for token in tokenise(text.text[start:end])]
        whole = "".join(forms)
        if not (
            wanted & _keys(whole) or all(wanted & _keys(form) for form in forms) or any(whole in each for each in asked)
        ):
            return f"“{text.text[start:end]}” is marked"
    return None


def _keys(form: str) -> set[str]:
    return {stem(form, stemmer).partition(":")[2] for stemmer in set(SNOWBALL.values())} | {form}


# --- all of them ----------------------------------------------------------------------------------------------------


def main() -> None:
    """Ask, look and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--generated", type=int, default=100_000)
    parser.add_argument("--every", type=int, default=1, help="one of so many real queries; 0 for none")
    parser.add_argument("--seed", type=int, default=7, help="of the generated ones")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "typed.json")
    options = parser.parse_args()
    chance = Random(options.seed)
    with open_archive(load_settings({"data": str(options.data)}, {})) as archive:
        assert isinstance(archive.index, WhooshIndex)
        words = words_of(archive.index, chance, 2_000)
        archive.settings = replace(archive.settings, host="localhost")
        watch = Watch(archive)
        maker = Maker(words, chance)
        typed = list(real(options.corpus))[:: options.every] if options.every else []
        asked = typed + [maker.query() for _ in range(options.generated)]
        for at, query in enumerate(asked):
            watch.ask(query)
            if at % COMPARED == 0:
                watch.compare(query)
            if at % 5_000 == 4_999:
                print(f"{at + 1:,} asked, {len(watch.faults)} faults", file=sys.stderr)
        articles = archive.count()
    result = summary(watch, articles)
    options.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    for fault in watch.faults[:50]:
        print(fault.encode("utf-8", "backslashreplace").decode())
    raise SystemExit(bool(watch.faults))


def summary(watch: Watch, articles: int) -> dict[str, object]:
    """What was asked and what came of it; times in milliseconds."""
    times = [seconds * 1000 for seconds, _ in watch.seconds]
    slowest, query = max(watch.seconds)
    return {
        "articles": articles,
        "queries": len(times),
        "compared": watch.compared,
        "faults": len(watch.faults),
        "outcomes": dict(watch.kinds.most_common()),
        "milliseconds": {
            name: round(percentile(times, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
        "slowest": {"milliseconds": round(slowest * 1000), "query": query.encode("utf-8", "backslashreplace").decode()},
    }


if __name__ == "__main__":
    main()
