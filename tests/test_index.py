"""The contract of every `SearchIndex`: what is stored is found, filtered, sorted, counted and marked.

Runs on each index that the archive has. The store here is a dictionary that answers `get_many`: what is tested is the
index; `tests/test_crash.py` and `tests/test_corpus.py` test it on the real store.
"""

import json
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from archive.errors import IndexLockedError, IndexUnavailableError
from archive.ports import SearchIndex
from archive.types import (
    Article,
    ArticleFilter,
    Changes,
    FacetField,
    IndexState,
    MessageKind,
    Origin,
    PublicationDate,
    SearchPage,
    SearchRequest,
    Sort,
)
from index.whoosh_index import WhooshIndex

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def article(number: int, body: str, title: str = "Untitled", **fields: object) -> Article:
    values: dict[str, object] = {
        "url": None, "source": None, "authors": (), "published": None, "language": "en", "tags": (), "versions": 1,
        "section": None, "summary": None, "origin": Origin("test", "text"), "version": 1, "added": NOW, "changed": NOW,
    } | fields  # fmt: skip
    if isinstance(values["published"], str):
        values["published"] = PublicationDate.parse(values["published"])
    return Article(id=number, title=title, body=body, **values)  # type: ignore[arg-type]


class Shelf(dict[int, Article]):
    """The articles of a test, as an index asks for them."""

    def get_many(self, ids: Sequence[int]) -> Mapping[int, Article]:
        return {number: self[number] for number in ids if number in self}


Make = Callable[..., SearchIndex]


@pytest.fixture(params=[WhooshIndex])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes an index in the test's folder that holds the articles given."""
    opened = []

    def make_index(*articles: Article, database: str = "db") -> SearchIndex:
        shelf = Shelf({each.id: each for each in articles})
        index = request.param(tmp_path / "index", shelf, database)
        opened.append(index)
        if articles:
            with index.rebuild() as fresh:
                fresh.apply(Changes(len(articles), tuple(articles)))
        return index  # type: ignore[no-any-return]

    yield make_index
    for index in opened:
        index.close()


def find(index: SearchIndex, query: str, **options: object) -> SearchPage:
    return index.search(SearchRequest(query=query, **options))  # type: ignore[arg-type]


def ids(page: SearchPage) -> list[int]:
    return [hit.headline.id for hit in page.hits]


# --- finding --------------------------------------------------------------------------------------------------------

FOUND = [  # query, text, and what is marked in it ("" where it must not be found)
    ("Turkiye", "In Türkiye’s south", "Türkiye"),
    ("Türkiye", "in turkiye", "turkiye"),
    ("TÜRKİYE", "In Türkiye", "Türkiye"),
    ("turkiye’s", "In Türkiye", "Türkiye"),
    ("istanbul", "İstanbul", "İstanbul"),
    ("İstanbul", "ISTANBUL", "ISTANBUL"),
    ("Diyarbakir", "Diyarbakır", "Diyarbakır"),
    ("7500", "over 7,500 people", "7,500"),
    ("7,500", "over 7500 people", "7500"),
    ("500", "over 7,500 people", ""),
    ("7,500", "only 500 people", ""),
    ("FTF", "the FTFs came", "FTFs"),
    ("FTFs", "an FTF came", "FTF"),
    ("ftfs", "an FTF came", "FTF"),
    ("US", "the U.S. said", "U.S."),
    ("U.S.", "the US said", "US"),
    ("IS", "the Islamic State (IS) said", "IS"),
    ("May", "in May", "May"),
    ("NOT xyzzy", "in May", None),
    ("counter-terrorism", "counterterrorism work", "counterterrorism"),
    ("counter-terrorism", "counter terrorism work", "counter terrorism"),
    ("counterterrorism", "counter-terrorism work", "counter-terrorism"),
    ("counterterrorism", "counter terrorism work", "counter terrorism"),
    ("counter terrorism", "counterterrorism work", "counterterrorism"),
    ("counter terrorism", "counter-terrorism work", "counter|terrorism"),
    ("policy-maker", "the policymaker", "policymaker"),
    ("policymakers", "each policy-maker", ""),
    ("cease-fire", "a ceasefire", "ceasefire"),
    ("ceasefire", "a cease fire", "cease fire"),
    ("F-16", "an F16 jet", "F16"),
    ("F16", "an F-16 jet", "F-16"),
    ("COVID-19", "covid19", "covid19"),
    ("therapist", "the rapist", ""),
    ('"not able"', "it is notable", ""),
    ('"counter-terrorism work"', "counterterrorism work", "counterterrorism work"),
    ('"counterterrorism work"', "counter-terrorism work", "counter-terrorism work"),
    ("election", "two elections", "elections"),
    ('"election"', "two elections", ""),
    ('"two elections"', "two elections", "two elections"),
    ('"elections two"', "two elections", ""),
    ("“border security”", "on border security now", "border security"),
    ('"border security"', "border\nsecurity", "border\nsecurity"),
    ('"border security"', "the border\n\nsecurity", ""),
    ('"border security"', "border and security", ""),
    ('"state of the union"', "state union", ""),
    ('"of the"', "state of the union", "of the"),
    ("terror*", "terrorism", "terrorism"),
    ("terr?rism", "terrorism", "terrorism"),
    ("Soyl?", "Soylu spoke", "Soylu"),
    ("terr*ism", "a terrorist", ""),
    ("border -iraq", "border of Syria", "border"),
    ("border -iraq", "border of Iraq", ""),
    ("border OR iraq", "iraq", "iraq"),
    ("(border OR iraq) peace", "iraq and peace", "iraq|peace"),
    ("l'Irak", "avec l’Irak", "l’Irak"),
    ("Irak", "avec l’Irak", "Irak"),
    ("O'Brien", "said O’Brien", "O’Brien"),
    ("don't", "I don’t", "don’t"),
    ("body title", "body", None),
]


