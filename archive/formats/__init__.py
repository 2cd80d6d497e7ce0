"""What files the archive reads. A new format is one module here and one line in `FORMATS`.

A format module has `SUFFIXES`, `looks_like(head)`, which tells the format by the first bytes of a file, and
`read(file)`, which yields a `NewArticle` for each article in it, a `Failed` for each part that cannot be read, a
`Skipped` for each that is no article, and an `InputFile` for each file inside it, which is read like any other.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Protocol, cast

from archive.errors import UnknownFormatError
from archive.formats import (
    docx,
    epub,
    factiva,
    feed,
    html,
    jsonfeed,
    jsonl,
    mail,
    markdown,
    mbox,
    mhtml,
    newsml,
    nexis,
    odt,
    pdf,
    proquest,
    rtf,
    saved_csv,
    saved_html,
    saved_json,
    saved_xml,
    table,
    tar,
    text,
    warc,
    zip,  # noqa: A004  # a format's module has its name
)
from archive.formats.file import UNKNOWN, Failed, InputFile, Skipped, suffix
from archive.types import NewArticle

__all__ = ["FORMATS", "UNKNOWN", "Failed", "Format", "Found", "InputFile", "Skipped", "detect"]

Found = NewArticle | Failed | Skipped | InputFile


class Format(Protocol):
    """What a format module offers."""

    SUFFIXES: tuple[str, ...]

    def looks_like(self, head: bytes) -> bool:
        """Whether a file that begins so is of this format, whatever its name."""

    def read(self, file: InputFile) -> Iterator[Found]:
        """The articles of a file, one at a time; raises FormatError where the file as a whole cannot be read."""


def _format(module: ModuleType) -> Format:
    return cast(Format, module)


FORMATS: dict[str, Format] = {  # in the order in which a content is tried; where only a name tells, the last counts
    "pdf": _format(pdf),
    "docx": _format(docx),
    "odt": _format(odt),
    "rtf": _format(rtf),
    "epub": _format(epub),
    "zip": _format(zip),
    "tar": _format(tar),
    "warc": _format(warc),
    "feed": _format(feed),
    "jsonfeed": _format(jsonfeed),
    "mhtml": _format(mhtml),
    "mbox": _format(mbox),
    "mail": _format(mail),
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

_BY_CONTENT = ("pdf", "docx", "odt", "rtf", "epub")
"""These begin with a mark that nothing else has: they are what they are, whatever their name."""

_PACKAGES = ("docx", "odt", "epub")
"""These are zip archives, of which the first bytes do not always tell what they hold."""

_ZIP = b"PK\x03\x04"

_BINARY = {
    _ZIP: "a zip archive of a kind",
    b"\xd0\xcf\x11\xe0": "an Office document of the old kind, or one with a password",
    b"\x89PNG": "a PNG image",
    b"GIF8": "a GIF image",
    b"\xff\xd8\xff": "a JPEG image",
    b"SQLite format 3": "an SQLite database",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
    b"\x1f\x8b": "compressed twice",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
}


_INSTEAD = {
    ".doc": "save it as DOCX",
    ".dot": "save it as DOCX",
    ".wpd": "save it as DOCX",
    ".pages": "save it as DOCX",
    ".xls": "save it as CSV",
    ".xlsx": "save it as CSV",
    ".ods": "save it as CSV",
    ".numbers": "save it as CSV",
    ".ppt": "save it as PDF",
    ".pptx": "save it as PDF",
    ".odp": "save it as PDF",
    ".key": "save it as PDF",
    ".djvu": "convert it to PDF, with its text",
    ".mobi": "convert it to EPUB",
    ".azw": "convert it to EPUB",
    ".azw3": "convert it to EPUB",
    ".fb2": "convert it to EPUB",
    ".msg": "save it as EML",
    ".pst": "save its messages as EML or MBOX",
    ".rar": "unpack it",
    ".7z": "unpack it",
}
"""What to do with files of formats that are not read."""


def detect(name: str, head: bytes, *, asked_for: bool) -> str:
    """The format of a file by its first bytes and its name; raises UnknownFormatError.

    A file that was named by the user (`asked_for`) is read as text where nothing speaks against it; one that was met in
    a folder only when its name says so.
    """
    ending = suffix(name)
    found = _by_content(ending, head, asked_for=asked_for)
    if found and not (found == "zip" and ending in _INSTEAD):
        return found
    instead = f"; {_INSTEAD[ending]}" if ending in _INSTEAD else ""
    for magic, what in _BINARY.items():
        if head.startswith(magic):
            raise UnknownFormatError(f"this is {what}, which the archive does not read yet{instead}")
    for format_name, reader in reversed(FORMATS.items()):  # of those that share a suffix, the last is the general one
        if ending in reader.SUFFIXES and not text.is_binary(head):
            return format_name
    if text.is_binary(head):
        raise UnknownFormatError(f"this is no text and of no format that the archive reads{instead}")
    if ending and not asked_for:
        raise UnknownFormatError(f"files named {ending} are not read, unless they are named themselves")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml"):
        raise UnknownFormatError("this is XML of no kind that the archive reads")
    return "text"


def _by_content(ending: str, head: bytes, *, asked_for: bool) -> str | None:
    """The format that a content looks like, where the name agrees."""
    certain = next((name for name in _BY_CONTENT if FORMATS[name].looks_like(head)), None)
    if certain is None and head.startswith(_ZIP):
        certain = next((name for name in _PACKAGES if ending in FORMATS[name].SUFFIXES), None)
    if certain:
        return certain
    likely = (name for name, reader in FORMATS.items() if reader.looks_like(head))
    return next((name for name in likely if asked_for or ending in (*FORMATS[name].SUFFIXES, "")), None)
