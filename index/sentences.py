"""Queries written as one speaks: which they are, and the words of theirs that say what they are about.

A person who writes "papers on the role of border guards" or "who guards the border with Iraq?" does not ask for
articles with every one of these words.
"""

import re

from archive.types import Span
from index.analysis import fold, tokenise

MIN_WORDS = 5
"""Words of a sentence; fewer are keywords, whatever they are."""

MANY_WORDS = 8
"""So many are no keywords, whatever they are."""

LONG, SPOKEN = 12, 0.2
"""A text of so many words, about this share of which only join others, is a sentence even with marks of operators."""

MAX_WORDS = 512
"""Words of a sentence that are looked for."""

# The commonest words of a language that say how others belong together (articles, prepositions, pronouns, auxiliaries,
# question words), folded. What is one in a language may be a word in another: *war*, *die*, *son*.
FUNCTION_WORDS = {
    "en": (
        "a about after all also am an and any are as at be because been before being between both but by can could "
        "did do does during each for from had has have he her his how i if in into is it its may me might more most "
        "must my no not of off on or our shall she should since so some such than that the their them then there "
        "these they this those through to under until up upon us very was we were what when where whether which while "
        "who whom whose why will with within without would you your"
    ),
    "de": (
        "aber als am an auch auf aus bei bis das dass dem den der des die doch ein eine einem einen einer eines er "
        "es fur hat hatte ich ihr im in ist ja kann man mit nach nicht noch nur oder ohne sein seine sich sie sind "
        "so uber um und uns unter vom von vor war was wegen wenn wer wie wir wird wo zu zum zur zwischen"
    ),
    "fr": (
        "a au aux avec ce ces cette comme comment d dans de des donc du elle en entre est et eu il ils je l la le "
        "les leur leurs mais n ne nous on ont ou par pas plus pour pourquoi qu quand que quel quelle quelles quels "
        "qui s sa sans se ses son sont sous sur un une vers vous y"
    ),
    "es": (
        "a al ante como con cuando de del desde donde el ella en entre era es esta este fue ha hay la las lo los "
        "mas muy no para pero por porque que quien se segun ser si sin sobre son su sus un una y ya"
    ),
    "pt": (
        "a ao aos as com como da das de do dos e em entre era esta este foi ha mais mas na nao nas no nos o os ou "
        "para pela pelo por quando que quem sao se sem ser seu sobre sua um uma"
    ),
    "it": (
        "a agli ai al alla alle anche che chi ci come con da dal dalla degli dei del della delle di e gli ha i il "
        "in la le lo ma nel nella non per perche piu quale quando se si sono su sul sulla tra un una uno"
    ),
    "nl": (
        "aan als bij dat de die door een en er het hij hoe ik in is maar met naar niet of om onder op over te tot "
        "uit van voor waar wat we wie worden wordt ze zich zijn"
    ),
    "tr": (
        "ama ancak ben bir bu cok da daha de en gibi hem her icin ile ise ki kim mi mu nasil ne neden nerede o olan "
        "olarak sonra su ve veya ya"
    ),
}
"""Of each language."""


_FUNCTION_WORDS = {language: frozenset(words.split()) for language, words in FUNCTION_WORDS.items()}


def function_words(language: str | None) -> frozenset[str]:
    """The folded function words of a language; none of one that is not known."""
    return _FUNCTION_WORDS.get(language or "", frozenset())


def is_sentence(text: str) -> bool:
    """Whether a query is written as one speaks, without any operator."""
    words = [token.form for token in tokenise(text)]
    is_punctuated = bool(_PUNCTUATED.search(text))
    if len(words) < MIN_WORDS - is_punctuated:
        return False
    english, *others = (sum(word in known for word in words) for known in _FUNCTION_WORDS.values())
    function_words = max(english, *others)
    if _OPERATOR.search(text) and not is_shouted(text):
        return False
    if _MARK.search(text) and not (len(words) >= LONG and function_words >= SPOKEN * len(words) - 1):
        return False
    has_spaces = len(text.split()) > 1  # who speaks in function words parts them; "AND&0/2" is no sentence
    is_spoken = has_spaces and (english >= 1 or function_words >= 2)  # "iraq war oil" is not German
    return is_spoken or is_punctuated or len(words) >= MANY_WORDS


_PUNCTUATED = re.compile(r"^\W*[^\W\d_a-z].*\w{3}[.?!]\s*$", re.DOTALL)
"""What begins with a capital letter and ends as a sentence does."""


_OPERATOR = re.compile(
    r"(?:^|[\s(])(?:AND|OR|NOT|NEAR|ADJ\d*|[A-Za-z]*/\d+|/[PSps]|ATLEAST\d.*|(?i:ALLCAPS)\()(?=[\s()]|$)"
    r"|(?:^|[\s(-])(?:title|lead|author|source|url|tag|language|date|after|before):\S|\w[*~]|\*\w"
)
"""What nobody writes but in a query."""

_MARK = re.compile(r"""["“”„‟«»＂=]|(?:^|\s)[-!]\w|[A-Za-z]:\S|\w\?\w""")
"""What may be an operator, or a mark in a long sentence."""


def is_shouted(text: str) -> bool:
    """Whether a sentence is all in capitals, so that AND, OR and NOT are words of it."""
    words = [fold(word) for word in re.findall(r"\w+", text) if word.isalpha()]
    others = sum(word not in ("and", "or", "not") for word in words)
    if 2 * (len(words) - others) > others:  # a list of alternatives
        return False
    return text.isupper() and (others >= MANY_WORDS - 1 or not _GLUE.isdisjoint(words))


_GLUE = frozenset(
    "of the in for by with to on at from is are its using der die das von le la les des el los del".split()
)


def what_matters(text: str) -> list[tuple[str, Span]]:
    """The words of a sentence that say what it is about, as often as they are said; all where there are no others.

    Each is its form, and where it stands.
    """
    every = tokenise(text)
    function_words = max(_FUNCTION_WORDS.values(), key=lambda words: sum(token.form in words for token in every))
    is_cased = not text.isupper()
    told = [
        token
        for at, token in enumerate(every)
        if token.form not in function_words or (is_cased and at and not text[token.start].islower())  # IS, the US, May
    ]
    return [(token.form, (token.start, token.end)) for token in told or every][:MAX_WORDS]
