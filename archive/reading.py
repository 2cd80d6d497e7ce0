"""Reading: from a file to new articles, one outcome for every item; also the program of a process that does that.

    file -> detect -> formats.X.read -> NewArticle -> normalise
              ^            |
              +- InputFile +    what is inside an archive, a message or a web archive

What is read may be hostile. So an import has it read by other processes, see `readers`: this module run as a program,
which has bounds for its memory and for the time an item may take, and which the system ends at either.
"""

import io
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any, BinaryIO, Protocol, cast

from archive.dating import dated
from archive.errors import ArchiveError, FormatError, UnknownFormatError
from archive.formats import FORMATS, UNKNOWN, Failed, InputFile, Skipped, detect
from archive.formats.alone import IN_CONTEXT, read_alone
from archive.language import clean_language
from archive.normalise import normalise
from archive.online import from_web
from archive.packets import OUT_OF_MEMORY, Kind, frame, pack_article, pack_item, unpack_beginning, unpack_task
from archive.paths import STANDARD_INPUT, File, open_file, reason_of
from archive.streams import HEAD, Expansion, counted, uncompressed
from archive.types import Alone, ImportItem, ImportOptions, NewArticle, Origin, Outcome, Told

MAX_DEPTH = 3
"""How many files deep a file may be inside others: an attachment of a message of a mailbox of an archive."""

_FLUSH_BYTES = 1 << 16


class Watch(Protocol):
    """Is told how the reading of a file goes on."""

    def advance(self, size: int) -> None:
        """So many more bytes of it were read."""

    def member(self, ordinal: int) -> None:
        """The file inside it with this ordinal, in the order in which they are met, is read next."""


def read(
    file: File, options: ImportOptions, watch: Watch, left_out: Mapping[int, str] | None = None
) -> Iterator[NewArticle | ImportItem]:
    """The articles of a file, normalised, and the outcomes of what is no article, in an order that never changes.

    Files inside it whose ordinals are in `left_out` are not read; they fail with the reason there.
    """
    return _Reading(options, watch, left_out or {}).file(file)


class _Reading:
    """Reads one file."""

    def __init__(self, options: ImportOptions, watch: Watch, left_out: Mapping[int, str]) -> None:
        self._options = options
        self._watch = watch
        self._left_out = left_out
        self._members = 0

    def file(self, file: File) -> Iterator[NewArticle | ImportItem]:
        if file.originals:
            yield from map(self._again, file.originals)
            return
        options = self._options
        known = UNKNOWN if file.format == UNKNOWN else options.format or file.format or UNKNOWN
        try:
            first = file.first if file.line else None
            with closing(counted(open_file(file), file.size, self._watch.advance, first=first)) as stream:
                expansion = Expansion.of(file.size)
                opened = InputFile(
                    file.name, stream, known, options.max_item_bytes, options.mapping, name=file.hint, url=file.url,
                    charset=file.charset, first_line=file.line or 1, expansion=expansion,
                )  # fmt: skip
                yield from self._stream(opened, stream, asked_for=file.named)
        except (FormatError, OSError) as error:
            yield _failed(Origin(file.name, known), reason_of(error))

    def _stream(
        self, file: InputFile, stream: "io.BufferedReader[Any]", *, asked_for: bool, depth: int = 0
    ) -> Iterator[NewArticle | ImportItem]:
        """The articles of a file, or of a file inside a file: each is told by its content, and fails alone."""
        try:
            stream = uncompressed(stream, file.expansion)
            head = stream.peek(HEAD)[:HEAD]
            name = file.format if file.format != UNKNOWN else detect(file.name or file.path, head, asked_for=asked_for)
            file = replace(file, stream=stream, format=name)
            for found in FORMATS[name].read(file):
                if isinstance(found, InputFile):
                    yield from self._member(found, depth + 1)
                    file.expansion.check()
                else:
                    yield self._finish(found, file)
        except UnknownFormatError as error:
            outcome = Outcome.FAILED if asked_for else Outcome.SKIPPED
            yield ImportItem(file.origin(), outcome, None, _about(file, str(error)))
        except (FormatError, OSError) as error:
            yield _failed(file.origin(), _about(file, reason_of(error)))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  # a fault of a reader, or of a library, is the fault of no other file
            fault = f"it cannot be read: its reader came upon something unforeseen ({type(error).__name__}: {error})"
            yield _failed(file.origin(), _about(file, fault))

    def _member(self, file: InputFile, depth: int) -> Iterator[NewArticle | ImportItem]:
        file.expansion.members_left -= 1
        self._members += 1
        if reason := self._left_out.get(self._members):
            yield _failed(file.origin(), _about(file, reason))
        elif depth > MAX_DEPTH:
            yield _failed(file.origin(), f"it is more than {MAX_DEPTH} files deep; take it out to import it")
        else:
            self._watch.member(self._members)
            stream = cast("io.BufferedReader[Any]", file.stream)
            yield from self._stream(file, stream, asked_for=False, depth=depth)

    def _again(self, original: Alone) -> NewArticle | ImportItem:
        self._members += 1
        if reason := self._left_out.get(self._members):
            return _failed(original.origin, reason)
        self._watch.member(self._members)
        return _read_again(original, self._options.max_item_bytes)

    def _finish(self, found: NewArticle | Failed | Skipped, file: InputFile) -> NewArticle | ImportItem:
        if isinstance(found, Skipped) and self._options.fetch:
            found = found.entry or found
        if isinstance(found, Failed | Skipped):
            outcome = Outcome.FAILED if isinstance(found, Failed) else Outcome.SKIPPED
            return ImportItem(found.origin, outcome, None, found.reason)
        found = dated(from_web(found, file), stated=self._options.published)
        if file.note and not found.published:
            found = replace(found, note=found.note or file.note)
        told = _told(found, file, self._options)
        if told != found.told:
            found = replace(found, told=told)
        try:
            return normalise(_with_options(found, self._options))
        except ArchiveError as error:
            return _failed(found.origin, _about(file, str(error)))


