"""`archive reextract`: today's readers over the originals that were kept."""

from collections.abc import Sequence

import click

from archive.opening import complain, opened_archive
from archive.options import FormatName, json_option
from archive.service import Archive
from archive.types import Renewed, RenewedItem, RenewedReport


@click.command()
@click.argument("numbers", type=click.IntRange(1), nargs=-1, metavar="[ID]...")
@click.option("--format", type=FormatName("archive.formats"), help="All articles that were read as this format.")
@click.option("--all", "everything", is_flag=True, help="All articles.")
@click.option("--dry-run", is_flag=True, help="Store nothing; only tell what would be done.")
@json_option
def reextract(numbers: tuple[int, ...], format: str | None, everything: bool, dry_run: bool, as_json: bool) -> None:
    """Read the originals of articles again, with the readers of this version.

    Another text makes a new version, and what is known better is taken over; what a person has set stays. An original
    that cannot be read any more leaves its article as it is.
    """
    from archive import console, wire
    from archive.progress import StepProgress

    if sum((bool(numbers), format is not None, everything)) != 1:
        raise click.UsageError("name articles, or give --format or --all: one of these")
    with opened_archive() as archive:
        ids = _chosen(archive, numbers, format)
        with StepProgress() as progress:
            done = 0

            def tell(_item: RenewedItem) -> None:
                nonlocal done
                done += 1
                progress("Reading", done, len(ids))

            report = archive.reextract(ids, dry_run=dry_run, tell=tell)
    if as_json:
        console.show_json(wire.renewed(report))
    else:
        _show(report, dry_run=dry_run)
    if report.counts[Renewed.FAILED]:
        click.get_current_context().exit(1)


def _chosen(archive: Archive, numbers: Sequence[int], format: str | None) -> Sequence[int]:
    if numbers:
        return tuple(dict.fromkeys(numbers))
    return archive.store.ids_of_format(format) if format else archive.store.article_ids()


def _show(report: RenewedReport, *, dry_run: bool) -> None:
    from archive import console

    for item in report.items:
        if item.outcome is Renewed.FAILED:
            complain(f"article {item.article}{f' ({item.origin})' if item.origin else ''}: {item.reason}")
        else:
            console.show_line(f"article {item.article}: {item.reason}")
    done = "Would update" if dry_run else "Updated"
    updated, *others = (report.counts[outcome] for outcome in Renewed)
    rest = "".join(f", {count:,} {outcome}" for outcome, count in zip([*Renewed][1:], others, strict=True) if count)
    console.show_line(f"{done} {console.articles(updated)}{rest}, in {console.duration(report.seconds)}.")
