"""Whoosh's codec over segment files: all queries of Whoosh's work on them through its own matchers.

Where `evaluate` knows a query, none of this is used; both ways give the same articles and scores.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh import columns, fields, formats, matching
from whoosh.codec import base
from whoosh.filedb.filestore import FileStorage
from whoosh.reading import TermInfo, TermNotFound
from whoosh.util import random_name

from index.documents import NUMBERS
from index.stored import VIEWS, Matches, StoredSegment, View


class ArraySegment(base.Segment):  # type: ignore[misc]  # Whoosh's types are not used
    """A segment in Whoosh's table of contents: the name of its file, and which of its documents are deleted."""

    EXTENSION = ".seg"

    def __init__(self, indexname: str, count: int = 0) -> None:
        self.indexname = indexname
        self.segid = random_name(16)
        self.compound = False
        self._count = count
        self._dead = b""

    def codec(self) -> "ArrayCodec":
        """The codec that reads it."""
        return ArrayCodec()

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return str(self.make_filename(self.EXTENSION))

    def live(self) -> NDArray[np.bool_] | None:
        """Which documents are not deleted; None where all are there."""
        if not self._dead:
            return None
        dead: NDArray[np.uint8] = np.unpackbits(np.frombuffer(self._dead, dtype=np.uint8), count=self._count)
        live: NDArray[np.bool_] = dead == 0
        return live

    def delete(self, documents: NDArray[np.intp]) -> None:
        """Mark documents as deleted."""
        live = self.live()
        dead = np.zeros(self._count, dtype=bool) if live is None else ~live
        dead[documents] = True
        self._dead = np.packbits(dead).tobytes()

    # -- as Whoosh wants it

    def should_assemble(self) -> bool:
        """It is one file already."""
        return False

    def set_doc_count(self, count: int) -> None:
        """Say how many documents it has."""
        self._count = count

    def doc_count_all(self) -> int:
        """How many documents it has, deleted ones among them."""
        return self._count

    def deleted_count(self) -> int:
        """How many are deleted."""
        live = self.live()
        return 0 if live is None else int((~live).sum())

    def deleted_docs(self) -> Iterable[int]:
        """Which are deleted."""
        live = self.live()
        return [] if live is None else np.flatnonzero(~live).tolist()

    def is_deleted(self, document: int) -> bool:
        """Whether a document is deleted."""
        live = self.live()
        return live is not None and not live[document]

    def delete_document(self, document: int, delete: bool = True) -> None:
        """Mark a document as deleted."""
        if not delete:
            raise NotImplementedError("what is deleted stays deleted")
        self.delete(np.array([document]))


class ArrayCodec(base.Codec):  # type: ignore[misc]
    """Reads segment files. They are written by `documents.write_segment`, not through Whoosh."""

    length_stats = True

    def new_segment(self, storage: FileStorage, indexname: str) -> ArraySegment:  # noqa: ARG002  # Whoosh's signature
        """A segment without documents."""
        return ArraySegment(indexname)

    def terms_reader(self, storage: FileStorage, segment: ArraySegment) -> "ArrayTermsReader":
        """What reads the terms of a segment."""
        return ArrayTermsReader(StoredSegment(Path(storage.folder) / segment.file_name))

    def per_document_reader(self, storage: FileStorage, segment: ArraySegment) -> "ArrayDocumentReader":
        """What reads the documents of a segment."""
        return ArrayDocumentReader(StoredSegment(Path(storage.folder) / segment.file_name), segment)


class ArrayTermsReader(base.TermsReader):  # type: ignore[misc]
    """The terms of a segment."""

    def __init__(self, segment: StoredSegment) -> None:
        self._segment = segment

    def _view(self, name: str) -> View:
        if name not in VIEWS:
            raise TermNotFound(f"no field {name!r} is indexed")
        return self._segment.view(name)

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        return term[0] in VIEWS and self._view(term[0]).read(term[1]) is not None

    def indexed_field_names(self) -> Sequence[str]:
        """The names of the views."""
        return VIEWS

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """Every term of every field, sorted."""
        for name in sorted(VIEWS):
            yield from self.terms_from(name, b"")

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """The terms of a field from one on."""
        for term in self._view(fieldname).terms_from(prefix):
            yield fieldname, term

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """As `terms`, with their statistics."""
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """As `terms_from`, with their statistics."""
        return ((term, self.term_info(*term)) for term in self.terms_from(fieldname, prefix))

    def _read(self, fieldname: str, text: bytes) -> Matches:
        found = self._view(fieldname).read(text)
        if found is None:
            raise TermNotFound(f"no term {fieldname}:{text!r}")
        return found

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        """The statistics of a term."""
        found = self._read(fieldname, text)
        lengths = self._view(fieldname).lengths[found.documents]
        return TermInfo(
            weight=float(found.weights.sum()),
            df=len(found.documents),
            minlength=int(lengths.min()),
            maxlength=int(lengths.max()),
            maxweight=float(found.weights.max()),
            minid=int(found.documents[0]),
            maxid=int(found.documents[-1]),
        )

    def frequency(self, fieldname: str, text: bytes) -> float:
        """The weight of a term in all documents."""
        found = self._view(fieldname).read(text) if fieldname in VIEWS else None
        return float(found.weights.sum()) if found else 0.0

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        """In how many documents a term stands, deleted ones among them."""
        return self._view(fieldname).frequency(text) if fieldname in VIEWS else 0

    def matcher(self, fieldname: str, text: bytes, format_: formats.Format, scorer: Any = None) -> matching.Matcher:
        """A matcher for a term."""
        found = self._read(fieldname, text)
        return matching.ListMatcher(
            found.documents.tolist(),
            found.weights.tolist(),
            _Values(found, format_),
            format_,
            scorer,
            term=(fieldname, text),
            terminfo=self.term_info(fieldname, text),
        )

    def cursor(self, fieldname: str, fieldobj: fields.FieldType) -> "ArrayCursor":
        """A cursor over the terms of a field."""
        return ArrayCursor(self._view(fieldname), fieldobj)


