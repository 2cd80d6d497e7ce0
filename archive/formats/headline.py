"""The headline of a page: what it states for programs, its `title` and its headings, as far as they agree."""

import re
from collections.abc import Iterable, Sequence

from archive.normalise import clean_line

_PARTS = re.compile(r"\s+[|–—·•»«›‹~⋆✩-]+\s+|\s*(?:\s::\s|[|»_])\s*|\s+(?=\[)")
_WORDS = re.compile(r"\w+")

MOST_CHARACTERS = 1_000
"""Characters of what may be a headline: a `title` that is never closed holds all of the page."""


def headline(stated: Sequence[str], title: str, headings: Sequence[str], sites: Iterable[str]) -> str:
    """The headline: the first that is stated, else the page's title, without the name of the site.

    A heading that stands in the page's title says what belongs to the headline there, and counts more than a statement
    that nothing else in the page agrees with. `sites` are names of the site.
    """
    stated = [each[:MOST_CHARACTERS] for each in stated]
    title = title[:MOST_CHARACTERS]
    headings = [each for each in headings if len(each) <= MOST_CHARACTERS]
    names = {_key(name) for name in sites if name}
    seen = list(dict.fromkeys(heading for heading in headings if _key(heading) not in names))
    agreed = _within(title, seen)
    best = _stated(stated, [title, *seen])
    if not best or (agreed and not any(_agree(best, each) for each in (title, agreed))):
        best = agreed or title
    best = _within(best, seen) or _without(best, names)
    if best == title and not stated:
        best = _shortened(best)
    return best if best and _key(best) not in names else next(iter(seen), best)


def _stated(stated: Sequence[str], shown: Sequence[str]) -> str:
    """The first, unless only another one stands in what is shown: some programs state what kind of thing it is."""
    first = next(iter(stated), "")
    if any(_agree(first, text) for text in shown if text):
        return first
    return next((each for each in stated if any(_key(each) == _key(text) for text in shown if text)), first)


def _within(whole: str, headings: Iterable[str]) -> str:
    """The longest heading that begins or ends a text at a separator, or is all of it, and is the larger part."""
    parts = [clean_line(part) for part in _PARTS.split(whole)]
    beginnings = {_key(whole)} | {_key(whole[: found.start()]) for found in _PARTS.finditer(whole)}
    ends = {_key(whole[found.end() :]) for found in _PARTS.finditer(whole)}
    least = max(map(len, parts)) if len(parts) > 1 else 0
    fitting = [text for text in headings if _key(text) in beginnings | ends and len(text) >= min(least, len(whole) / 2)]
    return max(fitting, key=len, default="")


def _without(text: str, names: set[str]) -> str:
    """The text without the name of the site at its end or its beginning."""
    for found in reversed(list(_PARTS.finditer(text))):
        if _names_site(text[found.end() :], names):
            return text[: found.start()].strip()
    first = _PARTS.search(text)
    if first and _names_site(text[: first.start()], names):
        return text[first.end() :].strip()
    return text


def _names_site(part: str, names: set[str]) -> bool:
    key = _key(part)
    return bool(key) and any(
        key == name or (len(key) > 3 and (name.startswith(key) or key.startswith(name))) for name in names
    )


def _shortened(title: str) -> str:
    """A title without its last part, where that is the smaller one and what remains says something."""
    *_, last = [None, *_PARTS.finditer(title)]
    if last is None:
        return title
    rest, part = title[: last.start()].strip(), title[last.end() :]
    count = len(_WORDS.findall(rest))
    return rest if count >= 4 and len(_WORDS.findall(part)) < count else title


def _agree(one: str, other: str) -> bool:
    """Whether one is a part of the other."""
    first, second = sorted((_key(one), _key(other)), key=len)
    return bool(first) and first in second


def _key(text: str) -> str:
    return "".join(_WORDS.findall(text.casefold()))
