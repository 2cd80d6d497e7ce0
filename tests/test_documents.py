"""Segments hold what the analysis says of their documents, however they came to be: written, merged or in bulk."""

import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.types import FacetField
from index import analysis, bulk, merge
from index.bulk import Bulk
from index.documents import NUMBERS, Document, Inverted, StoredDocuments, read_values, write_segment
from index.postings import Field
from index.segment import SegmentFile
from index.stored import StoredSegment

WORDS = (
    "border borders bordering election elections elected the The IS is US U.S. Türkiye’s Turkiye 7,500 3.5 FTFs don't"
    " l’Irak Wahlen Wahl gewählt الحدود والحدود 边境安全 国家 İstanbul'da counter-terrorism COVID-19 a@b.example x"
).split()
LANGUAGES = ("en", "de", "fr", "ar", "tr", "zh", None)

texts = st.lists(st.sampled_from([*WORDS, "\n\n"]), max_size=30).map(" ".join)
documents = st.builds(
    lambda number, title, body, language, source: Document(
        (number, 700_000, 700_001, 5), title, body, language, ("Ann Lee", "Ann Lee"), source, ("war",), None
    ),
    st.integers(1, 2**40),
    texts,
    texts,
    st.sampled_from(LANGUAGES),
    st.sampled_from([None, "Post", "Zeitung"]),
)


def drawn(count: int, seed: int = 1) -> list[Document]:
    chance = random.Random(seed)

    def text(most: int) -> str:
        return " ".join(chance.choices([*WORDS, "\n\n"], k=chance.randrange(most)))

    return [
        Document(
            (number, 0, 0, 0), text(6), text(60), chance.choice(LANGUAGES), (), chance.choice(["A", "B"]), (), None
        )
        for number in range(1, count + 1)
    ]


Standing = dict[str, dict[int, list[tuple[int, str]]]]
"""Position and form of each occurrence, by term and document."""


def expected(found: list[Document]) -> Standing:
    standing: Standing = defaultdict(lambda: defaultdict(list))
    for number, document in enumerate(found):
        stemmer = analysis.stemmer_of(document.language)
        first = 0
        for text in (document.title, document.body):
            tokens = analysis.tokenise(text, document.language)
            for token in tokens:
                place = (token.position + first, token.form)
                standing[analysis.stem(token.form, stemmer)][number].append(place)
            if tokens and text is document.title:
                first = tokens[-1].position + 1 + analysis.PARAGRAPH_GAP
    return standing


def held(path: Path) -> Standing:
    file = SegmentFile(path)
    file.check()
    field = Field(file, "text")
    words, first = field.words()
    parted = [word.decode().split(merge.FORM.decode()) for word in words.tolist()]
    names = [form or term.removeprefix(":") for term, form in parted]
    standing: Standing = {}
    for rank, term in enumerate(field.terms.all()):
        assert field.rank(term) == rank
        postings, codes = field.postings(rank), field.codes(rank)
        positions = field.position.slice(postings.first, postings.first + int(postings.starts[-1]))
        standing[term.decode()] = {
            document: [
                (int(positions[at]), names[first[rank] + (0 if codes is None else codes[at])])
                for at in range(postings.starts[number], postings.starts[number + 1])
            ]
            for number, document in enumerate(postings.documents.tolist())
        }
    return standing


def write(path: Path, found: list[Document]) -> SegmentFile:
    inverted = Inverted()
    assert inverted.add(found) == {}
    write_segment(path, [inverted])
    return SegmentFile(path)


@given(st.lists(documents, max_size=6))
def test_a_segment_holds_what_the_analysis_says(
    tmp_path_factory: pytest.TempPathFactory, found: list[Document]
) -> None:
    path = tmp_path_factory.mktemp("segment") / "one.seg"
    file = write(path, found)
    assert held(path) == expected(found)
    assert file["number"].tolist() == [document.numbers[0] for document in found]
    sources = read_values(file, FacetField.SOURCE)
    assert [(sources.values[code], at) for code, at in zip(sources.codes, sources.documents, strict=True)] == [
        (document.source, at) for at, document in enumerate(found) if document.source
    ]
    assert len(read_values(file, FacetField.AUTHOR).codes) == len(found)  # a name given twice counts once


