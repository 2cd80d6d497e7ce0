"""Importing: from paths to stored articles, one outcome for every item, in memory that does not grow.

    path -> files -> detect -> formats.X.read -> NewArticle -> normalise -> Store.add(batch)
                       ^            |
                       +- InputFile +    what is inside an archive, a message or a web archive

An item that cannot be read is reported with its origin and reason, and the rest goes on. A batch is one transaction:
what was reported as added is stored for good.
"""

import io
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

from archive.errors import ArchiveError, FormatError, UnknownFormatError
from archive.formats import FORMATS, UNKNOWN, Failed, InputFile, Skipped, detect
from archive.normalise import normalise
from archive.paths import File, files, open_file, reason_of
from archive.ports import Store
from archive.streams import HEAD, Expansion, counted, uncompressed
from archive.types import ImportItem, ImportReport, NewArticle, OnDuplicate, Origin, Outcome, PublicationDate

BATCH_ARTICLES = 250
BATCH_CHARACTERS = 8_000_000
"""A batch is one transaction: large enough that its fsync does not matter, small enough to be held in memory."""

MAX_DEPTH = 3
"""How many files deep a file may be inside others: an attachment of a message of a mailbox of an archive."""


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
        observer.total(sum(file.size for file in files(paths)))
    rehearsal = _Rehearsal()
    for batch in _batches(_articles(files(paths), options, account)):
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


# --- articles -------------------------------------------------------------------------------------------------------


def _articles(found: Iterable[File], options: ImportOptions, account: _Account) -> Iterator[NewArticle]:
    """The articles of all files, normalised; everything else goes to the account."""
    for file in found:
        origin = Origin(file.name, options.format or UNKNOWN)
        if file.failed:
            account.failed(origin, file.failed)
        elif file.skipped:
            account.skipped(origin, file.skipped)
        else:
            yield from _read(file, options, account)


def _read(file: File, options: ImportOptions, account: _Account) -> Iterator[NewArticle]:
    known = options.format or file.format or UNKNOWN
    try:
        with closing(counted(open_file(file), file.size, account.advance)) as stream:
            expansion = Expansion.of(file.size)
            opened = InputFile(file.name, stream, known, options.max_item_bytes, options.mapping, expansion=expansion)
            yield from _read_stream(opened, stream, options, account, asked_for=file.named)
    except (FormatError, OSError) as error:
        account.failed(Origin(file.name, known), reason_of(error))


def _read_stream(
    file: InputFile,
    stream: "io.BufferedReader[Any]",
    options: ImportOptions,
    account: _Account,
    *,
    asked_for: bool,
    depth: int = 0,
) -> Iterator[NewArticle]:
    """The articles of a file, or of a file inside a file: each is told by its content, and fails alone."""
    try:
        stream = uncompressed(stream, file.expansion)
        head = stream.peek(HEAD)[:HEAD]
        name = file.format if file.format != UNKNOWN else detect(file.name or file.path, head, asked_for=asked_for)
        file = replace(file, stream=stream, format=name)
        for found in FORMATS[name].read(file):
            if isinstance(found, InputFile):
                yield from _read_member(found, options, account, depth + 1)
                file.expansion.check()
            else:
                yield from _finish(found, file, options, account)
    except UnknownFormatError as error:
        (account.failed if asked_for else account.skipped)(file.origin(), _about(file, str(error)))
    except (FormatError, OSError) as error:
        account.failed(file.origin(), _about(file, reason_of(error)))


def _read_member(file: InputFile, options: ImportOptions, account: _Account, depth: int) -> Iterator[NewArticle]:
    file.expansion.members_left -= 1
    if depth > MAX_DEPTH:
        account.failed(file.origin(), f"it is more than {MAX_DEPTH} files deep; take it out to import it")
        return
    stream = cast("io.BufferedReader[Any]", file.stream)
    yield from _read_stream(file, stream, options, account, asked_for=False, depth=depth)


def _about(file: InputFile, reason: str) -> str:
    """The reason with the address of what it is about, since who reads it knows no record of a web archive."""
    return f"{reason} ({file.url})" if file.url else reason


def _finish(
    found: NewArticle | Failed | Skipped, file: InputFile, options: ImportOptions, account: _Account
) -> Iterator[NewArticle]:
    if isinstance(found, Failed | Skipped):
        (account.failed if isinstance(found, Failed) else account.skipped)(found.origin, found.reason)
        return
    if file.url:
        found = replace(found, url=file.url)
    if file.note and not found.published:
        found = replace(found, note=found.note or file.note)
    try:
        yield normalise(_with_options(found, options))
    except ArchiveError as error:
        account.failed(found.origin, _about(file, str(error)))


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