class _Values(Sequence[bytes]):
    """The encoded positions of a term in each of its documents, made when they are asked for."""

    def __init__(self, found: Matches, format_: formats.Format) -> None:
        self._found = found
        self._format = format_

    def __len__(self) -> int:
        return len(self._found.documents)

    def __getitem__(self, at: int) -> bytes:  # type: ignore[override]  # no slices
        _, positions = self._found.positions(np.array([at]))
        return bytes(self._format.encode(positions.tolist()))


class ArrayCursor(base.FieldCursor):  # type: ignore[misc]
    """Goes through the terms of a field."""

    def __init__(self, view: View, fieldobj: fields.FieldType) -> None:
        self._view = view
        self._field = fieldobj
        self._text: str | None = None
        self.first()

    def first(self) -> str | None:
        """Go to the first term."""
        return self.find(b"")

    def find(self, term: str | bytes) -> str | None:
        """Go to the first term that does not sort before this one."""
        self._terms = self._view.terms_from(term if isinstance(term, bytes) else self._field.to_bytes(term))
        return self.next()

    def next(self) -> str | None:
        """Go to the next term."""
        found = next(self._terms, None)
        self._text = None if found is None else self._field.from_bytes(found)
        return self._text

    def text(self) -> str | None:
        """The term that it is at, None after the last."""
        return self._text

    def term_info(self) -> TermInfo | None:
        """The statistics of that term."""
        return (
            ArrayTermsReader(self._view.segment).term_info(self._view.name, self._text.encode()) if self._text else None
        )

    def is_valid(self) -> bool:
        """Whether it is at a term."""
        return self._text is not None


class ArrayDocumentReader(base.PerDocumentReader):  # type: ignore[misc]
    """The documents of a segment."""

    def __init__(self, stored: StoredSegment, segment: ArraySegment) -> None:
        self._stored = stored
        self._live = segment.live()

    def doc_count(self) -> int:
        """How many documents are not deleted."""
        return self._stored.count if self._live is None else int(self._live.sum())

    def doc_count_all(self) -> int:
        """How many documents there are."""
        return self._stored.count

    def has_deletions(self) -> bool:
        """Whether any is deleted."""
        return self._live is not None

    def is_deleted(self, document: int) -> bool:
        """Whether this one is."""
        return self._live is not None and not self._live[document]

    def deleted_docs(self) -> list[int]:
        """Those that are."""
        return [] if self._live is None else np.flatnonzero(~self._live).tolist()

    def supports_columns(self) -> bool:
        """Columns of numbers are there."""
        return True

    def has_column(self, fieldname: str) -> bool:
        """Whether there is a column of this name."""
        return fieldname in NUMBERS

    def list_columns(self) -> list[str]:
        """The names of the columns."""
        return list(NUMBERS)

    def column_reader(self, fieldname: str, column: columns.Column) -> "ArrayColumnReader":  # noqa: ARG002
        """What reads a column."""
        return ArrayColumnReader(self._stored.numbers(fieldname))

    def doc_field_length(self, document: int, fieldname: str, default: int = 0) -> int:
        """How many words a document has in a field."""
        return int(self._stored.view(fieldname).lengths[document]) if fieldname in VIEWS else default

    def field_length(self, fieldname: str) -> int:
        """How many words all documents have in it."""
        return self._stored.view(fieldname).total if fieldname in VIEWS else 0

    def min_field_length(self, fieldname: str) -> int:
        """How many the shortest has."""
        return int(self._stored.view(fieldname).lengths.min(initial=0)) if fieldname in VIEWS else 0

    def max_field_length(self, fieldname: str) -> int:
        """How many the longest has."""
        return int(self._stored.view(fieldname).lengths.max(initial=0)) if fieldname in VIEWS else 0

    def stored_fields(self, document: int) -> dict[str, object]:
        """The article's id; nothing else is stored."""
        return {"number": int(self._stored.numbers("number")[document])}


class ArrayColumnReader(columns.ColumnReader):  # type: ignore[misc]
    """A column of numbers."""

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, document: int) -> int:
        return int(self._numbers[document])

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers.tolist())

    def load(self) -> list[int]:
        """All of it."""
        return list(self._numbers.tolist())

    def sort_key(self, document: int) -> int:
        """What to sort a document by."""
        return int(self._numbers[document])
