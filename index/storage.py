"""The folder of an index: which generation is current, whether it is whole, and who may write it.

    index/
      current        the name of the folder in use
      writer.lock    held while something is written
      turn.lock      held while waiting for writer.lock, so that writers take turns
      a1b2c3…/       one Whoosh index and its manifest.json

The manifest is written after each commit, durably, and says what the folder must hold: the database it belongs to, the
last change in it, the versions of schema and analysis, and size and CRC-32 of each file. Whoosh has no checksums and
does not fsync; `DurableStorage` writes every file of a commit to the disk before a table of contents names it.
"""

import json
import os
import secrets
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from whoosh.filedb.filestore import FileStorage

from archive.errors import IndexLockedError, IndexUnavailableError

MANIFEST = "manifest.json"

_OLD = 3_600.0
"""Seconds after which nobody is at work on a file any more."""


def fsync(path: Path) -> None:
    """Write a file or a folder's list of names through to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, text: str) -> None:
    """Replace a file's content at once and for good (write, fsync, rename, fsync of the folder)."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        fsync(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync(path.parent)


def crc(path: Path) -> int:
    """The CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


class DurableStorage(FileStorage):  # type: ignore[misc]  # Whoosh's types are not strict
    """Whoosh's file storage, safe against power loss: what a table of contents names is on the disk before it."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._written: set[str] = set()

    def create_file(self, name: str, **options: object) -> object:
        """As Whoosh's; remembers the name until the next commit."""
        self._written.add(name)
        return super().create_file(name, **options)

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        """As Whoosh's, but the renaming of a table of contents makes the commit durable."""
        folder = Path(self.folder)
        if newname.endswith(".toc"):
            for name in self._written:
                if (folder / name).exists():
                    fsync(folder / name)
            self._written.clear()
            fsync(folder)
        super().rename_file(oldname, newname, safe)
        if newname.endswith(".toc"):
            fsync(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a folder must hold: `files` maps a name to (size, CRC-32, time of change in ns)."""

    database: str
    sequence: int
    fingerprint: str
    generation: int
    files: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a folder; raises IndexUnavailableError when it is missing or makes no sense."""
        try:
            found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            files = {
                str(name): (int(size), int(check), int(when)) for name, (size, check, when) in found["files"].items()
            }
            return cls(
                database=str(found["database"]),
                sequence=int(found["sequence"]),
                fingerprint=str(found["fingerprint"]),
                generation=int(found["generation"]),
                files=files,
                refused={int(number): str(reason) for number, reason in found["refused"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise IndexUnavailableError(f"the manifest of the index cannot be read: {error}") from error

    def write(self, folder: Path) -> None:
        """Write the manifest durably."""
        write_durably(folder / MANIFEST, json.dumps(asdict(self), sort_keys=True))

    def damage(self, folder: Path, *, thorough: bool = False) -> str | None:
        """What is wrong with the folder's files, or None.

        A file whose size and time are as they were is believed, unless `thorough`; any other is read whole.
        """
        for name, (size, check, when) in self.files.items():
            try:
                found = (folder / name).stat()
            except OSError:
                return f"{name} is missing"
            if found.st_size != size:
                return f"{name} has {found.st_size:,} bytes instead of {size:,}"
            if (thorough or found.st_mtime_ns != when) and crc(folder / name) != check:
                return f"{name} does not have the content that was written"
        return None

    def list_files(self, folder: Path, known: "Manifest | None" = None) -> dict[str, tuple[int, int, int]]:
        """Size, CRC-32 and time of every index file; those that `known` has unchanged are not read again."""
        files = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in (".seg", ".toc") and path.is_file():
                found = path.stat()
                old = known.files.get(path.name) if known else None
                same = old and (old[0], old[2]) == (found.st_size, found.st_mtime_ns)
                files[path.name] = old if old and same else (found.st_size, crc(path), found.st_mtime_ns)
        return files


class IndexFolder:
    """The folder that holds the generations of an index."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pointer = str(path / "current")
        self._manifest = ""
        self._seen = (0, 0)

    def current(self) -> Path | None:
        """The folder in use, or None where there is none yet."""
        try:
            name = (self.path / "current").read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None
        folder = self.path / name
        return folder if name and Path(name).name == name and folder.is_dir() else None

    def stamp(self) -> tuple[int, ...]:
        """A value that differs whenever the index may have changed; cheap enough to ask at every search."""
        try:
            pointer = os.stat(self._pointer)  # noqa: PTH116  # asked at every search; Path costs ten times as much
            if (pointer.st_ino, pointer.st_mtime_ns) != self._seen:
                folder = self.current()
                self._manifest = str(folder / MANIFEST) if folder else ""
                self._seen = (pointer.st_ino, pointer.st_mtime_ns)
            found = os.stat(self._manifest)  # noqa: PTH116
        except OSError:
            return ()
        return (pointer.st_ino, found.st_ino, found.st_mtime_ns, found.st_size)

    def new_folder(self) -> Path:
        """An empty folder for a new generation."""
        folder = self.path / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        return folder

    def swap(self, folder: Path) -> None:
        """Make a folder the current one, at once and for good, and delete the others."""
        write_durably(self.path / "current", folder.name)
        self.clean()

    def leftovers(self) -> list[str]:
        """Folders that are not current, and files that were to take the place of others, of an hour ago or before."""
        current, before = self.current(), time.time() - _OLD
        found = [path for path in self.path.glob("*") if path.is_dir() and path != current]
        found += [*self.path.glob("*.tmp"), *self.path.glob(f"*/{MANIFEST}.*.tmp")]
        return sorted(str(path.relative_to(self.path)) for path in found if path.stat().st_mtime < before)

    def clean(self) -> None:
        """Delete folders that are not current: of generations before, and of rebuilds that were cut off.

        To be called under the writer's lock. A reader that has the files open keeps them until it lets go.
        """
        current = self.current()
        for path in self.path.iterdir():
            if path.is_dir() and path != current:
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def writing(self, wait: float) -> Iterator[None]:
        """Hold the right to write; raises IndexLockedError after `wait` seconds. Writers take turns."""
        from filelock import FileLock, Timeout  # here, since a search needs no lock

        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        turn = FileLock(self.path / "turn.lock", timeout=wait, poll_interval=0.02, mode=0o600)
        writer = FileLock(self.path / "writer.lock", timeout=wait, poll_interval=0.02, mode=0o600)
        try:
            with turn:
                writer.acquire()
        except Timeout as error:
            raise IndexLockedError(f"another process has been writing the index for {wait:g} seconds") from error
        try:
            yield
        finally:
            writer.release()
