"""The query language: what a person typed becomes a tree, and messages about whatever could not be used.

`parse` never raises for anything that can be typed. Unbalanced input is read charitably, and that is said. The grammar:

    query   = either
    either  = all ("OR" all)*
    all     = one (["AND"] one)*
    one     = ("NOT" | "-" | "!") one | "(" either ")" | field ":" one | phrase | word
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from archive.types import Message, MessageKind
from index.analysis import tokenise
from index.tree import BOOLEAN, COUNTED, PROXIMITY, And, Everything, Node, Not, Or, Published, Query, Words

MAX_CHARACTERS = 2_000
MAX_CLAUSES = 64
MAX_NESTING = 20
MAX_PHRASE_WORDS = 100
"""A Chinese headline is a phrase of as many words as it has characters."""

TEXT_FIELDS = ("title", "author", "source", "url", "tag", "language")
DATE_FIELDS = ("after", "before", "date")
LATER_FIELDS = ("lead",)


# --- lexer ----------------------------------------------------------------------------------------------------------

_QUOTES = '"“”„‟«»＂″〝〞'
_LEXEME = re.compile(
    rf"""
      (?P<phrase>(?P<minus>[-!])?(?P<scope>[A-Za-z]+:)?[{_QUOTES}](?P<quoted>[^{_QUOTES}]*)(?P<close>[{_QUOTES}]|$)(?P<slop>~\d*)?)
    | (?P<open>(?P<before>[-!])?(?P<group>[A-Za-z]+:|ALLCAPS|ATLEAST\d+)?\()
    | (?P<close_group>\))
    | (?P<word>[^\s(){_QUOTES}]+)
    """,
    re.VERBOSE,
)
_FUZZY = re.compile(r"(.+?)~\d*")
_FIELD = re.compile(r"([A-Za-z]+):(.*)", re.DOTALL)
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_EDGES = re.compile(r"^[^\w*?@#]+|[^\w*?.’'+#%]+$")
_BEFORE = re.compile(r"^[^\w*?@#]+")
_DATE = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?")


@dataclass(slots=True)
class _Lexeme:
    kind: str  # "(" ")" AND OR NOT or "one", which holds a node
    start: int
    end: int
    node: Node | None = None
    field: str | None = None


class _RefusedError(Exception):
    """The query breaks a limit."""


def parse(text: str) -> Query:
    """Read a query; see docs/query.md for the language."""
    if len(text) > MAX_CHARACTERS:
        words = (
            f"The query has {len(text):,} characters; at most {MAX_CHARACTERS:,} are searched for. Please shorten it"
        )
        return Query(None, (Message(MessageKind.LIMIT, words, MAX_CHARACTERS, len(text)),))
    return _parse(text)


@lru_cache(1024)
def _parse(text: str) -> Query:
    """The same, read once for all pages, filters and articles that are looked at with it."""
    if _PLAIN.fullmatch(text) and len(text) <= _PLAIN_CHARACTERS:
        return _parse_plain(text)
    return _Parser(_INVISIBLE.sub(" ", text)).parse()


_PLAIN = re.compile(r"[a-z]+(?: [a-z]+)*|[a-z]+(?: OR [a-z]+)+|\"[a-z]+(?: [a-z]+)*\"")
_PLAIN_CHARACTERS = 100
"""So that no limit is passed: fewer than MAX_CLAUSES words fit in."""


def _parse_plain(text: str) -> Query:
    """Words, words with OR between them, or one phrase: the tree that the parser gives, in a tenth of its time."""
    if text[0] == '"':
        return Query(Words(text[1:-1], 0, len(text), quoted=True))
    kind, between = (Or, " OR ") if " OR " in text else (And, " ")
    words, start = [], 0
    for word in text.split(between):
        words.append(Words(word, start, start + len(word)))
        start += len(word) + len(between)
    return Query(kind(tuple(words)) if len(words) > 1 else words[0])


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.messages: list[Message] = []
        self.lexemes: list[_Lexeme] = []
        self.at = 0

    def parse(self) -> Query:
        try:
            self.lexemes.extend(self._lex())
            clauses = sum(lexeme.kind == "one" for lexeme in self.lexemes)
            if clauses > MAX_CLAUSES:
                raise _RefusedError(
                    f"The query has {clauses} words and phrases; at most {MAX_CLAUSES} are searched for"
                )
            tree = self._either(0)
        except _RefusedError as refused:
            return Query(None, (Message(MessageKind.LIMIT, str(refused), 0, len(self.text)),))
        self.messages.sort(key=lambda message: message.start or 0)
        return Query(tree if self.text.strip() else Everything(), tuple(self.messages))

    def _say(self, kind: MessageKind, text: str, start: int, end: int) -> None:
        self.messages.append(Message(kind, text, start, end))

    def _ignore(self, text: str, start: int, end: int) -> None:
        self._say(MessageKind.IGNORED, text, start, end)

    # -- lexemes

    def _lex(self) -> Iterator[_Lexeme]:
        for found in _LEXEME.finditer(self.text):
            start, end = found.span()
            if found["phrase"] is not None:
                yield from self._phrase(found)
            elif found["open"] is not None:
                yield from self._open(found)
            elif found["close_group"] is not None:
                yield _Lexeme(")", start, end)
            elif found["word"] in BOOLEAN:
                yield _Lexeme(found["word"], start, end)
            else:
                yield from self._word(found["word"], start)

    def _phrase(self, found: re.Match[str]) -> Iterator[_Lexeme]:
        start, end = found.span()
        if not found["close"]:
            self._ignore("A quotation mark is not closed; the phrase was read to the end of the query", start, end)
        if found["slop"]:
            self._ignore(
                "Words within a distance cannot be searched for yet; read as an exact phrase", *found.span("slop")
            )
        if found["minus"]:
            yield _Lexeme("NOT", start, start + 1)
        field, known = self._field((found["scope"] or "")[:-1], found.start("scope"))
        text = " ".join(found["quoted"].split())
        if field in DATE_FIELDS:
            yield from self._dates(str(field), text, start, end)
        elif node := self._words(text, start, end, field if known else None, quoted=True):
            yield _Lexeme("one", start, end, node)

    def _open(self, found: re.Match[str]) -> Iterator[_Lexeme]:
        start, end = found.span()
        if found["before"]:
            yield _Lexeme("NOT", start, start + 1)
        name = found["group"] or ""
        field = None
        if name.endswith(":"):
            field, known = self._field(name[:-1], found.start("group"))
            if field in DATE_FIELDS:
                self._ignore(f"{name} takes one date, such as {name}2023-05", *found.span("group"))
            field = field if known and field not in DATE_FIELDS else None
        elif name:
            self._ignore(f"{name}( ) cannot be searched for yet; its words were searched for", *found.span("group"))
        yield _Lexeme("(", start, end, field=field)

    def _word(self, word: str, start: int) -> Iterator[_Lexeme]:
        end = start + len(word)
        if PROXIMITY.fullmatch(word):
            self._ignore(f"{word} cannot be searched for yet; read as AND", start, end)
            return
        if COUNTED.fullmatch(word):
            self._ignore(f"{word} cannot be searched for yet; it was left out", start, end)
            return
        if word[0] in "-!" and len(word) > 1 and any(map(str.isalnum, word)):
            yield _Lexeme("NOT", start, start + 1)
            word, start = word[1:], start + 1
        bare = _BEFORE.sub("", word)
        word, start = (bare, end - len(bare)) if bare else (word, start)
        scoped = _FIELD.fullmatch(word)
        field, known = None, True
        if scoped and not scoped[2].startswith("//"):
            field, known = self._field(scoped[1], start)
            if known:
                if not scoped[2]:
                    self._ignore(f"{word} stands alone: write what to look for right after the colon", start, end)
                    return
                if field in DATE_FIELDS:
                    yield from self._dates(str(field), scoped[2], start, end)
                    return
            if known or field:
                word = scoped[2]
        if node := self._words(word, start, end, field if known else None):
            yield _Lexeme("one", start, end, node)

    def _field(self, name: str, start: int) -> tuple[str | None, bool]:
        """The field of that name and whether there is one; says so when there is none."""
        if not name:
            return None, True
        field = name.lower()
        if field in TEXT_FIELDS or field in DATE_FIELDS:
            return field, True
        if field in LATER_FIELDS:
            self._ignore(f"{name}: cannot be searched for yet; searched for everywhere", start, start + len(name) + 1)
            return field, False
        known = ", ".join(f"{field}:" for field in TEXT_FIELDS + DATE_FIELDS)
        self._say(MessageKind.UNKNOWN, f"There is no field {name}: (there are {known})", start, start + len(name) + 1)
        return None, False

    def _words(self, text: str, start: int, end: int, field: str | None, quoted: bool = False) -> Words | None:
        """A node for text that may hold wildcards, or nothing where there is nothing to search for."""
        if not quoted and (fuzzy := _FUZZY.fullmatch(text)):
            self._ignore("Words spelt alike cannot be searched for yet; searched for as written", end - len(text), end)
            text = fuzzy[1]
        pattern = not quoted and field != "language" and self._is_pattern(text, end)
        if pattern and "*" in text and set(text) <= {"*", "?"}:
            return Words("*", start, end, field, pattern=True)
        if not quoted:
            text = _EDGES.sub("", text if pattern else text.rstrip("?"))
        count = len(tokenise(text))
        if not count:
            shown = self.text[start:end]
            self._ignore(
                "An empty phrase" if quoted else f"“{shown}” has no letters or digits to search for", start, end
            )
            return None
        if count > MAX_PHRASE_WORDS:
            raise _RefusedError(
                f"A phrase has {count} words; at most {MAX_PHRASE_WORDS} are searched for. Please shorten it"
            )
        return Words(text, start, end, field, quoted, pattern)

    def _is_pattern(self, text: str, end: int) -> bool:
        if "*" in text:
            return True
        # A question mark that ends a query of several words ends a question.
        asks = text.endswith("?") and not self.text[end:].strip() and " " in self.text.strip()
        return "?" in (text.rstrip("?") if asks else text)

    def _dates(self, field: str, text: str, start: int, end: int) -> Iterator[_Lexeme]:
        low, dots, high = text.partition("..")
        first, last = _days(low), _days(high) if dots else _days(low)
        if (low and not first) or (high and not last) or not (low or high) or (dots and field != "date"):
            self._ignore(f"“{text}” is no date: write {field}:2023, {field}:2023-05 or {field}:2023-05-02", start, end)
            return
        begin = first[0] if first and field != "before" else None
        finish = last[1] if last and field != "after" else None
        if field == "date" and begin and finish and begin > finish:
            self._ignore(f"“{text}” ends before it begins", start, end)
            return
        yield _Lexeme("one", start, end, Published(begin, finish, start, end))

    # -- grammar

    def _peek(self) -> str:
        return self.lexemes[self.at].kind if self.at < len(self.lexemes) else ""

    def _either(self, depth: int) -> Node | None:
        parts = [self._all(depth)]
        while self._peek() == "OR" or (depth == 0 and self._peek() == ")"):
            lexeme = self.lexemes[self.at]
            self.at += 1
            if lexeme.kind == ")":
                self._ignore("A closing parenthesis has no opening one", lexeme.start, lexeme.end)
                rest = self._all(depth)
                parts[-1] = _joined(And, [parts[-1], rest])
                continue
            right = self._all(depth)
            if parts[-1] is None or right is None:
                self._ignore("OR needs a word on both sides", lexeme.start, lexeme.end)
            parts.append(right)
        return _joined(Or, parts)

    def _all(self, depth: int) -> Node | None:
        parts: list[Node | None] = []
        while (kind := self._peek()) not in ("", ")", "OR"):
            if kind == "AND":
                lexeme = self.lexemes[self.at]
                self.at += 1
                if not parts or self._peek() in ("", ")", "OR", "AND"):
                    self._ignore("AND needs a word on both sides", lexeme.start, lexeme.end)
                continue
            parts.append(self._one(depth))
        return _joined(And, parts)

    def _one(self, depth: int) -> Node | None:
        lexeme = self.lexemes[self.at]
        self.at += 1
        if lexeme.kind == "NOT":
            if depth > MAX_NESTING:
                raise _RefusedError(f"The query is nested more than {MAX_NESTING} deep. Please simplify it")
            part = self._one(depth + 1) if self._peek() in ("NOT", "(", "one") else None
            if part is None:
                self._ignore("NOT needs a word after it", lexeme.start, lexeme.end)
                return None
            return part.part if isinstance(part, Not) else Not(part)
        if lexeme.kind == "(":
            return self._group(lexeme, depth)
        return lexeme.node

    def _group(self, opening: _Lexeme, depth: int) -> Node | None:
        if depth >= MAX_NESTING:
            raise _RefusedError(f"The query is nested more than {MAX_NESTING} deep. Please simplify it")
        node = self._either(depth + 1)
        if self._peek() == ")":
            self.at += 1
        else:
            self._ignore(
                "A parenthesis is not closed; the group was read to the end of the query", opening.start, opening.end
            )
        if node is None:
            self._ignore("There is nothing to search for in the parentheses", opening.start, opening.end)
        return _scoped(node, opening.field) if node and opening.field else node


def _joined(kind: type[And] | type[Or], parts: list[Node | None]) -> Node | None:
    """One node for several, flat: parts of the same kind are taken in."""
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, kind):
            flat.extend(part.parts)
        elif part is not None:
            flat.append(part)
    return kind(tuple(flat)) if len(flat) > 1 else (flat[0] if flat else None)


def _scoped(node: Node, field: str) -> Node:
    """The same tree, looking into `field` wherever no field is given."""
    match node:
        case Words(field=None):
            return replace(node, field=field)
        case Not(part):
            return Not(_scoped(part, field))
        case And(parts) | Or(parts):
            return type(node)(tuple(_scoped(part, field) for part in parts))
        case _:
            return node


def _days(text: str) -> tuple[date, date] | None:
    """The first and last day of a year, month or day, or nothing where it is none."""
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    try:
        if not found[2]:
            return date(year, 1, 1), date(year, 12, 31)
        if not found[3]:
            return date(year, month, 1), date(year, month, monthrange(year, month)[1])
        return date(year, month, day), date(year, month, day)
    except ValueError:
        return None
