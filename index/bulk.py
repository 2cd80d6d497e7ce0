"""A whole index at once: documents are inverted in several processes and written as one or a few segments.

Each process inverts its share and groups its occurrences by term, while their words are joined and ranked; and one
writes the segment from what all of them have grouped: `merge` does not care where its sources are.
"""

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from itertools import count
from mmap import ACCESS_READ, mmap
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, Self

import numpy as np

from index.dictionary import NO_STRINGS, Strings
from index.documents import FIELDS, Document, DocumentSource, Inverted, StoredDocuments, ValueColumn, write_segment
from index.inversion import Runs
from index.keys import Counts, Grouped, Layout, Numbers, OwnGroups, keys_in
from index.memory import give_back
from index.merge import Source
from index.segment import SegmentFile

WORTH_A_PROCESS = 2_000
"""Documents at once for which it pays to start another process."""

SHARE = 1_000
"""Documents that a process is given at once."""

WAITING = 3
"""Shares that another process may have before it: what it does while this one reads the next articles."""

MOST_OCCURRENCES = 18_000_000
"""Occurrences that a process keeps by itself, on average: one that is slow leaves more of them to another.

Then they become a segment, to be merged with others at the end.
"""


class Bulk:
    """Takes documents, to be written as segments. To be used as a context: it ends its processes."""

    def __init__(self, folder: Path, processes: int | None = None) -> None:
        self._folder = folder
        self._processes = processes or min(os.cpu_count() or 1, 8)
        self._workers: list[_Worker] = []
        self._parts: list[Path] = []
        self._stack = ExitStack()
        self.failed: dict[int, str] = {}

    def __enter__(self) -> Self:
        self._stack.enter_context(_without_collector())
        self._temporary = Path(self._stack.enter_context(TemporaryDirectory(dir=self._folder, prefix="bulk-")))
        self._file = self._stack.enter_context(TemporaryFile(dir=self._temporary))
        self._restart()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        give_back()

    def add(self, documents: Sequence[Document]) -> None:
        """Add documents; returns while other processes are still at work on them.

        Those that cannot be inverted are left out: in `failed` their articles' ids map to the reasons, to all of them
        when the segments are written.
        """
        if len(documents) >= WORTH_A_PROCESS:
            while len(self._workers) < self._processes - 1:
                self._workers.append(self._stack.enter_context(_Worker(self._temporary)))
        for start in range(0, len(documents), SHARE):
            self._give(documents[start : start + SHARE])
        held = [self._own.occurrences, *(worker.occurrences for worker in self._workers)]
        if sum(held) > MOST_OCCURRENCES * len(held):
            self._spill()

    def _give(self, share: Sequence[Document]) -> None:
        """Give a share to the process that has the least before it; where all have enough, it is for this one."""
        for worker in self._workers:
            worker.hear()
        idlest = min(self._workers, key=lambda worker: worker.adding, default=None)
        if idlest and idlest.adding < WAITING:
            idlest.add(share)
        else:
            self.failed |= self._own.add(share)

    def _wait(self) -> None:
        """Until the other processes have added all that they were given."""
        for worker in self._workers:
            worker.finish_adding()
            self.failed |= worker.failed

    def _sources(self) -> list[DocumentSource]:
        self._own.finish()
        give_back()
        sources: list[DocumentSource] = [RemoteDocuments(worker) for worker in self._workers]
        sources.append(self._own)  # the last, so that the others work while it does
        return [source for source in sources if source.count]

    def _restart(self) -> None:
        self._file.truncate(0)
        self._own = Inverted(self._file)

    def _spill(self) -> None:
        """Write what is in memory as a segment, to be merged at the end."""
        self._wait()
        sources = self._sources()
        if sources:
            path = self._temporary / f"{len(self._parts)}.seg"
            write_segment(path, sources)
            self._parts.append(path)
        self._restart()
        give_back()
        for worker in self._workers:
            worker.restart()

    def segments(self, most: int) -> Iterator[Sequence[DocumentSource]]:
        """What is to be a segment each: all documents, where there are too many for memory by about `most`."""
        self._wait()
        if not self._parts:
            yield self._sources()
            return
        self._spill()
        for worker in self._workers:
            worker.end()
        together: list[DocumentSource] = []
        for part in self._parts:
            source = StoredDocuments(SegmentFile(part), None)
            if together and sum(each.count for each in together) + source.count > most:
                yield together
                together = []
            together.append(source)
        yield together


