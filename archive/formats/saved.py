"""Entries of what browsers and read-later services export, as articles where they hold a text.

The text of an article is one, and so is what somebody wrote or marked about a page: a note, a selection, highlights. A
title, an address and an excerpt that a program made are none.
"""

from collections.abc import Mapping
from dataclasses import replace

from archive.errors import FormatError
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.record import to_article
from archive.normalise import clean_line, clean_url
from archive.types import NewArticle, Origin, Original

NO_TEXT = "no text: the export names the page and does not hold it"


def to_item(
    file: InputFile, number: int, entry: Mapping[str, object], original: Original, *, why: str = NO_TEXT
) -> NewArticle | Failed | Skipped:
    """The article of an entry, whose fields are those of `record.NAMES`.

    One without text is skipped; its title and address stand in the part of its origin, so that they are not lost.
    """
    body = entry.get("body")
    if not (isinstance(body, str) and body.strip()):
        named = [value[:500] for name in ("title", "url") if isinstance(value := entry.get(name), str)]
        origin = file.origin(clean_line(" ".join([str(number), *named])))
        return Skipped(origin, why, _page(origin, entry))
    origin = file.origin(str(number))
    try:
        return to_article(entry, origin, original)
    except FormatError as error:
        return Failed(origin, str(error))


def _page(origin: Origin, entry: Mapping[str, object]) -> NewArticle | None:
    """What the entry says of its page, if that has an address from which it could be fetched."""
    try:
        page = to_article({**entry, "body": ""}, origin, None)
    except FormatError:
        return None
    return replace(page, title=page.title or str(page.url), partial=True) if clean_url(page.url) else None
