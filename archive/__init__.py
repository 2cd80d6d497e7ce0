"""The core of the article archive: types, ports, importing and the one facade. Imports no SQLAlchemy, Whoosh or Flask."""

__version__ = "0.1.0"
