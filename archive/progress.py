"""Progress on standard error: a bar with rate and time left on a terminal, nothing elsewhere."""

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from archive.console import clean
from archive.types import ImportItem, ImportReport, Outcome

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

GRACE = 2.0
"""Seconds that an import has after Ctrl-C; a batch takes a fraction of that to be stored."""


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


class IndexProgress:
    """Shows how far the index has caught up, from the first report on; use it as a context and as `sync.Progress`."""

    def __init__(self) -> None:
        self._shown: tuple[Progress, TaskID] | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._shown is None:
            bar = _bar()
            bar.start()
            self._shown = bar, bar.add_task("Indexing", note="")
        bar, task = self._shown
        bar.update(task, completed=done, total=total, note=f"{done:,} of {total:,} changes")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._shown[0].stop()


class StepProgress:
    """Shows which step of a longer task is being done and how far it is, from the first report on; a context."""

    def __init__(self) -> None:
        self._bar = _bar()
        self._task = self._bar.add_task("", total=None, note="")

    def __call__(self, step: str, done: int, total: int) -> None:
        """So much of a step is done; a total of 0 is not known."""
        note = f"{done:,} of {total:,}" if total else ""
        self._bar.update(self._task, description=step, completed=done, total=total or None, note=note)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


class ImportProgress:
    """An `importing.Observer` that shows a bar, names each failure at once and keeps the account of what was reported.

    While it is used as a context, Ctrl-C gives the batch at hand `GRACE` seconds to be stored before KeyboardInterrupt
    is raised, so that the account is true; a second Ctrl-C does not wait.
    """

    def __init__(self, tell: Callable[[ImportItem], None] | None = None) -> None:
        self._tell = tell
        self._bar = _bar()
        self._task = self._bar.add_task("Importing", total=None, note="")
        self._counts: Counter[Outcome] = Counter()
        self._items: list[ImportItem] = []
        self._stopping = False
        self._started = time.monotonic()

    def total(self, size: int) -> None:
        """See `importing.Observer`."""
        self._stop_if_asked()
        self._bar.update(self._task, total=size or None)

    def advance(self, size: int) -> None:
        """See `importing.Observer`."""
        self._stop_if_asked()
        done = self._counts.total()
        rate = done / max(time.monotonic() - self._started, 0.001)
        self._bar.update(self._task, advance=size, note=f"{done:,} items, {rate:,.0f} a second")

    def item(self, item: ImportItem) -> None:
        """See `importing.Observer`."""
        self._counts[item.outcome] += 1
        if item.outcome is not Outcome.ADDED or item.reason:
            self._items.append(item)
        if self._tell:
            self._tell(item)
        if item.outcome is Outcome.FAILED:
            self._say(f"{item.origin}: {item.reason}")

    def indexing(self, done: int, total: int) -> None:
        """Takes over the bar when all is stored; a `sync.Progress`."""
        self._stop_if_asked()
        note = f"{done:,} of {total:,} changes"
        self._bar.update(self._task, description="Indexing", completed=done, total=total, note=note)

    def report(self) -> ImportReport:
        """The account of all items reported so far."""
        return ImportReport(
            added=self._counts[Outcome.ADDED],
            updated=self._counts[Outcome.UPDATED],
            duplicates=self._counts[Outcome.DUPLICATE],
            near_duplicates=self._counts[Outcome.NEAR_DUPLICATE],
            skipped=self._counts[Outcome.SKIPPED],
            failed=self._counts[Outcome.FAILED],
            seconds=time.monotonic() - self._started,
            items=tuple(self._items),
        )

    def _say(self, text: str) -> None:
        sys.stdout.flush()
        self._bar.console.print(clean(text), soft_wrap=True)

    def _interrupted(self, *_: object) -> None:
        self._stop_if_asked()
        self._stopping = True
        signal.setitimer(signal.ITIMER_REAL, GRACE)  # an index commit or a silent standard input can take far longer

    def _stop_if_asked(self, *_: object) -> None:
        if self._stopping:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        self._handlers = {
            signal.SIGINT: signal.signal(signal.SIGINT, self._interrupted),
            signal.SIGALRM: signal.signal(signal.SIGALRM, self._stop_if_asked),
        }
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._bar.stop()
