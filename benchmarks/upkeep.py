"""What it takes to keep an archive of all real articles: adding one more, opening, serving.

    python -m benchmarks.upkeep                        # five minutes
    python -m benchmarks.upkeep --articles 5000 --commits 100

- An article is added, --commits times: it is read from a file of its own, normalised and stored; the index is brought
  up to date; a search for a word that no other article has finds it. The steps of `archive import FILE` and of a
  search, in a process that has the archive open and reads the file itself: a command starts another one for that. Each
  commit is written through to the disk.
- The same queries as in `benchmarks.compare` are answered by the archive as it was imported, after all these commits,
  and when the index of the same articles has been made anew: what the commits leave behind is the difference.
- Opening, in a fresh interpreter that has imported everything: the store, then the index, then the first search, which
  reads what opening left for later. The files are in the system's cache. And `archive search '"border security"'`, from
  its start to its end.
- Memory of the one worker of `archive serve` after its first page, which opens the archive, and after SEARCHES search
  pages, one after the other: RssAnon, which is what no file backs.

Prints a table in Markdown and writes benchmarks/upkeep.json.
"""

import argparse
import gc
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from archive import reading
from archive.paths import files
from archive.service import Archive
from archive.types import ImportOptions, NewArticle, SearchRequest
from benchmarks.compare import load, percentile
from benchmarks.engines import Record, to_text
from benchmarks.generate import generate, name, to_line
from benchmarks.queries import Query, draw
from benchmarks.scale import COMMAND, Memory, Opened, answer_times, family, machine, memory_of, run

SEARCHES = 400
TIMES = 10
"""How often a process is started for its time."""

OPENING = """
import sys, time
import archive.cli, archive.console, archive.progress, db.store, index.whoosh_index
from archive.bootstrap import open_archive
from archive.settings import load_settings
from archive.types import SearchRequest
started = time.perf_counter()
opened = open_archive(load_settings({"data": sys.argv[1]}), catch_up=False)
stored = time.perf_counter()
with opened.index._open():
    indexed = time.perf_counter()
opened.search(SearchRequest(query='"border security"'))
print(stored - started, indexed - stored, time.perf_counter() - indexed)
"""


# --- an article is added --------------------------------------------------------------------------------------------


class _Nobody:
    """Watches a file being read, and tells nobody."""

    def advance(self, size: int) -> None:
        """See `reading.Watch`."""

    def member(self, ordinal: int) -> None:
        """See `reading.Watch`."""


def add_one(archive: Archive, record: Record, file: Path) -> tuple[float, float, float]:
    """Milliseconds until it is stored, then until it is indexed, then until it is found."""
    file.write_text(to_line(record), encoding="utf-8")
    times = [time.perf_counter()]
    read = (each for path in files([str(file)]) for each in reading.read(path, ImportOptions(), _Nobody()))
    archive.store.add([each for each in read if isinstance(each, NewArticle)])
    times.append(time.perf_counter())
    archive.sync()
    times.append(time.perf_counter())
    found = archive.search(SearchRequest(query=name(int(record["key"])).split()[0]))
    times.append(time.perf_counter())
    if [hit.headline.url for hit in found.hits] != [record["url"]]:
        raise SystemExit(f"article {record['key']} was added and is not found")
    stored, indexed, shown = ((after - before) * 1000 for before, after in pairwise(times))
    return stored, indexed, shown


def add_many(archive: Archive, records: Sequence[Record], file: Path) -> dict[str, dict[str, float]]:
    """Add articles one by one; p50, p95 and the longest of each step and of all together."""
    steps = list(zip(*(add_one(archive, record, file) for record in records), strict=True))
    steps.append(tuple(map(sum, zip(*steps, strict=True))))
    return {
        step: {
            "p50": round(median(times), 1),
            "p95": round(percentile(list(times), 0.95), 1),
            "max": round(max(times), 1),
        }
        for step, times in zip(("stored", "indexed", "found", "together"), steps, strict=True)
    }


# --- processes ------------------------------------------------------------------------------------------------------


def opening(data: Path) -> dict[str, float]:
    """Milliseconds of each step of a fresh process, and of a whole search command; medians."""
    rows = []
    for _ in range(TIMES):
        told = subprocess.run([sys.executable, "-c", OPENING, data], capture_output=True, check=True, text=True)
        started = time.perf_counter()
        subprocess.run([COMMAND, "--data", data, "search", '"border security"'], capture_output=True, check=True)
        rows.append((*map(float, told.stdout.split()), time.perf_counter() - started))
    steps = ("opening the store", "opening the index", "the first search", "the whole command")
    return {step: round(median(times) * 1000, 1) for step, times in zip(steps, zip(*rows, strict=True), strict=True)}


