"""JSON lines: one object a line; also a file that is one JSON object, or a list of them."""

import json
import re
from collections.abc import Iterator

from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile
from archive.formats.record import to_article
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
    number, line = 1, file.stream.readline(file.max_bytes + 1)
    while line.isspace():
        number, line = number + 1, file.stream.readline(file.max_bytes + 1)
    if not line:
        raise NoTextError("the file is empty")
    if file.suffix not in _LINES_ONLY and len(line) <= file.max_bytes and _opens_document(line):
        yield from _document(file, line)
    else:
        yield from _lines(file, number, line)


def _opens_document(line: bytes) -> bool:
    """Whether a line is a list, or begins an object that goes on in the next line."""
    beginning = line.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if beginning != b"{":
        return beginning == b"["
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
            yield _record(line, origin)
        line = file.stream.readline(file.max_bytes + 1)
        number += 1


def _record(line: bytes, origin: Origin) -> NewArticle | Failed:
    try:
        return _article(_parse(line), origin, line.strip())
    except FormatError as error:
        return Failed(origin, str(error))


def _document(file: InputFile, first: bytes) -> Iterator[NewArticle | Failed]:
    data = first + file.whole()
    found = _parse(data)
    if not isinstance(found, list):
        yield _article(found, file.origin(), data)
        return
    if not found:
        raise NoTextError("it is an empty list")
    for number, each in enumerate(found, 1):
        origin = file.origin(str(number))
        try:
            yield _article(each, origin, json.dumps(each, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        except FormatError as error:
            yield Failed(origin, str(error))


def _parse(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"it is not UTF-8, as JSON must be (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"it is not valid JSON: {error}") from error


def _article(record: object, origin: Origin, data: bytes) -> NewArticle:
    if not isinstance(record, dict):
        raise UnreadableFileError(f"it is a JSON {type(record).__name__}, not an object")
    return to_article(record, origin, Original(data, MEDIA_TYPE))
