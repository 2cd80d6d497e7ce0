"""`make operators`: how long each operator of the query language takes, beside a plain query of two words.

    python -m benchmarks.operators ARCHIVE      # the data directory of an archive of some ten thousand articles

For each operator, queries of words of the archive; beside each, the plain query of two words whose matches are as many
(the nearest that there is). Search and ten snippets, warm, median of several passes.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median

from archive.bootstrap import open_archive
from archive.service import Archive
from archive.settings import load_settings
from archive.types import SearchRequest
from index.documents import TEXT
from index.whoosh_index import WhooshIndex

Make = Callable[[str, str], str]

OPERATORS: dict[str, Make] = {
    '"a b"': lambda a, b: f'"{a} {b}"',
    '"a b"~5': lambda a, b: f'"{a} {b}"~5',
    "a NEAR/5 b": lambda a, b: f"{a} NEAR/5 {b}",
    "a PRE/5 b": lambda a, b: f"{a} PRE/5 {b}",
    "a /P b": lambda a, b: f"{a} /P {b}",
    "ATLEAST2 a": lambda a, _: f"ATLEAST2 {a}",
    "ALLCAPS(a)": lambda a, _: f"ALLCAPS({a})",
    "title:a": lambda a, _: f"title:{a}",
    "lead:a": lambda a, _: f"lead:{a}",
    "a*": lambda a, _: f"{a[:4]}*",
    "*a": lambda a, _: f"*{a[1:]}",
    "a~1": lambda a, _: f"{a}~1",
    "a NOT b": lambda a, b: f"{a} NOT {b}",
    "a sentence": lambda a, b: f"What is there to say about {a} and {b}?",
}


def words_of(index: WhooshIndex, chance: Random, count: int) -> list[str]:
    """English words of five letters and more, of all degrees of frequency."""
    with index._open() as snapshot:  # noqa: SLF001  # the vocabulary has no public name
        field = max((segment.field(TEXT) for segment in snapshot.segments), key=lambda field: field.total)
        found = [pair for letter in "abcdefghijklmnoprstuvw" for pair in field.commonest(letter, ["english"], 60)]
    usable = [word for word, times in found if len(word) >= 5 and word.isascii() and word.isalpha() and times > 50]
    return chance.sample(sorted(usable), min(count, len(usable)))


def timed(archive: Archive, query: str, passes: int) -> tuple[float, int]:
    """Milliseconds of a search with ten snippets, and how many articles it finds."""
    request = SearchRequest(query=query, page_size=10, passages=1, facets=False, explain=False)
    total = archive.search(request).total
    times = []
    for _ in range(passes):
        started = time.perf_counter()
        archive.index.search(request)
        times.append((time.perf_counter() - started) * 1000)
    return median(times), total


def measure(archive: Archive, index: WhooshIndex, each: int, passes: int) -> Iterator[tuple[str, float, float, int]]:
    """For each operator its name, its time, the time of plain queries with as many matches, and how many those are."""
    chance = Random(7)
    words = words_of(index, chance, 8 * each)
    pairs = [tuple(chance.sample(words, 2)) for _ in range(16 * each)]
    plain = sorted((total, took) for took, total in (timed(archive, f"{a} {b}", passes) for a, b in pairs) if total)
    for name, make in OPERATORS.items():
        found = []
        for a, b in pairs:
            took, total = timed(archive, make(a, b), passes)
            if total >= 5:
                beside = min(plain, key=lambda known: abs(known[0] - total))
                found.append((took, beside[1], total))
            if len(found) == each:
                break
        yield name, median(t for t, _, _ in found), median(p for _, p, _ in found), round(median(n for *_, n in found))


def table(results: dict[str, list[float]]) -> str:
    """The results as a table in Markdown."""
    lines = ["| operator | matches | ms | two words with as many, ms | times |", "|---|---|---|---|---|"]
    for name, (took, beside, total) in results.items():
        lines.append(f"| `{name}` | {total:,.0f} | {took:.2f} | {beside:.2f} | {took / beside:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--each", type=int, default=20, help="queries an operator")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "operators.json")
    options = parser.parse_args()
    with open_archive(load_settings({"data": str(options.archive)}, {})) as archive:
        index = archive.index
        assert isinstance(index, WhooshIndex)  # there is no other
        results = {name: list(rest) for name, *rest in measure(archive, index, options.each, options.passes)}
        count = archive.count()
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{count:,} articles; {platform.machine()}, Python {platform.python_version()}\n\n{table(results)}")


if __name__ == "__main__":
    main()
