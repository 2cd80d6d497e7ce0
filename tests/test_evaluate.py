"""The arrays answer as Whoosh does: any Whoosh query finds the same articles with the same scores either way.

Whoosh's own matchers, over our codec, say what is right, except where `Exact` knows better. The indexes have several
segments with deletions.
"""

import gzip
import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice, pairwise
from operator import is_
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whoosh import matching, query
from whoosh.query.spans import SpanFirst, SpanNear2, SpanQuery
from whoosh.reading import IndexReader
from whoosh.searching import Searcher

from archive.types import Article, Changes, Origin
from index.analysis import tokenise
from index.deadline import Deadline
from index.generation import MOST_MERGED, plan_merge
from index.snapshot import Snapshot
from index.whoosh_index import WhooshIndex

ARTICLES = Path(__file__).parents[2] / "shared" / "corpora" / "articles" / "bbc2225.jsonl.gz"

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def article(number: int, body: str, title: str = "Untitled", **fields: object) -> Article:
    values: dict[str, object] = {
        "url": None, "source": None, "authors": (), "published": None, "language": "en", "tags": (), "versions": 1,
        "section": None, "summary": None, "origin": Origin("test", "text"), "version": 1, "added": NOW, "changed": NOW,
    } | fields  # fmt: skip
    return Article(id=number, title=title, body=body, **values)  # type: ignore[arg-type]


class NoShelf:
    """Nobody reads articles here: only the index is asked."""

    def get_many(self, ids: Sequence[int]) -> Mapping[int, Article]:
        raise AssertionError


Batch = tuple[Sequence[Article], Sequence[int]]
"""The articles that a commit adds or replaces, and the ids that it deletes."""


@contextmanager
def opened(path: Path, batches: Sequence[Batch], *, merge: bool = False) -> Iterator[Snapshot]:
    """A snapshot of an index to which these batches were applied, each a segment of its own unless they `merge`."""
    index = WhooshIndex(path, NoShelf(), "db")
    with index.rebuild():
        pass
    with pytest.MonkeyPatch.context() as patch:
        if not merge:
            patch.setattr("index.generation.plan_merge", lambda counts, _: (list(range(len(counts))), []))
        for sequence, (articles, deleted) in enumerate(batches, 1):
            index.apply(Changes(sequence, tuple(articles), tuple(deleted)))
    with index._open() as snapshot:
        pass  # what a test raises is not to become an error of the index
    yield snapshot
    index.close()


def walk(matcher: matching.Matcher) -> dict[int, float]:
    """What a matcher finds, and the scores."""
    found: dict[int, float] = {}
    while matcher.is_active():
        assert matcher.id() not in found
        found[matcher.id()] = matcher.score()
        matcher.next()
    return found


class Exact(query.Query):  # type: ignore[misc]
    """What Not, AndNot and DisjunctionMax are to mean: Whoosh's matchers for them are wrong, see `WRONG_IN_WHOOSH`."""

    def __init__(self, node: query.Query, parts: list[query.Query]) -> None:
        self.node = node
        self.parts = parts

    def estimate_size(self, reader: IndexReader) -> int:
        return reader.doc_count_all()

    def matcher(self, searcher: Searcher, context: object = None) -> matching.Matcher:
        found = [walk(part.matcher(searcher, context)) for part in self.parts]
        if isinstance(self.node, query.Not):
            scores = {at: 1.0 for at in searcher.reader().all_doc_ids() if at not in found[0]}
        elif isinstance(self.node, query.AndNot):
            scores = {at: score for at, score in found[0].items() if at not in found[1]}
        else:
            boost = self.node.boost if len(found) > 1 else 1.0  # Whoosh leaves out the boost of a compound of one part
            scores = {at: boost * max(one[at] for one in found if at in one) for at in sorted(set().union(*found))}
        return matching.ListMatcher(list(scores), list(scores.values()))


def exact(node: query.Query) -> query.Query:
    """The same tree, with `Exact` where Whoosh is wrong. What is right stays as it is: `apply` forgets the scale."""
    if isinstance(node, SpanQuery) or node.is_leaf():
        return node
    parts = [exact(part) for part in node.children()]
    if isinstance(node, query.Not | query.AndNot | query.DisjunctionMax):
        return Exact(node, parts)
    return node if all(map(is_, parts, node.children())) else node.apply(exact)


