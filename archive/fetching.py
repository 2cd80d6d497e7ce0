"""Fetching from the web: what is asked for on the command line, one address at a time, and never by the web process.

    address -> robots.txt -> the host's turn -> connect to an address that was checked -> answer -> file
       ^                                                                                   |
       +----------------------------------- redirect, checked like the first --------------+

No proxy of the environment is used, since it would connect in our place to what was not checked, and no cookie is kept.
"""

import re
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Self
from urllib.parse import unquote_to_bytes

import httpx

from archive import __version__
from archive.addresses import checked, without_credentials
from archive.connecting import Deadline, Transport
from archive.errors import AddressRefusedError, FetchError, FormatError, GoneError, ToldToWaitError, UnreachableError
from archive.formats.http import inflating
from archive.robots import EVERYTHING, MAX_BYTES, NOTHING, Robots, parse
from archive.types import Fetched

AGENT = "article-archive"
"""The name that a robots.txt may use."""

HEADERS = {
    "User-Agent": f"{AGENT}/{__version__}",
    "Accept": "text/html,application/xhtml+xml,application/rss+xml,application/atom+xml,application/feed+json;q=0.9,"
    "application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate",
}

MAX_REDIRECTS = 10
MAX_ROBOTS_REDIRECTS = 5
"""As many as RFC 9309 asks for."""

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 10.0, 20.0, 120.0
"""For a connection, for the next bytes, and for an answer as a whole."""

ROBOTS_SECONDS = 30.0

DELAY = 1.0
"""Seconds between two requests to a host."""

MAX_DELAY = 30.0
"""The same where a robots.txt asks for more, at most."""

MAX_WAIT = 60.0
"""Seconds that are waited, once, where a server asks to wait; where it asks for more, the address fails."""

_TIMEOUT = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
_LONGEST_WAIT = timedelta(days=30)
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
_BUSY = (429, 503)
_LONGEST_TAG = 1_000


@dataclass(slots=True)
class _Host:
    """How a host wants to be treated: not before `turn` (monotonic), not at all before `until`."""

    robots: Robots | FetchError | None = None
    turn: float = 0.0
    until: datetime | None = None


