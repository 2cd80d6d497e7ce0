"""What every command begins with: the settings that were chosen, and the archive of its data directory."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, overload

import click

from archive.settings import Settings, load_settings

if TYPE_CHECKING:
    from archive.fetching import WebFetcher
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


@overload
def web_fetcher(archive: "Archive", *, private: bool) -> "AbstractContextManager[WebFetcher]": ...
@overload
def web_fetcher(archive: "Archive", *, private: bool, needed: bool) -> "AbstractContextManager[WebFetcher | None]": ...
def web_fetcher(
    archive: "Archive", *, private: bool, needed: bool = True
) -> "AbstractContextManager[WebFetcher | None]":
    """What fetches from the web for a command, as the settings say; nothing where it is not needed."""
    if not needed:
        return nullcontext()
    from archive.fetching import WebFetcher  # never by the web process, which imports no command

    settings = archive.settings
    return WebFetcher(settings.max_item_mb * 1_000_000, private=private or bool(settings.allow_private))
