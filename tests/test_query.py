"""The query language: what is understood, and that whatever cannot be used is said with its place."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.query import MAX_CHARACTERS, MAX_CLAUSES, MAX_NESTING, MAX_PHRASE_WORDS, parse
from index.resolve import MAX_EXPANSION
from index.search import SECONDS
from index.tree import Published

UNDERSTOOD = [
    ("border security", "border AND security"),
    ("border AND security", "border AND security"),
    ("border OR security", "border OR security"),
    ("a OR b c", "a OR (b AND c)"),
    ("(a OR b) c", "(a OR b) AND c"),
    ("border -iraq", "border AND NOT iraq"),
    ("border NOT iraq", "border AND NOT iraq"),
    ("border !iraq", "border AND NOT iraq"),
    ("NOT NOT border", "border"),
    ('-"border security" x', 'NOT "border security" AND x'),
    ("-(a b) c", "NOT (a AND b) AND c"),
    ("and or not", "and AND or AND not"),
    ('"border security"', '"border security"'),
    ("“border security”", '"border security"'),
    ("„border security“", '"border security"'),
    ("«border security»", '"border security"'),
    ("terror*", "terror*"),
    ("wom?n", "wom?n"),
    ("Soyl?", "Soyl?"),
    ("title:iraq", "title:iraq"),
    ('title:"border security"', 'title:"border security"'),
    ("title:(a OR b)", "title:a OR title:b"),
    ("author:soylu source:bbc", "author:soylu AND source:bbc"),
    ("counter-terrorism", "counter-terrorism"),
    ("http://example.com/x", "http://example.com/x"),
    ("after:2021-05 x", "after:2021-05-01 AND x"),
    ("before:2021-05 x", "before:2021-05-31 AND x"),
    ("date:2021", "date:2021-01-01..2021-12-31"),
    ("date:2021-01..2021-03", "date:2021-01-01..2021-03-31"),
    ("date:2024-02", "date:2024-02-01..2024-02-29"),
    ("who won?", "who AND won"),
    ("border NEAR/5 iraq", "border NEAR/5 iraq"),
    ("border W/5 iraq", "border NEAR/5 iraq"),
    ("border /5 iraq", "border NEAR/5 iraq"),
    ("border n/5 iraq", "border NEAR/5 iraq"),
    ("border NEAR iraq", "border NEAR/10 iraq"),
    ("border near iraq", "border AND near AND iraq"),
    ("border PRE/3 iraq", "border PRE/3 iraq"),
    ("border p/3 iraq", "border PRE/3 iraq"),
    ("border adj3 iraq", "border PRE/3 iraq"),
    ("border /P iraq", "border /P iraq"),
    ("border w/p iraq", "border /P iraq"),
    ("a b NEAR/5 c", "a AND (b NEAR/5 c)"),
    ("a NEAR/5 b NEAR/2 c", "a NEAR/5 b NEAR/2 c"),
    ("(a b) NEAR/5 c", "(a NEAR/5 c) AND (b NEAR/5 c)"),
    ("(a OR b) NEAR/5 c", "(a OR b) NEAR/5 c"),
    ("NOT a NEAR/5 b", "NOT (a NEAR/5 b)"),
    ("ATLEAST3 border", "ATLEAST3 border"),
    ("atleast3(border OR frontier)", "ATLEAST3 (border OR frontier)"),
    ("ALLCAPS(IS) border", "ALLCAPS(IS) AND border"),
    ("ALLCAPS(IS OR US)", "ALLCAPS(IS) OR ALLCAPS(US)"),
    ("title:ALLCAPS(IS)", "title:ALLCAPS(IS)"),
    ("border~1 x", "border~1 AND x"),
    ("border~ x", "border~2 AND x"),
    ("iraq~ x", "iraq~1 AND x"),
    ('"border iraq"~5', '"border iraq"~5'),
    ("lead:border x", "lead:border AND x"),
    ("ti:border byline:x", "title:border AND author:x"),
    ("hlead(border)", "title:border OR lead:border"),
    ("date(2023-05)", "date:2023-05-01..2023-05-31"),
    ("border & iraq | syria", "(border AND iraq) OR syria"),
    ("*", ""),
    ("", ""),
]


@pytest.mark.parametrize(("query", "understood"), UNDERSTOOD)
def test_what_is_understood(query: str, understood: str) -> None:
    parsed = parse(query)
    assert str(parsed) == understood if query != "*" else parsed.tree is not None
    assert parsed.messages == ()


IGNORED = [
    ('"border security', "not closed", 0, 16),
    ("(border", "not closed", 0, 1),
    ("border)", "no opening", 6, 7),
    ("border AND", "both sides", 7, 10),
    ("OR border", "both sides", 0, 2),
    ("border NOT", "after it", 7, 10),
    ("border -", "no letters", 7, 8),
    ('border ""', "empty phrase", 7, 9),
    ("border ()", "nothing to search", 7, 8),
    ("border NEAR/5", "both sides", 7, 13),
    ("NEAR/5 border", "both sides", 0, 6),
    ("border NEAR/5 author:x", "between words", 7, 13),
    ("border NOT W/5 iraq", "AND NOT", 7, 14),
    ("border NEAR/2000 iraq", "at most 1,000", 7, 16),
    ("border /S iraq", "NEAR/25", 7, 9),
    ("border ATLEAST3", "after it", 7, 15),
    ("ATLEAST0 border", "ATLEAST1", 0, 8),
    ("ATLEAST2 author:x", "counts words", 0, 8),
    ("border~7 x", "at most two", 6, 8),
    ("bor*r~1 x", "only one word", 0, 7),
    ("terror! AND x", "terror*", 0, 7),
    ("NOCAPS(border) x", "not known", 0, 6),
    ("date:yesterday x", "no date", 0, 14),
    ("date:2021-13 x", "no date", 0, 12),
    ("date:2022..2021 x", "ends before", 0, 15),
    ("title: x", "stands alone", 0, 6),
    ("nosuch:border x", "no field nosuch", 0, 7),
]


@pytest.mark.parametrize(("query", "words", "start", "end"), IGNORED, ids=str)
def test_whatever_is_not_used_is_said_with_its_place(query: str, words: str, start: int, end: int) -> None:
    parsed = parse(query)
    assert parsed.tree is not None
    (message,) = parsed.messages
    assert words.lower() in message.text.lower()
    assert (message.start, message.end) == (start, end)


@pytest.mark.parametrize("query", ["AND", "-", '""', "()", "date:rubbish", "!!!", "OR OR"])
def test_nothing_to_search_for_is_said(query: str) -> None:
    """Such a query finds nothing, rather than everything."""
    parsed = parse(query)
    assert parsed.tree is None
    assert parsed.messages


@pytest.mark.parametrize(
    "query",
    [
        "x" * (MAX_CHARACTERS + 1),
        " OR ".join(f"w{n}" for n in range(MAX_CLAUSES + 1)),
        "(" * 500 + "x" + ")" * 500,
        "-(" * 500 + "x",
        "NOT " * 400 + "x",
        '"' + "word " * 101 + '"',
    ],
    ids=["long", "clauses", "nested", "nested not", "many not", "phrase"],
)
def test_a_query_that_would_pin_a_core_is_refused_with_a_reason(query: str) -> None:
    parsed = parse(query)
    assert parsed.tree is None
    assert any(message.kind == "limit" for message in parsed.messages)


def test_a_range_includes_its_ends() -> None:
    tree = parse("date:2021-01..2021-03").tree
    assert isinstance(tree, Published)
    assert (tree.first, tree.last) == (date(2021, 1, 1), date(2021, 3, 31))


SYNTAX = st.lists(
    st.sampled_from(
        ['"', "“", "(", ")", " ", "-", "!", "*", "?", "~", ":", "AND", "OR", "NOT", "NEAR/2", "title:", "date:"]
    )
    | st.text(max_size=5),
    max_size=30,
).map("".join)


@given(SYNTAX)
def test_anything_can_be_typed(query: str) -> None:
    """Never an exception, never silence, and every message's place lies in the query."""
    parsed = parse(query)
    assert parsed.tree is not None or parsed.messages
    for message in parsed.messages:
        assert message.start is not None
        assert message.end is not None
        assert 0 <= message.start <= message.end <= len(query)


