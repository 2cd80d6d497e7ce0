"""Connections to the web: each is made to the very address that was checked, and none takes longer than was said.

A name is looked up once, what it leads to is checked, and one of these addresses is connected to; so no second look at
the name can lead elsewhere (DNS rebinding). Host and certificate are those of the name.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpcore
import httpx

from archive.addresses import allowed
from archive.errors import FetchError, UnreachableError

RETRIES = 2
"""How often a connection that failed is tried again; what was answered or broke off is never asked for again."""

KEPT_SECONDS = 3.0
"""How long a connection is kept for the next request; servers close theirs soon after."""

_NO_SUCH_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


class Deadline:
    """When an answer as a whole must have come."""

    def __init__(self) -> None:
        self._at = float("inf")

    def begin(self, seconds: float) -> None:
        """From now on there are so many seconds."""
        self._at = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether none is left."""
        return time.monotonic() >= self._at

    def within(self, timeout: float | None) -> float:
        """So many seconds, or those that are left; raises ReadTimeout when none is."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return min(left, timeout) if timeout is not None else left


class Transport(httpx.BaseTransport):
    """How httpx reaches the web; raises FetchError, whose reason is a sentence."""

    def __init__(self, deadline: Deadline, *, private: bool) -> None:
        self._deadline = deadline
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            keepalive_expiry=KEPT_SECONDS,
            retries=RETRIES,
            network_backend=_Backend(deadline, private=private),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport`."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        asked = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=b"", extensions=request.extensions
        )
        with _told(self._deadline):
            answer = self._pool.handle_request(asked)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, self._deadline), extensions=answer.extensions
        )

    def close(self) -> None:
        """See `httpx.BaseTransport`."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The bytes of an answer, as they come."""

    def __init__(self, answer: httpcore.Response, deadline: Deadline) -> None:
        self._answer = answer
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        with _told(self._deadline):
            yield from cast(Iterable[bytes], self._answer.stream)

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    """Looks names up, checks what they lead to, and connects to that."""

    def __init__(self, deadline: Deadline, *, private: bool) -> None:
        self._deadline = deadline
        self._private = private
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        """See `httpcore.NetworkBackend`."""
        failed: Exception = httpcore.ConnectError("it has no address")
        for address in allowed(host, _look_up(host, port), private=self._private):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self._deadline.within(timeout), local_address, socket_options
                )
                return _Timed(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    def sleep(self, seconds: float) -> None:
        """See `httpcore.NetworkBackend`."""
        time.sleep(self._deadline.within(seconds))


class _Timed(httpcore.NetworkStream):
    """A connection on which nothing is waited for longer than the deadline allows, however slowly it drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.within(timeout))
        return _Timed(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order in which they are to be tried; also of `2130706433` and `0x7f.1`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_NAME:
            raise FetchError(f"there is no host {host}") from error
        raise httpcore.ConnectError(f"the name {host} cannot be looked up: {error.strerror}") from error
    except (UnicodeError, OSError, ValueError) as error:
        raise FetchError(f"there is no host {host}") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@contextmanager
def _told(deadline: Deadline) -> Iterator[None]:
    """Turns what httpcore raises into UnreachableErrors."""
    try:
        yield
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise UnreachableError(f"cannot connect: {_plainly(error)}") from error
    except httpcore.TimeoutException as error:
        raise UnreachableError("it takes too long as a whole" if deadline.over else "nothing came in time") from error
    except httpcore.NetworkError as error:
        raise UnreachableError(f"the connection broke off: {_plainly(error)}") from error
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise UnreachableError(f"the server does not answer as HTTP asks for: {_plainly(error)}") from error


def _plainly(error: Exception) -> str:
    """What is wrong, in the words of the system."""
    cause = error.args[0] if error.args else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({cause.verify_message})"
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror[0].lower() + cause.strerror[1:]
    return str(error) or type(error).__name__
