"""The files that paths lead to: those that are named, those of folders, and the messages of Maildir folders."""

import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from archive.addresses import is_address, without_credentials
from archive.types import Alone

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class File:
    """A file to read, or what is wrong with it. `named` tells that the user named it, not only its folder.

    `modified` is in nanoseconds, as the file system has it.

    One that was fetched has the `label` that reports call it, its `url`, the `charset` that was stated for it, and a
    name (`hint`) that tells its format.

    A piece of one begins at the byte `first`, which is where its `line` begins, and has `size` bytes.

    One that is made of originals which are read again has them with it.
    """

    path: str
    size: int = 0
    named: bool = True
    modified: int = 0
    format: str | None = None
    failed: str | None = None
    skipped: str | None = None
    label: str | None = None
    hint: str = ""
    url: str | None = None
    charset: str | None = None
    first: int = 0
    line: int | None = None
    originals: tuple[Alone, ...] = ()

    @property
    def name(self) -> str:
        """The path as text, since bytes of it that are no UTF-8 cannot be stored; an address without its password."""
        name = (self.label or self.path).encode("utf-8", "replace").decode()
        return without_credentials(name) if is_address(name) else name


def files(paths: Iterable[str]) -> Iterator[File]:
    """Every file of the paths; folders are walked in the order of names, without hidden files."""
    for path in paths:
        if path == STANDARD_INPUT:
            yield File(path, failed="standard input is closed" if sys.stdin is None else None)
            continue
        if is_address(path):
            yield File(path, failed="it is an address, and nothing is fetched here")
            continue
        try:
            if not path:  # which pathlib takes for the current folder
                yield File(path, failed="there is no such file: the path is empty")
            elif Path(path).is_dir():
                yield from _walk(Path(path))
            else:
                yield _look(Path(path), named=True)
        except (OSError, ValueError) as error:
            yield File(path, failed=reason_of(error))


def _walk(folder: Path) -> Iterator[File]:
    maildir = _is_maildir(folder)
    messages = "mail" if folder.name in ("cur", "new") and _is_maildir(folder.parent) else None
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield File(str(folder), failed=reason_of(error))
        return
    for entry in entries:
        try:
            if maildir and (entry.name == "tmp" or not entry.is_dir()):
                continue  # messages that are being delivered, and what mail programs remember
            if entry.name.startswith(".") and not (maildir and _is_maildir(entry)):
                continue
            if entry.is_symlink():
                yield File(str(entry), skipped="it is a symbolic link; name its target to import it")
            elif entry.is_dir():
                yield from _walk(entry)
            else:
                yield replace(_look(entry, named=False), format=messages)
        except OSError as error:  # one that may not be looked at, or went away
            yield File(str(entry), failed=reason_of(error))


def _is_maildir(folder: Path) -> bool:
    """Whether it is a folder of messages, one a file, as qmail invented it; its subfolders begin with a dot."""
    return all((folder / name).is_dir() for name in ("cur", "new", "tmp"))


def _look(path: Path, *, named: bool) -> File:
    if not path.exists():
        return File(str(path), failed="there is no such file")
    if not path.is_file():
        return File(str(path), skipped="it is no regular file")
    found = path.stat()
    return File(str(path), found.st_size, named, found.st_mtime_ns)


def open_file(file: File) -> io.FileIO:
    """The file, open for reading; raises OSError."""
    if file.path == STANDARD_INPUT:
        return io.FileIO(sys.stdin.fileno(), closefd=False)
    return Path(file.path).open("rb", buffering=0)


def reason_of(error: Exception) -> str:
    """What went wrong, without the name of the file, which is told beside it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error) or type(error).__name__
