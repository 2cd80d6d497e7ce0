"""Tables that read-later services export: Pocket, Instapaper, wallabag, Readwise. What counts as a text
is told in `saved`.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from archive.errors import NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.fragment import paragraphs
from archive.formats.record import key, listed
from archive.formats.rows import Row, header_of, read_rows
from archive.formats.saved import to_item
from archive.formats.table import MEDIA_TYPE
from archive.types import NewArticle, Original

SUFFIXES = (".csv",)

Cells = Mapping[str, str]


def looks_like(head: bytes) -> bool:
    """Whether its columns are those of one of these services."""
    return _kind_of(header_of(head)) is not None


def read(file: InputFile) -> Iterator[NewArticle | Failed | Skipped]:
    """One item a row, or for the highlights of one text, which follow each other; an origin's part is its first row."""
    rows = read_rows(file)
    header = next(rows, None)
    if not header:
        raise NoTextError("the file is empty")
    kind = _kind_of(header.cells)
    if not kind:
        raise UnreadableFileError(f"its columns are of no export that the archive knows: {listed(header.cells)}")
    group: list[tuple[Row, Cells]] = []
    for group in _groups(rows, list(map(key, header.cells)), file.max_bytes, highlights=kind is _readwise):
        first = group[0][0]
        if first.fault:
            yield Failed(file.origin(str(first.number)), first.fault)
            continue
        text = f"{header.text.rstrip()}\n" + "".join(row.text for row, _ in group)
        original = Original(text.encode("utf-8", "surrogatepass"), MEDIA_TYPE)
        yield to_item(file, first.number, kind([cells for _, cells in group]), original)
    if not group:
        raise NoTextError("the export has no entries")


def _groups(
    rows: Iterator[Row], columns: list[str], limit: int, *, highlights: bool
) -> Iterator[list[tuple[Row, Cells]]]:
    """Rows that make one item: each by itself, or the highlights of one text, as long as they are not too long."""
    group: list[tuple[Row, Cells]] = []
    size = 0
    for row in rows:
        cells = dict(zip(columns, row.cells, strict=False))
        before = group[-1][1] if group else {}
        same = highlights and cells and all(cells.get(name) == before.get(name) for name in ("booktitle", "bookauthor"))
        if group and (not same or size + len(row.text) > limit):
            yield group
            group, size = [], 0
        group.append((row, cells))
        size += len(row.text)
    if group:
        yield group


def _kind_of(header: tuple[str, ...]) -> Callable[[list[Cells]], dict[str, object]] | None:
    columns = set(map(key, header))
    return next((kind for marks, kind in _KINDS if columns >= set(marks.split())), None)


def _pocket(rows: list[Cells]) -> dict[str, object]:
    """Pocket and Readwise Reader, which name pages only."""
    return {"title": rows[0].get("title"), "url": rows[0].get("url")}


def _instapaper(rows: list[Cells]) -> dict[str, object]:
    (row,) = rows
    tags = re.findall(r'"([^"]+)"', row.get("tags", ""))
    return {"title": row.get("title"), "url": row.get("url"), "body": row.get("selection"), "tags": tags}


def _wallabag(rows: list[Cells]) -> dict[str, object]:
    (row,) = rows
    return {
        "title": row.get("title"), "url": row.get("url"), "body": paragraphs(row.get("content", "")),
        "tags": row.get("tags"), "language": row.get("language"),
    }  # fmt: skip


def _readwise(rows: list[Cells]) -> dict[str, object]:
    """The highlights of a text and the notes on them, one paragraph each."""
    marked = [row.get(name, "") for row in rows for name in ("highlight", "note")]
    tags = [tag for row in rows for name in ("documenttags", "tags") for tag in row.get(name, "").split(",")]
    return {
        "title": rows[0].get("booktitle"), "authors": rows[0].get("bookauthor"), "tags": tags,
        "body": "\n\n".join(" ".join(text.split()) for text in marked if text.strip()),
    }  # fmt: skip


_KINDS = (
    ("title url timeadded tags status", _pocket),
    ("title url id documenttags saveddate readingprogress", _pocket),
    ("url title selection folder", _instapaper),
    ("title url content tags mimetype language creationdate", _wallabag),
    ("highlight booktitle bookauthor", _readwise),
)
"""The columns of each kind of table, and how its rows are read."""
