"""What a person states of an article, made as clean as what an import reads; a value that cannot be is refused."""

from collections.abc import Mapping

from archive.encoding import decode
from archive.errors import EditError
from archive.language import clean_language
from archive.normalise import clean_body, clean_line, clean_url
from archive.types import FIELDS, PublicationDate, Stated

NEEDED = ("title", "body")
"""Fields that no article is without."""


def cleaned(values: Mapping[str, Stated]) -> dict[str, Stated]:
    """The values as they are stored, by the names of `FIELDS`; raises EditError naming the first that cannot be."""
    if not values:
        raise EditError("nothing is said that is to be changed")
    return {name: _clean(name, values[name]) for name in FIELDS if name in values}


def body_of(data: bytes, limit: int) -> str:
    """The text of a file, in whatever encoding it is; raises EditError where it has none, or more than `limit` bytes.

    Blank lines part its paragraphs, as in a text that is imported.
    """
    if len(data) > limit:
        raise EditError(f"the text has more than {limit:,} bytes (setting max_item_mb)")
    return decode(data).removeprefix("\ufeff")


def _clean(name: str, value: Stated) -> Stated:
    if value is None or isinstance(value, PublicationDate):
        return value
    if isinstance(value, tuple):
        values = tuple(dict.fromkeys(map(clean_line, value)))
        if not all(values):
            raise EditError(f"one of the {name} is empty")
        return values
    found = _clean_text(name, value)
    if not found:
        raise EditError(_why(name, value))
    return found


def _clean_text(name: str, value: str) -> str | None:
    """The value, or nothing where it cannot be one."""
    if name == "url":
        return clean_url(value)
    if name == "language":
        return clean_language(value)
    text = clean_body(value) if name == "body" else clean_line(value)
    return text if name not in NEEDED or any(map(str.isalnum, text)) else None


def _why(name: str, value: str) -> str:
    match name:
        case "url":
            return f"{value[:200]!r} is no address of the web; it begins with https:// or http://"
        case "language":
            return f"{value[:200]!r} is no language code; write en, de or zh"
        case "title" | "body":
            return f"the {'text' if name == 'body' else name} has no letter and no digit"
        case _:
            return f"the {name} is empty; --no-{name} clears it"
