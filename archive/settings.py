"""Settings: flag > ARCHIVE_* environment > archive.toml in the data directory > default; a value knows its origin."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from archive.errors import SettingsError

FILE_NAME = "archive.toml"
Value = str | int
"""A truth is one of the integers."""

_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name, default and what it does. Its type is that of the default; numbers have bounds."""

    name: str
    default: Value
    help: str
    minimum: int = 0
    maximum: int = 0

    @property
    def variable(self) -> str:
        """The environment variable that sets it; empty counts as not set."""
        return f"ARCHIVE_{self.name.upper()}"


SETTINGS = (
    Setting("data", "", f"the data directory: archive.db, index/ and {FILE_NAME}; default: the user data directory"),
    Setting("host", "127.0.0.1", "address that `archive serve` listens on"),
    Setting("port", 8000, "port that `archive serve` listens on; 0 picks a free one", maximum=65_535),
    Setting("workers", 2, "worker processes of `archive serve`", minimum=1, maximum=64),
    Setting("page_size", 20, "articles on a page of results", minimum=1, maximum=200),
    Setting("near_duplicates", True, "look for near-duplicates in an import, and show them as one result"),
    Setting("max_item_mb", 50, "largest single file or line that is imported, in megabytes", minimum=1, maximum=2_000),
    Setting("allow_private", 0, "1: fetch from addresses inside this machine and its network, too", maximum=1),
)

_NAMES = tuple(setting.name for setting in SETTINGS)


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings; `origins` tells of each where it is from: flag, environment, archive.toml or default."""

    data: Path
    host: str
    port: int
    workers: int
    page_size: int
    near_duplicates: bool
    max_item_mb: int
    allow_private: int
    origins: Mapping[str, str]

    @property
    def database(self) -> Path:
        """The SQLite file, which is the archive."""
        return self.data / "archive.db"

    @property
    def index_directory(self) -> Path:
        """The index, which can be thrown away."""
        return self.data / "index"

    @property
    def alias_file(self) -> Path:
        """A person's aliases, a text file."""
        return self.data / "aliases.txt"

    def make_data_directory(self) -> None:
        """Create the data directory, readable by its owner alone; raises SettingsError."""
        try:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise SettingsError(f"cannot use {self.data} as data directory: {error.strerror}") from error


def load_settings(
    flags: Mapping[str, Value | None] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Put the settings together; raises SettingsError naming the setting, its origin and what is wrong with it."""
    environment = os.environ if environment is None else environment
    layers: list[tuple[str, Mapping[str, object]]] = [
        ("flag", {name: value for name, value in (flags or {}).items() if value not in (None, "")}),
        ("environment", {each.name: value for each in SETTINGS if (value := environment.get(each.variable))}),
    ]
    stated = next((str(values["data"]) for _, values in layers if "data" in values), None)
    data = _directory(stated or _default_data())
    layers.append((FILE_NAME, _read_file(data / FILE_NAME)))
    layers.append(("default", {each.name: each.default for each in SETTINGS}))
    origins = {name: next(origin for origin, values in layers if name in values) for name in _NAMES}
    found = {
        each.name: _checked(each, dict(layers)[origins[each.name]][each.name], origins[each.name]) for each in SETTINGS
    }
    return Settings(
        data=data,
        host=str(found["host"]),
        port=int(found["port"]),
        workers=int(found["workers"]),
        page_size=int(found["page_size"]),
        near_duplicates=bool(found["near_duplicates"]),
        max_item_mb=int(found["max_item_mb"]),
        allow_private=int(found["allow_private"]),
        origins=origins,
    )


def _default_data() -> str:
    import platformdirs

    return str(platformdirs.user_data_path("article-archive", appauthor=False))


def _directory(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise SettingsError(f"cannot use {text} as data directory: {error}") from error


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
        import tomllib  # few have such a file

        found = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError among them
        raise SettingsError(f"cannot read {path}: {error}") from error
    if "data" in found:
        raise SettingsError(f"{path}: data cannot be set in a file that lies inside the data directory")
    if unknown := sorted(found.keys() - set(_NAMES)):
        raise SettingsError(f"{path}: there is no setting {unknown[0]!r}; there are {', '.join(_NAMES[1:])}")
    return found


def _checked(setting: Setting, raw: object, origin: str) -> Value:
    if isinstance(setting.default, str):
        if isinstance(raw, str):
            return raw
        raise SettingsError(f"{setting.name} ({origin}) is {raw!r}, but it must be a text in quotes")
    if isinstance(setting.default, bool):
        if (truth := _TRUTHS.get(str(raw).strip().lower())) is not None:
            return truth
        raise SettingsError(f"{setting.name} ({origin}) is {raw!r}, but it must be true or false")
    try:
        number = int(str(raw))
    except ValueError:
        number = setting.minimum - 1
    if not setting.minimum <= number <= setting.maximum:
        raise SettingsError(
            f"{setting.name} ({origin}) is {raw!r}, but it must be a number from {setting.minimum} to {setting.maximum}"
        )
    return number
