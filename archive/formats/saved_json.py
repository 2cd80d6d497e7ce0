"""JSON that read-later services and browsers export: wallabag, Omnivore, Readability, Pinboard, Delicious, Linkwarden,
El Curator, Firefox, Chrome. What counts as a text is told in `saved`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from archive.encoding import peek_text
from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.fragment import paragraphs
from archive.formats.json_list import parts
from archive.formats.jsonl import MEDIA_TYPE, dump, is_list, parse
from archive.formats.record import listed
from archive.formats.saved import NO_TEXT, to_item
from archive.types import NewArticle, Original

SUFFIXES = (".json",)

Entry = Mapping[str, object]
Reader = Callable[[Entry], Entry]
"""Makes a record with the names of `record.NAMES` of an entry."""

_BEGINNING = 1 << 16

_TOKENS = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"\s*(:?)|\Z)|[{}\[\]]', re.DOTALL)

_IN_OWN_FILE = (
    "no text: it is in a file of its own, in the folder content; import the export as the zip file that it was"
)
_NOT_FETCHED = "wallabag can't retrieve contents for this article"


def looks_like(head: bytes) -> bool:
    """Whether the names in its first object are those of one of these services."""
    text = peek_text(head)
    keys = _first_names(text)
    if text.lstrip("\ufeff \t\r\n").startswith("["):
        return _reader_of(keys) is not None
    return any(keys >= marks and inside in text for marks, inside, _ in _DOCUMENTS)


def read(file: InputFile) -> Iterator[NewArticle | Failed | Skipped]:
    """One item an entry; an origin's part is its number."""
    number = 0
    for number, (entry, to_record) in enumerate(_entries(file), 1):
        try:
            yield _item(file, number, entry, to_record)
        except FormatError as error:
            yield Failed(file.origin(str(number)), str(error))
    if not number:
        raise NoTextError("the export has no entries")


def around(entry: object) -> object:
    """A document in which an entry that was kept stands alone, as it stood in its export."""
    keys = set(entry) if isinstance(entry, dict) else set()
    if _reader_of(keys) is None and "article__title" in keys:
        return {"bookmarks": [entry]}
    if _reader_of(keys) is None and keys >= {"name", "url"}:
        return {"collections": [{"links": [entry]}]}
    return [entry]


def item(file: InputFile, number: int, entry: object) -> NewArticle | Failed | Skipped:
    """What an entry of a list is; raises FormatError where it is of no export that is known."""
    return _item(file, number, entry, _reader_of(entry) if isinstance(entry, dict) else None)


def _item(file: InputFile, number: int, entry: object, to_record: Reader | None) -> NewArticle | Failed | Skipped:
    if not to_record or not isinstance(entry, dict):
        fields = f"its fields are {listed(entry)}" if isinstance(entry, dict) else f"a JSON {type(entry).__name__}"
        raise UnreadableFileError(f"the entry is unlike those of the exports that the archive knows: {fields}")
    why = _IN_OWN_FILE if to_record is _omnivore and "content" not in entry else NO_TEXT
    return to_item(file, number, to_record(entry), Original(dump(entry), MEDIA_TYPE), why=why)


def _first_names(text: str) -> set[str]:
    """The names in the first object, as far as the text goes."""
    names: set[str] = set()
    depth, first = 0, 2 if text.lstrip("\ufeff \t\r\n").startswith("[") else 1
    for token in _TOKENS.finditer(text):
        if token[0] in "{[":
            depth += 1
        elif token[0] in "}]":
            depth -= 1
            if depth < first:
                break
        elif depth == first and token[2]:
            names.add(token[1])
    return names


# --- what a whole document holds --------------------------------------------------------------------------------------


def _entries(file: InputFile) -> Iterator[tuple[object, Reader | None]]:
    """Each entry and how it is read, if that is known; raises UnreadableFileError where it is none of these exports."""
    beginning = file.stream.read(_BEGINNING)
    if not beginning.strip():
        raise NoTextError("the file is empty")
    if is_list(beginning):
        for each, _ in parts(file.stream, file.max_bytes, beginning):
            yield each, _reader_of(each) if isinstance(each, dict) else None
        return
    found = parse(beginning + file.whole())
    document: Entry = found if isinstance(found, dict) else {}
    kind = next((kind for marks, _, kind in _DOCUMENTS if set(document) >= marks), None)
    if not kind:
        raise UnreadableFileError("it is of no export that the archive knows")
    yield from kind(document)


