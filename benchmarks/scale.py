"""Ten times the articles: what happens to the speed of a search, and what does it take to import them?

    python -m benchmarks.scale                                      # 100,000 and 1,000,000: half an hour, 15 GB of disk
    python -m benchmarks.scale --articles 20000 --small 2000        # to try it

Articles are generated from the real ones (`benchmarks.generate`), the small archive being the beginning of the large
one, and imported by `archive import` as a user would. Memory is that of the command and all processes it starts, added
up ten times a second: RSS, which counts memory-mapped files and, for each process again, shared libraries; and RssAnon,
which is what no file backs. Then both archives answer the same queries in this process, in milliseconds as in
`benchmarks.compare`. A ratio of 10 is a search whose time grows with the articles, 1 one whose time does not.

Prints a table in Markdown and writes benchmarks/scale.json.
"""

import argparse
import gc
import json
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from archive.bootstrap import open_archive
from archive.service import Archive
from archive.settings import load_settings
from benchmarks.compare import groups, load, measure, percentile
from benchmarks.engines import Ours, Record
from benchmarks.generate import generate, to_line
from benchmarks.queries import Query, draw
from db.store import SqlStore
from index.whoosh_index import WhooshIndex

COMMAND = Path(sys.executable).with_name("archive")
"""The command, of the virtual environment that runs this."""

PAUSE = 0.1
"""Seconds between two looks at the memory of processes."""

SAMPLE = 20_000
"""Articles, the first ones, of which queries are drawn."""

NEEDED = 15_000
"""Bytes of free disk for each article, while everything is there at once."""

KINDS = {"search": "search", "snippets": "search with ten snippets"}


# --- an archive that is there already, as an engine -----------------------------------------------------------------


class Opened(Ours):
    """An archive that was imported, to be searched as `benchmarks.compare` does it."""

    def __init__(self, data: Path) -> None:
        settings = load_settings({"data": str(data)}, {})
        self.archive: Archive = open_archive(settings)
        assert isinstance(self.archive.store, SqlStore)
        assert isinstance(self.archive.index, WhooshIndex)
        self.store = self.archive.store
        self.index = self.archive.index
        self.folder = settings.index_directory


def percentiles(times: Sequence[float], queries: Sequence[Query]) -> dict[str, dict[str, float]]:
    """p50 and p95 of each class."""
    shares = {"p50": 0.5, "p95": 0.95}
    return {
        group: {name: round(percentile([times[at] for at in places], share), 3) for name, share in shares.items()}
        for group, places in groups(list(queries))
    }


def answer_times(engine: Opened, queries: list[Query], passes: int) -> dict[str, Any]:
    """How long an archive takes for these queries, and of how many segments it is."""
    return {
        "segments": len(engine.index._current_snapshot().segments),  # noqa: SLF001  # nobody else asks
        "search": percentiles(measure(engine.search, queries, passes), queries),
        "snippets": percentiles(measure(engine.page, queries, passes), queries),
    }


# --- processes and their memory --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of one process or of several."""

    rss: int = 0
    anon: int = 0

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.rss + other.rss, self.anon + other.anon)

    def largest(self, other: "Memory") -> "Memory":
        """The larger value of each."""
        return Memory(max(self.rss, other.rss), max(self.anon, other.anon))


def memory_of(process: int) -> Memory:
    """What a process has in memory; nothing when it is gone."""
    found = {}
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("VmRSS", "RssAnon"):
                found[name] = int(value.split()[0]) * 1024
    return Memory(found.get("VmRSS", 0), found.get("RssAnon", 0))


