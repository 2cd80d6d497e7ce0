"""The scanners and finders of `index.scan`, compiled or in Python, give exactly the words of `analysis.tokenise`."""

import sys
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import analysis, scan
from index.scan import DIALECTS, Finder, Hit, PlainScanner, Scanner, make_finder, make_scanner

needs_compiled = pytest.mark.skipif(scan._scan is None, reason="index._scan was not built: there is no C compiler here")


def _find_plainly(forms: Sequence[str]) -> Finder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_scan", None)
        return make_finder(forms)


each_scanner = pytest.mark.parametrize(
    "make", [pytest.param(make_scanner, marks=needs_compiled, id="compiled"), pytest.param(PlainScanner, id="plain")]
)
each_finder = pytest.mark.parametrize(
    "make", [pytest.param(make_finder, marks=needs_compiled, id="compiled"), pytest.param(_find_plainly, id="plain")]
)
each_dialect = pytest.mark.parametrize("dialect", range(len(DIALECTS)), ids=str)
Make = Callable[[], Scanner]
Document = tuple[str, str, int]
"""A title, a body and a dialect."""

CHARACTERS = [
    *"aAsSzéÉßıİæœøØǆﬁſéüñΣςЙй", *"0123456789٣४²½Ⅷ", *"...,,   \n-_/@+&%\t\r\0\x85\u2028", *analysis.APOSTROPHES,
    *"''’’", *"\u00a0\u202f\u066b\u066c\u00ad\u200b\u200d\u200f\ufeff\u2060",
    *"\u0301\u0308\u0327\u0323\u064b\u0651\u05b0\ufe0f", *"العراقىةءؤئآٱـ", *"中国人々〇髙\uf900\U00020000",
    *"かがカガー\u3099ｶﾞ", *"한국\u1112\u1161\u11ab", *"กนดทำเ\u0e31\u0e35\u0e48๓", *"ລາວຳ\u0eb1", *"မြန်ဦ၁၂",
    *"ខ្មែរ", *"हिन्दी", *"😀👩\u200d🚀\U0001d400\U0010ffff", "\ud800",
]  # fmt: skip
FRAGMENTS = [
    "\n\n", "\n\n\n", " \n\n ", "’s", "'S", "ʼs", "l’", "d'", "dell’", "qu'", "U.S.", "U.N.", "e.g.", "'da", "’nin",
    "'lar", "7,500", "1.234", "1\u202f234\u00a0567", "1'000’000", "3.5", "FTFs", "1990s", "İs", "عراقًا", "e\u0301",
    "co\u00adop", "\u00ad", "word", "É", "国家", "a" * 99, "b" * 100,
]  # fmt: skip
texts = st.lists(st.sampled_from(CHARACTERS) | st.sampled_from(FRAGMENTS), max_size=14).map("".join)
dialects = st.sampled_from(range(len(DIALECTS)))

