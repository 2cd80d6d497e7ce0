"""Every match in its context, a line each: the page, and the same lines as CSV and JSON."""

from dataclasses import replace

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from archive import wire
from archive.types import MAX_LINES, Concordance, LineOrder, Message, MessageKind
from web.pages import the_archive
from web.params import to_request
from web.present import search_query

blueprint = Blueprint("kwic", __name__)

PAGE_SIZE = 100
"""Lines on a page."""

TITLES = {
    LineOrder.FOUND: "As found",
    LineOrder.LEFT: "Word before",
    LineOrder.RIGHT: "Word after",
    LineOrder.DATE: "Date",
}


@blueprint.get("/kwic")
def page() -> str | BaseResponse:
    """The lines of a search; a page after the last leads to the last."""
    found = _concordance(PAGE_SIZE)
    order = found.order if found.order is not LineOrder.FOUND else None  # what is as usual is in no address
    if found.total and found.request.page > found.pages:
        return redirect(f"{url_for('kwic.page')}?{search_query(found.request, order=order, page=found.pages)}")
    return render_template("kwic.html", found=found, request=found.request, order=order, orders=TITLES)


@blueprint.get("/kwic.csv")
def table() -> Response:
    """All lines, as a table to be saved."""
    found = _concordance(MAX_LINES, page=1)
    headers = {"Content-Disposition": "attachment; filename=kwic.csv"}
    return Response("".join(wire.concordance_table(found)), mimetype="text/csv", headers=headers)


@blueprint.get("/api/v1/kwic")
def lines() -> Response:
    """All lines, or with `limit` a page of them."""
    limit = request.args.get("limit", "")
    usable = limit.isascii() and limit.isdigit() and len(limit) <= 4 and 1 <= int(limit) <= MAX_LINES
    return jsonify(wire.concordance(_concordance(int(limit) if usable else MAX_LINES)))


def _concordance(page_size: int, page: int | None = None) -> Concordance:
    """The answer to what is asked for, or to another page of it; says which parameters made no sense."""
    wanted, messages = to_request(request.args, page_size)
    order, ignored = _order(request.args.get("order", ""))
    found = the_archive().concordance(replace(wanted, page=page or wanted.page), order)
    return replace(found, messages=(*messages, *ignored, *found.messages))


def _order(text: str) -> tuple[LineOrder, tuple[Message, ...]]:
    if text in set(LineOrder):
        return LineOrder(text), ()
    words = f"order={text} is no order of lines; there are {', '.join(LineOrder)}"
    return LineOrder.FOUND, (Message(MessageKind.IGNORED, words),) if text else ()
