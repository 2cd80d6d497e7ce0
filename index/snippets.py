"""Why an article matched: the spans of its text that satisfy a query, and the passages that show them best.

Spans come from the same analysis and the same resolved rows that the engine searched for, over the stored text, so
that everything marked is a match, and every match in the text is marked.
"""

from bisect import bisect_left
from collections.abc import Iterable
from operator import itemgetter

from archive.types import PARAGRAPH_BREAK, Article, MarkedArticle, MarkedText, Snippet, Span
from index.matches import FormsOf, Match
from index.passages import Passage, best_passages, join
from index.placed import make_matcher
from index.resolve import Resolved

_ELLIPSIS = "… "


class Highlighter:
    """Marks the matches of one query in articles."""

    def __init__(self, resolved: Resolved, forms_of: FormsOf) -> None:
        self._matcher = make_matcher(resolved, forms_of)

    def prepare(self, articles: Iterable[Article]) -> None:
        """Look at articles together that will be asked for, where that is faster."""
        self._matcher.prepare(articles)

    def looks_in_bodies(self) -> bool:
        """Whether a body can have any match."""
        return self._matcher.looks_in_bodies()

    def title(self, article: Article) -> MarkedText:
        """The title with its matches."""
        return MarkedText(article.title, join(self._matcher.title(article)))

    def article(self, article: Article) -> MarkedArticle:
        """The title and every paragraph with their matches."""
        matches = self._matcher.body(article)
        paragraphs = tuple(
            MarkedText(article.body[start:end], join(_within(matches, start, end)))
            for start, end in _paragraphs(article.body)
        )
        return MarkedArticle(self.title(article), paragraphs)

    def snippets(self, article: Article, count: int = 3) -> tuple[Snippet, ...]:
        """The one to `count` passages that show most of the query, in reading order; else how the article begins."""
        body = article.body
        if not body:
            return ()
        matches = self._matcher.body(article)
        return tuple([_snippet(body, passage) for passage in best_passages(body, matches, count)])


def _snippet(body: str, passage: Passage) -> Snippet:
    start, end, is_begun, is_cut, paragraph, marks = passage
    text = body[start:end].replace("\n", " ")
    if is_begun:
        text = f"{_ELLIPSIS}{text}"
        marks = tuple([(first + len(_ELLIPSIS), last + len(_ELLIPSIS)) for first, last in marks])
    return Snippet(f"{text} …" if is_cut else text, marks, paragraph)


def _within(matches: list[Match], start: int, end: int) -> list[Match]:
    first, last = (bisect_left(matches, place, key=itemgetter(0)) for place in (start, end))
    return [(begin - start, end - start, part) for begin, end, part in matches[first:last]]


def _paragraphs(body: str) -> list[Span]:
    spans = []
    start = 0
    for paragraph in body.split(PARAGRAPH_BREAK) if body else ():
        spans.append((start, start + len(paragraph)))
        start += len(paragraph) + len(PARAGRAPH_BREAK)
    return spans
