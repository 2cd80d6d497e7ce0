"""The tables. Their history is in `migrations/`: a new column needs a new migration, and a test compares the two.

Lists (authors, tags) are JSON in one column: an article is one row, read in one query and logged by one trigger.
"""

from datetime import UTC, datetime
from typing import cast

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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


class Base(DeclarativeBase):
    """All tables."""


class TextColumns:
    """What an article and each of its old versions have."""

    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    authors: Mapped[list[str]] = mapped_column(JSON)
    source: Mapped[str | None] = mapped_column(Text)
    section: Mapped[str | None] = mapped_column(Text)
    published: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str | None] = mapped_column(String(12))
    tags: Mapped[list[str]] = mapped_column(JSON)
    summary: Mapped[str | None] = mapped_column(Text)
    origin_path: Mapped[str] = mapped_column(Text)
    origin_format: Mapped[str] = mapped_column(Text)
    origin_part: Mapped[str | None] = mapped_column(Text)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(16))
    original: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """SHA-256 of the bytes as they came; they are in `original`."""
    changed: Mapped[datetime] = mapped_column(UtcDateTime)


class ArticleRow(TextColumns, Base):
    """An article in its current version."""

    __tablename__ = "article"
    __table_args__ = (
        Index("article_url", "url", unique=True),
        Index("article_fingerprint", "fingerprint"),
        Index("article_published", "published_key", "id"),
        Index("article_original", "original"),
        {"sqlite_autoincrement": True},  # ids are never used twice
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    added: Mapped[datetime] = mapped_column(UtcDateTime)
    published_key: Mapped[int | None] = mapped_column(BigInteger)
    """`PublicationDate.sort_key`."""
    first_day: Mapped[int | None] = mapped_column(Integer)
    last_day: Mapped[int | None] = mapped_column(Integer)
    """The days it may be from, as ordinals."""


class VersionRow(TextColumns, Base):
    """An article as it was before its text changed."""

    __tablename__ = "version"
    __table_args__ = (Index("version_fingerprint", "fingerprint"), Index("version_original", "original"))

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)


class OriginalRow(Base):
    """Bytes as they came, once for all articles that came as the same bytes."""

    __tablename__ = "original"

    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    """Compressed with zlib."""


class ChangeRow(Base):
    """That an article was added, changed or deleted; written by triggers."""

    __tablename__ = "change"
    __table_args__ = ({"sqlite_autoincrement": True},)

    sequence: Mapped[int] = mapped_column(Integer, primary_key=True)
    article_id: Mapped[int] = mapped_column(Integer)


class MetaRow(Base):
    """Facts about the database itself."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


ARTICLE = cast(Table, ArticleRow.__table__)
VERSION = cast(Table, VersionRow.__table__)
ORIGINAL = cast(Table, OriginalRow.__table__)
CHANGE = cast(Table, ChangeRow.__table__)
META = cast(Table, MetaRow.__table__)
