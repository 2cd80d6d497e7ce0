"""The wheel holds what the archive needs to run, and nothing else at its top level."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from archive import __version__

ROOT = Path(__file__).parents[1]
PACKAGES = ("archive", "db", "index", "web")


def run(*arguments: object, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, without any network, so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for name in (*PACKAGES, "tests", "benchmarks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    run("-m", "pip", "wheel", *options, "--wheel-dir", folder / "built", folder)
    (built,) = (folder / "built").iterdir()
    return built


def test_the_wheel_holds_four_packages_and_nothing_else_at_its_top(wheel: Path) -> None:
    assert wheel.name.startswith(f"article_archive-{__version__}-")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {*PACKAGES, f"article_archive-{__version__}.dist-info"}


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    """Templates, static files and migrations too."""
    held = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".c", ".h", ".so")
    }
    assert ours <= held
    assert {path.split("/")[1] for path in ours if path.startswith("web/")} >= {"templates", "static"}
    assert any(path.startswith("db/migrations/versions/") for path in ours)


def test_the_wheel_names_the_command_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        (points,) = (name for name in opened.namelist() if name.endswith("entry_points.txt"))
        assert "archive = archive.cli:main" in opened.read(points).decode()
        (metadata,) = (name for name in opened.namelist() if name.endswith("/METADATA"))
        assert "License-Expression: MIT" in opened.read(metadata).decode()
        assert any(name.endswith("licenses/LICENSE") for name in opened.namelist())


def test_the_installed_archive_works_away_from_the_checkout(wheel: Path, tmp_path: Path, founding: Path) -> None:
    """It creates a database with its migrations, finds the founding article, and shows it with its templates."""
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path / "installed")
    script = f"""
import archive
assert archive.__file__.startswith({str(tmp_path)!r}), archive.__file__
from archive.bootstrap import open_archive
from archive.settings import load_settings
from web import create_app
with open_archive(load_settings({{"data": {str(tmp_path / "data")!r}}}, {{}})) as opened:
    opened.import_paths([{str(founding)!r}])
    print(create_app(opened).test_client().get("/search?q=%22border+security%22").text)
"""
    assert "<mark>border security</mark>" in run("-P", "-c", script, PYTHONPATH=str(tmp_path / "installed"))


def test_the_lock_files_hold_hashes_and_no_address() -> None:
    for name in ("base", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        pinned = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
        assert len(pinned) > 20
        assert all(line.endswith("\\") for line in pinned)
        assert "://" not in text