@pytest.mark.parametrize(("query", "text", "marked"), FOUND, ids=lambda value: str(value)[:40])
def test_what_is_found_and_marked(make: Make, query: str, text: str, marked: str | None) -> None:
    """A row is a query, a text, and exactly what is marked in it."""
    index = make(article(1, text), article(2, "Nothing of it here", "Other"))
    page = find(index, query)
    if marked is None:
        assert 1 in ids(page)
    elif not marked:
        assert 1 not in ids(page) or page.relaxed
    else:
        assert 1 in ids(page)
        assert not page.relaxed
        snippets = next(hit.snippets for hit in page.hits if hit.headline.id == 1)
        expected = [part.replace("\n", " ") for part in marked.split("|")]
        assert [snippet.text[a:b] for snippet in snippets for a, b in snippet.marks] == expected


LANGUAGES = [
    ("de", "Häuser", "Das Haus steht", "Haus"),
    ("de", "haus", "Die Häuser stehen", "Häuser"),
    ("fr", "election", "Les élections en Irak", "élections"),
    ("ar", "عراق", "الحكومة العراقية", "العراقية"),
    ("ar", "الي", "إلى بغداد", "إلى"),
    ("zh", "母亲河", "中华民族的母亲河", "母亲河"),
    ("zh", "河", "中华民族的母亲河", "河"),
    ("zh", "母", "中华民族的母亲河", "母"),
    ("zh", "亲母", "中华民族的母亲河", ""),
    ("ja", "東京", "東京で会談", "東京"),
    ("tr", "Türkiye", "Türkiye'nin sınırı", "Türkiye"),
    ("tr", "sinir", "Türkiye'nin sınırı", "sınırı"),
    ("am", "ጨዋታ", "ዘጠኝ ጨዋታ", "ጨዋታ"),
    (None, "border", "the border", "border"),
]


@pytest.mark.parametrize(("language", "query", "text", "marked"), LANGUAGES, ids=lambda value: str(value)[:30])
def test_languages(make: Make, language: str | None, query: str, text: str, marked: str) -> None:
    """Each article is stemmed by its own language, and one query finds them all."""
    index = make(article(1, text, language=language), article(2, "English news about elections"))
    page = find(index, query)
    assert [s.text[a:b] for hit in page.hits if hit.headline.id == 1 for s in hit.snippets for a, b in s.marks] == (
        [marked] if marked else []
    )


def test_a_foreign_stem_finds_nothing_wrong(make: Make) -> None:
    """In German, news has the stem new; English articles with new are not about news."""
    index = make(article(1, "Die Wahlen", language="de"), article(2, "a new house"))
    assert find(index, "news").total == 0


def test_a_word_is_inflected_only_in_the_languages_that_have_it(make: Make) -> None:
    """To a Spanish stemmer, border and bordo are one word; a reader who asks for border means neither."""
    index = make(article(1, "the borders"), article(2, "a border"), article(3, "a bordo del tren", language="es"))
    assert set(ids(find(index, "border"))) == {1, 2}
    assert ids(find(index, "bordo")) == [3]
    assert set(ids(find(index, "bordering"))) >= {1, 2}  # nobody wrote it, so any language may have inflections of it
    assert ids(find(index, "border", filter=ArticleFilter(languages=("es",)))) == [3]


