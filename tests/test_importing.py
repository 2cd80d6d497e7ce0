"""Importing as a user does it: every item has one outcome, a bad one never stops the rest, twice changes nothing."""

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import FormatError
from archive.formats import FORMATS, InputFile
from archive.importing import ImportOptions, run
from archive.types import ImportItem, ImportReport, NewArticle, OnDuplicate, Outcome, PublicationDate
from db.store import SqlStore

FOUNDING = Path(__file__).parents[1] / "docs" / "demo" / "turkiye-iraq-border.txt"


def outcomes(report: ImportReport) -> dict[str, int]:
    counts = {"added": report.added, "updated": report.updated, "duplicates": report.duplicates,
              "skipped": report.skipped, "failed": report.failed}  # fmt: skip
    return {name: count for name, count in counts.items() if count}


def record(number: int, **fields: object) -> str:
    return json.dumps({"title": f"Title {number}", "body": f"Body {number}", "lang": "en"} | fields)


def test_the_founding_article(store: SqlStore) -> None:
    assert outcomes(run(store, [str(FOUNDING)], ImportOptions())) == {"added": 1}
    article = store.get(1)
    assert article.title == "Türkiye Seeks Cooperation with Iraq to Combat Terrorism on Shared Border"
    assert len(article.paragraphs) == 10
    assert next(n for n, text in enumerate(article.paragraphs, 1) if "border security" in text) == 2
    assert article.language == "en"
    assert article.published is None
    original = store.original(1)
    assert original
    assert original.data == FOUNDING.read_bytes()


def test_the_demo_articles(store: SqlStore) -> None:
    report = run(store, [str(FOUNDING.parent)], ImportOptions())
    assert outcomes(report) == {"added": report.added, "duplicates": 1}
    assert report.added >= 18
    assert outcomes(run(store, [str(FOUNDING.parent)], ImportOptions())) == {"duplicates": report.added + 1}


class Tell:
    """Remembers everything that it is told."""

    def __init__(self) -> None:
        self.items: list[ImportItem] = []
        self.size = 0
        self.read = 0

    def total(self, size: int) -> None:
        self.size = size

    def advance(self, size: int) -> None:
        self.read += size

    def item(self, item: ImportItem) -> None:
        self.items.append(item)


