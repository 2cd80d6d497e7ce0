"""JSON lines: one object a line; also a file that is one JSON object, or a list of them."""

import json
import re
from collections.abc import Iterator

from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile
from archive.formats.json_list import parts
from archive.formats.record import field_of, listed, to_article
from archive.types import NewArticle, Origin, Original

_LINES_ONLY = (".jsonl", ".ndjson")

SUFFIXES = (*_LINES_ONLY, ".json")

MEDIA_TYPE = "application/json"

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
            yield _record(line, origin, file)
        line = file.stream.readline(file.max_bytes + 1)
        number += 1


def _record(line: bytes, origin: Origin, file: InputFile) -> NewArticle | Failed:
    try:
        return _article(parse(line), origin, line.strip(), file)
    except FormatError as error:
        return Failed(origin, str(error))


def _document(file: InputFile, first: bytes) -> Iterator[NewArticle | Failed]:
    if not is_list(first):
        data = first + file.whole()
        yield _article(parse(data), file.origin(), data, file)
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
    article = to_article(record, origin, Original(data, MEDIA_TYPE), file.mapping)
    if not article.title.strip() and not article.body.strip():
        raise NoTextError(f"it has no text{_told(record)}")
    return article


def _told(record: dict[str, object]) -> str:
    """What to do about a record of which nothing is known."""
    if not record or any(field_of(name) in ("title", "body") for name in record):
        return ""
    return f"; its fields are {listed(record)}. Tell which is which with --map body=NAME --map title=NAME"
