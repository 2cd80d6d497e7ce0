"""`make formats`: every real file imports, or fails with a reason; nothing hangs, and no item is without an outcome.

    python -m benchmarks.formats                        # the collections of ../shared/corpora/files
    python -m benchmarks.formats --only html,hostile

Each collection is imported by `archive import` into an archive of its own, as a user would. Counted are the items of
the report and their outcomes; looked for are files without an outcome, outcomes without a reason, and reasons that are
faults of the program; measured are the seconds, and the most memory of any process.
Prints a table in Markdown and writes benchmarks/formats.json. Ends with status 1 where an item is unaccounted for, a
reason is missing or looks like a fault of the program, or the command ends otherwise than it should.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.scale import COMMAND, PAUSE, Memory, family, machine, memory_of

OUTCOMES = ("added", "updated", "near-duplicate", "duplicate", "skipped", "failed")

MOST_MEMORY = 1_500_000_000

_FAULT = re.compile(r"Traceback|unforeseen|broke down")


def imported(source: Path, folder: Path) -> tuple[int, str, list[dict[str, Any]], float, int]:
    """Status, messages, report, seconds and most bytes in memory of an import."""
    report, said = folder / "report.jsonl", folder / "said"
    command = [COMMAND, "--data", folder / "data", "import", source, "--report", report]
    started = time.perf_counter()
    peak = Memory()
    with said.open("wb") as stream, subprocess.Popen(command, stdout=stream, stderr=stream) as process:
        while process.poll() is None:
            for each in family(process.pid):
                peak = peak.largest(memory_of(each))
            time.sleep(PAUSE)
    took = time.perf_counter() - started
    items = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    return process.returncode, said.read_text(errors="replace"), items, took, peak.rss


def measure(source: Path, reports: Path | None) -> tuple[dict[str, Any], list[str]]:
    """What became of a collection, and what is wrong with that; its report is kept in a folder, where there is one."""
    with tempfile.TemporaryDirectory() as name:
        status, said, items, took, memory = imported(source, Path(name))
        stored = subprocess.run(
            [COMMAND, "--data", Path(name) / "data", "stats", "--json"], capture_output=True, check=True, text=True
        )
        articles = json.loads(stored.stdout)["articles"]
        if reports:
            shutil.copy(Path(name) / "report.jsonl", reports / f"{source.name}.jsonl")
    counts = Counter(item["outcome"] for item in items)
    files = [path for path in source.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(source))]
    told = {start for item in items for start in accumulate(item["origin"].split("#"), "{}#{}".format)}
    wrong = [f"{path}: has no outcome" for path in files if str(path) not in told]
    wrong += [
        f"{item['origin']}: {item['outcome']} ({item['reason']})"
        for item in items
        if (item["outcome"] in ("failed", "skipped") and not item["reason"]) or _FAULT.search(item["reason"] or "")
    ]
    if status != bool(counts["failed"]) or "Traceback" in said:
        wrong.append(f"{source}: the command ended with status {status}: {said[-500:]}")
    if sum(counts.values()) != len(items) or articles != counts["added"] + counts["near-duplicate"]:
        wrong.append(f"{source}: {articles} articles are stored, {counts['added']} were added")
    if memory > MOST_MEMORY:
        wrong.append(f"{source}: a process had {memory:,} bytes in memory")
    row = {"files": len(files), "items": len(items)} | {outcome: counts[outcome] for outcome in OUTCOMES}
    return row | {"seconds": round(took, 1), "megabytes": memory // 1_000_000}, wrong


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def table(results: dict[str, Any]) -> str:
    """The results as a table in Markdown."""
    columns = ("files", "items", *OUTCOMES, "seconds", "megabytes")
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, row in results["collections"].items():
        lines.append(f"| {name} | {' | '.join(f'{row[column]:,}' for column in columns)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--only", default="", help="names of collections, separated by commas")
    parser.add_argument("--reports", type=Path, help="a folder to keep the reports in")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "formats.json")
    options = parser.parse_args()
    rows, wrong = {}, []
    for source in sorted((options.corpus / "files").iterdir()):
        if source.is_dir() and (not options.only or source.name in options.only.split(",")):
            rows[source.name], faults = measure(source, options.reports)
            wrong += faults
            print(source.name, rows[source.name], file=sys.stderr, flush=True)
    results = {"machine": machine(), "collections": rows}
    if not options.only:
        options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
