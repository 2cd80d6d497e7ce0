"""What an article is in the index: forms and stems with their positions, values to filter by, and numbers to sort by.

No text is stored. Forms are what quoted words and patterns look for; stems, marked with their language's stemmer, are
what plain words look for.
"""

from collections.abc import Iterator
from itertools import chain

from whoosh import columns, fields, formats

from archive.types import Article
from index import analysis

VERSION = 1
"""To be raised whenever the fields change: every index made with another version is rebuilt."""

Positions = dict[str, list[int]]

STEMS = {"title": "title_stem", "body": "body_stem"}
"""Where the stems of a field are."""

NAMES = ("author", "source", "tag", "url")
"""Fields of short texts, searched by form alone."""

VALUES = ("source_value", "author_value", "tag_value", "language")
"""Fields that hold a value whole, for filters and facets."""


class TermField(fields.TEXT):  # type: ignore[misc]  # Whoosh's types are not strict
    """A field of terms whose positions are known already: its value is a map from term to positions."""

    def __init__(self) -> None:
        super().__init__(analyzer=fields.analysis.IDAnalyzer())

    def index(self, value: Positions, **_: object) -> Iterator[tuple[bytes, int, float, bytes]]:
        """One posting a term, as Whoosh's writer wants it: (term, frequency, weight, encoded positions)."""
        encode = self.format.encode
        for term, positions in value.items():
            yield term.encode(), len(positions), float(len(positions)), encode(positions)


class ValueField(fields.FieldType):  # type: ignore[misc]
    """A field of whole values: its value is a sequence of strings."""

    def __init__(self) -> None:
        self.format = formats.Existence()
        self.analyzer = fields.analysis.IDAnalyzer()
        self.scorable = self.stored = self.unique = False
        self.column_type = self.vector = None
        self.spelling = False

    def index(self, value: tuple[str, ...], **_: object) -> Iterator[tuple[bytes, int, float, bytes]]:
        """One posting a value."""
        for term in dict.fromkeys(value):
            yield term.encode(), 1, 1.0, b""


def make_schema() -> fields.Schema:
    """The schema of a Whoosh index of articles."""
    schema = fields.Schema(
        id=fields.ID(unique=True),
        number=fields.COLUMN(columns.NumericColumn("q", default=0)),
        first_day=fields.COLUMN(columns.NumericColumn("i", default=0)),
        last_day=fields.COLUMN(columns.NumericColumn("i", default=0)),
        published=fields.COLUMN(columns.NumericColumn("q", default=0)),
    )
    for name in chain(STEMS, STEMS.values(), NAMES):
        schema.add(name, TermField())
    for name in VALUES:
        schema.add(name, ValueField())
    return schema


def to_document(article: Article) -> dict[str, object]:
    """The values of an article's fields."""
    document: dict[str, object] = {
        "id": str(article.id),
        "number": article.id,
        "author": _forms(" ".join(f"{name}\n\n" for name in article.authors), None),
        "source": _forms(article.source or "", None),
        "tag": _forms("\n\n".join(article.tags), None),
        "url": _forms(article.url or "", None),
        "source_value": (article.source,) if article.source else (),
        "author_value": article.authors,
        "tag_value": article.tags,
        "language": (article.language,) if article.language else (),
    }
    stemmer = analysis.stemmer_of(article.language)
    for name, text in (("title", article.title), ("body", article.body)):
        document[name] = forms = _forms(text, article.language)
        document[STEMS[name]] = _stems(forms, stemmer)
    if article.published:
        document["first_day"] = article.published.first_day.toordinal()
        document["last_day"] = article.published.last_day.toordinal()
        document["published"] = article.published.sort_key
    return document


def _forms(text: str, language: str | None) -> Positions:
    found: Positions = {}
    for token in analysis.tokenise(text, language):
        found.setdefault(token.form, []).append(token.position)
    return found


def _stems(forms: Positions, stemmer: str) -> Positions:
    found: Positions = {}
    for form, positions in forms.items():
        if not analysis.is_unspaced(form):
            found.setdefault(analysis.stem(form, stemmer), []).extend(positions)
    for positions in found.values():
        positions.sort()
    return found