def _readability(found: Entry) -> Iterator[tuple[Entry, Reader]]:
    for each in _objects(found.get("bookmarks")):
        yield each, lambda entry: {"title": entry.get("article__title"), "url": entry.get("article__url")}


def _linkwarden(found: Entry) -> Iterator[tuple[Entry, Reader]]:
    for collection in _objects(found.get("collections")):
        for each in _objects(collection.get("links")):
            yield each, _linkwarden_entry


def _browser(found: Entry) -> Iterator[tuple[Entry, Reader]]:
    """The bookmarks in the folders of Firefox and Chrome, in the order in which they are shown."""
    roots = found.get("roots")
    waiting = _objects([*roots.values()] if isinstance(roots, dict) else [found])[::-1]
    while waiting:
        each = waiting.pop()
        waiting.extend(_objects(each.get("children"))[::-1])
        if each.get("uri") or each.get("url"):
            yield each, lambda entry: {
                "title": entry.get("title") or entry.get("name"), "url": entry.get("uri") or entry.get("url")
            }  # fmt: skip


_DOCUMENTS: tuple[tuple[set[str], str, Callable[[Entry], Iterator[tuple[Entry, Reader]]]], ...] = (
    ({"bookmarks"}, '"article__', _readability),
    ({"collections"}, '"links"', _linkwarden),
    ({"roots"}, '"bookmark_bar"', _browser),
    ({"guid", "type"}, '"text/x-moz-place-container"', _browser),
)
"""The names in a document, what stands in its beginning besides, and how its entries are found."""


def _objects(value: object) -> list[Entry]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


# --- what an entry holds ----------------------------------------------------------------------------------------------


def _wallabag(entry: Entry) -> Entry:
    content = _word(entry.get("content"))
    return {
        "title": entry.get("title"),
        "body": "" if _NOT_FETCHED in content and len(content) < 1_000 else paragraphs(content),
        "url": entry.get("url"),
        "authors": _known(entry.get("published_by")),
        "source": entry.get("domain_name"),
        "published": entry.get("published_at"),
        "language": entry.get("language"),
        "tags": _known(entry.get("tags")),
    }


def _omnivore(entry: Entry) -> Entry:
    """The text is in a file of its own; `omnivore` puts it into the entry."""
    return {
        "title": entry.get("title"),
        "body": paragraphs(_word(entry.get("content"))),
        "url": entry.get("url"),
        "authors": _word(entry.get("author")),
        "published": _word(entry.get("publishedAt")),
        "tags": _known(entry.get("labels")),
        "summary": _word(entry.get("description")),
    }


def _pinboard(entry: Entry) -> Entry:
    tags = _word(entry.get("tags")).split()
    return {"title": entry.get("description"), "url": entry.get("href"), "body": entry.get("extended"), "tags": tags}


def _noted(entry: Entry) -> Entry:
    """Delicious and El Curator: a description is what somebody wrote about the page."""
    return {
        "title": entry.get("title"), "url": entry.get("url"), "body": entry.get("description"),
        "tags": _known(entry.get("tags")),
    }  # fmt: skip


def _linkwarden_entry(entry: Entry) -> Entry:
    return {
        "title": entry.get("name"),
        "url": entry.get("url"),
        "body": entry.get("textContent") or entry.get("description"),
        "tags": _known(entry.get("tags")),
    }


_LISTS: tuple[tuple[set[str], Reader], ...] = (
    ({"is_archived", "is_starred"}, _wallabag),
    ({"is_read", "is_fav"}, _wallabag),
    ({"0", "1", "2", "3", "4", "5"}, _wallabag),  # its first version, whose texts come twice
    ({"slug", "readingProgress", "savedAt"}, _omnivore),
    ({"slug", "state", "readingProgress"}, _omnivore),
    ({"href", "description", "extended"}, _pinboard),
    ({"title", "url", "others", "owner"}, _noted),
    ({"title", "url", "is_saved"}, _noted),
)
"""The names in an entry of a list, and how it is read."""


def _reader_of(names: Iterable[str]) -> Reader | None:
    keys = set(names)
    return next((reader for marks, reader in _LISTS if keys >= marks), None)


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _known(value: object) -> object:
    """A list of words; tags that are objects have a label or a name."""
    if not isinstance(value, list):
        return _word(value)
    words = [(each.get("label") or each.get("name")) if isinstance(each, dict) else each for each in value]
    return list(filter(None, map(_word, words)))
