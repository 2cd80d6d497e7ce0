"""What Whoosh's own writer writes a segment with, for any schema of Whoosh's; `written` says what is in the file."""

import json
from array import array
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from whoosh import columns, fields
from whoosh.codec import base
from whoosh.filedb.structfile import StructFile
from whoosh.util.numeric import length_to_byte

from index import dictionary
from index.dictionary import Strings
from index.schema import WordField
from index.segment import SegmentFileWriter
from index.written import WHOOSH, ListsWriter, UnwritableError

_PICKLED = (columns.PickleColumn, columns.CompressedBlockColumn)


def _to_json(field: str, value: object) -> object:
    """The value itself, where JSON gives it back as it is."""
    try:
        found = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise UnwritableError(f"{field} cannot be stored: {error}") from error
    if found != value:
        raise UnwritableError(f"{field} cannot be stored: JSON would make {found!r} of {value!r}")
    return value


class DocumentWriter(base.PerDocumentWriter):  # type: ignore[misc]  # Whoosh's types are not used
    """Writes what each document has for itself: lengths, columns, vectors and stored values."""

    def __init__(self, file: SegmentFileWriter) -> None:
        self.file = file
        self.is_closed = False
        self.unfinished = False
        self._count = 0
        self._stored: dict[str, object] = {}
        self._stored_ends = array("q", [0])
        self._lengths: dict[str, bytearray] = {}
        self._totals: dict[str, int] = {}
        self._columns: dict[str, tuple[BytesIO, columns.ColumnWriter]] = {}
        self._vectors: dict[str, tuple[dict[str, int], ListsWriter]] = {}

    def start_doc(self, docnum: int) -> None:
        """Begin a document; they are numbered from 0 on."""
        if self.unfinished:
            raise UnwritableError(f"document {self._count} was given up when it was half indexed: cancel this writer")
        if docnum != self._count:
            raise ValueError(f"document {docnum} where {self._count} is the next")
        self.unfinished = True

    def add_field(self, fieldname: str, fieldobj: fields.FieldType, value: object, length: int | None) -> None:  # noqa: ARG002  # Whoosh's signature
        """Take what a document stores in a field, and its length in it; raises UnwritableError."""
        if value is not None:
            self._stored[fieldname] = _to_json(fieldname, value)
        if length:
            lengths = self._lengths.setdefault(fieldname, bytearray())
            lengths.extend(bytes(self._count - len(lengths)))
            lengths.append(length_to_byte(length))
            self._totals[fieldname] = self._totals.get(fieldname, 0) + length

    def add_column_value(self, fieldname: str, columnobj: columns.Column, value: object) -> None:
        """Take a document's value in a column; raises UnwritableError."""
        if fieldname not in self._columns:
            if isinstance(columnobj, _PICKLED):
                raise UnwritableError(f"{fieldname} cannot be written: {type(columnobj).__name__} writes pickles")
            output = BytesIO()
            self._columns[fieldname] = output, columnobj.writer(StructFile(output))
        self._columns[fieldname][1].add(self._count, value)

    def add_vector_items(
        self, fieldname: str, fieldobj: fields.FieldType, items: Iterable[tuple[str, float, bytes]]
    ) -> None:
        """Take a document's terms with their weights and values; raises UnwritableError."""
        if fieldname not in self._vectors:
            self._vectors[fieldname] = {}, ListsWriter(fieldname, fieldobj.vector)
        numbers, lists = self._vectors[fieldname]
        _fill(lists, self._count)
        for text, weight, value in items:
            lists.add(numbers.setdefault(text, len(numbers)), weight, value)
        lists.finish()

    def finish_doc(self) -> None:
        """End the document."""
        text = json.dumps(self._stored, allow_nan=False).encode()
        self.file.append("stored", np.frombuffer(text, dtype=np.uint8))
        self._stored_ends.append(self._stored_ends[-1] + len(text))
        self._stored = {}
        self._count += 1
        self.unfinished = False

    def cancel_doc(self) -> None:
        """Leave the document unfinished: Whoosh posted words of it, and would give them to the next document."""

    def close(self) -> None:
        """Write what is left."""
        self.is_closed = True
        if self.unfinished:
            return
        self.file.append("stored.start", np.array(self._stored_ends, dtype="<i8"))
        for name, lengths in self._lengths.items():
            lengths.extend(bytes(self._count - len(lengths)))
            self.file.append(f"field.{name}.length", np.frombuffer(lengths, dtype=np.uint8))
        for name, (output, writer) in self._columns.items():
            writer.finish(self._count)
            self.file.append(f"column.{name}", np.frombuffer(output.getvalue(), dtype=np.uint8))
        for name, (numbers, lists) in self._vectors.items():
            _fill(lists, self._count)
            terms = sorted(numbers)
            names = np.empty(len(terms), dtype=np.int64)
            names[[numbers[term] for term in terms]] = np.arange(len(terms))
            dictionary.encode(Strings.join([term.encode() for term in terms]), self.file.sink(f"vector.{name}.terms"))
            lists.write(self.file, f"vector.{name}", names)
        about = {"fields": [], "lengths": self._totals, "columns": [*self._columns], "vectors": [*self._vectors]}
        self.file.about |= {"documents": self._count, WHOOSH: about}


def _fill(lists: ListsWriter, count: int) -> None:
    while len(lists) < count:
        lists.finish()


class TermWriter(base.FieldWriter):  # type: ignore[misc]
    """Writes the terms and postings of each field, which are in memory until the field ends, and then the file."""

    def __init__(self, documents: DocumentWriter, path: Path) -> None:
        self._documents, self._file, self._path = documents, documents.file, path
        self.is_closed = False

    def add_postings(self, schema: fields.Schema, lengths: object, items: Iterable[tuple[Any, ...]]) -> None:
        """Take all postings, sorted; raises UnwritableError where they are not of whole documents or of articles."""
        try:
            if self._documents.unfinished:
                raise UnwritableError("a document was given up when it was half indexed: cancel this writer")
            if any(isinstance(field, WordField) for _, field in schema.items()):
                raise UnwritableError(
                    "articles are written by index.documents.write_segment: text and its stems share lists"
                )
            super().add_postings(schema, lengths, items)
        except BaseException:
            self._file.discard()
            raise

    def start_field(self, fieldname: str, fieldobj: fields.FieldType) -> None:
        """Begin a field."""
        self._name, self._lists = fieldname, ListsWriter(fieldname, fieldobj.format)
        self._terms: list[bytes] = []

    def start_term(self, text: bytes) -> None:
        """Begin a term."""
        self._terms.append(text)

    def add(self, docnum: int, weight: float, vbytes: bytes, length: int) -> None:  # noqa: ARG002  # Whoosh's signature
        """Take a posting of the term."""
        self._lists.add(docnum, weight, vbytes)

    def finish_term(self) -> None:
        """End the term."""
        self._lists.finish()

    def finish_field(self) -> None:
        """Write the field."""
        dictionary.encode(Strings.join(self._terms), self._file.sink(f"field.{self._name}.terms"))
        self._lists.write(self._file, f"field.{self._name}")
        self._file.about[WHOOSH]["fields"].append(self._name)

    def close(self) -> None:
        """Write the file, and through to the disk; nothing where a document was not finished."""
        self.is_closed = True
        if self._documents.unfinished:
            self._file.discard()
        else:
            self._file.close(self._path)
