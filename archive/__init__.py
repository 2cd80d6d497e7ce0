"""The core of the article archive: types, ports, importing, one facade; without SQLAlchemy, Whoosh and Flask."""

__version__ = "0.1.0"
