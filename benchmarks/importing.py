"""`make import-speed`: how fast articles are imported, beside what people use instead.

    python -m benchmarks.importing                      # a few minutes
    python -m benchmarks.importing --corpus FOLDER --rounds 3

- All real articles as one file of JSON lines, by `archive import`: parsed, normalised, stored durably with their
  originals and the account of every item, searched for duplicates, indexed. Beside it SQLite alone: the same articles,
  which are in memory already, written to a table and to FTS5 with porter in batches of as many, each as durable, and
  nothing else.
- PAGES pages of HTML, by `archive import`; beside it one process that calls trafilatura for each, with metadata, and
  does nothing with what it finds.

Each pair is measured one after the other, several rounds; a ratio is the median of the ratios of the rounds. Prints a
table in Markdown and writes benchmarks/importing.json.
"""

import argparse
import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from archive.importing import BATCH_ITEMS
from benchmarks.compare import COLLECTIONS
from benchmarks.scale import COMMAND, machine

PAGES = 1_000

TRAFILATURA = """
import sys
from pathlib import Path
from trafilatura import bare_extraction
for path in sorted(Path(sys.argv[1]).iterdir()):
    bare_extraction(path.read_bytes(), with_metadata=True)
"""


def articles(corpus: Path, file: Path, count: int | None) -> list[dict[str, Any]]:
    """Write all articles to one file of JSON lines, and give those that have a text."""
    lines = [
        line
        for name in COLLECTIONS
        for line in gzip.decompress((corpus / "articles" / f"{name}.jsonl.gz").read_bytes()).splitlines()
    ][:count]
    file.write_bytes(b"\n".join(lines))
    return [record for record in map(json.loads, lines) if record["body"].strip()]


def pages(corpus: Path, folder: Path, count: int) -> None:
    """So many files of the real pages of HTML, each made another article by a word of its own."""
    found = sorted((corpus / "files" / "html").rglob("*.htm*"))
    found = [path for path in found if path.name != "expected.html"]
    folder.mkdir()
    for number in range(count):
        content = found[number % len(found)].read_bytes()
        mark = f"<p>Copy number {number} of this page, which is like none of the others.</p></body>".encode()
        (folder / f"{number:05}.html").write_bytes(content.replace(b"</body>", mark, 1))


def by_archive(source: Path, data: Path) -> float:
    """Seconds of `archive import`, from its start to its end."""
    shutil.rmtree(data, ignore_errors=True)
    started = time.perf_counter()
    subprocess.run([COMMAND, "--data", data, "import", source], capture_output=True, check=False)
    return time.perf_counter() - started


def by_fts5(records: Sequence[dict[str, Any]], path: Path) -> float:
    """Seconds of writing articles to a table and to FTS5."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE article (id INTEGER PRIMARY KEY, title, body, url, author, source, date, lang)")
    connection.execute(
        "CREATE VIRTUAL TABLE fts USING fts5"
        " (title, body, content=article, content_rowid=id, tokenize='porter unicode61')"
    )
    names = ("title", "body", "url", "author", "source", "date", "lang")
    rows = [(number, *(record.get(name) for name in names)) for number, record in enumerate(records, 1)]
    started = time.perf_counter()
    for at in range(0, len(rows), BATCH_ITEMS):
        batch = rows[at : at + BATCH_ITEMS]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO article VALUES (?, ?, ?, ?, ?, ?, ?, ?)", batch)
        connection.executemany("INSERT INTO fts (rowid, title, body) VALUES (?, ?, ?)", [row[:3] for row in batch])
        connection.execute("COMMIT")
    took = time.perf_counter() - started
    connection.close()
    return took


def by_trafilatura(folder: Path) -> float:
    """Seconds of one process that extracts all pages of a folder."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", TRAFILATURA, folder], capture_output=True, check=True)
    return time.perf_counter() - started


def compared(count: int, rounds: int, ours: Callable[[], float], other: Callable[[], float]) -> dict[str, float]:
    """Items a second of both, and how often ours is as fast as the other."""
    found = [(ours(), other()) for _ in range(rounds)]
    return {
        "items": count,
        "ours": round(count / median(mine for mine, _ in found)),
        "other": round(count / median(theirs for _, theirs in found)),
        "ratio": round(median(theirs / mine for mine, theirs in found), 2),
    }


def table(results: dict[str, Any]) -> str:
    """The results as a table in Markdown."""
    lines = ["| | items | `archive import`, a second | beside it, a second | ratio |", "|---|---|---|---|---|"]
    for name, row in results["rows"].items():
        lines.append(f"| {name} | {row['items']:,} | {row['ours']:,} | {row['other']:,} | {row['ratio']} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora"))
    parser.add_argument("--articles", type=int, help="only so many articles")
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "importing.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines, html, data = folder / "articles.jsonl", folder / "pages", folder / "data"
        records = articles(options.corpus, lines, options.articles)
        pages(options.corpus, html, options.pages)
        of_lines = compared(
            len(records),
            options.rounds,
            lambda: by_archive(lines, data),
            lambda: by_fts5(records, folder / "fts5.db"),
        )
        of_pages = compared(options.pages, options.rounds, lambda: by_archive(html, data), lambda: by_trafilatura(html))
    rows = {"JSON lines, beside a table and FTS5": of_lines, "HTML pages, beside one trafilatura process": of_pages}
    results = {"machine": machine(), "rows": rows}
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{machine()}\n\n{table(results)}")


if __name__ == "__main__":
    main()
