"""The commands as a user types them: what they print, where, and how they end."""

import csv
import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from archive import __version__
from archive.cli import main
from archive.console import clean, duration, show_json, size
from archive.settings import Settings

Run = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]

RECORDS = (
    {"title": "Harbour strike ends", "body": "The harbour strike is over.", "date": "2019-03-04", "source": "Gulf Wire",
     "author": "Ann Writer", "tags": ["trade"], "lang": "en"},
    {"title": "Streik im Hafen", "body": "Der Streik im Hafen ist vorbei, sagt der Sprecher.", "date": "2021-05",
     "lang": "de", "source": "Nordblatt", "tags": ["trade", "ports"]},
    {"title": "Harbour rebuilt", "body": "The harbour was rebuilt after the storm.", "date": "2022", "lang": "en",
     "source": "Gulf Wire"},
    {"title": "Undated harbour", "body": "A harbour of which nobody knows when.", "lang": "en"},
)  # fmt: skip


def lines(*records: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


@pytest.fixture
def harbour(run: Run) -> None:
    """Four articles about harbours."""
    run("import", "-", stdin=lines(*RECORDS))


# --- import


def test_the_founding_article_is_imported_and_found_with_its_phrase_marked(run: Run, founding: Path) -> None:
    assert run("import", founding).stdout.startswith("Added 1 article, in ")
    found = run("search", '"border security"')
    assert found.stdout.startswith("1. Türkiye Seeks Cooperation with Iraq")
    assert "¶2 … The discussions focused on strengthening **border security** and increasing" in found.stdout
    assert "#1\n" in found.stdout
    assert found.stderr.startswith('1 article for "border security" (')


def test_importing_again_adds_nothing(run: Run, founding: Path) -> None:
    run("import", founding)
    again = run("import", founding, "--json").json
    assert (again["added"], again["duplicates"]) == (0, 1)
    assert again["items"][0] == {
        "origin": str(founding), "outcome": "duplicate", "article": 1, "reason": again["items"][0]["reason"]
    }  # fmt: skip
    assert run("list", "--json").json["total"] == 1


def test_what_fails_is_named_and_the_rest_is_imported(run: Run, founding: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    done = run("import", tmp_path / "nosuch.txt", tmp_path / "empty.txt", founding, status=1)
    assert done.stdout.startswith("Added 1 article, 2 failed, in ")
    assert f"{tmp_path / 'nosuch.txt'}: there is no such file\n" in done.stderr
    assert f"{tmp_path / 'empty.txt'}: " in done.stderr


def test_a_dry_run_tells_and_stores_nothing(run: Run, founding: Path) -> None:
    assert run("import", founding, "--dry-run").stdout.startswith("Would add 1 article")
    assert run("list", "--json").json["total"] == 0


def test_what_is_stated_on_import_holds_for_every_article(run: Run) -> None:
    run("import", "-", "--source", "S", "--language", "de-AT", "--tag", "a", "--tag", "b", "--date", "2 May 2023",
        stdin=lines({"title": "T", "body": "Body"}))  # fmt: skip
    article = run("show", 1, "--json").json
    assert [article[name] for name in ("source", "language", "tags", "published", "dated_by")] == [
        "S",
        "de",
        ["a", "b"],
        "2023-05-02",
        "user",
    ]
    assert "\npublished: 2 May 2023, as the import was told\n" in run("show", 1).stdout


def test_a_duplicate_updates_what_is_known_only_when_asked(run: Run) -> None:
    record = {"title": "T", "body": "Body"}
    run("import", "-", stdin=lines(record))
    run("import", "-", "--source", "S", stdin=lines(record))
    assert run("show", 1, "--json").json["source"] is None
    done = run("import", "-", "--source", "S", "--on-duplicate", "update", "--json", stdin=lines(record)).json
    assert (done["added"], done["updated"]) == (0, 1)
    assert run("show", 1, "--json").json["source"] == "S"
    assert run("list", "--source", "S", "--json").json["total"] == 1


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_report_file_holds_every_item(run: Run, founding: Path, tmp_path: Path, ending: str) -> None:
    report = tmp_path / f"report.{ending}"
    run("import", founding, founding, tmp_path / "nosuch", "--report", report, status=1)
    text = report.read_text()
    items = list(csv.DictReader(io.StringIO(text))) if ending == "csv" else list(map(json.loads, text.splitlines()))
    assert sorted(item["outcome"] for item in items) == ["added", "duplicate", "failed"]


def test_a_report_that_cannot_be_written_is_said_before_anything_is_imported(
    run: Run, founding: Path, tmp_path: Path
) -> None:
    done = run("import", founding, "--report", tmp_path / "no" / "such" / "folder", status=2)
    assert "No such file or directory" in done.stderr
    assert run("list", "--json").json["total"] == 0


def test_a_larger_item_than_allowed_fails(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIVE_MAX_ITEM_MB", "1")
    (tmp_path / "large.txt").write_text("word " * 250_000)
    assert "1,000,000 bytes (setting max_item_mb)" in run("import", tmp_path / "large.txt", status=1).stderr


# --- search


@pytest.mark.usefixtures("harbour")
def test_search_as_json_is_the_object_of_the_design(run: Run) -> None:
    found = run("search", "harbour", "strike", "--json").json
    assert list(found) == ["query", "understood", "messages", "suggestion", "relaxed", "total", "collapsed", "page",
                           "pages", "took_ms", "hits", "facets", "timeline", "parts", "alternatives",
                           "expansions"]  # fmt: skip
    assert found["query"] == "harbour strike"
    hit = found["hits"][0]
    assert [hit["title"][start:end].lower() for start, end in hit["title_marks"]] == ["harbour", "strike"]
    for snippet in hit["snippets"]:
        assert {snippet["text"][start:end].lower() for start, end in snippet["marks"]} <= {"harbour", "strike"}


@pytest.mark.usefixtures("harbour")
def test_a_search_without_hits_says_why_and_exits_0(run: Run) -> None:
    found = run("search", "harbour", "xyzzy", "--from", "2030")
    assert found.stdout == ""
    assert "xyzzy" in found.stderr
    assert "No articles for harbour AND xyzzy (" in found.stderr


@pytest.mark.usefixtures("harbour")
def test_a_phrase_that_is_nowhere_gets_a_suggestion_that_can_be_typed(run: Run) -> None:
    said = run("search", '"strike harbour"').stderr
    assert "Try: archive search 'strike harbour' (in any form, order and place: 1 article)\n" in said
    assert run("search", "strike harbour", "--json").json["total"] == 1


@pytest.mark.usefixtures("harbour")
def test_a_word_is_excluded_without_quotes(run: Run) -> None:
    assert run("search", "harbour", "-strike", "--json").json["query"] == "harbour -strike"
    titles = [hit["title"] for hit in run("search", "harbour", "-strike", "--json").json["hits"]]
    assert sorted(titles) == ["Harbour rebuilt", "Undated harbour"]


def test_a_misspelt_option_is_wrong_usage_and_no_word_of_the_query(run: Run) -> None:
    assert "--sorce" in run("search", "harbour", "--sorce", "Gulf Wire", status=2).stderr


@pytest.mark.usefixtures("harbour")
@pytest.mark.parametrize(
    ("options", "titles"),
    [
        (["--from", "2021"], {"Streik im Hafen", "Harbour rebuilt"}),
        (["--from", "2021-05-31", "--to", "2021"], {"Streik im Hafen"}),
        (["--to", "2019-03-04"], {"Harbour strike ends"}),
        (["--to", "2019-03-03"], set()),
        (["--from", "4 March 2019", "--to", "2019-03"], {"Harbour strike ends"}),
        (["--source", "Gulf Wire"], {"Harbour strike ends", "Harbour rebuilt"}),
        (
            ["--source", "Gulf Wire", "--source", "Nordblatt", "--tag", "trade"],
            {"Harbour strike ends", "Streik im Hafen"},
        ),
        (["--author", "Ann Writer"], {"Harbour strike ends"}),
        (["--language", "DE"], {"Streik im Hafen"}),
        (["--tag", "ports", "--tag", "nosuch"], {"Streik im Hafen"}),
    ],
)
@pytest.mark.parametrize(("command", "key"), [("search", "hits"), ("list", "articles")])
def test_filters(run: Run, command: str, key: str, options: list[str], titles: set[str]) -> None:
    found = run(command, *options, "--json").json
    assert {each["title"] for each in found[key]} == titles
    assert found["total"] == len(titles)


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "x", "--from", "someday"],
        ["search", "x", "--from", "2023-02-30"],
        ["search", "x", "--language", "?"],
        ["search", "x", "--limit", "0"],
        ["search", "x", "--limit", "201"],
        ["search", "x", "--page", "0"],
        ["search", "x", "--sort", "best"],
        ["show", "first"],
        ["import"],
        ["delete"],
        ["nosuch"],
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(run: Run, arguments: list[str]) -> None:
    said = run(*arguments, status=2)
    assert said.stdout == ""
    assert "Error: " in said.stderr


@pytest.mark.usefixtures("harbour")
def test_pages_of_a_search_never_overlap(run: Run) -> None:
    pages = [run("search", "--sort", "oldest", "--limit", 3, "--page", page, "--json").json for page in (1, 2)]
    ids = [hit["id"] for page in pages for hit in page["hits"]]
    assert sorted(ids) == [1, 2, 3, 4]
    second = run("search", "--sort", "oldest", "--limit", 3, "--page", 2)
    assert second.stdout.startswith("4. ")
    assert "4 articles, 4 to 4 shown" in second.stderr
    assert "none of them on page 9 of 2" in run("search", "--limit", 3, "--page", 9).stderr


# --- show, list, delete


@pytest.mark.usefixtures("harbour")
def test_show_prints_the_whole_text_and_marks_a_query(run: Run) -> None:
    shown = run("show", 1, "--query", "strike").stdout
    assert shown.startswith("Harbour **strike** ends\nGulf Wire · 2019-03-04 · Ann Writer · en · #1\n")
    assert shown.endswith("\nThe harbour **strike** is over.\n")
    assert "**" not in run("show", 1).stdout


def test_an_older_version_is_shown_when_asked_for(run: Run) -> None:
    for body in ("The first text.", "The second text."):
        run("import", "-", stdin=lines({"title": "T", "body": body, "url": "https://example.org/a"}))
    assert run("show", 1).stdout.endswith("The second text.\n")
    assert run("show", 1, "--version", 1).stdout.endswith("The first text.\n")
    assert [each["version"] for each in run("show", 1, "--json").json["history"]] == [2, 1]
    assert "version" in run("show", 1, "--version", 3, status=1).stderr


def test_the_original_comes_back_byte_for_byte(run: Run, start: Start, founding: Path) -> None:
    run("import", founding)
    with start("show", 1, "--original") as process:
        assert process.stdout is not None
        assert process.stdout.buffer.read() == founding.read_bytes()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("harbour")
def test_list_shows_the_newest_first_and_undated_last(run: Run) -> None:
    listed = run("list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["3", "2", "1", "4"]
    assert "     2  2021-05     Nordblatt: Streik im Hafen\n" in listed.stdout
    assert listed.stderr == "4 articles in all\n"
    second = run("list", "--sort", "oldest", "--limit", 3, "--page", 2, "--json").json
    assert ([each["id"] for each in second["articles"]], second["pages"]) == ([4], 2)


@pytest.mark.usefixtures("harbour")
def test_a_deleted_article_is_found_no_more_and_an_unknown_one_is_named(run: Run) -> None:
    deleted = run("delete", 1, 99, status=1)
    assert deleted.stdout == "Deleted 1 article.\n"
    assert deleted.stderr == "archive: there is no article 99\n"
    assert run("search", "strike", "--json").json["total"] == 0
    assert run("show", 1, status=1).stderr.count("\n") == 1
    assert run("delete", 2, 2, "--json").json == {"deleted": [2], "missing": []}


# --- index, stats, config, version, upgrade


@pytest.mark.usefixtures("harbour")
def test_the_index_can_be_thrown_away(run: Run, settings: Settings) -> None:
    assert run("index", "verify").stdout == "The database and the index are whole and agree.\n"
    shutil.rmtree(settings.index_directory)
    assert run("index", "status", "--json").json["state"] == "missing"
    faults = run("index", "verify", "--json", status=1).json["faults"]
    assert any("missing" in fault for fault in faults)
    assert run("search", "strike", "--json").json["total"] == 1
    assert run("index", "status", "--json").json["state"] == "current"


@pytest.mark.usefixtures("harbour")
def test_index_commands_leave_it_current(run: Run, settings: Settings) -> None:
    assert run("index", "sync", "--json").json["changes"] == 0
    rebuilt = run("index", "rebuild", "--json").json
    assert (rebuilt["changes"], rebuilt["index"]["state"], rebuilt["index"]["articles"]) == (4, "current", 4)
    shutil.rmtree(settings.index_directory)
    assert run("index", "sync").stdout == "Applied 4 changes; the index is current, 4 articles.\n"
    assert re.search(r"^state +current$", run("index", "status").stdout, re.MULTILINE)


@pytest.mark.usefixtures("harbour")
def test_stats_count(run: Run) -> None:
    counts = run("stats", "--json").json
    assert (counts["articles"], counts["versions"], counts["sources"]) == (4, 4, {"Gulf Wire": 2, "Nordblatt": 1})
    assert counts["index_bytes"] > 0
    shown = run("stats").stdout
    assert "sources    Gulf Wire 2, Nordblatt 1\n" in shown


def test_config_says_where_each_value_is_from(run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.make_data_directory()
    (settings.data / "archive.toml").write_text("port = 9000\n")
    monkeypatch.setenv("ARCHIVE_HOST", "::1")
    found = run("config", "--json").json
    assert found["port"] == {"value": 9000, "origin": "archive.toml"}
    assert found["host"] == {"value": "::1", "origin": "environment"}
    assert found["data"] == {"value": str(settings.data), "origin": "flag"}
    assert re.search(r"^port +9000  \(archive.toml\)$", run("config").stdout, re.MULTILINE)


def test_a_broken_settings_file_is_wrong_usage_but_hinders_no_help(run: Run, settings: Settings) -> None:
    settings.make_data_directory()
    (settings.data / "archive.toml").write_text("prot = 9000\n")
    assert run("config", status=2).stderr.startswith("archive: ")
    assert run("search", "--help").stdout
    assert run("version").stdout.startswith(f"archive {__version__} (Python ")
    assert run("version", "--json").json["archive"] == __version__
    assert run("--version").stdout == f"archive {__version__}\n"


def test_a_file_that_is_no_database_is_said_in_one_line_and_left_alone(run: Run, settings: Settings) -> None:
    settings.make_data_directory()
    settings.database.write_text("my diary\n" * 1000)
    for command in (["search", "x"], ["list"], ["stats"], ["index", "status"], ["upgrade"], ["import", "-"]):
        said = run(*command, status=1, stdin="")
        assert said.stdout == ""
        assert re.fullmatch(r"archive: .*archive\.db.*\n", said.stderr)
    assert settings.database.read_text() == "my diary\n" * 1000


def test_upgrade_has_nothing_to_do_for_a_new_archive(run: Run) -> None:
    assert run("upgrade").stdout == "The database is up to date.\n"
    assert run("list", "--json").json["total"] == 0


# --- the terminal


HOSTILE = "A\x1b]0;owned\x07 \x9b31m \u202eevil\u2066 \r title"


def test_nothing_stored_or_typed_reaches_the_terminal_raw(run: Run) -> None:
    record = {"title": HOSTILE, "body": f"Body {HOSTILE}\n\nmore", "author": HOSTILE, "lang": "en"}
    run("import", "-", "--source", HOSTILE, "--tag", HOSTILE, stdin=lines(record))
    for line in ("search body", "list", "show 1", "stats", "show 1 --json", "search body --json", "search", "import"):
        command = line.split() if " " in line or line in ("list", "stats") else [line, f"/no/such/{HOSTILE}"]
        said = run(*command, status=1 if command[0] == "import" else 0)
        printed = (said.stdout + said.stderr).replace("\n", "")
        assert not re.search("[\x00-\x1f\x7f-\x9f]", printed), command
        if "--json" not in command:
            assert not re.search("[\u202a-\u202e\u2066-\u2069]", printed), command


def test_clean_shows_controls_as_replacement_characters() -> None:
    assert clean("a\x1b[1m\tb\nc\u202ed") == "a�[1m b cd"


def test_json_holds_no_control_character_and_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"title": HOSTILE})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"title": HOSTILE}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", printed)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 ms"), (0.0123, "12 ms"), (1.26, "1.3 s"), (59.9, "59.9 s"), (4000, "66 min 40 s")]
)
def test_durations_read_well(value: float, text: str) -> None:
    assert duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (2_500_000_000, "2.5 GB")]
)
def test_sizes_read_well(value: int, text: str) -> None:
    assert size(value) == text


