"""One form of text, URLs, names, dates and languages."""

import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.dates import read_date
from archive.encoding import decode
from archive.errors import NoTextError
from archive.fingerprint import fingerprint
from archive.language import clean_language, detect_language
from archive.normalise import MAX_TITLE, clean_body, clean_line, clean_url, first_words, normalise, split_names
from archive.types import NewArticle, Origin

ORIGIN = Origin("x", "text")

FRENCH = (
    "Moins d’un électeur sur deux s’est rendu aux urnes dimanche. Les élections locales, organisées malgré l’inquiétude"
    ", ont vu la participation tomber à son niveau le plus bas depuis trente ans. L’État avait promis des bureaux sûrs."
)
RUSSIAN = (
    "Сегодня в Москве прошла встреча министров внутренних дел двух стран. Стороны обсудили безопасность границы и обмен"
    " сведениями. По словам министра, переговоры были трудными, но полезными. Следующая встреча пройдет весной."
)
CHINESE = "边境口岸恢复通行，首日迎来约三千名旅客。口岸负责人表示，新的检查通道使等候时间缩短到十五分钟。"

DATES = [
    ("2023", "2023"), ("2023-05", "2023-05"), ("2023-05-02", "2023-05-02"), ("2023/05/02", "2023-05-02"),
    ("20230502", "2023-05-02"), ("02.05.2023", "2023-05-02"), ("2 May 2023", "2023-05-02"),
    ("May 2, 2023", "2023-05-02"),
    ("Tuesday, May 2, 2023", "2023-05-02"), ("May 2023", "2023-05"), ("2. Mai 2023", "2023-05-02"),
    ("1er mai 2023", "2023-05-01"), ("2 de mayo de 2023", "2023-05-02"), ("2 Mayıs 2023", "2023-05-02"),
    ("2023年5月2日", "2023-05-02"), ("٢٠٢٣", "2023"), ("２０２３-０５", "2023-05"),
    ("2023-05-02T10:00:00Z", "2023-05-02T10:00:00+00:00"),
    ("2023-05-02 23:30:00 -0800", "2023-05-02T23:30:00-08:00"),
    ("Tue, 02 May 2023 10:00:00 +0200", "2023-05-02T10:00:00+02:00"), ("1987-02-26T15:01:01", "1987-02-26T15:01:01"),
    ("03/04/2023", None), ("yesterday", None), ("2023-13-01", None), ("32 May 2023", None), ("", None), ("10:30", None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "read"), DATES)
def test_dates_as_people_write_them(written: str, read: str | None) -> None:
    found = read_date(written)
    assert (found.text if found else None) == read


def test_a_day_never_shifts() -> None:
    """The calendar day is that of the source, on both sides of the world."""
    for written in ("2023-05-02T23:59:00-11:00", "2023-05-02T00:01:00+14:00"):
        found = read_date(written)
        assert found
        assert found.first_day.isoformat() == found.last_day.isoformat() == "2023-05-02"


@given(st.text(max_size=40))
def test_no_date_ever_raises(text: str) -> None:
    found = read_date(text)
    assert found is None or found.first_day <= found.last_day


@given(st.lists(st.sampled_from([*"0123456789:/-.,+ TZ()٣年月日", "Mon, ", "May", "GMT", "-9999", "de"])).map("".join))
def test_no_date_that_is_almost_one_raises(text: str) -> None:
    found = read_date(text)
    assert found is None or (found.text.isascii() and read_date(found.text) == found)


URLS = [
    ("HTTP://Example.org:80/a?b=c#d", "http://example.org/a?b=c"),
    ("https://example.org:443", "https://example.org/"),
    ("https://example.org/a?utm_source=x&id=7&fbclid=y", "https://example.org/a?id=7"),
    ("https://example.org:8443/", "https://example.org:8443/"),
    ("https://user:secret@example.org/a", "https://example.org/a"),
    ("not available", None), ("", None), (None, None), ("javascript:alert(1)", None), ("ftp://example.org/", None),
    ("/relative", None), ("http://", None), ("http://[", None), ("http://a b/", None),
    ("http://example.org:99999/", None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "clean"), URLS)
def test_urls(written: str | None, clean: str | None) -> None:
    assert clean_url(written) == clean


@given(st.text(max_size=60))
def test_no_url_ever_raises(text: str) -> None:
    clean = clean_url(f"http://{text}")
    assert clean is None or clean_url(clean) == clean


@given(st.lists(st.sampled_from('aA1.-_~:/;=[]@&%\\"<>é')).map("".join))
def test_what_is_clean_already_is_taken_as_it_is(text: str) -> None:
    """A fragment is cut off, and what has one is looked at in every way."""
    for address in (f"https://{text}", f"https://a.example/{text}"):
        assert clean_url(address) == clean_url(f"{address}#x")


def test_paragraphs_of_lines_and_of_blocks() -> None:
    assert clean_body("one\ntwo\nthree") == "one\n\ntwo\n\nthree"
    assert clean_body("one\ntwo\n\n\n  \nthree\r\n\r\nfour") == "one\ntwo\n\nthree\n\nfour"
    assert clean_body("\n\n") == ""


def test_wrapped_lines_are_joined() -> None:
    """As agencies send them: lines of one width, an indented line begins a paragraph."""
    wrapped = (
        "Showers continued throughout the week in the Bahia cocoa\n"
        "zone, alleviating the drought since early January and also\n"
        "improving prospects for the coming temporao harvest.\n"
        "    The dry period means that the temporao will be late, and\n"
        "arrivals for the week were lower than those of last year."
    )
    one, two = clean_body(wrapped).split("\n\n")
    assert "Bahia cocoa zone, alleviating" in one
    assert two.startswith("The dry period")