@dataclass(slots=True)
class WebFetcher:
    """A `Fetcher`; use it as a context, at whose end the files that it fetched are deleted.

    With `private`, addresses inside this machine and its network are fetched, too.
    """

    max_bytes: int
    private: bool = False
    delay: float | None = None
    whole: float = WHOLE_SECONDS
    sleep: Callable[[float], None] = time.sleep
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _deadline: Deadline = field(default_factory=Deadline)
    _count: int = 0
    _transport: Transport = field(init=False)
    _folder: "tempfile.TemporaryDirectory[str]" = field(init=False)

    def __post_init__(self) -> None:
        self._transport = Transport(self._deadline, private=self.private)
        self._folder = tempfile.TemporaryDirectory(prefix="archive-fetched-")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()
        self._folder.cleanup()

    def fetch(self, url: str, *, etag: str | None = None, modified: str | None = None) -> Fetched | None:
        """See `Fetcher.fetch`."""
        stated = {"If-None-Match": etag, "If-Modified-Since": modified}
        conditions = {name: value for name, value in stated.items() if value}
        try:
            return self._follow(url, conditions)
        except FetchError as error:
            raise error.at(without_credentials(url)) from error

    def _follow(self, address: str, conditions: dict[str, str]) -> Fetched | None:
        url, moved, permanent = _parsed(address), None, True
        been: list[httpx.URL] = []
        try:
            for _ in range(MAX_REDIRECTS + 1):
                been.append(url)
                self._ask_robots(url)
                with closing(self._patiently(url, conditions)) as response:
                    if response.status_code not in _REDIRECTS:
                        found = self._answer(response, conditions)
                        return replace(found, moved=moved) if found else None
                    url = _target(response)
                permanent = permanent and response.status_code in _PERMANENT
                moved = _shown(url) if permanent else moved
                if url in been:
                    raise FetchError("it redirects in a circle")
        except FetchError as error:
            if len(been) > 1 and url == been[-1]:
                error.reason = f"it redirects to {_shown(url)}: {error.reason}"
            raise
        raise FetchError(f"it redirects more than {MAX_REDIRECTS} times")

    # -- what the host wants

    def _host(self, url: httpx.URL) -> _Host:
        return self._hosts.setdefault(_site(url), _Host())

    def _ask_robots(self, url: httpx.URL) -> None:
        """Raises FetchError where the site's robots.txt does not allow to fetch this."""
        host = self._host(url)
        if host.robots is None:
            host.robots = self._fetch_robots(_site(url))
        if isinstance(host.robots, FetchError):
            raise type(host.robots)(host.robots.reason)
        if host.robots is NOTHING:
            raise UnreachableError(f"{_site(url)}robots.txt could not be had, so nothing may be fetched")
        if not host.robots.allows(url.raw_path.decode("ascii")):
            raise FetchError(f"{_site(url)}robots.txt asks programs not to fetch it")

    def _fetch_robots(self, site: str) -> Robots | FetchError:
        """What it says; without one everything is allowed, and nothing where the server fails (RFC 9309, 2.3.1).

        An error where no connection could be made: the address itself would fare no better.
        """
        url = httpx.URL(f"{site}robots.txt")
        for _ in range(MAX_ROBOTS_REDIRECTS + 1):
            try:
                response = self._send(url, {}, ROBOTS_SECONDS)
            except FetchError as error:
                return error
            with closing(response):
                status = response.status_code
                try:
                    if status == HTTPStatus.OK:
                        return parse(self._beginning(response).decode("utf-8", "replace"), AGENT)
                    if status not in _REDIRECTS:
                        failing = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _BUSY
                        return NOTHING if failing else EVERYTHING
                    url = _target(response)
                except (FetchError, FormatError):
                    return NOTHING
        return EVERYTHING

    def _beginning(self, response: httpx.Response) -> bytes:
        data = b""
        for piece in _pieces(response):
            data += piece
            if len(data) > MAX_BYTES:
                return data[: data.rfind(b"\n", 0, MAX_BYTES) + 1]  # what follows may be half of a rule
        return data

    def _patiently(self, url: httpx.URL, conditions: dict[str, str]) -> httpx.Response:
        """The answer, for which a server that asks to wait a little is asked again once; raises ToldToWaitError."""
        response = self._in_turn(url, conditions)
        wait = _wait_of(response)
        if wait is not None and wait <= MAX_WAIT:
            response.close()
            self.sleep(wait)
            response = self._in_turn(url, conditions)
            wait = _wait_of(response)
        if response.status_code not in _BUSY:
            return response
        response.close()
        if wait is None:
            raise ToldToWaitError(f"the server {_said(response)}; try again later")
        self._host(url).until = until = datetime.now(UTC) + timedelta(seconds=wait)
        raise ToldToWaitError(f"the server {_said(response)} and asks to wait until {until:%Y-%m-%d %H:%M} UTC", until)

    def _in_turn(self, url: httpx.URL, conditions: dict[str, str]) -> httpx.Response:
        host = self._host(url)
        if host.until:
            raise ToldToWaitError(f"its server asked to wait until {host.until:%Y-%m-%d %H:%M} UTC", host.until)
        if (rest := host.turn - time.monotonic()) > 0:
            self.sleep(rest)
        try:
            return self._send(url, conditions, self.whole)
        finally:
            asked = host.robots.delay if isinstance(host.robots, Robots) else 0.0
            host.turn = time.monotonic() + max(DELAY if self.delay is None else self.delay, min(asked, MAX_DELAY))

    # -- one request

    def _send(self, url: httpx.URL, headers: dict[str, str], seconds: float) -> httpx.Response:
        """The head of an answer. Straight from the transport: a client of httpx keeps cookies and reads redirects."""
        self._deadline.begin(seconds)
        request = httpx.Request("GET", url, headers=HEADERS | headers, extensions={"timeout": _TIMEOUT.as_dict()})
        if url.userinfo:
            request.headers["Authorization"] = f"Basic {b64encode(unquote_to_bytes(url.userinfo)).decode()}"
        response = self._transport.handle_request(request)
        response.request = request
        return response

    def _answer(self, response: httpx.Response, conditions: dict[str, str]) -> Fetched | None:
        """What was answered, in a file; None where it has not changed."""
        status, header = response.status_code, response.headers.get
        if status == HTTPStatus.NOT_MODIFIED and conditions:
            return None
        if status == HTTPStatus.GONE:
            raise GoneError(f"the server {_said(response)}: it is there no longer, for good")
        if status not in (HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION):
            kind = UnreachableError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else FetchError
            raise kind(f"the server {_said(response)}")
        path = self._save(response)
        media_type, charset = media_type_of(header("Content-Type", ""))
        return Fetched(
            url=_shown(response.url),
            path=str(path),
            size=path.stat().st_size,
            media_type=media_type,
            charset=charset,
            etag=_tag(header("ETag")),
            modified=_tag(header("Last-Modified")),
        )

    def _save(self, response: httpx.Response) -> Path:
        self._count += 1
        path = Path(self._folder.name) / str(self._count)
        too_large = FetchError(f"it has more than {self.max_bytes:,} bytes (setting max_item_mb)")
        stated = response.headers.get("Content-Length", "")
        if re.fullmatch(r"[0-9]{1,18}", stated) and int(stated) > self.max_bytes:
            raise too_large
        try:
            with path.open("wb") as file:
                for piece in _pieces(response):
                    file.write(piece)
                    if file.tell() > self.max_bytes:
                        raise too_large
        except FormatError as error:
            path.unlink()
            raise FetchError(str(error)) from error
        except BaseException:
            path.unlink()
            raise
        return path


