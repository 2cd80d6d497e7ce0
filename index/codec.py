"""Whoosh's codec over segment files: all queries of Whoosh's work on them through its own matchers.

Articles are written by `documents.write_segment`. Where `evaluate` knows a query, none of this is used for them; both
ways give the same articles and scores. Documents of any other schema are written by Whoosh's own writer; see
`codec_writer`.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh import fields, formats, matching
from whoosh.codec import base
from whoosh.filedb.filestore import FileStorage
from whoosh.reading import TermInfo, TermNotFound
from whoosh.util import random_name

from index.codec_documents import ArticleReader, DocumentReader, WrittenReader
from index.codec_writer import DocumentWriter, TermWriter
from index.segment import SegmentFileWriter
from index.stored import VIEWS, Matches, StoredSegment, View
from index.written import WHOOSH, Entries, WrittenField, WrittenSegment


class ArraySegment(base.Segment):  # type: ignore[misc]  # Whoosh's types are not used
    """A segment in Whoosh's table of contents: the name of its file, and which of its documents are deleted."""

    EXTENSION = ".seg"
    writer: DocumentWriter | None = None
    """What writes its documents, while it is being opened for writing."""

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
        """Whether a document is deleted; one that is not there is not."""
        byte, bit = divmod(document, 8)
        return byte < len(self._dead) and bool(self._dead[byte] >> (7 - bit) & 1)

    def delete_document(self, document: int, delete: bool = True) -> None:
        """Mark a document as deleted."""
        if not delete:
            raise NotImplementedError("what is deleted stays deleted")
        self.delete(np.array([document]))


class ArrayCodec(base.Codec):  # type: ignore[misc]
    """Reads segment files of both kinds, and writes those of Whoosh's writer."""

    length_stats = False  # lengths are read from the file, not asked for with each posting

    def new_segment(self, storage: FileStorage, indexname: str) -> ArraySegment:  # noqa: ARG002  # Whoosh's signature
        """A segment without documents."""
        return ArraySegment(indexname)

    def per_document_writer(self, storage: FileStorage, segment: ArraySegment) -> DocumentWriter:
        """What writes the documents of a new segment; to be closed before the writer of its terms."""
        segment.writer = DocumentWriter(SegmentFileWriter(Path(storage.folder)))
        return segment.writer

    def field_writer(self, storage: FileStorage, segment: ArraySegment) -> TermWriter:
        """What writes the terms of a new segment, and the file; asked for after the writer of its documents."""
        documents, segment.writer = segment.writer, None  # a table of contents pickles the segment
        if documents is None:
            raise ValueError(f"the documents of {segment} are not being written")
        return TermWriter(documents, Path(storage.folder) / segment.file_name)

    def terms_reader(self, storage: FileStorage, segment: ArraySegment) -> "ArrayTermsReader":
        """What reads the terms of a segment."""
        found = _open(storage, segment)
        if isinstance(found, WrittenSegment):
            return ArrayTermsReader(found, sorted(found.about["fields"]))
        return ArrayTermsReader(found, sorted(VIEWS))

    def per_document_reader(self, storage: FileStorage, segment: ArraySegment) -> DocumentReader:
        """What reads the documents of a segment."""
        found = _open(storage, segment)
        if isinstance(found, WrittenSegment):
            return WrittenReader(found, segment.live())
        return ArticleReader(found, segment.live())


def _open(storage: FileStorage, segment: ArraySegment) -> StoredSegment | WrittenSegment:
    found = StoredSegment(Path(storage.folder) / segment.file_name)
    return WrittenSegment(found.file) if WHOOSH in found.file.about else found