def by_whoosh(snapshot: Snapshot, node: query.Query) -> dict[int, float]:
    """What Whoosh's matchers find in all segments, and the scores."""
    return {
        at + offset: score
        for leaf, offset in snapshot.searcher.leaf_searchers()
        for at, score in walk(node.matcher(leaf, snapshot.searcher.context())).items()
    }


def by_arrays(snapshot: Snapshot, node: query.Query) -> dict[int, float]:
    """What the evaluator finds, and the scores."""
    found = snapshot.search(node, Deadline.never())
    assert np.all(np.diff(found.documents) > 0)
    return dict(zip(found.documents.tolist(), found.scores.tolist(), strict=True))


def assert_same(snapshot: Snapshot, node: query.Query, expected: query.Query | None = None) -> dict[int, float]:
    """Both find the same; gives what they find."""
    right, found = by_whoosh(snapshot, expected or exact(node)), by_arrays(snapshot, node)
    assert list(found) == list(right), node
    assert found == pytest.approx(right, rel=1e-5), node
    return found


def term(word: str, field: str = "text", boost: float = 1.0) -> query.Term:
    return query.Term(field, word, boost=boost)


def terms(*words: str, field: str = "text") -> list[query.Query]:
    return [term(word, field) for word in words]


# --- every type of query --------------------------------------------------------------------------------------------

BATCHES: list[Batch] = [
    (
        [
            article(
                1, "The border was closed. Border guards voted.", "Border closed", authors=("Ann Lee",), tags=("war",)
            ),
            article(
                2, "Votes were counted north of the border.", "Votes", source="North Post", url="https://a.example/x"
            ),
            article(3, "The north elected nobody.\n\nElections are due.", "Elections in the north", tags=("vote",)),
            article(4, "War war war border.", "War", source="War Post"),
        ],
        [],
    ),
    ([article(6, "Gone border"), article(5, "Border north, border vote.", "North border", authors=("Bo Lee",))], [2]),
    ([article(4, "Peace at the border north of the vote.", "Peace", source="Post")], [6]),
    (
        [article(7, "An election about borders and boarders.", "Election", authors=("Ann Lee",), tags=("war", "vote"))],
        [],
    ),
    (
        [article(8, "Die Wahlen an der Grenze, border.", "Wahlen", language="de"), article(9, "border vote", "Vote")],
        [3],
    ),
]


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """Five segments, the first two with deletions: in one the last document lives, in the other it does not."""
    with opened(tmp_path_factory.mktemp("several") / "index", BATCHES) as snapshot:
        assert [segment.count for segment in snapshot.segments] == [4, 2, 1, 1, 2]
        assert snapshot.count() == 6
        yield snapshot


BORDER, NORTH, VOTE, WAR, NOWHERE = terms("border", "north", "vote", "war", "nowhere")