@given(st.lists(st.lists(st.tuples(documents, st.booleans()), min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_merged_segment_holds_what_was_not_deleted(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[tuple[Document, bool]]]
) -> None:
    folder = tmp_path_factory.mktemp("merged")
    sources = []
    for at, part in enumerate(parts):
        file = write(folder / f"{at}.seg", [document for document, _ in part])
        live = np.array([kept for _, kept in part], dtype=bool)
        sources.append(StoredDocuments(file, None if live.all() else live))
    write_segment(folder / "all.seg", sources)
    kept = [document for part in parts for document, is_kept in part if is_kept]
    assert held(folder / "all.seg") == expected(kept)
    assert SegmentFile(folder / "all.seg")["number"].tolist() == [document.numbers[0] for document in kept]


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 0, 0, 0), (2, 738_642, 738_642, 738_642 * 86_400 + 3_600), (3, 738_521, 738_885, 738_521 * 86_400)],
        [(2**40, 1, 3_652_059, 86_400), (7, 3_652_059, 3_652_059, 3_652_059 * 86_400 + 86_399)],
        [(1, 100, 90, 5), (2, 0, 9, 2**50)],  # which no date gives
        [],
    ],
)
def test_numbers_are_as_they_were(tmp_path: Path, rows: list[tuple[int, int, int, int]]) -> None:
    file = write(tmp_path / "one.seg", [drawn(1)[0]._replace(numbers=row) for row in rows])
    columns = [StoredSegment(file.path).numbers(name).tolist() for name in NUMBERS]
    assert list(zip(*columns, strict=True)) == rows
    merged = tmp_path / "two.seg"
    write_segment(merged, [StoredDocuments(file, None), StoredDocuments(file, None)])
    assert list(zip(*(StoredSegment(merged).numbers(name).tolist() for name in NUMBERS), strict=True)) == rows * 2


def test_ranges_of_terms_of_any_size_give_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = drawn(200)
    write(tmp_path / "one.seg", found)
    monkeypatch.setattr(merge, "RANGE", 37)
    write(tmp_path / "many.seg", found)
    assert (tmp_path / "one.seg").read_bytes() == (tmp_path / "many.seg").read_bytes()


@pytest.mark.parametrize(
    ("spill", "most", "files"),
    [(False, 1_000, 1), (False, 100, 1), (True, 1_000, 1), (True, 160, 2), (True, 1, 4)],
    ids=["in memory", "in memory though large", "spilled", "spilled, in two", "spilled, as they are"],
)
def test_documents_in_bulk_are_those_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spill: bool, most: int, files: int
) -> None:
    monkeypatch.setattr(bulk, "WORTH_A_PROCESS", 50)
    monkeypatch.setattr(bulk, "SHARE", 10)
    monkeypatch.setattr(bulk, "WAITING", 1)
    if spill:
        monkeypatch.setattr(bulk, "MOST_OCCURRENCES", 50)
    found = drawn(300)
    with Bulk(tmp_path, processes=3) as writer:
        for start in range(0, 300, 75):
            writer.add(found[start : start + 75])
        for at, sources in enumerate(writer.segments(most)):
            write_segment(tmp_path / f"{at}.seg", sources)
    paths = sorted(tmp_path.iterdir())
    assert [path.name for path in paths] == [f"{at}.seg" for at in range(files)]
    every = []
    for path in paths:
        numbers = SegmentFile(path)["number"].tolist()
        assert held(path) == expected([found[number - 1] for number in numbers])
        every += numbers
    assert sorted(every) == list(range(1, 301))


def test_a_document_that_cannot_be_inverted_is_left_out_alone(tmp_path: Path) -> None:
    good = drawn(3)
    bad = good[0]._replace(numbers=(99, 0, 0, 0), tags=(7,))  # type: ignore[arg-type]
    inverted = Inverted()
    failed = inverted.add([good[0], bad, *good[1:]])
    assert list(failed) == [99]
    assert "TypeError" in failed[99]
    write_segment(tmp_path / "good.seg", [inverted])
    assert held(tmp_path / "good.seg") == expected(good)


def test_a_worker_that_dies_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "WORTH_A_PROCESS", 10)
    with Bulk(tmp_path, processes=2) as writer:
        writer.add(drawn(20))
        writer._workers[0]._process.kill()  # as the system may
        with pytest.raises(OSError, match="ended unexpectedly"):
            list(writer.segments(100))
