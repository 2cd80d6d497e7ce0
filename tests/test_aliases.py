"""A person's aliases: the file as it is edited by hand and by command, and what a search, a page and the JSON say."""

import html
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.aliases import MOST_BYTES, AliasFile, read_names
from archive.errors import AliasError
from archive.service import Archive
from archive.settings import Settings
from archive.types import NewArticle, Origin, SearchRequest
from web import create_app

Run = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> AliasFile:
    return AliasFile(tmp_path / "aliases.txt")


def fill(archive: Archive) -> None:
    bodies = ["Türkiye spoke.", "Turkey spoke.", "Turkey kept silent.", "The Islamic State (IS) came."]
    archive.store.add([NewArticle(title=body, body=body, origin=Origin("x", "text"), language="en") for body in bodies])
    archive.sync()


# --- the file


def test_there_need_not_be_a_file(file: AliasFile) -> None:
    assert file.read().groups == ()
    assert file.read().faults == ()
    assert file.remove("Turkey") == []
    assert not file.path.exists()


def test_a_file_is_read_line_by_line(file: AliasFile) -> None:
    file.path.write_bytes(
        '\ufeff# cities\r\nKyiv = Kiev=Kiew\r\n\n  Türkiye  =  Turkey  \n“UN” = "United Nations"'.encode()
    )
    assert file.read().groups == (("Kyiv", "Kiev", "Kiew"), ("Türkiye", "Turkey"), ("UN", "United Nations"))
    assert file.read().faults == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"Turkey", "two different names"),
        (b"Turkey =", "a name is empty"),
        (b"= Turkey", "a name is empty"),
        (b"=", "a name is empty"),
        (b"Turkey = TURKEY", "two different names"),
        (b"Turkey = !!!", "“!!!” is no name"),
        (b'Turkey = the "new" one', "a character that no name can have"),
        (b"Turkey = T\x00rkiye", "a character that no name can have"),
        (b"Turkey = T\xfcrkiye", "not in UTF-8"),
        (b"Turkey = " + b"x" * 101, "longer than 100 characters"),
        (b" = ".join(b"n%d" % at for at in range(11)), "more than 10 names"),
    ],
)
def test_a_line_that_makes_no_sense_is_named_and_the_others_hold(file: AliasFile, line: bytes, reason: str) -> None:
    file.path.write_bytes(b"A = B\n" + line + b"\nC = D\n")
    found = file.read()
    assert found.groups == (("A", "B"), ("C", "D"))
    assert len(found.faults) == 1
    assert found.faults[0].startswith("aliases.txt, line 2: ")
    assert reason in found.faults[0]


def test_a_file_that_is_none_is_told(file: AliasFile) -> None:
    file.path.mkdir()
    assert file.read().groups == ()
    assert file.read().faults == ("aliases.txt cannot be read: Is a directory",)


def test_a_file_that_is_too_large_is_told(file: AliasFile) -> None:
    file.path.write_bytes(b"#" * (MOST_BYTES + 1))
    assert file.read().faults == ("aliases.txt is larger than 1,000,000 bytes",)


def test_what_was_read_is_kept_until_the_file_changes(file: AliasFile) -> None:
    file.add(["A", "B"])
    once = file.read()
    assert file.read() is once
    file.path.write_text("A = B\nC = D\n")
    assert file.read().groups == (("A", "B"), ("C", "D"))
    file.path.unlink()
    assert file.read().groups == ()


def test_adding_and_removing_leaves_every_other_line_as_it_is(file: AliasFile) -> None:
    file.path.write_bytes(b"# mine\r\nbroken \xff line\nKyiv = Kiev\nno newline = none")
    assert file.add(["Türkiye", "Turkey"])
    assert not file.add(["TURKEY", "türkiye"])
    assert file.remove("kiev") == [("Kyiv", "Kiev")]
    assert file.remove("Kiev") == []
    kept = b"# mine\r\nbroken \xff line\nno newline = none\n"
    assert file.path.read_bytes() == kept + "Türkiye = Turkey\n".encode()
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["aliases.lock", "aliases.txt"]


