"""The articles that benchmarks generate: the same each time, no two alike, and like those they are made of."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import pytest

from archive.bootstrap import open_archive
from archive.settings import load_settings
from benchmarks import encodings, extraction, relevance
from benchmarks.engines import Record
from benchmarks.generate import generate, to_line

COUNT = 2_000
WORD = re.compile(r"\w+")


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Two hundred articles of a large source and some small ones; some of their words are common, most are rare."""
    chance = Random(3)
    words = [f"{first}{second}" for first in ("bor", "sec", "tra", "min", "pol") for second in map(str, range(60))]
    weights = [1 / rank for rank in range(1, len(words) + 1)]

    def sentence() -> str:
        return " ".join(chance.choices(words, weights, k=chance.randint(3, 20))).capitalize() + "."

    def record(number: int) -> Record:
        return {
            "key": str(number),
            "title": sentence()[:-1],
            "body": "\n\n".join(sentence() for _ in range(chance.randint(1, 30))),
            "date": chance.choice(["", "2021-03-04", "1987-02-26T15:01:01", "1993-04-05T01:02:03+00:00"]),
            "source": "Daily" if number % 4 else f"Small {number % 5}",
            "author": chance.choice(["", "A. Smith", "B. Jones"]),
            "url": "",
            "lang": "en",
        }

    return list(map(record, range(200)))


@pytest.fixture(scope="module")
def made(records: list[Record]) -> list[Record]:
    return list(islice(generate(records), COUNT))


def test_the_same_seed_gives_the_same_articles(records: list[Record], made: list[Record]) -> None:
    assert list(map(to_line, islice(generate(records), 100))) == list(map(to_line, made[:100]))
    assert list(islice(generate(records, seed=8), 100)) != made[:100]


def test_no_two_articles_are_alike(made: list[Record]) -> None:
    for field in ("key", "url", "body"):
        assert len({record[field] for record in made}) == COUNT


def test_they_are_as_long_as_the_real_ones(records: list[Record], made: list[Record]) -> None:
    for field in ("title", "body"):
        assert mean(len(record[field]) for record in made) == pytest.approx(
            mean(len(record[field]) for record in records), rel=0.1
        )


def test_they_use_the_words_of_the_real_ones_as_often(records: list[Record], made: list[Record]) -> None:
    def shares(articles: list[Record]) -> dict[str, float]:
        counts = Counter(word for each in articles for word in WORD.findall(each["body"].lower()))
        return {word: count / counts.total() for word, count in counts.items()}

    real, found = shares(records), shares(made)
    assert sum(share for word, share in found.items() if word not in real) < 0.03
    for word in sorted(real, key=real.__getitem__)[-20:]:
        assert found[word] == pytest.approx(real[word], rel=0.2)


def test_an_archive_imports_them(made: list[Record], run: Callable[..., Any]) -> None:
    """Each is an article of its own, with all that it states."""
    lines = "".join(map(to_line, made[:50]))
    assert run("import", "--json", "-", stdin=lines).json["added"] == 50
    dated = next(record for record in made[:50] if record["date"] and record["author"])
    shown = run("show", dated["key"], "--json").json
    assert shown["url"] == dated["url"]
    assert shown["authors"] == [dated["author"]]
    assert json.dumps(shown["published"]).startswith(f'"{dated["date"][:10]}')


def test_relevance_is_measured_on_what_a_search_finds(tmp_path: Path) -> None:
    """A collection in which the only relevant article is the best one has the measures 1."""
    articles = [{"id": f"a{at}", "title": "", "body": f"word{at} and the other things of life"} for at in range(20)]
    with gzip.open(tmp_path / "articles.jsonl.gz", "wt") as lines:
        lines.writelines(json.dumps(each) + "\n" for each in articles)
    queries = [{"id": str(at), "text": f"What is there to say about the word{at}?"} for at in (3, 7)]
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(each) + "\n" for each in queries))
    (tmp_path / "qrels.tsv").write_text("3\ta3\t1\n7\ta7\t1\n")
    collection = relevance.Collection.read(tmp_path)
    with open_archive(load_settings({"data": str(tmp_path / "data")}, {})) as archive:
        relevance.fill(archive, collection.articles)
        found = relevance.run(archive, collection.queries)
    assert [(each.query_id, each.doc_id) for each in found if each.score == -1] == [("3", "a3"), ("7", "a7")]


def test_how_texts_and_titles_of_pages_are_compared() -> None:
    assert extraction.f1("The border, the BORDER", "border the the border") == 1.0
    assert extraction.f1("one two", "one three") == 0.5
    assert extraction.f1("国境", "国境") == 1.0
    assert extraction.tokens("国境") == {"国": 1, "境": 1}
    assert extraction.right_title("Talks at the “border”", 'Talks at the "border"')
    assert extraction.right_title("Talks at the border", "Talks at the border | The Wire")
    assert not extraction.right_title("Talks at the border", "Talks at the border of Iraq")
    assert not extraction.right_title("Talks at the border | The Wire", "Talks at the border")


def test_a_text_that_is_read_in_another_encoding_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Türkiye’nin güneydoğusundaki sınır kapısında yeni terminal açıldı. ".encode("cp1254") * 5)
    assert encodings.is_read(path, "cp1254")
    assert not encodings.is_read(path, "koi8-r")
