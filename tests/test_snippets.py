"""Marks and passages: every mark covers a true match, a phrase is one mark, and a passage shows why."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.types import Article, MarkedText, Origin
from index.analysis import fold, stem, tokenise
from index.cache import Memory
from index.passages import PASSAGE
from index.query import parse
from index.resolve import Resolver
from index.snippets import Highlighter

NOW = datetime(2024, 1, 1, tzinfo=UTC)


class Words:
    """A vocabulary that holds everything that is asked of it in English."""

    def __init__(self) -> None:
        self.memory = Memory(1 << 20)

    def stemmers(self) -> tuple[str, ...]:
        return ("english", "")

    def stemmers_of(self, fields: tuple[str, ...], form: str) -> frozenset[str]:
        return frozenset()

    def has(self, fields: tuple[str, ...], form: str) -> bool:
        return True

    def forms_of(self, term: str) -> tuple[str, ...]:
        return (term.partition(":")[2],)

    def beginning(self, fields: tuple[str, ...], prefix: str):
        return iter([prefix])


def article(body: str, title: str = "Title") -> Article:
    return Article(
        id=1, title=title, url=None, source=None, authors=(), published=None, language="en", tags=(), versions=1,
        body=body, section=None, summary=None, origin=Origin("x", "text"), version=1, added=NOW, changed=NOW,
    )  # fmt: skip


class Marking:
    """A highlighter over an index that holds the one article that is marked."""

    def __init__(self, query: str) -> None:
        tree = parse(query).tree
        assert tree is not None
        self.resolved = Resolver(Words()).resolve(tree)

    def __getattr__(self, name: str) -> Callable[[Article], Any]:
        def mark(article: Article) -> object:
            forms = {token.form for token in tokenise(f"{article.title}\n\n{article.body}", article.language)}

            def forms_of(term: str) -> tuple[str, ...]:
                stemmer = term.partition(":")[0]
                return tuple(form for form in forms if stem(form, stemmer) == term)

            return getattr(Highlighter(self.resolved, forms_of), name)(article)

        return mark


def highlighter(query: str) -> Marking:
    return Marking(query)


def marked(text: MarkedText) -> list[str]:
    return [text.text[start:end] for start, end in text.marks]


def test_a_phrase_is_one_mark() -> None:
    (snippet,) = highlighter('"border security"').snippets(article("On border security, they agreed."))
    assert marked(snippet) == ["border security"]


def test_words_are_marked_apart_and_in_every_form() -> None:
    (snippet,) = highlighter("border secure").snippets(article("Borders secured. The border is secure."))
    assert marked(snippet) == ["Borders", "secured", "border", "secure"]


def test_excluded_words_are_not_marked() -> None:
    (snippet,) = highlighter("border -iraq").snippets(article("The border of Iraq."))
    assert marked(snippet) == ["border"]


def test_words_of_another_field_are_not_marked() -> None:
    (snippet,) = highlighter("title:border iraq").snippets(article("The border of Iraq."))
    assert marked(snippet) == ["Iraq"]


def test_without_a_match_in_the_body_the_beginning_is_shown() -> None:
    (snippet,) = highlighter("title:x").snippets(article("The border of Iraq. " * 50))
    assert snippet.text.startswith("The border of Iraq.")
    assert snippet.marks == ()
    assert len(snippet.text) <= PASSAGE + 2
    assert highlighter("x").snippets(article("")) == ()


def test_passages_name_their_paragraph() -> None:
    body = "\n\n".join(f"Paragraph {n} says nothing." for n in range(1, 9)) + "\n\nHere is the border."
    (snippet,) = highlighter("border").snippets(article(body))
    assert snippet.paragraph == 9


def test_the_passage_that_shows_most_of_the_query_is_among_those_shown() -> None:
    filler = " ".join(["Nothing to see."] * 40)
    body = f"Only border. {filler}\n\n{filler} The border with Iraq is secure. {filler}\n\nOnly Iraq. {filler} Border."
    snippets = highlighter("border iraq secure").snippets(article(body))
    assert {"border", "Iraq", "secure"} in [set(marked(snippet)) for snippet in snippets]
    assert len(snippets) <= 3
    assert [snippet.paragraph for snippet in snippets] == sorted(snippet.paragraph for snippet in snippets)


def test_passages_begin_and_end_at_words() -> None:
    body = "word " * 200 + "border " + "word " * 200
    (snippet,) = highlighter("border").snippets(article(body.strip()))
    assert set(re.findall(r"\w+", snippet.text)) == {"word", "border"}
    assert snippet.text.startswith("… ")
    assert snippet.text.endswith(" …")


def test_a_long_article_is_marked_to_its_end() -> None:
    body = "\n\n".join(["nothing here"] * 20_000) + "\n\nthe border"
    (snippet,) = highlighter("border").snippets(article(body))
    assert marked(snippet) == ["border"]
    assert snippet.paragraph == 20_001


WORDS = st.sampled_from(
    "border borders security iraq the of Türkiye’s 7,500 counter-terrorism FTFs 中华 中 İstanbul x".split()
)
TEXTS = st.lists(
    st.one_of(WORDS, st.sampled_from([". ", ", ", "\n", "\n\n", "…", "'", "“", "a" * 300])), max_size=80
).map(" ".join)
QUERIES = st.lists(st.one_of(WORDS, st.tuples(WORDS, WORDS).map('"{0[0]} {0[1]}"'.format)), min_size=1, max_size=4).map(
    " ".join
)


@given(QUERIES, TEXTS)
def test_every_mark_is_a_match_and_every_match_is_marked(query: str, text: str) -> None:
    """The oracle knows nothing of rows: a mark's words, and only they, begin some word or phrase of the query."""
    body = "\n\n".join(filter(None, (part.strip() for part in text.split("\n\n"))))
    whole = highlighter(query).article(article(body, title=body.split("\n")[0]))
    assert "\n\n".join(paragraph.text for paragraph in whole.paragraphs) == body
    wanted = {stem(token.form, "english") for token in tokenise(query)} | {token.form for token in tokenise(query)}
    for paragraph in (whole.title, *whole.paragraphs):
        edges = [edge for mark in paragraph.marks for edge in mark]
        assert edges == sorted(edges)
        for start, end in paragraph.marks:
            for token in tokenise(paragraph.text[start:end]):
                form = token.form
                assert form in wanted or stem(form, "english") in wanted or fold(query).replace("-", "").find(form) >= 0
    for snippet in highlighter(query).snippets(article(body)):
        passage = snippet.text.removeprefix("… ").removesuffix(" …")
        assert passage in whole.paragraphs[snippet.paragraph - 1].text.replace("\n", " ")
        originals = set(marked(whole.paragraphs[snippet.paragraph - 1]))
        assert {mark.replace("\n", " ") for mark in marked(snippet)} <= {mark.replace("\n", " ") for mark in originals}


@pytest.mark.parametrize("word", ["border", "iraq", "7,500", "FTF"])
def test_a_plain_word_is_marked_wherever_it_stands(word: str) -> None:
    text = f"{word}, “{word}” ({word}) {word}’s {word}-{word} no{word}no"
    whole = highlighter(word).article(article(text))
    assert len(whole.paragraphs[0].marks) == 6
