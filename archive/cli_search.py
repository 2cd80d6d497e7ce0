"""`archive search`, `archive export` and `archive similar`: what a query or a text finds."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from archive.opening import opened_archive
from archive.options import (
    FormatName,
    QueryCommand,
    filter_options,
    json_option,
    kwic_options,
    page_options,
    query_argument,
    search_request,
    sort_option,
)
from archive.types import MAX_LINES, Concordance, LineOrder

MAX_TEXT = 1_000_000
"""Bytes of a text that are read."""


@click.command(cls=QueryCommand)
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


@click.command(cls=QueryCommand)
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


@click.command()
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
