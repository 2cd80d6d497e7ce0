"""The tree of a query: what a person asked for, without how it was typed. `str()` of it is the query as understood."""

import re
from dataclasses import dataclass
from datetime import date

from archive.types import Message

BOOLEAN = ("AND", "OR", "NOT")
PROXIMITY = re.compile(
    r"(?P<either>(?:NEAR|WITHIN|N|W)?/(?P<words>\d+)|NEAR(?P<near>\d+)|(?-i:NEAR))"
    r"|(?P<ordered>(?:PRE|P)/(?P<pre>\d+)|ADJ(?P<adj>\d+)|(?-i:ADJ))"
    r"|(?P<sentence>(?:W|NEAR)?/S(?:ENT)?)"
    r"|(?P<paragraph>(?:W|NEAR)?/P(?:ARA)?|(?-i:SAME))",
    re.IGNORECASE,
)
"""The operators between words that stand near each other: ours, and those of Lexis, Factiva and ProQuest."""
COUNTED = re.compile(r"ATLEAST(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every article."""

    def __str__(self) -> str:
        return "*"


@dataclass(frozen=True, slots=True)
class Words:
    """A word or a phrase to be found in the text, or in one field. `start`, `end` are its place in the query.

    A plain word also finds its inflections; a phrase (`quoted`) finds just these words in this order, or in any with
    at most `slop` others between them; a `pattern` holds `*` (any letters) or `?` (one letter); `edits` is how many
    letters may differ; `capitals` finds only what is written in capitals.
    """

    text: str
    start: int
    end: int
    field: str | None = None
    quoted: bool = False
    pattern: bool = False
    slop: int = 0
    edits: int = 0
    capitals: bool = False

    def __str__(self) -> str:
        text = f'"{self.text}"' if self.quoted else _plain(self.text)
        text += f"~{self.slop or self.edits}" if self.slop or self.edits else ""
        text = f"ALLCAPS({text})" if self.capitals else text
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
class Near:
    """Articles where the two parts stand at most `words` apart: 1 is next to each other.

    `ordered` asks for the left one first; `words` of 0 for both in one paragraph, however far apart.
    """

    left: "Node"
    right: "Node"
    words: int
    ordered: bool = False

    def __str__(self) -> str:
        operator = f"{'PRE' if self.ordered else 'NEAR'}/{self.words}" if self.words else "/P"
        left = str(self.left) if isinstance(self.left, Near) else _grouped(self.left)
        return f"{left} {operator} {_grouped(self.right)}"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Articles where the part is found so many times."""

    times: int
    part: "Node"

    def __str__(self) -> str:
        return f"ATLEAST{self.times} {_grouped(self.part)}"


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


@dataclass(frozen=True, slots=True)
class Sentence:
    """Articles about what is said in a sentence, best first: none of its words must be in an article.

    `words` are those that say what it is about, each once; `sequence` has their numbers as they are said.
    """

    words: tuple[Words, ...]
    sequence: tuple[int, ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.words))


Node = Everything | Words | Published | Near | AtLeast | Not | And | Or | Sentence


def _plain(word: str) -> str:
    """A word so that it is not taken for an operator."""
    if word in BOOLEAN:
        return word.lower()
    return f'"{word}"' if PROXIMITY.fullmatch(word) or COUNTED.fullmatch(word) else word


def as_typed(node: Node) -> str:
    """A query as a person would type it: without the AND between its parts."""
    return " ".join(map(_grouped, node.parts)) if isinstance(node, And) else str(node)


def _grouped(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or | Near) else str(node)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. `tree` is None when there is nothing to search for, or too much: the messages say which."""

    tree: Node | None
    messages: tuple[Message, ...] = ()

    def __str__(self) -> str:
        return "" if self.tree is None or isinstance(self.tree, Everything) else str(self.tree)
