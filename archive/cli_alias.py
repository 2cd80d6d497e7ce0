"""The `archive alias` commands: names that a person says are the same."""

import click

from archive.aliases import AliasFile
from archive.opening import chosen_settings, complain
from archive.options import json_option


@click.group()
def alias() -> None:
    """Look after names that are the same: a search for one offers the others.

    They are lines of aliases.txt in the data directory, such as Türkiye = Turkey, which may be edited by hand.
    """


@alias.command("list")
@json_option
def list_aliases(as_json: bool) -> None:
    """List the aliases."""
    from archive import console

    found = _aliases().read()
    if as_json:
        console.show_json({"aliases": found.groups, "faults": found.faults})
    else:
        for names in found.groups:
            console.show_line(" = ".join(names))
    for fault in found.faults:
        complain(fault)
    if found.faults:
        click.get_current_context().exit(1)


@alias.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME NAME...")
@json_option
def add(names: tuple[str, ...], as_json: bool) -> None:
    """Add an alias: two names or more that are the same."""
    from archive import console
    from archive.aliases import read_names

    cleaned = read_names(names)
    added = _aliases().add(cleaned)
    if as_json:
        console.show_json({"names": cleaned, "added": added})
    else:
        console.show_line(f"{'Added' if added else 'Known already'}: {' = '.join(cleaned)}.")


@alias.command()
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Remove each alias that has this name."""
    from archive import console

    removed = _aliases().remove(name)
    if as_json:
        console.show_json({"removed": removed})
    else:
        for names in removed:
            console.show_line(f"Removed: {' = '.join(names)}.")
    if not removed:
        complain(f"there is no alias {name}")
        click.get_current_context().exit(1)


def _aliases() -> AliasFile:
    settings = chosen_settings()
    settings.make_data_directory()
    return AliasFile(settings.alias_file)