def test_words_may_stand_in_title_and_body(make: Make) -> None:
    index = make(article(1, "about security", "The border"))
    page = find(index, "border security")
    assert ids(page) == [1]
    assert page.hits[0].title.marks == ((4, 10),)


def test_fields(make: Make) -> None:
    index = make(
        article(
            1, "border", "Iraq", authors=("Süleyman Soylu",), source="BBC News", tags=("world",), url="https://e.org/x"
        ),
        article(2, "Iraq", "border", language="fr"),
    )
    for query in ("title:iraq", "author:soylu", 'author:"suleyman soylu"', "source:bbc", "tag:world", "url:e.org"):
        assert ids(find(index, query)) == [1], query
    assert ids(find(index, "language:fr")) == [2]
    assert ids(find(index, "border -language:fr")) == [1]


def test_a_title_counts_more(make: Make) -> None:
    index = make(article(1, "border news", "Other"), article(2, "other news", "Border"))
    assert ids(find(index, "border")) == [2, 1]


# --- filters, sorts, pages, counts ----------------------------------------------------------------------------------


def test_a_word_counts_as_one_however_it_is_written(make: Make) -> None:
    index = make(
        article(1, "Three dollars a share. Holders may sell."),
        article(2, "The shareholders may sell today."),
        article(3, "A share holder may sell, and shareholders may buy."),
    )
    assert ids(find(index, "shareholders")) == [3, 2, 1]


@pytest.fixture
def dated(make: Make) -> SearchIndex:
    return make(
        article(1, "border", published="2021", source="A", tags=("x", "y"), authors=("Ann",)),
        article(2, "border", published="2021-05", source="B", tags=("x",)),
        article(3, "border", published="2021-05-03", source="A", language="fr"),
        article(4, "border", published="2021-05-03T23:30:00-08:00", source="C"),
        article(5, "border", published="2022-01-01T00:30:00+14:00"),
        article(6, "border"),
    )


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("2021-05-03", "2021-05-03", {1, 2, 3, 4}),
        ("2021-05-04", None, {1, 2, 5}),
        (None, "2021-05-02", {1, 2}),
        (None, "2021-04-30", {1}),
        ("2022-01-01", "2022-01-01", {5}),
        (None, "2021-12-31", {1, 2, 3, 4}),
        ("2023-01-01", None, set()),
    ],
)
def test_days_are_inclusive_and_never_shift(
    dated: SearchIndex, first: str | None, last: str | None, found: set[int]
) -> None:
    """The day is the one that the source wrote, whatever the time zone; an article of a year may be of any day."""
    wanted = ArticleFilter(
        published_from=date.fromisoformat(first) if first else None,
        published_to=date.fromisoformat(last) if last else None,
    )
    assert set(ids(find(dated, "border", filter=wanted))) == found
    asked = " ".join(filter(None, [f"after:{first}" if first else "", f"before:{last}" if last else ""]))
    assert set(ids(find(dated, f"border {asked}"))) == found or find(dated, f"border {asked}").relaxed


def test_values_of_a_field_are_alternatives_and_fields_add_up(dated: SearchIndex) -> None:
    assert set(ids(find(dated, "border", filter=ArticleFilter(sources=("A", "B"))))) == {1, 2, 3}
    assert set(ids(find(dated, "border", filter=ArticleFilter(sources=("a",), languages=("fr",))))) == {3}
    assert set(ids(find(dated, "", filter=ArticleFilter(tags=("x",))))) == {1, 2}
    assert set(ids(find(dated, "", filter=ArticleFilter(authors=("ann",))))) == {1}


def test_sorts(dated: SearchIndex) -> None:
    assert ids(find(dated, "border", sort=Sort.NEWEST)) == [5, 4, 3, 2, 1, 6]
    assert ids(find(dated, "border", sort=Sort.OLDEST)) == [1, 2, 3, 4, 5, 6]


