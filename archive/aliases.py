"""A person's aliases: names that are the same, a line each, in a text file that may be edited by hand.

    # cities are written as they are called today
    Türkiye = Turkey
    Kyiv = Kiev = Kiew

A line that makes no sense is named and left aside; the others hold. No line is ever changed but by whoever asks for it.
"""

import os
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from archive.errors import AliasError, ArchiveError
from archive.types import NO_ALIASES, Aliases

MOST_CHARACTERS = 100
"""Characters of a name."""

MOST_NAMES = 10
"""Names on a line, so that a query with all of them stays one that is answered."""

MOST_BYTES = 1_000_000

_QUOTES = '"“”„‟«»'
_WAIT = 10.0


class AliasFile:
    """The file of aliases; it need not exist. What was read is kept until the file changes. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: tuple[tuple[int, ...], Aliases] = ((), NO_ALIASES)

    def read(self) -> Aliases:
        """The aliases as they are now; never raises."""
        try:
            found = self.path.stat()
        except OSError:
            return NO_ALIASES
        stamp = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
        known, aliases = self._known
        if stamp != known:
            aliases = self._read()
            self._known = stamp, aliases
        return aliases

    def _read(self) -> Aliases:
        try:
            return self._parse(self._lines())
        except AliasError as error:
            return Aliases(faults=(str(error),))

    def add(self, names: Sequence[str]) -> bool:
        """Add a line, which is durable when this returns; False where there is such a line already.

        Raises AliasError naming what is wrong with the names.
        """
        cleaned = read_names(names)
        with self._changing():
            if any(set(map(_same, cleaned)) == set(map(_same, group)) for group in self.read().groups):
                return False
            lines = self._lines()
            if lines and not lines[-1].endswith(b"\n"):
                lines[-1] += b"\n"
            self._write([*lines, f"{' = '.join(cleaned)}\n".encode()])
            return True

    def remove(self, name: str) -> list[tuple[str, ...]]:
        """Take out each line that has this name; their names, and none where there is no such line."""
        with self._changing():
            kept, removed = [], []
            for line in self._lines():
                names = _names_of(line)
                if names and _same(name) in map(_same, names):
                    removed.append(names)
                else:
                    kept.append(line)
            if removed:
                self._write(kept)
            return removed

    def _lines(self) -> list[bytes]:
        try:
            with self.path.open("rb") as file:
                text = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise AliasError(f"{self.path.name} cannot be read: {error.strerror}") from error
        if len(text) > MOST_BYTES:
            raise AliasError(f"{self.path.name} is larger than {MOST_BYTES:,} bytes")
        return text.splitlines(keepends=True)

    def _parse(self, lines: Sequence[bytes]) -> Aliases:
        groups, faults = [], []
        for number, line in enumerate(lines, 1):
            try:
                names = _read_line(line)
            except AliasError as error:
                faults.append(f"{self.path.name}, line {number}: {error}")
            else:
                groups += [names] if names else []
        return Aliases(tuple(groups), tuple(faults))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One process at a time; raises ArchiveError where the file cannot be changed."""
        from filelock import FileLock, Timeout  # here, since a search needs no lock

        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=_WAIT, mode=0o600):
                yield
        except Timeout as error:
            raise ArchiveError(f"{self.path.name} is being changed by another process") from error
        except OSError as error:
            raise ArchiveError(f"{self.path.name} cannot be changed: {error.strerror}") from error

    def _write(self, lines: Sequence[bytes]) -> None:
        """All lines, in place of the file, through to the disk: a reader has the old ones or the new ones."""
        number, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
        try:
            with os.fdopen(number, "wb") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise


def read_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names of a line, each once, without spaces and quotation marks around them; raises AliasError."""
    cleaned = [" ".join(unicodedata.normalize("NFC", name).split()).strip(f"{_QUOTES} ") for name in names]
    for name in cleaned:
        if not name:
            raise AliasError("a name is empty")
        if len(name) > MOST_CHARACTERS:
            raise AliasError(f"a name is longer than {MOST_CHARACTERS} characters")
        if not any(map(str.isalnum, name)):
            raise AliasError(f"“{name}” is no name: it has no letters or digits")
        if any(mark in name for mark in f"{_QUOTES}=") or not name.isprintable() or name.startswith("#"):
            raise AliasError(f"“{name}” has a character that no name can have")
    each = tuple({_same(name): name for name in reversed(cleaned)}.values())[::-1]
    if len(each) < 2:
        raise AliasError("there are two different names in an alias, such as Türkiye = Turkey")
    if len(each) > MOST_NAMES:
        raise AliasError(f"there are more than {MOST_NAMES} names")
    return each


def _read_line(line: bytes) -> tuple[str, ...]:
    """The names of a line of the file, none for an empty one or a comment; raises AliasError."""
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise AliasError("it is not in UTF-8") from error
    return read_names(text.split("=")) if text and not text.startswith("#") else ()


def _names_of(line: bytes) -> tuple[str, ...]:
    try:
        return _read_line(line)
    except AliasError:
        return ()


def _same(name: str) -> str:
    """Equal for one name in capitals and in small letters."""
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()
