"""Standard output on a terminal: lines wrapped below their own beginning, and colours, both of them by rich."""

import sys

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from archive.console import MATCH, QUIET, Part, Screen


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

    def in_context(self, about: str, left: str, match: str, right: str) -> None:
        """One line of a concordance, cut to the window: every match begins in the same column."""
        if not self._console.is_terminal:
            super().in_context(about, left, match, right)
            return
        room = max(30, self._console.width - cell_len(about) - 2)
        before = room * 2 // 5
        if cell_len(match) > room // 2:
            half = room // 4
            match = f"{set_cell_size(match, half - 3).rstrip()} … {_end(match, half - 4).lstrip()}"
        if not self.colours:
            match = f"**{match}**"
        after = room - before - cell_len(match)
        parts = ((f"{about}  ", QUIET), (_end(left, before), ""), (match, MATCH if self.colours else ""))
        self._console.print(Text.assemble(*parts, (set_cell_size(right, after).rstrip(), "")), no_wrap=True, crop=True)


def _end(text: str, cells: int) -> str:
    """The end of a text, as wide as this: blanks stand before it where it is narrower."""
    text = text[-cells:]
    while cell_len(text) > cells:
        text = text[1:]
    return " " * (cells - cell_len(text)) + text
