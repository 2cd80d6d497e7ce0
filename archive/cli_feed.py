"""`archive feed`: feeds that are followed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from archive.opening import complain, opened_archive, web_fetcher
from archive.options import allow_private_option, fetch_options, json_option, language

if TYPE_CHECKING:
    from archive.service import Archive
    from archive.types import Feed, FeedUpdate


@click.group()
def feed() -> None:
    """Follow feeds from the web, with a line for cron."""


@feed.command()
@click.argument("url")
@click.option("--source", metavar="NAME", help="The publication that its articles are from; default: its title.")
@click.option("--language", type=language, metavar="CODE", help="The language of its articles; default: what they say.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag for each of its articles; may be repeated.")
@allow_private_option
@json_option
def add(url: str, allow_private: bool, as_json: bool, **stated: Any) -> None:
    """Follow the feed at a URL, or the one that the page there links to.

    Its articles come with the first `archive feed update`.
    """
    from archive import console, wire

    with opened_archive() as archive, web_fetcher(archive, private=allow_private) as fetcher:
        added = archive.feeds.add(url, fetcher, **stated)
    if as_json:
        console.show_json(wire.feed(added))
        return
    console.show_line(f"Following {added.title} ({added.url}) as feed {added.id}; archive feed update reads it.")


@feed.command("list")
@json_option
def list_feeds(as_json: bool) -> None:
    """List the feeds that are followed, and how the last look at each went."""
    from archive import console, wire

    with opened_archive() as archive:
        feeds = archive.feeds.all()
    if as_json:
        console.show_json({"feeds": [wire.feed(each) for each in feeds]})
    else:
        for line in (line for each in feeds for line in _about(each)):
            console.show_line(line)
        if not feeds:
            console.say("No feed is followed; archive feed add URL follows one")


def _about(feed: "Feed") -> list[str]:
    """Its number, title and address, and how the last look at it went."""
    stated = {"source": feed.source, "language": feed.language, "tags": ", ".join(feed.tags)}
    looked = f"checked {feed.checked:%Y-%m-%d %H:%M} UTC" if feed.checked else "never checked"
    facts = [feed.url, *(f"{name}: {fact}" for name, fact in stated.items() if fact), looked]
    if feed.changed:
        facts.append(f"last news {feed.changed:%Y-%m-%d %H:%M} UTC")
    lines = [f"{feed.id:>4}  {feed.title}", f"      {' · '.join(facts)}"]
    if feed.error:
        lines.append(f"      failed{f' {feed.failures} times in a row' if feed.failures > 1 else ''}: {feed.error}")
    return lines


@feed.command()
@click.argument("names", nargs=-1, required=True, metavar="URL|ID...")
@json_option
def remove(names: tuple[str, ...], as_json: bool) -> None:
    """Follow feeds no longer.

    Their articles stay.
    """
    from archive import console, wire
    from archive.errors import FeedNotFoundError

    removed, missing = [], []
    with opened_archive() as archive:
        for name in dict.fromkeys(names):
            try:
                removed.append(archive.feeds.remove(name))
            except FeedNotFoundError as error:
                missing.append(name)
                complain(str(error))
    if as_json:
        console.show_json({"removed": [wire.feed(each) for each in removed], "missing": missing})
    for each in () if as_json else removed:
        console.show_line(f"No longer following {each.title} ({each.url}).")
    if missing:
        click.get_current_context().exit(1)


@feed.command()
@click.argument("names", nargs=-1, metavar="[URL|ID]...")
@fetch_options
@json_option
def update(names: tuple[str, ...], fetch: bool, allow_private: bool, as_json: bool) -> None:
    """Import what is new in the feeds that are followed, or in some of them.

    One that fails does not stop the others; each is named, and the exit status is 1.
    """
    from archive import console, wire
    from archive.progress import ImportProgress

    with opened_archive() as archive, web_fetcher(archive, private=allow_private) as fetcher:
        chosen, failed = _chosen(archive, names)
        limit = archive.settings.max_item_mb * 1_000_000
        updates = []
        with ImportProgress() as progress:
            for each in chosen:
                done = archive.feeds.update(each, fetcher, pages=fetch, observer=progress, limit=limit)
                updates.append(done)
                failed = failed or done.failed
                if not as_json:
                    _show_update(done)
            archive.follow(progress.indexing)
    if as_json:
        console.show_json({"feeds": [wire.feed_update(each) for each in updates]})
    if failed:
        click.get_current_context().exit(1)


def _show_update(update: "FeedUpdate") -> None:
    """What a look at a feed gave, as a line; what is wrong, and a new address, as a message."""
    from archive import console

    name = f"feed {update.feed.id}, {update.feed.title}"
    if update.moved:
        complain(f"{name}: it has moved for good, and is followed at {update.moved} from now on")
    if update.error:
        complain(f"{name} ({update.feed.url}): {update.error}")
    if update.report:
        console.show_line(f"{update.feed.title}: {console.import_summary(update.report)}")
    elif not update.error:
        console.show_line(f"{update.feed.title}: nothing new.")


def _chosen(archive: "Archive", names: Sequence[str]) -> "tuple[list[Feed], bool]":
    """The feeds with these names, all where there is none, and whether one was not found, which is told."""
    from archive.errors import FeedNotFoundError

    if not names:
        return archive.feeds.all(), False
    found: dict[int, Feed] = {}
    missing = False
    for name in names:
        try:
            each = archive.feeds.find(name)
            found[each.id] = each
        except FeedNotFoundError as error:
            missing = True
            complain(str(error))
    return list(found.values()), missing
