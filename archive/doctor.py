"""Looks at everything that a person would want to know is right, and says what to do where it is not.

Nothing is changed, not even the index brought up to date, and nothing that is damaged stops it: what cannot be looked
at is told, and the next thing is looked at.
"""

import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from archive.aliases import AliasFile
from archive.errors import ArchiveError
from archive.ports import SearchIndex, Store
from archive.settings import Settings
from archive.sync import disagreements
from archive.types import Article, Check, SearchRequest

if TYPE_CHECKING:
    from archive.service import Archive

Progress = Callable[[str, int, int], None]
"""Is called with what is looked at, how much of it was seen, and how much there is; 0 where that is not known."""

SAMPLE = 25
"""Articles that the index must find by their words."""

NEEDED_BYTES = 200_000_000
"""Free bytes below which nothing should be begun, however small the archive is."""

_WORDS = 5
_LOOKED_AT = 4_000
_WORD = re.compile(r"(?<!\S)[^\W\d_]{4,20}(?=[,.;:!?]?(?:\s|$))")
_OLD = 3_600.0
_TEMPORARY = ("?archive.db.*", "aliases.txt????????")
_REBUILD = "run: archive index rebuild"


def examine(settings: Settings, open_archive: "Callable[[Settings], Archive]", progress: Progress) -> Iterator[Check]:
    """One check after the other."""
    if not settings.database.is_file() or not settings.database.stat().st_size:
        yield Check(
            "archive", (f"there is no archive in {settings.data}",), "see whether --data names the right folder"
        )
        return
    for name, look, remedy in _FILES:
        progress(name, 0, 0)
        yield _check(name, partial(look, settings), remedy)
    try:
        archive = open_archive(settings)
    except Exception as error:  # noqa: BLE001  # a damaged database may lead to anything
        yield Check("database", (str(error),), "where it is damaged, put a copy back that is whole")
        return
    with archive:
        yield from archive.store.examine(progress)
        yield from _index(archive.store, archive.index, progress)


def _check(name: str, look: Callable[[], Iterable[str]], remedy: str) -> Check:
    try:
        return Check(name, tuple(look()), remedy)
    except (ArchiveError, OSError) as error:
        return Check(name, (str(error),), remedy)
    except Exception as error:  # noqa: BLE001  # of what is damaged anything may come, and the rest is looked at
        return Check(name, (f"it cannot be looked at: {type(error).__name__}: {error}",), remedy)


# --- the folder -------------------------------------------------------------------------------------------------------


def _permissions(settings: Settings) -> Iterator[str]:
    for path in (settings.data, settings.database, settings.index_directory):
        if not path.exists():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if not os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)):
            yield f"{path} cannot be read and written by you"
        if mode & 0o022:
            yield f"{path} can be changed by others (mode {mode:03o})"
        elif path.is_file() and mode & 0o044:
            yield f"{path} can be read by others (mode {mode:03o})"


def _room(settings: Settings) -> Iterator[str]:
    """Whether a second index has room beside the first, as a rebuild needs it, and the database can grow."""
    from archive.console import size

    free = shutil.disk_usage(settings.data).free
    index = sum(path.stat().st_size for path in settings.index_directory.rglob("*") if path.is_file())
    needed = max(NEEDED_BYTES, 2 * index + settings.database.stat().st_size // 10)
    if free < needed:
        yield f"{size(free)} are free, and an import or a rebuild of the index may need {size(needed)}"


def _leftovers(settings: Settings) -> Iterator[str]:
    before = time.time() - _OLD
    for path in sorted(each for pattern in _TEMPORARY for each in settings.data.glob(pattern)):
        if path.stat().st_mtime < before:
            yield f"{path.name} was begun and never finished"


def _aliases(settings: Settings) -> Sequence[str]:
    return AliasFile(settings.alias_file).read().faults


_FILES: tuple[tuple[str, Callable[[Settings], Iterable[str]], str], ...] = (
    ("permissions", _permissions, "let only yourself: chmod -R u+rwX,go-rwx, on the data directory"),
    ("free space", _room, "make room on the disk"),
    ("leftovers", _leftovers, "delete it"),
    ("aliases", _aliases, "edit aliases.txt, or run: archive alias list"),
)


# --- the index --------------------------------------------------------------------------------------------------------


def _index(store: Store, index: SearchIndex, progress: Progress) -> Iterator[Check]:
    looks: tuple[tuple[str, Callable[[], Sequence[str]], str], ...] = (
        ("index", index.check, _REBUILD),
        ("index leftovers", lambda: _unfinished(index), f"{_REBUILD}, which deletes it"),
        (
            "agreement",
            lambda: disagreements(store, index),
            "run: archive index sync; or, if it stays: archive index rebuild",
        ),
        ("search", lambda: _sample(store, index, progress), _REBUILD),
    )
    for name, look, remedy in looks:
        progress(name, 0, 0)
        yield _check(name, look, remedy)


def _unfinished(index: SearchIndex) -> list[str]:
    return [f"{name} was begun and never finished" for name in index.leftovers()]


def _sample(store: Store, index: SearchIndex, progress: Progress) -> list[str]:
    """Whether the index finds some articles, from the first to the last, by the words that stand in them."""
    refused = index.status(store.last_sequence()).refused
    ids = [number for number in store.article_ids() if number not in refused]
    chosen = ids[:: max(1, len(ids) // SAMPLE)][:SAMPLE]
    faults = []
    for done, number in enumerate(chosen, 1):
        for article in store.get_many([number]).values():
            query = _words_of(article)
            if query and not _finds(index, query, number):
                faults.append(f"article {number} is not found by its own words: {query}")
        progress("search", done, len(chosen))
    return faults


def _finds(index: SearchIndex, query: str, number: int) -> bool:
    found = index.find(SearchRequest(query=query, page_size=1, facets=False, explain=False))
    return not found.page.relaxed and number in found.ids


def _words_of(article: Article) -> str:
    """A query for the longest words of its text as they are written; empty where it has none that are only letters."""
    words = dict.fromkeys(_WORD.findall(f"{article.title}\n{article.body[:_LOOKED_AT]}"))
    return " ".join(f'"{word}"' for word in sorted(words, key=len, reverse=True)[:_WORDS])
