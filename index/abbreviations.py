"""Abbreviations that a text explains: "foreign terrorist fighters (FTFs)" and "FTF (foreign terrorist fighter)".

Schwartz, Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text", PSB 2003: the
letters of the short form are looked for from right to left in the words beside it, the first at the beginning of a
word. More is asked of both forms here, since news puts more into parentheses than papers do; above all two capitals,
which a script without capitals does not have.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from index.analysis import FOLDING, tokenise
from index.sentences import FUNCTION_WORDS

MOST_LETTERS = 120
"""Letters before a parenthesis in which a long form is looked for."""


MOST_BEFORE = 13
"""Letters before a parenthesis in which a short form is looked for."""


class Pair(NamedTuple):
    """A short form and what it stands for, as they are written."""

    short: str
    long: str


_QUOTES = "\"'“”„‟‘’‚«»"
_CAPITAL = r"[^\W\d_a-zß-öø-ÿ\u0590-\u1dff\u2e80-\uffff]"
"""What may be a capital: a letter of a script that has any, and none of Latin's small ones."""
_SHORT = rf"{_CAPITAL}[\w.&/-]{{1,9}}"
_PARENTHESIS = re.compile(
    rf"\((?:[{_QUOTES}]?({_SHORT})(?=[{_QUOTES},;:)])"
    rf"|(?:(?<={_CAPITAL}\s\()|(?<={_CAPITAL}s\s\()|(?<={_CAPITAL}[{_QUOTES}]\s\())([^()\n]{{5,120}})\))"
)
_BEFORE = re.compile(rf"(?:^|(?<=[\s{_QUOTES}(]))({_SHORT})[{_QUOTES}]?\s$")
_END = re.compile(r"[;:,]\s")
_EDGES = f"{_QUOTES}, \n"
_POSSESSIVE = re.compile("['’]s?$")
_NO_NAME = re.compile(r"[\x00-\x1f@=<>|\\^*#$_~{}\[\]+;:!?()\"“”„‟«»]")
"""What stands between the parts of a sentence, in addresses, in code and in quoted mail."""
_SENTENCES = re.compile(r"[^\W\d_]{3,}\.\s")
_ROMAN = re.compile("[IVX]+")
_JOINING = frozenset(" ".join(FUNCTION_WORDS.values()).split())
"""What no long form begins or ends with."""

_LONG_WORD = 4
"""A long form of one word has so many letters for each of the short form."""


def values_in(text: str) -> Iterable[str]:
    """The values of the column of abbreviations for an article with this text, each once; see `values_of`."""
    if "(" not in text:
        return ()
    return dict.fromkeys([value for pair in find_pairs(text) for value in values_of(pair)])


def find_pairs(text: str) -> Iterator[Pair]:
    """Each short form that a text explains, with its long form, as often as it does."""
    for found in _PARENTHESIS.finditer(text):
        start = found.start()
        if short := found[1]:
            letters = letters_of(short)
            before = text[max(0, start - MOST_LETTERS) : start].rpartition("\n\n")[2] if letters else ""
            long = _end_for(letters, before) if before else None
        else:
            beside = _BEFORE.search(text[max(0, start - MOST_BEFORE) : start])
            short = beside[1] if beside else ""
            long = _whole_for(letters_of(short), _END.split(found[2])[0]) if short else None
        if long:
            yield Pair(short, long)


@lru_cache(10_000)
def letters_of(written: str) -> str:
    """The folded letters of what may be a short form, since half of it is capitals, and two at least; else nothing."""
    letters = "".join(filter(str.isalnum, written.removesuffix("s")))
    capitals = sum(map(str.isupper, letters))
    return _folded(letters) if capitals > 1 and 2 * capitals >= len(letters) and not _ROMAN.fullmatch(letters) else ""


def _end_for(letters: str, text: str) -> str | None:
    """The end of a text that is the long form of a short one."""
    most = min(len(letters) + 5, 2 * len(letters))
    words = text.rstrip(_EDGES).rsplit(None, most)[-most:]
    written = " ".join(words)
    folded = _folded(written)
    start = _initials(letters, folded.split(" "))
    if start is not None:
        start = len(written) - len(" ".join(words[start:]))
    else:
        start = _scattered(letters, folded)
    return _name(letters, written, folded, start) if start is not None else None


def _initials(letters: str, words: Sequence[str]) -> int | None:
    """The first of the last words that begin with these letters; only joining words may be between them.

    What Schwartz and Hearst find may be shorter: *Electric Institute* for EEI.
    """
    at = len(words)
    for letter in reversed(letters):
        at -= 1
        while at >= 0 and words[at][:1] != letter and words[at] in _JOINING:
            at -= 1
        if at < 0 or words[at][:1] != letter:
            return None
    return at


def _scattered(letters: str, folded: str) -> int | None:
    """Where the end of a text begins that has these letters in their order, the first at the beginning of a word."""
    at = len(folded)
    for letter in letters[:0:-1]:
        at = folded.rfind(letter, 0, at)
        if at < 0:
            return None
    while at > 0 and (at := folded.rfind(letters[0], 0, at)) >= 0:
        if (not at or not folded[at - 1].isalnum()) and folded[at:].partition(" ")[0] not in _JOINING:
            return at
    return None


def _whole_for(letters: str, text: str) -> str | None:
    """The text, where all of it is the long form of a short one."""
    long = _end_for(letters, text) if letters else None
    return long if long and len(long.split()) == len(text.split()) else None


def _name(letters: str, written: str, folded: str, start: int) -> str | None:
    """The end of a text, where it may be a name."""
    long, folded = written[start:], folded[start:]
    words = folded.replace(".", "").split(" ")
    is_late = long[0].islower() and sum([word[0].isupper() for word in long.split(" ")]) > 1  # a name begins later
    is_no_word = len(words) == 1 and (len(folded) < _LONG_WORD * len(letters) or folded.startswith(letters))
    is_broken = ", " in long or (". " in long and _SENTENCES.search(long))
    if is_late or is_no_word or is_broken or letters in words or words[-1] in _JOINING or _NO_NAME.search(long):
        return None
    return _POSSESSIVE.sub("", long) if long[-1] in "s'’" else long


def is_initialism(pair: Pair) -> bool:
    """Whether the letters of the short form are those with which the words of the long one begin."""
    return _initials(letters_of(pair.short), _folded(pair.long).split()) == 0


def _folded(text: str) -> str:
    """The text in small letters without accents, as many as there were."""
    folded = text.lower() if text.isascii() else text.translate(FOLDING)
    return folded if len(folded) == len(text) else "".join([FOLDING[ord(each)][:1] or each for each in text])


@lru_cache(10_000)
def values_of(pair: Pair) -> tuple[str, ...]:
    """A pair as values of a column: one to be found by its short form, one by its long form."""
    return tuple([PARTED.join((key, *pair)) for key in {name_key(pair.short): 0, name_key(pair.long): 0} if key])


PARTED = "\0"
"""Parts what a value is found by, the short form and the long one."""


def name_key(name: str) -> str:
    """Equal for the spellings of a name, and for the plural of one that has several words."""
    return key_of([token.form for token in tokenise(name)])


def key_of(forms: Sequence[str]) -> str:
    """The same for the forms of its words."""
    key = " ".join(forms)
    return key[:-1] if key[-1:] == "s" and len(forms) > 1 and key[-2:] != "ss" else key
