"""What a person who has typed the beginning of a query may go on with: words, titles, authors and sources."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from archive.types import Article, FacetField, Sort, Suggestion
from index.analysis import fold
from index.deadline import Deadline
from index.documents import TEXT
from index.resolve import Resolver, TooBroadError
from index.snapshot import Snapshot
from index.tree import And, Node, Words

MIN_LETTERS = 2
"""Letters that must have been typed of a word."""

OF_KIND = 4
"""Suggestions of each kind but words, of which there are twice as many."""

SECONDS = 0.5

_LAST_WORD = re.compile(r"[^\s\"“”„‟«»()]*$")
_PLAIN = re.compile(r"[^\W_]+")


class Suggester:
    """Suggests from one snapshot."""

    def __init__(self, snapshot: Snapshot, read: Callable[[Sequence[int]], Mapping[int, Article]]) -> None:
        """`read` gives articles by their ids."""
        self._snapshot = snapshot
        self._read = read

    def suggest(self, typed: str) -> tuple[Suggestion, ...]:
        """Ways to go on, the commonest of each kind first; none after a space or an operator."""
        beginning = _LAST_WORD.search(typed)
        prefix = fold(beginning[0]) if beginning and _PLAIN.fullmatch(beginning[0]) else ""
        if not beginning or len(prefix) < MIN_LETTERS:
            return ()
        head = typed[: beginning.start()]
        words = [Suggestion("word", word, head + word, count) for word, count in self._words(prefix) if word != prefix]
        return (*words, *self._titles(typed), *self._values(prefix, head))

    def _words(self, prefix: str) -> list[tuple[str, int]]:
        """The commonest words that begin so, each in its commonest form."""
        found: Counter[str] = Counter()
        for segment in self._snapshot.segments:
            for form, count in segment.field(TEXT).commonest(prefix, self._snapshot.stemmers(), 2 * OF_KIND):
                found[form] += count
        return found.most_common(2 * OF_KIND)

    def _titles(self, typed: str) -> Iterator[Suggestion]:
        """The newest articles whose titles have all the words, and one that begins as the last does."""
        *whole, last = _PLAIN.findall(typed)
        if not whole:
            return
        tree: Node = And(
            (*(Words(word, 0, 0, "title") for word in whole), Words(f"{last}*", 0, 0, "title", pattern=True))
        )
        try:
            found = self._snapshot.find(Resolver(self._snapshot).resolve(tree), Deadline(SECONDS))
        except TooBroadError:
            return
        columns = self._snapshot.columns
        best = columns.best((found.documents, found.scores), Sort.NEWEST, OF_KIND)
        numbers = columns.ids[found.documents[best]].tolist()
        articles = self._read(numbers)
        for number in numbers:
            if number in articles:
                title = articles[number].title
                yield Suggestion("title", title, f'title:"{_without_quotes(title)}"', 1)

    def _values(self, prefix: str, head: str) -> Iterator[Suggestion]:
        """Authors and sources with a name that begins so."""
        for field in (FacetField.AUTHOR, FacetField.SOURCE):
            for value, count in self._snapshot.columns.facet(field).beginning(prefix, OF_KIND):
                yield Suggestion(field.value, value, f'{head}{field.value}:"{_without_quotes(value)}"', count)


def _without_quotes(text: str) -> str:
    return " ".join(re.sub(r"[\"“”„‟«»＂″〝〞]", " ", text).split())
