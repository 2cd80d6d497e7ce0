"""`archive saved`: searches with a name."""

from dataclasses import replace
from typing import Any

import click

from archive.opening import complain, opened_archive
from archive.options import (
    QueryCommand,
    filter_options,
    json_option,
    page_options,
    query_argument,
    search_request,
    sort_option,
)

NEW_AT_ONCE = 200
"""New articles that a run shows."""


@click.group()
def saved() -> None:
    """Keep searches and see what is new in them."""


@saved.command("list")
@json_option
def list_saved(as_json: bool) -> None:
    """List the saved searches, with how many articles each finds and how many of those are new.

    New is what was added or changed since it was last looked at.
    """
    from archive import console, wire

    with opened_archive(catch_up=True) as archive:
        counts = list(archive.saved.counts())
    if as_json:
        console.show_json({"saved": [wire.saved_count(each) for each in counts]})
    else:
        console.show_saved(counts)


@saved.command(cls=QueryCommand)
@click.argument("name")
@query_argument
@filter_options
@sort_option
@json_option
def add(name: str, words: tuple[str, ...], sort: str, as_json: bool, **filters: Any) -> None:
    """Save a search under a NAME.

    QUERY and options are those of search. What it finds now counts as seen.
    """
    from archive import console, wire

    request = replace(search_request(words, sort, **filters), facets=False)
    with opened_archive(catch_up=True) as archive:
        found = archive.search(request)
        kept = archive.saved.add(name, request, found.sequence)
    if as_json:
        console.show_json(wire.saved_search(kept))
        return
    console.show_messages(found)
    console.show_line(f"Saved {kept.name}: {console.articles(found.total)}.")


@saved.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@json_option
def remove(names: tuple[str, ...], as_json: bool) -> None:
    """Forget saved searches."""
    from archive import console
    from archive.errors import SavedSearchNotFoundError

    removed, missing = [], []
    with opened_archive() as archive:
        for name in dict.fromkeys(names):
            try:
                archive.saved.remove(name)
                removed.append(name)
            except SavedSearchNotFoundError as error:
                missing.append(name)
                complain(str(error))
    if as_json:
        console.show_json({"removed": removed, "missing": missing})
    elif removed:
        console.show_line(f"Removed {', '.join(removed)}.")
    if missing:
        click.get_current_context().exit(1)


@saved.command()
@click.argument("name")
@click.option("--new", is_flag=True, help="Only what was added or changed since it was last looked at.")
@page_options
@json_option
def run(name: str, new: bool, limit: int | None, page: int, as_json: bool) -> None:
    """Find the articles of a saved search.

    What is new counts as seen once it has been shown: all of it on a page, or with --new the last page.
    """
    from archive import console

    with opened_archive(catch_up=True) as archive:
        search = archive.saved.get(name)
        size = limit or (NEW_AT_ONCE if new else archive.settings.page_size)
        found = archive.saved.run(search, replace(search.request, page=page, page_size=size, facets=as_json), new=new)
        console.show_answer(found, as_json=as_json)
        if not archive.saved.looked_at(search, found):
            console.say("Not all that is new has been shown; it stays new")
