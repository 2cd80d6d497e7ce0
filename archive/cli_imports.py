"""`archive imports`: what imports have done, item by item."""

import click

from archive.opening import opened_archive
from archive.options import json_option
from archive.types import Outcome


@click.group()
def imports() -> None:
    """See what became of every item of every import."""


@imports.command("list")
@json_option
def list_imports(as_json: bool) -> None:
    """List all imports, newest first.

    One that is interrupted goes on where it was when the same command is given again.
    """
    from archive import console, wire

    with opened_archive() as archive:
        found = archive.imports()
    if as_json:
        console.show_json({"imports": [wire.import_account(each) for each in found]})
    else:
        console.show_imports(found)


@imports.command()
@click.argument("number", type=click.IntRange(1), metavar="NUMBER")
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice([each.value for each in Outcome]),
    help="Only items with this outcome; may be repeated.",
)
@json_option
def show(number: int, outcomes: tuple[str, ...], as_json: bool) -> None:
    """Show the items of an import, in the order in which they were read.

    With --json a line is an object, as in the file of --report. Of the hundred newest imports every item is kept.
    """
    from archive import console, wire

    with opened_archive() as archive:
        for item in archive.import_items(number, [Outcome(name) for name in outcomes]):
            if as_json:
                console.show_json_line(wire.import_item(item))
            else:
                console.show_import_item(item)
