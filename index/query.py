"""The query language: what a person typed becomes a tree, and messages about whatever could not be used.

`parse` never raises for anything that can be typed. Unbalanced input is read charitably, and that is said. The grammar:

    query   = either
    either  = all ("OR" all)*
    all     = near (["AND"] near)*
    near    = one (("NEAR/n" | "PRE/n" | "/P") one)*
    one     = ("NOT" | "-" | "!") near | "ATLEASTn" one | field ":" one | "ALLCAPS" group | group | phrase | word
    group   = "(" either ")"
    phrase  = '"' words '"' ["~" n]
    word    = letters, with "*" and "?" for any others, or with "~" [n] after them for what is spelt alike
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from archive.types import Message, MessageKind
from index.analysis import UNSPACED, tokenise
from index.sentences import is_sentence, what_matters
from index.tree import (
    BOOLEAN,
    COUNTED,
    PROXIMITY,
    And,
    AtLeast,
    Everything,
    Near,
    Node,
    Not,
    Or,
    Published,
    Query,
    Sentence,
    Words,
)

MAX_CHARACTERS = 4_000
MAX_CLAUSES = 64
MAX_NESTING = 20
MAX_PHRASE_WORDS = 100
"""A Chinese headline is a phrase of as many words as it has characters."""
MAX_DISTANCE = 1_000
"""Words that may be between two."""
NEAR_WORDS = 10
"""What NEAR without a number means."""
SENTENCE_WORDS = 25
"""A sentence, roughly: what `/S` of other systems is read as."""

TEXT_FIELDS = ("title", "lead", "author", "source", "url", "tag", "language")
DATE_FIELDS = ("after", "before", "date")
Fields = tuple[str | None, ...]
_ANYWHERE: Fields = (None,)
_PLACED = (None, "title", "lead")
"""The fields whose words stand at places of one text."""

_NAMES = {
    "title": ("ti", "hd", "hl", "headline", "intitle"),
    "lead": ("lede", "lp"),
    "author": ("au", "by", "byline"),
    "source": ("so", "sn", "pub", "publication"),
    "url": ("site", "inurl"),
    "tag": ("tags", "su", "subject"),
    "language": ("lang", "la"),
    "after": ("since",),
    "before": ("until",),
    "date": ("pd", "yr"),
}
_FIELDS: dict[str, Fields] = {name: (field,) for field, others in _NAMES.items() for name in (field, *others)} | {
    "hlead": ("title", "lead"),
    "hlp": ("title", "lead"),
}
"""What fields are called, here and in other systems, and which of ours they are."""


# --- lexer ----------------------------------------------------------------------------------------------------------

_QUOTES = '"“”„‟«»＂″〝〞'
_KNOWN = "|".join(sorted(_FIELDS, key=len, reverse=True))
_LEXEME = re.compile(
    rf"""
      (?P<phrase>(?P<minus>[-!])?(?P<scope>[A-Za-z]+:|(?i:{_KNOWN})=)?
        [{_QUOTES}](?P<quoted>[^{_QUOTES}]*)(?P<close>[{_QUOTES}]|$)(?P<slop>~\d*)?)
    | (?P<dates>(?P<days_of>(?i:date|after|before|since|until|pd|yr))\((?P<days>[^()]*)(?:\)|$))
    | (?P<open>(?P<before>[-!])?(?P<group>
        [A-Za-z]+:(?i:ALLCAPS)?|(?i:ALLCAPS|CAPS|NOCAPS|SINGULAR|PLURAL|ATLEAST\d+|{_KNOWN})=?)?\()
    | (?P<close_group>\))
    | (?P<word>[^\s(){_QUOTES}]+)
    """,
    re.VERBOSE,
)
_FUZZY = re.compile(r"(.+?)~(\d*)")
_FIELD = re.compile(rf"([A-Za-z]+):(.*)|(?i:({_KNOWN}))=(.+)", re.DOTALL)
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_LETTERS = rf"\w{UNSPACED[1:-1]}"
_EDGES = re.compile(rf"^[^{_LETTERS}*?@#]+|[^{_LETTERS}*?.’'+#%]+$")
_BEFORE = re.compile(rf"^[^{_LETTERS}*?@#/]+")
_TRUNCATED = re.compile(r"\w{3,}!")
_DATE = re.compile(r"(\d{4})(?:[-/.]?(\d\d?)(?:[-/.]?(\d\d?))?)?")
_PERIOD = re.compile(r"(\d{4}|\d{8})-(\d{4}|\d{8})")
_SYMBOLS = {"&": "AND", "&&": "AND", "|": "OR", "||": "OR"}


@dataclass(slots=True)
class _Lexeme:
    kind: str  # "(" ")" AND OR NOT NEAR ATLEAST, or "one", which holds a node
    start: int
    end: int
    node: Node | None = None
    fields: Fields = ()
    number: int = 0
    ordered: bool = False
    capitals: bool = False


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
    text = _INVISIBLE.sub(" ", text)
    return _parse_sentence(text) if is_sentence(text) else _Parser(text).parse()


_PLAIN = re.compile(r"[a-z]+(?: [a-z]+){0,3}|[a-z]+(?: OR [a-z]+)+|\"[a-z]+(?: [a-z]+)*\"")
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


def _parse_sentence(text: str) -> Query:
    words: dict[str, Words] = {}
    sequence = []
    for form, (start, end) in what_matters(text):
        words.setdefault(form, Words(text[start:end], start, end))
        sequence.append(list(words).index(form))
    return Query(Sentence(tuple(words.values()), tuple(sequence))) if len(words) > 1 else _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.messages: list[Message] = []
        self.lexemes: list[_Lexeme] = []
        self.at = 0
        self.is_formal = bool(_FORMAL.search(text))
        self.is_foreign = bool(_FOREIGN.search(text))

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

    def _read_as(self, text: str, start: int, end: int) -> None:
        self._say(MessageKind.EXPANDED, text, start, end)

    # -- lexemes

    def _lex(self) -> Iterator[_Lexeme]:
        for found in _LEXEME.finditer(self.text):
            start, end = found.span()
            if found["phrase"] is not None:
                yield from self._phrase(found)
            elif found["dates"] is not None:
                yield from self._dates(str(_FIELDS[found["days_of"].lower()][0]), found["days"].strip(), start, end)
            elif found["open"] is not None:
                yield from self._open(found)
            elif found["close_group"] is not None:
                yield _Lexeme(")", start, end)
            else:
                yield from self._word(found["word"], start)

    def _phrase(self, found: re.Match[str]) -> Iterator[_Lexeme]:
        start, end = found.span()
        if not found["close"]:
            self._ignore("A quotation mark is not closed; the phrase was read to the end of the query", start, end)
        if found["minus"]:
            yield _Lexeme("NOT", start, start + 1)
        fields, known = self._field((found["scope"] or "")[:-1], found.start("scope"))
        text = " ".join(found["quoted"].split())
        if fields[0] in DATE_FIELDS:
            yield from self._dates(str(fields[0]), text, start, end)
        elif node := self._words(text, start, end, fields if known else _ANYWHERE, quoted=True):
            slop = self._number(found["slop"][1:] or "1", *found.span("slop")) if found["slop"] else 0
            yield _Lexeme("one", start, end, _each(node, lambda words: replace(words, slop=slop)))

    def _number(self, digits: str, start: int, end: int) -> int:
        number = int(digits[:9])
        if number > MAX_DISTANCE:
            self._ignore(f"A distance is at most {MAX_DISTANCE:,} words; read as that", start, end)
        return min(number, MAX_DISTANCE)

    def _open(self, found: re.Match[str]) -> Iterator[_Lexeme]:
        start, end = found.span()
        if found["before"]:
            yield _Lexeme("NOT", start, start + 1)
        name = (found["group"] or "").upper()
        capitals = name.endswith("ALLCAPS")
        name = name.removesuffix("ALLCAPS")
        fields = _ANYWHERE
        if counted := COUNTED.fullmatch(name):
            yield self._times(counted, start, end)
        elif name in ("CAPS", "NOCAPS", "SINGULAR", "PLURAL"):
            self._ignore(f"{name}( ) is not known here; its words were searched for", *found.span("group"))
        elif name:
            fields = self._field(name.rstrip(":=").lower(), found.start("group"))[0]
        if fields[0] in DATE_FIELDS:
            self._ignore(f"{name.lower()} takes one date, such as {fields[0]}:2023-05", *found.span("group"))
            fields = _ANYWHERE
        yield _Lexeme("(", start, end, fields=fields, capitals=capitals)

    def _times(self, counted: re.Match[str], start: int, end: int) -> _Lexeme:
        times = self._number(counted[1], start, end)
        if not times:
            self._ignore(f"{counted[0]} asks for nothing; read as ATLEAST1", start, end)
        return _Lexeme("ATLEAST", start, end, number=max(times, 1))

    def _word(self, word: str, start: int) -> Iterator[_Lexeme]:
        end = start + len(word)
        if word in BOOLEAN or word in _SYMBOLS:
            yield _Lexeme(_SYMBOLS.get(word, word), start, end)
        elif self.is_foreign and word.upper() in BOOLEAN:
            self._read_as(f"“{word}” was read as {word.upper()}", start, end)
            yield _Lexeme(word.upper(), start, end)
        elif near := PROXIMITY.fullmatch(word):
            yield self._near_by(near, start, end)
        elif counted := COUNTED.fullmatch(word):
            yield self._times(counted, start, end)
        else:
            if word[0] in "-!" and len(word) > 1 and any(map(str.isalnum, word)):
                yield _Lexeme("NOT", start, start + 1)
                word, start = word[1:], start + 1
            yield from self._plain_word(word, start, end)

    def _near_by(self, near: re.Match[str], start: int, end: int) -> _Lexeme:
        if near["sentence"]:
            self._read_as(f"{near[0]} was read as NEAR/{SENTENCE_WORDS}", start, end)
            return _Lexeme("NEAR", start, end, number=SENTENCE_WORDS)
        if near["paragraph"]:
            return _Lexeme("NEAR", start, end)
        digits = near["words"] or near["near"] or near["pre"] or near["adj"]
        number = self._number(digits, start, end) if digits else 1 if near["ordered"] else NEAR_WORDS
        return _Lexeme("NEAR", start, end, number=max(number, 1), ordered=bool(near["ordered"]))

    def _plain_word(self, word: str, start: int, end: int) -> Iterator[_Lexeme]:
        bare = _BEFORE.sub("", word)
        word, start = (bare, end - len(bare)) if bare else (word, start)
        scoped = _FIELD.fullmatch(word)
        fields, known = _ANYWHERE, True
        if scoped and not (scoped[2] or "").startswith("//"):
            name, rest = scoped[1] or scoped[3], scoped[2] or scoped[4]
            fields, known = self._field(name, start)
            if known and not rest:
                self._ignore(f"{word} stands alone: write what to look for right after the colon", start, end)
                return
            if known and fields[0] in DATE_FIELDS:
                yield from self._dates(str(fields[0]), rest, start, end)
                return
            if known:
                word = rest
        if node := self._words(word, start, end, fields if known else _ANYWHERE):
            yield _Lexeme("one", start, end, node)

    def _field(self, name: str, start: int) -> tuple[Fields, bool]:
        """The fields of that name and whether there are any; says so when there are none."""
        if not name:
            return _ANYWHERE, True
        if fields := _FIELDS.get(name.lower()):
            return fields, True
        known = ", ".join(f"{field}:" for field in TEXT_FIELDS + DATE_FIELDS)
        self._say(MessageKind.UNKNOWN, f"There is no field {name}: (there are {known})", start, start + len(name) + 1)
        return _ANYWHERE, False

    def _words(self, text: str, start: int, end: int, fields: Fields, quoted: bool = False) -> Node | None:
        """A node for text that may hold wildcards, or nothing where there is nothing to search for."""
        edits = 0
        if not quoted and (fuzzy := _FUZZY.fullmatch(text)):
            text, edits = fuzzy[1], min(int(fuzzy[2][:2] or 0), 2) or _edits_of(fuzzy[1])
            if int(fuzzy[2][:2] or 0) > 2:
                self._ignore("At most two letters may differ; read as ~2", end - 1 - len(fuzzy[2]), end)
        if not quoted and self.is_formal and _TRUNCATED.fullmatch(text):
            self._read_as(f"“{text}” was read as {text[:-1]}*", start, end)
            text = f"{text[:-1]}*"
        pattern = not quoted and fields[0] != "language" and self._is_pattern(text, end)
        if pattern and "*" in text and set(text) <= {"*", "?"}:
            return Words("*", start, end, fields[0], pattern=True)
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
        if edits and (pattern or count > 1):
            self._ignore("Only one word, without * and ?, can be looked for as spelt alike", start, end)
            edits = 0
        return _joined(Or, [Words(text, start, end, field, quoted, pattern, edits=edits) for field in fields])

    def _is_pattern(self, text: str, end: int) -> bool:
        if "*" in text:
            return True
        # A question mark that ends a query of several words ends a question.
        asks = text.endswith("?") and not self.text[end:].strip() and " " in self.text.strip()
        return "?" in (text.rstrip("?") if asks else text)

    def _dates(self, field: str, text: str, start: int, end: int) -> Iterator[_Lexeme]:
        low, dots, high = text.partition("..")
        if period := _PERIOD.fullmatch(text):
            low, dots, high = period[1], "..", period[2]
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

    def _peek(self, ahead: int = 0) -> str:
        return self.lexemes[self.at + ahead].kind if self.at + ahead < len(self.lexemes) else ""

    def _next(self) -> _Lexeme:
        self.at += 1
        return self.lexemes[self.at - 1]

    def _either(self, depth: int) -> Node | None:
        parts = [self._all(depth)]
        while self._peek() == "OR" or (depth == 0 and self._peek() == ")"):
            lexeme = self._next()
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
                lexeme = self._next()
                if not parts or self._peek() in ("", ")", "OR", "AND"):
                    self._ignore("AND needs a word on both sides", lexeme.start, lexeme.end)
                continue
            parts.append(self._near(depth))
        return _joined(And, parts)

    def _near(self, depth: int) -> Node | None:
        left = None if self._peek() == "NEAR" else self._one(depth)
        while self._peek() == "NEAR" or (self._peek() == "NOT" and self._peek(1) == "NEAR"):
            excluded = self._next() if self._peek() == "NOT" else None
            lexeme = self._next()
            right = self._one(depth) if self._peek() in ("NOT", "(", "one", "ATLEAST") else None
            if left is None or right is None:
                self._ignore(f"{self._shown(lexeme)} needs a word on both sides", lexeme.start, lexeme.end)
                left = left or right
            elif excluded:
                self._ignore(
                    f"NOT {self._shown(lexeme)} cannot be searched for; read as AND NOT", excluded.start, lexeme.end
                )
                left = _joined(And, [left, Not(right)])
            elif _is_placed(left) and _is_placed(right):
                left = _spread(left, right, lexeme)
            else:
                words = "stands between words and phrases of the text; read as AND"
                self._ignore(f"{self._shown(lexeme)} {words}", lexeme.start, lexeme.end)
                left = _joined(And, [left, right])
        return left

    def _shown(self, lexeme: _Lexeme) -> str:
        return self.text[lexeme.start : lexeme.end]

    def _one(self, depth: int) -> Node | None:
        lexeme = self._next()
        if lexeme.kind == "NOT":
            part = self._deeper(self._near, depth) if self._peek() in ("NOT", "(", "one", "ATLEAST") else None
            if part is None:
                self._ignore("NOT needs a word after it", lexeme.start, lexeme.end)
                return None
            return part.part if isinstance(part, Not) else Not(part)
        if lexeme.kind == "ATLEAST":
            return self._at_least(lexeme, depth)
        return self._group(lexeme, depth) if lexeme.kind == "(" else lexeme.node

    def _deeper(self, read: Callable[[int], Node | None], depth: int) -> Node | None:
        if depth >= MAX_NESTING:
            raise _RefusedError(f"The query is nested more than {MAX_NESTING} deep. Please simplify it")
        return read(depth + 1)

    def _at_least(self, lexeme: _Lexeme, depth: int) -> Node | None:
        part = self._deeper(self._one, depth) if self._peek() in ("(", "one", "ATLEAST") else None
        if part is None:
            self._ignore(f"ATLEAST{lexeme.number} needs a word after it", lexeme.start, lexeme.end)
        elif not _is_placed(part):
            self._ignore(f"ATLEAST{lexeme.number} counts words and phrases of the text", lexeme.start, lexeme.end)
        elif isinstance(part, And):
            return And(tuple(AtLeast(lexeme.number, each) for each in part.parts))
        else:
            return AtLeast(lexeme.number, part)
        return part

    def _group(self, opening: _Lexeme, depth: int) -> Node | None:
        node = self._deeper(self._either, depth)
        if self._peek() == ")":
            self.at += 1
        else:
            self._ignore(
                "A parenthesis is not closed; the group was read to the end of the query", opening.start, opening.end
            )
        if node is None:
            self._ignore("There is nothing to search for in the parentheses", opening.start, opening.end)
            return None
        if opening.capitals:
            node = _each(node, lambda words: replace(words, capitals=words.field in _PLACED))
        if opening.fields != _ANYWHERE:
            scoped = [_scoped(node, field) for field in opening.fields]
            node = _joined(Or, list(scoped))
        return node


_FORMAL = re.compile(rf"[()]|(?:^|\s)(?:AND|OR|NOT|{PROXIMITY.pattern})(?:\s|$)")
"""A query with operators. Only there does `terror!` mean `terror*`, as it does in Lexis."""
_FOREIGN = re.compile(
    rf"(?:^|[\s(])(?:(?:(?:w|n|near|pre|p)?/(?:\d+|s|p|sent|para)|(?:near|adj)\d+)(?=\s)|(?:atleast\d+|allcaps|{_KNOWN})\()"
)
"""A query in the manner of Lexis, Factiva or ProQuest, where operators may be in small letters."""


def _edits_of(word: str) -> int:
    """How many letters may differ where none is said: as many as a hasty hand gets wrong."""
    return 1 if len(word) < 6 else 2


def _joined(kind: type[And] | type[Or], parts: Sequence[Node | None]) -> Node | None:
    """One node for several, flat: parts of the same kind are taken in."""
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, kind):
            flat.extend(part.parts)
        elif part is not None:
            flat.append(part)
    return kind(tuple(flat)) if len(flat) > 1 else (flat[0] if flat else None)


def _each(node: Node, change: Callable[[Words], Words]) -> Node:
    """The same tree with its words changed."""
    match node:
        case Words():
            return change(node)
        case Not(part):
            return Not(_each(part, change))
        case AtLeast(times, part):
            return AtLeast(times, _each(part, change))
        case Near(left, right):
            return replace(node, left=_each(left, change), right=_each(right, change))
        case And(parts) | Or(parts):
            return type(node)(tuple(_each(part, change) for part in parts))
        case _:
            return node


def _scoped(node: Node, field: str | None) -> Node:
    """The same tree, looking into `field` wherever no field is given."""
    return _each(node, lambda words: replace(words, field=words.field or field))


def _is_placed(node: Node) -> bool:
    """Whether a part stands at places of a text, so that they can be near others or be counted."""
    match node:
        case Words():
            return node.field in _PLACED and node.text != "*"
        case Near(left, right):
            return _is_placed(left) and _is_placed(right)
        case And(parts) | Or(parts):
            return all(map(_is_placed, parts))
        case _:
            return False


def _spread(left: Node, right: Node, near: _Lexeme) -> Node:
    """Near each other; of several that must all be there, each."""
    if isinstance(left, And):
        return And(tuple(_spread(part, right, near) for part in left.parts))
    if isinstance(right, And):
        return And(tuple(_spread(left, part, near) for part in right.parts))
    return Near(left, right, near.number, near.ordered)


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
