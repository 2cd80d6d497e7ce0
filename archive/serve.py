"""`archive serve`: gunicorn with several workers, and one follower that keeps the index up to date meanwhile.

Workers open the archive after they were forked, and share nothing but the socket. Each answers while the follower
writes: an index is replaced as a whole, and readers are never blocked.
"""

import ctypes
import ipaddress
import math
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from archive.bootstrap import open_archive
from archive.console import say, show_line
from archive.errors import ArchiveError
from archive.settings import Settings

THREADS = 4
"""Threads of a worker, so that a slow reader does not keep others waiting."""

GRACE = 3
"""Seconds that answers under way have when the server is stopped."""

RESTART_AFTER = 2
"""Seconds between two starts of the follower, should it die at once each time."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C, which end the process with status 0.

    Raises ArchiveError when the address cannot be used, and what `open_archive` raises when the archive cannot.
    """
    open_archive(settings, catch_up=False).close()  # so that what is wrong is said once, here
    listener = _listen(settings.host, settings.port)
    address = f"http://{_in_url(settings.host)}:{listener.getsockname()[1]}"
    if not _is_loopback(settings.host):
        say(f"Warning: {settings.host} can be reached from other machines, and the archive has no login.")
    _Server(settings, listener, f"Serving {address} (Ctrl-C stops it)").run()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ArchiveError(f"cannot listen on {host}, port {port}: {reason}") from error
    except UnicodeError as error:
        raise ArchiveError(f"cannot listen on {host!r}: it is no host name") from error


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _share_memory() -> None:
    """Let all threads take memory from one place: what one has freed is of use to the others. It saves a seventh.

    See mallopt(3), M_ARENA_MAX.
    """
    with suppress(AttributeError, OSError, TypeError):  # this is no GNU C library
        ctypes.CDLL(None).mallopt(-8, 1)


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, set up from our settings alone: it reads no file and no environment variable."""

    def __init__(self, settings: Settings, listener: socket.socket, greeting: str) -> None:
        self.settings = settings
        self.options = {
            "bind": f"fd://{listener.detach()}",
            "workers": settings.workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "graceful_timeout": GRACE,
            "limit_request_line": 0,  # none: a query of 4,000 Chinese characters is 36,000 long in a URL
            "loglevel": "warning",
            "control_socket_disable": True,
            "when_ready": lambda _: show_line(greeting),
        }
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> object:
        """Called by gunicorn in each worker, after the fork."""
        from web import create_app

        _share_memory()
        return create_app(settings=self.settings)

    def run(self) -> None:
        """Serve until a signal ends it."""
        _Master(self).run()


class _Master(Arbiter):  # type: ignore[misc]
    """gunicorn's master process, which keeps the follower alive as it keeps its workers."""

    follower: subprocess.Popen[bytes] | None = None
    follower_started = -math.inf

    def manage_workers(self) -> None:
        """Called by gunicorn every second."""
        super().manage_workers()
        dead = self.follower is None or self.follower.poll() is not None
        if dead and time.monotonic() - self.follower_started > RESTART_AFTER:
            # -P: a folder `db` or `web` where the command was typed must not be taken for ours
            command = [sys.executable, "-P", "-m", "archive.follow", str(self.app.settings.data), str(os.getpid())]
            self.follower = subprocess.Popen(command)  # noqa: S603 - our own module
            self.follower_started = time.monotonic()

    def stop(self, graceful: bool = True) -> None:
        """Called by gunicorn when it ends."""
        if self.follower:
            self.follower.terminate()
        super().stop(graceful)
