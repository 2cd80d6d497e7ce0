"""Imports as the store remembers them: every item has its line, and one that was interrupted goes on where it was."""

import gzip
import io
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from archive import cutting, importing
from archive.bootstrap import open_archive
from archive.importing import run as run_import
from archive.packets import pack_article, unpack_article
from archive.paths import File
from archive.settings import load_settings
from archive.types import (
    ImportItem,
    ImportOptions,
    NewArticle,
    Origin,
    Original,
    Outcome,
    PublicationDate,
    SearchRequest,
)
from db.store import SqlStore

ROOT = Path(__file__).parents[1]

Run = Callable[..., Any]

KILLS = int(os.environ.get("ARCHIVE_TEST_KILLS", "30"))


def record(number: int, **fields: object) -> str:
    return json.dumps({"title": f"Title {number}", "body": f"Body of unique{number}", "lang": "en"} | fields)


def items_of(store: SqlStore, number: int = 1) -> list[tuple[str, str, int | None]]:
    return [(str(item.origin), item.outcome.value, item.article) for item in store.import_items(number)]


def as_table(store: SqlStore) -> list[Any]:
    """Everything that an archive holds of its articles, without the times at which it came."""
    rows = []
    for number in store.article_ids():
        for version in store.versions(number):
            article = store.get(number, version.number)
            original = store.original(number, version.number)
            facts = (article.title, article.body, article.url, article.tags, article.published, article.language)
            rows.append((number, version.number, *facts, str(article.origin), original and original.data))
    return rows


def message(number: int) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Date"] = "a@b.example", f"Letter {number}", "Mon, 3 May 2021 10:00:00 +0000"
    mail.set_content(f"A letter with letterword{number}.\n\nAnd more.")
    return mail.as_bytes()


def mixed(folder: Path, count: int = 60) -> None:
    """Files of several formats, some inside others, with duplicates, versions, and some that cannot be read."""
    folder.mkdir()
    lines = [record(number, url=f"https://a.example/{number % 50}") for number in range(count)]
    (folder / "a.jsonl").write_text("\n".join([*lines, "nonsense", lines[3], record(3, body="")]))
    with zipfile.ZipFile(folder / "b.zip", "w") as archive:
        for number in range(count):
            archive.writestr(f"{number:03}.txt", f"Zipped {number}\n\nText with zipword{number}.")
        archive.writestr("x.png", b"\x89PNG\r\n\x1a\n")
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as deeper:
            deeper.writestr("deep.html", "<html><title>Deep</title><body><p>Text with deepword.</p></body></html>")
        archive.writestr("y.zip", inner.getvalue())
    with tarfile.open(folder / "c.tar.gz", "w:gz") as tar:
        for number in range(count):
            content = f"# Tarred {number}\n\nText with tarword{number}.".encode()
            info = tarfile.TarInfo(f"{number:03}.md")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    (folder / "d.mbox").write_bytes(
        b"".join(b"From a@b Mon May  3 10:00:00 2021\n" + message(number) + b"\n" for number in range(count))
    )
    for number in range(count):
        (folder / f"e{number:03}.txt").write_text(f"Text {number}\n\nText with textword{number}." if number % 9 else "")
    (folder / "z.txt").write_text("Zipped 7\n\nText with zipword7.")


# --- what is remembered ---------------------------------------------------------------------------------------------


def test_every_item_has_its_line(store: SqlStore, tmp_path: Path) -> None:
    mixed(tmp_path / "in")
    told: list[ImportItem] = []

    class Tell:
        def total(self, size: int) -> None: ...

        def advance(self, size: int) -> None: ...

        def item(self, item: ImportItem) -> None:
            told.append(item)

    report = run_import(store, [str(tmp_path / "in")], ImportOptions(), observer=Tell())
    assert report.id == 1
    assert report.resumed == 0
    kept = list(store.import_items(1))
    assert kept == told
    sums = report.added + report.updated + report.duplicates + report.skipped + report.failed
    assert sums == len(kept)
    (account,) = store.imports()
    assert account.state == "finished"
    assert sum(account.counts.values()) == len(kept)
    assert [item for item in kept if item.outcome is Outcome.FAILED] == list(
        store.import_items(1, outcomes=[Outcome.FAILED])
    )
    run_import(store, [str(tmp_path / "in")], ImportOptions())
    assert [each.id for each in store.imports()] == [2, 1]
    assert {outcome for _, outcome, _ in items_of(store, 2)} == {"duplicate", "skipped", "failed"}