AWKWARD = [
    "", " ", "\n\n", "\0", "a\0b", "The U.S. and the U.S.A", "U.S", "U.N.'s seat", "the U.N.’S seat", "U.N..'s",
    "e.g.this", "x.y.zed", "l’Irak et l'Iran", "d'État", "L’ÉTAT", "aujourd'hui", "qu’à l’s", "d'a", "l'",
    "dell’Iraq, nell'Unione", "l'l'l'Irak", "Türkiye’s border", "Türkiye'nin", "İstanbul'da", "ISTANBUL’DAN",
    "Irak'ın", "Ankara'daki", "FTFs", "PKKs", "As", "ÄÖs", "1990s", "1990's", "ms Ms MSs", "7,500", "7,50",
    "7,500.25", "1.234.567", "1\u202f234\u202f567", "1\u00a0234", "1’000’000", "1'000", "12,345,6789",
    "1,234\u00a0567", "3.5p", "3.5.", "3.", ".5", "1..2", "٣٫٥", "١٬٢٣٤", "O'Neill", "O’Neill’s", "rock 'n' roll",
    "’tis", "'quoted'", "COVID-19", "C++", "C#", "AT&T", "F-16", "F-16s", "a_b", "first.last@example.co.uk",
    "https://www.example.org/a/b?c=d_e&f=%20#g", "10:30", "5%", "€5bn", "H₂O", "x²", "½", "Ⅷ", "ﬁrst",
    "Straße STRASSE", "ſ", "œuvre Æsop", "naïve nai\u0308ve", "e\u0301e\u0301s", "co\u00adoperate", "\u00ad",
    "a \u00ad b", "zero\u200bwidth", "a\u0301.b\u0301.c", "\u0301", "\u0301a", "الْعِرَاقُ", "عراقًا", "والعراقـــي",
    "ء", "سماء", "آب", "۱۲۳", "中国", "中", "中国人民", "伊拉克war", "war伊拉克", "中\u0301国", "髙々〇",
    "東京タワー", "がか\u3099", "ｶﾞｷﾞ", "한국어", "\u1112\u1161\u11ab", "ㅋㅋ", "ไทย", "กัน", "ประเทศอิรัก", "น้ำ",
    "กำข", "a\u0e31", "๑,๒๓๔", "ປະເທດລາວ", "ລຳ", "မြန်မာ", "ဦ", "၁.၂", "၁,၂၃၄", "1.၂", "ភាសាខ្មែរ", "हिन्दी में",
    "😀", "a😀b", "👩\u200d🚀", "❤\ufe0fa", "\U0001d400b", "ʼs", "ʼa", "aʼ", "aʼʼb", "Oʼzbek", "a\u02b9", "a`b´c",
    "6′2", "a''b", "a'\u0301b", "a\n\nb", "a\n\n\nb", "a\n\n\n\nb", "a\n \nb", "\n\na", "a\n\n", "a\r\n\r\nb",
    "a\n\n中\n\n1", "a\n\n'\n\nb", "a\n\n\u00ad b", "a\n\n\u00ad\n\nb",
    *("x" * length for length in (99, 100, 101, 5000)), *("É" * length for length in (100, 101, 5000)),
    "a" * 99 + "s", "A" * 99 + "s", "A" * 100 + "s", "a" * 50 + "'" + "b" * 50, "a" * 60 + "’" + "b" * 60, "1" * 101,
    "1" * 5000, "1," * 300, "a." * 300, "a'" * 300, "æ" * 60, "æ" * 100, "中" * 300, "e\u0301" * 60, "中\u0301" * 90,
    "𝐀" * 100, "\ud800", "a\ud800b", "中\udfff国", "\u00adFs", "F\u00ads", "لّs", "\u064b²s", "\u00ad’s", "\u064b'S",
    "ـ’s", "ـ'S", "ــs", "ـs", "ـ", "ــ’s", "aـ’s", "ـ.s", "ـَ’s", "ـ,1", "ـ1.5", "s’ـ", "ــFs", "ـʼs",
    "国\u00ad1.4", "国\u00ada", "国\u00adU.S.", "3.5\u0e31ก", "هّs İ\u00ads", "ا\u064e\u0653",
]  # fmt: skip


Word = tuple[str, int, bool]
"""A form, its position, and whether it is in capitals."""


def _words(text: str, dialect: int, shift: int) -> list[Word]:
    return [
        (form, position + shift, analysis.in_capitals(text[start:end]))
        for form, start, end, position in analysis.tokenise(text, DIALECTS[dialect])
    ]


def _expected(documents: Sequence[Document]) -> list[tuple[int, int, list[Word]]]:
    """What `Scanner.add` returns for each document, and its words as `tokenise` has them."""
    found = []
    for title, body, dialect in documents:
        words = _words(title, dialect, 0)
        end = words[-1][1] + 1 if words else 0
        words += _words(body, dialect, end + analysis.PARAGRAPH_GAP if words else 0)
        found.append((len(words), end, words))
    return found