def family(process: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [process]
    for each in found:
        found += children.get(each, [])
    return found


def run(*arguments: str | Path) -> tuple[float, Memory]:
    """Run `archive` to its end: the seconds it took, and the most memory it had."""
    started = time.perf_counter()
    peak = Memory()
    with subprocess.Popen([COMMAND, *arguments], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = peak.largest(sum(map(memory_of, family(process.pid)), Memory()))
            time.sleep(PAUSE)
    if process.returncode:
        raise SystemExit(f"archive {' '.join(map(str, arguments))} ended with status {process.returncode}")
    return time.perf_counter() - started, peak


# --- the measurement ------------------------------------------------------------------------------------------------


def import_all(records: Sequence[Record], count: int, data: Path) -> dict[str, Any]:
    """Generate so many articles and import them; what that took."""
    lines = data.with_suffix(".jsonl")
    with lines.open("w", encoding="utf-8") as file:
        file.writelines(map(to_line, islice(generate(records), count)))
    raw = lines.stat().st_size
    seconds, peak = run("--data", data, "import", lines)
    lines.unlink()
    return {
        "seconds": round(seconds, 1),
        "articles_per_second": round(count / seconds),
        "peak_rss": peak.rss,
        "peak_anon": peak.anon,
        "json_bytes": raw,
        "index_bytes": size(data / "index"),
        "database_bytes": sum(each.stat().st_size for each in data.glob("archive.db*")),
    }


def size(folder: Path) -> int:
    """Bytes of the files of a folder."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def search_all(data: Path, count: int, queries: list[Query], passes: int) -> dict[str, Any]:
    """How long an archive takes for these queries."""
    engine = Opened(data)
    with engine.archive:
        if engine.archive.count() != count:
            raise SystemExit(f"{engine.archive.count():,} of {count:,} articles were imported")
        gc.collect()
        return answer_times(engine, queries, passes)


def ratios(small: dict[str, Any], large: dict[str, Any]) -> dict[str, dict[str, float]]:
    """How many times as long the large archive takes, p50, by kind and class."""
    return {
        kind: {group: round(found["p50"] / small[kind][group]["p50"], 2) for group, found in large[kind].items()}
        for kind in KINDS
    }


def table(results: dict[str, Any]) -> str:
    """The results as a table in Markdown."""
    (first, small), (second, large) = results["archives"].items()
    lines = [f"| | {int(first):,} articles | {int(second):,} articles | ratio |", "|---|---|---|---|"]
    for key, label, unit in (
        ("articles_per_second", "articles imported a second", 1),
        ("peak_rss", "most memory of the import, MB", 1e6),
        ("peak_anon", "of it beyond mapped files, MB", 1e6),
        ("index_bytes", "index, MB", 1e6),
        ("database_bytes", "database, MB", 1e6),
        ("segments", "segments", 1),
    ):
        ratio = large[key] / small[key]
        lines.append(f"| {label} | {small[key] / unit:,.0f} | {large[key] / unit:,.0f} | {ratio:.2f} |")
    for kind, label in KINDS.items():
        lines.append(f"| **{label}**, ms p50 / p95 | | | p50 |")
        for group, ratio in results["ratios"][kind].items():
            cells = [" / ".join(f"{value:.2f}" for value in each[kind][group].values()) for each in (small, large)]
            lines.append(f"| {group} | {cells[0]} | {cells[1]} | {ratio:.2f} |")
    return "\n".join(lines)


def machine() -> str:
    """What it was measured on."""
    return f"{platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--articles", type=int, default=1_000_000, help="of the large archive")
    parser.add_argument("--small", type=int, default=100_000, help="articles of the small archive")
    parser.add_argument("--each", type=int, default=35, help="queries a class")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to make the archives for the time being")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "scale.json")
    options = parser.parse_args()
    if options.small >= options.articles:
        parser.error("--small must be smaller than --articles")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        free, needed = shutil.disk_usage(folder).free, (options.articles + options.small) * NEEDED
        if free < needed:
            raise SystemExit(f"{folder} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} are needed; see --folder")
        counts = (options.small, options.articles)
        archives = {}
        records = load(options.corpus, 0)
        queries = draw(list(islice(generate(records), min(SAMPLE, options.small))), options.each)
        for count in counts:
            archives[str(count)] = import_all(records, count, folder / str(count))
            print(f"{count:,} articles:", archives[str(count)], file=sys.stderr)
        del records
        for count in counts:
            archives[str(count)] |= search_all(folder / str(count), count, queries, options.passes)
    results = {
        "machine": machine(),
        "queries": len(queries),
        "archives": archives,
        "ratios": ratios(*(archives[str(count)] for count in counts)),
    }
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{len(queries)} queries; {results['machine']}\n\n{table(results)}")


if __name__ == "__main__":
    main()
