"""The ledgers of imports: what was found is stored, and recorded so that an interrupted import can be gone on with.

Three kinds: an import of files and addresses is recorded, following a feed is not, and a dry run only tells.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from archive.addresses import is_address, without_credentials
from archive.online import Found, Online
from archive.paths import STANDARD_INPUT, File
from archive.ports import Store
from archive.types import FileAccount, ImportItem, ImportOptions, NewArticle, Outcome

Batch = Sequence[tuple[int, Found]]
"""What was found, each with the number of its file in the ledger."""


class Ledger(Protocol):
    """Stores what is found; entered for as long as an import takes."""

    @property
    def id(self) -> int | None:
        """The import's number in the store, if it is recorded."""

    resumed: int
    """How many items have their outcome from before the import was interrupted."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None: ...

    def account_of(self, file: File) -> FileAccount:
        """How far the import is with a file."""

    def told(self, account: FileAccount) -> Iterable[ImportItem]:
        """The outcomes that a file had before."""

    def store(self, batch: Batch, files: Sequence[FileAccount]) -> Sequence[ImportItem]:
        """The outcomes of a batch, in order; `files` is how far the import is once it is stored: see `settle`."""

    def settle(self) -> None:
        """Wait until the last batch is stored."""


def ledger_for(store: Store, paths: Sequence[str], options: ImportOptions, online: Online | None) -> Ledger:
    """The ledger of an import of these paths."""
    if options.dry_run:
        return _Rehearsal(store, options)
    if online and online.following:
        return _Unrecorded(store, options)  # a line of cron would leave no room for what people have imported
    return _Recording(store, paths, options, once=online is not None)


class _Recording:
    """Stores batches and records what became of them, so that an import can be gone on with unless it is for `once`."""

    def __init__(self, store: Store, paths: Sequence[str], options: ImportOptions, *, once: bool) -> None:
        self._store = store
        self._on_duplicate, self._near = options.on_duplicate, options.near_duplicates
        self._command = _command(paths, options, once=once)
        self.id = 0
        self.resumed = 0

    def __enter__(self) -> Self:
        self.id, known = self._store.begin_import(self._command)
        self._known = {account.path: account for account in known}
        self._number = max((account.number for account in known), default=0)
        self.resumed = sum(account.items for account in known)
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._store.end_import(self.id, finished=error is None)

    def account_of(self, file: File) -> FileAccount:
        known = self._known.pop(file.path, None)  # a path given twice is another file the second time
        if known and (known.size, known.modified) == (file.size, file.modified) and file.path != STANDARD_INPUT:
            return known
        if known:
            self._store.forget_file(self.id, known.number)
            self.resumed -= known.items
        self._number += 1
        path = file.name if file.label or is_address(file.path) else file.path
        return FileAccount(self._number, path, file.size, file.modified)

    def told(self, account: FileAccount) -> Iterable[ImportItem]:
        return self._store.import_items(self.id, file=account.number) if account.items else ()

    def store(self, batch: Batch, files: Sequence[FileAccount]) -> Sequence[ImportItem]:
        return self._store.add_to_import(self.id, batch, files, self._on_duplicate, near_duplicates=self._near)

    def settle(self) -> None:
        self._store.settle()


def _command(paths: Sequence[str], options: ImportOptions, *, once: bool) -> str:
    """What makes an import the same as another, as JSON; no other is the same as one that is for `once`."""
    where = [_place(path) for path in paths]
    stated = asdict(options) | {"published": options.published and options.published.text}
    stated |= {"begun": time.time_ns()} if once else {}
    stated["no_near_duplicates"] = not stated.pop("near_duplicates")
    return json.dumps({"paths": where} | {name: value for name, value in stated.items() if value}, sort_keys=True)


def _place(path: str) -> str:
    if is_address(path):
        return without_credentials(path)
    return str(Path(path).absolute()) if path not in ("", STANDARD_INPUT) else path


class _Unrecorded:
    """Stores batches and leaves no account of them."""

    id = None
    resumed = 0

    def __init__(self, store: Store, options: ImportOptions) -> None:
        self._store = store
        self._options = options

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def account_of(self, file: File) -> FileAccount:
        return FileAccount(0, file.path, file.size, file.modified)

    def told(self, account: FileAccount) -> Iterable[ImportItem]:  # noqa: ARG002  # it has no past
        return ()

    def store(self, batch: Batch, files: Sequence[FileAccount]) -> Sequence[ImportItem]:  # noqa: ARG002
        articles = [found for _, found in batch if isinstance(found, NewArticle)]
        near, dry_run = self._options.near_duplicates, self._options.dry_run
        items = iter(self._store.add(articles, self._options.on_duplicate, dry_run=dry_run, near_duplicates=near))
        return [self._judge(found, next(items)) if isinstance(found, NewArticle) else found for _, found in batch]

    def settle(self) -> None:
        pass  # `add` waits

    def _judge(self, article: NewArticle, item: ImportItem) -> ImportItem:  # noqa: ARG002  # a rehearsal looks at it
        """What becomes of an article: what the store says."""
        return item


class _Rehearsal(_Unrecorded):
    """Tells what would become of batches; remembers them, for the store forgets each when the next comes."""

    def __init__(self, store: Store, options: ImportOptions) -> None:
        super().__init__(store, options)
        self._texts: set[bytes] = set()
        self._urls: set[str] = set()

    def _judge(self, article: NewArticle, item: ImportItem) -> ImportItem:
        """The outcome as it would be had the batches before been stored."""
        known_text = article.fingerprint in self._texts
        known_url = article.url in self._urls
        self._texts.add(article.fingerprint)
        if article.url:
            self._urls.add(article.url)
        if item.outcome not in (Outcome.ADDED, Outcome.NEAR_DUPLICATE) or not (known_text or known_url):
            return item
        if known_text:
            return ImportItem(item.origin, Outcome.DUPLICATE, None, "same text as an item before it")
        return ImportItem(
            item.origin, Outcome.UPDATED, None, "a new version: same URL as an item before it, other text"
        )