def test_every_item_is_accounted_for(store: SqlStore, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("A title\nA text.")
    (folder / "b.jsonl").write_text(f"{record(1)}\nnonsense\n\n[1]\n{record(1)}\n{{}}\n")
    (folder / "c.png").write_bytes(b"\x89PNG\r\n ...")
    (folder / "d.py").write_text("print(1)")
    (folder / "e.txt").write_text("")
    (folder / "sub" / "f.md").write_text("# Heading\n\nSome text.")
    (folder / ".hidden.txt").write_text("never seen")
    (folder / "link.txt").symlink_to(folder / "a.txt")
    os.mkfifo(folder / "pipe.txt")
    tell = Tell()
    report = run(store, [str(folder), str(tmp_path / "missing.txt")], ImportOptions(), observer=tell)
    told = {
        str(item.origin).removeprefix(f"{tmp_path}/"): (item.outcome.value, item.reason or "") for item in tell.items
    }
    assert outcomes(report) == {"added": 3, "duplicates": 1, "skipped": 4, "failed": 5}
    assert {name: outcome for name, (outcome, _) in told.items()} == {
        "in/a.txt": "added", "in/b.jsonl#1": "added", "in/b.jsonl#2": "failed", "in/b.jsonl#4": "failed",
        "in/b.jsonl#5": "duplicate", "in/b.jsonl#6": "failed", "in/c.png": "skipped", "in/d.py": "skipped",
        "in/e.txt": "failed", "in/sub/f.md": "added", "in/link.txt": "skipped", "in/pipe.txt": "skipped",
        "missing.txt": "failed",
    }  # fmt: skip
    assert "not valid JSON" in told["in/b.jsonl#2"][1]
    assert "not an object" in told["in/b.jsonl#4"][1]
    assert "no text" in told["in/b.jsonl#6"][1]
    assert "PNG" in told["in/c.png"][1]
    assert "no such file" in told["missing.txt"][1]
    assert tell.read == tell.size
    assert len(report.items) == sum(item.outcome is not Outcome.ADDED for item in tell.items)


def test_paths_that_lead_to_no_file(store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above all an empty path, such as that of a shell variable that is not set, is not the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("A title\nA text.")
    os.mkfifo(tmp_path / "pipe")
    report = run(store, ["", "missing", "a\0b", "a.txt/b", "x" * 5_000, "half \ud800"], ImportOptions())
    assert outcomes(report) == {"failed": 6}
    assert all(item.reason for item in report.items)
    assert outcomes(run(store, ["pipe"], ImportOptions())) == {"skipped": 1}


def test_a_link_or_a_file_named_itself_is_followed(store: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "notes.log").write_text("A title\nA text.")
    (tmp_path / "link").symlink_to("notes.log")
    (tmp_path / ".hidden.txt").write_text("Another title\nAnother text.")
    report = run(store, [str(tmp_path / "link"), str(tmp_path / ".hidden.txt")], ImportOptions())
    assert outcomes(report) == {"added": 2}


def test_a_file_name_that_is_no_utf8_is_no_obstacle(store: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/in/caf\xe9.txt")).write_text("A title\nA text.")
    assert outcomes(run(store, [str(tmp_path / "in")], ImportOptions())) == {"added": 1}
    assert store.get(1).origin.path.endswith("caf?.txt")


def test_a_folder_is_read_in_the_order_of_names(store: SqlStore, tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.txt"):
        (tmp_path / name).write_text(f"Title of {name}\nText of {name}.")
    run(store, [str(tmp_path)], ImportOptions())
    assert [store.get(number).origin.path[-5:] for number in (1, 2, 3)] == ["a.txt", "b.txt", "c.txt"]


def test_versions_of_a_page_are_kept_and_importing_again_changes_nothing(store: SqlStore, tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    url = "https://example.org/a"
    lines.write_text("\n".join([record(1, url=url), record(1, url=url, body="Rewritten"), record(2)]))
    assert outcomes(run(store, [str(lines)], ImportOptions())) == {"added": 2, "updated": 1}
    assert outcomes(run(store, [str(lines)], ImportOptions())) == {"duplicates": 3}
    assert [version.number for version in store.versions(1)] == [2, 1]
    assert store.get(1).body == "Rewritten"
    assert store.get(1, 1).body == "Body 1"


def test_options_hold_for_every_article(store: SqlStore, tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text(record(1, source="Own", tags=["own"], date="2001"))
    options = ImportOptions(source="Stated", tags=("added",), language="fr", published=PublicationDate.parse("2023-05"))
    run(store, [str(lines)], options)
    article = store.get(1)
    assert (article.source, article.tags, article.language) == ("Stated", ("own", "added"), "fr")
    assert str(article.published) == "2023-05"


def test_duplicates_may_update_what_is_known_of_an_article(store: SqlStore, tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text(record(1))
    run(store, [str(lines)], ImportOptions())
    lines.write_text(record(1, date="2023", source="Wire"))
    assert outcomes(run(store, [str(lines)], ImportOptions())) == {"duplicates": 1}
    update = ImportOptions(on_duplicate=OnDuplicate.UPDATE)
    assert outcomes(run(store, [str(lines)], update)) == {"updated": 1}
    assert outcomes(run(store, [str(lines)], update)) == {"duplicates": 1}
    assert (store.get(1).source, str(store.get(1).published)) == ("Wire", "2023")


def test_a_dry_run_tells_the_same_and_stores_nothing(store: SqlStore, tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text("\n".join([record(1), record(1), "nonsense", *map(record, range(2, 600)), record(3)]))
    before = store.last_sequence()
    dry = run(store, [str(lines)], ImportOptions(dry_run=True))
    assert (store.article_ids(), store.last_sequence()) == ([], before)
    assert outcomes(run(store, [str(lines)], ImportOptions())) == outcomes(dry)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"title": 1', "not valid JSON"),
        ('"text"', "not an object"),
        ('{"title": "x", "body": {"a": 1}}', "its body is a dict"),
        ('{"title": "x", "body": [[1]]}', "its body is a list"),
        ('{"title": "", "body": " "}', "no text"),
        ("[" * 100_000, "not valid JSON"),
        ('{"body": "' + "x" * 3000 + '"}', "more than 2,000 bytes"),
    ],
    ids=["broken", "no object", "wrong type", "wrong list", "no text", "deep", "long"],
)
def test_a_bad_line_fails_alone(store: SqlStore, tmp_path: Path, line: str, reason: str) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text(f"{record(1)}\n{line}\n{record(2)}\n")
    limit = 2_000 if "2,000" in reason else 50_000_000
    report = run(store, [str(lines)], ImportOptions(max_item_bytes=limit))
    assert outcomes(report) == {"added": 2, "failed": 1}
    assert report.items[0].origin.part == "2"
    assert reason in str(report.items[0].reason)


def test_lines_in_another_encoding_fail_alone(store: SqlStore, tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(b"\xef\xbb\xbf" + record(1).encode() + b"\n" + b'{"body": "caf\xe9"}\n' + record(2).encode())
    report = run(store, [str(lines)], ImportOptions())
    assert outcomes(report) == {"added": 2, "failed": 1}
    assert "UTF-8" in str(report.items[0].reason)


def test_json_documents(store: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps([json.loads(record(1)), 7, json.loads(record(2))], indent=2))
    (tmp_path / "one.json").write_text(json.dumps(json.loads(record(3)), indent=2))
    report = run(store, [str(tmp_path / "list.json"), str(tmp_path / "one.json")], ImportOptions())
    assert outcomes(report) == {"added": 3, "failed": 1}
    assert report.items[0].origin.part == "2"


def test_gzip_and_gzip_that_breaks_off(store: SqlStore, tmp_path: Path) -> None:
    whole = gzip.compress("\n".join(record(n, body=os.urandom(60).hex()) for n in range(400)).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(whole)
    (tmp_path / "b.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.txt.gz").write_bytes(b"\x1f\x8b\x08\x00 nonsense")
    assert outcomes(run(store, [str(tmp_path / "a.jsonl.gz")], ImportOptions())) == {"added": 400}
    broken = run(store, [str(tmp_path / "b.jsonl.gz")], ImportOptions())
    assert broken.failed == 1
    assert broken.duplicates > 50
    assert any("cut off" in str(item.reason) for item in broken.items)
    assert run(store, [str(tmp_path / "c.txt.gz")], ImportOptions()).failed == 1


def test_a_file_that_is_too_large_fails(store: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * 2_000)
    report = run(store, [str(tmp_path / "a.txt")], ImportOptions(max_item_bytes=1_000))
    assert "max_item_mb" in str(report.items[0].reason)


def test_html_with_its_metadata(store: SqlStore) -> None:
    run(store, [str(FOUNDING.parent / "tariff-talks.html")], ImportOptions())
    article = store.get(1)
    assert article.title == "Steel Tariff Talks Break Off After Nine Hours"
    assert article.authors == ("Daniel Okafor",)
    assert str(article.published) == "2024-09-12"
    assert article.source == "Meridian Post"
    assert article.url == "https://meridian-post.example/business/steel-tariff-talks"
    assert article.language == "en"
    assert article.paragraphs[0].startswith("Talks on steel tariffs broke off")
    assert "Privacy" not in article.body


def test_markdown_with_front_matter(store: SqlStore) -> None:
    run(store, [str(FOUNDING.parent / "border-market.md")], ImportOptions())
    article = store.get(1)
    assert (article.title, article.section, article.tags) == (
        "A Market Returns to the Border Bridge", "World", ("border", "trade", "local news")
    )  # fmt: skip
    assert article.url == "https://frontier-gazette.example/2021/06/border-market"
    assert "customs officers buying coffee" in article.body
    assert "What it is worth" in article.paragraphs
    assert "*" not in article.body


def test_front_matter_that_is_no_yaml_fails(store: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: [\n---\ntext")
    (tmp_path / "b.md").write_text("---\na: &a [x, x]\nb: *a\n---\ntext")
    report = run(store, [str(tmp_path)], ImportOptions())
    assert outcomes(report) == {"failed": 2, "skipped": report.skipped}
    assert all("YAML" in str(item.reason) for item in report.items if item.outcome is Outcome.FAILED)


@pytest.mark.parametrize(
    ("text", "title", "paragraphs"),
    [
        ("A Title\nOne.\nTwo.", "A Title", 2),
        ("A Title\n\nOne.\nStill one.\n\nTwo.", "A Title", 2),
        ("This first line ends like a sentence.\nAnd so on.", "This first line ends like a sentence. And so on.", 2),
        ("Only one line", "Only one line", 1),
    ],
)
def test_the_first_line_is_the_title_where_it_reads_like_one(
    store: SqlStore, tmp_path: Path, text: str, title: str, paragraphs: int
) -> None:
    (tmp_path / "a.txt").write_text(text)
    run(store, [str(tmp_path / "a.txt")], ImportOptions())
    assert (store.get(1).title, len(store.get(1).paragraphs)) == (title, paragraphs)


def test_standard_input(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from archive.cli import main; main()", "--data", str(tmp_path / "data")]
    result = subprocess.run(
        [*command, "import", "-", "--json"], input=record(1).encode(), capture_output=True, check=True
    )
    assert json.loads(result.stdout)["added"] == 1
    result = subprocess.run([*command, "import", "-", "--json"], input=b"", capture_output=True, check=False)
    assert (result.returncode, json.loads(result.stdout)["failed"]) == (1, 1)


def test_standard_input_that_is_closed(tmp_path: Path) -> None:
    command = f"exec {sys.executable} -c 'from archive.cli import main; main()' --data {tmp_path}/data import - <&-"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (result.returncode, "Traceback" in result.stderr) == (1, False)
    assert "standard input is closed" in result.stderr


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "html"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_a_reader_raises_nothing_but_what_it_promises(name: str, data: bytes) -> None:
    file = InputFile("file", io.BytesIO(data), name, 10_000)
    try:
        found = list(FORMATS[name].read(file))
    except FormatError:
        return
    assert all(isinstance(each, NewArticle | InputFile) or each.reason for each in found)


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="<>/=\"'abpdivhtml !-[]&;\n", max_size=300).map("<html><body>{}".format))
def test_broken_pages_raise_nothing_but_what_they_promise(page: str) -> None:
    file = InputFile("file", io.BytesIO(page.encode()), "html", 10_000)
    try:
        found = list(FORMATS["html"].read(file))
    except FormatError:
        return
    assert found
