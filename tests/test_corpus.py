"""The real articles: imported as they are, found in their languages, and every mark true, over many drawn queries."""

import gzip
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from archive.bootstrap import open_archive
from archive.service import Archive
from archive.settings import load_settings
from archive.types import MAX_LINES, Article, LineOrder, MarkedText, SearchPage, SearchRequest
from index.analysis import fold, stem, stemmer_of, tokenise
from index.concordance import CONTEXT
from index.concordance import words_of as words_in_order
from web import create_app

CORPUS = Path(__file__).parents[2] / "shared" / "corpora"
EACH = 250

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not (CORPUS / "articles").is_dir(), reason="the real articles are not beside this checkout"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first articles of each collection, as they are."""
    made = tmp_path_factory.mktemp("corpus")
    for path in sorted((CORPUS / "articles").glob("*.jsonl.gz")):
        # masakhanews begins with languages that have no stemmer: take some of each
        step = 80 if path.name.startswith("masakha") else 1
        with gzip.open(path, "rb") as lines, gzip.open(made / path.name, "wb", compresslevel=1) as head:
            head.writelines(islice(lines, 0, EACH * step, step))
    return made


@pytest.fixture(scope="module")
def archive(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with open_archive(load_settings({"data": str(tmp_path_factory.mktemp("data"))}, {})) as opened:
        report = opened.import_paths([str(folder)])
        assert report.failed <= 2
        assert report.added + report.near_duplicates + report.duplicates + report.updated + report.failed == 7 * EACH
        assert opened.import_paths([str(folder)]).added == 0
        assert opened.verify() == []
        yield opened


def search(archive: Archive, query: str) -> SearchPage:
    return archive.search(SearchRequest(query=query, page_size=10))


def bodies(archive: Archive, language: str) -> list[Article]:
    found = [archive.get(headline.id) for headline in archive.headlines(limit=7 * EACH)]
    return [article for article in found if article.language == language]


@pytest.mark.parametrize("language", ["en", "de", "fr", "ar", "zh"])
def test_a_word_of_an_article_finds_it(archive: Archive, language: str) -> None:
    """Words and pairs of words drawn from the articles find the articles they were drawn from."""
    chance = random.Random(11)
    articles = bodies(archive, language)
    for article in chance.sample(articles, 8):
        tokens = [token for token in tokenise(article.body, language) if len(token.form) > 1]
        first = chance.randrange(len(tokens))
        drawn = [article.body[token.start : token.end] for token in (tokens[first], chance.choice(tokens))]
        query = " ".join(f'"{word}"' for word in drawn)
        page = archive.search(SearchRequest(query=query, page_size=200))
        assert not page.relaxed, query
        assert article.id in [hit.headline.id for hit in page.hits] or page.total > 200, query


@pytest.mark.parametrize(
    ("query", "language", "form"),
    [
        ("Gewerkschaften", "de", "gewerkschaft"),
        ("gouvernements", "fr", "gouvernement"),
        ("governments", "en", "government"),
        ("حكومة", "ar", "الحكومة"),
        ("长江", "zh", "长江"),
    ],
)
def test_each_language_is_found_by_its_inflections(archive: Archive, query: str, language: str, form: str) -> None:
    page = search(archive, query)
    found = [hit for hit in page.hits if hit.headline.language == language]
    assert found
    marked = {
        fold(piece)
        for hit in found
        for text in (hit.title, *hit.snippets)
        for piece, is_mark in text.parts()
        if is_mark
    }
    assert any(fold(form)[:6] in word for word in marked), marked


def drawn_queries(archive: Archive, count: int) -> Iterator[str]:
    """Words, phrases, exclusions, alternatives and patterns, made of what the articles hold."""
    chance = random.Random(29)
    articles = [archive.get(headline.id) for headline in archive.headlines(limit=7 * EACH)]
    for _ in range(count):
        article = chance.choice(articles)
        tokens = tokenise(article.body, article.language)
        at = chance.randrange(len(tokens))
        run = tokens[at : at + chance.randint(1, 4)]
        words = re.sub(r"[()*?~\"“”]", " ", article.body[run[0].start : run[-1].end])
        other = re.sub(r"[()*?~\"“”:]", " ", article.body[slice(*chance.choice(tokens)[1:3])])
        yield chance.choice(
            [
                words,
                f'"{words}"',
                f"{words} {other}",
                f"{words} OR {other}",
                f"{words} -{other}",
                f"{other[:4]}*",
                words.upper(),
            ]
        )


def words_of(query: str) -> set[str]:
    return {token.form for token in tokenise(query)} | {fold(part) for part in re.split(r"[\s\"]+", query)}


def is_true(text: str, query: str, language: str | None) -> bool:
    """Whether a marked text is the query's: its words by form, stem or pattern, or one of them joined or opened."""
    wanted = words_of(query)
    stemmer = stemmer_of(language)
    stems = {stem(form, stemmer) for form in wanted}
    forms = [token.form for token in tokenise(text, language)]
    joined = "".join(token.form for token in tokenise(query))
    opened = {stem(part, stemmer) for form in wanted for at in range(1, len(form)) for part in (form[:at], form[at:])}
    return all(
        form in wanted
        or stem(form, stemmer) in stems
        or form in joined  # a compound of the query's words, or a pair of characters
        or any(part.endswith("*") and form.startswith(fold(part[:-1])) for part in wanted)
        or any(part.endswith("*") and fold(text).startswith(fold(part[:-1])) and len(text) == 2 for part in wanted)
        or (len(forms) > 1 and stem(form, stemmer) in opened)
        for form in forms
    )


