"""A query is offered with the other forms of its names: what is offered, what it finds, and the way back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.bootstrap import open_archive
from archive.service import Archive
from archive.settings import load_settings
from archive.types import Aliases, ArticleFilter, Expansion, NewArticle, Origin, SearchRequest
from index import bulk
from index.query import parse

TEXTS = [
    *(f"The Islamic State (IS) was there, time {n}." for n in range(3)),
    *(f"Islamic State is what it is called, as the state is Islamic, time {n}." for n in range(2)),
    *(f"It is in the village that IS was seen, time {n}." for n in range(2)),
    *(f"It is raining, and it is cold, time {n}." for n in range(30)),
    "Return of foreign terrorist fighters (FTFs).",
    "An FTF (foreign terrorist fighter) returned.",
    "The FTFs came.",
    *(f"The World Health Organization (WHO) said who it was, and who, time {n}." for n in range(3)),
    *(f"The World Health Organisation (WHO) asked who did it, and who, time {n}." for n in range(2)),
    *(f"Asian Development Bank (ADB) loans, time {n}." for n in range(3)),
    *(f"African Development Bank (ADB) loans, time {n}." for n in range(2)),
    "The Organisation for the Prohibition of Chemical Weapons (OPCW) met.",
    "Türkiye spoke.",
    "Turkey spoke.",
    "Die Türkei sprach.",
]
GROUPS = Aliases((("Türkiye", "Turkey", "die Türkei"), ("Daesh", "IS"), ("OR", "AT&T"), ("Turkiye", "TÜRKİYE")))


def fill(archive: Archive, texts: list[str]) -> None:
    articles = [
        NewArticle(title=f"T{at}", body=body, origin=Origin("x", "text"), language="en", source=f"S{at % 2}")
        for at, body in enumerate(texts)
    ]
    archive.store.add(articles)
    archive.sync()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """In several segments."""
    with open_archive(load_settings({"data": str(tmp_path_factory.mktemp("widening"))}, {})) as opened:
        for at in range(0, len(TEXTS), 25):
            fill(opened, TEXTS[at : at + 25])
        yield opened


def ask(archive: Archive, query: str, aliases: Aliases = GROUPS, **options: object) -> dict[str, Expansion]:
    page = archive.index.search(SearchRequest(query=query, **options), aliases)  # type: ignore[arg-type]
    return {each.text: each for each in page.expansions}


def total(archive: Archive, query: str, filter: ArticleFilter | None = None) -> int:
    page = archive.search(SearchRequest(query=query, filter=filter or ArticleFilter()))
    return 0 if page.relaxed else page.total


@pytest.mark.parametrize(
    ("query", "text", "widened", "count"),
    [
        ("IS", "IS = Islamic State", 'ALLCAPS(IS) OR "Islamic State"', 7),
        ("is", "IS = Islamic State", 'ALLCAPS(IS) OR "Islamic State"', 7),
        ('"IS"', "IS = Islamic State", 'ALLCAPS("IS") OR "Islamic State"', 7),
        ("ALLCAPS(IS)", "IS = Islamic State", 'ALLCAPS(IS) OR "Islamic State"', 7),
        ("I.S. village", "IS = Islamic State", '(ALLCAPS(I.S.) OR "Islamic State") village', 2),
        ("islamic state", "IS = Islamic State", "(islamic AND state) OR ALLCAPS(IS)", 7),
        ('"Islamic State" seen', "IS = Islamic State", '("Islamic State" OR ALLCAPS(IS)) seen', 2),
        ("seen islamic state", "IS = Islamic State", "seen ((islamic AND state) OR ALLCAPS(IS))", 2),
        ("FTF", "FTF = foreign terrorist fighter", None, 3),
        ("ftfs", "FTF = foreign terrorist fighter", None, 3),
        ("“foreign terrorist fighters”", "FTF = foreign terrorist fighter", None, 3),
        ("WHO", "WHO = World Health Organization",
         'ALLCAPS(WHO) OR "World Health Organization" OR "World Health Organisation"', 5),
        ("world health organisation", "WHO = World Health Organization",
         '(world AND health AND organisation) OR ALLCAPS(WHO) OR "World Health Organization"', 5),
        ("ADB", "ADB = Asian Development Bank", 'ADB OR "Asian Development Bank"', 5),
        ("ADB", "ADB = African Development Bank", 'ADB OR "African Development Bank"', 5),
        ("opcw OR xyzzy", "OPCW = Organisation for the Prohibition of Chemical Weapons",
         'opcw OR "Organisation for the Prohibition of Chemical Weapons" OR xyzzy', 1),
        ("Organisation for the Prohibition of Chemical Weapons",
         "OPCW = Organisation for the Prohibition of Chemical Weapons",
         '"Organisation for the Prohibition of Chemical Weapons" OR OPCW', 1),
        ("Turkey", "Türkiye = Turkey = die Türkei", 'Turkey OR Türkiye OR "die Türkei"', 3),
        ("turkiye -cold", "Türkiye = Turkey = die Türkei", '(turkiye OR Turkey OR "die Türkei") NOT cold', 3),
        ("lead:turkey", "Türkiye = Turkey = die Türkei", 'lead:turkey OR lead:Türkiye OR lead:"die Türkei"', 3),
        ("ATLEAST2 IS", "IS = Islamic State", 'ATLEAST2 (ALLCAPS(IS) OR "Islamic State")', 3),
        ("IS NEAR/3 seen", "IS = Islamic State", '(ALLCAPS(IS) OR "Islamic State") NEAR/3 seen', 2),
        ("daesh", "Daesh = IS", "daesh OR ALLCAPS(IS)", 5),
    ],
)  # fmt: skip
def test_what_is_offered(filled: Archive, query: str, text: str, widened: str | None, count: int) -> None:
    offered = ask(filled, query)[text]
    assert offered.count == count == total(filled, offered.query)
    assert offered.query == (widened or offered.query)
    assert offered.kind == ("alias" if text.count(" = ") > 1 or text.startswith("Daesh") else "abbreviation")


@pytest.mark.parametrize(
    "query",
    [
        "", "*", "rain", "cold village", "-IS rain", "NOT (IS)", "IS*", "islam* state", "IS~1", '"state Islamic"',
        "title:islamic state", "source:IS", "islamic OR state", "it is cold and", "is it cold or who is there now",
        '"Islamic State"~3', "((", '"', "xyzzy", "is " * 30, "after:2020",
    ],
)  # fmt: skip
def test_what_is_no_name_there_is_not_offered_as_one(filled: Archive, query: str) -> None:
    assert not [each for each in ask(filled, query) if each.startswith("IS = ")]


def test_a_common_word_is_an_abbreviation_alone_or_in_capitals(filled: Archive) -> None:
    assert "IS = Islamic State" in ask(filled, "is")
    assert "IS = Islamic State" not in ask(filled, "is village")
    assert "IS = Islamic State" in ask(filled, "IS village")


def test_aliases_come_first_and_replace_the_same_abbreviation(filled: Archive) -> None:
    assert list(ask(filled, "IS")) == ["Daesh = IS", "IS = Islamic State"]
    same = Aliases((("is", "islamic state"),))
    assert list(ask(filled, "IS", same)) == ["is = islamic state"]


def test_names_that_differ_in_nothing_are_not_offered(filled: Archive) -> None:
    assert ask(filled, "türkiye", Aliases((("Turkiye", "TÜRKİYE"),))) == {}


def test_nothing_is_offered_where_nothing_is_explained(filled: Archive) -> None:
    assert ask(filled, "IS", explain=False) == {}


@pytest.mark.parametrize("query", ["IS", '"Islamic State"', "FTF", "WHO virus time", "turkey OR rain", "ADB loans"])
def test_the_count_is_what_is_found_under_the_same_filters(filled: Archive, query: str) -> None:
    for wanted in (ArticleFilter(), ArticleFilter(sources=("S1",))):
        for each in ask(filled, query, filter=wanted).values():
            assert each.count == total(filled, each.query, wanted) > 0


@pytest.mark.parametrize(
    ("query", "back"),
    [
        ("IS", ["only IS", "only ALLCAPS(IS)"]),
        ("IS seen", ["only IS", "only ALLCAPS(IS)"]),
        ('"Islamic State" time', ['only "Islamic State"']),
        ("islamic state time", ["only islamic state"]),
        ("FTF", ["only FTF"]),
        ("title:x OR ftf", ["only ftf"]),
        ("WHO", ["only WHO", "only ALLCAPS(WHO)"]),
        ("turkey spoke", ["only turkey"]),
        ("ftfs returned", ["only ftfs"]),
    ],
)
def test_the_widened_query_leads_back(filled: Archive, query: str, back: list[str]) -> None:
    widened = next(iter(reversed(ask(filled, query).values())))
    again = ask(filled, widened.query)
    assert [text for text, each in again.items() if each.kind == "only"] == back
    assert not [each for each in again.values() if each.text == widened.text]
    narrowed = again[back[0]]
    assert str(parse(narrowed.query)) == str(parse(query))
    assert narrowed.count == total(filled, query)


WORDS = st.sampled_from(
    ["IS", "is", "islamic", "state", '"Islamic State"', "FTFs", "OR", "AND", "NOT", "-", "(", ")", "NEAR/3", "/P",
     "ATLEAST2", "ALLCAPS(", "title:", "who", "WHO", "turkey", "Türkiye", "die", "Türkei", "daesh", "at&t", "AT&T", '"',
     "or", "date:2023", "rain*", "~", "lead:(", "I.S."]
)  # fmt: skip


@given(st.lists(WORDS, max_size=8).map(" ".join))
def test_every_offer_reads_as_it_was_meant_and_finds_what_it_says(filled: Archive, query: str) -> None:
    for each in ask(filled, query).values():
        read = parse(each.query)
        assert read.messages == ()
        assert each.count == total(filled, each.query)
        assert each.count or each.kind == "only"
        if each.kind != "only":
            assert [back for back in ask(filled, each.query).values() if back.kind == "only"]


def offered(archive: Archive, query: str) -> dict[str, int]:
    found = archive.search(SearchRequest(query=query)).expansions
    return {each.text: each.count for each in found if each.kind == "abbreviation"}


def test_an_abbreviation_counts_while_articles_explain_it(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through commits, merges, deletions and rebuilds by several processes."""
    fill(archive, ["A chlorofluorocarbon (CFC) rose."])
    assert offered(archive, "CFC") == {}  # one article is not enough where the letters are inside of a word
    for at in range(40):  # many commits, which merge
        fill(archive, [f"It is cold here, time {at}."])
    fill(archive, ["A chlorofluorocarbon (CFC) fell.", "No chlorofluorocarbon at all."])
    explained = {"CFC = chlorofluorocarbon": 3}
    assert offered(archive, "CFC") == explained
    monkeypatch.setattr(bulk, "WORTH_A_PROCESS", 5)
    monkeypatch.setattr(bulk, "SHARE", 2)
    archive.rebuild_index()
    assert offered(archive, "CFC") == explained
    archive.delete([archive.search(SearchRequest(query="CFC rose")).hits[0].headline.id])
    assert offered(archive, "CFC") == {}
    fill(archive, ["Another chlorofluorocarbon (CFC) rose."])
    assert offered(archive, "chlorofluorocarbon") == explained
    archive.rebuild_index()
    assert offered(archive, "chlorofluorocarbon") == explained
    assert archive.verify() == []


