"""Whoosh's codec interface over our segment files: Whoosh does with it what it does with its own."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from whoosh import analysis, columns, fields, formats, query, scoring, sorting
from whoosh.fields import BOOLEAN, COLUMN, DATETIME, ID, KEYWORD, NGRAMWORDS, NUMERIC, STORED, TEXT
from whoosh.index import TOC, FileIndex
from whoosh.qparser import QueryParser
from whoosh.query import spans
from whoosh.reading import IndexReader, MultiReader, TermNotFound
from whoosh.searching import Searcher
from whoosh.writing import SegmentWriter

from index.codec import ArrayCodec, ArraySegment
from index.documents import Document, Inverted, write_segment
from index.schema import make_schema
from index.segment import SegmentDamagedError, SegmentFile
from index.storage import DurableStorage
from index.written import UnwritableError

WORDS = (
    "alfa bravo zulu render mike rendering charlie delta echo foxtrot golf hotel india juliet kilo lima november oscar "
    "papa quebec romeo sierra tango uniform victor whiskey xray yankee rendered renders müller naïve running runner"
).split()
WEIGHTS = [1 / rank for rank in range(1, len(WORDS) + 1)]


def boosted(kind: type[formats.Format]) -> fields.FieldType:
    """A field whose words have boosts: `word^2.5`."""
    analyzer = analysis.RegexTokenizer(r"\S+") | analysis.DelimitedAttributeFilter()
    return fields.FieldType(kind(), analyzer, scorable=True)


def whole_schema() -> fields.Schema:
    """A field of each type that Whoosh has, and in each format."""
    return fields.Schema(
        id=ID(stored=True, unique=True),
        title=TEXT(stored=True, sortable=True),
        body=TEXT(analyzer=analysis.StemmingAnalyzer(), spelling=True, vector=True),
        marked=TEXT(chars=True, vector=formats.Positions()),
        bag=TEXT(phrase=False, field_boost=2.0),
        tags=KEYWORD(stored=True, commas=True, scorable=True),
        kind=ID(sortable=True),
        price=NUMERIC(int, sortable=True, stored=True),
        rate=NUMERIC(float, sortable=True, signed=True),
        exact=NUMERIC(Decimal, decimal_places=2, sortable=True),
        day=DATETIME(sortable=True),
        flag=BOOLEAN(stored=True),
        note=STORED,
        grams=NGRAMWORDS(minsize=2, maxsize=3),
        places=boosted(formats.PositionBoosts),
        spots=boosted(formats.CharacterBoosts),
        bit=COLUMN(columns.BitColumn()),
        ref=COLUMN(columns.RefBytesColumn()),
        never=TEXT,
    )


def make_document(number: int, words: random.Random) -> dict[str, Any]:
    """A document; some have no price, no tags, no body."""
    text = " ".join(words.choices(WORDS, WEIGHTS, k=words.randrange(1, 60)))
    short = " ".join(words.choices(WORDS, WEIGHTS, k=3))
    document: dict[str, Any] = {
        "id": str(number),
        "title": short.title(),
        "marked": text,
        "bag": text,
        "kind": words.choice(("news", "essay", "letter")),
        "rate": words.uniform(-5, 5),
        "exact": Decimal(words.randrange(10_000)) / 100,
        "day": datetime(2020, 1, 1) + timedelta(days=words.randrange(400)),  # noqa: DTZ001  # as Whoosh takes them
        "flag": bool(number % 2),
        "note": {"number": number, "list": [1.5, None, "ü", True]},
        "grams": short,
        "places": " ".join(f"{word}^{words.randrange(1, 9) / 2}" for word in short.split()),
        "bit": number % 3 == 0,
        "ref": f"r{number % 4}".encode(),
    }
    document["spots"] = document["places"]
    if number % 5:
        document |= {"body": text, "price": number * 7 % 50}
    if number % 4:
        document["tags"] = ",".join(words.sample(WORDS[:8], 2))
    if number % 7 == 0:
        document["_body_boost"] = 1.5
    return document


def open_writer(index: FileIndex, codec: ArrayCodec | None) -> SegmentWriter:
    """Whoosh's writer with a codec, or its own."""
    return SegmentWriter(index, codec=codec)