def test_a_dry_run_is_not_remembered(store: SqlStore, tmp_path: Path) -> None:
    mixed(tmp_path / "in", 10)
    dry = run_import(store, [str(tmp_path / "in")], ImportOptions(dry_run=True))
    assert dry.id is None
    assert store.imports() == []
    real = run_import(store, [str(tmp_path / "in")], ImportOptions())
    counted = ("added", "updated", "duplicates", "skipped", "failed")
    assert [getattr(dry, name) for name in counted] == [getattr(real, name) for name in counted]


def test_the_commands(run: Run, tmp_path: Path) -> None:
    mixed(tmp_path / "in", 10)
    first = run("import", tmp_path / "in", "--json", status=1).json
    assert first["import"] == 1
    listed = run("imports", "list", "--json").json["imports"]
    assert [(each["import"], each["state"], each["added"]) for each in listed] == [(1, "finished", first["added"])]
    assert listed[0]["paths"] == [str(tmp_path / "in")]
    assert "a.jsonl#11" in run("imports", "show", 1, "--outcome", "failed").stdout
    lines = [json.loads(line) for line in run("imports", "show", 1, "--json").stdout.splitlines()]
    assert len(lines) == sum(first[name] for name in ("added", "updated", "duplicates", "skipped", "failed"))
    assert "finished" not in run("imports", "list").stdout
    assert "no import 9" in run("imports", "show", 9, status=1).stderr