@given(SYNTAX.filter(lambda query: "?" not in query))  # at the end of several words it ends a question
@example("0-0\U0003134b0:I")
@example('AND&0↊0↊NEAR/2"')
def test_what_was_understood_is_understood_the_same_again(query: str) -> None:
    understood = str(parse(query))
    assert str(parse(understood)) == understood


QUERY_PAGE = (Path(__file__).parents[1] / "docs" / "query.md").read_text(encoding="utf-8")


def _examples(start: str, end: str) -> list[str]:
    """What stands between backquotes in the first column of a table of docs/query.md."""
    rows = re.findall(r"^\| (`.*?) \|", QUERY_PAGE.partition(start)[2].partition(end)[0], re.MULTILINE)
    return [example for row in rows for example in re.findall(r"`([^`]+)`", row)]


@pytest.mark.parametrize("query", _examples("| you type |", "## What counts"))
def test_every_example_in_the_documentation_is_understood_whole(query: str) -> None:
    parsed = parse(query)
    assert parsed.tree is not None
    assert parsed.messages == ()


def _equals() -> list[tuple[str, str]]:
    """Theirs and ours, from the table of other systems."""
    table = QUERY_PAGE.partition("| there |")[2].partition("## ")[0]
    rows = re.findall(r"^\| (`.*?) \|.*\| `([^`]+)` \|$", table, re.MULTILINE)
    return [(theirs, ours) for row, ours in rows for theirs in re.findall(r"`([^`]+)`", row)]


@pytest.mark.parametrize(("theirs", "ours"), _equals())
def test_what_other_systems_write_is_understood_as_the_documentation_says(theirs: str, ours: str) -> None:
    assert str(parse(theirs)) == str(parse(ours))


def test_the_documentation_has_other_systems() -> None:
    assert len(_equals()) > 20


def test_the_documentation_names_the_limits() -> None:
    limits = QUERY_PAGE.partition("## Limits")[2]
    for limit in (MAX_CHARACTERS, MAX_CLAUSES, MAX_NESTING, MAX_PHRASE_WORDS, MAX_EXPANSION):
        assert f"{limit:,}" in limits
    assert SECONDS == 8.0
    assert "eight seconds" in limits
