"""Segments that Whoosh's own writer writes, for any schema of Whoosh's, and how they are read.

Their file has *lists*: of a term, the documents where it stands; of a document, the terms of its vector. An entry of a
list has a number, a weight and what the field's format says of it (positions, characters, boosts), as numbers: Whoosh's
bytes are pickles, which are made anew when they are asked for and never reach the file. The lengths of fields are rounded
to a byte each as Whoosh's own codec does, so that scores are the same; columns are as Whoosh's column types write them;
stored values are JSON.
"""

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh import columns, fields, formats
from whoosh.codec import base
from whoosh.filedb.structfile import BufferFile, StructFile
from whoosh.system import pack_uint, unpack_uint
from whoosh.util.numeric import byte_to_length, length_to_byte

from index import dictionary
from index.dictionary import Dictionary, Strings
from index.packing import Array
from index.schema import WordField
from index.segment import SegmentFile, SegmentFileWriter

WHOOSH = "whoosh"
"""What a file of this kind has in `about`: the names of its fields, columns and vectors."""

_FORMATS = {
    formats.Existence: ("", 0),
    formats.Frequency: ("frequency", 0),
    formats.Positions: ("positions", 1),
    formats.Characters: ("characters", 3),
    formats.PositionBoosts: ("position_boosts", 2),
    formats.CharacterBoosts: ("character_boosts", 4),
}
"""What an entry has in each format, as Whoosh calls it, and of how many numbers an occurrence is; boosts are last."""

_PICKLED = (columns.PickleColumn, columns.CompressedBlockColumn)
_LENGTHS = np.array([byte_to_length(byte) for byte in range(256)], dtype=np.int64)


class UnwritableError(TypeError):
    """Something cannot be written to a segment; the text names the field and the reason."""


# -- lists


def _to_numbers(format_: formats.Format, value: bytes) -> Iterable[float]:
    name, width = _FORMATS[type(format_)]
    if not (name and value):
        return ()
    if name == "frequency":  # as all formats begin; what Whoosh posts to a spelling field is in another field's format
        return (unpack_uint(value[:4])[0],)
    found: Iterable[Any] = format_.decode_as(name, value)
    return found if width == 1 else chain.from_iterable(found)


def _to_value(format_: formats.Format, numbers: list[float]) -> bytes:
    name, width = _FORMATS[type(format_)]
    if not name:
        return b""
    if name == "frequency":
        return bytes(pack_uint(sum(numbers)))
    rows: list[Any] = numbers if width == 1 else list(zip(*[iter(numbers)] * width, strict=True))
    if name.endswith("boosts"):
        rows = [(*map(int, row[:-1]), row[-1]) for row in rows]
    value = format_.encode(rows)
    return bytes(value[0] if isinstance(value, tuple) else value)  # CharacterBoosts gives the weight as well


class _ListsWriter:
    """Takes lists one after the other."""

    def __init__(self, field: str, format_: formats.Format) -> None:
        if type(format_) not in _FORMATS:
            raise UnwritableError(
                f"{field} cannot be written: {type(format_).__name__} is not a format of Whoosh's own"
            )
        self._format = format_
        self._boosted = _FORMATS[type(format_)][0].endswith("boosts")
        self._numbers, self._weights, self._counts = array("I"), array("f"), array("I")
        self._values = array("d" if self._boosted else "I")
        self._starts, self._value_starts = array("q", [0]), array("q", [0])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def add(self, number: int, weight: float, value: bytes) -> None:
        """Add an entry to the list."""
        before = len(self._values)
        self._values.extend(_to_numbers(self._format, value))  # type: ignore[arg-type]  # whole ones where it takes those
        self._numbers.append(number)
        self._weights.append(weight)
        self._counts.append(len(self._values) - before)

    def finish(self) -> None:
        """End the list; the next begins."""
        self._starts.append(len(self._numbers))
        self._value_starts.append(len(self._values))

    def write(self, file: SegmentFileWriter, name: str, names: NDArray[np.int64] | None = None) -> None:
        """Write all lists; `names` says by what to replace the numbers."""
        numbers = np.array(self._numbers)
        file.append(f"{name}.start", np.array(self._starts, dtype="<i8"))
        file.append(f"{name}.value_start", np.array(self._value_starts, dtype="<i8"))
        file.pack(f"{name}.number", numbers if names is None else names[numbers])
        file.append(f"{name}.weight", np.array(self._weights, dtype="<f4"))
        file.pack(f"{name}.count", np.array(self._counts))
        if self._boosted:
            file.append(f"{name}.boosted", np.array(self._values, dtype="<f8"))
        else:
            file.pack(f"{name}.value", np.array(self._values))


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """A list: documents or terms by number, and the weight of each."""

    documents: NDArray[np.int32]
    weights: NDArray[np.float32]
    bounds: NDArray[np.int64]
    lists: "_Lists"

    def values(self, format_: formats.Format) -> Sequence[bytes]:
        """What the format says of each entry, encoded when it is asked for."""
        return _Values(self, format_)