def test_two_who_add_at_once_lose_nothing(file: AliasFile) -> None:
    threads = [threading.Thread(target=AliasFile(file.path).add, args=([f"a{at}", f"b{at}"],)) for at in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(file.read().groups) == 20


@given(st.lists(st.text(max_size=20), max_size=4))
def test_any_names_are_an_alias_or_refused_with_a_reason(names: list[str]) -> None:
    with suppress(AliasError):
        read = read_names(names)
        assert 2 <= len(read) <= len(names)
        assert read_names(" = ".join(read).split("=")) == read


@given(st.binary(max_size=200))
def test_any_bytes_are_aliases_and_faults(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("aliases") / "aliases.txt"
    path.write_bytes(content)
    found = AliasFile(path).read()
    assert all(len(names) > 1 for names in found.groups)
    assert len(found.groups) + len(found.faults) <= len(content.splitlines())


# --- the command


def test_the_command_lists_adds_and_removes(run: Run, settings: Settings) -> None:
    assert run("alias", "list").stdout == ""
    assert run("alias", "add", "Türkiye", " Turkey ").stdout == "Added: Türkiye = Turkey.\n"
    assert run("alias", "add", "turkey", "TÜRKİYE".lower(), "Turquie").stdout.startswith("Added: turkey = ")
    assert run("alias", "add", "Turkey", "Türkiye").stdout == "Known already: Turkey = Türkiye.\n"
    assert settings.alias_file.read_text(encoding="utf-8").count("\n") == 2
    assert run("alias", "list").stdout.splitlines()[0] == "Türkiye = Turkey"
    assert run("alias", "remove", "turquie").stdout.startswith("Removed: turkey = ")
    assert run("alias", "list").stdout == "Türkiye = Turkey\n"
    assert "there is no alias Ankara" in run("alias", "remove", "Ankara", status=1).stderr


def test_the_command_speaks_json(run: Run, settings: Settings) -> None:
    assert run("alias", "add", "A", "B", "--json").json == {"names": ["A", "B"], "added": True}
    assert run("alias", "add", "b", "a", "--json").json == {"names": ["b", "a"], "added": False}
    settings.alias_file.write_text("A = B\nnonsense\n")
    fault = "aliases.txt, line 2: there are two different names in an alias, such as Türkiye = Turkey"
    assert run("alias", "list", "--json", status=1).json == {"aliases": [["A", "B"]], "faults": [fault]}
    assert run("alias", "remove", "a", "--json").json == {"removed": [["A", "B"]]}
    assert run("alias", "remove", "a", "--json", status=1).json == {"removed": []}


@pytest.mark.parametrize("names", [["A"], ["A", "a"], ["A", ""], ["A", "="], ["A", "x" * 200], ["#A", "B"]])
def test_names_that_cannot_be_an_alias_are_wrong_usage(run: Run, settings: Settings, names: list[str]) -> None:
    assert "name" in run("alias", "add", *names, status=2).stderr
    assert not settings.alias_file.exists()


def test_a_search_tells_the_alias_and_what_to_ask(run: Run, archive: Archive) -> None:
    fill(archive)
    run("alias", "add", "Türkiye", "Turkey")
    found = run("search", "turkey")
    assert "Türkiye = Turkey (3 articles): archive search 'turkey OR Türkiye'" in found.stderr
    assert "only turkey (2 articles): archive search turkey" in run("search", "turkey OR Türkiye").stderr
    assert "IS = Islamic State (1 article)" in run("search", "IS").stderr
    expected = {"kind": "alias", "text": "Türkiye = Turkey", "query": "turkey OR Türkiye", "count": 3}
    assert run("search", "turkey", "--json").json["expansions"] == [expected]


# --- who has the archive open


def test_an_open_archive_sees_changes_of_the_file(archive: Archive) -> None:
    fill(archive)

    def offered() -> list[str]:
        return [each.text for each in archive.search(SearchRequest(query="turkey")).expansions]

    assert offered() == []
    archive.aliases.add(["Türkiye", "Turkey"])
    assert offered() == ["Türkiye = Turkey"]
    archive.settings.alias_file.write_text("Turkey = Turquie\n", encoding="utf-8")
    assert offered() == ["Turkey = Turquie"]
    archive.settings.alias_file.unlink()
    assert offered() == []


def test_an_answer_names_the_lines_that_make_no_sense(archive: Archive) -> None:
    fill(archive)
    archive.settings.alias_file.write_text("A = B\n" + "nonsense\n" * 5)
    found = archive.search(SearchRequest(query="turkey"))
    assert found.total == 2
    assert [message.text.partition(":")[0] for message in found.messages] == [
        f"aliases.txt, line {line}" for line in (2, 3, 4)
    ]


def test_a_page_offers_and_leads_back(archive: Archive) -> None:
    fill(archive)
    archive.aliases.add(["<b>T&rkiye", "Turkey"])
    client = create_app(archive).test_client()
    text = client.get("/search?q=turkey&sort=newest").text
    assert "<b>T" not in text
    assert "&lt;b&gt;T&amp;rkiye = Turkey</a> (2 articles)" in text
    text = html.unescape(client.get("/search?q=IS+came").text)
    link = 'href="?q=%28IS+OR+%22Islamic+State%22%29+came">IS = Islamic State</a> (1 article)'
    assert link in text
    widened = html.unescape(client.get("/search?q=%28IS+OR+%22Islamic+State%22%29+came").text)
    assert 'href="?q=IS+came">only IS</a> (1 article)' in widened
    assert "IS = Islamic State" not in widened