FINDING: list[query.Query] = [
    BORDER,
    term("border", boost=2.5),
    query.Term("text", b"border"),
    term("english:elect", "text_stem"),
    *[term(word, field) for word, field in [("lee", "author"), ("post", "source"), ("vote", "tag")]],
    query.And([BORDER, NORTH]),
    query.And([BORDER, NORTH, term("vote", boost=3)], boost=2),
    query.And([BORDER], boost=2),
    query.And([BORDER, BORDER]),
    query.And([BORDER, query.Not(WAR)]),
    query.Or([BORDER, WAR]),
    query.Or([NORTH, VOTE, WAR, NOWHERE], boost=0.5),
    query.Or([NORTH, VOTE], scale=0.9),
    query.Or([NORTH, NORTH]),
    query.Or([NORTH, term("english:elect", "text_stem")]),
    query.Not(VOTE),
    query.Not(NOWHERE),
    query.Not(query.NullQuery),
    query.AndNot(BORDER, VOTE),
    query.AndNot(query.Every(), BORDER),
    query.AndMaybe(BORDER, VOTE),
    query.AndMaybe(VOTE, NOWHERE),
    query.Require(BORDER, VOTE),
    query.Require(term("border", boost=4), query.Prefix("text", "vot")),
    query.Otherwise(NOWHERE, BORDER),
    query.Otherwise(VOTE, BORDER),
    query.DisjunctionMax([BORDER, VOTE, term("north", boost=3)]),
    query.DisjunctionMax([BORDER, NOWHERE], boost=2),
    query.Phrase("text", ["border", "vote"]),
    *[query.Phrase("text", ["border", "vote"], slop=slop, boost=slop) for slop in (2, 3, 4)],
    query.Phrase("text", ["border", "border"], slop=4),
    query.Phrase("text", ["border"]),
    query.Phrase("author", ["ann", "lee"]),
    query.Prefix("text", "bo"),
    query.Prefix("text", "bo", boost=2, constantscore=False),
    query.Prefix("text", ""),
    query.Wildcard("text", "*ot?"),
    query.Wildcard("text", "*"),
    query.Regex("text", "(b|n)or.*"),
    query.Regex("text", "vot.+", constantscore=False),
    query.Variations("text", "border"),
    query.Variations("text", "elections", boost=3),
    query.TermRange("text", "n", "vote"),
    query.TermRange("text", "north", "vote", startexcl=True, endexcl=True),
    query.TermRange("text", "vote", None, constantscore=False),
    query.Every(),
    query.Every(boost=3),
    query.Every("source"),
    query.Every("tag", boost=0.5),
    query.ConstantScoreQuery(BORDER),
    query.ConstantScoreQuery(query.Or([NORTH, VOTE]), 0.25),
    SpanNear2([VOTE, BORDER], slop=2, ordered=False),
    SpanNear2([NORTH, BORDER, VOTE], slop=3, ordered=False),
    SpanFirst(BORDER, limit=3),
    query.And([SpanNear2([VOTE, BORDER], slop=2, ordered=False), query.Prefix("text", "bo")], boost=2),
    query.And([query.Or([NORTH, query.Phrase("text", ["of", "the"])]), query.Not(query.Wildcard("text", "w?r"))]),
    query.AndMaybe(query.Or([BORDER, term("ann", "author")], boost=2), query.And([NORTH, VOTE], boost=0.5)),
    query.AndNot(query.Require(query.Every(), BORDER), query.DisjunctionMax([WAR, term("lee", "author")])),
    query.Or([query.ConstantScoreQuery(query.Not(BORDER), 2), query.Otherwise(NOWHERE, query.AndMaybe(VOTE, NORTH))]),
]

NOT_FINDING: list[query.Query] = [
    query.NullQuery,
    NOWHERE,
    term("gone"),
    query.Or([]),
    query.DisjunctionMax([]),
    query.And([BORDER, NOWHERE]),
    query.And([BORDER, query.NullQuery]),
    query.AndNot(BORDER, query.Every()),
    query.Not(query.Every()),
    query.Require(NOWHERE, BORDER),
    query.Otherwise(NOWHERE, query.NullQuery),
    query.Phrase("text", ["vote", "border"]),
    query.Phrase("text", ["border", "nowhere"]),
    query.Prefix("text", "gon"),
    query.TermRange("text", "x", "z"),
    query.ConstantScoreQuery(NOWHERE),
    SpanNear2([WAR, VOTE], slop=1, ordered=False),
    query.Every("url"),
]


@pytest.mark.parametrize("node", FINDING, ids=repr)
def test_every_type_of_query_finds_what_whoosh_finds(several: Snapshot, node: query.Query) -> None:
    assert assert_same(several, node)


@pytest.mark.parametrize("node", NOT_FINDING, ids=repr)
def test_what_whoosh_does_not_find_is_not_found(several: Snapshot, node: query.Query) -> None:
    assert assert_same(several, node) == {}


TITLES = [
    term("english:border", "title_stem", 0.5),
    term("north", "title"),
    term("border", "title"),
    query.Prefix("title", "e"),
    query.Every("title"),
    query.Phrase("title", ["in", "the", "north"]),
    query.And([BORDER, query.Not(term("border", "title"))]),
]


@pytest.mark.parametrize("node", TITLES, ids=repr)
def test_a_word_of_no_title_is_in_no_title(several: Snapshot, node: query.Query) -> None:
    assert_same(several, node)


def test_a_word_of_a_body_is_not_a_term_of_titles(several: Snapshot) -> None:
    leaf, _ = several.searcher.leaf_searchers()[0]
    assert ("title", b"closed") in leaf.reader()
    assert ("title", b"guards") not in leaf.reader()
    assert not several.has(("title",), "guards")


