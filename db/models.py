"""The tables. Their history is in `migrations/`: a new column needs a new migration, and a test compares the two.

Lists (authors, tags) are JSON in one column: an article is one row, read in one query and logged by one trigger.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, stored in UTC; SQLite itself keeps no time zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC, without saying so."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Said again."""
        return value.replace(tzinfo=UTC) if value else None


class Base:
    """All tables. They are Core's: importing SQLAlchemy's ORM takes longer than a search."""

    metadata = MetaData()


def _text_columns() -> tuple[Column[Any], ...]:
    """What an article and each of its old versions have."""
    return (
        Column("title", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("url", Text),
        Column("authors", JSON, nullable=False),
        Column("source", Text),
        Column("section", Text),
        Column("published", String(40)),
        Column("language", String(12)),
        Column("tags", JSON, nullable=False),
        Column("summary", Text),
        Column("origin_path", Text, nullable=False),
        Column("origin_format", Text, nullable=False),
        Column("origin_part", Text),
        Column("fingerprint", LargeBinary(16), nullable=False),
        Column("original", LargeBinary(32)),  # SHA-256 of the bytes as they came; they are in `original`
        Column("changed", UtcDateTime, nullable=False),
        Column("dated_by", String(12)),  # a `DatedBy`; NULL where it is not known
    )


ARTICLE = Table(
    "article",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    *_text_columns(),
    Column("version", Integer, nullable=False),
    Column("added", UtcDateTime, nullable=False),
    Column("published_key", BigInteger),  # `PublicationDate.sort_key`
    Column("first_day", Integer),  # the days it may be from, as ordinals
    Column("last_day", Integer),
    Column("edited", JSON, nullable=False, server_default="[]"),  # names of the fields that a person has set
    Column("told", JSON(none_as_null=True)),  # `Told`; NULL where the import did not note it yet
    Column("story", Integer),  # the first article of its near-duplicates; nothing for that one and those without any
    Index("article_url", "url", unique=True),
    Index("article_fingerprint", "fingerprint"),
    Index("article_published", "published_key", "id"),
    Index("article_original", "original"),
    Index("article_story", "story", sqlite_where=text("story IS NOT NULL")),
    sqlite_autoincrement=True,  # ids are never used twice
)
"""An article in its current version."""

VERSION = Table(
    "version",
    Base.metadata,
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    *_text_columns(),
    Index("version_fingerprint", "fingerprint"),
    Index("version_original", "original"),
)
"""An article as it was before its text changed."""

ORIGINAL = Table(
    "original",
    Base.metadata,
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),  # see `archive.compression`
)
"""Bytes as they came, once for all articles that came as the same bytes."""

CHANGE = Table(
    "change",
    Base.metadata,
    Column("sequence", Integer, primary_key=True),
    Column("article_id", Integer, nullable=False),
    sqlite_autoincrement=True,
)
"""That an article was added, changed or deleted; written by triggers."""

SAVED_SEARCH = Table(
    "saved_search",
    Base.metadata,
    Column("name", Text, primary_key=True, nullable=False),
    Column("query", Text, nullable=False),
    Column("filter", JSON, nullable=False),
    Column("sort", String(12), nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("last_run", UtcDateTime),
    Column("seen", BigInteger, nullable=False),  # a `change.sequence`
)
"""A search with a name, and up to which change its articles have been looked at."""

IMPORT = Table(
    "import",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    Column("command", Text, nullable=False),
    Column("started", UtcDateTime, nullable=False),
    Column("ended", UtcDateTime),
    Column("counts", JSON),  # of each outcome, when it has ended
    sqlite_autoincrement=True,
)
"""An import. It has not ended while it runs, and where it was interrupted."""

IMPORT_FILE = Table(
    "import_file",
    Base.metadata,
    Column("import_id", ForeignKey("import.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("path", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),  # nanoseconds
    Column("items", Integer, nullable=False),
    Column("finished", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""How far an import has come with a file."""

IMPORT_ITEM = Table(
    "import_item",
    Base.metadata,
    Column("import_id", ForeignKey("import.id", ondelete="CASCADE"), primary_key=True),
    Column("file", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("format", Text, nullable=False),
    Column("part", Text),
    Column("outcome", String(20), nullable=False),
    Column("article", Integer),
    Column("reason", Text),
    sqlite_with_rowid=False,
)
"""What became of an item of an import."""
FEED = Table(
    "feed",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text),
    Column("language", String(12)),
    Column("tags", JSON, nullable=False),
    Column("added", UtcDateTime, nullable=False),
    Column("checked", UtcDateTime),
    Column("changed", UtcDateTime),
    Column("etag", Text),
    Column("modified", Text),
    Column("error", Text),
    Column("failures", Integer, nullable=False),
    Column("wait_until", UtcDateTime),
    Index("feed_url", "url", unique=True),
    sqlite_autoincrement=True,
)
"""A feed that is followed, and how the last look at it went."""

ADDRESS = Table(
    "address",
    Base.metadata,
    Column("url", Text, primary_key=True, nullable=False),
    Column("article_id", ForeignKey("article.id", ondelete="SET NULL")),  # NULL where the article was deleted
    Column("page", Boolean, nullable=False),
    Index("address_article", "article_id"),
)
"""What an address on the web gave, so that it is not fetched again."""

NEAR_RUN = Table(
    "near_run",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    Column("entries", Integer, nullable=False),
    sqlite_autoincrement=True,  # what was read of a run may be kept, since no other ever has its number
)
"""A sorted run of numbers of signatures; see `candidates`."""

NEAR_PART = Table(
    "near_part",
    Base.metadata,
    Column("run", Integer, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("entries", LargeBinary, nullable=False),
)
"""A part of a run."""

UNCOMPARED = Table(
    "uncompared",
    Base.metadata,
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
)
"""An article of which nobody has looked whether it is a near-duplicate; `archive upgrade` does."""

META = Table(
    "meta",
    Base.metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts about the database itself."""
