"""Importing: from paths to stored articles, one outcome for every item, in memory that does not grow.

    path -> files -> detect -> formats.X.read -> NewArticle -> normalise -> Store.add(batch)

An item that cannot be read is reported with its origin and reason, and the rest goes on. A batch is one transaction:
what was reported as added is stored for good.
"""

import gzip
import io
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from archive.errors import ArchiveError, FormatError, UnknownFormatError, UnreadableFileError
from archive.formats import FORMATS, Failed, InputFile, Skipped, detect
from archive.normalise import normalise
from archive.ports import Store
from archive.types import ImportItem, ImportReport, NewArticle, OnDuplicate, Origin, Outcome, PublicationDate

BATCH_ARTICLES = 250
BATCH_CHARACTERS = 8_000_000
"""A batch is one transaction: large enough that its fsync does not matter, small enough to be held in memory."""

STANDARD_INPUT = "-"

_HEAD = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How to import. What is stated here holds for every article, whatever it says; tags are added to its own.

    `mapping` tells under which names the fields of an article stand in tables and JSON, in the order of preference.
    """

    format: str | None = None
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    published: PublicationDate | None = None
    on_duplicate: OnDuplicate = OnDuplicate.SKIP
    dry_run: bool = False
    max_item_bytes: int = 50_000_000


class Observer(Protocol):
    """Watches an import while it runs."""

    def total(self, size: int) -> None:
        """The bytes of all files, before the first is read; 0 when that is not known."""

    def advance(self, size: int) -> None:
        """So many more bytes were read."""

    def item(self, item: ImportItem) -> None:
        """What became of one item; articles are told after their batch is stored."""


def run(
    store: Store,
    paths: Iterable[str],
    options: ImportOptions,
    *,
    observer: Observer | None = None,
    after_batch: Callable[[int], None] | None = None,
) -> ImportReport:
    """Import files, folders and standard input ("-"), in order; `after_batch` is told how many articles were stored.

    Raises StoreError when the store itself fails; whatever was told before is stored.
    """
    started = time.perf_counter()
    account = _Account(observer)
    paths = list(paths)
    if observer:
        observer.total(sum(file.size for file in _files(paths)))
    rehearsal = _Rehearsal()
    for batch in _batches(_articles(_files(paths), options, account)):
        items = store.add(batch, options.on_duplicate, dry_run=options.dry_run)
        if options.dry_run:
            items = list(map(rehearsal.judge, batch, items))
        for article, item in zip(batch, items, strict=True):
            account.add(replace(item, reason=article.note) if item.outcome is Outcome.ADDED else item)
        if after_batch:
            after_batch(sum(item.outcome in (Outcome.ADDED, Outcome.UPDATED) for item in items))
    return replace(account.report(), seconds=time.perf_counter() - started)


class _Rehearsal:
    """Remembers what a dry run would have stored, since the store has forgotten it when the next batch comes."""

    def __init__(self) -> None:
        self._texts: set[bytes] = set()
        self._urls: set[str] = set()

    def judge(self, article: NewArticle, item: ImportItem) -> ImportItem:
        """The outcome as it would be had the batches before been stored."""
        known_text = article.fingerprint in self._texts
        known_url = article.url in self._urls
        self._texts.add(article.fingerprint)
        if article.url:
            self._urls.add(article.url)
        if item.outcome is not Outcome.ADDED or not (known_text or known_url):
            return item
        if known_text:
            return ImportItem(item.origin, Outcome.DUPLICATE, None, "same text as an item before it")
        return ImportItem(
            item.origin, Outcome.UPDATED, None, "a new version: same URL as an item before it, other text"
        )


# --- counting -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Account:
    """Counts the outcomes and keeps those that somebody will want to read."""

    observer: Observer | None
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    items: list[ImportItem] = field(default_factory=list)

    def add(self, item: ImportItem) -> None:
        self.counts[item.outcome] += 1
        if item.outcome is not Outcome.ADDED or item.reason:
            self.items.append(item)
        if self.observer:
            self.observer.item(item)

    def failed(self, origin: Origin, reason: str) -> None:
        self.add(ImportItem(origin, Outcome.FAILED, None, reason))

    def skipped(self, origin: Origin, reason: str) -> None:
        self.add(ImportItem(origin, Outcome.SKIPPED, None, reason))

    def advance(self, size: int) -> None:
        if self.observer:
            self.observer.advance(size)

    def report(self) -> ImportReport:
        return ImportReport(
            added=self.counts[Outcome.ADDED],
            updated=self.counts[Outcome.UPDATED],
            duplicates=self.counts[Outcome.DUPLICATE],
            skipped=self.counts[Outcome.SKIPPED],
            failed=self.counts[Outcome.FAILED],
            items=tuple(self.items),
        )


# --- files ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _File:
    """A file to read, or what is wrong with it. `named` tells that the user named it, not only its folder."""

    path: str
    size: int = 0
    named: bool = True
    failed: str | None = None
    skipped: str | None = None

    @property
    def name(self) -> str:
        """The path as text, since bytes of it that are no UTF-8 cannot be stored."""
        return self.path.encode("utf-8", "replace").decode()


def _files(paths: Iterable[str]) -> Iterator[_File]:
    """Every file of the paths; folders are walked in the order of names, without hidden files."""
    for path in paths:
        if path == STANDARD_INPUT:
            yield _File(path)
            continue
        try:
            if not path:  # which pathlib takes for the current folder
                yield _File(path, failed="there is no such file: the path is empty")
            elif Path(path).is_dir():
                yield from _walk(Path(path))
            else:
                yield _look(Path(path), named=True)
        except (OSError, ValueError) as error:
            yield _File(path, failed=_reason(error))


def _walk(folder: Path) -> Iterator[_File]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield _File(str(folder), failed=_reason(error))
        return
    for entry in entries:
        try:
            if entry.name.startswith("."):
                continue
            if entry.is_symlink():
                yield _File(str(entry), skipped="it is a symbolic link; name its target to import it")
            elif entry.is_dir():
                yield from _walk(entry)
            else:
                yield _look(entry, named=False)
        except OSError as error:  # one that may not be looked at, or went away
            yield _File(str(entry), failed=_reason(error))


def _look(path: Path, *, named: bool) -> _File:
    if not path.exists():
        return _File(str(path), failed="there is no such file")
    if not path.is_file():
        return _File(str(path), skipped="it is no regular file")
    return _File(str(path), path.stat().st_size, named)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error) or type(error).__name__


# --- articles -------------------------------------------------------------------------------------------------------


class _Raw(io.RawIOBase):
    """A raw stream over a function that reads at most so many bytes, and none at the end."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _articles(files: Iterable[_File], options: ImportOptions, account: _Account) -> Iterator[NewArticle]:
    """The articles of all files, normalised; everything else goes to the account."""
    for file in files:
        origin = Origin(file.name, options.format or "unknown")
        if file.failed:
            account.failed(origin, file.failed)
        elif file.skipped:
            account.skipped(origin, file.skipped)
        else:
            yield from _read(file, options, account)


