"""Saved searches: their page, and the three forms that change something. Nothing else in the web does."""

from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from archive.types import SearchRequest
from web.pages import the_archive
from web.params import to_request

blueprint = Blueprint("saved", __name__)


@blueprint.before_request
def refuse_foreign_forms() -> None:
    """Refuse what another site's page sends, in a browser that is known to do so (as Go's CrossOriginProtection does).

    There is no cookie and no login: that a request comes from a page of ours is all that a site could want to fake.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        foreign = site not in ("same-origin", "none")
    else:
        foreign = origin is not None and urlsplit(origin).netloc != request.host
    if foreign:
        abort(403, "This came from a page of another site")


@blueprint.get("/saved")
def show() -> str:
    """Every saved search, how many articles it finds, and what is new."""
    return render_template("saved.html", counts=list(the_archive().saved.counts()), request=SearchRequest())


@blueprint.post("/saved")
def add() -> Response:
    """Save the search of a page."""
    archive = the_archive()
    wanted, _ = to_request(request.form, archive.settings.page_size)
    archive.saved.add(request.form.get("name", ""), wanted, _sequence())
    return _back()


@blueprint.post("/saved/seen")
def seen() -> Response:
    """Note that what is new was looked at, as far as the page knew of it."""
    the_archive().saved.mark_seen(request.form.get("name", ""), _sequence())
    return _back()


@blueprint.post("/saved/remove")
def remove() -> Response:
    """Forget a saved search."""
    the_archive().saved.remove(request.form.get("name", ""))
    return _back()


def _sequence() -> int:
    text = request.form.get("sequence", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        abort(400, "The form does not say what has been looked at")
    return int(text)


def _back() -> Response:
    return redirect(url_for("saved.show"), 303)
