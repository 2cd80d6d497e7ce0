"""Runs the migrations on the database that `db.migrate` names, in one transaction."""

from alembic import context

from db.engine import make_engine, writing
from db.models import Base


def run() -> None:
    """Called by Alembic."""
    engine = make_engine(context.config.attributes["path"])
    try:
        with writing(engine) as connection:
            context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
            context.run_migrations()
    finally:
        engine.dispose()


run()
