"""What files the archive reads. A new format is one module here and one line in `FORMATS`.

A format module has `SUFFIXES`, `looks_like(head)`, which tells the format by the first bytes of a file, and
`read(file)`, which yields a `NewArticle` for each article in it, a `Failed` for each part that cannot be read, and a
`Skipped` for each that is no article.
"""

from collections.abc import Iterator
from pathlib import PurePath
from types import ModuleType
from typing import Protocol, cast

from archive.errors import UnknownFormatError
from archive.formats import (
    factiva,
    html,
    jsonl,
    markdown,
    newsml,
    nexis,
    proquest,
    saved_csv,
    saved_html,
    saved_json,
    saved_xml,
    table,
    text,
)
from archive.formats.file import Failed, InputFile, Skipped
from archive.types import NewArticle

__all__ = ["FORMATS", "Failed", "Format", "InputFile", "Skipped", "detect"]


class Format(Protocol):
    """What a format module offers."""

    SUFFIXES: tuple[str, ...]

    def looks_like(self, head: bytes) -> bool:
        """Whether a file that begins so is of this format, whatever its name."""

    def read(self, file: InputFile) -> Iterator[NewArticle | Failed | Skipped]:
        """The articles of a file, one at a time; raises FormatError where the file as a whole cannot be read."""


def _format(module: ModuleType) -> Format:
    return cast(Format, module)


FORMATS: dict[str, Format] = {  # in the order in which a content is tried; where only a name tells, the last counts
    "saved-json": _format(saved_json),
    "saved-html": _format(saved_html),
    "saved-xml": _format(saved_xml),
    "saved-csv": _format(saved_csv),
    "jsonl": _format(jsonl),
    "html": _format(html),
    "newsml": _format(newsml),
    "csv": _format(table),
    "markdown": _format(markdown),
    "nexis": _format(nexis),
    "factiva": _format(factiva),
    "proquest": _format(proquest),
    "text": _format(text),
}

_BINARY = {
    b"%PDF": "PDF",
    b"PK\x03\x04": "a zip archive (or DOCX, ODT, EPUB)",
    b"{\\rtf": "RTF",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"WARC/": "a WARC file",
    b"\x89PNG": "a PNG image",
    b"GIF8": "a GIF image",
    b"\xff\xd8\xff": "a JPEG image",
    b"SQLite format 3": "an SQLite database",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ": "xz-compressed",
}


def detect(name: str, head: bytes, *, asked_for: bool) -> str:
    """The format of a file by its first bytes and its name; raises UnknownFormatError.

    A file that was named by the user (`asked_for`) is read as text where nothing speaks against it; one that was met in
    a folder only when its name says so.
    """
    for magic, what in _BINARY.items():
        if head.startswith(magic):
            raise UnknownFormatError(f"this is {what}, which the archive does not read yet")
    suffix = PurePath(name.removesuffix(".gz")).suffix.lower()
    for format_name, reader in FORMATS.items():
        if reader.looks_like(head) and (asked_for or suffix in (*reader.SUFFIXES, "")):
            return format_name
    for format_name, reader in reversed(FORMATS.items()):  # of those that share a suffix, the last is the general one
        if suffix in reader.SUFFIXES and not text.is_binary(head):
            return format_name
    if text.is_binary(head):
        raise UnknownFormatError("this is no text and of no format that the archive reads")
    if suffix and not asked_for:
        raise UnknownFormatError(f"files named {suffix} are not read (name the file itself to read it as text)")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<rss", b"<feed")):
        raise UnknownFormatError("this is XML of a kind that the archive does not read")
    return "text"