def on_terminal(start: Start, *arguments: object, **environment: str) -> str:
    """What a command writes to a terminal that is its standard output and standard error."""
    ours, theirs = pty.openpty()
    process = start(*arguments, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm-256color"} | environment)
    os.close(theirs)
    written = b""
    try:
        while data := os.read(ours, 65_536):
            written += data
    except OSError:  # Linux's way to say that the other side is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return written.decode()


@pytest.mark.usefixtures("harbour")
def test_a_terminal_shows_matches_in_colour_and_none_with_no_color(start: Start) -> None:
    coloured = on_terminal(start, "search", "strike")
    assert re.search("\x1b\\[[0-9;]*mstrike\x1b\\[0m", coloured)
    assert "**" not in coloured
    plain = on_terminal(start, "search", "strike", NO_COLOR="1")
    assert "**strike**" in plain
    assert not re.search("\x1b\\[[0-9;]*3[0-7]", plain)


def test_a_terminal_shows_progress_and_a_pipe_does_not(run: Run, start: Start, founding: Path) -> None:
    assert "Importing" in on_terminal(start, "import", founding)
    assert run("import", founding).stderr == ""


# --- stopping


def test_ctrl_c_stops_an_import_and_what_it_reports_is_stored(run: Run, start: Start, tmp_path: Path) -> None:
    """Standard input never ends here: only the signal stops the import."""
    report = tmp_path / "report.jsonl"
    process = start("import", "-", "--json", "--report", report, stdin=subprocess.PIPE)
    assert process.stdin is not None
    for number in range(600):
        process.stdin.write(lines({"title": f"Title {number}", "body": f"Body {number}", "lang": "en"}))
    process.stdin.flush()
    wait_for(lambda: run("list", "--json").json["total"] >= 250)
    process.send_signal(signal.SIGINT)
    printed, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in said
    told = json.loads(printed)["added"]
    assert told >= 250
    assert run("list", "--json").json["total"] == told
    assert run("search", "body", "--json").json["total"] == told


def test_ctrl_c_stops_an_import_that_waits_for_its_input(start: Start, settings: Settings) -> None:
    process = start("import", "-", stdin=subprocess.PIPE)
    wait_for(settings.database.exists)
    time.sleep(0.5)  # until it reads
    process.send_signal(signal.SIGINT)
    printed, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert printed == "" or printed.startswith("Added 0 articles")


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.parametrize("arguments", [["list"], ["search", "body"], ["list", "--json"]])
def test_a_reader_that_has_seen_enough_is_no_error(run: Run, start: Start, arguments: list[str]) -> None:
    run("import", "-", stdin=lines(*({"title": f"Title {n} {'x' * 500}", "body": f"Body {n}", "lang": "en"}
                                     for n in range(200))))  # fmt: skip
    process = start(*arguments, "--limit", 200)  # far more than a pipe holds
    assert process.stdout is not None
    assert process.stdout.read(1)
    process.stdout.close()
    assert process.stderr is not None
    assert "Error" not in process.stderr.read()
    assert process.wait() == 0


# --- help


def commands(group: click.Group, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, (*prefix, name))
        else:
            found.append((*prefix, name))
    return found


@pytest.mark.parametrize("command", commands(main), ids=" ".join)
def test_every_command_and_option_has_help(run: Run, command: tuple[str, ...]) -> None:
    assert run(*command, "--help").stdout.startswith("Usage: ")
    found: Any = main
    for name in command:
        found = found.commands[name]
    assert found.help
    assert all(option.help for option in found.params if isinstance(option, click.Option))


def imported(arguments: list[str], names: list[str]) -> str:
    """Which of these modules a command imports, when it is run as a process of its own."""
    script = (
        "import sys\nfrom archive.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {names!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--help"], ["version"], ["search", "--help"]])
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    heavy = ["sqlalchemy", "whoosh", "flask", "rich", "trafilatura", "numpy", "py3langid", "gunicorn", "alembic"]
    assert imported(arguments, heavy) == "[]"


@pytest.mark.usefixtures("harbour")
def test_a_search_imports_nothing_that_it_does_not_need(settings: Settings) -> None:
    needless = [
        "alembic", "archive.dates", "archive.formats", "archive.importing", "archive.normalise", "archive.serve",
        "charset_normalizer", "flask", "gunicorn", "jinja2", "lxml", "markdown_it", "platformdirs", "py3langid", "rich",
        "sqlalchemy.orm", "trafilatura", "web", "werkzeug", "yaml",
    ]  # fmt: skip
    search = ["--data", str(settings.data), "search", "harbour"]
    assert imported(search, [*needless, "sqlalchemy", "whoosh"]) == "['sqlalchemy', 'whoosh']"
