"""`make extraction`: how much of real pages and texts is read as it should be, beside trafilatura alone.

    python -m benchmarks.extraction                      # the pages and texts of the corpora, about two minutes

Pages are those with an expected text of Mozilla's Readability and of newspaper; each is read as an import reads it. The
bar is `trafilatura.extract` with whichever of its settings is best on each set. Tokens are words, casefolded, and
single characters of scripts without spaces; F1 is that of the two bags of tokens, the mean over pages. Texts are those
of `benchmarks.encodings`. Prints tables in Markdown and writes benchmarks/extraction.json.
"""

import argparse
import json
import re
import time
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any

import trafilatura

from archive.dating import dated
from archive.encoding import decode
from archive.errors import FormatError
from archive.formats import FORMATS, InputFile
from archive.formats.fragment import paragraphs
from archive.types import NewArticle
from benchmarks import encodings

HERE = Path(__file__).parent
CORPORA = HERE.parents[1] / "shared" / "corpora" / "files"

_TOKEN = re.compile(r"[぀-ヿ㐀-鿿가-힯฀-๿]|[^\W_぀-ヿ㐀-鿿가-힯฀-๿]+")
_SEPARATOR = r"\s*(?:[|–—·•_»@\[]|::|\s-\s)"
_NAMES = {"_article": "", "_article2": "2"}
"""How names of pages and of their texts differ in newspaper's tests."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page and what is expected of it; `day` is None where it gives no date, `title` where nobody says what it is."""

    name: str
    data: bytes
    text: str
    day: str | None
    title: str | None = None
    author: str | None = None
    site: str | None = None


def readability(folder: Path, days: dict[str, str | None]) -> Iterator[Page]:
    """The pages of Readability's tests, whose metadata says what its own reader finds."""
    for page in sorted((folder / "test" / "test-pages").iterdir()):
        about = json.loads((page / "expected-metadata.json").read_text(encoding="utf-8"))
        yield Page(
            page.name,
            (page / "source.html").read_bytes(),
            paragraphs((page / "expected.html").read_text(encoding="utf-8")),
            (about.get("publishedTime") or "")[:10] or days.get(page.name),
            about.get("title") or "",
            about.get("byline"),
            about.get("siteName"),
        )


def newspaper(folder: Path, days: dict[str, str | None]) -> Iterator[Page]:
    """The pages of newspaper's tests that have an expected text."""
    for page in sorted((folder / "tests" / "data" / "html").glob("*.html")):
        name = next(
            (page.stem.removesuffix(end) + new for end, new in _NAMES.items() if page.stem.endswith(end)), page.stem
        )
        text = folder / "tests" / "data" / "text" / f"{name}.txt"
        if text.exists() and (expected := text.read_text(encoding="utf-8")).strip():
            yield Page(page.stem, page.read_bytes(), expected, days.get(page.stem))


SETS: dict[str, Callable[[Path, dict[str, str | None]], Iterator[Page]]] = {
    "readability": readability,
    "newspaper": newspaper,
}


def tokens(text: str) -> Counter[str]:
    """How often each token occurs."""
    return Counter(_TOKEN.findall(text.casefold()))


def f1(found: str, expected: str) -> float:
    """The harmonic mean of precision and recall of the tokens."""
    one, other = tokens(found), tokens(expected)
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def same_title(found: str, expected: str) -> bool:
    """Whether two titles are equal in NFKC, case, quotes and white space."""
    return _plain(found) == _plain(expected)


def right_title(found: str, expected: str) -> bool:
    """The same, where what a site puts behind a separator at either end (` - Site`, `| Site`) may be left out."""
    one, other = re.escape(_plain(found)), _plain(expected)
    return same_title(found, expected) or (
        len(found) > 5
        and bool(re.match(rf"{one}{_SEPARATOR}", other) or re.search(rf"(?:{_SEPARATOR}|:)\s*{one}$", other))
    )


def _plain(text: str) -> str:
    quotes = str.maketrans("’‘“”", "''\"\"")
    return " ".join(unicodedata.normalize("NFKC", text).translate(quotes).casefold().split())


def read(page: Page) -> NewArticle | None:
    """The page as an import reads it; None where it fails."""
    file = InputFile(f"{page.name}.html", BufferedReader(BytesIO(page.data)), "html", 50_000_000)
    try:
        found = next(iter(FORMATS["html"].read(file)), None)
    except FormatError:
        return None
    return dated(found) if isinstance(found, NewArticle) else None