@contextmanager
def serving(data: Path) -> Iterator[tuple[str, int]]:
    """`archive serve` with one worker: its address, and the worker's process."""
    command = [str(COMMAND), "--data", str(data), "serve", "--port", "0", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            address = re.search(r"http://\S+", server.stdout.readline())
            assert address
            yield address[0], _worker(server.pid)
        finally:
            server.terminate()


def _worker(server: int) -> int:
    """The child that is no follower, once it is there."""
    while True:
        for process in family(server)[1:]:
            if b"archive.follow" not in Path(f"/proc/{process}/cmdline").read_bytes():
                return process
        time.sleep(0.1)


def request(address: str, query: Query) -> None:
    """Read the search page of a query."""
    found = {"q": to_text(query)}
    if query.dates:
        found |= {"from": query.dates[0], "to": query.dates[1]}
    if query.newest:
        found["sort"] = "newest"
    with urlopen(f"{address}/search?{urlencode(found)}") as page:
        page.read()


def worker_memory(data: Path, queries: Sequence[Query]) -> dict[str, dict[str, int]]:
    """Bytes of a worker after its first page, and after the search pages of all of these."""
    with serving(data) as (address, worker):
        with urlopen(f"{address}/") as page:
            page.read()
        before = memory_of(worker)
        for query in queries:
            request(address, query)
        return {"first page": _bytes(before), f"{len(queries)} searches": _bytes(memory_of(worker))}


def _bytes(memory: Memory) -> dict[str, int]:
    return {"rss": memory.rss, "anon": memory.anon}


# --- all of it ------------------------------------------------------------------------------------------------------


def table(results: dict[str, Any]) -> str:
    """The results as tables in Markdown."""
    lines = [f"| adding one article, {results['commits']:,} times; ms | p50 | p95 | longest |", "|---|---|---|---|"]
    for step, times in results["adding"].items():
        lines.append(f"| {step} | " + " | ".join(f"{value:,.1f}" for value in times.values()) + " |")
    states = results["searching"]
    lines += [
        "",
        "| ms, p50 | " + " | ".join(states) + " | after commits to anew |",
        "|---|" + "---|" * (len(states) + 1),
    ]
    lines.append("| segments | " + " | ".join(str(state["segments"]) for state in states.values()) + " | |")
    for kind in ("search", "snippets"):
        for group in states["imported"][kind]:
            values = [state[kind][group]["p50"] for state in states.values()]
            cells = " | ".join(f"{value:.2f}" for value in values)
            lines.append(f"| {kind}: {group} | {cells} | {values[-2] / values[-1]:.2f} |")
    lines += ["", "| in a fresh process, ms, median | |", "|---|---|"]
    lines += [f"| {what} | {value:,.1f} |" for what, value in results["opening"].items()]
    lines += ["", "| a worker after | RSS, MB | RssAnon, MB |", "|---|---|---|"]
    for what, memory in results["worker"].items():
        lines.append(f"| {what} | {memory['rss'] / 1e6:.0f} | {memory['anon'] / 1e6:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--articles", type=int, default=0, help="about so many, instead of all")
    parser.add_argument("--commits", type=int, default=1_000)
    parser.add_argument("--each", type=int, default=35, help="queries a class")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "upkeep.json")
    options = parser.parse_args()
    records = load(options.corpus, options.articles)
    queries = draw(records, options.each)
    gc.collect()
    gc.freeze()  # what the benchmark holds is not the archive's to look through
    results: dict[str, Any] = {"machine": machine(), "commits": options.commits}
    with tempfile.TemporaryDirectory() as folder:
        data, lines, one = (Path(folder) / each for each in ("data", "articles.jsonl", "one.jsonl"))
        with lines.open("w", encoding="utf-8") as file:
            file.writelines(map(to_line, records))
        run("--data", data, "import", lines)
        print("imported", file=sys.stderr)
        results["opening"] = opening(data)
        results["worker"] = worker_memory(data, Random(5).sample(queries, min(SEARCHES, len(queries))))
        engine = Opened(data)
        with engine.archive as archive:
            results["articles"] = archive.count()
            states = {"imported": answer_times(engine, queries, options.passes)}
            print("adding one by one", file=sys.stderr)
            results["adding"] = add_many(archive, list(islice(generate(records), options.commits)), one)
            states["after the commits"] = answer_times(engine, queries, options.passes)
            archive.rebuild_index()
            states["made anew"] = answer_times(engine, queries, options.passes)
        results["searching"] = states
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{results['articles']:,} articles, {len(queries)} queries; {results['machine']}\n\n{table(results)}")


if __name__ == "__main__":
    main()