def new_forms(scanner: Scanner) -> list[str]:
    *words, rest = scanner.forms().decode().split("\0")
    assert not rest
    assert all(word[0] == ":" for word in words)
    return [word[1:] for word in words]


def _scanned(scanner: Scanner, documents: Sequence[Document]) -> list[tuple[int, int, list[Word]]]:
    """The same from a scanner, which is asked for its words after every second document."""
    told: list[tuple[int, int]] = []
    words, positions, forms, capitals = array("i"), array("I"), [], set[int]()
    for at, document in enumerate(documents):
        told.append(scanner.add(*document))
        if at % 2 or at + 1 == len(documents):
            taken = scanner.take()
            capitals |= {len(words) + number for number in array("i", taken[2])}
            words.frombytes(taken[0])
            positions.frombytes(taken[1])
            forms += new_forms(scanner)
            assert max(words, default=-1) < len(forms)
    assert len(set(forms)) == len(forms)
    assert len(words) == len(positions) == sum(count for count, _ in told)
    found = iter(
        [(forms[word], place, at in capitals) for at, (word, place) in enumerate(zip(words, positions, strict=True))]
    )
    return [(count, end, [next(found) for _ in range(count)]) for count, end in told]


def _hits(forms: Sequence[str], text: str, dialect: int) -> list[Hit]:
    tokens = analysis.tokenise(text, DIALECTS[dialect])
    return [(start, end, position, forms.index(form)) for form, start, end, position in tokens if form in forms]


# --- scanners -------------------------------------------------------------------------------------------------------


@each_scanner
@each_dialect
@pytest.mark.parametrize("text", AWKWARD, ids=lambda text: ascii(text[:30]))
def test_an_awkward_text_has_the_words_of_the_analysis(make: Make, text: str, dialect: int) -> None:
    documents = [
        ("", text, dialect),
        (text, "", dialect),
        (f"before {text} after", text, dialect),
        (text, text, dialect),
    ]
    assert _scanned(make(), documents) == _expected(documents)


@each_scanner
@given(title=texts, body=texts, dialect=dialects)
def test_any_text_has_the_words_of_the_analysis(make: Make, title: str, body: str, dialect: int) -> None:
    assert _scanned(make(), [(title, body, dialect)]) == _expected([(title, body, dialect)])


@each_scanner
@given(documents=st.lists(st.tuples(texts, texts, dialects), max_size=6))
def test_what_a_scanner_remembers_of_a_text_does_not_change_the_next(make: Make, documents: list[Document]) -> None:
    documents += [(title, body, 1 - dialect) for title, body, dialect in documents]
    assert _scanned(make(), documents) == _expected(documents)


@needs_compiled
@given(documents=st.lists(st.tuples(texts, texts, dialects), max_size=4))
def test_both_scanners_agree(documents: list[Document]) -> None:
    assert _scanned(make_scanner(), documents) == _scanned(PlainScanner(), documents)


@each_scanner
def test_the_same_chunk_is_read_by_the_rules_of_each_dialect(make: Make) -> None:
    documents = [("", "İstanbul'da", 0), ("", "İstanbul'da", 1), ("", "İstanbul'da", 0)]
    found = [[form for form, _, _ in words] for _, _, words in _scanned(make(), documents)]
    assert found == [["istanbulda"], ["istanbul"], ["istanbulda"]]


@each_scanner
def test_the_body_begins_a_paragraph_after_the_title_and_anew_without_one(make: Make) -> None:
    documents = [("One two", "three\n\nfour", 0), ("", "five SIX", 0), ("...", "seven", 0), ("Eight", "", 0)]
    gap = analysis.PARAGRAPH_GAP
    assert _scanned(make(), documents) == [
        (4, 2, [("one", 0, False), ("two", 1, False), ("three", 2 + gap, False), ("four", 3 + 2 * gap, False)]),
        (2, 0, [("five", 0, False), ("six", 1, True)]),
        (1, 0, [("seven", 0, False)]),
        (1, 1, [("eight", 0, False)]),
    ]