def timed(work: Callable[[Page], Any], pages: list[Page]) -> tuple[list[Any], float]:
    """What the work gives for each page, and the milliseconds of one core that a page took."""
    started = time.process_time()
    found = [work(page) for page in pages]
    return found, (time.process_time() - started) * 1000 / len(pages)


def best_alone(pages: list[Page]) -> tuple[str, list[str], float]:
    """The settings of trafilatura that are best on these pages, the texts, and the time that a plain call takes."""
    tried = {}
    for focus, fast, comments, tables in product(("", "favor_recall", "favor_precision"), *[(False, True)] * 3):
        options = {
            **({focus: True} if focus else {}),
            "fast": fast,
            "include_comments": comments,
            "include_tables": tables,
        }
        texts = [trafilatura.extract(decode(page.data, markup=True), **options) or "" for page in pages]
        tried[", ".join(f"{name}={value}" for name, value in options.items())] = texts
    name = max(tried, key=lambda name: mean(f1(text, page.text) for text, page in zip(tried[name], pages, strict=True)))
    _, took = timed(lambda page: trafilatura.bare_extraction(decode(page.data, markup=True), with_metadata=True), pages)
    return name, tried[name], took


def measure(pages: list[Page]) -> dict[str, Any]:
    """Everything that is said of a set."""
    name, alone, plain = best_alone(pages)
    articles, took = timed(read, pages)
    pairs = list(zip(pages, articles, strict=True))
    titled = [(page.title, article.title if article else "") for page, article in pairs if page.title is not None]
    days = [(page, str(article.published)[:10] if article and article.published else None) for page, article in pairs]
    signed = [(page.author, article) for page, article in pairs if page.author]
    of_site = [(page.site, article) for page, article in pairs if page.site]
    return {
        "pages": len(pages),
        "f1": mean(f1(article.body if article else "", page.text) for page, article in pairs),
        "alone": mean(f1(text, page.text) for text, page in zip(alone, pages, strict=True)),
        "settings": name,
        "titles": [sum(right_title(found, wanted) for wanted, found in titled), len(titled)],
        "same_titles": sum(same_title(found, wanted) for wanted, found in titled),
        "dates": [sum(found == page.day for page, found in days if page.day), sum(bool(page.day) for page in pages)],
        "no_dates": [sum(not found for page, found in days if not page.day), sum(not page.day for page in pages)],
        "authors": [sum(_names(article, wanted) for wanted, article in signed), len(signed)],
        "sites": [sum(bool(a and a.source and right_title(a.source, wanted)) for wanted, a in of_site), len(of_site)],
        "ms": took,
        "plain_ms": plain,
        "wrong_titles": [page.name for page, article in pairs
                         if page.title is not None and not right_title(article.title if article else "", page.title)],
        "wrong_dates": [page.name for page, found in days if found != page.day],
    }  # fmt: skip


def _names(article: NewArticle | None, byline: str) -> bool:
    """Whether the authors found are named in the byline that is expected, all of them."""
    return bool(article and article.authors) and all(_plain(name) in _plain(byline) for name in article.authors)


def table(results: dict[str, Any]) -> str:
    """The results as tables in Markdown."""
    heads = (
        "pages", "", "F1 of the text", "trafilatura alone", "titles right", "dates right",
        "no date where there is none", "authors", "sites", "ms a page", "trafilatura with metadata, ms",
    )  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name in SETS:
        found = results[name]
        counts = (_share(found[each]) for each in ("titles", "dates", "no_dates", "authors", "sites"))
        scores = f"{found['f1']:.4f}", f"{found['alone']:.4f}"
        cells = (name, found["pages"], *scores, *counts, f"{found['ms']:.1f}", f"{found['plain_ms']:.1f}")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, "", encodings.table(results["encodings"])])


def _share(pair: list[int]) -> str:
    right, total = pair
    return f"{right} of {total} ({100 * right / total:.1f} %)" if total else "-"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, default=CORPORA)
    parser.add_argument("--output", type=Path, default=HERE / "extraction.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # about what is odd in a page
    days = json.loads((HERE / "extraction_dates.json").read_text(encoding="utf-8"))
    results: dict[str, Any] = {
        name: measure(list(pages(options.corpora / "html" / name, days[name]))) for name, pages in SETS.items()
    }
    results["encodings"] = encodings.measure(options.corpora / "encodings")
    options.output.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