@pytest.mark.parametrize("node", [query.And([]), term("x", "nofield"), term("x", "number")], ids=repr)
def test_a_query_that_cannot_match_finds_nothing(several: Snapshot, node: query.Query) -> None:
    assert assert_same(several, node) == {}


WRONG_IN_WHOOSH = [
    pytest.param(
        query.DisjunctionMax([query.Every(), VOTE]),
        marks=pytest.mark.xfail(strict=True, reason="Whoosh also takes the score of another document"),
    ),
    pytest.param(
        query.AndNot(VOTE, query.Every()),
        marks=pytest.mark.xfail(strict=True, reason="Whoosh keeps the first document if b begins before"),
    ),
    pytest.param(
        query.Not(query.Prefix("text", "border")),
        marks=pytest.mark.xfail(strict=True, reason="Whoosh finds what is deleted after its part ends"),
    ),
]


@pytest.mark.parametrize("node", WRONG_IN_WHOOSH, ids=repr)
def test_where_whoosh_is_wrong(several: Snapshot, node: query.Query) -> None:
    """What `Exact` is for: should one of these pass, Whoosh was mended, and `Exact` need not know of it."""
    assert_same(several, node, node)


def test_scores_are_those_of_bm25f_with_titles_counted_twice(tmp_path: Path) -> None:
    """Worked out by hand, for the arrays and the codec share their counts."""
    commits: list[Batch] = [
        ([article(1, "border border vote"), article(2, "vote north", "Border")], []),
        ([article(3, "north north north"), article(4, "border")], []),
        ([], [4]),  # what is deleted is still counted
    ]
    idf = math.log(4 / (3 + 1)) + 1
    average = (4 + 3 + 4 + 2) / 4

    def score(weight: float, length: int) -> float:
        return idf * weight * 2.2 / (weight + 1.2 * (0.25 + 0.75 * length / average))

    with opened(tmp_path / "index", commits) as snapshot:
        assert assert_same(snapshot, BORDER) == pytest.approx({0: score(2, 4), 1: score(2, 3)}, rel=1e-5)


# --- drawn indexes and queries --------------------------------------------------------------------------------------

VOCABULARY = ["border", "borders", "boarder", "north", "vote", "votes", "elected", "war"]
STEMS = ["english:border", "english:vote", "english:elect", "german:vot", "english:north"]
FIELDS = ["text", "text_stem", "title", "title_stem", "author", "source", "tag", "url"]

words = st.sampled_from(VOCABULARY)


def phrases(most: int) -> st.SearchStrategy[str]:
    return st.lists(words, min_size=1, max_size=most).map(" ".join)


