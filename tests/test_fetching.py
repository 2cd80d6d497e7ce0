"""Fetching, from real servers on this machine: what is obeyed, what is refused, and that nothing is without end."""

import gzip
import os
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import __version__, fetching
from archive.errors import AddressRefusedError, FetchError, GoneError, ToldToWaitError
from archive.fetching import WebFetcher, media_type_of
from archive.types import Fetched

LIMIT = 100_000
ROOT = Path(__file__).parents[1]


@pytest.fixture
def fetcher() -> Iterator[WebFetcher]:
    with WebFetcher(LIMIT, private=True, delay=0) as opened:
        yield opened


def fetch(fetcher: WebFetcher, url: str, **conditions: str) -> Fetched:
    found = fetcher.fetch(url, **conditions)
    assert found
    return found


def bytes_of(found: Fetched) -> bytes:
    return Path(found.path).read_bytes()


def refused(fetcher: WebFetcher, url: str, kind: type[FetchError] = FetchError) -> str:
    with pytest.raises(kind) as told:
        fetcher.fetch(url)
    assert str(told.value) == f"{url}: {told.value.reason}"
    return told.value.reason


# -- what is fetched


def test_a_page_with_all_that_its_server_says(site: Any, fetcher: WebFetcher) -> None:
    headers = {"ETag": '"x"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    url = site.put("/a?b=c", "ä", type="Text/HTML; Charset=latin1", headers=headers)
    found = fetch(fetcher, url + "#part")
    assert (found.url, bytes_of(found), found.size, found.media_type, found.charset) == (
        url, "ä".encode(), 2, "text/html", "latin1",
    )  # fmt: skip
    assert (found.etag, found.modified, found.moved) == ('"x"', headers["Last-Modified"], None)
    path, asked = site.asked[-1]
    assert path == "/a?b=c"
    assert asked["User-Agent"] == f"article-archive/{__version__}"
    assert asked["Host"] == f"127.0.0.1:{site.port}"


def test_files_are_gone_at_the_end(site: Any) -> None:
    with WebFetcher(LIMIT, private=True) as fetcher:
        path = Path(fetch(fetcher, site.put("/a", "a")).path)
        assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0
    assert not path.parent.exists()


def test_nothing_has_changed(site: Any, fetcher: WebFetcher) -> None:
    url = site.put("/a", status=304)
    assert fetcher.fetch(url, etag='"x"', modified="yesterday") is None
    assert site.asked[-1][1]["If-None-Match"] == '"x"'
    assert site.asked[-1][1]["If-Modified-Since"] == "yesterday"
    assert refused(fetcher, url) == "the server answered 304 (Not Modified)"


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "raw"])
def test_compression_is_undone(site: Any, fetcher: WebFetcher, coding: str) -> None:
    text = b"A bridge is closed. " * 3_000
    raw = zlib.compressobj(wbits=-15)
    packed = {"deflate": zlib.compress(text), "raw": raw.compress(text) + raw.flush()}.get(coding, gzip.compress(text))
    headers = {"Content-Encoding": coding.replace("raw", "deflate")}
    assert bytes_of(fetch(fetcher, site.put("/a", packed, headers=headers))) == text


def test_gzip_in_several_members_and_what_only_says_that_it_is_compressed(site: Any, fetcher: WebFetcher) -> None:
    headers = {"Content-Encoding": "gzip"}
    assert bytes_of(fetch(fetcher, site.put("/a", gzip.compress(b"a") + gzip.compress(b"b"), headers=headers))) == b"ab"
    assert bytes_of(fetch(fetcher, site.put("/b", b"plain", headers=headers))) == b"plain"


@pytest.mark.parametrize("header", ["", "text/html", "text/html; charset=utf-8", "x" * 1_000, ";charset=;", "\xff;="])
def test_media_types(header: str) -> None:
    media_type, charset = media_type_of(header)
    assert len(media_type) <= 80
    assert charset in (None, "utf-8")


