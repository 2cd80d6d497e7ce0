"""Settings: flag > ARCHIVE_* environment > archive.toml in the data directory > default; each value knows its origin."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from archive.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name, default and what it does. Its type is that of the default."""

    name: str
    default: str | int
    help: str
    minimum: int = 0
    maximum: int = 2**31


SETTINGS = (
    Setting("data", "", "the data directory: archive.db, index/ and archive.toml; default: the user data directory"),
    Setting("host", "127.0.0.1", "address that `archive serve` listens on"),
    Setting("port", 8000, "port that `archive serve` listens on; 0 picks a free one", maximum=65_535),
    Setting("workers", 2, "worker processes of `archive serve`", minimum=1, maximum=64),
    Setting("page_size", 20, "articles on a page of results", minimum=1, maximum=200),
    Setting("max_item_mb", 50, "largest single file or line that is imported, in megabytes", minimum=1, maximum=2_000),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings. `origins` names where each value came from: flag, environment, archive.toml or default."""

    data: Path
    host: str
    port: int
    workers: int
    page_size: int
    max_item_mb: int
    origins: Mapping[str, str]

    @property
    def database(self) -> Path:
        """The SQLite file, which is the archive."""
        return self.data / "archive.db"

    @property
    def index_directory(self) -> Path:
        """The index, which can be thrown away."""
        return self.data / "index"

    def make_data_directory(self) -> None:
        """Create the data directory, readable by its owner alone; raises SettingsError."""
        try:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise SettingsError(f"cannot use {self.data} as data directory: {error.strerror}") from error


def load_settings(
    flags: Mapping[str, str | int | None] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Put the settings together; raises SettingsError naming the setting, its origin and what is wrong with it."""
    environment = os.environ if environment is None else environment
    layers = [
        ("flag", {name: value for name, value in (flags or {}).items() if value is not None}),
        (
            "environment",
            {name: environment[key] for name in _BY_NAME if (key := f"ARCHIVE_{name.upper()}") in environment},
        ),
    ]
    default_data = platformdirs.user_data_path("article-archive", appauthor=False)
    data = next((values["data"] for _, values in layers if values.get("data")), default_data)
    layers.append(("archive.toml", _read_file(Path(data).expanduser() / "archive.toml")))
    layers.append(("default", {setting.name: setting.default for setting in SETTINGS} | {"data": str(default_data)}))
    values: dict[str, str | int] = {}
    origins: dict[str, str] = {}
    for setting in SETTINGS:
        origin, raw = next(
            (origin, found[setting.name]) for origin, found in layers if found.get(setting.name) not in (None, "")
        )
        values[setting.name], origins[setting.name] = _checked(setting, raw, origin), origin
    return Settings(
        data=Path(str(values["data"])).expanduser().absolute(),
        host=str(values["host"]),
        port=int(values["port"]),
        workers=int(values["workers"]),
        page_size=int(values["page_size"]),
        max_item_mb=int(values["max_item_mb"]),
        origins=origins,
    )


def _read_file(path: Path) -> dict[str, str | int]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}") from error
    if "data" in found:
        raise SettingsError(f"{path}: data cannot be set in a file that lies inside the data directory")
    if unknown := set(found) - set(_BY_NAME):
        raise SettingsError(f"{path}: there is no setting {sorted(unknown)[0]!r}; there are {', '.join(_BY_NAME)}")
    return found


def _checked(setting: Setting, raw: object, origin: str) -> str | int:
    if isinstance(setting.default, str):
        return str(raw)
    try:
        number = int(str(raw))
    except ValueError:
        number = setting.minimum - 1
    if not setting.minimum <= number <= setting.maximum:
        raise SettingsError(
            f"{setting.name} ({origin}) is {raw!r}, but it must be a number from {setting.minimum} to {setting.maximum}"
        )
    return number
