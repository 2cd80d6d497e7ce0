"""The `archive` command. Data goes to standard output, messages to standard error.

Exit status: 0 all fine, 1 something failed (each item is named), 2 wrong usage, 130 stopped by Ctrl-C.
Whoosh, SQLAlchemy, Flask and rich are imported by the commands that need them, so that the others start at once.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import click

from archive import __version__
from archive.cli_alias import alias
from archive.cli_diff import diff
from archive.cli_doctor import doctor
from archive.cli_edit import edit
from archive.cli_feed import feed
from archive.cli_imports import imports
from archive.cli_index import index
from archive.cli_reextract import reextract
from archive.cli_saved import saved
from archive.cli_upgrade import upgrade
from archive.errors import ArchiveError
from archive.opening import chosen_settings, complain, opened_archive, web_fetcher
from archive.options import (
    FormatName,
    QueryCommand,
    article_filter,
    day,
    fetch_options,
    filter_options,
    json_option,
    kwic_options,
    language,
    mapping,
    near_duplicates_option,
    page_options,
    query_argument,
    search_request,
    sort_option,
)
from archive.types import MAX_LINES, Concordance, ImportReport, LineOrder, OnDuplicate, Sort

INTERRUPTED = 130
"""What a shell reports of a command that Ctrl-C stopped."""


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


@main.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH|URL...")
@click.option("--format", type=FormatName("archive.formats"), help="Read every file so; default: told by its content.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    callback=mapping,
    metavar="FIELD=NAME",
    help="Where a table or JSON has a field, such as title=Headline or body=attributes.text; may be repeated.",
)
@click.option("--source", metavar="NAME", help="The publication that the articles are from.")
@click.option("--language", type=language, metavar="CODE", help="The language of the articles; default: detected.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag for every article; may be repeated.")
@click.option("--date", "published", type=day, metavar="DATE", help="The publication date of the articles.")
@click.option(
    "--on-duplicate",
    type=click.Choice([each.value for each in OnDuplicate]),
    default=OnDuplicate.SKIP.value,
    show_default=True,
    help="What to do with a text that is stored already: leave it, or take over what is now said about it.",
)
@fetch_options
@near_duplicates_option
@click.option(
    "--dry-run", is_flag=True, help="Store nothing; only tell what would be done. The web is asked all the same."
)
@click.option(
    "--report",
    type=click.File("w", encoding="utf-8", errors="backslashreplace", lazy=False),
    metavar="FILE",
    help="Write what became of every item to this file: CSV where its name ends so, else JSON lines.",
)
@json_option
def import_articles(
    paths: tuple[str, ...],
    on_duplicate: str,
    allow_private: bool,
    report: IO[str] | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Add articles from files or folders, or from the web.

    A PATH of - is standard input. A URL is a page, a feed or any file that is read. Running the same import again adds
    nothing. Ctrl-C is safe: what was reported is stored, and the same command given again goes on from there. See also:
    archive imports.
    """
    from archive import wire
    from archive.addresses import is_address
    from archive.importing import ImportOptions
    from archive.progress import ImportProgress

    with opened_archive() as archive:
        limit = archive.settings.max_item_mb * 1_000_000
        chosen = ImportOptions(on_duplicate=OnDuplicate(on_duplicate), max_item_bytes=limit, **options)
        progress = ImportProgress(wire.item_writer(report) if report else None)
        online = web_fetcher(archive, private=allow_private, needed=chosen.fetch or any(map(is_address, paths)))
        try:
            with online as fetcher, progress:
                done = archive.import_paths(
                    paths, chosen, observer=progress, sync_progress=progress.indexing, fetcher=fetcher
                )
        except (ArchiveError, OSError, KeyboardInterrupt):
            _show_report(progress.report(), as_json=as_json, dry_run=chosen.dry_run)
            complain("the import ended early; run it again to go on")
            raise
    _show_report(done, as_json=as_json, dry_run=chosen.dry_run)
    if done.failed:
        click.get_current_context().exit(1)


