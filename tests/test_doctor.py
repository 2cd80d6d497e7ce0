"""`archive doctor`: what is wrong is told with what to do, nothing is changed, and no damage stops it."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from os import utime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from archive.bootstrap import open_archive
from archive.settings import Settings
from archive.types import NewArticle, Origin, Original, SearchRequest
from db import migrate
from tests.conftest import ROOT, Run


@pytest.fixture
def data(settings: Settings) -> Path:
    """An archive with articles, an old version, originals and a saved search."""
    with open_archive(settings) as archive:
        archive.import_paths([str(ROOT / "docs" / "demo")])
        for text in ("before", "after"):
            original = Original(text.encode(), "text/plain")
            url = "https://news.example/a"
            archive.store.add(
                [
                    NewArticle(
                        title="A bridge",
                        body=f"It opened {text}.",
                        url=url,
                        origin=Origin("x", "text"),
                        original=original,
                    )
                ]
            )
        archive.sync()
        archive.saved.add("mine", SearchRequest(query="border"), 0)
    return settings.data


def sql(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "archive.db")) as connection, connection:
        connection.execute(statement)


def wrong(run: Run) -> dict[str, list[str]]:
    """What is found wrong, by the name of the check."""
    checks = run("doctor", "--json", status=1).json["checks"]
    assert all(check["remedy"] for check in checks if not check["ok"])
    return {check["name"]: check["faults"] for check in checks if not check["ok"]}


def contents(data: Path) -> dict[str, str]:
    """Every file but those in which SQLite keeps whom it has open."""
    return {
        str(path.relative_to(data)): sha256(path.read_bytes()).hexdigest()
        for path in data.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def test_all_is_well_and_nothing_is_changed(run: Run, data: Path) -> None:
    before = contents(data)
    told = run("doctor").stdout.splitlines()
    assert told
    assert all(line.endswith(": ok") for line in told)
    assert contents(data) == before
    assert run("doctor", "--json").json["ok"] is True


def test_an_index_that_is_behind_is_told_and_stays_behind(run: Run, data: Path) -> None:
    sql(data, "UPDATE article SET source = 'x' WHERE id = 1")
    before = contents(data)
    assert wrong(run) == {"agreement": ["the index is behind: 1 changes are not in it yet"]}
    assert contents(data) == before


@pytest.mark.parametrize(
    ("statement", "check", "fault"),
    [
        ("UPDATE original SET data = x'00'", "originals", "is damaged"),
        ("DELETE FROM original", "originals kept", "the original of article 1 is missing"),
        ("INSERT INTO original VALUES (zeroblob(32), 'x', 1, x'00')", "originals kept", "1 of the originals belong to"),
        ("UPDATE article SET fingerprint = x'00' WHERE id = 2", "articles", "article 2, version 1: its fingerprint"),
        ("UPDATE version SET fingerprint = x'00'", "articles", "article 19, version 1: its fingerprint"),
        ("UPDATE article SET authors = '[' WHERE id = 3", "articles", "article 3, version 1: it cannot be read"),
        ("UPDATE article SET tags = '7' WHERE id = 3", "articles", "no list"),
        ("UPDATE article SET body = CAST(x'ff' AS TEXT) WHERE id = 3", "articles", "article 3"),
        ("UPDATE article SET first_day = 3 WHERE id = 17", "articles", "not those of its date"),
        ("UPDATE article SET published = 'soon' WHERE id = 17", "articles", "article 17"),
        ("UPDATE article SET told = '[1]' WHERE id = 2", "articles", "article 2"),
        ("DELETE FROM version", "versions", "the versions of article 19 have gaps"),
        ("UPDATE version SET number = 7", "versions", "the versions of article 19 have gaps"),
        ("UPDATE version SET article_id = 99", "references", "a row of version refers to nothing"),
        ("UPDATE saved_search SET filter = '{}'", "saved searches", "the saved search mine cannot be read"),
        ("UPDATE saved_search SET filter = '{'", "saved searches", "cannot be read"),
        ("DROP TRIGGER article_changed", "schema", "the trigger article_changed is missing"),
        ("UPDATE alembic_version SET version_num = '9x'", "database", "newer version"),
        ("DROP TABLE version", "versions", "no such table"),
    ],
)  # fmt: skip
def test_each_fault_of_the_database_is_told(run: Run, data: Path, statement: str, check: str, fault: str) -> None:
    sql(data, statement)
    found = wrong(run)
    assert any(fault in each for each in found[check]), found


def test_a_text_that_the_index_does_not_know_is_told(run: Run, data: Path) -> None:
    """As after a write that no trigger has noticed."""
    with closing(sqlite3.connect(data / "archive.db")) as connection, connection:
        trigger = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'article_changed'").fetchone()[0]
        connection.execute("DROP TRIGGER article_changed")
        connection.execute("UPDATE article SET body = 'Completely unrelated wording everywhere.' WHERE id = 4")
        connection.execute(trigger)
    found = wrong(run)
    assert set(found) == {"articles", "search"}
    assert 'article 4 is not found by its own words: "Completely"' in found["search"][0]


def test_many_faults_are_counted(run: Run, data: Path) -> None:
    sql(data, "DELETE FROM original")
    sql(data, "UPDATE article SET original = NULL")
    with closing(sqlite3.connect(data / "archive.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO original VALUES (?, 'x', 1, x'00')", [(bytes([n]) * 32,) for n in range(23)]
        )
    found = wrong(run)["originals"]
    assert len(found) == 21
    assert found[-1] == "and 3 more"


# -- files


def test_what_is_no_archive_is_told_and_left_alone(run: Run, settings: Settings, tmp_path: Path) -> None:
    assert f"there is no archive in {settings.data}" in run("doctor", status=1).stdout
    assert not settings.data.exists()
    settings.data.mkdir()
    settings.database.touch()
    run("doctor", status=1)
    assert settings.database.stat().st_size == 0
    settings.database.write_bytes(b"no database" * 1000)
    assert "cannot be opened as a database" in wrong(run)["database"][0]


def test_an_older_database_says_what_to_run(run: Run, settings: Settings) -> None:
    settings.data.mkdir()
    migrate._run(settings.database, "0001")
    assert "run: archive upgrade" in wrong(run)["database"][0]


def test_a_file_of_aliases_that_makes_no_sense(run: Run, data: Path) -> None:
    (data / "aliases.txt").write_text("Only one\n")
    assert "aliases.txt, line 1" in wrong(run)["aliases"][0]


def test_leftovers_of_what_was_cut_off(run: Run, data: Path) -> None:
    for path in (data / ".archive.db.a1b2c3d4", data / "aliases.txtabcd1234", data / "index" / "current.12345678.tmp"):
        path.touch()
    (data / "index" / "0123456789abcdef").mkdir()
    run("doctor")  # somebody may be at work on them
    for path in [*data.glob("?a*"), *data.glob("aliases*"), *data.glob("index/*")]:
        utime(path, (0, 0))
    found = wrong(run)
    assert found["leftovers"] == [
        ".archive.db.a1b2c3d4 was begun and never finished", "aliases.txtabcd1234 was begun and never finished",
    ]  # fmt: skip
    assert [each.partition(" ")[0] for each in found["index leftovers"]] == ["0123456789abcdef", "current.12345678.tmp"]


def test_files_that_others_may_read_or_change(run: Run, data: Path) -> None:
    (data / "archive.db").chmod(0o644)
    data.chmod(0o777)
    found = wrong(run)["permissions"]
    assert f"{data} can be changed by others (mode 777)" in found
    assert f"{data / 'archive.db'} can be read by others (mode 644)" in found


def test_a_full_disk(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    assert "5.0 MB are free" in wrong(run)["free space"][0]


# -- the index


def other_bytes(folder: Path) -> None:
    """Segments as long as before, whose last bytes are others."""
    for path in folder.rglob("*.seg"):
        path.write_bytes(path.read_bytes()[:-9] + b"different")


@pytest.mark.parametrize(
    "damage",
    [
        other_bytes,
        shutil.rmtree,
        lambda folder: (folder / "current").write_text("nowhere"),
        lambda folder: (folder / "current").write_bytes(b"\xff\xfe"),
        lambda folder: [path.write_text("{}") for path in folder.rglob("manifest.json")],
        lambda folder: (shutil.rmtree(folder), folder.touch()),
    ],
)
def test_an_index_that_cannot_be_used(run: Run, data: Path, damage: Callable[[Path], Any]) -> None:
    damage(data / "index")
    found = wrong(run)
    assert "index" in found
    assert not found.keys() - {"index", "agreement", "search", "index leftovers", "permissions"}


# -- any damage


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_damaged_it_ends_with_a_sentence(run: Run, data: Path, seed: int) -> None:
    """Bytes all over a file are overwritten, or it is cut off: `run` sees to it that there is no traceback."""
    chance = random.Random(seed)
    files = [path for path in data.rglob("*") if path.is_file() and path.stat().st_size]
    victims = [data / "archive.db"] if seed < 8 else chance.sample(files, 2)
    for path in victims:
        content = bytearray(path.read_bytes())
        for _ in range(200):  # a few might only meet room that is not used
            at = chance.randrange(100, len(content)) if len(content) > 200 else 0
            content[at : at + 64] = chance.randbytes(min(64, len(content) - at))
        path.write_bytes(content[: len(content) // 2] if seed % 4 == 3 else content)
    wrong(run)
