"""The articles closest to an article or to any text: those with most of the words that set it apart from all others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from archive.types import Article, FacetField, Hit, Sort
from index.deadline import Deadline
from index.ranking import SentenceQuery, learn, weigh
from index.resolve import TEXT, Any, Leaf
from index.sentences import function_words
from index.snapshot import Snapshot
from index.snippets import Highlighter
from index.tree import Words

SECONDS = 4.0

MARKED = 12
"""So many of the weightiest words are marked in the passages."""


def find_similar(
    snapshot: Snapshot, article: Article, count: int, read: Callable[[Sequence[int]], Mapping[int, Article]]
) -> tuple[Hit, ...]:
    """The `count` closest articles, the closest first, without the article itself; `read` gives articles by their ids.

    Each has the passage that shows most of the words that both have.
    """
    if article.language is None:  # of a short text it cannot be told
        article = replace(article, language=_commonest_language(snapshot))
    weights = weigh(article, snapshot.count_term, snapshot.columns.size, function_words(article.language))
    words = learn([(weights, 1.0)])
    found = snapshot.search(SentenceQuery((), (), words), Deadline(SECONDS))
    columns = snapshot.columns
    best = columns.best((found.documents, found.scores), Sort.RELEVANCE, count + 1)
    scores = dict(zip(columns.ids[found.documents[best]].tolist(), found.scores[best].tolist(), strict=True))
    scores.pop(article.id, None)
    articles = read(list(scores)[:count])
    shared = Any(tuple(Leaf(TEXT, (row,), Words(row.terms[0], 0, 0)) for row, _ in words[:MARKED]))
    highlighter = Highlighter(shared, snapshot.forms_of)
    highlighter.prepare(articles.values())
    kept = [number for number in scores if number in articles]
    return tuple(
        Hit(
            rank,
            scores[number],
            articles[number],
            highlighter.title(articles[number]),
            highlighter.snippets(articles[number], 1),
        )
        for rank, number in enumerate(kept, 1)
    )


def _commonest_language(snapshot: Snapshot) -> str | None:
    found = snapshot.columns.facet(FacetField.LANGUAGE).beginning("", 1)
    return found[0][0] if found else None