def _read_again(alone: Alone, max_item_bytes: int) -> NewArticle | ImportItem:
    """What is read of an original today, as an import would store it, but for what it could only have guessed.

    That is what was around it when it was imported, and is not kept.
    """
    try:
        read = read_alone(alone, max_item_bytes)
        url = alone.told.url or read.url
        found = normalise(dated(replace(read, url=url, origin=alone.origin, original=None)))
    except (ArchiveError, OSError) as error:
        return _failed(alone.origin, reason_of(error))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a reader does to one article, the others are read
        return _failed(alone.origin, f"the reader failed: {type(error).__name__}: {error}")
    if not read.title.strip() and not alone.untitled:
        found = replace(found, title="")
    if alone.origin.format in IN_CONTEXT and not clean_language(read.language):
        found = replace(found, language=None)
    return found


def _failed(origin: Origin, reason: str) -> ImportItem:
    return ImportItem(origin, Outcome.FAILED, None, reason)


def _about(file: InputFile, reason: str) -> str:
    """The reason with the address of what it is about, since who reads it knows no record of a web archive."""
    return f"{reason} ({file.url})" if file.url and file.url != file.path else reason


def _told(article: NewArticle, file: InputFile, options: ImportOptions) -> Told:
    """What is known of an article beyond its original, which is all that is kept of where it stood."""
    fields = [name for name in ("source", "language", "published", "tags") if getattr(options, name)]
    return Told(
        fields=tuple(dict.fromkeys([*article.told.fields, *fields])),
        mapping=options.mapping,
        charset=article.told.charset or file.charset,
        url=file.url,
    )


def _with_options(article: NewArticle, options: ImportOptions) -> NewArticle:
    if not (options.source or options.language or options.published or options.tags):
        return article
    return replace(
        article,
        source=options.source or article.source,
        language=options.language or article.language,
        published=options.published or article.published,
        tags=(*article.tags, *options.tags),
        note=None if options.published else article.note,
    )


# --- the process ----------------------------------------------------------------------------------------------------


class _Outlet:
    """Where a reading process tells what it reads. The clock of an item stands still while nobody takes it."""

    def __init__(self, stream: BinaryIO, seconds: int) -> None:
        self._stream = stream
        self._seconds = seconds
        self._waiting = bytearray()

    def advance(self, size: int) -> None:
        """See `Watch`."""
        self._waiting += frame(Kind.ADVANCE, str(size).encode())

    def member(self, ordinal: int) -> None:
        """See `Watch`; told at once, since what is read next may end this process."""
        self.tell(frame(Kind.MEMBER, str(ordinal).encode()), at_once=True)

    def tell(self, told: bytes, *, at_once: bool = False) -> None:
        """An item ends, and the next begins."""
        self._waiting += told
        signal.alarm(0)
        if at_once or len(self._waiting) >= _FLUSH_BYTES:
            self._stream.write(self._waiting)
            self._stream.flush()
            self._waiting.clear()
        signal.alarm(self._seconds)


def _serve(tasks: BinaryIO, results: BinaryIO) -> None:
    options, bounds = unpack_beginning(tasks.readline())
    sign = _signing() if options.near_duplicates else None
    resource.setrlimit(resource.RLIMIT_DATA, (bounds.memory, bounds.memory))
    for line in tasks:
        file, left_out = unpack_task(line)
        is_endless = file.path == STANDARD_INPUT  # it may well be somebody who types
        outlet = _Outlet(results, 0 if is_endless else bounds.seconds)
        signal.alarm(0 if is_endless else bounds.seconds)
        for found in read(file, options, outlet, left_out):
            if isinstance(found, NewArticle):
                outlet.tell(frame(Kind.ARTICLE, pack_article(found, sign)), at_once=is_endless)
            else:
                outlet.tell(frame(Kind.ITEM, pack_item(found)), at_once=is_endless)
        outlet.tell(frame(Kind.END), at_once=True)
        signal.alarm(0)


def _signing() -> Callable[[str], bytes]:
    """What signs a text."""
    from archive.dedup import sign  # here, since it loads NumPy

    return sign


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this process ends it
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    tasks, results = (int(number) for number in sys.argv[1:])
    try:
        with os.fdopen(tasks, "rb") as given, os.fdopen(results, "wb") as taken:
            _serve(given, taken)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    _main()
