"""XML that read-later services export: wallabag, and Pinboard with whatever copied its API from Delicious."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from archive.encoding import peek_text
from archive.errors import NoTextError
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.fragment import paragraphs
from archive.formats.saved import to_item
from archive.formats.xmltext import elements, name_of, root_of, text_of
from archive.types import NewArticle, Original

if TYPE_CHECKING:
    from lxml.etree import _Element

SUFFIXES = (".xml",)

MEDIA_TYPE = "application/xml"


def looks_like(head: bytes) -> bool:
    """Whether it is a list of posts, or the result of wallabag."""
    text = peek_text(head)
    root = root_of(text)
    return (root == "posts" and "<post " in text) or (
        root == "result" and "<entry>" in text and "<is_archived>" in text
    )


def read(file: InputFile) -> Iterator[NewArticle | Failed | Skipped]:
    """One item an entry; an origin's part is its number."""
    from lxml import etree

    number = 0
    for number, element in enumerate(elements(file, ("post", "entry")), 1):
        entry = _post(element) if name_of(element) == "post" else _entry(element)
        original = Original(etree.tostring(element, encoding="utf-8", with_tail=False), MEDIA_TYPE)
        yield to_item(file, number, entry, original)
    if not number:
        raise NoTextError("the export has no entries")


def _post(post: "_Element") -> dict[str, object]:
    tags = post.get("tag", "").split()
    return {"title": post.get("description"), "url": post.get("href"), "body": post.get("extended"), "tags": tags}


def _entry(entry: "_Element") -> dict[str, object]:
    values = {name_of(each): each for each in entry}
    tags = values.get("tags")
    return {
        "title": text_of(values.get("title")),
        "body": paragraphs("".join(map(str, values["content"].itertext()))) if "content" in values else "",
        "url": text_of(values.get("url")),
        "authors": text_of(values.get("published_by")),
        "source": text_of(values.get("domain_name")),
        "published": text_of(values.get("published_at")),
        "language": text_of(values.get("language")),
        "tags": list(map(text_of, tags)) if tags is not None else [],
    }