def tuples(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(strategy, max_size=2, unique=True).map(tuple)


def batches() -> st.SearchStrategy[list[Batch]]:
    """Commits that add, replace and delete some of nine articles."""
    made = st.builds(
        lambda body, title, **fields: lambda number: article(number, body, title, **fields),
        phrases(9), phrases(3), language=st.sampled_from(["en", "en", "de"]), tags=tuples(words),
        authors=tuples(phrases(2)), source=st.none() | phrases(2),
    )  # fmt: skip
    batch = st.dictionaries(st.integers(1, 9), st.none() | made, min_size=1).map(
        lambda drawn: (
            [make(number) for number, make in drawn.items() if make],
            [number for number, make in drawn.items() if not make],
        )
    )
    return st.lists(batch, min_size=1, max_size=4)


@st.composite
def leaves(draw: st.DrawFn, fields: Sequence[str], vocabulary: Sequence[str] = VOCABULARY) -> query.Query:
    """Queries without parts; not SpanFirst: Whoosh fails if a compound has one of a word that is not there."""
    field, word = draw(st.sampled_from(fields)), draw(st.sampled_from(vocabulary))
    boost = draw(st.sampled_from([1, 1, 2.5]))
    if field.endswith("_stem"):
        word = draw(st.sampled_from(STEMS)) if vocabulary is VOCABULARY else f"english:{word}"
        return query.Term(field, word, boost=boost)
    several = draw(st.lists(st.sampled_from(vocabulary), min_size=1, max_size=3))
    constant = draw(st.booleans())
    return draw(
        st.sampled_from(
            [
                query.Term(field, word, boost=boost),
                query.Phrase(field, several, slop=draw(st.integers(1, 4)), boost=boost),
                query.Prefix(field, word[: draw(st.integers(1, 4))], boost=boost, constantscore=constant),
                query.Wildcard(field, f"*{word[1:3]}*", boost=boost, constantscore=constant),
                query.Regex(field, f"[{word[0]}w].*", constantscore=constant),
                query.Variations(field, word, boost=boost),
                query.FuzzyTerm(field, word, maxdist=draw(st.integers(1, 2)), constantscore=constant),
                query.TermRange(field, min(several), max(several), constantscore=constant),
                query.Every(boost=boost),
                query.Every(field, boost=boost),
                query.NullQuery,
                SpanNear2(terms(*several, field=field), slop=draw(st.integers(1, 3)), ordered=False),
            ]
        )
    )


def trees(leaf: st.SearchStrategy[query.Query]) -> st.SearchStrategy[query.Query]:
    """Queries of every type of compound."""
    boosts = st.sampled_from([1, 1, 0.5, 3])

    def compounds(part: st.SearchStrategy[query.Query]) -> st.SearchStrategy[query.Query]:
        several = st.lists(part, min_size=1, max_size=4)
        binary = [
            st.builds(kind, part, part) for kind in (query.AndNot, query.AndMaybe, query.Require, query.Otherwise)
        ]
        many = [st.builds(kind, several, boosts) for kind in (query.And, query.Or, query.DisjunctionMax)]
        return st.one_of(*binary, *many, st.builds(query.Not, part), st.builds(query.ConstantScoreQuery, part, boosts))

    return st.recursive(leaf, compounds, max_leaves=8)


@settings(max_examples=80)
@given(batches(), st.lists(trees(leaves(FIELDS)), min_size=1, max_size=12))
def test_drawn_queries_find_what_whoosh_finds_in_drawn_indexes(commits: list[Batch], nodes: list[query.Query]) -> None:
    with TemporaryDirectory() as folder, opened(Path(folder) / "index", commits) as snapshot:
        for node in nodes:
            assert_same(snapshot, node)


@settings(max_examples=25)
@given(batches())
def test_a_merged_index_finds_the_same_articles_as_its_segments_would(commits: list[Batch]) -> None:
    """Merging takes away deleted documents, so scores differ; the articles may not."""
    nodes = [*FINDING, *NOT_FINDING]
    found = []
    for merge in (False, True):
        with TemporaryDirectory() as folder, opened(Path(folder) / "index", commits, merge=merge) as snapshot:
            ids = snapshot.columns.ids
            # Otherwise asks each segment on its own whether its first part finds anything there
            found.append(
                [
                    sorted(ids[list(by_arrays(snapshot, node))].tolist())
                    for node in nodes
                    if "Otherwise" not in repr(node)
                ]
            )
    assert found[0] == found[1]


# --- real articles --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Snapshot, list[str]]]:
    """Real articles in six segments, some deleted and some replaced, and words drawn from them."""
    if not ARTICLES.is_file():
        pytest.skip("the real articles are not beside this checkout")
    with gzip.open(ARTICLES, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in islice(lines, 600)]
    articles = [
        article(number, record["body"], record["title"], source=record["source"], tags=tuple(record["tags"]))
        for number, record in enumerate(records, 1)
    ]
    commits: list[Batch] = [
        (articles[first : first + 100] + articles[first - 20 : first : 4], range(max(first - 90, 0), first - 60, 3))
        for first in range(0, 600, 100)
    ]
    chance = random.Random(7)
    every = sorted({token.form for each in articles for token in tokenise(each.title, "en") if len(token.form) > 2})
    with opened(tmp_path_factory.mktemp("news") / "index", commits) as snapshot:
        assert len(snapshot.segments) == 6
        yield snapshot, chance.sample(every, 120) + ["said", "the", "year", "government"] * 5


@pytest.mark.corpus
def test_queries_of_real_words_find_what_whoosh_finds(news: tuple[Snapshot, list[str]]) -> None:
    snapshot, vocabulary = news
    found = []

    @settings(max_examples=50, database=None, derandomize=True)
    @given(trees(leaves(["text", "text", "text_stem", "tag", "source"], vocabulary)))
    def check(node: query.Query) -> None:
        found.append(len(assert_same(snapshot, node)))

    check()
    assert sum(count > 0 for count in found) > len(found) / 4


@pytest.mark.corpus
def test_every_word_of_real_articles_scores_as_in_whoosh(news: tuple[Snapshot, list[str]]) -> None:
    snapshot, vocabulary = news
    assert sum(bool(assert_same(snapshot, term(word))) for word in vocabulary) > len(vocabulary) / 2
    for word, other in pairwise(vocabulary):
        assert_same(snapshot, query.And(terms(word, "the")))
        assert_same(snapshot, query.Or(terms(word, other, "said")))
        assert_same(snapshot, query.Phrase("text", ["the", word], slop=2))


# --- words that are nearly right ------------------------------------------------------------------------------------

MISSPELT = [article(1, "border boarder borders order"), article(2, "bordr north borderline")]
NEAR = ["boarder", "border", "borders", "bordr", "order"]


def near(reader: IndexReader, word: str, distance: int) -> list[str]:
    """The words near one; at most 50, for a wrong cursor makes Whoosh give the same again and again."""
    return sorted(islice(reader.terms_within("text", word, distance), 50))


def test_words_near_another_are_found_once_each(tmp_path: Path) -> None:
    with opened(tmp_path / "index", [(MISSPELT, [])]) as snapshot:
        reader = snapshot.searcher.reader()
        assert near(reader, "border", 1) == NEAR
        assert near(reader, "nroth", 2) == ["north"]
        assert near(reader, "xyzzy", 1) == []


def test_a_cursor_goes_to_the_first_word_that_does_not_sort_before(tmp_path: Path) -> None:
    with opened(tmp_path / "index", [(MISSPELT, [])]) as snapshot:
        cursor = snapshot.searcher.reader().cursor("text")
        assert cursor.find("border") == "border"
        assert cursor.find("border\0") == "borderline"
        assert cursor.next() == "borders"
        assert cursor.find("zzz") is None
        assert not cursor.is_valid()


@pytest.mark.parametrize("segments", [1, 2])
def test_a_misspelt_word_is_corrected(tmp_path: Path, segments: int) -> None:
    """In one segment and over several."""
    commits: list[Batch] = [(MISSPELT, [])] if segments == 1 else [([each], []) for each in MISSPELT]
    with opened(tmp_path / "index", commits) as snapshot:
        assert len(near(snapshot.searcher.reader(), "bordre", 2)) < 50
        assert snapshot.searcher.suggest("text", "nort") == ["north"]
        assert "border" in snapshot.searcher.suggest("text", "bordre")


@pytest.mark.parametrize(
    "node",
    [
        query.FuzzyTerm("text", "bordor"),
        query.FuzzyTerm("text", "north", maxdist=2, prefixlength=0, boost=2),
        query.And([query.FuzzyTerm("text", "vots", constantscore=False), BORDER], boost=2),
        query.AndNot(query.Every(), query.FuzzyTerm("text", "wahlan")),
    ],
    ids=repr,
)
def test_a_fuzzy_query_finds_what_whoosh_finds(several: Snapshot, node: query.Query) -> None:
    for leaf, _ in several.searcher.leaf_searchers():
        assert len(near(leaf.reader(), "border", 1)) < 50  # or the query would not end
    assert assert_same(several, node)


# --- merging --------------------------------------------------------------------------------------------------------


def test_many_small_commits_leave_few_segments_and_rewrite_little() -> None:
    counts: list[int] = []
    rewritten = 0
    for _ in range(1000):
        kept, merged = plan_merge(counts, 1)
        assert sorted(kept + merged) == list(range(len(counts)))
        size = 1 + sum(counts[at] for at in merged)
        rewritten += size
        counts = [counts[at] for at in kept] + [size]
        assert len(counts) <= 6
    assert sum(counts) == 1000
    assert rewritten / 1000 < 40


def test_a_large_segment_stays_when_a_small_one_is_added() -> None:
    assert plan_merge([1000], 1) == ([0], [])
    assert plan_merge([1000, 5], 1) == ([0], [1])
    assert plan_merge([1000, 5], 500) == ([], [0, 1])
    assert plan_merge([], 1) == ([], [])


def test_no_segment_grows_without_end() -> None:
    counts: list[int] = []
    for _ in range(400):
        kept, merged = plan_merge(counts, 5_000)
        counts = [counts[at] for at in kept] + [5_000 + sum(counts[at] for at in merged)]
        assert max(counts) <= MOST_MERGED
    assert sum(counts) == 2_000_000
    assert len(counts) <= 20
