"""The word sequences of a text as numbers, by which texts are compared: the same in every process and on any machine.

Case, punctuation, accents and invisible characters do not count, nor do lines that quote another text and the signature
below a message. Compiled code does it where it could be built when the archive was installed; NumPy does the
same without.
"""

import re
import unicodedata

import numpy as np
from numpy.typing import NDArray

try:
    from archive import _shingles
except ImportError:  # it was installed without a compiler
    _shingles = None  # type: ignore[assignment]

Hashes = NDArray[np.uint64]

WIDTH = 5
"""Words in a sequence: enough that two texts rarely have one in common by chance."""

BINS = 24
"""Ranges that hashes are parted into."""

NONE = 0xFFFFFFFFFFFFFFFF
"""In the place of a hash where there is none."""

UNSPACED_WIDTH = 10
"""Characters in a sequence where a text is mostly in a script without spaces between words."""

MAX_SIGNATURE = 1_000
"""Characters that the signature below a message has at most (RFC 3676, 4.3)."""

_SIGNATURE = re.compile(r"\n--[-_ ]*\n")
_QUOTED = re.compile(r"^[ \t]*[>|:}].*$", re.MULTILINE)

SEPARATOR, INVISIBLE, WORD, UNSPACED = 1, 2, 3, 4
_SPACELESS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff]")
_PAGE = 256

_table: NDArray[np.uint32] = np.zeros(0x110000, dtype=np.uint32)
"""Of each character the kind and, in the low 24 bits, its fold; 0 where it has not been asked for yet."""


def shingles(text: str) -> Hashes:
    """The hash of each sequence of `WIDTH` words, in order; empty for a text of fewer."""
    if _shingles:
        text = _without_signature(text)
        return np.frombuffer(_shingles.shingles(text, _table, _fill, WIDTH, UNSPACED_WIDTH), dtype=np.uint64)
    return plain_shingles(text)


def smallest(text: str) -> tuple[int, Hashes]:
    """How many sequences there are, and the smallest hash in each of `BINS` ranges of hashes; `NONE` where none is."""
    if not _shingles:
        return plain_smallest(text)
    count, found = _shingles.smallest(_without_signature(text), _table, _fill, WIDTH, UNSPACED_WIDTH)
    return count, np.frombuffer(found, dtype=np.uint64)


def _without_signature(text: str) -> str:
    at = text.find("\n--", max(0, len(text) - MAX_SIGNATURE))
    return text[:at] if at >= 0 and _SIGNATURE.match(text, at) else text


def _fill(page: int) -> None:
    first = page * _PAGE
    _table[first : first + _PAGE] = [_classify(chr(code)) for code in range(first, first + _PAGE)]


def _classify(character: str) -> int:
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf"):
        return INVISIBLE << 24
    if not character.isalnum() and category != "Mc":
        return SEPARATOR << 24
    kind = UNSPACED if _SPACELESS.match(character) or character >= "\U00020000" else WORD
    lower = character.lower()
    return kind << 24 | ord(unicodedata.normalize("NFKD", lower)[0])


# -- without the compiled part

_WORD_BASE = 0x9E3779B97F4A7C15
_ROW_BASE = 0xD1B54A32D192ED03


def plain_shingles(text: str) -> Hashes:
    """The same with NumPy alone: a word is a polynomial of its characters, so that sums of all words give each."""
    text = _QUOTED.sub("", _without_signature(text))
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    for page in np.unique(codes // _PAGE).tolist():
        if not _table[page * _PAGE]:
            _fill(page)
    infos = _table[codes]
    infos = infos[infos >> 24 != INVISIBLE]
    kinds = infos >> 24
    inside = kinds == WORD
    unspaced = kinds == UNSPACED
    before, after = np.concatenate([[False], inside[:-1]]), np.concatenate([inside[1:], [False]])
    starts = np.flatnonzero((inside & ~before[: len(inside)]) | unspaced)
    ends = np.flatnonzero((inside & ~after[: len(inside)]) | unspaced) + 1
    powers = _powers(_WORD_BASE, len(infos))
    folds = (infos & 0xFFFFFF).astype(np.uint64)
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(folds * powers)])
    inverse = _powers(pow(_WORD_BASE, -1, 1 << 64), len(infos))
    words = _mixed((sums[ends] - sums[starts]) * inverse[starts])
    width = UNSPACED_WIDTH if np.count_nonzero(unspaced) * 2 > len(words) else WIDTH
    count = max(0, len(words) - width + 1)
    rows = np.zeros(count, dtype=np.uint64)
    for at in range(width):
        rows = rows * np.uint64(_ROW_BASE) + words[at : at + count]
    return _mixed(rows)


def plain_smallest(text: str) -> tuple[int, Hashes]:
    """The same as `smallest`."""
    found = plain_shingles(text)
    least = np.full(BINS, NONE, dtype=np.uint64)
    np.minimum.at(least, (((found >> np.uint64(32)) * np.uint64(BINS)) >> np.uint64(32)).astype(np.int64), found)
    return len(found), least


def _powers(base: int, count: int) -> Hashes:
    powers = np.full(count, base, dtype=np.uint64)
    powers[:1] = 1
    return np.cumprod(powers)


def _mixed(hashes: Hashes) -> Hashes:
    """The end of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014)."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))