@each_scanner
def test_words_and_forms_are_told_once_and_numbered_as_they_are_met(make: Make) -> None:
    scanner = make()
    assert scanner.add("War", "and peace and war", 0) == (5, 1)
    words, positions, _ = scanner.take()
    assert array("i", words).tolist() == [0, 1, 2, 1, 0]
    assert array("I", positions).tolist() == [0, *range(1 + analysis.PARAGRAPH_GAP, 5 + analysis.PARAGRAPH_GAP)]
    assert new_forms(scanner) == ["war", "and", "peace"]
    assert scanner.take() == (b"", b"", b"")
    assert new_forms(scanner) == []
    scanner.add("", "peace now", 0)
    assert array("i", scanner.take()[0]).tolist() == [2, 3]
    assert new_forms(scanner) == ["now"]


@each_scanner
def test_many_forms_keep_their_numbers(make: Make) -> None:
    body = " ".join(f"w{number:x}é" for number in range(30_000))
    documents = [("", body, 0), ("", body, 1)]
    assert _scanned(make(), documents) == _expected(documents)


@each_scanner
@pytest.mark.parametrize("between", range(1, 6))
def test_a_word_that_was_met_before_stays_what_it_is_while_others_are_added(make: Make, between: int) -> None:
    new = (f"word{number}{'x' * (number % 40)}" for number in range(30_000))  # the table of forms is moved many times
    text = " ".join(" ".join(["U.S.A's-border", *words]) for words in zip(*[new] * between, strict=False))
    assert _scanned(make(), [("", text, 0)]) == _expected([("", text, 0)])


@each_scanner
@pytest.mark.parametrize("pattern", ["{}", "a{}b", "A{}B", "1{}234", "{}s", "AB{}s", "中{}国", "ก{}", "a.{}.", "l'{}a"])
def test_every_character_alone_and_among_others_has_the_words_of_the_analysis(make: Make, pattern: str) -> None:
    planes = (range(0x3400), range(0xA000, 0xAC40), range(0xD780, 0x11000), range(0x1D400, 0x1F700))
    chunks = [pattern.format(chr(code)) for codes in planes for code in codes]
    scanner = make()
    told = [scanner.add("", chunk, 0) for chunk in chunks]
    words, positions, capitals = (array(kind, taken) for kind, taken in zip("iIi", scanner.take(), strict=True))
    forms, wrong, at, big = new_forms(scanner), {}, 0, set(capitals)
    for chunk, (count, _) in zip(chunks, told, strict=True):
        found = [(forms[words[each]], positions[each], each in big) for each in range(at, at + count)]
        wanted = _words(chunk, 0, 0)
        if found != wanted:
            wrong[ascii(chunk)] = found, wanted
        at += count
    assert not wrong, f"{len(wrong)} characters differ, such as {list(wrong.items())[:3]}"


# --- finders --------------------------------------------------------------------------------------------------------


@each_finder
@each_dialect
@pytest.mark.parametrize("text", AWKWARD, ids=lambda text: ascii(text[:30]))
def test_the_words_of_an_awkward_text_are_found_where_they_stand(
    make: Callable[..., Finder], text: str, dialect: int
) -> None:
    text = f"first {text} last\n\n{text}"
    forms = list(dict.fromkeys(token.form for token in analysis.tokenise(text, DIALECTS[dialect])))
    for wanted in (forms, forms[::2], forms[1::2]):
        assert make(wanted)(text, dialect) == _hits(wanted, text, dialect)


@each_finder
@given(text=texts, dialect=dialects, data=st.data())
def test_only_what_is_wanted_is_found(
    make: Callable[..., Finder], text: str, dialect: int, data: st.DataObject
) -> None:
    there = {token.form for token in analysis.tokenise(text, DIALECTS[dialect])}
    wanted = data.draw(st.lists(st.sampled_from(sorted({*there, "absent", "", "s", "a"})), unique=True))
    assert make(wanted)(text, dialect) == _hits(wanted, text, dialect)


