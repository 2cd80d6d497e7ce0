"""`archive edit`: what is stated of an article, changed by a person."""

from collections.abc import Callable
from typing import IO, Any, TypeVar

import click

from archive.opening import opened_archive
from archive.options import day, json_option, language
from archive.types import Edited, Stated

Command = TypeVar("Command", bound=Callable[..., Any])

_CLEARED = {
    "authors": "--no-author",
    "source": "--no-source",
    "section": "--no-section",
    "published": "--no-date",
    "language": "--no-language",
    "tags": "--no-tag",
    "url": "--no-url",
    "summary": "--no-summary",
}
"""How each field that an article may be without is cleared."""

_CALLED = {"body": "text", "published": "date"}


def _clearing(command: Command) -> Command:
    for name, option in reversed(_CLEARED.items()):
        called = _CALLED.get(name, name)
        command = click.option(option, f"no_{name}", is_flag=True, help=f"It has no {called}.")(command)
    return command


@click.command()
@click.argument("number", type=click.IntRange(1), metavar="ID")
@click.option("--title", metavar="TEXT", help="The title.")
@click.option("--body", type=click.File("rb"), metavar="FILE", help="The text, from a file; - is standard input.")
@click.option("--author", "authors", multiple=True, metavar="NAME", help="An author; may be repeated.")
@click.option("--source", metavar="NAME", help="The publication that it is from.")
@click.option("--section", metavar="NAME", help="The section of the publication.")
@click.option("--date", "published", type=day, metavar="DATE", help="When it was published.")
@click.option("--language", type=language, metavar="CODE", help="Its language.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag; may be repeated.")
@click.option("--url", metavar="URL", help="Its address in the web.")
@click.option("--summary", metavar="TEXT", help="What it says, in short.")
@_clearing
@json_option
def edit(number: int, as_json: bool, body: IO[bytes] | None, **given: Any) -> None:
    """Change what is stated of an article.

    What is set here holds: no later import and no reextract changes it. Authors and tags take the place of all that
    were there. Another title or text makes a new version, and the one before is kept.
    """
    from archive import console, editing, wire

    with opened_archive() as archive:
        values = _values(given)
        if body:
            limit = archive.settings.max_item_mb * 1_000_000
            values["body"] = editing.body_of(body.read(limit + 1), limit)
        done = archive.edit(number, editing.cleaned(values))
    if as_json:
        console.show_json(wire.edited(done))
    else:
        console.show_line(_told(done))


def _values(given: dict[str, Any]) -> dict[str, Stated]:
    """The fields that were named; raises UsageError where one is set and cleared at once."""
    values: dict[str, Stated] = {
        name: value for name, value in given.items() if not name.startswith("no_") and value not in (None, ())
    }
    for name, option in _CLEARED.items():
        if given[f"no_{name}"]:
            if name in values:
                raise click.UsageError(f"{option} clears what another option sets")
            values[name] = () if name in ("authors", "tags") else None
    return values


def _told(done: Edited) -> str:
    number = done.article.id
    if not done.changed:
        return f"Article {number} is as it was; what was set is kept from now on."
    names = ", ".join(_CALLED.get(name, name) for name in done.changed)
    return f"Changed article {number}, which is version {done.article.version} now: {names}."
