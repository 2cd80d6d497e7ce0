"""`make relevance`: how well the best articles come first, on collections whose relevant articles are known.

    python -m benchmarks.relevance                        # the five sets, about a minute

Each set is imported as anybody would import it and asked its queries as they are given, with the defaults that every
search has. Measures are computed by ir-measures; the reference is BM25 (k1 1.2, b 0.75) over titles and bodies with the
Snowball stemmer, every word of a query optional.

Prints a table in Markdown and writes benchmarks/relevance.json.
"""

import argparse
import gzip
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import ir_measures
from ir_measures import AP, Qrel, ScoredDoc, nDCG

from archive.bootstrap import open_archive
from archive.service import Archive
from archive.settings import load_settings
from archive.types import NewArticle, Origin, SearchRequest

REFERENCE = {
    "cranfield": (0.306, 0.385),
    "cisi": (0.221, 0.396),
    "cacm": (0.346, 0.499),
    "npl_vaswani": (0.287, 0.436),
    "adi": (0.415, 0.483),
}
"""MAP and nDCG@10 of each set."""

DEEP = 1_000
"""Articles of each query that are looked at."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of articles with queries and what is relevant to them."""

    articles: list[dict[str, str]]
    queries: list[dict[str, str]]
    qrels: list[Qrel]

    @classmethod
    def read(cls, folder: Path) -> "Collection":
        """The collection of a folder."""
        with gzip.open(folder / "articles.jsonl.gz", "rt", encoding="utf-8") as lines:
            articles = [json.loads(line) for line in lines]
        queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
        rows = [line.split("\t") for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()]
        return cls(articles, queries, [Qrel(query, article, int(grade)) for query, article, grade in rows])


def fill(archive: Archive, articles: list[dict[str, str]]) -> None:
    """Store the articles and index them."""
    archive.store.add(
        [
            NewArticle(title=each["title"], body=each["body"], language="en", origin=Origin("set", "jsonl", each["id"]))
            for each in articles
        ]
    )
    archive.sync()


def run(archive: Archive, queries: list[dict[str, str]]) -> list[ScoredDoc]:
    """What the archive finds, the first with the highest score."""
    found = []
    for query in queries:
        page = archive.search(SearchRequest(query=query["text"], page_size=DEEP, passages=1, facets=False))
        found += [
            ScoredDoc(query["id"], hit.headline.origin.part, -hit.rank)  # type: ignore[attr-defined]  # an article
            for hit in page.hits
        ]
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora/relevance"))
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "relevance.json")
    options = parser.parse_args()
    results = {}
    for name in REFERENCE:
        collection = Collection.read(options.corpus / name)
        with tempfile.TemporaryDirectory() as folder, open_archive(load_settings({"data": folder}, {})) as archive:
            fill(archive, collection.articles)
            found = ir_measures.calc_aggregate([AP, nDCG @ 10], collection.qrels, run(archive, collection.queries))
        results[name] = {"map": round(found[AP], 4), "ndcg": round(found[nDCG @ 10], 4)}
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))


def table(results: dict[str, dict[str, float]]) -> str:
    """The results as a table in Markdown, beside the reference."""
    lines = ["| | MAP | nDCG@10 | reference | times the reference |", "|---|---|---|---|---|"]
    for name, found in results.items():
        ap, gain = REFERENCE[name]
        times = f"{found['map'] / ap:.3f} / {found['ndcg'] / gain:.3f}"
        lines.append(f"| {name} | {found['map']:.3f} | {found['ndcg']:.3f} | {ap:.3f} / {gain:.3f} | {times} |")
    means = [
        sum(found[key] / REFERENCE[name][at] for name, found in results.items()) / len(results)
        for at, key in enumerate(("map", "ndcg"))
    ]
    lines.append(f"| mean | | | | {means[0]:.3f} / {means[1]:.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
