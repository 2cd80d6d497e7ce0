"""What the date of an article was taken from; nobody knows it of the articles that are there already."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """A column more, for articles and for their old versions."""
    op.add_column("article", sa.Column("dated_by", sa.String(12)))
    op.add_column("version", sa.Column("dated_by", sa.String(12)))
