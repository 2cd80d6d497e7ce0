"""Errors as pages, and as JSON below /api: one mapping, and an id to quote for what nobody expected."""

import secrets

from flask import Flask, current_app, jsonify, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from archive.errors import ArchiveError

TITLES = {
    400: "This address makes no sense",
    403: "This was not asked from here",
    404: "There is nothing here",
    405: "That is not how this address works",
    409: "There is one already",
    413: "This is too long",
    503: "The archive cannot answer right now",
}


def register(app: Flask) -> None:
    """Handle every error of the application."""
    app.register_error_handler(ArchiveError, _archive_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _archive_error(error: ArchiveError) -> tuple[Response | str, int]:
    return _answer(error.http_status, str(error))


def _http_error(error: HTTPException) -> tuple[Response | str, int]:
    return _answer(error.code or 500, error.description or "")


def _unexpected(error: Exception) -> tuple[Response | str, int]:
    number = secrets.token_hex(4)
    current_app.logger.error("error %s at %s", number, request.path, exc_info=error)
    return _answer(500, f"Something went wrong that should not have. It is noted as {number} in the server's log.")


def _answer(status: int, reason: str) -> tuple[Response | str, int]:
    title = TITLES.get(status, "Something went wrong")
    if request.path.startswith("/api/") or request.path in ("/healthz", "/search.json"):
        return jsonify({"error": title, "reason": reason}), status
    return render_template("error.html", title=title, reason=reason, status=status), status
