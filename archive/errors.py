"""The errors of the archive. Third-party exceptions stop at their layer and become one of these.

    ArchiveError
    ├─ FormatError            a file or a part of it could not be read
    │  ├─ UnknownFormatError
    │  ├─ UnreadableFileError
    │  ├─ NoTextError
    │  └─ TooLargeError
    ├─ FetchError             an address could not be fetched
    │  ├─ AddressRefusedError
    │  ├─ GoneError
    │  └─ UnreachableError
    │     └─ ToldToWaitError
    ├─ StoreError
    │  ├─ ArticleNotFoundError
    │  ├─ ImportNotFoundError
    │  ├─ SavedSearchNotFoundError
    │  ├─ SavedSearchExistsError
    │  ├─ SavedSearchNameError
    │  ├─ FeedNotFoundError
    │  ├─ FeedExistsError
    │  ├─ SchemaOutOfDateError
    │  ├─ StoreLockedError
    │  └─ StoreCorruptError
    ├─ SearchError
    │  ├─ SearchRefusedError
    │  ├─ IndexLockedError
    │  └─ IndexUnavailableError
    ├─ EditError
    ├─ AliasError
    └─ SettingsError

The command line maps any of them to one line and `exit_status`, the web to a page with `http_status`.
"""

from copy import copy
from datetime import datetime
from typing import Self


class ArchiveError(Exception):
    """Anything the archive reports about; `str()` of it is a sentence for a person."""

    http_status = 500
    exit_status = 1


class FormatError(ArchiveError):
    """A file or a part of it could not be read as an article."""

    http_status = 400


class UnknownFormatError(FormatError):
    """The content is of no format that the archive reads."""


class UnreadableFileError(FormatError):
    """The file cannot be opened, or is damaged."""


class NoTextError(FormatError):
    """The item was read and has no text to search."""


class TooLargeError(FormatError):
    """The item is larger than the archive accepts."""


class FetchError(ArchiveError):
    """An address could not be fetched; `reason` is why, for where the address is told beside it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def at(self, url: str) -> Self:
        """The same with the address in its text."""
        found = copy(self)
        found.args = (f"{url}: {self.reason}",)
        return found


class AddressRefusedError(FetchError):
    """Nothing is fetched from this address: it is none of the web, or inside this machine or its network."""


class GoneError(FetchError):
    """What was at the address is gone for good."""


class UnreachableError(FetchError):
    """The server could not be reached, or failed; another time it may answer."""


class ToldToWaitError(UnreachableError):
    """The server asked not to be asked before `until`, an instant in UTC, or not that soon."""

    def __init__(self, reason: str, until: datetime | None = None) -> None:
        super().__init__(reason)
        self.until = until


class StoreError(ArchiveError):
    """The store could not do what was asked."""


class ArticleNotFoundError(StoreError):
    """There is no article with this id."""

    http_status = 404


class ImportNotFoundError(StoreError):
    """There is no import with this number."""

    http_status = 404


class SavedSearchNotFoundError(StoreError):
    """There is no saved search with this name."""

    http_status = 404


class SavedSearchExistsError(StoreError):
    """There is a saved search with this name already."""

    http_status = 409


class SavedSearchNameError(StoreError):
    """This is no name for a saved search."""

    http_status = 400
    exit_status = 2


class FeedNotFoundError(StoreError):
    """No feed is followed under this address or number."""

    http_status = 404


class FeedExistsError(StoreError):
    """This feed is followed already."""

    http_status = 409


class SchemaOutOfDateError(StoreError):
    """The database was made by another version of the archive; the message says which command to run."""

    http_status = 503


class StoreLockedError(StoreError):
    """Another process kept the database locked for too long."""

    http_status = 503


class StoreCorruptError(StoreError):
    """The file is not a database of the archive, or is damaged."""


class SearchError(ArchiveError):
    """The index could not do what was asked."""

    http_status = 503


class SearchRefusedError(SearchError):
    """The query finds too many words, or takes too long."""

    http_status = 400


class IndexLockedError(SearchError):
    """Another process kept the index locked for writing for too long."""


class IndexUnavailableError(SearchError):
    """The index cannot be read; it is rebuilt at the next `archive index sync`."""


class EditError(ArchiveError):
    """A value that a field of an article cannot have."""

    http_status = 400
    exit_status = 2


class AliasError(ArchiveError):
    """Names that cannot be an alias, or a file of aliases that cannot be read."""

    exit_status = 2


class SettingsError(ArchiveError):
    """A setting has a value that makes no sense."""

    exit_status = 2
