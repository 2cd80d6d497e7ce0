"""Options that several commands have, and how their values are read."""

from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import Any, TypeVar

import click

from archive.language import clean_language
from archive.types import ArticleFilter, LineOrder, PublicationDate, SearchRequest, Sort

Command = TypeVar("Command", bound=Callable[..., Any])


def day(text: str) -> PublicationDate:
    """The date that a person wrote; raises BadParameter, which is wrong usage."""
    from archive.dates import read_date

    if found := read_date(text):
        return found
    raise click.BadParameter(f"{text!r} is no date; write 2023, 2023-05 or 2023-05-02")


def language(text: str) -> str:
    """The code of a language; raises BadParameter, which is wrong usage."""
    if found := clean_language(text):
        return found
    raise click.BadParameter(f"{text!r} is no language code; write en, de or zh")


def mapping(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The names given for each field; raises BadParameter, which is wrong usage."""
    from archive.formats.record import NAMES

    found: dict[str, tuple[str, ...]] = {}
    for each in given:
        field, parted, name = (part.strip() for part in each.partition("="))
        if not parted or not name or field.lower() not in NAMES:
            fields = ", ".join(NAMES)
            raise click.BadParameter(f"{each!r} is no FIELD=NAME such as title=Headline; the fields are {fields}")
        found[field.lower()] = (*found.get(field.lower(), ()), name)
    return found


class FormatName(click.Choice[str]):
    """The name of a format; the formats are imported when somebody names one or asks which there are."""

    def __init__(self, module: str) -> None:
        """`module` has the table FORMATS."""
        self.case_sensitive = True
        self._module = module

    @cached_property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        """All names."""
        return tuple(import_module(self._module).FORMATS)


class QueryCommand(click.Command):
    """A command whose words may begin with a hyphen: `-oil` is one, and not the option -o with a value."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings["context_settings"] = {"ignore_unknown_options": True}
        super().__init__(*arguments, **settings)

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Hide the hyphen of such words from click, which would look for short options in them."""
        options = [each for each in self.params if isinstance(each, click.Option) and not each.is_flag]
        valued = {name for option in options for name in option.opts}
        for at, (before, word) in enumerate(zip(["", *args], [*args], strict=False)):
            if before not in valued and word.startswith("-") and not word.startswith("--") and len(word) > 2:
                args[at] = _HIDDEN + word
        return super().parse_args(context, args)


_HIDDEN = "\0"  # which no argument of a command can hold


def _shown(_context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:  # unknown options reach us as words, for the sake of `-word`
        if word.startswith("--"):
            raise click.NoSuchOption(word)
    return tuple(word.removeprefix(_HIDDEN) for word in words)


query_argument = click.argument("words", nargs=-1, metavar="[QUERY]...", callback=_shown)

sort_option = click.option(
    "--sort",
    type=click.Choice([each.value for each in Sort]),
    default=Sort.RELEVANCE.value,
    show_default=True,
    help="The order of the articles.",
)


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, shown in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")

allow_private_option = click.option(
    "--allow-private", is_flag=True, help="Fetch from addresses inside this machine and its network, too."
)

fetch_options = _together(
    click.option("--fetch", is_flag=True, help="Fetch the page of each entry that has an address and no whole text."),
    allow_private_option,
)

filter_options = _together(
    click.option("--from", "first", type=day, metavar="DATE", help="Published on this day or later."),
    click.option("--to", "last", type=day, metavar="DATE", help="Published on this day or earlier."),
    click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this source; may be repeated."),
    click.option("--author", "authors", multiple=True, metavar="NAME", help="Only this author; may be repeated."),
    click.option(
        "--language", "languages", type=language, multiple=True, metavar="CODE", help="Only this language; repeatable."
    ),
    click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only with this tag; may be repeated."),
)

page_options = _together(
    click.option("--limit", type=click.IntRange(1, 200), metavar="N", help="Articles on a page."),
    click.option("--page", type=click.IntRange(1), default=1, metavar="N", help="Which page; the first is 1."),
)

kwic_options = _together(
    click.option("--kwic", is_flag=True, help="Print every match in its context, a line each."),
    click.option(
        "--kwic-order",
        type=click.Choice([each.value for each in LineOrder]),
        help="With --kwic: lines as found (default), by the words to the left or right, or by date.",
    ),
    click.option("--csv", "as_csv", is_flag=True, help="With --kwic: print CSV instead of text."),
)


def article_filter(
    *,
    first: PublicationDate | None,
    last: PublicationDate | None,
    sources: tuple[str, ...],
    authors: tuple[str, ...],
    languages: tuple[str, ...],
    tags: tuple[str, ...],
) -> ArticleFilter:
    """What `filter_options` ask for."""
    return ArticleFilter(
        published_from=first.first_day if first else None,
        published_to=last.last_day if last else None,
        sources=sources,
        authors=authors,
        languages=languages,
        tags=tags,
    )


def search_request(words: tuple[str, ...], sort: str, **filters: Any) -> SearchRequest:
    """What `query_argument`, `sort_option` and `filter_options` ask for."""
    return SearchRequest(query=" ".join(words), filter=article_filter(**filters), sort=Sort(sort))


near_duplicates_option = click.option(
    "--no-near-duplicates",
    "near_duplicates",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Do not look for near-duplicates; archive upgrade does so later.",
)
