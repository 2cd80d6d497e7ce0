"""`make bench`: the same articles into the archive, SQLite FTS5 and tantivy, the same queries to each, in one run.

Prints a table in Markdown and writes benchmarks/results.json with the machine and the versions. Latencies are the best
of several passes of each query, warm, in milliseconds, then percentiles over the queries: compare the columns of one
run, not two runs.
"""

import argparse
import gzip
import json
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.engines import Engine, Fts5, Ours, Record, Tantivy
from benchmarks.queries import Query, draw

COLLECTIONS = ("reuters21578", "newsgroups20", "bbc2225")


def load(corpus: Path, count: int) -> list[Record]:
    """English articles of the collections in turn, each text once."""
    seen = set()
    records: list[Record] = []
    for name in COLLECTIONS:
        with gzip.open(corpus / "articles" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                found = json.loads(line)
                if len(records) == count:
                    return records
                text = " ".join(f"{found['title']} {found['body']}".casefold().split())
                if found["body"].strip() and text not in seen:
                    seen.add(text)
                    records.append(
                        {key: found.get(key) or "" for key in ("title", "body", "date", "source")}
                        | {"key": found["id"]}
                    )
    return records


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def measure(run: Callable[[Query], object], queries: list[Query], passes: int) -> list[float]:
    """Milliseconds of each query, the best of several passes."""
    best = [float("inf")] * len(queries)
    for _ in range(passes):
        for at, query in enumerate(queries):
            started = time.perf_counter()
            run(query)
            best[at] = min(best[at], (time.perf_counter() - started) * 1000)
    return best


def groups(queries: list[Query]) -> Iterator[tuple[str, list[int]]]:
    """The classes of queries, and all of them, as places in the list."""
    for group in dict.fromkeys(query.group for query in queries):
        yield group, [at for at, query in enumerate(queries) if query.group == group]
    yield "all", list(range(len(queries)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--each", type=int, default=10, help="queries a class")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results.json")
    options = parser.parse_args()
    if not (options.corpus / "articles").is_dir():
        raise SystemExit(f"the articles to measure with are not at {options.corpus}; name their folder with --corpus")
    records = load(options.corpus, options.articles)
    raw = sum(len(record["title"].encode()) + len(record["body"].encode()) for record in records)
    queries = draw(records, options.each)
    results: dict[str, Any] = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "versions": {name: version(name) for name in ("whoosh3", "tantivy", "SQLAlchemy", "numpy", "PyStemmer")},
        "articles": len(records),
        "raw_bytes": raw,
        "queries": len(queries),
    }
    engines = {}
    for kind in (Ours, Fts5, Tantivy):
        with tempfile.TemporaryDirectory() as folder:
            engine: Engine = kind(Path(folder), records)
            started = time.perf_counter()
            engine.build(records)
            built = time.perf_counter() - started
            engines[engine.name] = {
                "articles_per_second": round(len(records) / built),
                "index_to_raw": round(engine.size() / raw, 2),
                "found": [engine.page(query) for query in queries],
                "search": measure(engine.search, queries, options.passes),
                "page": measure(engine.page, queries, options.passes),
            }
    results["engines"] = {name: _summary(found, queries) for name, found in engines.items()}
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{results['articles']:,} articles, {results['queries']} queries; {results['machine']}\n\n{table(results)}")


def _summary(found: dict[str, list[float]], queries: list[Query]) -> dict[str, object]:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    latencies = {
        what: {
            group: {
                name: round(percentile([found[what][at] for at in places], share), 2) for name, share in shares.items()
            }
            for group, places in groups(queries)
        }
        for what in ("search", "page")
    }
    return {key: found[key] for key in ("articles_per_second", "index_to_raw")} | latencies


def table(results: dict[str, Any]) -> str:
    """The results as a table in Markdown, as README shows it."""
    engines = results["engines"]
    lines = ["| | " + " | ".join(engines) + " |", "|---|" + "---|" * len(engines)]
    for key, name in (("articles_per_second", "articles indexed a second"), ("index_to_raw", "index to raw text")):
        lines.append(f"| {name} | " + " | ".join(f"{engine[key]:,}" for engine in engines.values()) + " |")
    for what, name in (("search", "search, ms p50 / p95 / p99"), ("page", "with ten snippets, ms p50 / p95 / p99")):
        lines.append(f"| **{name}** |" + " |" * len(engines))
        for group in next(iter(engines.values()))[what]:
            cells = (" / ".join(f"{value:g}" for value in engine[what][group].values()) for engine in engines.values())
            lines.append(f"| {group} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