class _Values(Sequence[bytes]):
    def __init__(self, entries: Entries, format_: formats.Format) -> None:
        self._entries, self._format = entries, format_

    def __len__(self) -> int:
        return len(self._entries.documents)

    def __getitem__(self, at: int) -> bytes:  # type: ignore[override]  # no slices
        first, last = self._entries.bounds[at], self._entries.bounds[at + 1]
        return _to_value(self._format, self._entries.lists.values(int(first), int(last)))


class _Lists:
    """Lists in a segment file, by their number."""

    def __init__(self, file: SegmentFile, name: str) -> None:
        self._start, self._value_start = file[f"{name}.start"], file[f"{name}.value_start"]
        self._number, self._count = file.packed(f"{name}.number"), file.packed(f"{name}.count")
        self._weight = file[f"{name}.weight"]
        self._boosted: Array | None = file.get(f"{name}.boosted")
        self._value = file.packed(f"{name}.value") if self._boosted is None else None

    def length(self, at: int) -> int:
        """How many entries a list has."""
        return int(self._start[at + 1] - self._start[at])

    def read(self, at: int) -> Entries:
        """One list."""
        first, last = int(self._start[at]), int(self._start[at + 1])
        bounds = np.cumsum(np.append(self._value_start[at], self._count.slice(first, last)))
        return Entries(self._number.slice(first, last), self._weight[first:last], bounds, self)

    def values(self, first: int, last: int) -> list[float]:
        """The numbers that formats have, from one place to before another."""
        found = self._boosted[first:last] if self._value is None else self._value.slice(first, last)  # type: ignore[index]
        return list(found.tolist())


# -- writing


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
        self._vectors: dict[str, tuple[dict[str, int], _ListsWriter]] = {}

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
            self._vectors[fieldname] = {}, _ListsWriter(fieldname, fieldobj.vector)
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


def _fill(lists: _ListsWriter, count: int) -> None:
    while len(lists) < count:
        lists.finish()


class TermWriter(base.FieldWriter):  # type: ignore[misc]
    """Writes the terms of each field with their postings, and then the file; a field's postings are in memory till then."""

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
        self._name, self._lists = fieldname, _ListsWriter(fieldname, fieldobj.format)
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


# -- reading


class WrittenField:
    """A field of a segment that Whoosh's writer wrote."""

    def __init__(self, segment: "WrittenSegment", name: str) -> None:
        self.name = name
        self._segment = segment
        self.total = int(segment.about["lengths"].get(name, 0))

    @cached_property
    def _terms(self) -> Dictionary:
        return Dictionary(self._segment.file, f"field.{self.name}.terms")

    @cached_property
    def _lists(self) -> _Lists:
        return _Lists(self._segment.file, f"field.{self.name}")

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """How many words each document has in it, rounded as Whoosh does; 0 where they are not counted."""
        found = self._segment.file.get(f"field.{self.name}.length")
        return np.zeros(self._segment.count, dtype=np.int64) if found is None else _LENGTHS[found]

    def read(self, text: bytes) -> Entries | None:
        """Where a term stands."""
        number = self._terms.find(text)
        return None if number < 0 else self._lists.read(number)

    def frequency(self, text: bytes) -> int:
        """In how many documents it stands."""
        number = self._terms.find(text)
        return 0 if number < 0 else self._lists.length(number)

    def terms_from(self, first: bytes) -> Iterator[bytes]:
        """The terms from one on, sorted."""
        return self._terms.iterate(self._terms.position(first))


class WrittenSegment:
    """The content of a segment file that Whoosh's writer wrote. It never changes."""

    def __init__(self, file: SegmentFile) -> None:
        self.file = file
        self.count = int(file.about["documents"])
        self.about: dict[str, Any] = file.about[WHOOSH]
        self._views: dict[str, WrittenField] = {}
        self._vectors: dict[str, tuple[Dictionary, _Lists]] = {}

    def view(self, name: str) -> WrittenField:
        """A field."""
        if name not in self._views:
            self._views[name] = WrittenField(self, name)
        return self._views[name]

    def column(self, name: str, column: columns.Column) -> columns.ColumnReader:
        """What reads a column."""
        found = self.file[f"column.{name}"]
        return column.reader(BufferFile(memoryview(found)), 0, len(found), self.count)  # type: ignore[arg-type]

    def stored(self, document: int) -> dict[str, object]:
        """What a document has stored."""
        first, last = self.file["stored.start"][document : document + 2]
        found: dict[str, object] = json.loads(self.file["stored"][first:last].tobytes())
        return found

    def vector(self, document: int, name: str) -> tuple[list[str], Entries] | None:
        """The terms of a document, and what is known of each; None where it has none."""
        if name not in self.about["vectors"]:
            return None
        if name not in self._vectors:
            self._vectors[name] = Dictionary(self.file, f"vector.{name}.terms"), _Lists(self.file, f"vector.{name}")
        terms, lists = self._vectors[name]
        if not lists.length(document):
            return None
        entries = lists.read(document)
        return [terms[number].decode() for number in entries.documents.tolist()], entries
