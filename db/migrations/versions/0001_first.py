"""The first schema: articles, their old versions and originals, and the log of changes."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

CHANGE_TRIGGERS = {
    "article_added": "AFTER INSERT ON article BEGIN INSERT INTO change (article_id) VALUES (NEW.id); END",
    "article_changed": "AFTER UPDATE ON article BEGIN INSERT INTO change (article_id) VALUES (NEW.id); END",
    "article_deleted": "AFTER DELETE ON article BEGIN INSERT INTO change (article_id) VALUES (OLD.id); END",
}
"""Triggers, because no way of writing to the table can pass them by."""


def _text_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("authors", sa.JSON, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("section", sa.Text),
        sa.Column("published", sa.String(40)),
        sa.Column("language", sa.String(12)),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("summary", sa.Text),
        sa.Column("origin_path", sa.Text, nullable=False),
        sa.Column("origin_format", sa.Text, nullable=False),
        sa.Column("origin_part", sa.Text),
        sa.Column("fingerprint", sa.LargeBinary(16), nullable=False),
        sa.Column("original", sa.LargeBinary(32)),
        sa.Column("changed", sa.DateTime, nullable=False),
    ]


def upgrade() -> None:
    """Make everything."""
    op.create_table(
        "article",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("added", sa.DateTime, nullable=False),
        sa.Column("published_key", sa.BigInteger),
        sa.Column("first_day", sa.Integer),
        sa.Column("last_day", sa.Integer),
        *_text_columns(),
        sqlite_autoincrement=True,
    )
    op.create_index("article_url", "article", ["url"], unique=True)
    op.create_index("article_fingerprint", "article", ["fingerprint"])
    op.create_index("article_published", "article", ["published_key", "id"])
    op.create_index("article_original", "article", ["original"])
    op.create_table(
        "version",
        sa.Column("article_id", sa.Integer, sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        *_text_columns(),
    )
    op.create_index("version_fingerprint", "version", ["fingerprint"])
    op.create_index("version_original", "version", ["original"])
    op.create_table(
        "original",
        sa.Column("sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "change",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("article_id", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    meta = op.create_table(
        "meta", sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
    )
    op.bulk_insert(meta, [{"key": "database_id", "value": uuid.uuid4().hex}])
    for name, body in CHANGE_TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {body}")
