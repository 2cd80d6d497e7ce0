"""Kill -9 at any moment of an import: reopened, what was reported is there and the index equals the store."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive.bootstrap import open_archive
from archive.settings import load_settings
from archive.types import IndexState, SearchRequest

IMPORT = """
import sys
from archive import service
from archive.bootstrap import open_archive
from archive.settings import load_settings
from archive.types import Outcome
import archive.importing as importing

importing.BATCH_ITEMS = 7  # many small transactions and commits, so that a kill meets every step of both
service.SYNC_SECONDS = 0.0

class Tell:
    def total(self, size): pass
    def advance(self, size): pass
    def item(self, item):
        if item.outcome is Outcome.ADDED:
            print(item.article, item.origin.part, flush=True)

with open_archive(load_settings({"data": sys.argv[1]})) as archive:
    print("open", flush=True)
    archive.import_paths([sys.argv[2]], observer=Tell())
    print("done", flush=True)
"""

ARTICLES = 700
POINTS = int(os.environ.get("ARCHIVE_TEST_KILLS", "30"))


def _articles(path: Path, count: int) -> None:
    chance = random.Random(7)
    words = "border security iraq talks minister election harvest river budget vote".split()
    with path.open("w") as file:
        for number in range(1, count + 1):
            body = " ".join(chance.choices(words, k=40))
            record = {"title": f"Article {number}", "body": f"{body} unique{number}", "lang": "en"}
            file.write(json.dumps(record) + "\n")


def _kill_during_import(data: Path, articles: Path, seconds: float | None) -> tuple[list[tuple[int, int]], bool]:
    """Import in a process of its own and kill it so many seconds after it has opened, if any; what it had reported."""
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORT, str(data), str(articles)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "open\n"
    if seconds is not None:
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
    *lines, _ = process.communicate()[0].split("\n")  # the last may be cut off in the middle: only whole ones were told
    done = "done" in lines
    told = [tuple(map(int, line.split())) for line in lines if " " in line]
    return told, done  # type: ignore[return-value]


def test_a_kill_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    """An archive is killed again and again while it imports the same file, and opened in between, until it is full.

    Then the next one, until there were as many kills as asked for.
    """
    articles = tmp_path / "articles.jsonl"
    _articles(articles, ARTICLES)
    chance = random.Random(20261123)
    started = time.monotonic()
    _kill_during_import(tmp_path / "whole", articles, None)
    whole = time.monotonic() - started
    kills = 0
    counts = set()
    while kills < POINTS:
        data = tmp_path / f"data{kills}"
        told: dict[int, int] = {}
        done = False
        while not done and kills < POINTS:
            found, done = _kill_during_import(data, articles, chance.uniform(0.0, whole / 2))
            kills += not done
            told |= dict(found)
            with open_archive(load_settings({"data": str(data)})) as archive:
                assert archive.index_state() is IndexState.CURRENT
                assert archive.verify() == []
                counts.add(archive.count())
                for number, line in found:
                    assert archive.get(number).title == f"Article {line}"
                for number, line in chance.sample(sorted(told.items()), min(5, len(told))):
                    page = archive.search(SearchRequest(query=f"unique{line}"))
                    assert [hit.headline.id for hit in page.hits] == [number]
        with open_archive(load_settings({"data": str(data)})) as archive:
            assert archive.import_paths([str(articles)]).failed == 0
            assert archive.count() == ARTICLES
            assert archive.verify() == []
    assert len(counts) > POINTS // 4, "the kills met imports in progress"


@pytest.mark.parametrize(
    "step", ["before the table of contents", "before the manifest", "before the swap", "after the swap"]
)
def test_a_crash_at_each_step_of_a_commit(tmp_path: Path, step: str) -> None:
    """The steps that a random kill meets rarely, each on purpose."""
    articles = tmp_path / "articles.jsonl"
    _articles(articles, 30)
    crash = {
        "before the table of contents": "storage.DurableStorage.rename_file = crash",
        "before the manifest": "storage.Manifest.write = crash",
        "before the swap": "storage.IndexFolder.swap = crash",
        "after the swap": "storage.IndexFolder.clean = crash",
    }[step]
    program = f"""
import os, sys
import index.storage as storage
from archive.bootstrap import open_archive
from archive.settings import load_settings
def crash(*_, **__): os._exit(9)
settings = load_settings({{"data": sys.argv[1]}})
if "swap" not in {step!r}:
    open_archive(settings).close()
{crash}
with open_archive(settings) as archive:
    archive.import_paths([sys.argv[2]])
"""
    data = tmp_path / "data"
    result = subprocess.run([sys.executable, "-c", program, str(data), str(articles)], check=False, timeout=60)
    assert result.returncode == 9
    with open_archive(load_settings({"data": str(data)})) as archive:
        assert archive.verify() == []
        archive.import_paths([str(articles)])
        assert archive.count() == 30
        assert archive.verify() == []
        assert archive.search(SearchRequest(query="unique7")).total == 1
        leftovers = [path.name for path in (data / "index").iterdir() if path.is_dir()]
        assert len(leftovers) == 1


def test_an_older_database_put_back_is_noticed(tmp_path: Path) -> None:
    """A restored backup is older than its index: the index is made anew."""
    articles = tmp_path / "articles.jsonl"
    _articles(articles, 5)
    settings = load_settings({"data": str(tmp_path / "data")})
    with open_archive(settings) as archive:
        archive.import_paths([str(articles)])
    backup = settings.database.read_bytes()
    _articles(articles, 9)
    with open_archive(settings) as archive:
        archive.import_paths([str(articles)])
        assert archive.count() == 9
    settings.database.write_bytes(backup)
    with open_archive(settings) as archive:
        assert archive.count() == 5
        assert archive.verify() == []
        assert archive.search(SearchRequest(query="unique8")).total == 0


def test_a_lost_index_is_made_again(tmp_path: Path) -> None:
    articles = tmp_path / "articles.jsonl"
    _articles(articles, 5)
    settings = load_settings({"data": str(tmp_path / "data")})
    with open_archive(settings) as archive:
        archive.import_paths([str(articles)])
    (settings.index_directory / "current").unlink()
    with open_archive(settings) as archive:
        assert archive.verify() == []
        assert archive.search(SearchRequest(query="unique3")).total == 1
