"""Docs cannot lie: what they name is compared with the code."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from archive.cli import main
from archive.formats import FORMATS
from archive.service import Archive
from archive.settings import SETTINGS
from archive.types import MAX_LINES
from index.concordance import CONTEXT, MAX_ARTICLES
from index.search import SECONDS
from web import create_app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
EVERY_COMMAND = {"--help", "-h"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(group: click.Group, prefix: str = "archive") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


COMMANDS = dict(commands(main))


def options(command: click.Command) -> dict[str, click.Option]:
    return {option.opts[0]: option for option in command.params if isinstance(option, click.Option)}


def sections(text: str) -> dict[str, str]:
    """The parts of a page by their headings of the second level."""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_commands_documented_are_those_that_exist() -> None:
    assert set(sections(read("docs/commands.md"))) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_documented_are_those_that_exist(name: str) -> None:
    documented = dict(
        re.findall(r"^\| `(--[a-z-]+)[^`]*` \| (.+) \|$", sections(read("docs/commands.md"))[name], re.MULTILINE)
    )
    existing = options(COMMANDS[name])
    assert list(documented) == list(existing)
    for option, text in documented.items():
        choices = existing[option].type.choices if isinstance(existing[option].type, click.Choice) else ()
        shown = text + str(re.findall(f"`{option} [^`]*`", read("docs/commands.md")))
        assert all(choice in shown for choice in choices), option


def examples() -> list[tuple[str, str]]:
    """Every command line of the archive in the docs: a line of a code block, or words in backquotes."""
    pattern = re.compile(r"^(?:\$ )?(archive .+)$|`(archive [^`]+)`", re.MULTILINE)
    return [
        (page.name, (block or words).partition(" #")[0])
        for page in PAGES
        for block, words in pattern.findall(page.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("page", "line"), examples())
def test_every_example_is_a_command_with_options_that_exist(page: str, line: str) -> None:
    words = line.removeprefix("archive ").split()
    if words[0] in ("[--data", "COMMAND", "--data"):
        return
    name = f"archive {' '.join(words[: 1 + isinstance(main.commands.get(words[0]), click.Group)])}"
    assert name in COMMANDS, page
    used = {re.split(r"[=\]]", word.strip("[]"))[0] for word in words if word.lstrip("[").startswith("--")}
    assert used <= {*options(COMMANDS[name]), *EVERY_COMMAND}, page


def test_there_are_examples() -> None:
    assert {page for page, _ in examples()} >= {"README.md", "commands.md", "CONTRIBUTING.md", "formats.md"}


def test_the_make_targets_named_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.MULTILINE))
    for page in PAGES:
        named = re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)[^`]*`", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert {next(filter(None, each)) for each in named} <= targets, page.name
    assert targets <= {*re.findall(r"^\.PHONY: (.+)$", read("Makefile").replace("\\\n", ""), re.MULTILINE)[0].split()}


def test_the_settings_documented_are_those_that_exist() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.+?) \| (.+) \|$", read("docs/settings.md"), re.MULTILINE)
    assert [(name, variable) for name, variable, _, _ in rows] == [(each.name, each.variable) for each in SETTINGS]
    for (_, _, default, text), setting in zip(rows, SETTINGS, strict=True):
        written = str(setting.default).lower() if isinstance(setting.default, bool) else setting.default
        assert default == (f"`{written}`" if setting.name != "data" else "the user data directory")
        assert text.startswith(setting.help.partition("; default")[0])
        if type(setting.default) is int and setting.name != "port":
            assert text.endswith(f", {setting.minimum} to {setting.maximum}")


def test_the_routes_documented_are_those_that_exist(archive: Archive) -> None:
    documented = re.findall(r"^\| `(/[^`]*)` \|", read("docs/api.md"), re.MULTILINE)
    assert sorted(documented) == sorted({rule.rule for rule in create_app(archive).url_map.iter_rules()})


def test_the_limits_of_a_concordance_are_those_documented() -> None:
    told = read("docs/kwic.md")
    assert f"The first {MAX_ARTICLES:,} articles are read, for eight seconds at most" in told
    assert SECONDS == 8
    assert f"{MAX_LINES:,} lines at most" in told
    assert f"Up to {CONTEXT} characters on each side" in told
    assert f"lines from 1 to {MAX_LINES:,}" in read("docs/api.md")


def test_the_formats_documented_are_those_that_exist() -> None:
    described = {name: text for name, text in sections(read("docs/formats.md")).items() if name.islower()}
    assert list(described) == list(FORMATS)
    for name, text in described.items():
        first_sentence = text.partition(":")[0]
        assert set(re.findall(r"`(\.\w+)`", first_sentence)) == set(FORMATS[name].SUFFIXES), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_file_named_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link}
    files = set(re.findall(r"`((?:archive|db|index|web|tests|docs|benchmarks|requirements)/[\w/.-]+)`", text))
    broken = {link for link in links if not (page.parent / link).exists()}
    broken |= {name for name in files if not (ROOT / name).exists()}
    assert not broken


def test_the_version_has_its_place_in_the_changelog() -> None:
    assert re.search(r"^## (\[?Unreleased\]?|\[?\d+\.\d+\.\d+)", read("CHANGELOG.md"), re.MULTILINE)


@contextmanager
def _importable() -> Iterator[None]:
    """The benchmarks are no part of what is installed."""
    sys.path.insert(0, str(ROOT))
    try:
        yield
    finally:
        sys.path.remove(str(ROOT))


def test_the_ranking_is_as_good_as_the_documentation_says() -> None:
    """At least the reference on each collection, and clearly better in the mean."""
    with _importable():
        from benchmarks import relevance
    found = json.loads((ROOT / "benchmarks" / "relevance.json").read_text())
    assert relevance.table(found) in (ROOT / "docs" / "ranking.md").read_text()
    assert set(found) == set(relevance.REFERENCE)
    for name, (ap, gain) in relevance.REFERENCE.items():
        assert found[name]["map"] >= ap - 0.005
        assert found[name]["ndcg"] >= gain - 0.005
    for measure, at in (("map", 0), ("ndcg", 1)):
        times = [found[name][measure] / reference[at] for name, reference in relevance.REFERENCE.items()]
        assert sum(times) / len(times) >= 1.05


def test_the_numbers_in_the_documents_are_those_of_the_benchmarks() -> None:
    """The tables are printed from the results of one run of each benchmark, which are kept beside it."""
    with _importable():
        from benchmarks import compare, extraction, importing, operators, scale, upkeep
    compared, kept, scaled = (
        json.loads((ROOT / "benchmarks" / name).read_text()) for name in ("results.json", "upkeep.json", "scale.json")
    )
    for page, shown in (("README.md", compare.summary(compared)), ("docs/speed.md", compare.table(compared))):
        text = (ROOT / page).read_text()
        assert shown in text
        assert f"{compared['articles']:,} articles, {compared['queries']} queries" in text
    speed = (ROOT / "docs" / "speed.md").read_text()
    assert upkeep.table(kept) in speed
    assert scale.table(scaled) in speed
    assert operators.table(json.loads((ROOT / "benchmarks" / "operators.json").read_text())) in speed
    assert importing.table(json.loads((ROOT / "benchmarks" / "importing.json").read_text())) in speed
    read_pages = json.loads((ROOT / "benchmarks" / "extraction.json").read_text(encoding="utf-8"))
    assert extraction.table(read_pages) in (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    for name in extraction.SETS:
        found = read_pages[name]
        assert found["f1"] >= found["alone"]
        for right, least in (("titles", 0.95), ("dates", 0.9)):
            assert found[right][0] >= least * found[right][1], (name, right)
    assert all(found["read"] >= 0.97 * found["texts"] for found in read_pages["encodings"].values())


def test_every_item_of_the_real_files_is_accounted_for() -> None:
    with _importable():
        from benchmarks import formats
    found = json.loads((ROOT / "benchmarks" / "formats.json").read_text())
    assert formats.table(found) in (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    for name, row in found["collections"].items():
        assert sum(row[outcome] for outcome in formats.OUTCOMES) == row["items"], name
        assert row["megabytes"] <= formats.MOST_MEMORY // 1_000_000, name


def test_near_duplicates_are_found_as_well_as_the_documentation_says() -> None:
    with _importable():
        from benchmarks import near_duplicates
    found = json.loads((ROOT / "benchmarks" / "near_duplicates.json").read_text())
    assert near_duplicates.table(found) in (ROOT / "docs" / "duplicates.md").read_text()
    assert found["precision"] >= 0.98
    assert found["recall"] >= 0.95
