"""The history of the database schema, run by Alembic.

A migration that makes `article` anew (a batch operation that SQLite cannot do in place) must itself keep AUTOINCREMENT
and its row in `sqlite_sequence`, and create the triggers again: SQLite drops them with the old table.
"""
