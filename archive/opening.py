"""What every command begins with: the settings that were chosen, and the archive of its data directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from archive.settings import Settings, load_settings

if TYPE_CHECKING:
    from archive.service import Archive


def complain(text: str) -> None:
    """Say what is wrong, on standard error."""
    from archive.console import say

    say(f"archive: {text}")


def chosen_settings(**flags: str | int | None) -> Settings:
    """The settings, with the flags of the command line."""
    return load_settings({"data": click.get_current_context().find_root().params["data"], **flags})


@contextmanager
def opened_archive(*, catch_up: bool = False) -> "Iterator[Archive]":
    """The archive, which is closed at the end; see `bootstrap.open_archive`."""
    from archive.bootstrap import open_archive
    from archive.progress import IndexProgress

    with IndexProgress() as progress:
        archive = open_archive(chosen_settings(), catch_up=catch_up, progress=progress)
    with archive:
        yield archive
