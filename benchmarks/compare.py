"""`make bench`: the same articles into the archive, SQLite FTS5 and tantivy, the same queries to each, in one run.

Prints a table in Markdown and writes benchmarks/results.json with the machine and the versions. Latencies are the
median of several passes of each query, warm, in milliseconds, then percentiles over the queries; indexing is the median
of three times. The engines take turns at every pass. Compare the columns of one run, not two runs. `search` is the ten
best and the total; `snippets` is that with a passage of each, read from the store; `http` is the whole search page of
the archive, with facets where its own index fills it.
"""

import argparse
import gc
import gzip
import json
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engines import Engine, Fts5, Ours, Record, Tantivy, stock_whoosh_rate
from benchmarks.pages import requester
from benchmarks.queries import Query, draw

COLLECTIONS = (
    "reuters21578", "newsgroups20", "bbc2225", "masakhanews", "gnad_de", "xinwenlianbo_zh", "saudinewsnet",
)  # fmt: skip
BUILDS = 3
"""How often each engine indexes all articles."""

STOCK = 1_000
"""Articles that stock Whoosh indexes; it would take half an hour for all."""


def load(corpus: Path, count: int) -> list[Record]:
    """Articles of all collections, each text once; with a `count`, about so many, evenly drawn."""
    seen = set()
    records: list[Record] = []
    for name in COLLECTIONS:
        with gzip.open(corpus / "articles" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                found = json.loads(line)
                text = " ".join(f"{found['title']} {found['body']}".casefold().split())
                if found["body"].strip() and text not in seen:
                    seen.add(text)
                    names = ("title", "body", "date", "source", "author", "url", "lang")
                    records.append({key: found.get(key) or "" for key in names} | {"key": str(found["id"])})
    return records[:: max(1, round(len(records) / count))] if count else records


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def measure(run: Callable[[Query], object], queries: list[Query], passes: int) -> list[float]:
    """Milliseconds of each query, the median of several passes after one that warms up."""
    return measure_all([run], queries, passes)[0]


def measure_all(runs: Sequence[Callable[[Query], object]], queries: list[Query], passes: int) -> list[list[float]]:
    """The same of several, which take turns: what else a machine does meanwhile is everybody's."""
    times: list[list[list[float]]] = [[[] for _ in queries] for _ in runs]
    for at in range(passes + 1):
        for run, found in zip(runs, times, strict=True):
            for query, own in zip(queries, found, strict=True):
                started = time.perf_counter()
                run(query)
                if at:
                    own.append((time.perf_counter() - started) * 1000)
    return [list(map(median, found)) for found in times]


def _build_all(engines: Sequence[Engine], records: list[Record]) -> list[int]:
    """How many articles each engine indexes in a second, the median of several times, in which they take turns."""
    seconds: list[list[float]] = [[] for _ in engines]
    for _ in range(BUILDS):
        for engine, own in zip(engines, seconds, strict=True):
            engine.reset()
            gc.collect()
            started = time.perf_counter()
            engine.build(records)
            own.append(time.perf_counter() - started)
    return [round(len(records) / median(own)) for own in seconds]


def groups(queries: list[Query]) -> Iterator[tuple[str, list[int]]]:
    """The classes of queries, and all of them, as places in the list."""
    for group in dict.fromkeys(query.group for query in queries):
        yield group, [at for at, query in enumerate(queries) if query.group == group]
    yield "all", list(range(len(queries)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--articles", type=int, default=0, help="about so many, instead of all")
    parser.add_argument("--each", type=int, default=35, help="queries a class")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results.json")
    options = parser.parse_args()
    if not (options.corpus / "articles").is_dir():
        raise SystemExit(f"the articles to measure with are not at {options.corpus}; name their folder with --corpus")
    records = load(options.corpus, options.articles)
    raw = sum(len(record["title"].encode()) + len(record["body"].encode()) for record in records)
    queries = draw(records, options.each)
    gc.collect()
    gc.freeze()  # what the benchmark holds is no engine's to look through
    results: dict[str, Any] = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "versions": {name: version(name) for name in ("whoosh3", "tantivy", "SQLAlchemy", "numpy", "PyStemmer")},
        "articles": len(records),
        "raw_bytes": raw,
        "queries": len(queries),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stock = stock_whoosh_rate(folder / "whoosh", records[:: max(1, len(records) // STOCK)])
        results["stock_whoosh_articles_per_second"] = round(stock)
        ours = Ours(folder, records)
        made: list[Engine] = [ours, Fts5(folder, records), Tantivy(folder, records)]
        rates = _build_all(made, records)
        gc.freeze()
        requesters = [requester(engine, ours.store, queries) for engine in made]
        times = {
            "search": measure_all([engine.search for engine in made], queries, options.passes),
            "snippets": measure_all([engine.page for engine in made], queries, options.passes),
            "http": measure_all(requesters, queries, options.passes),
        }
        engines = {
            engine.name: {
                "articles_per_second": rates[at],
                "index_to_raw": round(engine.size() / raw, 3),
                "found": [engine.count(query) for query in queries],
            }
            | {what: found[at] for what, found in times.items()}
            for at, engine in enumerate(made)
        }
    results["engines"] = {name: _summary(found, queries) for name, found in engines.items()}
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{results['articles']:,} articles, {results['queries']} queries; {results['machine']}\n\n{table(results)}")


def _summary(found: dict[str, list[float]], queries: list[Query]) -> dict[str, object]:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    latencies = {
        what: {
            group: {
                name: round(percentile([found[what][at] for at in places], share), 3) for name, share in shares.items()
            }
            for group, places in groups(queries)
        }
        for what in KINDS
    }
    return {key: found[key] for key in ("articles_per_second", "index_to_raw")} | latencies


KINDS = {"search": "search", "snippets": "search with ten snippets", "http": "search page over HTTP"}


def table(results: dict[str, Any]) -> str:
    """The results as a table in Markdown: milliseconds, and how many times as long the others take."""
    lines = _head(results)
    for what, name in KINDS.items():
        lines.append(f"| **{name}**, ms p50 / p95 / p99 |" + " |" * len(results["engines"]))
        lines += [_row(results, what, group, group) for group in results["engines"]["archive"][what]]
    return "\n".join(lines)


def summary(results: dict[str, Any]) -> str:
    """The same without the classes of queries."""
    rows = [_row(results, what, "all", f"{name}, ms p50 / p95 / p99") for what, name in KINDS.items()]
    return "\n".join([*_head(results), *rows])


def _head(results: dict[str, Any]) -> list[str]:
    engines = results["engines"]
    lines = ["| | " + " | ".join(engines) + " |", "|---|" + "---|" * len(engines)]
    for key, name in (("articles_per_second", "articles indexed a second"), ("index_to_raw", "index to raw text")):
        lines.append(f"| {name} | " + " | ".join(f"{engine[key]:,}" for engine in engines.values()) + " |")
    return lines


def _row(results: dict[str, Any], what: str, group: str, name: str) -> str:
    own, *others = (engine[what][group] for engine in results["engines"].values())
    cells = [" / ".join(f"{value:.2f}" for value in own.values())]
    for found in others:
        times = " / ".join(f"{found[share] / own[share]:.1f}" for share in own)
        cells.append(" / ".join(f"{value:.2f}" for value in found.values()) + f" ({times}×)")
    return f"| {name} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
