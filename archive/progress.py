"""Progress on standard error: a bar with rate and time left on a terminal, nothing elsewhere."""

import sys
from collections import Counter
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeRemainingColumn

from archive.types import ImportItem, Outcome


def _bar() -> Progress:
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
        self._bar = _bar()
        self._task: TaskID | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task("Indexing", note="")
        self._bar.update(self._task, completed=done, total=total, note=f"{done:,} of {total:,} changes")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


class ImportProgress:
    """Follows an import: shows a bar, names each failure at once, and keeps the account of what was reported so far."""

    def __init__(self) -> None:
        self._bar = _bar()
        self._task = self._bar.add_task("Importing", total=None, note="")
        self._counts: Counter[Outcome] = Counter()
        self._items: list[ImportItem] = []
