"""`WhooshIndex`: the `SearchIndex` port on Whoosh."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from archive.errors import IndexUnavailableError, SearchRefusedError
from archive.ports import ArticleReader, Follower
from archive.types import (
    NO_ALIASES,
    Aliases,
    Article,
    Changes,
    Concordance,
    Findings,
    Hit,
    IndexState,
    IndexStatus,
    LineOrder,
    MarkedArticle,
    MarkedText,
    Message,
    MessageKind,
    SearchPage,
    SearchRequest,
    Suggestion,
)
from index.deadline import Deadline, TooSlowError
from index.generation import DAMAGE, FINGERPRINT, Generation, Rebuild
from index.query import MAX_CHARACTERS, parse
from index.resolve import Resolver, TooBroadError
from index.search import SECONDS, Search
from index.snapshot import Snapshot
from index.snippets import Highlighter
from index.storage import IndexFolder
from index.stored import StoredSegment
from index.tree import Everything, Query

_TOO_SLOW = f"The query took longer than {SECONDS:g} seconds and was given up. Please narrow it"

_OPEN_ATTEMPTS = 10
_OPEN_PAUSE = 0.05


class WhooshIndex:
    """An index in a folder. Any number of processes may search it while one at a time writes; threads may share it."""

    def __init__(self, path: Path, articles: ArticleReader, database: str) -> None:
        self._folder = IndexFolder(path)
        self._articles = articles
        self._database = database
        self._lock = threading.RLock()
        self._snapshot: Snapshot | None = None
        self._stamp: tuple[int, ...] = ()
        self._checked: tuple[tuple[int, ...], int] = ((), 0)
        self._open_segments: dict[Path, StoredSegment] = {}

    # -- how it stands

    def state(self, last_sequence: int) -> IndexState:
        """See `SearchIndex.state`."""
        return self._compare(last_sequence)[0]

    def status(self, last_sequence: int) -> IndexStatus:
        """See `SearchIndex.status`."""
        state, reason, generation = self._compare(last_sequence)
        usable = state in (IndexState.CURRENT, IndexState.BEHIND)
        sequence = generation.checkpoint() if generation else 0
        return IndexStatus(
            state=state,
            reason=reason,
            articles=self._count() if usable else 0,
            sequence=sequence,
            behind=max(0, last_sequence - sequence) if usable else last_sequence,
            bytes=sum(size for size, _, _ in generation.manifest.files.values()) if generation else 0,
            engine=generation.manifest.fingerprint if generation else FINGERPRINT,
            refused=generation.manifest.refused if generation else {},
        )

    def _compare(self, last_sequence: int) -> tuple[IndexState, str | None, Generation | None]:
        state, reason, generation = self._judge()
        if state is IndexState.CURRENT and generation:
            if generation.checkpoint() > last_sequence:
                reason = "it holds changes that the database does not have; an older database was put back"
                state = IndexState.OUTDATED
            elif generation.checkpoint() < last_sequence:
                state = IndexState.BEHIND
        return state, reason, generation

    def _judge(self) -> tuple[IndexState, str | None, Generation | None]:
        """Whether the current generation can be used, why not, and the generation where its manifest can be read."""
        for attempt in range(_OPEN_ATTEMPTS):
            stamp = self._folder.stamp()
            judged = self._look()
            if judged[0] is not IndexState.DAMAGED or stamp == self._folder.stamp():
                break
            time.sleep(_OPEN_PAUSE * attempt)  # another process committed between the reading of manifest and files
        return judged

    def _look(self) -> tuple[IndexState, str | None, Generation | None]:
        folder = self._folder.current()
        if folder is None:
            return IndexState.MISSING, "there is no index yet", None
        try:
            generation = Generation.open(folder)
        except IndexUnavailableError as error:
            return IndexState.DAMAGED, str(error), None
        if reason := generation.unusable(self._database):
            return IndexState.OUTDATED, reason, generation
        reason = generation.damage()
        return IndexState.DAMAGED if reason else IndexState.CURRENT, reason, generation

    def checkpoint(self) -> int:
        """See `Follower.checkpoint`."""
        stamp = self._folder.stamp()
        if not stamp or stamp != self._checked[0]:
            folder = self._folder.current()
            try:
                self._checked = stamp, Generation.open(folder).checkpoint() if folder else 0
            except IndexUnavailableError:
                return 0
        return self._checked[1]

    def _count(self) -> int:
        try:
            with self._open() as snapshot:
                return snapshot.count()
        except IndexUnavailableError:
            return 0

    def article_ids(self) -> Sequence[int]:
        """See `SearchIndex.article_ids`."""
        try:
            with self._open() as snapshot:
                live = snapshot.find(Everything(), Deadline.never()).documents
                return [int(number) for number in np.sort(snapshot.columns.ids[live])]
        except IndexUnavailableError:
            return []

    def check(self) -> list[str]:
        """See `SearchIndex.check`."""
        state, reason, generation = self._judge()
        if generation is None or state is IndexState.OUTDATED:
            return [f"the index is {state}: {reason}"]
        if damage := generation.damage(thorough=True):
            return [f"the index is damaged: {damage}"]
        try:
            with self._open() as snapshot:
                snapshot.check()
        except IndexUnavailableError as error:
            return [str(error)]
        return []

    def leftovers(self) -> list[str]:
        """See `SearchIndex.leftovers`."""
        return self._folder.leftovers()

    # -- writing

    def apply(self, changes: Changes, *, wait: float = 60.0) -> None:
        """See `Follower.apply`."""
        with self._folder.writing(wait):
            folder = self._folder.current()
            if folder is None:
                raise IndexUnavailableError("there is no index to write to yet")
            Generation.open(folder).apply(changes)

    @contextmanager
    def rebuild(self, *, wait: float = 60.0) -> Iterator[Follower]:
        """See `SearchIndex.rebuild`."""
        with self._folder.writing(wait):
            self._folder.clean()
            from index.bulk import Bulk  # here, since a search needs no other processes

            generation = Generation.create(self._folder.new_folder(), self._database)
            with Bulk(generation.folder) as bulk:
                filling = Rebuild(generation, bulk)
                yield filling
                filling.finish()
            self._folder.swap(generation.folder)

    # -- searching

    @contextmanager
    def _open(self) -> Iterator[Snapshot]:
        """The newest committed state, for one thread at a time; raises IndexUnavailableError."""
        with self._lock:
            snapshot = self._current_snapshot()
            try:
                yield snapshot
            except (TooBroadError, TooSlowError, IndexUnavailableError):
                raise
            except DAMAGE as error:
                raise _failure(snapshot.generation, error) from error

    def _current_snapshot(self) -> Snapshot:
        stamp = self._folder.stamp()
        if self._snapshot and stamp == self._stamp:
            return self._snapshot
        for attempt in range(_OPEN_ATTEMPTS):
            stamp = self._folder.stamp()
            state, reason, generation = self._judge()
            if state is not IndexState.CURRENT or generation is None:
                raise IndexUnavailableError(f"the index cannot be used: {reason}")
            try:
                snapshot = Snapshot(generation, self._open_segment)
            except FileNotFoundError:  # replaced by another commit meanwhile
                time.sleep(_OPEN_PAUSE * attempt)
                continue
            except DAMAGE as error:
                raise _failure(generation, error) from error
            self._snapshot, self._stamp = snapshot, stamp
            self._open_segments = {segment.file.path: segment for segment in snapshot.segments}
            return snapshot
        raise IndexUnavailableError("the index is being replaced faster than it can be opened")

    def _open_segment(self, path: Path) -> StoredSegment:
        """A segment file, which never changes: what an earlier commit had open stays so, with what it decoded."""
        return self._open_segments.get(path) or StoredSegment(path)

    def close(self) -> None:
        """See `SearchIndex.close`."""
        with self._lock:
            self._snapshot, self._open_segments = None, {}

    def search(self, request: SearchRequest, aliases: Aliases = NO_ALIASES) -> SearchPage:
        """See `SearchIndex.search`."""
        started = time.perf_counter()
        parsed = parse(request.query)
        page = SearchPage(request=request, understood=str(parsed), messages=parsed.messages)
        if parsed.tree is not None:
            try:
                with self._open() as snapshot:
                    search = Search(snapshot, request, parsed, self._articles.get_many, aliases)
                    page, scores, resolved = search.page(page)
                    highlighter = Highlighter(resolved, snapshot.forms_of)
                hits = self._hits(scores, request, highlighter, search.versions)
                return replace(page, hits=hits, seconds=time.perf_counter() - started)
            except TooBroadError as error:
                page = _refused(page, str(error))
            except TooSlowError:
                page = _refused(page, _TOO_SLOW)
        return replace(page, seconds=time.perf_counter() - started)

    def find(self, request: SearchRequest) -> Findings:
        """See `SearchIndex.find`."""
        parsed = parse(request.query)
        page = SearchPage(request=request, understood=str(parsed), messages=parsed.messages)
        if parsed.tree is None:
            for message in parsed.messages:
                if message.kind is MessageKind.LIMIT:
                    raise SearchRefusedError(message.text)
            return Findings(page=page, ids=())
        try:
            with self._open() as snapshot:
                return Search(snapshot, request, parsed, self._articles.get_many).everything(page)
        except TooBroadError as error:
            raise SearchRefusedError(str(error)) from error
        except TooSlowError as error:
            raise SearchRefusedError(_TOO_SLOW) from error

    def _hits(
        self,
        scores: dict[int, float],
        request: SearchRequest,
        highlighter: Highlighter,
        versions: Mapping[int, Sequence[int]],
    ) -> tuple[Hit, ...]:
        """The hits of a page, read from the store: an article deleted since the commit is left out."""
        articles = self._articles.get_many(list(scores))
        highlighter.prepare(articles.values())
        first = (request.page - 1) * request.page_size + 1
        return tuple(
            Hit(
                rank,
                score,
                articles[number],
                highlighter.title(articles[number]),
                highlighter.snippets(articles[number], request.passages),
                tuple(versions.get(number, ())),
            )
            for rank, (number, score) in enumerate(scores.items(), first)
            if number in articles
        )

    def concordance(self, request: SearchRequest, order: LineOrder = LineOrder.FOUND) -> Concordance:
        """See `SearchIndex.concordance`."""
        started = time.perf_counter()
        parsed = parse(request.query)
        answer = Concordance(request=request, order=order, understood=str(parsed), messages=parsed.messages)
        if parsed.tree is not None:
            try:
                answer = self._lines(answer, parsed)
            except TooBroadError as error:
                answer = _refused(answer, str(error))
            except TooSlowError:
                answer = _refused(answer, _TOO_SLOW)
        return replace(answer, seconds=time.perf_counter() - started)

    def _lines(self, answer: Concordance, parsed: Query) -> Concordance:
        """The answer with its lines; raises TooBroadError, TooSlowError."""
        from index.concordance import MAX_ARTICLES, NOTHING_TO_SHOW, Collector, ordered  # here, since few ask

        request = replace(answer.request, page=1, page_size=MAX_ARTICLES, facets=False, explain=False)
        with self._open() as snapshot:
            search = Search(snapshot, request, parsed, self._articles.get_many)
            page, scores, resolved = search.page(SearchPage(request=request, messages=answer.messages))
            highlighter = Highlighter(resolved, snapshot.forms_of)
        collector = Collector(list(scores), self._articles.get_many, highlighter, search.deadline)
        note = collector.collect(page.total) if highlighter.looks_in_bodies() else NOTHING_TO_SHOW
        first = (answer.request.page - 1) * answer.request.page_size
        return replace(
            answer,
            messages=(*page.messages, *([note] if note else [])),
            articles=page.total,
            total=len(collector.lines),
            lines=tuple(ordered(collector.lines, answer.order)[first : first + answer.request.page_size]),
        )

    def similar(self, article: Article, count: int) -> tuple[Hit, ...]:
        """See `SearchIndex.similar`."""
        from index.similar import find_similar

        with self._open() as snapshot:
            try:
                return find_similar(snapshot, article, count, self._articles.get_many)
            except TooSlowError:
                return ()

    def suggest(self, typed: str) -> Sequence[Suggestion]:
        """See `SearchIndex.suggest`."""
        from index.suggest import Suggester  # here, since it is the web alone that asks

        if len(typed) > MAX_CHARACTERS:
            return ()
        with self._open() as snapshot:
            return Suggester(snapshot, self._articles.get_many).suggest(typed)

    def mark(self, article: Article, query: str) -> MarkedArticle:
        """See `SearchIndex.mark`."""
        tree = parse(query).tree
        if tree is not None and query.strip():
            try:
                with self._open() as snapshot:
                    highlighter = Highlighter(Resolver(snapshot).resolve(tree), snapshot.forms_of)
                return highlighter.article(article)
            except (TooBroadError, IndexUnavailableError):
                pass  # the article is readable all the same; the search says what is wrong
        return MarkedArticle(MarkedText(article.title), tuple(map(MarkedText, article.paragraphs)))


def _failure(generation: Generation, error: BaseException) -> IndexUnavailableError:
    """What to say when reading failed; where the files turn out to be damaged, they are not used again."""
    if damage := generation.condemn():
        return IndexUnavailableError(f"the index is damaged: {damage}")
    return IndexUnavailableError(f"reading the index failed: {type(error).__name__}: {error}")


_Answer = TypeVar("_Answer", SearchPage, Concordance)


def _refused(page: _Answer, reason: str) -> _Answer:
    return replace(page, messages=(*page.messages, Message(MessageKind.LIMIT, reason, 0, len(page.request.query))))