def _read(file: _File, options: ImportOptions, account: _Account) -> Iterator[NewArticle]:
    origin = Origin(file.name, options.format or "unknown")
    try:
        with closing(_open(file)) as raw:
            stream = _uncompressed(_buffered(raw, account.advance))
            head = stream.peek(_HEAD)[:_HEAD]
            name = options.format or detect(file.name, head, asked_for=file.named)
            origin = Origin(file.name, name)
            content = InputFile(file.name, stream, name, options.max_item_bytes, options.mapping)
            for found in FORMATS[name].read(content):
                yield from _finish(found, options, account)
    except UnknownFormatError as error:
        (account.failed if file.named else account.skipped)(origin, str(error))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        account.failed(origin, f"the gzip data is damaged or cut off ({error}); what came before was read")
    except (FormatError, OSError) as error:
        account.failed(origin, _reason(error))


def _open(file: _File) -> io.FileIO:
    if file.path == STANDARD_INPUT:
        if sys.stdin is None:
            raise UnreadableFileError("standard input is closed")
        return io.FileIO(sys.stdin.fileno(), closefd=False)
    return Path(file.path).open("rb", buffering=0)


def _buffered(raw: io.FileIO, tell: Callable[[int], None]) -> "io.BufferedReader[Any]":
    """The file, telling how much of it has been read."""

    def read(size: int) -> bytes:
        data = raw.read(size) or b""
        tell(len(data))
        return data

    return io.BufferedReader(_Raw(read), 1 << 16)


def _uncompressed(stream: "io.BufferedReader[Any]") -> "io.BufferedReader[Any]":
    if stream.peek(2)[:2] != b"\x1f\x8b":
        return stream
    # read1: a buffer that asks for more than one block loses what came before the place where the file breaks off
    return io.BufferedReader(_Raw(gzip.GzipFile(fileobj=stream).read1), 1 << 16)


def _finish(found: NewArticle | Failed | Skipped, options: ImportOptions, account: _Account) -> Iterator[NewArticle]:
    if not isinstance(found, NewArticle):
        (account.failed if isinstance(found, Failed) else account.skipped)(found.origin, found.reason)
        return
    try:
        yield normalise(_with_options(found, options))
    except ArchiveError as error:
        account.failed(found.origin, str(error))


def _with_options(article: NewArticle, options: ImportOptions) -> NewArticle:
    return replace(
        article,
        source=options.source or article.source,
        language=options.language or article.language,
        published=options.published or article.published,
        tags=(*article.tags, *options.tags),
        note=None if options.published else article.note,
    )


def _batches(articles: Iterable[NewArticle]) -> Iterator[list[NewArticle]]:
    batch: list[NewArticle] = []
    size = 0
    for article in articles:
        batch.append(article)
        size += len(article.body) + (len(article.original.data) if article.original else 0)
        if len(batch) >= BATCH_ARTICLES or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
