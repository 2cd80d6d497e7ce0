"""The tree of a query: what a person asked for, without how it was typed. `str()` of it is the query as understood."""

import re
from dataclasses import dataclass
from datetime import date

from archive.types import Message

BOOLEAN = ("AND", "OR", "NOT")
PROXIMITY = re.compile(r"(?:NEAR|W|PRE)/\d+|/[PSps]|NEAR|ADJ\d*")
COUNTED = re.compile(r"ATLEAST\d+")
"""Words in capitals that mean something else than themselves."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every article."""

    def __str__(self) -> str:
        return "*"


@dataclass(frozen=True, slots=True)
class Words:
    """A word or a phrase to be found in the text, or in one field. `start`, `end` are its place in the query.

    A plain word also finds its inflections; a phrase (`quoted`) finds just these words in this order; a `pattern`
    holds `*` (any letters) or `?` (one letter).
    """

    text: str
    start: int
    end: int
    field: str | None = None
    quoted: bool = False
    pattern: bool = False

    def __str__(self) -> str:
        text = f'"{self.text}"' if self.quoted else _plain(self.text)
        return f"{self.field}:{text}" if self.field else text


@dataclass(frozen=True, slots=True)
class Published:
    """Articles published in these days, both included; None is open."""

    first: date | None
    last: date | None
    start: int
    end: int

    def __str__(self) -> str:
        if self.first and self.last:
            return f"date:{self.first}..{self.last}"
        return f"after:{self.first}" if self.first else f"before:{self.last}"


@dataclass(frozen=True, slots=True)
class Not:
    """Articles that do not match `part`."""

    part: "Node"

    def __str__(self) -> str:
        return f"NOT {_grouped(self.part)}"


@dataclass(frozen=True, slots=True)
class And:
    """Articles that match every part."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " AND ".join(map(_grouped, self.parts))


@dataclass(frozen=True, slots=True)
class Or:
    """Articles that match at least one part."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " OR ".join(map(_grouped, self.parts))


Node = Everything | Words | Published | Not | And | Or


def _plain(word: str) -> str:
    """A word so that it is not taken for an operator."""
    return word.lower() if word in BOOLEAN or PROXIMITY.fullmatch(word) or COUNTED.fullmatch(word) else word


def _grouped(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. `tree` is None when there is nothing to search for, or too much: the messages say which."""

    tree: Node | None
    messages: tuple[Message, ...] = ()

    def __str__(self) -> str:
        return "" if self.tree is None or isinstance(self.tree, Everything) else str(self.tree)
