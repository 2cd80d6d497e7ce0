"""Words that writers join, hyphenate or set apart: which two forms may be the halves of one."""

from collections.abc import Iterator

from index.analysis import is_unspaced

# First parts of compounds that writers join, hyphenate or set apart; three letters and more of them go without saying.
_COMBINING = frozenset(
    "ad air al anti auto bi by co cross de down e eco el euro ex extra geo half in inter intra mega micro mid mini"
    " multi neo no non off on out over pan para post pre pro quasi re semi socio sub super t tele trans tri ultra un"
    " under up vice x".split()
)
# Words that begin many other words by chance: "the rapist" is not "therapist".
_NO_FIRST_PART = frozenset(
    "a all am an and any are as at be but can did do for get go had has he her him his how if is it its let man may me"
    " men my new nor not now of one or our out own per put say see set she sun ten the tie to too two us was way we who"
    " why with you your".split()
)
# Last parts that many other words end with by chance: "thous and" is not "thousand".
_NO_LAST_PART = frozenset(
    "all and any are but can for had has her him his its nor not ors our she the was who you".split()
)


def is_compound(left: str, right: str) -> bool:
    """Whether two forms next to each other may be the halves of one word."""
    if left[-1:].isdigit() != right[:1].isdigit():  # F-16, COVID-19
        return left.isalnum() and right.isalnum()
    if not (left.isalpha() and right.isalpha()) or is_unspaced(left) or is_unspaced(right) or right in _NO_LAST_PART:
        return False
    if left in _COMBINING:
        return len(right) >= 3
    return len(left) >= 3 and len(right) >= 3 and left not in _NO_FIRST_PART


def splits(form: str) -> Iterator[tuple[str, str]]:
    """The ways of reading one form as a compound of two."""
    if 3 <= len(form) <= 40:
        for at in range(1, len(form)):
            if is_compound(form[:at], form[at:]):
                yield form[:at], form[at:]
