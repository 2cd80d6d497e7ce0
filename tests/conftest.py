"""What several test files need: a data directory of their own, an archive in it, and the command as a user runs it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import settings as hypothesis_settings

from archive import readers
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
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a test's server says; `body` may be pieces that are made while they are sent."""

    body: bytes | Iterable[bytes] = b""
    type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Page = Answer | Callable[[Message], Answer]


class Site:
    """A web site on this machine: what it answers under each path, and what it was asked."""

    answer = Answer

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, Message]] = []
        self._server = ThreadingHTTPServer((host, 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, but for robots.txt."""
        return [path for path, _ in self.asked if path != "/robots.txt"]

    def page(self, path: str, title: str, text: str, **options: Any) -> str:
        """Put an article there; its address."""
        body = f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{text}</p></article></body>"
        self.pages[path] = Answer(body.encode(), **options)
        return self.url + path

    def put(self, path: str, body: str | bytes | Iterable[bytes] = b"", **options: Any) -> str:
        """Put anything there; its address."""
        self.pages[path] = Answer(body.encode() if isinstance(body, str) else body, **options)
        return self.url + path

    def redirect(self, path: str, target: str, status: int = 302) -> str:
        """Put a redirect there; its address."""
        self.pages[path] = Answer(status=status, headers={"Location": target})
        return self.url + path

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(site) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # the name that http.server asks for
                site.asked.append((self.path, self.headers))
                page = site.pages.get(self.path, Answer(status=404))
                answer = page(self.headers) if callable(page) else page
                self.close_connection = True
                self.send_response(answer.status)
                stated = {"Content-Type": answer.type, "Connection": "close", **answer.headers}
                if isinstance(answer.body, bytes) and "Content-Length" not in stated and answer.status != 304:
                    stated["Content-Length"] = str(len(answer.body))
                for name, value in stated.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(OSError):  # who asked has gone
                    for piece in (answer.body,) if isinstance(answer.body, bytes) else answer.body:
                        self.wfile.write(piece)
                        self.wfile.flush()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def make_site() -> Iterator[Callable[..., Site]]:
    """Makes web sites without any page, not even a robots.txt."""
    opened: list[Site] = []

    def make(host: str = "127.0.0.1") -> Site:
        opened.append(Site(host))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A web site on 127.0.0.1."""
    return make_site()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands wait for no host's turn."""
    monkeypatch.setattr("archive.fetching.DELAY", 0.0)


BREAKING = """
import time
from archive.formats import FORMATS
from archive import reading
real = FORMATS["text"].read

def read(file):
    head = file.stream.peek(20)
    if head.startswith(b"stuck"):
        time.sleep(100)
    if head.startswith(b"greedy"):
        print(len(bytearray(1 << 30)))
    if head.startswith(b"crash"):
        import os; os.kill(os.getpid(), 11)
    if head.startswith(b"fault"):
        raise KeyError("an unforeseen fault")
    return real(file)

FORMATS["text"].read = read
reading._main()
"""


@pytest.fixture
def breaking_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that read have little time and memory for an item, and texts that begin so break them."""
    popen = subprocess.Popen
    monkeypatch.setattr(readers, "SECONDS", 1)
    monkeypatch.setattr(readers, "MEMORY", 300_000_000)
    monkeypatch.setattr(readers, "MEMORY_PER_BYTE", 0)
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **more: popen([command[0], "-c", BREAKING, *command[4:]], **more)
    )
