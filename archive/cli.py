"""The `archive` command. Data goes to standard output, messages to standard error.

Exit status: 0 all fine, 1 something failed (each item is named), 2 wrong usage, 130 stopped by Ctrl-C.
Whoosh, SQLAlchemy, Flask and rich are imported by the commands that need them, so that the others start at once.
"""

import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeVar

import click

from archive import __version__, wire
from archive.dates import read_date
from archive.errors import ArchiveError
from archive.formats import FORMATS
from archive.language import clean_language
from archive.reports import item_writer
from archive.service import Archive
from archive.settings import Settings, load_settings
from archive.types import ArticleFilter, ImportReport, OnDuplicate, PublicationDate, SearchRequest, Sort

INTERRUPTED = 130
"""What a shell reports of a command that Ctrl-C stopped."""

Command = TypeVar("Command", bound=Callable[..., Any])


class Program(click.Group):
    """A group of commands in which no error of the archive ever shows as a traceback."""

    def invoke(self, context: click.Context) -> None:
        """Run the command; every expected error becomes one line and an exit status."""
        try:
            super().invoke(context)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except ArchiveError as error:
            _complain(str(error))
            context.exit(error.exit_status)
        except OSError as error:
            _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
            context.exit(1)
        except KeyboardInterrupt:
            _complain("stopped")
            context.exit(INTERRUPTED)


def _complain(text: str) -> None:
    from archive.console import say

    say(f"archive: {text}")


class DateType(click.ParamType[PublicationDate]):
    """A day, a month or a year, as people write it."""

    name = "date"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> PublicationDate:
        """Read the date or end with wrong usage."""
        found = read_date(str(value))
        return found or self.fail(f"{value!r} is no date; write 2023, 2023-05 or 2023-05-02", param, ctx)


class LanguageType(click.ParamType[str]):
    """A language by its code."""

    name = "code"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the code or end with wrong usage."""
        found = clean_language(str(value))
        return found or self.fail(f"{value!r} is no language code; write en, de or zh", param, ctx)