def _show_report(report: ImportReport, *, as_json: bool, dry_run: bool) -> None:
    from archive import console, wire

    if as_json:
        console.show_json(wire.report(report))
    else:
        for line in console.skipped(report):
            console.say(line)
        console.show_line(console.import_summary(report, dry_run=dry_run))


@main.command(cls=QueryCommand)
@query_argument
@filter_options
@sort_option
@page_options
@kwic_options
@json_option
def search(
    words: tuple[str, ...],
    sort: str,
    limit: int | None,
    page: int,
    kwic: bool,
    kwic_order: str | None,
    as_csv: bool,
    as_json: bool,
    **filters: Any,
) -> None:
    """Find articles.

    The words of QUERY are joined, so -word needs no quotes. Without a QUERY every article that the filters let pass is
    found. With --kwic, --limit and --page count lines, and all of them are printed where there is no --limit.
    """
    from archive import console

    if not kwic and (kwic_order or as_csv):
        raise click.UsageError("--kwic-order and --csv are about the lines of --kwic; give that, too")
    if as_csv and as_json:
        raise click.UsageError("--csv and --json cannot be had together")
    with opened_archive(catch_up=True) as archive:
        request = replace(
            search_request(words, sort, **filters),
            page=page,
            page_size=limit or (MAX_LINES if kwic else archive.settings.page_size),
            facets=as_json,  # they are not shown
        )
        if kwic:
            lines = archive.concordance(request, LineOrder(kwic_order or LineOrder.FOUND))
            _show_lines(lines, as_json=as_json, as_csv=as_csv)
            return
        console.show_answer(archive.search(request), as_json=as_json)


def _show_lines(found: Concordance, *, as_json: bool, as_csv: bool) -> None:
    from archive import console, wire

    if as_json:
        console.show_json(wire.concordance(found))
    elif as_csv:
        console.show_table(wire.concordance_table(found), found)
    else:
        console.show_concordance(found)


@main.command(cls=QueryCommand)
@query_argument
@click.option("--format", type=FormatName("archive.export"), required=True, help="How to write the articles.")
@click.option("--output", "-o", metavar="FILE", default="-", help="Write to this file; default: standard output.")
@filter_options
@sort_option
def export(words: tuple[str, ...], format: str, output: str, sort: str, **filters: Any) -> None:
    """Write everything that a search finds to a file, in the order of the search.

    QUERY and options are those of search. The file is written as a whole or not at all.
    """
    from archive import console
    from archive.export import FORMATS, pieces, write_file

    with opened_archive(catch_up=True) as archive:
        found = archive.find(search_request(words, sort, **filters))
        console.show_messages(found.page)
        content = pieces(FORMATS[format], archive.articles(found.ids))
        if output == "-":
            sys.stdout.buffer.writelines(content)
            sys.stdout.buffer.flush()
        else:
            write_file(Path(output), content)
    console.say(f"{console.articles(found.page.total)} found")


main.add_command(alias)
main.add_command(feed)
main.add_command(imports)
main.add_command(doctor)
main.add_command(edit)
main.add_command(diff)
main.add_command(index)
main.add_command(reextract)
main.add_command(saved)
main.add_command(upgrade)


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


@main.command()
@click.argument("what", metavar="ID|-")
@click.option("--limit", type=click.IntRange(1, 200), default=10, show_default=True, help="How many, at most.")
@json_option
def similar(what: str, limit: int, as_json: bool) -> None:
    """Find the articles closest to an article, or to a text on standard input (-)."""
    from archive import console, wire

    if what != "-" and not (what.isascii() and what.isdigit() and 0 < int(what) < 1 << 63):
        raise click.BadParameter(f"{what!r} is neither the number of an article nor -")
    with opened_archive(catch_up=True) as archive:
        if what == "-":
            hits = archive.similar_to(sys.stdin.buffer.read(MAX_TEXT).decode("utf-8", errors="replace"), limit)
        else:
            hits = archive.similar(archive.get(int(what)), limit)
    if as_json:
        console.show_json(wire.similar(hits))
    else:
        console.show_similar(hits)


MAX_TEXT = 1_000_000
"""Bytes of a text that are read."""


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
