"""The `archive` command. Data goes to standard output, messages to standard error.

Exit status: 0 all fine, 1 something failed (each item is named), 2 wrong usage, 130 stopped by Ctrl-C.
Whoosh, SQLAlchemy, Flask and rich are imported by the commands that need them, so that the others start at once.
"""

import json
import os
import sys
from typing import Any

import click

from archive import __version__
from archive.cli_alias import alias
from archive.cli_diff import diff
from archive.cli_doctor import doctor
from archive.cli_edit import edit
from archive.cli_feed import feed
from archive.cli_import import import_articles
from archive.cli_imports import imports
from archive.cli_index import index
from archive.cli_reextract import reextract
from archive.cli_saved import saved
from archive.cli_search import export, search, similar
from archive.cli_upgrade import upgrade
from archive.errors import ArchiveError
from archive.opening import chosen_settings, complain, opened_archive
from archive.options import (
    article_filter,
    filter_options,
    json_option,
    page_options,
)
from archive.types import Sort

INTERRUPTED = 130
"""What a shell reports of a command that Ctrl-C stopped."""


# NumPy's linear algebra, which nothing here uses, would otherwise keep a core busy whenever a process begins.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


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
            complain(str(error))
            context.exit(error.exit_status)
        except OSError as error:
            complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
            context.exit(1)
        except KeyboardInterrupt:
            complain("stopped")
            context.exit(INTERRUPTED)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", metavar="DIR", help="The data directory; default: ARCHIVE_DATA, else the user data directory.")
@click.version_option(__version__, prog_name="archive", message="%(prog)s %(version)s")
def main(data: str | None) -> None:  # noqa: ARG001 - read by chosen_settings
    """A searchable article archive in one process and one file."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a title must not stop a listing in an old terminal


for _command in (
    import_articles, imports, search, export, similar, saved, alias, feed, edit, diff, reextract,
    index, doctor, upgrade,
):  # fmt: skip
    main.add_command(_command)


@main.command()
@click.argument("number", type=click.IntRange(1), metavar="ID")
@click.option("--query", default="", metavar="QUERY", help="Mark every match of this query.")
@click.option("--version", type=click.IntRange(1), metavar="N", help="An older version; default: the current one.")
@click.option("--original", is_flag=True, help="Write the bytes as they were imported to standard output.")
@json_option
def show(number: int, query: str, version: int | None, original: bool, as_json: bool) -> None:
    """Show an article's text and what is known about it."""
    from archive import console, wire

    with opened_archive() as archive:
        if original:
            kept = archive.original(number, version)
            if kept is None:
                raise ArchiveError(f"the original of article {number} was not kept")
            sys.stdout.buffer.write(kept.data)
            return
        article = archive.get(number, version)
        marked = archive.mark(article, query)
        if as_json:
            console.show_json(wire.article(article, marked, archive.versions(number)))
        else:
            console.show_article(article, marked)


@main.command("list")
@filter_options
@click.option(
    "--sort",
    type=click.Choice([Sort.NEWEST.value, Sort.OLDEST.value]),
    default=Sort.NEWEST.value,
    show_default=True,
    help="The order of the articles, by publication date.",
)
@page_options
@json_option
def list_articles(sort: str, limit: int | None, page: int, as_json: bool, **filters: Any) -> None:
    """List the stored articles."""
    from archive import console, wire

    with opened_archive() as archive:
        chosen, size = article_filter(**filters), limit or archive.settings.page_size
        found = archive.headlines(chosen, sort=Sort(sort), offset=(page - 1) * size, limit=size)
        total = archive.count(chosen)
    if as_json:
        console.show_json(wire.headlines(found, total=total, page=page, page_size=size))
    else:
        console.show_headlines(found, total)


@main.command()
@click.argument("numbers", type=click.IntRange(1), nargs=-1, required=True, metavar="ID...")
@json_option
def delete(numbers: tuple[int, ...], as_json: bool) -> None:
    """Delete articles for good.

    Their versions and originals go with them.
    """
    from archive import console

    with opened_archive() as archive:
        deleted = archive.delete(numbers)
    missing = [number for number in dict.fromkeys(numbers) if number not in deleted]
    if as_json:
        console.show_json({"deleted": deleted, "missing": missing})
    else:
        console.show_line(f"Deleted {console.articles(len(deleted))}.")
    for number in missing:
        complain(f"there is no article {number}")
    if missing:
        click.get_current_context().exit(1)


@main.command()
@click.option("--host", metavar="ADDRESS", help="Listen on this address; default: the setting, 127.0.0.1.")
@click.option("--port", type=int, metavar="N", help="Listen on this port, 0 for a free one; default: 8000.")
@click.option("--workers", type=int, metavar="N", help="Worker processes; default: 2.")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the web page until Ctrl-C.

    The index is kept up to date meanwhile, so articles can be imported at the same time.
    """
    from archive.serve import run

    run(chosen_settings(host=host, port=port, workers=workers))


@main.command()
@json_option
def stats(as_json: bool) -> None:
    """Count what the archive holds."""
    from archive import console, wire

    with opened_archive() as archive:
        counts, status = archive.stats(), archive.index_status()
    if as_json:
        console.show_json(wire.stats(counts, status))
    else:
        console.show_stats(counts, status)


@main.command()
@json_option
def config(as_json: bool) -> None:
    """Show each setting and where its value comes from."""
    from archive import console, wire

    settings = chosen_settings()
    if as_json:
        console.show_json(wire.settings(settings))
    else:
        console.show_settings(settings)


@main.command()
@json_option
def version(as_json: bool) -> None:
    """Show the version of the archive."""
    import platform
    import sqlite3

    found = {"archive": __version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(f"archive {found['archive']} (Python {found['python']}, SQLite {found['sqlite']})")
