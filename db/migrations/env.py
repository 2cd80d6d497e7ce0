"""Runs the migrations on the database that `db.migrate` names, in one transaction."""

import sqlite3

from alembic import context
from sqlalchemy import event

from db.engine import make_engine, writing
from db.models import Base


def run() -> None:
    """Called by Alembic."""
    engine = make_engine(context.config.attributes["path"])
    event.listen(engine, "connect", _keep_rows)
    try:
        with writing(engine) as connection:
            context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
            context.run_migrations()
    finally:
        engine.dispose()


def _keep_rows(connection: sqlite3.Connection, _record: object) -> None:
    """Making a table anew drops the old one, and with foreign keys on that deletes every row that refers to it."""
    connection.execute("PRAGMA foreign_keys=OFF")


run()
