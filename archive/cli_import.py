"""`archive import`: articles from files, folders, standard input and the web."""

from typing import IO, Any

import click

from archive.errors import ArchiveError
from archive.opening import complain, opened_archive, web_fetcher
from archive.options import (
    FormatName,
    day,
    fetch_options,
    json_option,
    language,
    mapping,
    near_duplicates_option,
)
from archive.types import ImportReport, OnDuplicate


@click.command("import")
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
