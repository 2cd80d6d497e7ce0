"""How text becomes words: every equality that DESIGN promises, in both directions, and offsets that are true."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import MAX_FORM, fold, stem, stemmer_of, tokenise


def forms(text: str, language: str | None = None) -> list[str]:
    return [token.form for token in tokenise(text, language)]


SAME = [
    ("Türkiye", "Turkiye", "TÜRKİYE", "türkiye", "Türkiye’s", "Türkiye's", "Tu\u0308rkiye"),
    ("İstanbul", "istanbul", "ISTANBUL", "Istanbul"),
    ("Diyarbakır", "Diyarbakir", "DİYARBAKIR"),
    ("7,500", "7500", "7\u00a0500", "7’500", "٧٥٠٠"),
    ("U.S.", "US", "us", "U.S.’s"),
    ("FTFs", "FTF", "ftf"),
    ("Straße", "STRASSE"),
    ("Łódź", "Lodz"),
    ("Ørsted", "Orsted"),
    ("café", "cafe\u0301", "CAFÉ"),
    ("ﬁnance", "finance"),
    ("counter\u00adterrorism", "counterterrorism"),
    ("don’t", "dont", "don't"),
    ("O’Brien", "OBrien"),
    ("إلى", "الى", "الي"),
    ("العراقـــية", "العراقيه"),
    ("البُرُوفيسور", "البروفيسور"),
    ("کتاب", "كتاب"),
    ("Ｔｏｋｙｏ", "Tokyo"),
]


@pytest.mark.parametrize("spellings", SAME, ids=lambda row: row[0])
def test_spellings_are_one_word(spellings: tuple[str, ...]) -> None:
    """However it is written, it is one and the same word."""
    assert {tuple(forms(spelling)) for spelling in spellings} == {tuple(forms(spellings[0]))}
    assert len(forms(spellings[0])) == 1


@pytest.mark.parametrize("word", ["IS", "US", "May", "the", "of", "a", "x", "5", "1990s", "H1N1", "600m"])
def test_there_are_no_stop_words(word: str) -> None:
    """Short and common words are words."""
    assert forms(f"said {word} today") == ["said", fold(word), "today"]


def test_numbers_keep_their_value() -> None:
    """A separator of thousands is none of decimals, and 7,500 is not 500."""
    assert forms("7,500 and 7.5 and 1,234,567.89 and 3,14") == [
        "7500", "and", "7.5", "and", "1234567.89", "and", "3", "14"
    ]  # fmt: skip
    assert forms("1,2,3") == ["1", "2", "3"]


def test_an_apostrophe_parts_what_languages_elide() -> None:
    assert forms("l'Irak, d’État, qu'il, dell'Iraq") == ["l", "irak", "d", "etat", "qu", "il", "dell", "iraq"]


def test_turkish_endings_after_an_apostrophe_are_cut_in_turkish_only() -> None:
    assert forms("İstanbul'da Türkiye’nin", "tr") == ["istanbul", "turkiye"]
    assert forms("Sana'a", "en") == ["sanaa"]


def test_chinese_and_japanese_are_pairs_of_characters() -> None:
    assert forms("中华民族") == ["中华", "华民", "民族", "族"]
    assert forms("東京で") == ["東京", "京で", "で"]


def test_vowel_signs_are_no_word_ends() -> None:
    assert forms("हिन्दी समाचार") == ["हिन्दी", "समाचार"]


def test_a_token_covers_what_it_stands_for() -> None:
    """The possessive ending is not part of the word."""
    text = "Türkiye’s 7,500 FTFs"
    assert [text[token.start : token.end] for token in tokenise(text)] == ["Türkiye", "7,500", "FTFs"]


def test_no_phrase_reaches_into_the_next_paragraph() -> None:
    one, two = tokenise("border\n\nsecurity")
    assert two.position - one.position > 1
    one, two = tokenise("border\nsecurity")
    assert two.position - one.position == 1


STEMS = [
    ("en", "terrorists", "terrorist"),
    ("en", "elections", "election"),
    ("en", "ftfs", "ftf"),
    ("de", "Häuser", "Haus"),
    ("de", "Wahlen", "Wahl"),
    ("fr", "élections", "election"),
    ("fr", "nationales", "national"),
    ("ar", "والعراق", "عراق"),
    ("ar", "العراقية", "العراق"),
    ("ru", "новости", "новость"),
    ("es", "elecciones", "elección"),
]


@pytest.mark.parametrize(("language", "inflected", "plain"), STEMS)
def test_inflections_meet_in_a_stem(language: str, inflected: str, plain: str) -> None:
    stemmer = stemmer_of(language)
    assert stem(forms(inflected)[0], stemmer) == stem(forms(plain)[0], stemmer)


def test_stems_of_two_languages_never_meet() -> None:
    """The German stem of news is new; that must not find English articles with new."""
    assert stem("news", "german") != stem("new", "english")
    assert stem("iraq", "") != stem("iraq", "english")


@given(st.text(max_size=300))
def test_tokens_tell_the_truth_about_any_text(text: str) -> None:
    """Offsets lie in the text, in order; positions rise; no form is empty; case makes no difference to a token."""
    tokens = tokenise(text)
    for token in tokens:
        assert 0 <= token.start < token.end <= len(text)
        assert 0 < len(token.form) <= 4 * MAX_FORM
    assert [token.position for token in tokens] == sorted({token.position for token in tokens})
    assert [token.start for token in tokens] == sorted(token.start for token in tokens)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_data_that_is_no_word_is_cut() -> None:
    """Ten million letters without a space neither fail nor fill the index."""
    (token,) = tokenise("x" * 10_000_000)
    assert token.form == "x" * MAX_FORM
