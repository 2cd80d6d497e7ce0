"""How text becomes words: the same for articles and queries, so that what a person types meets what a newspaper prints.

`tokenise` cuts a text into tokens and folds each one (case, accents, apostrophes, separators of thousands, forms of
Arabic letters), without changing any offset: `Türkiye’s` is the token `turkiye` that covers the first seven letters.
`stem` then gives the form under which inflections of a language meet. Folding comes before stemming, so that a query
without accents has the same stem as the accented word.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

import Stemmer

VERSION = 2
"""To be raised whenever tokens or stems change: every index made with another version is rebuilt."""

PARAGRAPH_GAP = 1
"""Positions left free between two paragraphs, so that no phrase reaches from one into the next."""


MAX_FORM = 100
"""Characters of a word that count; what is longer is no word but data, and only its beginning can be searched for."""


class Token(NamedTuple):
    """One word of a text: its folded form, where it stands in the text, and its position in the row of words."""

    form: str
    start: int
    end: int
    position: int


# --- characters -----------------------------------------------------------------------------------------------------

# Scripts written without spaces (and Hangul, whose particles are attached): indexed as overlapping pairs of characters.
_UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ecd\u1000-\u109f\u1780-\u17d3\u3005-\u3007\u3041-\u309f"
    "\u30a1-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003fffd"
)
# Marks that only tell how a letter sounds. Vowel signs of Indic and South-East Asian scripts are letters in all but
# name and stay.
_SILENT_MARKS = (
    (0x0300, 0x036F), (0x0483, 0x0487), (0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C5),
    (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06DC), (0x06DF, 0x06E8), (0x06EA, 0x06ED),
    (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F),
)  # fmt: skip
_DROPPED = frozenset("\u00ad\u0640\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")  # soft hyphen, tatweel, zero width, …
_LETTERS = str.maketrans({
    "İ": "i", "ı": "i", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ł": "l", "Ł": "l", "ħ": "h", "Ħ": "h", "ŧ": "t",
    "Ŧ": "t", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th", "ð": "d", "Ð": "d", "ə": "e", "Ə": "e",
    "й": "й", "Й": "й", "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ة": "ه", "ۀ": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه",
    "ک": "ك", "ٱ": "ا", "ٲ": "ا", "ٳ": "ا", "ؤ": "و", "ئ": "ي", "ء": "",
})  # fmt: skip
APOSTROPHES = "'\u2018\u2019\u201b\u02bc\u02b9\u2032\uff07`\u00b4"


class _Folding(dict[int, str]):
    """Maps one code point to its folded form; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if code in _LETTERS:
            folded = str(_LETTERS[code])
        elif character in _DROPPED:
            folded = ""
        elif 0xAC00 <= code <= 0xD7A3:  # Hangul syllables would fall apart into letters
            folded = character
        else:
            digit = unicodedata.digit(character, None) if character.isdecimal() else None
            plain = unicodedata.normalize("NFKD", character).casefold()
            folded = str(digit) if digit is not None else unicodedata.normalize("NFC", "".join(map(_letter, plain)))
        self[code] = folded
        return folded


def _letter(character: str) -> str:
    if any(first <= ord(character) <= last for first, last in _SILENT_MARKS):
        return ""
    return str(_LETTERS.get(ord(character), character))


FOLDING = _Folding()
"""Maps each code point to what it is folded to."""


