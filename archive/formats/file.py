"""A file as a format reads it, and what became of the parts of it that are no articles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import PurePath

from archive.errors import TooLargeError
from archive.types import Origin


@dataclass(frozen=True, slots=True)
class Failed:
    """A part of a file that is no article, and why."""

    origin: Origin
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of a file that was read, is no article and is nobody's fault, and why."""

    origin: Origin
    reason: str


@dataclass(frozen=True, slots=True)
class InputFile:
    """An open file, already uncompressed. `path` is what reports call it; no item may have more than `max_bytes`.

    `mapping` gives the names under which fields of an article are found in it, where the user has told them.
    """

    path: str
    stream: BufferedIOBase
    format: str
    max_bytes: int
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """The last suffix of the file's name before any `.gz`, in lower case."""
        return PurePath(self.path.removesuffix(".gz")).suffix.lower()

    def origin(self, part: str | None = None) -> Origin:
        """Where the file, or a part of it, is to be found again."""
        return Origin(self.path, self.format, part)

    def whole(self) -> bytes:
        """All of it; raises TooLargeError without having read much more than is allowed."""
        data = self.stream.read(self.max_bytes + 1)
        if len(data) > self.max_bytes:
            raise TooLargeError(f"it has more than {self.max_bytes:,} bytes (setting max_item_mb)")
        return data