# -- what is refused


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:7f00:1]", "0"]
)
def test_this_machine_is_not_fetched_from_however_it_is_written(site: Any, host: str) -> None:
    with WebFetcher(LIMIT) as fetcher:
        refused(fetcher, f"http://{host}:{site.port}/a", AddressRefusedError)
    assert not site.asked


@pytest.fixture
def half_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 counts as an address of the internet; 127.0.0.2 stays what it is."""
    monkeypatch.setattr("archive.addresses.is_public", lambda address: str(address) == "127.0.0.1")


def test_a_redirect_to_an_address_inside_is_refused(
    site: Any, half_public: None, make_site: Callable[..., Any]
) -> None:
    inside = make_site("127.0.0.2")
    url = site.redirect("/a", inside.put("/secret", "s"))
    with WebFetcher(LIMIT, delay=0) as fetcher:
        assert "127.0.0.2" in refused(fetcher, url, AddressRefusedError)
    assert site.paths == ["/a"]
    assert not inside.asked


def test_a_name_that_leads_elsewhere_the_second_time_reaches_nothing(
    site: Any, half_public: None, make_site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what was checked is what is connected to, with the name as its Host."""
    inside = make_site("127.0.0.2")
    site.put("/a", "public")
    real, answers = socket.getaddrinfo, iter(["127.0.0.1", "127.0.0.1", "127.0.0.2"])

    def look_up(host: str, *arguments: Any, **options: Any) -> Any:
        return real(next(answers) if host == "rebind.example" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    url = f"http://rebind.example:{site.port}/a"
    with WebFetcher(LIMIT, delay=0) as fetcher:
        assert bytes_of(fetch(fetcher, url)) == b"public"
        assert site.asked[-1][1]["Host"] == f"rebind.example:{site.port}"
        assert "rebind.example is at 127.0.0.2" in refused(fetcher, url, AddressRefusedError)
    assert not inside.asked


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("ftp://e.org/", "no address that is fetched"), ("file:///etc/passwd", "no address that is fetched"),
        ("javascript:x", "no address that is fetched"), ("http://e.org:x/", "no address that is fetched"),
        ("", "does not say where to"),
    ],
)  # fmt: skip
def test_redirects_to_what_is_no_page(site: Any, fetcher: WebFetcher, target: str, reason: str) -> None:
    assert reason in refused(fetcher, site.redirect("/a", target))


def test_redirects_in_a_circle_and_without_end(site: Any, fetcher: WebFetcher) -> None:
    site.redirect("/a", "/b")
    assert "in a circle" in refused(fetcher, site.redirect("/b", "/a"))
    for number in range(12):
        site.redirect(f"/{number}", f"/{number + 1}")
    assert "more than 10 times" in refused(fetcher, f"{site.url}/0")
    site.put("/12", "there")
    assert bytes_of(fetch(fetcher, f"{site.url}/2")) == b"there"


@pytest.mark.parametrize(
    ("statuses", "moved"), [((301, 308), "/2"), ((301, 302), "/1"), ((302, 301), None), ((307,), None), ((303,), None)]
)
def test_only_what_moved_for_good_has_moved(
    site: Any, fetcher: WebFetcher, statuses: tuple[int, ...], moved: str | None
) -> None:
    for number, status in enumerate(statuses):
        site.redirect(f"/{number}", f"/{number + 1}", status)
    site.put(f"/{len(statuses)}", "there")
    found = fetch(fetcher, f"{site.url}/0")
    assert found.url == f"{site.url}/{len(statuses)}"
    assert found.moved == (site.url + moved if moved else None)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, "Not Found"),
        (403, "Forbidden"),
        (401, "Unauthorized"),
        (500, "Internal"),
        (204, "No Content"),
        (299, ""),
    ],
)
def test_other_answers_are_told(site: Any, fetcher: WebFetcher, status: int, reason: str) -> None:
    told = refused(fetcher, site.put("/a", status=status))
    assert told.startswith(f"the server answered {status}")
    assert reason in told


