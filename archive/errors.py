"""The errors of the archive. Third-party exceptions stop at their layer and become one of these.

    ArchiveError
    ├─ FormatError            a file or a part of it could not be read
    │  ├─ UnknownFormatError
    │  ├─ UnreadableFileError
    │  ├─ NoTextError
    │  └─ TooLargeError
    ├─ StoreError
    │  ├─ ArticleNotFoundError
    │  ├─ ImportNotFoundError
    │  ├─ SavedSearchNotFoundError
    │  ├─ SavedSearchExistsError
    │  ├─ SavedSearchNameError
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
