"""The pages: start, search, article, original."""

from datetime import datetime
from typing import cast

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from archive.citation import cite
from archive.service import Archive
from archive.types import Article, IndexState, MarkedText, SearchRequest
from web.params import to_args, to_request
from web.present import search_query

blueprint = Blueprint("pages", __name__)

NEWEST = 20

EXTENSIONS = {
    "text/plain": "txt",
    "text/markdown": "md",
    "text/html": "html",
    "application/json": "json",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/rtf": "rtf",
    "application/xhtml+xml": "xhtml",
    "multipart/related": "mht",
}


def the_archive() -> Archive:
    """The archive that this application serves."""
    return cast(Archive, current_app.extensions["archive"]())


@blueprint.get("/")
def start() -> str:
    """The search box and the newest articles."""
    archive = the_archive()
    count = archive.count()
    return render_template(
        "start.html",
        count=count,
        newest=archive.headlines(limit=NEWEST),
        data=archive.settings.data,
        behind=_behind(archive),
        request=SearchRequest(),
    )


@blueprint.get("/search")
def search() -> str | BaseResponse:
    """What a search finds; a page after the last leads to the last."""
    archive = the_archive()
    wanted, messages = to_request(request.args, archive.settings.page_size)
    page = archive.search(wanted)
    if page.total and wanted.page > page.pages:
        return redirect(f"{url_for('pages.search')}?{search_query(wanted, page=page.pages)}")
    return render_template(
        "search.html",
        page=page,
        request=wanted,
        messages=(*messages, *page.messages),
        empty=not page.total and not archive.count(),
        data=archive.settings.data,
        to_save=to_args(wanted, page=None),
        kept=[pair for pair in to_args(wanted, page=None) if pair[0] not in ("from", "to")],
    )


@blueprint.get("/articles/<int:number>")
def article(number: int) -> str:
    """An article with every match of the query it was found by."""
    archive = the_archive()
    found = archive.get(number, older_version())
    query = request.args.get("q", "")
    marked = archive.mark(found, query)
    return render_template(
        "article.html",
        article=found,
        marked_article=marked,
        matches=_count(marked.title) + sum(map(_count, marked.paragraphs)),
        versions=archive.versions(number),
        story=archive.story(number),
        has_original=archive.original(number, found.version) is not None,
        query=query,
        similar=archive.similar(found),
        citation=_cite(found),
        citation_of_paragraph=_cite(found, "p"),
        request=SearchRequest(query=query),
    )


def _cite(article: Article, anchor: str | None = None) -> str:
    """The citation of the version that is shown, and of a paragraph where the anchor is `p` and the script's number."""
    version = article.version if article.version != article.versions else None
    address = url_for("pages.article", number=article.id, version=version, _anchor=anchor, _external=True)
    return cite(article, address, datetime.now().astimezone().date())


def _count(text: MarkedText) -> int:
    return len(text.marks)


def older_version() -> int | None:
    """The number in the parameter `version`; None where there is none."""
    text = request.args.get("version", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(404, f"there is no version {text}")
    return int(text)


@blueprint.get("/articles/<int:number>/original")
def original(number: int) -> Response:
    """The bytes as they came, to be saved: never shown, since a page from elsewhere could do anything."""
    archive = the_archive()
    found = archive.original(number, older_version())
    if found is None:
        abort(404, f"no original of article {number} was kept")
    extension = EXTENSIONS.get(found.media_type, "bin")
    return Response(
        found.data,
        mimetype="application/octet-stream",
        headers={"Content-Disposition": f"attachment; filename=article-{number}.{extension}"},
    )


@blueprint.get("/articles/<int:number>/difference")
def difference(number: int) -> str:
    """How another article, or the current version of this one, differs word by word from a version of this one."""
    archive = the_archive()
    found = archive.difference(number, other_article() or number, older_version())
    return render_template("difference.html", found=found, request=SearchRequest())


def other_article() -> int | None:
    """The id in the parameter `with`; None where there is none."""
    text = request.args.get("with", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        abort(404, f"there is no article {text}")
    return int(text)


def _behind(archive: Archive) -> int:
    return archive.behind() if archive.index_state() is not IndexState.CURRENT else 0
