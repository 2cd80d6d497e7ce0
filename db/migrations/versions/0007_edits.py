"""Which fields of an article a person has set, and what its import was told beyond its original."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Columns that are added without writing the table anew."""
    op.add_column("article", sa.Column("edited", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("article", sa.Column("told", sa.JSON))