@each_finder
def test_a_hit_covers_the_letters_of_the_word_in_its_text(make: Callable[..., Finder]) -> None:
    find = make(["irak", "turkiye", "7500", "us", "absent"])
    gap = analysis.PARAGRAPH_GAP
    assert find("L’Irak: Türkiye’s 7,500\n\nU.S.", 0) == [
        (2, 6, 1, 0), (8, 15, 2, 1), (18, 23, 3, 2), (25, 29, 4 + gap, 3),
    ]  # fmt: skip


@each_finder
def test_nothing_is_found_where_nothing_is_wanted_or_there(make: Callable[..., Finder]) -> None:
    assert make([])("a b c", 0) == []
    assert make(["a"])("", 0) == []
    assert make(["A", "a b", "é"])("A a b é", 0) == []  # none of them is a folded form


@each_finder
def test_finders_made_together_do_not_mix(make: Callable[..., Finder]) -> None:
    one, other = make(["one", "l"]), make(["other", "irak", "one"])
    for _ in range(2):
        assert one("one l'Irak other", 0) == [(0, 3, 0, 0), (4, 5, 1, 1)]
        assert other("one l'Irak other", 0) == [(0, 3, 0, 2), (6, 10, 2, 1), (11, 16, 3, 0)]


@needs_compiled
def test_what_finding_remembers_is_given_up_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_TURN", 3)
    scanners = []
    finders = []
    for _ in range(7):
        finders.append(make_finder(["u.s", "us"]))
        scanners.append(scan._finding.scanner)
    assert len(set(map(id, scanners))) in (3, 4)
    for find in finders:
        assert find("The U.S. border", 0) == _hits(["u.s", "us"], "The U.S. border", 0)


@needs_compiled
def test_threads_find_at_the_same_time() -> None:
    interval = sys.getswitchinterval()
    texts = [[f"U.S.A{chr(97 + one)}.{number}-x here {one}.{number}%" for number in range(300)] for one in range(4)]

    def find(own: list[str]) -> list[list[Hit]]:
        return [make_finder(["here", "x"])(text, 0) for text in own]

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(find, texts))
    finally:
        sys.setswitchinterval(interval)
    assert found == [[_hits(["here", "x"], text, 0) for text in own] for own in texts]


@needs_compiled
def test_a_scanner_refuses_an_unknown_dialect_and_stays_usable() -> None:
    scanner = make_scanner()
    with pytest.raises(ValueError, match="dialect"):
        scanner.add("title", "body", len(DIALECTS))
    assert scanner.add("", "one", 0) == (1, 0)
    assert array("i", scanner.take()[0]).tolist() == [0]


@needs_compiled
def test_a_failed_analysis_leaves_no_half_document_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    right, fail = scan._analyse, True

    def analyse(chunk: str, dialect: int) -> list[tuple[str, int, int]]:
        if fail:
            raise RuntimeError(chunk)
        return right(chunk, dialect)

    monkeypatch.setattr(scan, "_analyse", analyse)
    scanner = make_scanner()
    with pytest.raises(RuntimeError, match=r"U\.N\.'s"):
        scanner.add("Some words", "before U.N.'s", 0)
    assert scanner.take() == (b"", b"", b"")
    fail = False
    assert scanner.add("", "U.N.'s seat", 0) == (2, 0)
    forms = new_forms(scanner)
    assert [forms[word] for word in array("i", scanner.take()[0])] == ["un", "seat"]


@needs_compiled
def test_a_form_that_is_sought_is_not_held_for_ever() -> None:
    form = "x" * 90
    before = sys.getrefcount(form)
    for _ in range(50):
        assert make_finder([form])(form, 0) == [(0, 90, 0, 0)]
    assert sys.getrefcount(form) - before < 10
