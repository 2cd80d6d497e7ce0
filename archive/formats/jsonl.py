"""JSON lines: one object a line; also a file that is one JSON object, or a list of them."""

import json
import re
from collections.abc import Iterator

from archive.errors import FormatError, UnreadableFileError
from archive.formats.file import Failed, InputFile
from archive.formats.record import to_article
from archive.types import NewArticle, Origin, Original

SUFFIXES = (".jsonl", ".ndjson", ".json")

MEDIA_TYPE = "application/json"

_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*(?:\"|\}|$)")


def looks_like(head: bytes) -> bool:
    """Whether it begins like an object, or a list of them."""
    return bool(_BEGINNING.match(head))


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article an object; an origin's part is the number of its line, or of its place in a list."""
    first = file.stream.readline(file.max_bytes + 1)
    if _is_record(first) or not first.strip():
        yield from _lines(file, first)
    else:
        yield from _document(file, first)


def _is_record(line: bytes) -> bool:
    """Whether a line is a whole object by itself."""
    if not line.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    try:
        json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return line.rstrip().endswith(b"}")  # a broken record among others
    return True


def _lines(file: InputFile, first: bytes) -> Iterator[NewArticle | Failed]:
    number, line = 1, first
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