def test_every_mark_covers_what_matches(archive: Archive) -> None:
    """What is marked is what the query asks for, and no more."""
    checked = 0
    for query in drawn_queries(archive, 200):
        for hit in search(archive, query).hits:
            for text in (hit.title, *hit.snippets):
                assert_sound(text)
                for start, end in text.marks:
                    checked += 1
                    assert is_true(text.text[start:end], query, hit.headline.language), (query, text.text[start:end])
    assert checked > 1_000


def assert_sound(text: MarkedText) -> None:
    edges = [edge for mark in text.marks for edge in mark]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text.text) for start, end in text.marks)


def test_a_hit_shows_why(archive: Archive) -> None:
    """Every hit of a query of plain words and phrases has a mark in its title or in a passage."""
    for query in drawn_queries(archive, 120):
        for hit in search(archive, query).hits:
            assert hit.title.marks or any(snippet.marks for snippet in hit.snippets), (query, hit.headline.id)


def test_the_marks_of_an_article_are_those_of_its_snippets(archive: Archive) -> None:
    for query in drawn_queries(archive, 60):
        for hit in search(archive, query).hits[:3]:
            whole = archive.mark(archive.get(hit.headline.id), query)
            assert whole.title == hit.title
            for snippet in hit.snippets:
                paragraph = whole.paragraphs[snippet.paragraph - 1]
                pieces = {piece.replace("\n", " ") for piece, is_mark in paragraph.parts() if is_mark}
                assert {piece for piece, is_mark in snippet.parts() if is_mark} <= pieces