def build(folder: Path, codec: ArrayCodec | None) -> FileIndex:
    """Four segments: 60 documents, some of them deleted, some replaced."""
    folder.mkdir()
    index = FileIndex.create(DurableStorage(folder), whole_schema(), "MAIN")
    words = random.Random(5)
    for first in range(0, 60, 15):
        writer = open_writer(index, codec)
        for number in range(first, first + 15):
            writer.add_document(**make_document(number, words))
        writer.commit(merge=False)
    writer = open_writer(index, codec)
    writer.delete_by_term("id", "3")
    assert writer.delete_by_query(query.And([query.Term("kind", "essay"), query.Term("body", "alfa")])) > 0
    for number in (10, 31, 59):
        writer.update_document(**make_document(number, words))
    writer.commit(merge=False)
    return index


Pair = tuple[Searcher, Searcher]


@pytest.fixture(scope="module", params=["segments", "optimized"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two searchers over the same documents: with Whoosh's codec, and with ours."""
    folder = tmp_path_factory.mktemp("codec")
    indexes = [build(folder / name, codec) for name, codec in (("theirs", None), ("ours", ArrayCodec()))]
    if request.param == "optimized":
        for index, codec in zip(indexes, (None, ArrayCodec()), strict=True):
            open_writer(index, codec).commit(optimize=True)
    theirs, ours = (index.searcher() for index in indexes)
    assert all(isinstance(each.segment(), ArraySegment) for each, _ in ours.reader().leaf_readers())
    assert not any(isinstance(each.segment(), ArraySegment) for each, _ in theirs.reader().leaf_readers())
    yield theirs, ours
    theirs.close()
    ours.close()


def found(searcher: Searcher, what: query.Query, **options: Any) -> list[tuple[int, float, dict[str, Any]]]:
    """Number, score and stored fields of each document that is found, in their order."""
    hits = searcher.search(what, limit=None, **options)
    hits = [hit for hit in hits if not searcher.reader().is_deleted(hit.docnum)]  # see WRONG
    return [(hit.docnum, pytest.approx(hit.score, rel=1e-6), hit.fields()) for hit in hits]


T = query.Term
DAY = datetime(2020, 6, 1)  # noqa: DTZ001
QUERIES: dict[str, query.Query] = {
    "term": T("body", "render"),
    "term of a missing word": T("body", "missing"),
    "term of an empty field": T("never", "alfa"),
    "term with characters": T("marked", "alfa"),
    "term with frequencies": T("bag", "alfa"),
    "term of an id": T("id", "8"),
    "term of a keyword": T("tags", "zulu"),
    "term of a flag": T("flag", True),
    "term with boosts": T("places", "alfa"),
    "term with boosts and characters": T("spots", "zulu"),
    "term of n-grams": T("grams", "ren"),
    "number": T("price", whole_schema()["price"].to_bytes(21)),
    "phrase": query.Phrase("body", ["alfa", "bravo"]),
    "phrase with slop": query.Phrase("body", ["alfa", "bravo"], slop=8),
    "phrase with characters": query.Phrase("marked", ["render", "alfa"], slop=9),
    "phrase with boosts": query.Phrase("places", ["alfa", "bravo"], slop=3),
    "prefix": query.Prefix("body", "r"),
    "prefix of an empty field": query.Prefix("never", "r"),
    "wildcard": query.Wildcard("body", "*r?n*"),
    "fuzzy": query.FuzzyTerm("marked", "rendered", maxdist=2, prefixlength=1),
    "fuzzy of a missing word": query.FuzzyTerm("tags", "zzzz"),
    "fuzzy of an empty field": query.FuzzyTerm("never", "alfx"),
    "range": query.TermRange("body", "c", "f", endexcl=True),
    "range of numbers": query.NumericRange("price", 10, 30, startexcl=True),
    "open range of numbers": query.NumericRange("rate", None, 1.25),
    "range of dates": query.DateRange("day", DAY, DAY + timedelta(days=90)),
    "and": query.And([T("body", "alfa"), T("tags", "bravo")]),
    "or": query.Or([T("body", "alfa"), T("bag", "zulu"), query.Prefix("title", "m")]),
    "not": query.And([T("bag", "alfa"), query.Not(T("flag", True))]),
    "and not": query.AndNot(T("marked", "alfa"), T("kind", "news")),
    "only not": query.Not(T("bag", "alfa")),
    "and maybe": query.AndMaybe(T("body", "alfa"), T("tags", "bravo")),
    "require": query.Require(T("body", "alfa"), T("kind", "news")),
    "otherwise": query.Otherwise(T("body", "missing"), T("tags", "bravo")),
    "disjunction max": query.DisjunctionMax([T("body", "alfa"), T("title", "alfa")], tiebreak=0.3),
    "every": query.Every(),
    "every of a field": query.Every("price"),
    "every of a text": query.Every("tags"),
    "constant": query.ConstantScoreQuery(T("body", "alfa"), 3.0),
    "boost": query.Or([T("body", "alfa", boost=4.0), T("body", "zulu")]),
    "variations": query.Variations("marked", "rendering"),
    "regex": query.Regex("marked", "r[eu].*(er|ing)$"),
    "null": query.NullQuery,
    "near": spans.SpanNear(T("body", "alfa"), T("body", "zulu"), slop=9, ordered=False),
    "near, of three": spans.SpanNear2(
        [T("body", "alfa"), T("body", "zulu"), T("body", "mike")], slop=20, ordered=False
    ),
    "first": spans.SpanFirst(T("body", "alfa"), limit=5),
    "span not": spans.SpanNot(T("body", "alfa"), T("body", "bravo")),
    "span or": spans.SpanOr([T("body", "alfa"), T("body", "zulu")]),
    "span contains": spans.SpanContains(
        spans.SpanNear(T("body", "alfa"), T("body", "zulu"), slop=20, ordered=False), T("body", "mike")
    ),
    "span before": spans.SpanBefore(T("body", "alfa"), T("body", "zulu")),
    "span condition": spans.SpanCondition(T("body", "alfa"), T("bag", "zulu")),
}


WRONG = {
    "require",  # RequireMatcher fails an assertion of its own as soon as it may skip
    "only not",  # InverseMatcher may give a deleted document
}
"""Queries that Whoosh gets wrong with its own codec when it looks for the best few alone."""


@pytest.mark.parametrize("name", QUERIES)
def test_queries(pair: Pair, name: str) -> None:
    """The same documents in the same order with the same scores."""
    theirs, ours = pair
    assert found(ours, QUERIES[name]) == found(theirs, QUERIES[name])
    if name in WRONG:
        return
    their_best, best = (searcher.search(QUERIES[name], limit=3) for searcher in (theirs, ours))
    assert [hit.docnum for hit in best] == [hit.docnum for hit in their_best]


def test_queries_find_something(pair: Pair) -> None:
    """The test above compares more than nothing with nothing."""
    empty = {name for name, what in QUERIES.items() if not len(pair[1].search(what, limit=None))}
    assert empty == {name for name in QUERIES if "empty" in name or "missing" in name or name == "null"}


@pytest.mark.parametrize("model", [scoring.TF_IDF(), scoring.Frequency(), scoring.PL2()])
def test_other_models_of_scoring(pair: Pair, model: scoring.WeightingModel) -> None:
    """What they need of lengths and counts is the same."""
    for searcher in pair:
        searcher.weighting = model
    try:
        what = query.Or([T("body", "alfa"), T("bag", "render"), T("tags", "zulu")])
        assert found(pair[1], what) == found(pair[0], what)
    finally:
        for searcher in pair:
            searcher.weighting = scoring.BM25F()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("field", ["title", "kind", "price", "rate", "exact", "day", "bit", "ref", "id"])
def test_sorting(pair: Pair, field: str, reverse: bool) -> None:
    """By columns, and by the terms of a field that has none."""
    facet = sorting.MultiFacet([sorting.FieldFacet(field, reverse=reverse), "id"])
    theirs, ours = ([hit["id"] for hit in each.search(query.Every(), limit=None, sortedby=facet)] for each in pair)
    assert len(ours) > 40
    assert ours == theirs


def test_grouping(pair: Pair) -> None:
    """Facets of fields, queries and ranges; collapsing."""
    by = {
        "kind": sorting.FieldFacet("kind"),
        "tags": sorting.FieldFacet("tags", allow_overlap=True),
        "flag": sorting.FieldFacet("flag"),
        "price": sorting.RangeFacet("price", 0, 50, 10),
        "day": sorting.DateRangeFacet("day", DAY, DAY + timedelta(days=300), timedelta(days=30)),
        "asked": sorting.QueryFacet({"a": T("body", "alfa"), "z": T("body", "zulu")}),
    }
    theirs, ours = (each.search(query.Every(), limit=None, groupedby=by) for each in pair)
    for name in by:
        assert len(ours.groups(name)) > 1
        assert ours.groups(name) == theirs.groups(name)
    collapsed = [each.search(T("bag", "alfa"), collapse="kind", collapse_limit=2).docs() for each in pair]
    assert collapsed[1] == collapsed[0]


def test_columns(pair: Pair) -> None:
    """Each document's value in each column, and the default where it has none."""
    for name in ("title", "kind", "price", "rate", "exact", "day", "bit", "ref"):
        theirs, ours = (list(each.reader().column_reader(name)) for each in pair)
        assert ours == theirs
        assert all(leaf.has_column(name) for leaf, _ in pair[1].reader().leaf_readers())
    assert not pair[1].reader().has_column("body")


def test_suggestions(pair: Pair) -> None:
    """Words of a field, of the field kept for spelling, and a corrected query."""
    for field, word in (("marked", "rendr"), ("body", "renderng"), ("tags", "alfb"), ("never", "alfa")):
        theirs, ours = (each.suggest(field, word, limit=5, maxdist=2) for each in pair)
        assert ours == theirs
        assert ours or field == "never"
    typed = "rendr zuluu"
    parsed = QueryParser("marked", whole_schema()).parse(typed)
    theirs, ours = (each.correct_query(parsed, typed).string for each in pair)
    assert ours == theirs == "render zulu"
    theirs, ours = (sorted(each.reader().corrector("marked").suggest("chrlie", maxdist=2)) for each in pair)
    assert ours == theirs == ["charlie"]


def numbers(searcher: Searcher) -> list[int]:
    """The numbers of all documents that are not deleted."""
    return list(searcher.reader().all_doc_ids())


def test_vectors(pair: Pair) -> None:
    """Which documents have one, its terms, weights and positions."""
    theirs, ours = (each.reader() for each in pair)
    assert numbers(pair[1]) == numbers(pair[0])
    some = 0
    for number in numbers(pair[1]):
        for name in ("body", "marked", "title"):
            assert ours.has_vector(number, name) == theirs.has_vector(number, name)
            if not ours.has_vector(number, name):
                continue
            some += 1
            for kind in ("weight", "frequency"):
                assert list(ours.vector_as(kind, number, name)) == list(theirs.vector_as(kind, number, name))
        places, their_places = (list(each.vector(number, "marked").items_as("positions")) for each in (ours, theirs))
        assert places == their_places
    assert some > 60


def test_a_missing_vector(pair: Pair) -> None:
    """The error names the field."""
    with pytest.raises(KeyError, match="'body'"):
        pair[1].reader().vector(pair[1].document_number(id="5"), "body")


def test_more_like(pair: Pair) -> None:
    """From a vector, and from the text."""
    for number in numbers(pair[1])[1:20:3]:
        for options in ({"fieldname": "marked"}, {"fieldname": "title", "text": "alfa render zulu"}):
            theirs, ours = (each.more_like(number, **options) for each in pair)
            assert ours.docs() == theirs.docs()
    theirs, ours = (each.key_terms(numbers(each)[:5], "marked") for each in pair)
    assert ours == theirs


def test_stored_fields(pair: Pair) -> None:
    """Values of all types of JSON."""
    theirs, ours = (list(each.reader().all_stored_fields()) for each in pair)
    assert ours == theirs
    assert ours[0]["note"] == {"number": 0, "list": [1.5, None, "ü", True]}
    assert pair[1].document(id="7") == pair[0].document(id="7")


def terms(reader: IndexReader) -> Iterator[tuple[Any, ...]]:
    """Everything that a reader says of its terms."""
    for (field, text), info in reader:
        statistics = (info.weight(), info.doc_frequency(), info.min_length(), info.max_length(), info.max_weight())
        yield field, text, *statistics, info.min_id(), info.max_id(), reader.frequency(field, text)
        matcher = reader.postings(field, text)
        while matcher.is_active():
            has = [matcher.supports(kind) and matcher.value_as(kind) for kind in VALUES]
            yield field, text, matcher.id(), matcher.weight(), *has
            matcher.next()


VALUES = ("positions", "characters", "position_boosts", "character_boosts")


def test_terms_and_postings(pair: Pair) -> None:
    """All of them, with their statistics, positions, characters and boosts; from any place on."""
    for (theirs, _), (ours, _) in zip(*(each.reader().leaf_readers() for each in pair), strict=True):
        assert [*ours.indexed_field_names()] == [*theirs.indexed_field_names()]
        got, wanted = ([each for each in terms(leaf) if each[0] != "spell_body"] for leaf in (ours, theirs))
        assert got == wanted
        assert list(ours.all_terms()) == list(theirs.all_terms())
        for field, text in (("body", b"r"), ("body", b"zzz"), ("price", b""), ("kind", b"essaz")):
            assert list(ours.terms_from(field, text)) == list(theirs.terms_from(field, text))
            assert [each for each, _ in ours.iter_from(field, text)] == list(ours.terms_from(field, text))
    theirs, ours = (each.reader() for each in pair)
    assert ours.most_frequent_terms("body", 5, "r") == theirs.most_frequent_terms("body", 5, "r")
    with pytest.raises(TermNotFound, match="missing"):
        ours.term_info("body", "missing")


def test_lengths(pair: Pair) -> None:
    """Of each document in each field, and of all in one."""
    theirs, ours = (each.reader() for each in pair)
    for name in ("title", "body", "tags", "bag", "kind"):
        assert ours.field_length(name) == theirs.field_length(name)
        for number in numbers(pair[1]):
            assert ours.doc_field_length(number, name) == (theirs.doc_field_length(number, name) or 0)
    for name in ("title", "body", "tags"):
        assert ours.max_field_length(name) == theirs.max_field_length(name)
        assert ours.min_field_length(name) == theirs.min_field_length(name)
    assert ours.min_field_length("title") == 3
    assert (ours.min_field_length("id"), ours.max_field_length("id"), ours.doc_field_length(0, "id", 1)) == (0, 0, 1)


def test_deletions(pair: Pair) -> None:
    """The same documents are gone, in segments as in the whole."""
    theirs, ours = (each.reader() for each in pair)
    assert (ours.doc_count(), ours.doc_count_all()) == (theirs.doc_count(), theirs.doc_count_all())
    assert ours.has_deletions() == theirs.has_deletions() == isinstance(ours, MultiReader)
    every = range(ours.doc_count_all())
    assert [ours.is_deleted(number) for number in every] == [theirs.is_deleted(number) for number in every]


def test_cursors(pair: Pair) -> None:
    """Forward, and to a term; of text as of numbers."""
    for (theirs, _), (ours, _) in zip(*(each.reader().leaf_readers() for each in pair), strict=True):
        for name, word in (("body", "f"), ("price", 20), ("never", "x")):
            got, wanted = ours.cursor(name), theirs.cursor(name)
            assert (got.text(), got.is_valid()) == (wanted.text(), wanted.is_valid())
            assert got.find(word) == wanted.find(word)
            while got.is_valid():
                assert got.term_info().doc_frequency() > 0
                assert got.next() == wanted.next()
            assert got.term_info() is None
            assert got.first() == wanted.first()


# -- writing


def make(folder: Path, **schema: fields.FieldType) -> FileIndex:
    """An empty index."""
    return FileIndex.create(DurableStorage(folder), fields.Schema(**schema), "MAIN")


class Unknown(formats.Positions):  # type: ignore[misc]
    """A format that is nobody's."""


NAN = float("nan")
REFUSED: dict[str, tuple[fields.FieldType, object, str]] = {
    "a date": (STORED(), date(2020, 1, 1), "^field cannot be stored: Object of type date is not JSON serializable"),
    "bytes": (STORED(), b"x", "^field cannot be stored: Object of type bytes"),
    "a tuple": (STORED(), [(1, 2)], r"^field cannot be stored: JSON would make \[\[1, 2\]\] of \[\(1, 2\)\]"),
    "keys": (STORED(), {1: 2}, "^field cannot be stored: JSON would make {'1': 2} of {1: 2}"),
    "not a number": (STORED(), NAN, "^field cannot be stored: Out of range float values"),
    "a stored date": (DATETIME(stored=True), datetime(2020, 1, 1, tzinfo=UTC), "^field cannot be stored: .*datetime"),
    "pickles": (COLUMN(columns.PickleColumn(columns.VarBytesColumn())), 1, "^field cannot be written: PickleColumn"),
    "vector": (TEXT(vector=Unknown()), "x", "^field cannot be written: Unknown is not a format"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_written(tmp_path: Path, name: str) -> None:
    """The error names the field and the reason, and nothing of the document gets into the index."""
    kind, value, reason = REFUSED[name]
    index = make(tmp_path, field=kind, early=ID)
    writer = open_writer(index, ArrayCodec())
    writer.add_document(early="good")
    with pytest.raises(UnwritableError, match=reason):
        writer.add_document(early="bad", field=value)
    with pytest.raises(UnwritableError, match="document 1 was given up"):
        writer.add_document(early="next")
    writer.cancel()
    assert index.is_empty()
    with open_writer(index, ArrayCodec()) as writer:
        writer.add_document(early="good")
    assert [*index.reader().lexicon("early")] == [b"good"]


def test_a_commit_after_an_error_fails(tmp_path: Path) -> None:
    """Whoosh posted words of the document that failed, and would give them to another."""
    index = make(tmp_path, early=ID, late=NUMERIC)
    writer = open_writer(index, ArrayCodec())
    writer.add_document(early="good", late=1)
    with pytest.raises(ValueError, match="one"):
        writer.add_document(early="bad", late="one")
    with pytest.raises(UnwritableError, match="cancel"):
        writer.commit()
    assert index.is_empty()


def test_an_unknown_format_of_a_field(tmp_path: Path) -> None:
    """Found when the field is written."""
    index = make(tmp_path, field=fields.FieldType(Unknown(), analysis.SimpleAnalyzer()))
    writer = open_writer(index, ArrayCodec())
    writer.add_document(field="some words")
    with pytest.raises(UnwritableError, match=r"^field cannot be written: Unknown"):
        writer.commit()


def test_articles_are_not_written_through_whoosh(tmp_path: Path) -> None:
    """Its writer knows neither languages nor what facets count; a segment without them would be half found."""
    index = FileIndex.create(DurableStorage(tmp_path), make_schema(), "MAIN")
    writer = open_writer(index, ArrayCodec())
    writer.add_document(text="word")
    with pytest.raises(UnwritableError, match="write_segment"):
        writer.commit()
    assert index.is_empty()


def test_whoosh_reads_articles(tmp_path: Path) -> None:
    """What else Whoosh may ask of a segment of articles: sorting backwards, lengths, cursors, stored fields."""
    inverted = Inverted()
    for number, title in ((5, "Border"), (9, "Border vote north"), (7, "Vote again")):
        inverted.add([Document((number, 0, 0, 0), title, "", "en", (), None, (), None)])
    segment = ArraySegment("MAIN", 3)
    write_segment(tmp_path / segment.file_name, [inverted])
    TOC(make_schema(), [segment], 1).write(DurableStorage(tmp_path), "MAIN")
    with FileIndex(DurableStorage(tmp_path), indexname="MAIN").searcher() as searcher:
        assert [hit["number"] for hit in searcher.search(query.Every(), sortedby="number", reverse=True)] == [9, 7, 5]
        by = sorting.FieldFacet("number", reverse=True)
        assert [hit["number"] for hit in searcher.search(query.Every(), sortedby=by)] == [9, 7, 5]
        reader = searcher.reader()
        assert (reader.min_field_length("title"), reader.max_field_length("title")) == (1, 3)
        cursor = reader.cursor("title")
        assert (cursor.find("b"), cursor.term_info().doc_frequency(), cursor.next()) == ("border", 2, "north")
        assert not reader.cursor("number").is_valid()
        assert [text for name, text in reader.terms_from("url", b"") if name == "url"] == []
        assert not reader.is_deleted(3)


def test_the_file(tmp_path: Path) -> None:
    """One file a segment, each array of it checked."""
    index = build(tmp_path / "index", ArrayCodec())
    files = sorted(each.name for each in (tmp_path / "index").iterdir() if not each.name.endswith("LOCK"))
    assert [Path(name).suffix for name in files] == [".seg"] * 5 + [".toc"]
    for name in files[:-1]:
        SegmentFile(tmp_path / "index" / name).check()
    path = tmp_path / "index" / files[0]
    whole = path.read_bytes()
    assert b"\x80\x02]q\x00" not in whole  # how pickles of Whoosh's formats begin
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(SegmentDamagedError):
        SegmentFile(path).check()
    index.close()


def test_small_segments_are_merged(tmp_path: Path) -> None:
    """Whoosh's own policy of merging reads our segments and writes one."""
    index = make(tmp_path, id=ID(stored=True), text=TEXT)
    for number in range(6):
        writer = open_writer(index, ArrayCodec())
        writer.add_document(id=str(number), text="one word more " * number)
        writer.commit()
    with index.searcher() as searcher:
        assert len(searcher.reader().leaf_readers()) < 6
        assert sorted(hit["id"] for hit in searcher.search(T("text", "word"))) == ["1", "2", "3", "4", "5"]


def test_a_commit_without_documents(tmp_path: Path) -> None:
    """Leaves no file behind that nobody reads."""
    index = make(tmp_path, id=ID)
    open_writer(index, ArrayCodec()).commit()
    assert not list(tmp_path.glob("*.seg"))
    open_writer(index, ArrayCodec()).cancel()
    with open_writer(index, ArrayCodec()) as writer:
        writer.add_document()
    with index.searcher() as searcher:
        assert (searcher.doc_count(), searcher.stored_fields(0)) == (1, {})


def test_field_names_with_dots(tmp_path: Path) -> None:
    """The names of fields never meet those of arrays."""
    names = ["a", "a.terms", "a.terms.text", "a.number", "a.length"]
    index = make(tmp_path, **dict.fromkeys(names, TEXT(vector=True, sortable=True)))
    with open_writer(index, ArrayCodec()) as writer:
        writer.add_document(**{name: f"word{at}" for at, name in enumerate(names)})
    with index.searcher() as searcher:
        for at, name in enumerate(names):
            assert [*searcher.reader().lexicon(name)] == [f"word{at}".encode()]
            assert [*searcher.vector_as("weight", 0, name)] == [(f"word{at}", 1.0)]
            assert searcher.reader().column_reader(name)[0] == f"word{at}"


@pytest.mark.parametrize("count", [3, 8, 9])
def test_is_deleted_up_to_the_number_of_documents(count: int) -> None:
    """Whoosh's matchers ask for the document after the last."""
    segment = ArraySegment("MAIN", count)
    assert not segment.is_deleted(count)
    segment.delete(np.array([0, count - 1]))
    assert [segment.is_deleted(number) for number in range(count + 1)] == [
        number in (0, count - 1) for number in range(count + 1)
    ]
