"""What is found, in the formats of other programs: every article of a search, in its order, a few at a time.

JSON lines are the lossless one: imported again they give the same articles. A spreadsheet takes some texts for
formulas, so cells of CSV are altered where they must be; the formats of reference managers have no place for the text.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from archive import bibliography, wire
from archive.types import Article

Writer = Callable[[Iterable[Article]], Iterator[str]]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format: the suffix of its files, its media type, and what gives a file in pieces."""

    suffix: str
    media_type: str
    write: Writer


def _csv(articles: Iterable[Article]) -> Iterator[str]:
    yield wire.csv_row(wire.COLUMNS)
    for article in articles:
        yield wire.csv_row(wire.row(article))


def _json(articles: Iterable[Article]) -> Iterator[str]:
    before = "["
    for article in articles:
        yield f"{before}\n{_record(article)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _jsonl(articles: Iterable[Article]) -> Iterator[str]:
    for article in articles:
        yield f"{_record(article)}\n"


def _record(article: Article) -> str:
    return json.dumps(wire.record(article), ensure_ascii=False)


FORMATS: Mapping[str, ExportFormat] = MappingProxyType(
    {
        "csv": ExportFormat("csv", "text/csv", _csv),
        "json": ExportFormat("json", "application/json", _json),
        "jsonl": ExportFormat("jsonl", "application/jsonl", _jsonl),
        "bibtex": ExportFormat("bib", "application/x-bibtex", bibliography.bibtex),
        "ris": ExportFormat("ris", "application/x-research-info-systems", bibliography.ris),
        "csl": ExportFormat("json", "application/vnd.citationstyles.csl+json", bibliography.csl),
    }
)
"""All formats, by the name that `archive export --format` takes."""


def pieces(format: ExportFormat, articles: Iterable[Article]) -> Iterator[bytes]:
    """A file in UTF-8, a piece for each article or so."""
    return (piece.encode() for piece in format.write(articles))


def write_file(path: Path, content: Iterable[bytes]) -> None:
    """Write a file as a whole or not at all: beside its place, then moved there. A device or pipe is written to.

    Raises OSError; then, as when the content cannot be had, what was there before is as it was.
    """
    path = path.resolve()  # a link stays one
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            stream.writelines(content)
        return
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as stream:
            stream.writelines(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink()