def test_the_lines_of_a_concordance_are_the_marks_of_the_articles(archive: Archive) -> None:
    """Every mark of every article found is a line, in the order of the search, and there is no other line."""
    chance = random.Random(5)
    lines = 0
    drawn = list(drawn_queries(archive, 80))
    words = [re.sub(r"\W", " ", query).split() for query in drawn]
    near = [f"{chance.choice(each)} NEAR/{chance.randint(2, 20)} {chance.choice(each)}" for each in words if each]
    for query in (*drawn, *near[:30]):
        found = archive.concordance(SearchRequest(query=query, page_size=MAX_LINES))
        hits = archive.find(SearchRequest(query=query)).ids[:200]
        marked = (
            (hit, number, mark, re.sub(r"\s+", " ", paragraph.text[slice(*mark)]))
            for hit in hits
            for number, paragraph in enumerate(archive.mark(archive.get(hit), query).paragraphs, 1)
            for mark in paragraph.marks
        )
        expected = list(islice(marked, found.total))
        told = [(line.headline.id, line.paragraph, line.span, line.match) for line in found.lines]
        assert told[: len(expected)] == expected, query
        assert len(told) == len(expected) or found.articles > len(hits), query
        assert next(marked, None) is None or found.total == MAX_LINES, query
        lines += len(expected)
    assert lines > 5_000


@pytest.mark.parametrize("query", ["the", "said", "القدس OR الرياض", "中国", "der OR die"])
@pytest.mark.parametrize("order", LineOrder)
def test_lines_of_common_words_are_sorted_and_bounded(archive: Archive, query: str, order: LineOrder) -> None:
    found = archive.concordance(SearchRequest(query=query, page_size=MAX_LINES), order)
    as_found = archive.concordance(SearchRequest(query=query, page_size=MAX_LINES))
    assert 50 < len(found.lines) <= MAX_LINES
    assert {*map(repr, found.lines)} == {*map(repr, as_found.lines)}
    assert all(len(line.left) <= CONTEXT >= len(line.right) for line in found.lines)
    keys = {
        LineOrder.LEFT: [words_in_order(line.left)[::-1] for line in found.lines],
        LineOrder.RIGHT: [words_in_order(line.right) for line in found.lines],
    }.get(order, [])
    assert keys == sorted(keys)


def test_the_web_and_the_command_line_answer_the_same(archive: Archive) -> None:
    """`/api/v1/search` and `archive search --json`: the same object, but for the time it took."""
    client = create_app(archive).test_client()
    command = [sys.executable, "-c", "from archive.cli import main; main()", "--data", str(archive.settings.data)]
    for query in ("border security", '"said that" -oil', "Gewerkschaft OR gouvernement", "xyzzy nothing"):
        with client.get("/api/v1/search", query_string={"q": query, "sort": "newest"}) as response:
            web = json.loads(response.text)
        told = subprocess.run(
            [*command, "search", query, "--sort", "newest", "--json"], capture_output=True, check=True
        )
        typed = json.loads(told.stdout)
        assert web.pop("took_ms") >= 0
        assert typed.pop("took_ms") >= 0
        assert web == typed


LIMITED = """
import sys, threading, time
from archive.bootstrap import open_archive
from archive.settings import load_settings
peak = 0
def watch():
    global peak
    while True:
        with open("/proc/self/status") as status:
            peak = max(peak, next(int(line.split()[1]) for line in status if line.startswith("RssAnon")))
        time.sleep(0.05)
threading.Thread(target=watch, daemon=True).start()
with open_archive(load_settings({"data": sys.argv[1]})) as archive:
    archive.import_paths(sys.argv[2:])
    print(archive.count(), peak)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_does_not_grow_with_what_is_imported(folder: Path, tmp_path: Path) -> None:
    """The same articles under ten names each: ten times the articles, far from ten times the memory."""
    peaks = []
    for times in (1, 4):
        many = tmp_path / f"many{times}.jsonl"
        with many.open("w") as lines, gzip.open(folder / "reuters21578.jsonl.gz", "rt") as found:
            for line in found:
                record = json.loads(line)
                for number in range(times):
                    lines.write(json.dumps(record | {"title": f"{record['title']} {number}"}) + "\n")
        data = tmp_path / f"data{times}"
        told = subprocess.run([sys.executable, "-c", LIMITED, str(data), str(many)], capture_output=True, check=True)
        count, peak = map(int, told.stdout.split())
        assert count > 200 * times
        peaks.append(peak)
    assert peaks[1] < 2 * peaks[0]
    assert peaks[1] < 1_000_000
