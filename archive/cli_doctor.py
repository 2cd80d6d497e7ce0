"""`archive doctor`: whether everything is right."""

import click

from archive.opening import chosen_settings
from archive.options import json_option
from archive.types import Check


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look at everything: files, database, originals, index, and whether they agree.

    Nothing is changed. What is wrong is told in a sentence, with what to do.
    """
    from archive import console, wire
    from archive.bootstrap import open_archive
    from archive.doctor import examine
    from archive.progress import StepProgress

    settings = chosen_settings()
    with StepProgress() as progress:
        checks = list(examine(settings, lambda chosen: open_archive(chosen, catch_up=False), progress))
    if as_json:
        console.show_json(wire.checks(checks))
    else:
        for check in checks:
            _show(check)
    if any(check.faults for check in checks):
        click.get_current_context().exit(1)


def _show(check: Check) -> None:
    from archive import console

    if not check.faults:
        console.show_line(f"{check.name}: ok")
    for number, fault in enumerate(check.faults, 1):
        remedy = f". What to do: {check.remedy}" if check.remedy and number == len(check.faults) else ""
        console.show_line(f"{check.name}: wrong: {fault}{remedy}")