def media_type_of(header: str) -> tuple[str, str | None]:
    """The media type that a header states, in lower case, and the encoding of the text."""
    found = re.search(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", header, re.IGNORECASE)
    return " ".join(header.partition(";")[0].split())[:80].lower(), found[1] if found else None


def _parsed(address: str) -> httpx.URL:
    """Raises AddressRefusedError where it is no address that can be fetched."""
    try:
        return httpx.URL(checked(address))
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefusedError("it is no address of the form https://host/path") from error


def _target(response: httpx.Response) -> httpx.URL:
    """Where it redirects to; a password goes nowhere but back to the host that it was given for."""
    stated = response.headers.get("Location", "")
    if not stated:
        raise FetchError(f"the server {_said(response)} and does not say where to")
    try:
        joined = response.url.join(stated)
        url = _parsed(str(joined))
    except (httpx.InvalidURL, ValueError, AddressRefusedError) as error:
        shown = without_credentials(stated)[:200]
        raise AddressRefusedError(f"it redirects to {shown}, which is no address that is fetched") from error
    same = (url.scheme, url.host, url.port) == (response.url.scheme, response.url.host, response.url.port)
    return url.copy_with(userinfo=response.url.userinfo if same else b"")


def _site(url: httpx.URL) -> str:
    return str(url.copy_with(raw_path=b"/", fragment=None, userinfo=b""))


def _shown(url: httpx.URL) -> str:
    return str(url.copy_with(userinfo=b""))


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    return inflating(response.iter_raw(), response.headers.get("Content-Encoding", ""))


def _said(response: httpx.Response) -> str:
    try:
        return f"answered {response.status_code} ({HTTPStatus(response.status_code).phrase})"
    except ValueError:
        return f"answered {response.status_code}"


def _wait_of(response: httpx.Response) -> float | None:
    """The seconds that a server that is too busy asks to wait (RFC 9110, 10.2.3)."""
    stated = response.headers.get("Retry-After", "").strip()
    if response.status_code not in _BUSY or not stated:
        return None
    if re.fullmatch(r"[0-9]{1,9}", stated):
        return min(float(stated), _LONGEST_WAIT.total_seconds())
    try:
        wait = parsedate_to_datetime(stated) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None
    return min(max(wait, timedelta()), _LONGEST_WAIT).total_seconds()


def _tag(value: str | None) -> str | None:
    return value if value and len(value) <= _LONGEST_TAG and value.isascii() and value.isprintable() else None
