"""Tables: CSV, TSV and their kin. The first row names the columns, and each row after it is an article."""

import re
from collections.abc import Iterator, Sequence

from archive.encoding import peek_text
from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile
from archive.formats.record import Mapped, field_of, key, listed, to_article
from archive.formats.rows import Row, header_of, read_rows
from archive.types import NewArticle, Original

SUFFIXES = (".csv", ".tsv", ".tab")

MEDIA_TYPE = "text/csv"

_MAX_COLUMNS = 20_000

_NAME = re.compile(r"[\w .:/()#-]{1,60}")


def looks_like(head: bytes) -> bool:
    """Whether its first row names a text and something else that an article has, and the next one has columns too."""
    names = [name for name in header_of(head) if name]
    fields = {field_of(name) for name in names} - {None}
    if "body" not in fields or len(fields) < 2 or not all(map(_NAME.fullmatch, names)):
        return False
    lines = [line for line in peek_text(head).splitlines() if line.strip()]
    return len(lines) > 1 and not re.match(r"\s*\|", lines[0]) and any(each in lines[1] for each in ",;\t|")


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article a row; an origin's part is the number of the row, as a spreadsheet counts."""
    rows = read_rows(file)
    header = next(rows, None)
    if not header:
        raise NoTextError("the file is empty")
    columns = [name.strip() for name in header.cells]
    _check(columns, file.mapping)
    row = None
    for row in rows:
        try:
            yield _article(row, columns, header.text, file)
        except FormatError as error:
            yield Failed(file.origin(str(row.number)), str(error))
    if row is None:
        raise NoTextError("it has a row that names the columns, and no other")


def _check(columns: Sequence[str], mapping: Mapped) -> None:
    """Raises UnreadableFileError where the columns are not those of articles, or not those that the user named."""
    if not any(columns) or len(columns) > _MAX_COLUMNS:
        raise UnreadableFileError("its first row, which must name the columns, does not")
    keys = set(map(key, columns))
    for name in (name for names in mapping.values() for name in names):
        if key(name) not in keys:
            raise UnreadableFileError(f"it has no column {name!r}; its columns are {listed(columns)}")
    if not ({"title", "body"} & set(mapping) or any(field_of(name) == "body" for name in columns)):
        titled = "" if any(field_of(name) == "title" for name in columns) else " --map title=COLUMN"
        raise UnreadableFileError(
            f"none of its columns is known as the text of an article; they are {listed(columns)}. "
            f"Tell which is which with --map body=COLUMN{titled}; the first row must name the columns"
        )


def _article(row: Row, columns: Sequence[str], header: str, file: InputFile) -> NewArticle:
    if row.fault:
        raise UnreadableFileError(row.fault)
    if any(cell.strip() for cell in row.cells[len(columns) :]):
        raise UnreadableFileError(
            f"the row has {len(row.cells)} cells and the first row names {len(columns)} columns; "
            "a cell that holds the character that parts cells must be in quotes"
        )
    record: dict[str, object] = {}
    for name, cell in zip(columns, row.cells, strict=False):
        if name and not record.get(name):
            record[name] = cell
    for name in columns:
        record.setdefault(name, "")
    original = Original(f"{header.rstrip()}\n{row.text}".encode("utf-8", "surrogatepass"), MEDIA_TYPE)
    return to_article(record, file.origin(str(row.number)), original, file.mapping, may_be_html=True)
