"""`archive index`: how the index stands, and making it anew."""

import click

from archive.opening import opened_archive
from archive.options import json_option
from archive.types import IndexStatus


@click.group()
def index() -> None:
    """Look after the index.

    It can be thrown away and made anew from the database at any time.
    """


@index.command()
@json_option
def status(as_json: bool) -> None:
    """Tell how the index stands to the database."""
    from archive import console, wire

    with opened_archive() as archive:
        found = archive.index_status()
    if as_json:
        console.show_json(wire.index_status(found))
    else:
        console.show_index_status(found)


@index.command()
@json_option
def sync(as_json: bool) -> None:
    """Bring the index up to date."""
    from archive.progress import IndexProgress

    with opened_archive() as archive, IndexProgress() as progress:
        changes = archive.sync(progress)
        _show_changes(changes, archive.index_status(), as_json=as_json)


@index.command()
@json_option
def rebuild(as_json: bool) -> None:
    """Make the index anew, while the old one goes on answering."""
    from archive.progress import IndexProgress

    with opened_archive() as archive, IndexProgress() as progress:
        changes = archive.rebuild_index(progress)
        _show_changes(changes, archive.index_status(), as_json=as_json)


def _show_changes(changes: int, status: IndexStatus, *, as_json: bool) -> None:
    from archive import console, wire

    if as_json:
        console.show_json({"changes": changes, "index": wire.index_status(status)})
    else:
        console.show_line(f"Applied {changes:,} changes; the index is {status.state}, {status.articles:,} articles.")


@index.command()
@json_option
def verify(as_json: bool) -> None:
    """Read database and index to the last byte and prove that they agree."""
    from archive import console

    with opened_archive() as archive:
        faults = archive.verify()
    if as_json:
        console.show_json({"faults": faults})
    else:
        console.show_line("The database and the index are whole and agree." if not faults else "Faults were found:")
        for fault in faults:
            console.show_line(f"- {fault}")
    if faults:
        click.get_current_context().exit(1)
