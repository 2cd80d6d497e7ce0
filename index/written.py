"""A segment that Whoosh's own writer wrote, for any schema of Whoosh's, as it is read; see `codec_writer`.

Its file has *lists*: of a term, the documents where it stands; of a document, the terms of its vector. An entry of a
list has a number, a weight and what the field's format says of it (positions, characters, boosts), as numbers: Whoosh's
bytes are pickles, which are made anew when they are asked for and never reach the file. The lengths of fields are
rounded to a byte each as Whoosh's own codec does, so that scores are the same; columns are as Whoosh's column types
write them; stored values are JSON.
"""

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh import columns, formats
from whoosh.filedb.structfile import BufferFile
from whoosh.system import pack_uint, unpack_uint
from whoosh.util.numeric import byte_to_length

from index.dictionary import Dictionary
from index.packing import Array
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

_LENGTHS = np.array([byte_to_length(byte) for byte in range(256)], dtype=np.int64)


class UnwritableError(TypeError):
    """Something cannot be written to a segment; the text names the field and the reason."""


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


class ListsWriter:
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
        bounds = self._entries.bounds
        numbers = self._numbers[bounds[at] - bounds[0] : bounds[at + 1] - bounds[0]]
        return _to_value(self._format, numbers.tolist())

    @cached_property
    def _numbers(self) -> Array:
        return self._entries.lists.values(int(self._entries.bounds[0]), int(self._entries.bounds[-1]))


class _Lists:
    """Lists in a segment file, by their number."""

    def __init__(self, file: SegmentFile, name: str) -> None:
        self._start, self._value_start = file[f"{name}.start"], file[f"{name}.value_start"]
        self._number, self._count = file.packed(f"{name}.number"), file.packed(f"{name}.count")
        self._weight = file[f"{name}.weight"]
        self._boosted: Array | None = file.get(f"{name}.boosted")
        self._file, self._name = file, name

    def length(self, at: int) -> int:
        """How many entries a list has."""
        return int(self._start[at + 1] - self._start[at])

    def read(self, at: int) -> Entries:
        """One list."""
        first, last = int(self._start[at]), int(self._start[at + 1])
        bounds = np.cumsum(np.append(self._value_start[at], self._count.slice(first, last)))
        return Entries(self._number.slice(first, last), self._weight[first:last], bounds, self)

    def values(self, first: int, last: int) -> Array:
        """The numbers that formats have, from one place to before another."""
        if self._boosted is not None:
            return self._boosted[first:last]
        return self._file.packed(f"{self._name}.value").slice(first, last)


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
