"""Flag > environment > archive.toml > default; a value that makes no sense is named with where it came from."""

import stat
from pathlib import Path

import pytest

from archive.errors import SettingsError
from archive.settings import SETTINGS, load_settings


def write(folder: Path, text: str) -> None:
    (folder / "archive.toml").write_text(text, encoding="utf-8")


def test_works_without_any_setting() -> None:
    found = load_settings({}, {})
    assert (found.host, found.port, found.workers, found.page_size, found.max_item_mb) == ("127.0.0.1", 8000, 2, 20, 50)
    assert found.data.is_absolute()
    assert found.data.name == "article-archive"
    assert set(found.origins.values()) == {"default"}


@pytest.mark.parametrize("setting", [each for each in SETTINGS if each.name != "data"], ids=lambda each: each.name)
def test_each_layer_hides_those_below(setting: object, tmp_path: Path) -> None:
    name, variable = setting.name, setting.variable  # type: ignore[attr-defined]
    values = (11, 12, 13) if isinstance(setting.default, int) else ("f", "e", "g")  # type: ignore[attr-defined]
    in_file, in_environment, as_flag = (1, 0, 1) if setting.maximum == 1 else values  # type: ignore[attr-defined]
    if isinstance(setting.default, bool):  # type: ignore[attr-defined]
        in_file, in_environment, as_flag = False, True, False
    data = {"data": str(tmp_path)}
    write(tmp_path, f"{name} = {str(in_file).lower() if in_file is False else repr(in_file)}")
    found = load_settings(data, {})
    assert (getattr(found, name), found.origins[name]) == (in_file, "archive.toml")
    found = load_settings(data, {variable: str(in_environment)})
    assert (getattr(found, name), found.origins[name]) == (in_environment, "environment")
    found = load_settings(data | {name: as_flag}, {variable: str(in_environment)})
    assert (getattr(found, name), found.origins[name]) == (as_flag, "flag")


def test_data_directory_by_flag_environment_and_default(tmp_path: Path) -> None:
    by_environment = {"ARCHIVE_DATA": str(tmp_path / "environment")}
    assert load_settings({"data": str(tmp_path / "flag")}, by_environment).data == tmp_path / "flag"
    assert load_settings({"data": None}, by_environment).data == tmp_path / "environment"
    assert load_settings({}, by_environment).origins["data"] == "environment"


def test_an_empty_value_counts_as_not_set() -> None:
    assert load_settings({"data": ""}, {"ARCHIVE_PORT": "", "ARCHIVE_DATA": ""}) == load_settings({}, {})


def test_home_and_relative_paths_are_understood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert load_settings({"data": "~/articles"}, {}).data == tmp_path / "articles"
    assert load_settings({"data": "articles"}, {}).data == tmp_path / "articles"


@pytest.mark.parametrize(("value", "fits"), [("0", True), ("65535", True), ("65536", False), ("-1", False)])
def test_numbers_have_bounds(value: str, fits: bool) -> None:
    if fits:
        assert load_settings({}, {"ARCHIVE_PORT": value}).port == int(value)
    else:
        with pytest.raises(SettingsError, match=r"port \(environment\) is '.*', but it must be .* from 0 to 65535"):
            load_settings({}, {"ARCHIVE_PORT": value})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("port = ", "archive.toml"),
        ("port = 'many'", r"port \(archive.toml\) is 'many'"),
        ("port = 80.5", r"port \(archive.toml\) is 80.5"),
        ("port = true", r"port \(archive.toml\) is True"),
        ("near_duplicates = 'maybe'", r"near_duplicates \(archive.toml\) is 'maybe', but it must be true or false"),
        ("host = 5", r"host \(archive.toml\) is 5"),
        ("prot = 80", "no setting 'prot'"),
        ("data = '/elsewhere'", "data cannot be set in a file that lies inside the data directory"),
    ],
)
def test_a_wrong_file_is_named_with_the_reason(text: str, reason: str, tmp_path: Path) -> None:
    write(tmp_path, text)
    with pytest.raises(SettingsError, match=reason) as caught:
        load_settings({"data": str(tmp_path)}, {})
    assert caught.value.exit_status == 2


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "archive.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"cannot read .*archive\.toml"):
        load_settings({"data": str(tmp_path)}, {})


def test_the_data_directory_is_its_owners_alone(tmp_path: Path) -> None:
    found = load_settings({"data": str(tmp_path / "a" / "b")}, {})
    found.make_data_directory()
    found.make_data_directory()
    assert stat.S_IMODE(found.data.stat().st_mode) & 0o077 == 0
    assert (found.database.parent, found.index_directory.parent) == (found.data, found.data)


def test_a_file_in_place_of_the_data_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(SettingsError, match=r"cannot (use|read) .*data"):
        load_settings({"data": str(tmp_path / "data")}, {}).make_data_directory()
    assert (tmp_path / "data").read_text() == "mine"
