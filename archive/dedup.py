"""Near-duplicates: the same story in other papers, cut, with another lead, or sent again with a correction.

Two steps, as is usual for this (Broder, "On the resemblance and containment of documents", 1997). A signature finds
candidates: the smallest hash of the word sequences in each of some ranges of hashes (one permutation hashing: Li, Owen
and Zhang, 2012); texts that share several of them share much of what they say, however large the archive is. Then the
texts themselves are compared, since a form letter shares much, too: numbers, dates and lengths have their say.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archive.shingles import NONE, Hashes, shingles, smallest

Keys = NDArray[np.uint32]

Days = tuple[int, int]
"""The first and the last day that an article may have been published, as ordinals."""

SHARED_BINS = 3
"""Numbers that the signatures of near-duplicates have in common at least, or all but one where a text has few."""

MIN_SHINGLES = 20
"""Word sequences below which a text is too short to tell chance from copying."""

SHORT = 100
"""Word sequences below which nearly any number that differs makes another text: rates, dividends, announcements."""

RESEMBLANCE = 0.5
"""Word sequences that are in both texts, of all that are in either."""

CONTAINMENT = 0.7
"""Word sequences of the shorter text that are in the longer, where that was cut or went on."""

MIN_CONTAINED = 50
"""Word sequences that a text has at least which is held to be part of a longer one."""

MIN_RATIO = 0.12
"""How long the shorter is at least, beside the longer: a paragraph in a digest is no version of it."""

NUMBERS_CHANGED = 0.3
"""Of the different numbers of a text, those that the other may lack, where texts are not short."""

CORRECTIONS = 8
"""So many different numbers of a short text allow for one that was corrected."""

MAX_DAYS = 7
"""Days between two publications of the same story; the same announcement comes again every year."""

_NUMBER = re.compile(r"\d+")
_REPLY = re.compile(r"(?:re|aw|sv|antw|fwd?)\s*(?:\[\d+\])?:", re.IGNORECASE)


@dataclass(frozen=True)
class Text:
    """What of an article is compared; the headline only tells a reply, since a headline is what papers change first."""

    title: str
    body: str
    days: Days | None = None
    known_signature: bytes | None = field(default=None, repr=False, compare=False)
    """Its signature as bytes, where it was made already."""

    @cached_property
    def shingles(self) -> Hashes:
        """The different word sequences, sorted."""
        found = np.sort(shingles(self.body))  # faster than NumPy's unique
        return found[np.concatenate([[True], found[1:] != found[:-1]])] if len(found) else found

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The different numbers of the text."""
        return frozenset(_NUMBER.findall(self.body))

    @property
    def is_reply(self) -> bool:
        """Whether the headline says that it answers or passes on a message."""
        return _REPLY.match(self.title) is not None

    @cached_property
    def signature(self) -> Keys:
        """At most `BINS` numbers; none for a text that is too short. Texts share them as they share word sequences.

        The same in every process and on any machine.
        """
        if self.known_signature is not None:
            return np.frombuffer(self.known_signature, dtype="<u4").astype(np.uint32)
        count, least = smallest(self.body)
        if count < MIN_SHINGLES:
            return np.zeros(0, dtype=np.uint32)
        found: Keys = least[least != NONE].astype(np.uint32)  # the lower half: the upper tells the range
        return found


def sign(body: str) -> bytes:
    """The signature of a text as bytes."""
    return Text("", body).signature.astype("<u4").tobytes()


def needed(signature: Keys) -> int:
    """How many numbers of its signature another one must have for the two texts to be compared."""
    return min(SHARED_BINS, max(1, len(signature) - 1))


def similarity(one: Keys, other: Keys) -> float:
    """An estimate of the resemblance of two texts, from 0 to 1, by their signatures."""
    together = len(np.union1d(one, other))
    return len(np.intersect1d(one, other)) / together if together else 0.0


def overlap(one: Text, other: Text) -> float:
    """How much of the shorter text is in the longer where the two are near-duplicates, else 0; in either order."""
    if far_apart(one.days, other.days) or one.is_reply != other.is_reply:
        return 0.0
    shorter, longer = sorted((one, other), key=lambda text: (len(text.shingles), text.body))
    size, larger = len(shorter.shingles), len(longer.shingles)
    if size < max(MIN_SHINGLES, MIN_RATIO * larger):
        return 0.0
    places = np.searchsorted(longer.shingles, shorter.shingles)
    common = np.count_nonzero(longer.shingles[np.minimum(places, larger - 1)] == shorter.shingles)
    contained, resembling = common / size, common / (size + larger - common)
    is_part = contained >= CONTAINMENT and size >= MIN_CONTAINED and not one.is_reply
    if resembling < RESEMBLANCE and not is_part:
        return 0.0
    return contained if _numbers_agree(shorter, longer) else 0.0


def far_apart(one: Days | None, other: Days | None) -> bool:
    """Whether two articles were published so far apart that they are no versions of a story, as far as it is known."""
    return one is not None and other is not None and max(one[0] - other[1], other[0] - one[1]) > MAX_DAYS


def _numbers_agree(shorter: Text, longer: Text) -> bool:
    """Whether the texts tell of the same figures: of tables and forms it is the figures that are news."""
    missing = len(shorter.numbers - longer.numbers)
    if len(shorter.shingles) < SHORT:
        allowed = len(shorter.numbers) // CORRECTIONS
        as_long = len(shorter.shingles) >= 0.9 * len(longer.shingles)
        added = len(longer.numbers - shorter.numbers) if as_long else 0
        return max(missing, added) <= allowed
    return missing <= max(1, NUMBERS_CHANGED * len(shorter.numbers))


def best_of(text: Text, candidates: Sequence[tuple[int, Text]]) -> tuple[int, float] | None:
    """Which candidate the text is a near-duplicate of: the closest, of equals the oldest; and their overlap."""
    found = [(overlap(text, other), -number) for number, other in candidates]
    share, negative = max(found, default=(0.0, 0))
    return (-negative, share) if share else None
