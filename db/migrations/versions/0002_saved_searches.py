"""Saved searches."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """A table beside the others, which stay as they are."""
    op.create_table(
        "saved_search",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("filter", sa.JSON, nullable=False),
        sa.Column("sort", sa.String(12), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("last_run", sa.DateTime),
        sa.Column("seen", sa.BigInteger, nullable=False),
    )