def test_one_article_is_enough_for_the_letters_with_which_words_begin(archive: Archive) -> None:
    fill(archive, ["The Islamic State (IS) came."])
    assert offered(archive, "IS") == {"IS = Islamic State": 1}
    archive.delete([1])
    assert offered(archive, "IS") == {}


def test_spellings_of_one_name_are_one_meaning(archive: Archive) -> None:
    spellings = ["Centers for Disease Control", "Centre for Disease Control", "Center for Disease Controls"]
    fill(archive, [f"The {name} (CDC) said, time {n}." for name in spellings for n in range(2)])
    fill(archive, ["The Council of Daring Cooks (CDC) met.", "The Council of Daring Cooks (CDC) ate."])
    assert list(offered(archive, "CDC")) == ["CDC = Center for Disease Controls", "CDC = Council of Daring Cooks"]
    assert offered(archive, "CDC")["CDC = Center for Disease Controls"] == 8


def test_a_meaning_that_is_much_rarer_than_the_commonest_is_not_told(archive: Archive) -> None:
    fill(archive, [*(f"The European Union (EU), time {n}." for n in range(41)), "The Elvish Umpires (EU) played."])
    assert list(offered(archive, "EU")) == ["EU = European Union"]


CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "articles"


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the real articles are not beside this checkout")
def test_real_abbreviations_are_offered_with_true_counts(archive: Archive) -> None:
    archive.import_paths([str(CORPUS / "bbc2225.jsonl.gz")])
    for short, long in {
        "EU": "European Union",
        "IMF": "International Monetary Fund",
        "WTO": "World Trade Organisation",
    }.items():
        for query in (short, short.lower(), long, f'"{long}"', f"{short} talks"):
            found = {each.text: each for each in archive.search(SearchRequest(query=query)).expansions}
            each = found[f"{short} = {long}"]
            assert each.count == total(archive, each.query) >= total(archive, query)
