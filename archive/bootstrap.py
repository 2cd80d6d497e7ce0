"""Puts an archive together: the only place that picks a store and an index."""

import gc
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import IndexLockedError
from archive.service import Archive
from archive.settings import Settings
from archive.sync import Progress

if TYPE_CHECKING:
    from db.store import SqlStore
    from index.whoosh_index import WhooshIndex


def open_archive(settings: Settings, *, catch_up: bool = True, progress: Progress | None = None) -> Archive:
    """Open the archive of the data directory, creating it when there is none.

    With `catch_up` the index is brought up to date first (rebuilt when it is missing, damaged or of another analyzer),
    unless another process is writing it already. Raises SchemaOutOfDateError, StoreCorruptError or SettingsError.
    """
    store_type, index_type = _engines()
    settings.make_data_directory()
    store = store_type(settings.database)
    archive = Archive(store, index_type(settings.index_directory, store, store.database_id), settings)
    if catch_up:
        with suppress(IndexLockedError):  # another process is at it; every answer tells what it has not reached yet
            archive.sync(progress, wait=0.0)
    return archive


@cache
def _engines() -> "tuple[type[SqlStore], type[WhooshIndex]]":
    """The store and the index, imported here so that `archive config` and `--help` start without them.

    They make some 100,000 objects, all of which stay. The garbage collector is told so: to look through them while they
    are made and at the end takes longer than a search.
    """
    gc.disable()
    try:
        from db.store import SqlStore
        from index.whoosh_index import WhooshIndex
    finally:
        gc.freeze()
        gc.enable()
    return SqlStore, WhooshIndex


def upgrade_database(settings: Settings) -> Path | None:
    """Bring a database of an older archive up to date; the copy made of it first, or None when nothing was to do.

    Raises SchemaOutOfDateError for a database of a newer archive, StoreCorruptError or SettingsError.
    """
    from db.migrate import upgrade

    settings.make_data_directory()
    return upgrade(settings.database)
