"""Other processes that read files for an import: as many as there are cores, none of which can do any harm.

Each has bounds, which `reading` explains. One that ends is replaced: what it was reading fails with the reason, and the
rest of the file is read without it. What they read comes in the order of the files, however many are read at once.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from queue import SimpleQueue
from typing import Self

from archive.cutting import pieces
from archive.packets import (
    OUT_OF_MEMORY,
    Bounds,
    Frame,
    Kind,
    frames,
    pack_beginning,
    pack_item,
    pack_task,
    unpack_article,
    unpack_item,
)
from archive.paths import STANDARD_INPUT, File
from archive.types import ImportItem, ImportOptions, NewArticle, Origin, Outcome

MEMORY = 1_200_000_000
"""Bytes that a reading process may use; more where items may be larger than usual."""

MEMORY_PER_BYTE = 24
"""Bytes that reading an item may need for each of its own: a tree of HTML is large."""

SECONDS = 60
"""Seconds that an item may take."""

MAX_PROCESSES = 8

FILES_AHEAD = 64
"""Files that may be read before what is in them is wanted."""

BYTES_AHEAD = 64_000_000
"""Bytes that may wait until they are wanted."""

PIPE_BYTES = 1 << 20
"""Bytes that a process may tell before they are taken: as many as the system allows (pipe(7))."""

PATIENCE = 0.2
"""Seconds after which it is told that nothing was read, so that who waits can do something else, or stop."""

MAX_RESTARTS = 20
"""How often a file is read again because of what is in it."""

Event = NewArticle | ImportItem | int
"""An article, the outcome of what is no article, or a number of bytes that were read."""


class Readers:
    """Processes that read. To be used as a context: it ends them."""

    def __init__(
        self,
        options: ImportOptions,
        *,
        processes: int | None = None,
        memory: int | None = None,
        seconds: int | None = None,
    ) -> None:
        enough = max(MEMORY, MEMORY_PER_BYTE * options.max_item_bytes)
        self._bounds = Bounds(memory or enough, seconds or SECONDS)
        self._beginning = pack_beginning(options, self._bounds)
        self._format = options.format
        self._pool = ThreadPoolExecutor(processes or min(len(os.sched_getaffinity(0)), MAX_PROCESSES))
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        self._all: list[_Process] = []
        self._starting = threading.Lock()
        self._waiting = _Waiting()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.stop()
        with self._starting:
            for process in self._all:
                process.kill()
        self._pool.shutdown(cancel_futures=True)
        for process in self._all:
            process.close()

    def read(self, files: Iterable[File], ahead: int = FILES_AHEAD) -> Iterator[tuple[File, Iterator[Event]]]:
        """What is in each file, in order; each must be taken to its end before the next is asked for.

        So many may be read `ahead` of that.
        """
        begun: deque[tuple[File, Iterator[Event]]] = deque()
        for file in files:
            begun.append((file, self._begin(file)))
            if len(begun) > ahead:
                yield begun.popleft()
        yield from begun

    def _begin(self, file: File) -> Iterator[Event]:
        if reason := file.failed or file.skipped:
            outcome = Outcome.FAILED if file.failed else Outcome.SKIPPED
            return iter([ImportItem(self._origin(file), outcome, None, reason)])
        try:
            parts = pieces(file, self._format)
        except OSError:
            parts = [file]  # who reads it says what is wrong
        return chain.from_iterable([self._submit(part) for part in parts])

    def _submit(self, file: File) -> Iterator[Event]:
        channel = self._waiting.channel()
        self._pool.submit(self._read, file, channel)
        return channel.events()

    def _origin(self, file: File) -> Origin:
        return Origin(file.name, self._format or file.format or "unknown")

    def _read(self, file: File, channel: "_Channel") -> None:
        try:
            self._read_again_and_again(file, channel)
        except _StoppedError:
            pass
        except Exception as error:  # noqa: BLE001  # it is raised where the file is wanted
            channel.end(error)
        else:
            channel.end()

    def _read_again_and_again(self, file: File, channel: "_Channel") -> None:
        """Read a file, and again without that in it which ended a process, until the end of it is reached."""
        left_out: dict[int, str] = {}
        told = _Told(channel, file.size)
        while True:
            process = self._process()
            ended = process.read(file, left_out, told)
            if ended is None:
                self._idle.put(process)
                return
            reason = self._reason(ended)
            if not told.member or told.member in left_out or file.path == STANDARD_INPUT:
                break
            left_out[told.member] = reason
            if len(left_out) > MAX_RESTARTS:
                reason = f"too much of it cannot be read; the last reason: {reason}"
                break
            told.again()
        if file.line:
            reason += f" (in what begins with line {file.line:,})"
        before = f"; the {told.items:,} items before it were read" if told.items else ""
        item = ImportItem(self._origin(file), Outcome.FAILED, None, reason + before)
        told.tell([(Kind.ITEM, pack_item(item)), (Kind.ADVANCE, str(told.unread).encode())])

    def _process(self) -> "_Process":
        with suppress(Exception):
            while True:
                process = self._idle.get_nowait()
                if process.is_alive:
                    return process
        with self._starting:
            if self._waiting.stopped:
                raise _StoppedError
            process = _Process(self._beginning)
            self._all.append(process)
        return process

    def _reason(self, status: int) -> str:
        """Why a process ended."""
        if status == -signal.SIGALRM:
            return f"reading it takes longer than {self._bounds.seconds} seconds"
        if status == OUT_OF_MEMORY:
            return f"reading it takes more than {self._bounds.memory // 1_000_000:,} MB of memory"
        name = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"the process that read it broke down ({name})"


class _Told:
    """Passes on what a process tells of a file: all of it once, however often it is told."""

    def __init__(self, channel: "_Channel", size: int) -> None:
        self._channel = channel
        self._size = size
        self._again = [0, 0]
        self.items = 0
        self.member = 0
        self._advanced = 0

    @property
    def unread(self) -> int:
        """Bytes of the file that nobody has told of."""
        return max(0, self._size - self._advanced)

    def again(self) -> None:
        """The file is read from its beginning: what was told is told once more."""
        self._again = [self.items, self._advanced]
        self.member = 0

    def tell(self, told: Iterable[Frame]) -> None:
        self._channel.put([news for kind, content in told if (news := self._news(kind, content))])

    def _news(self, kind: Kind, content: bytes) -> Frame | None:
        """What of a frame was not told before."""
        if kind is Kind.MEMBER:
            self.member = int(content)
            return None
        if kind is Kind.ADVANCE:
            size = int(content)
            known = min(size, self._again[1])
            self._again[1] -= known
            self._advanced += size - known
            return (kind, str(size - known).encode()) if size > known else None
        if self._again[0]:
            self._again[0] -= 1
            return None
        self.items += 1
        return kind, content


class _Process:
    """A process that reads, and the pipes to it."""

    def __init__(self, beginning: bytes) -> None:
        tasks, self._tasks = os.pipe()
        taken, results = os.pipe()
        with suppress(OSError, AttributeError):  # room for what is read while this process does something else
            fcntl.fcntl(results, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._results = os.fdopen(taken, "rb")
        try:
            self._process = subprocess.Popen(  # noqa: S603  # ourselves
                [sys.executable, "-P", "-m", "archive.reading", str(tasks), str(results)],
                pass_fds=(tasks, results),
                stdin=_standard_input(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        finally:
            os.close(tasks)
            os.close(results)
        self._frames = frames(self._results)
        self._write(beginning)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def read(self, file: File, left_out: Mapping[int, str], told: "_Told") -> int | None:
        """Tell what is in a file; the status with which the process ended, None where it did not."""
        self._write(pack_task(file, left_out))
        for found in self._frames:
            is_end = found[-1][0] is Kind.END  # after which nothing comes until the next file is asked for
            told.tell(found[:-1] if is_end else found)
            if is_end:
                return None
        return self._process.wait()

    def _write(self, line: bytes) -> None:
        with suppress(BrokenPipeError):  # it has ended, which is told by what can be read of it
            while line:
                line = line[os.write(self._tasks, line) :]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self._results.close()
        os.close(self._tasks)


def _standard_input() -> int:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return subprocess.DEVNULL


class _StoppedError(Exception):
    """Nobody wants to know any more."""


class _Waiting:
    """What was read and is not wanted yet: bounded, bar what is wanted next."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.bytes = 0
        self.wanted: _Channel | None = None
        self.stopped = False

    def channel(self) -> "_Channel":
        return _Channel(self)

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.changed.notify_all()


