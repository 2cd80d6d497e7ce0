"""One generation of the index: a folder with a Whoosh index and the manifest that proves it whole."""

import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from whoosh import index as whoosh_index
from whoosh import versionstring
from whoosh.index import TOC, FileIndex, clean_files
from whoosh.scoring import BM25F
from whoosh.searching import Searcher

from archive.types import Article, Changes
from index import analysis, schema
from index.codec import ArraySegment
from index.documents import Document, DocumentSource, Inverted, StoredDocuments, write_segment
from index.leaves import K1, B
from index.schema import make_schema
from index.segment import SegmentFile
from index.storage import MANIFEST, DurableStorage, Manifest

if TYPE_CHECKING:
    from index.bulk import Bulk

FINGERPRINT = f"schema {schema.VERSION}, analysis {analysis.VERSION}, Whoosh {versionstring()}"
"""What an index must have been made with to be used."""

# What Whoosh raises when it reads damaged files (measured by flipping bits), besides its own exceptions.
DAMAGE = (OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, OverflowError,
          MemoryError, struct.error, whoosh_index.IndexError)  # fmt: skip


class Generation:
    """A Whoosh index in a folder of its own. Writing is for whoever holds the writer's lock."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def create(cls, folder: Path, database: str) -> "Generation":
        """An empty index in an empty folder."""
        FileIndex.create(DurableStorage(folder), make_schema(), _NAME)
        manifest = Manifest(database=database, sequence=0, fingerprint=FINGERPRINT, generation=0)
        generation = cls(folder, manifest)
        generation._record(0, {})
        return generation

    @classmethod
    def open(cls, folder: Path) -> "Generation":
        """The index of a folder as its manifest describes it; raises IndexUnavailableError."""
        return cls(folder, Manifest.read(folder))

    def unusable(self, database: str) -> str | None:
        """Why this index cannot be used although nothing is damaged, or None."""
        if self.manifest.database != database:
            return "it belongs to another database"
        if self.manifest.fingerprint != FINGERPRINT:
            return f"it was made with {self.manifest.fingerprint}; now it would be {FINGERPRINT}"
        return None

    def damage(self, *, thorough: bool = False) -> str | None:
        """What is wrong with the files, or None. `thorough` reads every byte.

        A commit that is newer than the manifest was cut off before the manifest was written. Its files went to the disk
        before its table of contents did, so they are whole; its changes are applied once more from the manifest on.
        """
        try:
            newest = TOC._latest_generation(DurableStorage(self.folder), _NAME)  # noqa: SLF001  # no public way to ask
        except OSError as error:
            return str(error)
        return None if newest > self.manifest.generation else self.manifest.damage(self.folder, thorough=thorough)

    def condemn(self) -> str | None:
        """What is wrong with the files, read whole; if anything is, nobody uses this generation again.

        To be asked when reading failed. Bit rot does not change a file's time, and so is not noticed before.
        """
        damage = self.damage(thorough=True)
        if damage:
            (self.folder / MANIFEST).unlink(missing_ok=True)
        return damage

    def checkpoint(self) -> int:
        """The last change that this index holds."""
        return self.manifest.sequence

    def segments(self) -> list[ArraySegment]:
        """The segments of the newest commit."""
        return list(self._toc().segments)

    def searcher(self) -> Searcher:
        """Whoosh's searcher over the newest commit. Never refreshed: Whoosh's refresh brings deleted articles back."""
        return FileIndex(DurableStorage(self.folder), schema=make_schema()).searcher(weighting=BM25F(B=B, K1=K1))

    def _toc(self) -> TOC:
        return TOC.read(DurableStorage(self.folder), _NAME, schema=make_schema())

    # -- writing

    def apply(self, changes: Changes, refused: Mapping[int, str] | None = None) -> None:
        """Hold these changes durably; changes that it holds already are left alone.

        `refused` says which articles are not indexed, and why; those of the manifest where it is not given.
        """
        if changes.sequence <= self.manifest.sequence:
            return
        before = self.manifest.refused if refused is None else refused
        refused = {number: why for number, why in before.items() if number not in changes.deleted}
        numbers = {article.id for article in changes.articles}
        for number in numbers:
            refused.pop(number, None)
        inverted = Inverted()
        refused |= inverted.add([Document.of(article) for article in changes.articles])
        self._commit(inverted, {*changes.deleted, *numbers})
        self._record(changes.sequence, refused)

    def _commit(self, inverted: Inverted, replaced: set[int]) -> None:
        """Add documents, and take those of these articles away that are there already."""
        toc = self._toc()
        segments = list(toc.segments)
        numbers = np.fromiter(replaced, dtype=np.int64, count=len(replaced))
        for segment in segments:
            self._delete(segment, numbers)
        kept, merged = plan_merge([segment.doc_count() for segment in segments], inverted.count)
        sources: list[DocumentSource] = [
            StoredDocuments(SegmentFile(self.folder / segments[at].file_name), segments[at].live()) for at in merged
        ]
        sources += [inverted] if inverted.count else []
        try:
            listed = [segments[at] for at in kept] + self._write(sources)
            storage = DurableStorage(self.folder)
            TOC(make_schema(), listed, toc.generation + 1).write(storage, _NAME)
        except BaseException:
            with suppress(OSError):  # the first error is the one to tell; what is left over could keep a disk full
                clean_files(DurableStorage(self.folder), _NAME, toc.generation, toc.segments)
            raise
        clean_files(storage, _NAME, toc.generation + 1, listed)

    def adopt(self, bulk: "Bulk") -> None:
        """Take in what was written in bulk; to be followed by `apply`."""
        toc = self._toc()
        new = [segment for sources in bulk.segments(MOST_MERGED) for segment in self._write(sources)]
        if new:
            TOC(make_schema(), [*toc.segments, *new], toc.generation + 1).write(DurableStorage(self.folder), _NAME)

    def _write(self, sources: Sequence[DocumentSource]) -> list[ArraySegment]:
        """The documents of all sources as one new segment, or none where there are none."""
        new = ArraySegment(_NAME, sum(source.count for source in sources))
        if not new.doc_count_all():
            return []
        write_segment(self.folder / new.file_name, sources)
        return [new]

    def _delete(self, segment: ArraySegment, numbers: NDArray[np.int64]) -> None:
        found = np.flatnonzero(np.isin(SegmentFile(self.folder / segment.file_name)["number"], numbers))
        if len(found):
            segment.delete(found)

    def _record(self, sequence: int, refused: dict[int, str]) -> None:
        self.manifest = replace(
            self.manifest,
            sequence=sequence,
            generation=self._toc().generation,
            files=self.manifest.list_files(self.folder, self.manifest),
            refused=refused,
        )
        self.manifest.write(self.folder)


class Rebuild:
    """Fills an empty generation when `finish` is called, with as few segments as may be; a Follower meanwhile."""

    def __init__(self, generation: Generation, bulk: "Bulk") -> None:
        self._generation = generation
        self._bulk = bulk
        self._sequence = generation.checkpoint()
        self._added: set[int] = set()
        self._later: dict[int, Article | None] = {}

    def checkpoint(self) -> int:
        """See `Follower.checkpoint`."""
        return self._sequence

    def apply(self, changes: Changes, *, wait: float = 0.0) -> None:  # noqa: ARG002  # the lock is held already
        """See `Follower.apply`."""
        if changes.sequence <= self._sequence:
            return
        self._later |= dict.fromkeys(self._added.intersection(changes.deleted))
        self._later |= {article.id: article for article in changes.articles if article.id in self._added}
        new = [article for article in changes.articles if article.id not in self._added]
        self._added.update(article.id for article in new)
        self._bulk.add([Document.of(article) for article in new])
        self._sequence = changes.sequence

    def finish(self) -> None:
        """Commit everything. What changed again after it was added is replaced in a commit of its own."""
        self._generation.adopt(self._bulk)
        again = [article for article in self._later.values() if article]
        changes = Changes(self._sequence, tuple(again), tuple(self._later.keys() - {article.id for article in again}))
        refused = {number: reason for number, reason in self._bulk.failed.items() if number not in self._later}
        self._generation.apply(changes, refused=refused)


def plan_merge(counts: Sequence[int], new: int) -> tuple[list[int], list[int]]:
    """Which segments stay, and which are merged with `new` documents: two lists of their places.

    Segments are merged from the newest on as long as the next has at most MERGE_FACTOR times as many documents as those
    merged so far, or at most SMALL. So each is more than that much larger than all that are newer, and there are few.
    None grows beyond MOST_MERGED, so that merging needs no more memory and no more time however large the archive is.
    """
    merged: list[int] = []
    size = new
    for at in reversed(range(len(counts))):
        if counts[at] > max(MERGE_FACTOR * size, SMALL) or size + counts[at] > MOST_MERGED:
            break
        merged.insert(0, at)
        size += counts[at]
    return list(range(len(counts) - len(merged))), merged


MERGE_FACTOR = 8
MOST_MERGED = 300_000
"""Documents of a segment that comes of merging."""

SMALL = 16
"""Documents that are merged as fast as a file is written."""

_NAME = "MAIN"