def test_what_is_gone_is_gone(site: Any, fetcher: WebFetcher) -> None:
    assert "for good" in refused(fetcher, site.put("/a", status=410), GoneError)


def test_where_nobody_listens(fetcher: WebFetcher) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert refused(fetcher, f"http://127.0.0.1:{port}/") == "cannot connect: connection refused"


def test_a_name_that_does_not_exist(fetcher: WebFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert refused(fetcher, "http://nobody.invalid/") == "there is no host nobody.invalid"


# -- nothing is without end


def test_more_than_an_item_may_have_is_refused(site: Any, fetcher: WebFetcher) -> None:
    assert bytes_of(fetch(fetcher, site.put("/fits", b"x" * LIMIT))) == b"x" * LIMIT
    assert "more than 100,000 bytes" in refused(fetcher, site.put("/b", b"x" * (LIMIT + 1)))
    assert "more than 100,000 bytes" in refused(fetcher, site.put("/c", headers={"Content-Length": str(10**17)}))

    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 10_000

    assert "more than 100,000 bytes" in refused(fetcher, site.put("/d", endless()))


def test_a_gzip_bomb_is_refused_by_what_it_expands_to(site: Any, fetcher: WebFetcher) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < LIMIT
    url = site.put("/a", bomb, headers={"Content-Encoding": "gzip"})
    assert "more than 100,000 bytes" in refused(fetcher, url)
    with WebFetcher(10**9, private=True, delay=0) as generous:
        assert "more than 200 times its size" in refused(generous, url)
    twice = site.put("/b", gzip.compress(bomb), headers={"Content-Encoding": "gzip, gzip"})
    assert "compressed as 'gzip, gzip'" in refused(fetcher, twice)


@pytest.mark.parametrize("cut", [1, 12, 40])
def test_what_is_cut_off_or_damaged_is_refused(site: Any, fetcher: WebFetcher, cut: int) -> None:
    packed = gzip.compress(os.urandom(100))
    headers = {"Content-Encoding": "gzip"}
    assert "gzip data is" in refused(fetcher, site.put("/a", packed[:-cut], headers=headers))
    damaged = packed[:20] + bytes(byte ^ 0xFF for byte in packed[20:])
    assert "gzip data is damaged" in refused(fetcher, site.put("/b", damaged, headers=headers))
    short = site.put("/c", b"x" * 10, headers={"Content-Length": "20"})
    assert "does not answer as HTTP asks for" in refused(fetcher, short)


def test_more_than_was_said_is_left_aside(site: Any, fetcher: WebFetcher) -> None:
    assert bytes_of(fetch(fetcher, site.put("/a", b"x" * 30, headers={"Content-Length": "20"}))) == b"x" * 20


def drips(piece: bytes = b"x") -> Iterator[bytes]:
    while True:
        time.sleep(0.05)
        yield piece


def test_a_body_that_drips_ends_when_its_time_is_over(site: Any) -> None:
    with WebFetcher(LIMIT, private=True, delay=0, whole=0.5) as fetcher:
        assert refused(fetcher, site.put("/a", drips())) == "it takes too long as a whole"


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nX-Drip: "])
def test_a_head_that_drips_or_never_comes_ends_too(beginning: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, WebFetcher(LIMIT, private=True, whole=0.5) as fetcher:
        stopped = threading.Event()

        def serve() -> None:
            robots, _ = server.accept()
            with robots:
                robots.recv(10_000)
                robots.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            page, _ = server.accept()
            with page:
                page.sendall(beginning)
                while not stopped.wait(0.05) and beginning:
                    page.sendall(b"x")
                stopped.wait()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert "too long" in refused(fetcher, f"http://127.0.0.1:{server.getsockname()[1]}/a") or not beginning
        stopped.set()
        thread.join()


class Raw:
    """A server that says the same bytes to everybody; to the question for robots.txt, that there is none."""

    says = b""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self.port = server.getsockname()[1]
        self.stopped = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while not self.stopped:
            with suppress(OSError):
                peer, _ = self._server.accept()
                with peer:
                    asked = peer.recv(10_000)
                    none = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    peer.sendall(none if asked.startswith(b"GET /robots.txt ") else self.says)


@pytest.fixture
def raw_site() -> Iterator[Raw]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        opened = Raw(server)
        yield opened
        opened.stopped = True
        server.shutdown(socket.SHUT_RDWR)
        opened.thread.join()


@pytest.mark.parametrize(
    "answer", [b"garbage\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, b"\0" * 500]
)
def test_servers_that_speak_something_else(raw_site: Raw, fetcher: WebFetcher, answer: bytes) -> None:
    raw_site.says = answer
    assert refused(fetcher, f"http://127.0.0.1:{raw_site.port}/a")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([b"200 OK", b"301 Moved", b"304 No", b"429 Slow", b"999", b"-1", b""]) | st.binary(max_size=10),
    st.lists(
        st.sampled_from([b"Location", b"Content-Length", b"Content-Encoding", b"Content-Type", b"Retry-After", b"ETag"])
        .flatmap(lambda name: st.binary(max_size=12).map(lambda value: name + b": " + value)),
        max_size=4,
    ),
    st.binary(max_size=200),
)  # fmt: skip
def test_whatever_a_server_says_is_a_file_or_a_reason(
    raw_site: Any, fetcher: WebFetcher, status: bytes, headers: list[bytes], body: bytes
) -> None:
    raw_site.says = b"HTTP/1.1 " + status + b"\r\n" + b"".join(each + b"\r\n" for each in headers) + b"\r\n" + body
    fetcher._hosts.clear()
    fetcher.sleep = lambda _: None
    found, reason = None, ""
    try:
        found = fetcher.fetch(f"http://127.0.0.1:{raw_site.port}/a", etag="x")
    except FetchError as error:
        reason = error.reason
    assert reason or found is None or found.size == Path(found.path).stat().st_size


# -- manners


def test_robots_txt_is_obeyed_and_asked_for_once_a_host(site: Any, fetcher: WebFetcher) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /private", type="text/plain")
    site.put("/a", "a")
    site.redirect("/b", "/private/c")
    fetch(fetcher, f"{site.url}/a")
    for path in ("/private/x", "/b"):
        assert f"{site.url}/robots.txt asks programs not to fetch it" in refused(fetcher, site.url + path)
    assert site.paths == ["/a", "/b"]
    assert [path for path, _ in site.asked].count("/robots.txt") == 1


@pytest.mark.parametrize(
    ("status", "may"), [(404, True), (403, True), (410, True), (500, False), (503, False), (429, False)]
)
def test_without_a_robots_txt_all_may_be_fetched_and_while_its_server_fails_nothing(
    site: Any, fetcher: WebFetcher, status: int, may: bool
) -> None:
    site.put("/robots.txt", status=status)
    url = site.put("/a", "a")
    if may:
        assert bytes_of(fetch(fetcher, url)) == b"a"
    else:
        assert "robots.txt could not be had, so nothing may be fetched" in refused(fetcher, url)
        assert not site.paths


def test_a_robots_txt_may_redirect_and_be_very_long(site: Any, fetcher: WebFetcher) -> None:
    site.redirect("/robots.txt", "/r")
    rules = b"User-agent: *\nDisallow: /a\n" + b"# and so on\n" * 100_000 + b"Disallow: /b\n"
    site.put("/r", rules, type="text/plain")
    site.put("/b", "b")
    assert "asks programs not to" in refused(fetcher, f"{site.url}/a")
    assert bytes_of(fetch(fetcher, f"{site.url}/b")) == b"b"


def test_a_robots_txt_that_never_comes(site: Any, fetcher: WebFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "ROBOTS_SECONDS", 0.3)
    site.put("/robots.txt", drips(b"#"))
    assert "robots.txt could not be had" in refused(fetcher, site.put("/a", "a"))


def test_a_host_has_time_between_two_requests(site: Any) -> None:
    waits: list[float] = []
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 7")
    with WebFetcher(LIMIT, private=True, sleep=waits.append) as fetcher:
        for path in "/a", "/b":
            fetch(fetcher, site.put(path, "x"))
        assert [round(wait) for wait in waits] == [7]


def test_a_server_that_asks_to_wait_a_little_is_asked_again(site: Any) -> None:
    waits: list[float] = []
    answers = iter([site.answer(status=503, headers={"Retry-After": "7"}), site.answer(b"there")])
    site.pages["/a"] = lambda _: next(answers)
    with WebFetcher(LIMIT, private=True, delay=0, sleep=waits.append) as fetcher:
        assert bytes_of(fetch(fetcher, f"{site.url}/a")) == b"there"
    assert waits == [7]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_a_server_that_asks_to_wait_long_is_left_alone(
    site: Any, fetcher: WebFetcher, status: int, as_date: bool
) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    stated = format_datetime(later, usegmt=True) if as_date else "3600"
    url = site.put("/a", status=status, headers={"Retry-After": stated})
    with pytest.raises(ToldToWaitError) as told:
        fetcher.fetch(url)
    assert told.value.until
    assert abs(told.value.until - later) < timedelta(minutes=1)
    assert f"asks to wait until {told.value.until:%Y-%m-%d %H:%M} UTC" in str(told.value)
    assert "asked to wait" in refused(fetcher, site.put("/b", "b"), ToldToWaitError)
    assert site.paths == ["/a"]


@pytest.mark.parametrize("stated", ["soon", "-1", "9" * 50, "Mon, 99 Jan 2024", "1.5", "Mon, 01 Jan 2024 00:00:00"])
def test_odd_requests_to_wait(site: Any, stated: str) -> None:
    with WebFetcher(LIMIT, private=True, delay=0, sleep=lambda _: None) as fetcher:
        assert "answered 429" in refused(fetcher, site.put("/a", status=429, headers={"Retry-After": stated}))


# -- secrets


def test_a_password_reaches_its_host_and_nothing_else(site: Any, make_site: Callable[..., Any]) -> None:
    other = make_site()
    other.put("/c", "c")
    site.redirect("/a", "/b")
    site.redirect("/b", f"{other.url}/c")
    with WebFetcher(LIMIT, private=True, delay=0) as fetcher:
        found = fetch(fetcher, f"http://user:secret@127.0.0.1:{site.port}/a")
        assert found.url == f"{other.url}/c"
        assert [bool(headers["Authorization"]) for _, headers in site.asked] == [False, True, True]
        assert not any(headers["Authorization"] for _, headers in other.asked)
        with pytest.raises(FetchError) as told:
            fetcher.fetch(f"http://user:secret@127.0.0.1:{site.port}/none")
    assert "secret" not in str(told.value)
    assert "secret" not in repr(told.value)


def test_no_cookie_is_kept(site: Any, fetcher: WebFetcher) -> None:
    fetch(fetcher, site.put("/a", "a", headers={"Set-Cookie": "a=b; Path=/"}))
    fetch(fetcher, site.put("/b", "b"))
    assert not any(headers["Cookie"] for _, headers in site.asked)


def test_no_proxy_of_the_environment_is_used(site: Any, make_site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = make_site()
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    with WebFetcher(LIMIT, private=True) as fetcher:
        assert bytes_of(fetch(fetcher, site.put("/a", "a"))) == b"a"
    assert not proxy.asked


# -- the web process


def test_the_web_process_has_nothing_to_fetch_with(tmp_path: Path) -> None:
    script = f"""
import sys
from archive.settings import load_settings
from web import create_app
client = create_app(settings=load_settings({{"data": {str(tmp_path / "data")!r}}}, {{}})).test_client()
for path in ("/", "/search?q=border", "/saved", "/api/v1/search?q=a", "/search.atom?q=a"):
    assert client.get(path).status_code == 200, path
print([name for name in sys.modules if name.split(".")[0] in ("httpx", "httpcore", "requests") or "fetching" in name])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
