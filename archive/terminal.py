"""Standard output on a terminal: lines wrapped below their own beginning, and colours, both of them by rich."""

import sys

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from archive.console import Part, Screen


class _Output(Console):
    """A console that leaves it to the command what a reader who has seen enough means."""

    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError


class Terminal(Screen):
    """A terminal, unless rich finds that it is none: the environment has a say in it."""

    def __init__(self) -> None:
        self._console = _Output(file=sys.stdout, highlight=False, markup=False, emoji=False)
        self.colours = bool(self._console.color_system) and not self._console.no_color

    def line(self, *parts: Part, indent: int = 0) -> None:
        """One line, wrapped below its own beginning."""
        if self._console.is_terminal:
            self._console.print(Padding(Text.assemble(*parts), (0, 0, 0, indent), expand=False))
        else:
            super().line(*parts, indent=indent)
