"""What a search finds, and single articles, as files for other programs: the writers of `archive export`, streamed."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, Response, request

from archive import wire
from archive.bibliography import key
from archive.export import FORMATS, ExportFormat, pieces
from archive.types import Message, SearchPage
from web.pages import the_archive
from web.params import to_request

blueprint = Blueprint("exports", __name__)

DOWNLOADS = {each.suffix: each for each in (FORMATS["csv"], FORMATS["ris"], FORMATS["bibtex"])}
"""The formats that a page links to, by the end of their address."""

MAX_MESSAGES = 4_000
"""Bytes of messages in a header; clients refuse an answer whose headers are long."""


@blueprint.get("/search.<any(csv, ris, bib):suffix>")
def search(suffix: str) -> Response:
    """Everything that a search finds, whatever the page."""
    archive = the_archive()
    args = request.args.copy()
    args.poplist("page")
    wanted, messages = to_request(args, archive.settings.page_size)
    found = archive.find(wanted)
    page = replace(found.page, messages=(*messages, *found.page.messages))
    chosen = DOWNLOADS[suffix]
    answer = Response(pieces(chosen, archive.articles(found.ids)), mimetype=chosen.media_type)
    answer.headers.extend({"Content-Disposition": _save_as(wanted.query, chosen), **said(page)})
    return answer


@blueprint.get("/articles/<int:number>.<any(ris, bib):suffix>")
def article(number: int, suffix: str) -> Response:
    """How to cite an article."""
    found = the_archive().get(number)
    chosen = DOWNLOADS[suffix]
    answer = Response(b"".join(pieces(chosen, [found])), mimetype=chosen.media_type)
    answer.headers["Content-Disposition"] = _save_as(key(found), chosen)
    return answer


def said(page: SearchPage) -> dict[str, str]:
    """What the answer says beside its articles, as headers: a file has no place for it."""
    messages = page.messages
    while len(text := _in_header(messages)) > MAX_MESSAGES:
        messages = messages[:-1]
    return {
        "Archive-Total": str(page.total),
        "Archive-Relaxed": "true" if page.relaxed else "false",
        **({"Archive-Messages": text} if messages else {}),
    }


def _in_header(messages: Sequence[Message]) -> str:
    """JSON in ASCII, as it is in a line of a header."""
    return json.dumps(wire.messages(messages))


def _save_as(name: str, format: ExportFormat) -> str:
    """To be saved, under a name of letters and digits that every system takes."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return f"attachment; filename={'-'.join(words)[:60].strip('-') or 'articles'}.{format.suffix}"
