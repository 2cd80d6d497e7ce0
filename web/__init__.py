"""The web front end: pages and a JSON API over the `Archive` facade. The only package that imports Flask."""

import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, request, url_for

from archive.bootstrap import open_archive
from archive.service import Archive
from archive.settings import Settings, load_settings
from web import api, errors, exports, feeds, kwic, pages, present, saved

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self';"
        " form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none at all a form of ours would be of no origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""On every response, whatever it is: nothing is loaded from elsewhere, and no other site can frame or read a page."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def create_app(archive: Archive | None = None, *, settings: Settings | None = None) -> Flask:
    """The application over an open archive, or over the one of `settings`, opened when it is first asked for something.

    Requests for a host other than this machine's loopback names and the configured host are refused, so that no web
    site can reach an archive by pointing its own name here (DNS rebinding).
    """
    settings = archive.settings if archive else settings or load_settings()
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=64_000)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["static"] = _static_url
    app.extensions["archive"] = _Opener(archive, settings)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the order is part of the contract
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    present.register(app)
    errors.register(app)
    app.register_blueprint(pages.blueprint)
    for module in (api, exports, feeds, kwic, saved):
        app.register_blueprint(module.blueprint)
    app.before_request(_host_check(settings.host))
    app.after_request(_secure)
    return app


def _host_check(host: str) -> Callable[[], None]:
    """Refuses requests for names that are not ours; where the archive is served to every address, any name may be."""
    names = None if host in ("0.0.0.0", "::", "") else LOOPBACK | {host.lower()}  # noqa: S104  # compared, not bound

    def check() -> None:
        try:
            asked_for = urlsplit(f"//{request.host}").hostname
        except ValueError:
            asked_for = None
        if names is not None and asked_for not in names:
            abort(400, f"This archive does not answer for the host {request.host!r}")

    return check


class _Opener:
    """Opens the archive once, when it is first needed: after the server has forked its workers."""

    def __init__(self, archive: Archive | None, settings: Settings) -> None:
        self._archive = archive
        self._settings = settings
        self._lock = threading.Lock()

    def __call__(self) -> Archive:
        with self._lock:
            if self._archive is None:
                self._archive = open_archive(self._settings, catch_up=False)
            return self._archive


def _secure(response: Response) -> Response:
    response.headers.extend(SECURITY_HEADERS)  # nothing else sets any of them
    if request.endpoint == "static" and "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _static_url(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep it for ever."""
    cache = cast(dict[str, str], current_app.extensions.setdefault("static_hashes", {}))
    if name not in cache:
        content = (Path(cast(str, current_app.static_folder)) / name).read_bytes()
        cache[name] = sha256(content).hexdigest()[:12]
    if "static_address" not in g:  # asked for once, since a page has several
        g.static_address = url_for("static", filename="")
    return f"{g.static_address}{name}?v={cache[name]}"