def test_of_old_imports_only_the_counts_are_kept(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.accounts.KEPT_WHOLE", 2)
    (tmp_path / "a.txt").write_text("A title\n\nA text.")
    for _ in range(4):
        run_import(store, [str(tmp_path / "a.txt")], ImportOptions())
    assert [len(items_of(store, number)) for number in (1, 2, 3, 4)] == [0, 0, 1, 1]
    assert [sum(each.counts.values()) for each in store.imports()] == [1, 1, 1, 1]


# --- interrupted ----------------------------------------------------------------------------------------------------


class _StopError(Exception):
    pass


class StopAfter:
    """Interrupts an import after so many items."""

    def __init__(self, items: int) -> None:
        self.left = items

    def total(self, size: int) -> None: ...

    def advance(self, size: int) -> None:
        if self.left <= 0:
            raise _StopError

    def item(self, item: ImportItem) -> None:
        self.left -= 1


def interrupt(store: SqlStore, path: Path, items: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH_ITEMS", 7)
    with pytest.raises(_StopError):
        run_import(store, [str(path)], ImportOptions(), observer=StopAfter(items))


@pytest.mark.parametrize("items", [1, 30, 63, 64, 100, 190, 250])
def test_an_interrupted_import_goes_on(
    items: int, store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed(tmp_path / "in")
    interrupt(store, tmp_path / "in", items, monkeypatch)
    assert store.imports()[0].state == "interrupted"
    done = items_of(store)
    report = run_import(store, [str(tmp_path / "in")], ImportOptions())
    assert (report.id, report.resumed) == (1, len(done))
    with open_archive(load_settings({"data": str(tmp_path / "other")}, {})) as other:
        other.import_paths([str(tmp_path / "in")])
        assert as_table(store) == as_table(other.store)  # type: ignore[arg-type]
        assert items_of(store) == items_of(other.store)  # type: ignore[arg-type]


def test_what_changed_meanwhile_is_read_again(store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text("\n".join(map(record, range(30))))
    interrupt(store, tmp_path / "in", 7, monkeypatch)
    (tmp_path / "in" / "a.jsonl").write_text("\n".join(map(record, range(100, 140))))
    report = run_import(store, [str(tmp_path / "in")], ImportOptions())
    assert (report.added, report.resumed) == (40, 0)
    assert len(items_of(store)) == 40


def test_an_import_whose_articles_are_gone_begins_anew(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(map(record, range(30))))
    interrupt(store, tmp_path / "a.jsonl", 7, monkeypatch)
    store.delete(store.article_ids()[:1])
    report = run_import(store, [str(tmp_path / "a.jsonl")], ImportOptions())
    assert report.id == 2
    assert len(store.article_ids()) == 30


def test_another_import_is_not_gone_on_with(store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(map(record, range(30))))
    interrupt(store, tmp_path / "a.jsonl", 7, monkeypatch)
    assert run_import(store, [str(tmp_path / "a.jsonl")], ImportOptions(tags=("x",))).id == 2


def test_an_import_that_runs_is_not_taken_from_it(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    store = SqlStore(path)
    begin = f"from pathlib import Path; from db.store import SqlStore; s = SqlStore(Path({str(path)!r}))"
    code = f"{begin}; print(s.begin_import('x')[0], flush=True); input()"
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout
    assert other.stdout.readline() == "1\n"
    assert store.imports()[0].state == "running"
    assert store.begin_import("x")[0] == 2
    store.end_import(2, finished=True)
    other.kill()
    other.communicate()
    assert [each.state for each in store.imports()] == ["finished", "interrupted"]
    store.close()


COMMAND = """
import sys
from archive import importing, service
from archive.cli import main
importing.BATCH_ITEMS = 7
service.SYNC_SECONDS = 0.0
main(["--data", sys.argv[1], "import", sys.argv[2], "--report", sys.argv[3]])
"""


def test_killed_at_any_moment_it_goes_on_to_the_same_archive(tmp_path: Path) -> None:
    """A mixed import is killed at random moments, the same command given again until it ends, and again."""
    mixed(tmp_path / "in")
    with open_archive(load_settings({"data": str(tmp_path / "whole")}, {})) as archive:
        archive.import_paths([str(tmp_path / "in")])
        expected, outcomes = as_table(archive.store), items_of(archive.store)  # type: ignore[arg-type]
        found = [hit.headline.id for hit in archive.search(SearchRequest(query="text", page_size=500)).hits]
    command = [sys.executable, "-c", COMMAND]
    started = time.monotonic()
    whole = [*command, tmp_path / "timed", tmp_path / "in", tmp_path / "report.jsonl"]
    subprocess.run(whole, check=False, capture_output=True)  # some items fail
    seconds = time.monotonic() - started  # kills are to meet the import on a slow machine, too
    chance = random.Random(20261125)
    kills = interrupted = 0
    for attempt in range(1000):
        data, ended = tmp_path / f"data{attempt}", False
        while not ended:
            process = subprocess.Popen(
                [*command, data, tmp_path / "in", tmp_path / "report.jsonl"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            if kills < KILLS:
                time.sleep(chance.uniform(0.1, 1.0) * seconds)
                ended = process.poll() is not None
                kills += not ended
                os.killpg(process.pid, signal.SIGKILL) if not ended else None
            process.wait()
            ended = process.returncode == 1  # some items fail
            with open_archive(load_settings({"data": str(data)}, {})) as archive:
                begun = archive.imports()
                interrupted += bool(begun and begun[0].state == "interrupted" and begun[0].counts)
        with open_archive(load_settings({"data": str(data)}, {})) as archive:
            assert as_table(archive.store) == expected  # type: ignore[arg-type]
            assert items_of(archive.store) == outcomes  # type: ignore[arg-type]
            assert archive.verify() == []
            again = [hit.headline.id for hit in archive.search(SearchRequest(query="text", page_size=500)).hits]
            assert again == found
            lines = (tmp_path / "report.jsonl").read_text().splitlines()
            assert [json.loads(line)["origin"] for line in lines] == [origin for origin, _, _ in outcomes]
        if kills >= KILLS:
            break
    assert interrupted > KILLS // 5, "the kills met imports in progress"


# --- processes that read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("stuck", "takes longer than 1 seconds"),
        ("greedy", "more than 300 MB of memory"),
        ("crash", "broke down (SIGSEGV)"),
        ("fault", "something unforeseen (KeyError: 'an unforeseen fault')"),
    ],
)
@pytest.mark.usefixtures("breaking_readers")
def test_what_breaks_its_reader_fails_alone(content: str, reason: str, store: SqlStore, tmp_path: Path) -> None:
    """A file by itself, and a file inside another, of which the rest is read."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("a.txt", "b.txt", "c.txt"):
            archive.writestr(name, content if name == "b.txt" else f"Title of {name}\n\nText of {name}.")
    (tmp_path / "b.txt").write_text(content)
    (tmp_path / "c.txt").write_text("Last title\n\nLast text.")
    read: list[int] = []

    class Tell:
        def total(self, size: int) -> None:
            read.append(-size)

        def advance(self, size: int) -> None:
            read.append(size)

        def item(self, item: ImportItem) -> None: ...

    report = run_import(
        store, [str(tmp_path / name) for name in ("a.zip", "b.txt", "c.txt")], ImportOptions(), observer=Tell()
    )
    assert (report.added, report.failed) == (3, 2)
    assert [str(item.origin).removeprefix(f"{tmp_path}/") for item in report.items] == ["a.zip#b.txt", "b.txt"]
    assert all(reason in (item.reason or "") for item in report.items)
    assert sum(read) == 0


def test_nothing_in_the_folder_is_run(store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes that read start in the folder of the user, where a file may be called like a module."""
    (tmp_path / "json.py").write_text("open('harm', 'w')")
    (tmp_path / "a.txt").write_text("A title\n\nA text.")
    monkeypatch.chdir(tmp_path)
    assert run_import(store, ["a.txt"], ImportOptions()).added == 1
    assert not Path("harm").exists()


def test_an_article_is_told_as_it_is() -> None:
    article = NewArticle(
        title="İstanbul \U0001f600",
        body="One.\n\nTwo — three.",
        origin=Origin("a.zip", "text", "b#c"),
        url="https://a.example/ö",
        authors=("A", "B"),
        source="S",
        section="Sect",
        published=PublicationDate.parse("2021-05"),
        language="tr",
        tags=("x",),
        summary="Sum",
        original=Original(bytes(range(256)), "text/plain"),
        note="n",
        has_paragraphs=True,
    )
    told = unpack_article(pack_article(article))
    assert told.fingerprint == article.fingerprint
    assert article.original
    assert told.original == article.original.packed()
    for name in ("title", "body", "origin", "url", "authors", "source", "section", "published", "language", "tags",
                 "summary", "note", "has_paragraphs"):  # fmt: skip
        assert getattr(told, name) == getattr(article, name)


def test_the_founding_article_needs_one_process(store: SqlStore) -> None:
    assert run_import(store, [str(ROOT / "docs/demo/turkiye-iraq-border.txt")], ImportOptions(), processes=1).added == 1


# --- pieces ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "\n", "\n\n  \n"])
@pytest.mark.parametrize("piece", [1, 100, 333, 5_000])
def test_a_file_read_in_pieces_is_the_same_file(
    piece: int, end: str, store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [record(number, body="Wort für Wort " * (number % 7)) for number in range(60)]
    lines[10], lines[20], lines[30], lines[59] = "nonsense", "", "[1]", lines[3]
    (tmp_path / "a.jsonl").write_text("\ufeff" + "\r\n".join(lines) + end, encoding="utf-8", newline="")
    monkeypatch.setattr(cutting, "PIECE", 10**9)
    run_import(store, [str(tmp_path / "a.jsonl")], ImportOptions())
    monkeypatch.setattr(cutting, "PIECE", piece)
    told: list[int] = []

    class Tell:
        def total(self, size: int) -> None:
            told.append(-size)

        def advance(self, size: int) -> None:
            told.append(size)

        def item(self, item: ImportItem) -> None: ...

    with open_archive(load_settings({"data": str(tmp_path / "other")}, {})) as other:
        other.import_paths([str(tmp_path / "a.jsonl")], observer=Tell())
        assert as_table(other.store) == as_table(store)  # type: ignore[arg-type]
        assert items_of(other.store) == items_of(store)  # type: ignore[arg-type]
    assert sum(told) == 0
    size = (tmp_path / "a.jsonl").stat().st_size
    assert len(cutting.pieces(File(str(tmp_path / "a.jsonl"), size), None)) > (piece < size / 2)


def test_only_files_of_lines_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "PIECE", 10)
    contents = {"a.json": b"{}\n" * 50, "b.jsonl.gz": gzip.compress(b"{}\n" * 5000), "c.jsonl": b"[1,\n" * 50,
                "d.txt": b"{}\n" * 50, "e.jsonl": gzip.compress(bytes(range(256)) * 9)}  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        file = File(str(tmp_path / name), len(content))
        assert cutting.pieces(file, None) == [file]
    lines = File(str(tmp_path / "f.ndjson"), 150)
    (tmp_path / "f.ndjson").write_bytes(b"{}\n" * 50)
    assert len(cutting.pieces(lines, "jsonl")) > 5
    assert cutting.pieces(lines, "text") == [lines]
