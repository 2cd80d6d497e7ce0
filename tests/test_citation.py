"""A citation has what is known of an article, and nothing else."""

from datetime import date

import pytest

from archive.citation import cite
from archive.types import Headline, PublicationDate

ADDRESS = "http://127.0.0.1:8000/articles/1"
TODAY = date(2026, 11, 5)


def headline(**known: object) -> Headline:
    values: dict[str, object] = {
        "id": 1, "title": "Border talks", "url": None, "source": None, "authors": (), "published": None,
        "language": "en", "tags": (), "versions": 1,
    }  # fmt: skip
    return Headline(**values | known)  # type: ignore[arg-type]


def test_everything_that_is_known_is_said() -> None:
    article = headline(
        authors=("Ann Lee", "S. Demir"), source="Wire", published=PublicationDate.parse("2023-05-02T10:00:00+03:00"),
        url="https://example.org/1",
    )  # fmt: skip
    assert cite(article, f"{ADDRESS}#p2", TODAY) == (
        "Ann Lee and S. Demir, “Border talks”, Wire, 2 May 2023, https://example.org/1."
        " Archived at http://127.0.0.1:8000/articles/1#p2 (accessed 5 November 2026)."
    )


def test_what_is_not_known_leaves_no_gap() -> None:
    assert cite(headline(), ADDRESS, TODAY) == f"“Border talks”. Archived at {ADDRESS} (accessed 5 November 2026)."


@pytest.mark.parametrize(
    ("authors", "said"),
    [
        (("Ann Lee",), "Ann Lee, “"),
        (("A", "B", "C"), "A, B and C, “"),
        (("A", "B", "C", "D"), "A et al., “"),
    ],
)
def test_authors(authors: tuple[str, ...], said: str) -> None:
    assert cite(headline(authors=authors), ADDRESS, TODAY).startswith(said)


@pytest.mark.parametrize(
    ("stated", "said"), [("2023", ", 2023."), ("2023-05", ", May 2023."), ("2023-05-02", ", 2 May 2023.")]
)
def test_a_date_is_as_precise_as_it_is_known(stated: str, said: str) -> None:
    assert said in cite(headline(published=PublicationDate.parse(stated)), ADDRESS, TODAY)
