"""What several test files need: a data directory of their own, an archive in it, and the command as a user runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import settings as hypothesis_settings

from archive.bootstrap import open_archive
from archive.cli import main
from archive.service import Archive
from archive.settings import Settings, load_settings
from db.store import SqlStore

ROOT = Path(__file__).parents[1]

hypothesis_settings.register_profile("archive", deadline=None)  # no test is about how fast a busy machine is
hypothesis_settings.load_profile("archive")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting and no colour of whoever runs the tests reaches them."""
    for name in [*os.environ]:
        if name.startswith("ARCHIVE_") or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "XDG_DATA_HOME"):
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose data directory is the test's own and does not exist yet."""
    return load_settings({"data": str(tmp_path / "data")}, {})


@pytest.fixture
def archive(settings: Settings) -> Iterator[Archive]:
    """An empty archive."""
    with open_archive(settings) as opened:
        yield opened


@pytest.fixture
def founding() -> Path:
    """The founding article."""
    return ROOT / "docs" / "demo" / "turkiye-iraq-border.txt"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed."""

    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output, read as JSON."""
        return json.loads(self.stdout)


Run = Callable[..., Ran]


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Run:
    """Runs `archive` in this process on the test's data directory and checks its exit status."""

    def run_command(*arguments: object, status: int = 0, stdin: str = "") -> Ran:
        command = ["--data", str(settings.data), *map(str, arguments)]
        given = tmp_path / "stdin"  # a real file, for standard input is read by its descriptor
        given.write_text(stdin, encoding="utf-8")
        with given.open("rb") as stream:
            result = CliRunner().invoke(main, command, input=stream)
        assert result.exit_code == status, result.output
        assert "Traceback" not in result.output
        return Ran(result.stdout, result.stderr)

    return run_command


@pytest.fixture
def start(settings: Settings) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts `archive` on the test's data directory as a process of its own, which ends with the test at the latest."""
    started: list[subprocess.Popen[str]] = []

    def start_command(*arguments: object, **options: Any) -> "subprocess.Popen[str]":
        command = [sys.executable, "-P", "-c", "from archive.cli import main; main()", "--data", str(settings.data)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        process = subprocess.Popen([*command, *map(str, arguments)], text=True, **pipes)
        started.append(process)
        return process

    yield start_command
    for process in started:
        with process:  # closes its pipes
            process.terminate()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """An empty store in a folder of its own."""
    (tmp_path / "data").mkdir()
    opened = SqlStore(tmp_path / "data" / "archive.db")
    yield opened
    opened.close()