@contextmanager
def _without_collector() -> Iterator[None]:
    """No search for garbage in cycles: there is none here, and to look for it among many articles takes long."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Worker:
    """A process that inverts, and the calls to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = 0
        self._connection, theirs = Pipe()
        with theirs:
            os.set_inheritable(theirs.fileno(), True)
            self._process = subprocess.Popen(  # noqa: S603  # ourselves
                [sys.executable, "-P", "-m", "index.bulk", str(theirs.fileno()), str(folder)],
                pass_fds=[theirs.fileno()],
            )

        self.adding = 0
        """Calls of `add` that are under way."""
        self.occurrences = 0
        self.failed: dict[int, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End the process."""
        self._connection.close()  # which it takes for its end
        self._process.wait()

    def add(self, documents: Sequence[Document]) -> None:
        """Begin to add documents. They are passed in a file, since that is read faster than a pipe of small buffers."""
        self._files += 1
        path = self._folder / f"{self._process.pid}-{self._files}.documents"
        with path.open("wb") as file:
            pickle.dump([tuple(document) for document in documents], file, pickle.HIGHEST_PROTOCOL)
        self.call("add", path)
        self.adding += 1

    def hear(self) -> None:
        """Take in what the process tells of calls of `add` that have ended."""
        while self.adding and self._connection.poll():
            self._finish_one()

    def finish_adding(self) -> None:
        """Wait until no call of `add` is under way."""
        while self.adding:
            self._finish_one()

    def _finish_one(self) -> None:
        self.adding -= 1
        failed, self.occurrences = self.result()
        self.failed |= failed

    def restart(self) -> None:
        """Forget all documents."""
        self.call("restart")
        self.result()
        self.occurrences = 0

    def call(self, name: str, *arguments: object) -> None:
        """Begin a call; results come in the order of the calls."""
        with suppress(BrokenPipeError):  # `result` says so
            self._connection.send((name, arguments))

    def result(self) -> Any:  # whatever was called
        """The result of the oldest call under way; raises what it raised."""
        try:
            found = _receive(self._connection)
        except (EOFError, ConnectionError) as error:
            raise OSError("a process that was indexing ended unexpectedly") from error
        if isinstance(found, Exception):
            raise found
        return found


def _send(connection: Connection, found: object, path: Path) -> None:
    """Send what `_receive` receives. Its arrays are written to a file, to be mapped there: they take no memory."""
    arrays: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(found, pickle.HIGHEST_PROTOCOL, buffer_callback=arrays.append)
    bounds = []
    with path.open("wb") as file:
        for array in arrays:
            file.write(bytes(-file.tell() % _ALIGN))
            bounds.append((file.tell(), file.tell() + array.raw().nbytes))
            file.write(array.raw())
    connection.send((pickled, path, bounds))


def _receive(connection: Connection) -> Any:
    pickled, path, bounds = connection.recv()
    with path.open("rb") as file:
        arrays = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ) if any(end for _, end in bounds) else b"")
    path.unlink()
    return pickle.loads(pickled, buffers=[arrays[start:end] for start, end in bounds])  # noqa: S301  # from our process


_ALIGN = 64
"""Bytes."""

_Described = tuple[int, dict[str, Counts], dict[str, ValueColumn], Counts, tuple[Counts, Counts], dict[str, Counts]]
"""What a worker tells of its documents: as `DocumentSource` has it, and the lengths in each field."""


class RemoteDocuments:
    """The documents of a worker."""

    def __init__(self, worker: _Worker) -> None:
        self._worker = worker
        worker.call("describe")
        found: _Described = worker.result()
        self.count, self.numbers, self.values, self.title_ends, self.paragraphs, self._lengths = found
        self._first = _RemoteRuns(worker, FIELDS[0]) if self.count else None  # while the columns are written

    def field(self, name: str) -> tuple[Source, Counts]:
        """See `DocumentSource`."""
        runs = (self._first if name == FIELDS[0] else None) or _RemoteRuns(self._worker, name)
        return runs, self._lengths[name]


class _RemoteRuns:
    """The runs of a worker as a source. What they are is asked for when it is needed, so that workers work at once."""

    def __init__(self, worker: _Worker, name: str) -> None:
        self._worker = worker
        self._name = name
        worker.call("words", name)

    @cached_property
    def _described(self) -> tuple[int, Strings, Counts, int, OwnGroups]:
        found: tuple[int, Strings, Counts, int, OwnGroups] = self._worker.result()
        return found

    @property
    def documents(self) -> int:
        """See `Source`."""
        return self._described[0]

    @property
    def words(self) -> Strings:
        """See `Source`."""
        return self._described[1]

    @property
    def counts(self) -> Counts:
        """See `Source`."""
        return self._described[2]

    @property
    def max_position(self) -> int:
        """See `Source`."""
        return self._described[3]

    def begin(self, folder: Path) -> None:  # noqa: ARG002  # it has its own
        """See `Source.begin`."""
        if len(self.words):  # otherwise nobody may ever ask for the keys
            self._worker.call("group", self._name)

    def prepare(self, ranks: Numbers, codes: Numbers, first_document: int, layout: Layout) -> None:
        """See `Source.prepare`."""
        self._described[4].place(ranks, codes, first_document, layout)

    @cached_property
    def _grouped(self) -> OwnGroups:
        groups = self._described[4]
        if len(self.words):
            groups.keys = np.memmap(self._worker.result(), dtype=np.uint64, mode="r")
        return groups

    def keys(self, first: int, last: int) -> Grouped:
        """See `Source.keys`."""
        return self._grouped.take(first, last)


class _Inverting:
    """What a worker does when it is called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = 0
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115  # it ends with this process
        self.restart()

    def restart(self) -> None:
        self._file.truncate(0)
        self._documents = Inverted(self._file)
        give_back()
        self._fields: dict[str, Runs] = {}

    def add(self, path: Path) -> tuple[dict[int, str], int]:
        with path.open("rb") as file:
            documents = pickle.load(file)  # noqa: S301  # made by the process that started this one, in its own folder
        path.unlink()
        return self._documents.add(list(map(Document._make, documents))), self._documents.occurrences

    def describe(self) -> _Described:
        documents = self._documents
        documents.finish()
        give_back()
        lengths = {name: documents.lengths(name) for name in FIELDS}
        columns = documents.numbers, documents.values, documents.title_ends, documents.paragraphs
        return documents.count, *columns, lengths

    def words(self, name: str) -> tuple[int, Strings, Counts, int, OwnGroups]:
        self._fields[name] = source = self._documents.field(name)[0]
        return source.documents, source.words, source.counts, source.max_position, source.groups

    def group(self, name: str) -> Path:
        source = self._fields.pop(name)
        source.words = NO_STRINGS  # they were told
        give_back()
        self._files += 1
        path = self._folder / f"{os.getpid()}-{self._files}.keys"
        with path.open("w+b") as file:
            source.group(keys_in(file, int(source.counts.sum())))
        return path


def _serve(connection: Connection, folder: Path) -> None:
    inverting = _Inverting(folder)
    for number in count():
        try:
            name, arguments = connection.recv()
        except EOFError:
            return
        try:
            found = getattr(inverting, name)(*arguments)
        except Exception as error:  # noqa: BLE001  # it is raised where the call was made
            found = error
        _send(connection, found, folder / f"{os.getpid()}-{number}.arrays")


if __name__ == "__main__":
    gc.disable()
    with Connection(int(sys.argv[1])) as parent:
        _serve(parent, Path(sys.argv[2]))
