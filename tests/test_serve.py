"""`archive serve` as a process: it answers, follows what is imported meanwhile, and ends cleanly whatever happens."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

from archive.settings import Settings

Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., Any]


def greeting(process: "subprocess.Popen[str]") -> str:
    """The address that a server prints once it listens."""
    assert process.stdout is not None
    found = re.match(r"Serving (http://\S+)", process.stdout.readline())
    assert found
    return found[1]


def get(url: str) -> tuple[Any, HTTPMessage]:
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response), response.headers


def wait_for(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def family(process: "subprocess.Popen[str]") -> list[int]:
    """A process's children: workers and the follower."""
    return [int(number) for number in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def is_running(process_id: int) -> bool:
    status = Path(f"/proc/{process_id}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_what_is_imported_while_it_serves_is_indexed_without_any_search(
    start: Start, run: Run, founding: Path, settings: Settings
) -> None:
    url = greeting(start("serve", "--port", 0))
    assert get(f"{url}/healthz")[0]["articles"] == 0
    run("import", founding)
    shutil.rmtree(settings.index_directory)
    wait_for(lambda: run("index", "status", "--json").json["state"] == "current")
    found, headers = get(f"{url}/api/v1/search?q=%22border+security%22")
    assert found["total"] == 1
    typed = run("search", '"border security"', "--json").json
    assert found | {"took_ms": 0} == typed | {"took_ms": 0}
    assert not re.search(r"\d", headers["Server"] or "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_within_seconds(start: Start, number: signal.Signals) -> None:
    process = start("serve", "--port", 0)
    url = greeting(process)
    get(f"{url}/healthz")
    wait_for(lambda: len(family(process)) == 3)
    children = family(process)
    process.send_signal(number)
    printed, said = process.communicate(timeout=10)
    assert (process.returncode, printed, said) == (0, "", "")
    wait_for(lambda: not any(map(is_running, children)))


def test_nothing_is_left_when_the_server_is_killed(start: Start) -> None:
    process = start("serve", "--port", 0)
    greeting(process)
    wait_for(lambda: len(family(process)) == 3)
    children = family(process)
    process.kill()
    process.wait()
    wait_for(lambda: not any(map(is_running, children)))


def test_a_follower_that_dies_is_replaced(start: Start, run: Run, founding: Path, settings: Settings) -> None:
    process = start("serve", "--port", 0, "--workers", 1)
    greeting(process)

    def followers() -> list[int]:
        return [each for each in family(process) if b"archive.follow" in Path(f"/proc/{each}/cmdline").read_bytes()]

    wait_for(lambda: len(followers()) == 1)
    os.kill(followers()[0], signal.SIGKILL)
    run("import", founding)
    shutil.rmtree(settings.index_directory)
    wait_for(lambda: run("index", "status", "--json").json["state"] == "current")


def test_a_port_in_use_is_said_in_one_line(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = run("serve", "--port", port, status=1)
    assert said.stdout == ""
    assert said.stderr == f"archive: cannot listen on 127.0.0.1, port {port}: Address already in use\n"


def test_an_address_that_is_not_ours_is_said_in_one_line(run: Run) -> None:
    assert "cannot listen on 192.0.2.1, port 0: " in run("serve", "--host", "192.0.2.1", "--port", 0, status=1).stderr
    assert "port (flag) is 65536" in run("serve", "--port", 65_536, status=2).stderr


def test_an_archive_that_cannot_be_opened_is_not_served(run: Run, settings: Settings) -> None:
    settings.make_data_directory()
    settings.database.write_text("my diary")
    said = run("serve", "--port", 0, status=1)
    assert said.stdout == ""
    assert re.fullmatch(r"archive: .*archive\.db.*\n", said.stderr)


def test_an_address_that_others_reach_gets_a_warning(start: Start) -> None:
    process = start("serve", "--host", "0.0.0.0", "--port", 0, "--workers", 1)
    greeting(process)
    process.terminate()
    assert process.communicate(timeout=10)[1] == (
        "Warning: 0.0.0.0 can be reached from other machines, and the archive has no login.\n"
    )


def test_it_serves_on_ipv6(start: Start) -> None:
    process = start("serve", "--host", "::1", "--port", 0, "--workers", 1)
    url = greeting(process)
    assert url.startswith("http://[::1]:")
    assert get(f"{url}/healthz")[0]["status"] == "ok"


def test_a_folder_named_like_ours_is_not_taken_for_it(start: Start, tmp_path: Path, run: Run, founding: Path) -> None:
    for name in ("db", "index", "web"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not ours')")
    greeting(start("serve", "--port", 0, cwd=tmp_path))
    run("import", founding)
    run("index", "status")
    shutil.rmtree(tmp_path / "data" / "index")
    wait_for(lambda: run("index", "status", "--json").json["state"] == "current")
