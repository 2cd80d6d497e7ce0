"""A reference to an article as a sentence, for people to copy; what programs read is made elsewhere."""

from datetime import date

from archive.dates import written_date, written_day
from archive.types import Headline

MAX_AUTHORS = 3
"""Authors that are named; of more, the first one and "et al."."""


def cite(article: Headline, address: str, accessed: date) -> str:
    """Who, what, where and when, as far as they are known, then where it is in this archive and when it was read.

    `address` is that of the article in the archive, or of a paragraph of it. So: `Ann Lee, “Border talks”, Wire, 2 May
    2023, https://example.org/1. Archived at http://…/articles/1#p2 (accessed 4 May 2023).`
    """
    facts = (
        _names(article.authors),
        f"“{article.title}”",
        article.source,
        written_date(article.published) if article.published else None,
        article.url,
    )
    return f"{', '.join(filter(None, facts))}. Archived at {address} (accessed {written_day(accessed)})."


def _names(authors: tuple[str, ...]) -> str:
    if len(authors) > MAX_AUTHORS:
        return f"{authors[0]} et al."
    *others, last = authors or ("",)
    return f"{', '.join(others)} and {last}" if others else last
