"""JSON lines: one object a line; also a file that is one JSON object, or a list of them."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile
from archive.formats.json_list import parts
from archive.formats.record import Mapped, field_of, is_text, listed, to_article, values_at
from archive.types import NewArticle, Origin, Original

_LINES_ONLY = (".jsonl", ".ndjson")

SUFFIXES = (*_LINES_ONLY, ".json")

MEDIA_TYPE = "application/json"

_MAX_ENVELOPES = 3
"""Objects around the list of a document: `{"response": {"results": [...]}}` has two."""

_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*(?:\"|\}|$)")


def looks_like(head: bytes) -> bool:
    """Whether it begins like an object, or a list of them."""
    return bool(_BEGINNING.match(head))


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article an object; an origin's part is the number of its line, or of its place in a list."""
    number, line = file.first_line, file.stream.readline(file.max_bytes + 1)
    while line.isspace():
        number, line = number + 1, file.stream.readline(file.max_bytes + 1)
    if not line:
        if file.first_line > 1:
            return  # the rest of a file is blank
        raise NoTextError("the file is empty")
    if file.suffix not in _LINES_ONLY and (is_list(line) or (len(line) <= file.max_bytes and _opens_document(line))):
        yield from _document(file, line)
    else:
        yield from _lines(file, number, line)


def _opens_document(line: bytes) -> bool:
    """Whether a line begins an object that goes on in the next line."""
    if not line.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    try:
        json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return not line.rstrip().endswith(b"}")  # with it, it is a broken record among others
    return False


def _lines(file: InputFile, number: int, line: bytes) -> Iterator[NewArticle | Failed]:
    while line:
        origin = file.origin(str(number))
        if len(line) > file.max_bytes:
            yield Failed(origin, f"the line has more than {file.max_bytes:,} bytes (setting max_item_mb)")
            while line and not line.endswith(b"\n"):
                line = file.stream.readline(1 << 20)
        elif line.strip():
            yield from _record(line, number, file)
        line = file.stream.readline(file.max_bytes + 1)
        number += 1


def _record(line: bytes, number: int, file: InputFile) -> Iterator[NewArticle | Failed]:
    origin = file.origin(str(number))
    try:
        record = parse(line)
        is_line = number > 1 or file.suffix in _LINES_ONLY
        if inside := _inside(record, file.mapping, is_line=is_line):
            yield from _listed(inside, file, f"{number}." if is_line else "")
        else:
            yield _article(record, origin, line.strip(), file)
    except FormatError as error:
        yield Failed(origin, str(error))


def _document(file: InputFile, first: bytes) -> Iterator[NewArticle | Failed]:
    if not is_list(first):
        data = first + file.whole()
        record = parse(data)
        if inside := _inside(record, file.mapping):
            yield from _listed(inside, file)
        else:
            yield _article(record, file.origin(), data, file)
        return
    number = 0
    for number, (each, text) in enumerate(parts(file.stream, file.max_bytes, first), 1):
        origin = file.origin(str(number))
        try:
            yield _article(each, origin, text.encode("utf-8", "surrogatepass"), file)
        except FormatError as error:
            yield Failed(origin, str(error))
    if not number:
        raise NoTextError("it is an empty list")


def _listed(records: Iterable[object], file: InputFile, before: str = "") -> Iterator[NewArticle | Failed]:
    """An article each, whose part of the file is its number."""
    for number, record in enumerate(records, 1):
        origin = file.origin(f"{before}{number}")
        try:
            yield _article(record, origin, dump(record), file)
        except FormatError as error:
            yield Failed(origin, str(error))


def _inside(document: object, mapping: Mapped, *, is_line: bool = False) -> list[object]:
    """The records of the lists that an object is there for, as news services answer; none where it is an article.

    They are in all lists with a record among those that are nearest to the top. An object without a text that has a
    title is an article where it is a line, and what it has a list of are its comments.
    """
    if not isinstance(document, dict) or _has_text(document, mapping):
        return []
    is_titled = _has(document, "title")
    if is_titled and is_line:
        return []
    for lists in _lists_in(document):
        found = _together(lists, lambda each: _has_text(each, mapping))
        if not found and not is_titled:
            found = _together(lists, lambda each: _has(each, "title", "url"))
        if found:
            return found
    return []


def _together(lists: list[list[object]], is_record: Callable[[object], bool]) -> list[object]:
    return [each for found in lists if any(map(is_record, found)) for each in found]


def _lists_in(document: dict[str, object]) -> Iterator[list[list[object]]]:
    """The lists in an object, in the objects in it, and in those in these."""
    level: list[dict[str, object]] = [document]
    for _ in range(_MAX_ENVELOPES):
        values = [value for each in level for value in each.values()]
        lists = [value for value in values if isinstance(value, list)]
        yield lists
        level = [value for value in chain(values, *lists) if isinstance(value, dict)]


def _has_text(record: object, mapping: Mapped) -> bool:
    """Whether it is an object with the text of an article, where that is looked for or where the user says it is."""
    if not isinstance(record, dict):
        return False
    if any(values_at(record, name) for field in ("body", "title") for name in mapping.get(field, ())):
        return True
    return any(field_of(name) == "body" and is_text(value) for name, value in record.items())


def _has(record: object, *fields: str) -> bool:
    """Whether it is an object with a value for each of these fields."""
    return isinstance(record, dict) and {field_of(name) for name, value in record.items() if value}.issuperset(fields)


def is_list(beginning: bytes) -> bool:
    """Whether a document that begins so is a list."""
    return beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def dump(value: object) -> bytes:
    """A part of a document, as it could have stood in a file of its own; raises UnreadableFileError."""
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except RecursionError as error:
        raise UnreadableFileError("it is nested too deeply") from error


def parse(data: bytes) -> object:
    """What the bytes say; raises UnreadableFileError where they are no JSON."""
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"it is not UTF-8, as JSON must be (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"it is not valid JSON: {error}") from error


def _article(record: object, origin: Origin, data: bytes, file: InputFile) -> NewArticle:
    if not isinstance(record, dict):
        raise UnreadableFileError(f"it is a JSON {type(record).__name__}, not an object")
    article = to_article(record, origin, Original(data, MEDIA_TYPE), file.mapping, may_be_html=True)
    if not article.title.strip() and not article.body.strip():
        raise NoTextError(f"it has no text{_told(record)}")
    return article


def _told(record: dict[str, object]) -> str:
    """What to do about a record of which nothing is known."""
    if not record or any(field_of(name) in ("title", "body") for name in record):
        return ""
    found = [each for lists in _lists_in(record) for each in lists if any(isinstance(part, dict) for part in each)]
    inner = next((part for part in max(found, key=len, default=[]) if isinstance(part, dict)), None)
    fields = f"those in the list that it has are {listed(inner)}" if inner else f"its fields are {listed(record)}"
    return f"; {fields}. Tell which is which with --map body=NAME --map title=NAME"
