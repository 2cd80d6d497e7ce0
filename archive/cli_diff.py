"""The command `archive diff`: what differs between two articles, or two versions of one."""

import click

from archive.opening import opened_archive
from archive.options import json_option
from archive.types import ChangeKind, Difference, Piece

MARKS = {
    ChangeKind.SAME: ("", "", ""),
    ChangeKind.DELETED: ("[-", "-]", "red"),
    ChangeKind.INSERTED: ("{+", "+}", "green"),
}
"""What stands around a piece, as wdiff and git have it, and its colour where there are colours."""


@click.command()
@click.argument("number", type=click.IntRange(1), metavar="ID")
@click.argument("other", type=click.IntRange(1), metavar="OTHER", required=False)
@click.option("--version", type=click.IntRange(1), metavar="N", help="The version of ID; default: the current one.")
@json_option
def diff(number: int, other: int | None, version: int | None, as_json: bool) -> None:
    """Show word by word how another article differs from one.

    Without OTHER, how the current version of an article differs from an older one.
    """
    from archive import console, wire

    if other is None and version is None:
        raise click.UsageError("give the number of another article, or --version N for an older version of this one")
    with opened_archive() as archive:
        found = archive.difference(number, other or number, version)
    if as_json:
        console.show_json(wire.difference(found))
    else:
        console.show_lines(map(_line, _rows(found)))


def _rows(found: Difference) -> list[tuple[Piece, ...]]:
    return [found.title, (), *found.paragraphs]


def _line(pieces: tuple[Piece, ...]) -> list[tuple[str, str]]:
    marked = ((piece.text, *MARKS[piece.kind]) for piece in pieces)
    return [(f"{opening}{text}{closing}", style) for text, opening, closing, style in marked]
