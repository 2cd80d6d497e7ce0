"""A file as a format reads it, and what became of the parts of it that are no articles."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import BufferedIOBase
from pathlib import PurePath

from archive.errors import TooLargeError
from archive.streams import COMPRESSED, Expansion
from archive.types import NewArticle, Origin

UNKNOWN = "unknown"
"""The format of a file or member that is yet to be told by its content."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A part of a file that is no article, and why."""

    origin: Origin
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of a file that was read, is no article and is nobody's fault, and why.

    `entry` is what it says of a page that could be fetched.
    """

    origin: Origin
    reason: str
    entry: NewArticle | None = None


@dataclass(frozen=True, slots=True)
class InputFile:
    """An open file, already uncompressed. `path` is what reports call it; no item may have more than `max_bytes`.

    A file inside a file has its `part` in it and a `name` that tells its format, and knows what is said of it: its
    `url`, the `charset` of its text, and a `note` for an article without a date. `expansion` is what it and all that
    is in it may expand to. `mapping` gives the names under which fields of an article are found in it, where the user
    has told them. A piece of a file of lines begins with its `first_line`.
    """

    path: str
    stream: BufferedIOBase
    format: str
    max_bytes: int
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    part: str | None = None
    name: str = ""
    url: str | None = None
    charset: str | None = None
    note: str | None = None
    first_line: int = 1
    expansion: Expansion = field(default_factory=Expansion)

    @property
    def suffix(self) -> str:
        """The last suffix of the file's name before any `.gz`, in lower case."""
        return suffix(self.name or self.path)

    def origin(self, part: str | None = None) -> Origin:
        """Where the file, or a part of it, is to be found again."""
        return Origin(self.path, self.format, "#".join(filter(None, (self.part, part))) or None)

    def member(
        self,
        part: str,
        stream: BufferedIOBase,
        *,
        name: str = "",
        url: str | None = None,
        charset: str | None = None,
        note: str | None = None,
    ) -> "InputFile":
        """A file inside this one, whose format is yet to be told."""
        return replace(
            self, stream=stream, format=UNKNOWN, part=self.origin(part).part, name=name or part, url=url,
            charset=charset, note=note,
        )  # fmt: skip

    def read_as(self, name: str) -> "InputFile":
        """The same file for the reader of another format, whose name its articles get."""
        return replace(self, format=name)

    def whole(self) -> bytes:
        """All of it; raises TooLargeError without having read much more than is allowed."""
        data = self.stream.read(self.max_bytes + 1)
        if len(data) > self.max_bytes:
            raise TooLargeError(f"it has more than {self.max_bytes:,} bytes (setting max_item_mb)")
        return data


def suffix(name: str) -> str:
    """The last suffix of a name, in lower case, without those that only say how it is compressed."""
    path = PurePath(name)
    if path.suffix.lower() in COMPRESSED:
        path = path.with_suffix("")
    return path.suffix.lower()
