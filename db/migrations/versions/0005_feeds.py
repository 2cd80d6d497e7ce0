"""Feeds that are followed, and which addresses gave which articles."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Two tables beside the others, which stay as they are."""
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("language", sa.String(12)),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("added", sa.DateTime, nullable=False),
        sa.Column("checked", sa.DateTime),
        sa.Column("changed", sa.DateTime),
        sa.Column("etag", sa.Text),
        sa.Column("modified", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("wait_until", sa.DateTime),
        sqlite_autoincrement=True,
    )
    op.create_index("feed_url", "feed", ["url"], unique=True)
    op.create_table(
        "address",
        sa.Column("url", sa.Text, primary_key=True, nullable=False),
        sa.Column("article_id", sa.Integer, sa.ForeignKey("article.id", ondelete="SET NULL")),
        sa.Column("page", sa.Boolean, nullable=False),
    )
    op.create_index("address_article", "address", ["article_id"])
