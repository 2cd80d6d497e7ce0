"""Keeps articles: SQLite through SQLAlchemy, with migrations by Alembic. The only package that imports SQLAlchemy."""
