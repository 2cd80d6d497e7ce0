"""Near-duplicates: the story that an article belongs to, and the signatures by which others are found."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A column and three tables; the articles that are there wait to be compared."""
    op.execute("ALTER TABLE article ADD COLUMN story INTEGER")
    op.create_index("article_story", "article", ["story"], sqlite_where=sa.text("story IS NOT NULL"))
    op.create_table(
        "near_run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("entries", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "near_part",
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("entries", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "uncompared",
        sa.Column("article_id", sa.Integer, sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    )
    op.execute("INSERT INTO uncompared (article_id) SELECT id FROM article")