def test_what_is_recent_counts_a_little_more(make: Make) -> None:
    """Of two that match alike the recent one is first, and one that matches much better is first whatever its date."""
    others = [article(number, "the rest of the news") for number in range(10, 40)]
    index = make(
        article(1, "border of Iraq and the rest", published=PublicationDate.parse("1987-02-26")),
        article(2, "border of Iraq and the rest", published=PublicationDate.parse("1985")),
        article(3, "border of Iraq and the rest"),
        article(4, "border border border Iraq", title="Iraq border", published=PublicationDate.parse("1980")),
        *others,
    )
    found = find(index, "border iraq", sort=Sort.RECENT)
    assert ids(found) == [4, 1, 2, 3]
    assert ids(find(index, "border iraq")) == [4, 3, 2, 1]  # alike: the newest in the archive
    plain = {hit.headline.id: hit.score for hit in find(index, "border iraq").hits}
    times = {hit.headline.id: hit.score / plain[hit.headline.id] for hit in found.hits}
    assert times[1] == pytest.approx(1.5)
    assert 1.1 < times[2] < 1.15
    assert times[3] == 1


def test_pages_never_overlap(make: Make) -> None:
    index = make(*(article(number, "border") for number in range(1, 48)))
    pages = [find(index, "border", page=page, page_size=10) for page in range(1, 7)]
    assert [page.total for page in pages] == [47] * 6
    assert pages[0].pages == 5
    assert sorted(number for page in pages for number in ids(page)) == list(range(1, 48))
    assert [hit.rank for hit in pages[1].hits] == list(range(11, 21))
    assert pages[5].hits == ()


def test_facets_count_all_hits_and_leave_their_own_filter_out(dated: SearchIndex) -> None:
    page = find(dated, "border", filter=ArticleFilter(sources=("A",)), page_size=1)
    assert page.total == 2
    sources = {value.value: value.count for value in page.facets[FacetField.SOURCE]}
    assert sources == {"A": 2, "B": 1, "C": 1}
    assert {value.value: value.count for value in page.facets[FacetField.TAG]} == {"x": 1, "y": 1}
    assert {value.value: value.count for value in page.facets[FacetField.YEAR]} == {"2021": 2}
    assert [(bucket.start.isoformat(), bucket.count) for bucket in page.timeline] == [
        ("2021-01-01", 1),
        ("2021-05-01", 1),
    ]


# --- when nothing is found ------------------------------------------------------------------------------------------


def test_a_phrase_that_nobody_wrote_says_what_to_try(make: Make) -> None:
    index = make(article(1, "border security"))
    page = find(index, '"security border"')
    assert page.total == 0
    assert page.suggestion == "security border"
    assert find(index, page.suggestion).total == 1
    assert [(message.kind, message.start, message.end) for message in page.messages] == [(MessageKind.UNKNOWN, 0, 17)]


def test_most_of_the_words_where_no_article_has_all(make: Make) -> None:
    index = make(article(1, "alpha beta"), article(2, "alpha"), article(3, "beta gamma"), article(4, "gamma"))
    page = find(index, "alpha beta gamma")
    assert page.relaxed
    assert set(ids(page)) == {1, 3}
    assert any(message.kind is MessageKind.RELAXED for message in page.messages)
    assert not find(index, "alpha beta").relaxed


def test_what_is_excluded_stays_excluded_when_relaxed(make: Make) -> None:
    index = make(article(1, "alpha delta"), article(2, "beta", published="2021"), article(3, "alpha", published="2023"))
    assert set(ids(find(index, "alpha beta -delta"))) == {2, 3}
    assert set(ids(find(index, "alpha beta date:2023"))) == {3}


def test_filters_that_leave_nothing_are_said(make: Make) -> None:
    page = find(make(article(1, "border", source="A")), "border", filter=ArticleFilter(sources=("B",)))
    assert page.total == 0
    assert "1 article matches the query, but the filters leave none" in page.messages[0].text


def test_unknown_words_are_named(make: Make) -> None:
    page = find(make(article(1, "border")), "xyzzy border")
    assert any(message.kind is MessageKind.UNKNOWN and "xyzzy" in message.text for message in page.messages)


def test_patterns_say_what_they_stand_for_and_have_limits(make: Make) -> None:
    index = make(article(1, " ".join(f"wor{n}d" for n in range(2000)) + " terrorism terrorist"))
    assert "terrorism, terrorist" in find(index, "terror*").messages[0].text
    for query in ("wor*", "t*", "?a", "*g", "*or*", "NOT wor*"):
        page = find(index, query)
        assert page.total == 0
        assert [message.kind for message in page.messages] == [MessageKind.LIMIT], query


@pytest.mark.parametrize("query", ["border", "", "*", '"a b"', "-x", "a*", "ab*", "date:2021", "title:x", "a OR b"])
def test_an_empty_archive_answers(make: Make, query: str) -> None:
    index = make()
    with index.rebuild():
        pass
    page = find(index, query)
    assert page.total == 0
    assert page.hits == ()