class _Channel:
    """What is read of one file, from a thread that reads it to the one that wants it."""

    def __init__(self, waiting: _Waiting) -> None:
        self._all = waiting
        self._frames: deque[Frame] = deque()
        self._ended = False
        self._error: Exception | None = None

    def put(self, told: Sequence[Frame]) -> None:
        """Waits while there is too much; raises _StoppedError."""
        waiting = self._all
        with waiting.changed:
            waiting.changed.wait_for(lambda: waiting.bytes < BYTES_AHEAD or waiting.wanted is self or waiting.stopped)
            if waiting.stopped:
                raise _StoppedError
            waiting.bytes += sum(len(content) for _, content in told)
            self._frames += told
            if waiting.wanted is self:
                waiting.changed.notify_all()

    def end(self, error: Exception | None = None) -> None:
        with self._all.changed:
            self._ended, self._error = True, error
            self._all.changed.notify_all()

    def events(self) -> Iterator[Event]:
        """What is in the file, as it is read."""
        while taken := self._take():
            for kind, content in taken:
                if kind is Kind.ARTICLE:
                    yield unpack_article(content)
                elif kind is Kind.ITEM:
                    yield unpack_item(content)
                else:
                    yield int(content)
        if self._error:
            raise self._error

    def _take(self) -> list[Frame]:
        """All that is there, after a while no progress; nothing at the end."""
        waiting = self._all
        with waiting.changed:
            waiting.wanted = self
            waiting.changed.notify_all()
            if not waiting.changed.wait_for(lambda: self._frames or self._ended, PATIENCE):
                return [(Kind.ADVANCE, b"0")]
            taken = list(self._frames)
            self._frames.clear()
            waiting.bytes -= sum(len(content) for _, content in taken)
            waiting.changed.notify_all()
        return taken
