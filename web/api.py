"""The JSON API: the objects of `archive.wire`, the same that the command line prints."""

from dataclasses import replace

from flask import Blueprint, Response, jsonify, request

from archive import wire
from archive.errors import ArchiveError
from web.openapi import DESCRIPTION
from web.pages import older_version, other_article, the_archive
from web.params import to_request

blueprint = Blueprint("api", __name__)

MAX_PAGE_SIZE = 200


@blueprint.get("/api/v1/search")
@blueprint.get("/search.json", endpoint="search_json")
def search() -> Response:
    """One page of what a search finds."""
    archive = the_archive()
    limit = request.args.get("limit", "")
    usable = limit.isascii() and limit.isdigit() and 1 <= len(limit) <= 4 and 1 <= int(limit) <= MAX_PAGE_SIZE
    wanted, messages = to_request(request.args, int(limit) if usable else archive.settings.page_size)
    page = archive.search(wanted)
    return jsonify(wire.search_page(replace(page, messages=(*messages, *page.messages))))


@blueprint.get("/api/v1/suggest")
def suggest() -> Response:
    """Ways to go on with the beginning of a query."""
    typed = request.args.get("q", "")
    return jsonify(wire.suggestions(typed, the_archive().suggest(typed)))


@blueprint.get("/api/v1/articles/<int:number>")
def article(number: int) -> Response:
    """One article; with `q`, its matches."""
    archive = the_archive()
    found = archive.get(number)
    marked = archive.mark(found, request.args.get("q", ""))
    return jsonify(wire.article(found, marked, archive.versions(number)))


@blueprint.get("/api/v1/articles/<int:number>/similar")
def similar(number: int) -> Response:
    """The articles closest to one."""
    archive = the_archive()
    return jsonify(wire.similar(archive.similar(archive.get(number))))


@blueprint.get("/api/v1/articles/<int:number>/difference")
def difference(number: int) -> Response:
    """How another article, or the current version of this one, differs from a version of this one."""
    return jsonify(wire.difference(the_archive().difference(number, other_article() or number, older_version())))


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """The description of this API."""
    return jsonify(DESCRIPTION)


@blueprint.get("/healthz")
def health() -> tuple[Response, int]:
    """Whether the store can be read, and how the index stands to it."""
    try:
        archive = the_archive()
        count = archive.count()
        status = archive.index_status()
    except ArchiveError as error:
        return jsonify({"status": "error", "reason": str(error)}), 503
    return jsonify({"status": "ok", "articles": count, "index": status.state.value, "behind": status.behind}), 200