def test_lists_and_quotations_keep_their_lines() -> None:
    prose = "This is a line of prose that is as long as the others are here\n" * 5
    quoted = "> this is what somebody else had written before, at some length\n> and this too"
    assert quoted in clean_body(f"{prose}\n\n{quoted}")


def test_what_nobody_sees_is_taken_out() -> None:
    assert clean_line(" a\u202eb\x00c \ufeff\t d\n") == "abc d"
    assert clean_line("cafe\u0301") == "café"
    assert "\ud800" not in clean_line("a\ud800b")


def test_a_title_is_made_of_the_first_words() -> None:
    assert first_words("Short text") == "Short text"
    long = first_words("word " * 100)
    assert len(long) <= MAX_TITLE + 2
    assert long.endswith("word …")
    assert normalise(NewArticle(title="", body="Only a body here.", origin=ORIGIN)).title == "Only a body here."


def test_an_article_without_a_letter_has_no_text() -> None:
    with pytest.raises(NoTextError):
        normalise(NewArticle(title=" ", body="\n— …\n", origin=ORIGIN))


def test_names() -> None:
    assert split_names("By Ann Lee and Bo Chan") == ("Ann Lee", "Bo Chan")
    assert split_names("Lee, Ann; Chan, Bo") == ("Lee, Ann", "Chan, Bo")
    found = normalise(NewArticle(title="t", body="b", origin=ORIGIN, authors=(" A ", "", "A"), tags=("x", "x ", "")))
    assert found.authors == ("A",)
    assert found.tags == ("x",)


@pytest.mark.parametrize(
    ("code", "clean"),
    [("en-US", "en"), ("EN", "en"), ("deu", "de"), ("zh_Hant", "zh"), ("und", None), ("English!", None), (None, None)],
)
def test_language_codes(code: str | None, clean: str | None) -> None:
    assert clean_language(code) == clean


def test_languages_are_told_where_the_text_is_long_enough() -> None:
    assert detect_language("The two countries also discussed the importance of sharing intelligence.") == "en"
    assert detect_language("Die Kontrollen an der Grenze werden bis Ende März verlängert, sagte er.") == "de"
    assert detect_language(CHINESE) == "zh"
    assert detect_language("Hm.") is None


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Süleyman Soylu’s “border”", "utf-8"), ("Süleyman", "utf-8-sig"), ("Süleyman Soylu", "utf-16"),
        ("Title\nA text.", "utf-16-le"), ("Title\nA text.", "utf-16-be"), ("Süleyman Soylu", "utf-32"),
        (f"{FRENCH} Où déjeune-t-on à Sète, « là-bas » ?", "cp1252"),
        (RUSSIAN, "koi8-r"),
        (CHINESE * 3, "gb18030"),
    ],
)  # fmt: skip
def test_encodings(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_page_says_its_encoding_itself() -> None:
    page = '<html><head><meta charset="windows-1254"></head><body>İstanbul’da ğüşiöç</body></html>'
    assert decode(page.encode("cp1254"), markup=True) == page


@pytest.mark.parametrize("name", ["undefined", "unicode_escape", "base64", "no-such-thing", "utf-16", "iso-8859-1"])
def test_a_page_is_not_believed_when_it_cannot_be_true(name: str) -> None:
    page = f'<meta charset="{name}"><p>Grüße aus Diyarbakır — İstanbul</p>'
    assert decode(page.encode(), markup=True) == page


def test_a_page_in_latin_1_that_says_so_is_read_so() -> None:
    page = '<meta charset="iso-8859-1"><p>Grüße – “Sète”, Âge, Ã</p>'
    assert decode(page.encode("cp1252"), markup=True) == page
    assert decode("Grüße, Ã".encode("cp1252"), stated="latin1") == "Grüße, Ã"


@given(st.binary(max_size=300))
def test_any_bytes_are_text(data: bytes) -> None:
    assert isinstance(decode(data), str)
    assert isinstance(decode(data, markup=True), str)


@given(st.text(max_size=400))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    body = clean_body(text)
    assert clean_body(body) == body or "\n\n" not in body
    assert "\n\n\n" not in body
    assert clean_line(clean_line(text)) == clean_line(text)


# --- fingerprints ---------------------------------------------------------------------------------------------------

HARD = [
    *"aIİıßﬁé…，：；！？（）％ำก่ｶﾞガ가각", "e\u0301\u0323", "\ud800", "\u200d", "\u034f",
    *"\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000", " ", "  ", "\n\n",
]  # fmt: skip


def defined(title: str, body: str) -> bytes:
    """What a fingerprint is, without any haste; databases are full of them, so that it must never change."""
    parts = (" ".join(unicodedata.normalize("NFKC", part).casefold().split()) for part in (title, body))
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


@given(st.text() | st.lists(st.sampled_from(HARD)).map("".join), st.lists(st.sampled_from(HARD)).map("".join))
def test_a_fingerprint_is_what_it_always_was(title: str, body: str) -> None:
    assert fingerprint(title, body) == defined(title, body)


def test_the_fingerprint_of_every_character_is_what_it_always_was() -> None:
    for plane in range(0, 0x110000, 0x1000):
        text = " x".join(map(chr, range(plane, plane + 0x1000)))
        assert fingerprint("", text) == defined("", text)
