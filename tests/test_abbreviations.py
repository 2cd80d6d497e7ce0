"""Abbreviations that a text explains, as Schwartz and Hearst find them: true pairs, and what only looks like one."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.abbreviations import Pair, find_pairs, name_key, values_of

CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "articles"


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("members of the Islamic State (IS) in Iraq", "IS", "Islamic State"),
        ("return of foreign terrorist fighters (FTFs).", "FTFs", "foreign terrorist fighters"),
        ("an FTF (foreign terrorist fighter) returned", "FTF", "foreign terrorist fighter"),
        ("FTFs (foreign terrorist fighters) returned", "FTFs", "foreign terrorist fighters"),
        ("the “EU” (European Union) said", "EU", "European Union"),
        ("the European Union (“EU”) said", "EU", "European Union"),
        ("the European Union (EU; Brussels) said", "EU", "European Union"),
        ("the European Union (EU, in Brussels) said", "EU", "European Union"),
        ("The Office for Budget Responsibility (OBR)", "OBR", "Office for Budget Responsibility"),
        ("Members of the European Parliament (MEPs) voted", "MEPs", "Members of the European Parliament"),
        ("the Edison Electric Institute (EEI)", "EEI", "Edison Electric Institute"),
        ("the Department of Defense (DoD)", "DoD", "Department of Defense"),
        ("research and development (R&D)", "R&D", "research and development"),
        ("the New York Stock Exchange's (NYSE) index", "NYSE", "New York Stock Exchange"),
        ("radio frequency ID (RFID) tags", "RFID", "radio frequency ID"),
        ("chlorofluorocarbon (CFC)", "CFC", "chlorofluorocarbon"),
        ("the World\nHealth  Organization (WHO)", "WHO", "World Health Organization"),
        ("der Europäische Gerichtshof (EuGH)", "EuGH", "Europäische Gerichtshof"),
        ("Österreichische Akademie der Wissenschaften (ÖAW)", "ÖAW", "Österreichische Akademie der Wissenschaften"),
        ("la Cour pénale internationale (CPI)", "CPI", "Cour pénale internationale"),
        ("l'Agence des États de l’Est (AEE)", "AEE", "Agence des États de l’Est"),
        ("Организация Объединённых Наций (ООН)", "ООН", "Организация Объединённых Наций"),
    ],
)
def test_a_pair_that_is_explained_is_found(text: str, short: str, long: str) -> None:
    assert list(find_pairs(text)) == [(short, long)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no parentheses at all",
        "(IS)",
        "( IS )",
        "(",
        ")",
        "((((",
        "a border (see the map) was drawn",
        "he was born there (1987) and left",
        "LONDON (Reuters) - The pound",
        "ANKARA (AA) - The government",
        "the Kurdistan Workers' Party (PKK)",
        "World War Two (II)",
        "invented in Iceland (III)",
        "Mr. Gayane (GAYANE)",
        "The tower fell. Stones (TS) lay there",
        "the Islamic\n\nState (IS)",
        "Islamic: State (IS)",
        "confirmed acceptance of National Policy Council (CNPC)",
        "write to yang@titan.example (YANG)",
        "BINDIR = bdftopcf MKFONTDIR = x (BMX)",
        "the bank, said Boris (tbsb)",
        "for Democratic Change (FDC)",
        "IS (it is not what it says)",
        "US (a large country)",
        "世界卫生组织（WHO）",
        "世界卫生组织(WHO)",
        "منظمة الصحة العالمية (WHO)",
        "منظمة (الصحة العالمية)",
    ],
)
def test_what_only_looks_like_a_pair_is_none(text: str) -> None:
    assert list(find_pairs(text)) == []


def test_several_pairs_of_a_text_are_found_each_time() -> None:
    text = "The European Union (EU) and the United Nations (UN). The European Union (EU) again."
    assert list(find_pairs(text)) == [
        ("EU", "European Union"), ("UN", "United Nations"), ("EU", "European Union"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("FTFs", "FTF"),
        ("ftf", "FTF"),
        ("U.S.", "US"),
        ("foreign terrorist fighters", "Foreign Terrorist Fighter"),
        ("Türkiye", "TURKIYE"),
        ("Cour pénale", "cour penale"),
    ],
)
def test_spellings_of_a_name_meet(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("IS", "I"), ("US", "U"), ("Paris", "Pari"), ("the press", "the pres")])
def test_an_s_that_is_no_plural_counts(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


PIECES = st.sampled_from(
    ["(", ")", " (", ") ", "IS", "Islamic State", "FTFs", "foreign fighters", "\n\n", " ", "“", "İstanbul", "ß", "ﬁ",
     "ǆ", "U.S.", "'s", ". ", "世界", "العالم", "\0", "e\u0301", "A" * 200]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=8), max_size=20).map("".join))
def test_any_text_gives_pairs_that_it_holds(text: str) -> None:
    for short, long in find_pairs(text):
        assert short in text
        assert long in " ".join(text.split())
        assert long.split()[-1] in text
        for value in values_of(Pair(short, long)):
            assert value.split("\0")[1:] == [short, long]


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the real articles are not beside this checkout")
def test_the_pairs_of_real_articles_are_the_known_ones() -> None:
    found = set()
    with gzip.open(CORPUS / "bbc2225.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            found |= set(find_pairs(json.loads(line)["body"]))
    assert found >= {
        ("EU", "European Union"), ("IMF", "International Monetary Fund"), ("CBI", "Confederation of British Industry"),
        ("WTO", "World Trade Organisation"), ("RFU", "Rugby Football Union"), ("DRM", "digital rights management"),
        ("ONS", "Office for National Statistics"), ("IAEA", "International Atomic Energy Agency"),
        ("BoE", "Bank of England"), ("R&D", "research and development"), ("CPS", "Crown Prosecution Service"),
    }  # fmt: skip
    assert 200 < len(found) < 400
    assert not [pair for pair in found if pair.long.split()[0] in ("of", "for", "the", "and", "a")]
