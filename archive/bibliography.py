"""Articles as reference managers read them: BibTeX, RIS and CSL-JSON.

A date has just the parts that are known, and a name stays as it was written: which part of it is the family name is not
ours to guess. A key is made of the first author or the source, the year and the article's number, so it is unique, and
the same in every export.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator

from archive.types import Article, Precision

MAX_KEY_WORD = 24

_BIBTEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # not \{: BibTeX counts braces, whether a backslash stands before them or not
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
    | {character: f"\\{character}" for character in "&%$#_"}
)
_IN_ADDRESS = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C", " ": "%20"})
_NO_PLAIN_NAME = re.compile(r"(?i)\b(and|others)\b|,.*,")
"""What BibTeX would take for several names, or for more parts than a name has."""

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def bibtex(articles: Iterable[Article]) -> Iterator[str]:
    """Entries in UTF-8, `@article` where the source is known, else `@misc`."""
    for article in articles:
        fields = {
            "author": " and ".join(map(_bibtex_name, article.authors)),
            "title": f"{{{_bibtex(article.title)}}}",  # in braces of its own no style changes its capitals
            "journal": _bibtex(article.source or ""),
            "url": (article.url or "").translate(_IN_ADDRESS),
            "language": _bibtex(article.language or ""),
            "keywords": _bibtex(", ".join(article.tags)),
            "abstract": _bibtex(article.summary or ""),
        }
        lines = [f"  {name} = {{{value}}},\n" for name, value in fields.items() if value]
        lines += [f"  {name} = {value},\n" for name, value in _bibtex_date(article)]
        yield f"@{'article' if article.source else 'misc'}{{{key(article)},\n{''.join(lines)}}}\n\n"


def _bibtex_date(article: Article) -> Iterator[tuple[str, str]]:
    """Year, month as the name that each style writes in its own language, and day, as far as they are known."""
    for name, part in zip(("year", "month", "day"), _date_parts(article), strict=False):
        yield name, _MONTHS[part - 1] if name == "month" else f"{{{part}}}"


def _bibtex(text: str) -> str:
    return _line(text).translate(_BIBTEX)


def _bibtex_name(name: str) -> str:
    return f"{{{_bibtex(name)}}}" if _NO_PLAIN_NAME.search(name) else _bibtex(name)


def ris(articles: Iterable[Article]) -> Iterator[str]:
    """Records of newspaper articles: two letters, two spaces, a hyphen, a space and a value in each line."""
    for article in articles:
        parts = _date_parts(article)
        date = [f"{part:0{width}d}" for part, width in zip(parts, (4, 2, 2), strict=False)]
        lines = [
            ("TY", "NEWS"),
            ("ID", key(article)),
            ("TI", article.title),
            *(("AU", author) for author in article.authors),
            ("T2", article.source),
            ("SE", article.section),
            ("PY", date[0] if date else None),
            ("DA", "/".join([*date, "", "", ""][:3]) + "/" if date else None),
            ("UR", article.url),
            ("LA", article.language),
            *(("KW", tag) for tag in article.tags),
            ("AB", article.summary),
        ]
        yield "".join(f"{tag}  - {_line(value)}\r\n" for tag, value in lines if value) + "ER  - \r\n\r\n"


def csl(articles: Iterable[Article]) -> Iterator[str]:
    """A list of items (https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html)."""
    before = "["
    for article in articles:
        item = {
            "id": key(article),
            "type": "article-newspaper",
            "title": article.title,
            "author": [{"literal": author} for author in article.authors],
            "container-title": article.source,
            "section": article.section,
            "issued": {"date-parts": [_date_parts(article)]} if article.published else None,
            "URL": article.url,
            "language": article.language,
            "keyword": ", ".join(article.tags),
            "abstract": article.summary,
        }
        yield f"{before}\n{json.dumps({name: value for name, value in item.items() if value}, ensure_ascii=False)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def key(article: Article) -> str:
    """A name for the article that no other has: letters, digits and a hyphen of ASCII."""
    named = (*article.authors[:1], article.source or "")
    words = (re.sub(r"[^a-z0-9]", "", _ascii(name.split()[-1])) for name in named if name.split())
    word = next(filter(None, words), "article")[:MAX_KEY_WORD]
    year = str(_date_parts(article)[0]) if article.published else ""
    return f"{word}{year}-{article.id}"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def _date_parts(article: Article) -> list[int]:
    """Year, month and day as far as they are known: the day is that of the source."""
    if not article.published:
        return []
    day = article.published.first_day
    known = {Precision.YEAR: 1, Precision.MONTH: 2}.get(article.published.precision, 3)
    return [day.year, day.month, day.day][:known]


def _line(text: str) -> str:
    return " ".join(text.split())
