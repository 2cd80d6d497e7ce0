"""What Whoosh knows of the index: the names of views and columns, so that any of its queries can be asked of them."""

from whoosh import columns, fields, formats

from index.documents import NUMBERS
from index.stored import VIEWS

VERSION = 7
"""To be raised whenever the segments' content changes: every index made with another version is rebuilt."""


class WordField(fields.FieldType):  # type: ignore[misc]  # Whoosh's types are not strict
    """A view of an inverted field, with positions."""

    def __init__(self) -> None:
        self.format = formats.Positions()
        self.analyzer = fields.analysis.IDAnalyzer()
        self.scorable = True
        self.stored = self.unique = self.spelling = False
        self.column_type = self.vector = None


def make_schema() -> fields.Schema:
    """The schema of a Whoosh index of articles."""
    schema = fields.Schema()
    for name in VIEWS:
        schema.add(name, WordField())
    for name, kind in NUMBERS.items():
        schema.add(name, fields.COLUMN(columns.NumericColumn({"<i8": "q", "<i4": "i"}[kind], default=0)))
    return schema