def fold(text: str) -> str:
    """`text` without case, accents, diacritics, compatibility forms and invisible characters; digits are ASCII."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).translate(FOLDING)


# --- words ----------------------------------------------------------------------------------------------------------


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc", "Cf") and 0x300 <= ord(character) < 0xFE30


def _ranges(codes: Iterator[int]) -> str:
    """Ascending code points as the inside of a character class."""
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


_MARKED = chain(range(0x300, 0x3400), range(0xA000, 0xAC00), range(0xD7A4, 0xD800), range(0xF900, 0xFE30))
"""All that may be marks: without ideographs, Hangul and private use, where there is none, so that starting is fast."""

_MARKS = _ranges(code for code in _MARKED if _is_mark(chr(code)))
"""Marks on characters, and invisible ones, as the inside of a character class."""

_LETTER = rf"[^\W\d_{_UNSPACED}]"
UNSPACED = f"[{_UNSPACED}]"
MARK = f"[{_MARKS}]"
"""A character of a script without spaces, and a mark on a character, as regular expressions."""

_LETTER_OR_DIGIT = rf"[^\W_{_UNSPACED}]"
_IN_WORD = rf"[^\W_{_UNSPACED}]|[{_MARKS}\u00ad]"
_TOKEN = rf"""
      (?P<thousands>\d{{1,3}}(?:([,\u00a0\u202f\u066c’'])\d{{3}})(?:\2\d{{3}})*(?:\.\d+)?(?![\d]))
    | (?P<decimal>\d+(?:[.\u066b]\d+)+)
    | (?P<dotted>
        (?<!{_LETTER_OR_DIGIT}) (?:{_LETTER}\.){{2,}} (?:{_LETTER}(?!{_LETTER_OR_DIGIT}))?
        (?:[{APOSTROPHES}][sS](?!{_LETTER_OR_DIGIT}))?
      )
    | (?P<unspaced>[{_UNSPACED}][{_UNSPACED}{_MARKS}]*)
    | (?P<word>(?:{_IN_WORD})+(?:[{APOSTROPHES}](?:{_IN_WORD})+)*)
    """


@cache
def _token(is_ascii: bool) -> re.Pattern[str]:
    """Finds tokens. ASCII needs none of the large classes, which take long to compile."""
    plain = _TOKEN.replace(_UNSPACED, "\u0e01").replace(_MARKS, "\u0300")
    return re.compile(plain if is_ascii else _TOKEN, re.VERBOSE)


_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
ELIDED = frozenset(
    "l d j n s c m t qu jusqu lorsqu puisqu quoiqu presqu quelqu dell all nell sull dall un gl degl agl sant".split()
)
# Case endings that Turkish writes after the apostrophe of a proper name (İstanbul'da, Türkiye’nin), folded.
_TURKISH_ENDING = re.compile(
    r"(?:y?[aeiu]|n[aeiu]|(?:n|y|s)?[ai]n|[iu]n|n[iu]n|[dt][ae]|[dt][ae]n|n[dt][ae]n?|y?l[ae]|l[ae]r\w*|l[iu]\w*|[dt][ae]ki\w*|c[ae]|s[iu]\w*)"
)


_ACRONYM_PLURAL = re.compile(r"[^\W\d_a-zß-öø-ÿ]{2,}s")


def tokenise(text: str, language: str | None = None) -> list[Token]:
    """The tokens of a text in order; the offsets are code points of `text`.

    `language` only matters for what an apostrophe means. A gap of `PARAGRAPH_GAP` positions parts the paragraphs.
    """
    tokens: list[Token] = []
    position = 0
    done = 0
    parted = False
    for found in _token(text.isascii()).finditer(text):
        start = found.start()
        parted = parted or text.find("\n\n", done, start) >= 0
        done = found.end()
        pieces = _pieces if found.end() - start <= MAX_FORM else _pieces.__wrapped__  # rare and long: not worth memory
        for form, first, last in pieces(found.lastgroup or "", found.group(), language):
            if parted:
                position += PARAGRAPH_GAP if tokens else 0
                parted = False
            end = start + last
            if last - first == 1 and "a" <= form <= "z" and (symbol := _SYMBOL.match(text, end)):
                form, end = form + symbol[0], symbol.end()
            tokens.append(Token(form, start + first, end, position))
            position += 1
    return tokens


_SYMBOL = re.compile(r"(?:\+\+|#)(?![^\W_])")
"""What makes a letter the name of something else: C++, C#."""


@lru_cache(maxsize=100_000)
def _pieces(kind: str, text: str, language: str | None) -> tuple[tuple[str, int, int], ...]:
    """The tokens inside one match of `_TOKEN`: (folded form, start, end) each."""
    end = len(text)
    if kind == "word":
        return tuple(_word(text, language))
    if kind == "unspaced":
        return tuple(_pairs(text))
    if kind == "thousands":
        whole, point, rest = text.partition(".")
        return ((fold(re.sub(r"\D", "", whole)) + point + fold(rest), 0, end),)
    if kind == "decimal":
        return ((fold(text.replace("\u066b", ".")), 0, end),)
    letters = _APOSTROPHE.split(text)[0]
    return ((fold(letters.replace(".", "")), 0, len(letters)),)


def in_capitals(written: str) -> bool:
    """Whether a token is written in capitals, two or more; the s of a plural may be small (`FTFs`)."""
    letters = written[:-1] if written.endswith("s") and len(written) > 2 else written
    letters = "".join(filter(str.isalnum, letters))
    return sum(map(str.isupper, letters)) > 1 and not any(map(str.islower, letters))


def _word(text: str, language: str | None) -> Iterator[tuple[str, int, int]]:
    head, *tails = _APOSTROPHE.split(text)
    if tails and fold(head) in ELIDED and len(tails[0]) > 1:  # l'Irak, d'État, dell'Iraq: two words
        yield fold(head), 0, len(head)
        for form, start, end in _word(text[len(head) + 1 :], language):
            yield form, len(head) + 1 + start, len(head) + 1 + end
        return
    end = len(text)
    if len(tails) == 1 and (tails[0] in ("s", "S") or (language == "tr" and _TURKISH_ENDING.fullmatch(fold(tails[0])))):
        letters, end = head, len(head)  # Türkiye’s, İstanbul'da
    elif _ACRONYM_PLURAL.fullmatch(text):
        letters = text[:-1]  # FTFs
    else:
        letters = "".join((head, *tails))
    if form := fold(letters)[:MAX_FORM]:
        yield sys.intern(form), 0, end


def _pairs(text: str) -> Iterator[tuple[str, int, int]]:
    """Overlapping pairs of characters (with their marks), then the last character alone.

    So every character begins exactly one token, and a search for one character is a search for a prefix.
    """
    cells = [match.span() for match in _CELL.finditer(text)]
    for (start, _), (_, end) in pairwise(cells):
        yield fold(text[start:end]), start, end
    yield fold(text[cells[-1][0] :]), cells[-1][0], len(text)


_CELL = re.compile(rf"[{_UNSPACED}][{_MARKS}]*")
_FIRST_UNSPACED = 0xE01


# --- kinds of characters, for the compiled scanner -------------------------------------------------------------------

_SEPARATOR, _LETTER_KIND, _DIGIT, _UNSPACED_KIND, _MARK, _APOSTROPHE_KIND, _POINT, _COMMA, _UNSPACED_MARK, _WHOLE = (
    range(10)
)
_SMALL, _UPPER, _LOWER = 0x10, 0x20, 0x40
_JAMO = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")  # NFC joins them


def classify(code: int) -> tuple[int, int]:
    """What a character is to the scanner, and the one character that it folds to (-1: not one alone, 0: to nothing).

    A mark is 0 only where NFC does not join it with a letter.
    """
    character = chr(code)
    if character.isascii() and character.isalnum():  # without a regular expression: they take long to compile
        kind = _DIGIT if character.isdigit() else _LETTER_KIND | (_SMALL | _LOWER if character.islower() else _UPPER)
        return kind, ord(character.lower())
    folded = fold(character) if not 0xD800 <= code <= 0xDFFF else ""
    fold_to = ord(folded) if len(folded) == 1 and not _JAMO.match(character) else -1
    if code >= _FIRST_UNSPACED and _CELL.match(character):
        if character.isdecimal():
            return _WHOLE, -1
        return (_UNSPACED_MARK, -1) if _is_mark(character) else (_UNSPACED_KIND, fold_to)
    if character in APOSTROPHES and character.isalnum():
        return _LETTER_KIND, -1  # ʼ is a letter, but for what it means
    if _is_mark(character) or character == "\u00ad":
        return _MARK, 0 if code == 0xAD or 0x64B <= code <= 0x652 else -1
    for kind, characters in ((_APOSTROPHE_KIND, APOSTROPHES), (_POINT, ".\u066b"), (_COMMA, ",\u00a0\u202f\u066c")):
        if character in characters:
            return kind, -1
    if not character.isalnum():
        return _SEPARATOR, -1
    kind = _DIGIT if character.isdecimal() else _LETTER_KIND
    is_small = "ß" <= character <= "ÿ" and character != "÷"
    case = _UPPER * character.isupper() | _LOWER * character.islower()
    return kind | _SMALL * is_small | case, fold_to if folded else 0


# --- stems ----------------------------------------------------------------------------------------------------------

SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian",
    "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch",
    "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""The stemmer of each language that has one (snowballstem.org; Arabic: `_light_arabic`); others are not stemmed."""

NO_STEMMER = ""


def stemmer_of(language: str | None) -> str:
    """The name of the stemmer for a language, `NO_STEMMER` where there is none."""
    return SNOWBALL.get(language or "", NO_STEMMER)


@lru_cache(maxsize=64)
def _stemmer(name: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(name, 0)  # no cache of its own: `stem` keeps one for all


@lru_cache(maxsize=200_000)
def stem(form: str, stemmer: str) -> str:
    """The stem of a folded form, marked with its stemmer so that stems of two languages never meet by chance.

    `elections` and `election` meet in `english:elect`; the German `elect` is another term. Numbers, names with digits
    and scripts without spaces have no inflections: they are the same term in every language (`:7500`).
    """
    return stem_all([form], stemmer)[0]


def stem_all(forms: Sequence[str], stemmer: str) -> list[str]:
    """The stems of many folded forms; see `stem`."""
    if stemmer == NO_STEMMER:
        return [f":{form}" for form in forms]
    stems = map(_light_arabic, forms) if stemmer == "arabic" else _stemmer(stemmer).stemWords(list(forms))
    marked = []
    for form, stemmed in zip(forms, stems, strict=True):
        if not form.isalpha() or (not form.isascii() and is_unspaced(form)):
            marked.append(f":{form}")
        elif stemmer == "english" and stemmed[-1:] == "s" and _VOWELLESS_PLURAL.fullmatch(stemmed):
            marked.append(f"english:{stemmed[:-1]}")  # ftfs, which Snowball leaves alone
        else:
            is_folded = stemmed.isascii() or stemmed in form  # as the form is
            marked.append(f"{stemmer}:{stemmed if is_folded else fold(stemmed)}")
    return marked


def _light_arabic(form: str) -> str:
    """Arabic without article, conjunction and common endings: the light10 stemmer (Larkey, Ballesteros, Connell 2007).

    Snowball's Arabic stemmer wants letters that folding has merged, and leaves `والعراق` as it is.
    """
    for prefix in _ARABIC_PREFIXES if form.startswith(_ARABIC_PREFIXES) else ():
        if form.startswith(prefix) and len(form) >= len(prefix) + 2:
            form = form[len(prefix) :]
            break
    else:
        if form.startswith("و") and len(form) >= 4:
            form = form[1:]
    for suffix in _ARABIC_SUFFIXES if form.endswith(_ARABIC_SUFFIXES) else ():
        if form.endswith(suffix) and len(form) >= len(suffix) + 2:
            form = form[: -len(suffix)]
    return form


_ARABIC_PREFIXES = ("وال", "بال", "كال", "فال", "ال", "لل")
_ARABIC_SUFFIXES = ("ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي")


_VOWELLESS_PLURAL = re.compile(r"[^aeiouy]{2,}(?<!s)s")


def is_unspaced(form: str) -> bool:
    """Whether a token is of a script written without spaces; those have no stem."""
    return bool(_CELL.match(form))


def first_cell(text: str) -> int:
    """Code points of the first character, with its marks, of a text in a script written without spaces."""
    found = _CELL.match(text)
    return found.end() if found else len(text)


def is_single_cell(form: str) -> bool:
    """Whether a token is one lone character of a script written without spaces."""
    return bool(_CELL.fullmatch(form))