# --- following the store --------------------------------------------------------------------------------------------


def test_changes_take_effect_once_and_in_order(make: Make) -> None:
    index = make(article(1, "border"), article(2, "border"))
    index.apply(Changes(3, (article(1, "iraq"),), (2,)))
    assert find(index, "border").total == 0
    assert list(index.article_ids()) == [1]
    index.apply(Changes(3, (article(1, "border"),), ()))  # already held: nothing happens
    assert find(index, "border").total == 0
    assert index.checkpoint() == 3


def test_an_article_deleted_from_the_store_is_never_shown(make: Make) -> None:
    """Even while the index does not know it yet."""
    index = make(article(1, "border"), article(2, "border"))
    del index._articles[1]  # type: ignore[attr-defined]
    assert ids(find(index, "border")) == [2]


def test_a_second_process_sees_a_commit_at_its_next_search(make: Make, tmp_path: Path) -> None:
    index = make(article(1, "border"))
    other = WhooshIndex(tmp_path / "index", index._articles, "db")  # type: ignore[attr-defined]
    assert find(other, "border").total == 1
    index.apply(Changes(2, (), (1,)))
    assert find(other, "border").total == 0
    other.close()


def test_an_article_that_cannot_be_indexed_is_left_out_and_told(make: Make) -> None:
    """Its neighbours are found, and nothing of it is."""
    index = make(article(1, "border"))
    poison = article(3, "secret")
    object.__setattr__(poison, "authors", (7,))
    index.apply(Changes(9, (article(2, "border"), poison, article(4, "border")), ()))
    assert set(ids(find(index, "border"))) <= {1}  # 2 and 4 are not on this test's shelf
    assert list(index.article_ids()) == [1, 2, 4]
    assert find(index, "secret").total == 0
    assert list(index.status(9).refused) == [3]


def test_status(make: Make) -> None:
    index = make()
    assert index.status(0).state is IndexState.MISSING
    assert index.checkpoint() == 0
    index = make(article(1, "border"))
    assert index.status(1).state is IndexState.CURRENT
    assert index.status(4).state is IndexState.BEHIND
    assert index.status(4).behind == 3
    assert index.status(0).state is IndexState.OUTDATED  # an older database was restored
    assert index.status(1).articles == 1


def test_an_index_of_another_database_is_not_used(make: Make, tmp_path: Path) -> None:
    make(article(1, "border")).close()
    other = WhooshIndex(tmp_path / "index", Shelf(), "another")
    assert other.status(1).state is IndexState.OUTDATED
    with pytest.raises(IndexUnavailableError):
        find(other, "border")


def test_a_rebuild_that_fails_changes_nothing(make: Make) -> None:
    index = make(article(1, "border"))
    with pytest.raises(RuntimeError), index.rebuild() as fresh:  # noqa: PT012  # the block is what fails
        fresh.apply(Changes(1, (article(1, "iraq"),)))
        raise RuntimeError
    assert find(index, "border").total == 1
    with index.rebuild() as fresh:
        fresh.apply(Changes(1, (article(1, "iraq"),)))
        assert find(index, "border").total == 1  # the old one answers until the new one is whole
    assert find(index, "iraq").total == 1


def _hold(path: Path, ready: "multiprocessing.synchronize.Event", done: "multiprocessing.synchronize.Event") -> None:
    with WhooshIndex(path, Shelf(), "db").rebuild():
        ready.set()
        done.wait(20)


def test_one_process_writes_and_readers_never_wait(make: Make, tmp_path: Path) -> None:
    index = make(article(1, "border"))
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    writer = context.Process(target=_hold, args=(tmp_path / "index", ready, done))
    writer.start()
    assert ready.wait(20)
    assert find(index, "border").total == 1
    with pytest.raises(IndexLockedError):
        index.apply(Changes(2, (article(2, "x"),)), wait=0.1)
    done.set()
    writer.join(20)
    index.apply(Changes(2, (article(2, "x"),)), wait=5)
    assert index.checkpoint() == 2


def test_threads_share_an_index(make: Make) -> None:
    index = make(*(article(number, f"border word{number}") for number in range(1, 30)))
    wrong: list[object] = []

    def search() -> None:
        wrong.extend(number for number in range(1, 30) if ids(find(index, f"word{number}")) != [number])

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(30, 40):
        index.apply(Changes(number, (article(number, "border"),)))
    for thread in threads:
        thread.join()
    assert wrong == []


