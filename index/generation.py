"""One generation of the index: a folder with a Whoosh index and the manifest that proves it whole."""

import gc
import math
import struct
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from whoosh import index as whoosh_index
from whoosh.index import TOC, FileIndex, clean_files
from whoosh.searching import Searcher
from whoosh.writing import SegmentWriter

from archive.types import Article, Changes
from index import analysis, schema
from index.storage import MANIFEST, DurableStorage, Manifest

FINGERPRINT = f"schema {schema.VERSION}, analysis {analysis.VERSION}, whoosh3 {version('whoosh3')}"
"""What an index must have been made with to be used."""

# What Whoosh raises when it reads damaged files (measured by flipping bits), besides its own exceptions.
DAMAGE = (OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, OverflowError,
          MemoryError, struct.error, whoosh_index.IndexError)  # fmt: skip

_MANY = 1_000

MEMORY_MB = 32
"""Postings that Whoosh's writer keeps in memory before it spills them to disk."""


class _RefusedError(Exception):
    """An article that Whoosh cannot index; it breaks the batch it is in."""

    def __init__(self, article: Article, reason: Exception) -> None:
        super().__init__(f"{type(reason).__name__}: {reason}")
        self.article = article


class Generation:
    """A Whoosh index in a folder of its own. Writing is for whoever holds the writer's lock."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def create(cls, folder: Path, database: str) -> "Generation":
        """An empty index in an empty folder."""
        FileIndex.create(DurableStorage(folder), schema.make_schema(), "MAIN")
        manifest = Manifest(database=database, sequence=0, fingerprint=FINGERPRINT, generation=0)
        generation = cls(folder, manifest)
        generation._record(0, {}, 0)
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
            newest = TOC._latest_generation(DurableStorage(self.folder), "MAIN")  # noqa: SLF001  # no public way to ask
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

    def searcher(self, weighting: object) -> Searcher:
        """A fresh searcher over the newest commit. Never refreshed: Whoosh's refresh brings deleted articles back."""
        return self._index().searcher(weighting=weighting)

    def _index(self) -> FileIndex:
        return FileIndex(DurableStorage(self.folder), schema=schema.make_schema(), indexname="MAIN")

    # -- writing

    def apply(self, changes: Changes, *, wait: float = 0.0) -> None:  # noqa: ARG002  # the lock is held already
        """Hold these changes durably; changes that it holds already are left alone."""
        if changes.sequence <= self.manifest.sequence:
            return
        refused = {number: why for number, why in self.manifest.refused.items() if number not in changes.deleted}
        articles = list(changes.articles)
        for article in articles:
            refused.pop(article.id, None)
        while True:
            try:
                self._commit(articles, changes.deleted)
                break
            except _RefusedError as error:  # leave that one out and index the others
                refused[error.article.id] = str(error)
                articles.remove(error.article)
        self._record(changes.sequence, refused, max((article.id for article in changes.articles), default=0))
        if len(articles) >= _MANY:
            gc.collect()  # Whoosh's readers and writers are cycles that hold a commit's memory until this is run

    def _commit(self, articles: list[Article], deleted: tuple[int, ...]) -> None:
        index = self._index()
        known = self._highest_known(index)
        writer = index.writer(limitmb=MEMORY_MB)
        try:
            for number in {*deleted, *(article.id for article in articles)}:
                if number <= known:
                    writer.delete_by_term("id", str(number))
            for article in articles:
                try:
                    writer.add_document(**schema.to_document(article))
                except OSError:
                    raise
                except Exception as error:  # anything else is about this article, whatever it is
                    raise _RefusedError(article, error) from error
            writer.commit()
        except BaseException:
            self._abandon(writer)
            raise

    def _highest_known(self, index: FileIndex) -> float:
        """The highest id that may be indexed already; looking for others would read all over the index."""
        if index.is_empty():
            return 0
        cut_off = index.latest_generation() > self.manifest.generation  # it may hold more than the manifest says
        return math.inf if cut_off else self.manifest.highest

    def _abandon(self, writer: SegmentWriter) -> None:
        """Give a failed commit up, with its files: left where they are they could keep a disk full."""
        with suppress(Exception):  # the first error is the one to tell
            if not writer.is_closed:
                writer.cancel()
        with suppress(Exception):
            toc = self._index()._read_toc()  # noqa: SLF001  # Whoosh offers no other way to its segments
            clean_files(DurableStorage(self.folder), "MAIN", toc.generation, toc.segments)

    def _record(self, sequence: int, refused: dict[int, str], highest: int) -> None:
        index = self._index()
        self.manifest = replace(
            self.manifest,
            sequence=sequence,
            generation=index.latest_generation(),
            highest=max(highest, self.manifest.highest),
            files=self.manifest.list_files(self.folder, self.manifest),
            refused=refused,
        )
        self.manifest.write(self.folder)