class ArrayTermsReader(base.TermsReader):  # type: ignore[misc]
    """The terms of a segment, in the fields of these names, which are sorted."""

    def __init__(self, segment: StoredSegment | WrittenSegment, names: Sequence[str]) -> None:
        self._segment = segment
        self._names = names

    def _find(self, fieldname: str, text: bytes) -> Matches | Entries | None:
        return self._segment.view(fieldname).read(text) if fieldname in self._names else None

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        return self._find(*term) is not None

    def indexed_field_names(self) -> Sequence[str]:
        """The names of the fields."""
        return self._names

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """Every term of every field, sorted."""
        return self.terms_from("", b"")

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """The terms of a field from one on, and those of all fields after it."""
        for name in self._names[bisect_left(self._names, fieldname) :]:
            for term in self._segment.view(name).terms_from(prefix if name == fieldname else b""):
                yield name, term

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """As `terms`, with their statistics."""
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """As `terms_from`, with their statistics."""
        return ((term, self.term_info(*term)) for term in self.terms_from(fieldname, prefix))

    def _read(self, fieldname: str, text: bytes) -> Matches | Entries:
        found = self._find(fieldname, text)
        if found is None:
            raise TermNotFound(f"no term {fieldname}:{text!r}")
        return found

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        """The statistics of a term."""
        return self._describe(fieldname, self._read(fieldname, text))

    def _describe(self, fieldname: str, found: Matches | Entries) -> TermInfo:
        lengths = self._segment.view(fieldname).lengths[found.documents]
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
        found = self._find(fieldname, text)
        return float(found.weights.sum()) if found else 0.0

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        """In how many documents a term stands, deleted ones among them."""
        return self._segment.view(fieldname).frequency(text) if fieldname in self._names else 0

    def matcher(self, fieldname: str, text: bytes, format_: formats.Format, scorer: Any = None) -> matching.Matcher:
        """A matcher for a term."""
        found = self._read(fieldname, text)
        return TermMatcher(
            found.documents.tolist(),
            found.weights.tolist(),
            found.values(format_) if isinstance(found, Entries) else _Values(found, format_),
            format_,
            scorer,
            term=(fieldname, text),
            terminfo=self._describe(fieldname, found),
        )

    def cursor(self, fieldname: str, fieldobj: fields.FieldType) -> base.FieldCursor:
        """A cursor over the terms of a field."""
        if fieldname not in self._names:
            return base.EmptyCursor()
        return ArrayCursor(self, self._segment.view(fieldname), fieldobj)


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


class TermMatcher(matching.ListMatcher):  # type: ignore[misc]
    """Goes through the documents of a term. Its whole list is one block to Whoosh, which may skip it."""

    _i: int

    def skip_to(self, id: int) -> None:
        """Go to the first document that is not before this one."""
        if not self.is_active():
            raise matching.ReadTooFar
        self._i = bisect_left(self._ids, id, self._i)

    def skip_to_quality(self, minquality: float) -> int:
        """Go to the end where no document can have a higher score; returns how many blocks were skipped."""
        if not self.is_active() or self.block_quality() > minquality:
            return 0
        self._i = len(self._ids)
        return 1

    def block_max_weight(self) -> float:
        """The highest weight in any document."""
        return float(self._terminfo.max_weight())

    def replace(self, minquality: float = 0) -> matching.Matcher:  # noqa: ARG002
        """Nothing where it is at the end. The quality is not heeded: Whoosh asks a boosted term for too much."""
        return self if self.is_active() else matching.NullMatcher()

    def copy(self) -> "TermMatcher":
        """One that is at the same document."""
        known = {"position": self._i, "term": self._term, "terminfo": self._terminfo}
        return TermMatcher(self._ids, self._weights, self._values, self._format, self._scorer, **known)


class ArrayCursor(base.FieldCursor):  # type: ignore[misc]
    """Goes through the terms of a field."""

    def __init__(self, reader: ArrayTermsReader, view: View | WrittenField, fieldobj: fields.FieldType) -> None:
        self._reader = reader
        self._view = view
        self._field = fieldobj
        self._term: bytes | None = None
        self.first()

    def first(self) -> Any:
        """Go to the first term."""
        return self.find(b"")

    def find(self, term: object) -> Any:
        """Go to the first term that does not sort before this one."""
        self._terms = self._view.terms_from(term if isinstance(term, bytes) else self._field.to_bytes(term))
        return self.next()

    def next(self) -> Any:
        """Go to the next term."""
        self._term = next(self._terms, None)
        return self.text()

    def text(self) -> Any:
        """The term that it is at as the field has it, None after the last."""
        return None if self._term is None else self._field.from_bytes(self._term)

    def term_info(self) -> TermInfo | None:
        """The statistics of that term."""
        return None if self._term is None else self._reader.term_info(self._view.name, self._term)

    def is_valid(self) -> bool:
        """Whether it is at a term."""
        return self._term is not None