# --- damage ---------------------------------------------------------------------------------------------------------


def _folder(tmp_path: Path) -> Path:
    return tmp_path / "index" / (tmp_path / "index" / "current").read_text()


def test_every_damaged_byte_is_noticed(make: Make, tmp_path: Path) -> None:
    """A flipped bit, a cut file or a missing one: the index says so and is never silently wrong."""
    index = make(*(article(number, f"border word{number}") for number in range(1, 50)))
    index.close()
    folder = _folder(tmp_path)
    whole = tmp_path / "whole"
    shutil.copytree(folder, whole)
    names = [path.name for path in folder.iterdir() if path.suffix in (".seg", ".toc")]
    for name in names:
        size = (folder / name).stat().st_size
        for at in range(0, size, max(1, size // 40)):
            data = bytearray((whole / name).read_bytes())
            data[at] ^= 1 << (at % 8)
            (folder / name).write_bytes(data)
            assert index.status(49).state is IndexState.DAMAGED, (name, at)
        for broken in (data[: size // 2], b""):
            (folder / name).write_bytes(broken)
            assert index.status(49).state is IndexState.DAMAGED
        (folder / name).unlink()
        assert index.status(49).state is IndexState.DAMAGED
        index.close()
        with pytest.raises(IndexUnavailableError):
            find(index, "border")
        shutil.copy2(whole / name, folder / name)
        assert index.status(49).state is IndexState.CURRENT
    assert index.check() == []


def test_a_bad_manifest_is_damage(make: Make, tmp_path: Path) -> None:
    index = make(article(1, "border"))
    manifest = _folder(tmp_path) / "manifest.json"
    for text in ("", "{", "[]", "null", json.dumps({"sequence": "x"})):
        manifest.write_text(text)
        assert index.status(1).state is IndexState.DAMAGED
        assert index.checkpoint() == 0


def test_check_reads_what_the_clock_hides(make: Make, tmp_path: Path) -> None:
    """Bit rot does not change a file's time: status believes the time, check reads every byte."""
    index = make(article(1, "border"))
    segment = next(_folder(tmp_path).glob("*.seg"))
    times = segment.stat()
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    os.utime(segment, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert any("content" in fault for fault in index.check())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Whoosh leaves broken files open
def test_bit_rot_that_a_search_meets_leads_to_a_rebuild(make: Make, tmp_path: Path) -> None:
    """It is proved by the checksums first: a search that fails for another reason condemns nothing."""
    index = make(*(article(number, f"border word{number}") for number in range(1, 50)))
    index.close()
    segment = next(_folder(tmp_path).glob("*.seg"))
    times = segment.stat()
    segment.write_bytes(b"\xff" * times.st_size)
    os.utime(segment, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert index.state(49) is IndexState.CURRENT  # nothing shows it yet
    with pytest.raises(IndexUnavailableError):
        find(index, "border")
    assert index.state(49) is IndexState.DAMAGED
    with index.rebuild() as fresh:
        fresh.apply(Changes(1, (article(1, "border"),)))
    assert find(index, "border").total == 1


def test_a_failed_search_does_not_end_searching(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a query runs into, the next one is answered, also after the next commit."""
    index = make(article(1, "border"))
    with monkeypatch.context() as broken:
        broken.setattr("index.snapshot.Snapshot.find", lambda *_, **__: {}["nothing"])
        with pytest.raises(IndexUnavailableError):
            find(index, "border")
    assert find(index, "border").total == 1
    index.apply(Changes(2, (article(2, "iraq"),)))
    assert find(index, "border").total == 1
    assert index.state(2) is IndexState.CURRENT


def test_a_commit_cut_off_before_its_manifest_is_used_and_replayed(make: Make, tmp_path: Path) -> None:
    index = make(article(1, "border"))
    manifest = _folder(tmp_path) / "manifest.json"
    before = manifest.read_text()
    index.apply(Changes(2, (article(1, "border"),), ()))
    manifest.write_text(before)
    assert index.status(2).state is IndexState.BEHIND
    index.apply(Changes(2, (article(1, "border"),), ()))
    assert index.status(2).state is IndexState.CURRENT
    assert list(index.article_ids()) == [1]


def test_old_generations_are_removed(make: Make, tmp_path: Path) -> None:
    index = make(article(1, "border"))
    for _ in range(3):
        with index.rebuild() as fresh:
            fresh.apply(Changes(1, (article(1, "border"),)))
    assert len([path for path in (tmp_path / "index").iterdir() if path.is_dir()]) == 1
