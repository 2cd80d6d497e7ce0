"""Every data type of the archive: frozen, without I/O, and without any knowledge of how things are stored or searched.

A thing that is not stored yet and a stored thing have different types (`NewArticle`, `Article`).
Text with matches is data (`MarkedText`); only a template or the console turns its marks into markup or colour.
"""

import hashlib
import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from archive.compression import compress
from archive.fingerprint import fingerprint

Span = tuple[int, int]
"""[start, end) in Unicode code points of the text it belongs to."""

PARAGRAPH_BREAK = "\n\n"
"""What separates the paragraphs of a body; a single line feed inside a paragraph is only a line break."""


class Precision(StrEnum):
    """How much of a publication date is known."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    INSTANT = "instant"


_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d:\d\d.*))?)?)?")


@dataclass(frozen=True, slots=True)
class PublicationDate:
    """When an article was published, as precisely as its source says and never more precisely.

    `text` is ISO 8601 (RFC 3339 for instants): `2023`, `2023-05`, `2023-05-02` or `2023-05-02T10:00:00+03:00`.
    The calendar day is the one the source wrote: it is never converted to another time zone.
    """

    text: str
    precision: Precision
    first_day: date
    last_day: date

    @classmethod
    def parse(cls, text: str) -> "PublicationDate":
        """Read an ISO 8601 year, month, day or instant; raises ValueError for anything else."""
        found = _ISO.fullmatch(text.strip())
        if not found:
            raise ValueError(f"not an ISO 8601 date: {text!r}")
        year, month, day, clock = found.groups()
        if clock is not None:
            instant = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}")
            own_day = instant.date()
            return cls(instant.isoformat(timespec="seconds"), Precision.INSTANT, own_day, own_day)
        if day is not None:
            own_day = date(int(year), int(month), int(day))
            return cls(own_day.isoformat(), Precision.DAY, own_day, own_day)
        if month is not None:
            last = date(int(year), int(month), monthrange(int(year), int(month))[1])
            return cls(f"{year}-{month}", Precision.MONTH, last.replace(day=1), last)
        return cls(year, Precision.YEAR, date(int(year), 1, 1), date(int(year), 12, 31))

    @property
    def sort_key(self) -> int:
        """Seconds from 0001-01-01 to the date's beginning, by the clock of its own source."""
        moment = datetime.fromisoformat(self.text) if self.precision is Precision.INSTANT else None
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second if moment else 0
        return self.first_day.toordinal() * 86_400 + seconds

    def __str__(self) -> str:
        return self.text


class DatedBy(StrEnum):
    """What a publication date was taken from, the strongest evidence first."""

    USER = "user"
    METADATA = "metadata"
    PAGE = "page"
    TEXT = "text"
    NAME = "name"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a new article came from: a file, its format, and the part inside it (a line, an archive member)."""

    path: str
    format: str
    part: str | None = None

    def __str__(self) -> str:
        return f"{self.path}#{self.part}" if self.part else self.path


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes of one article exactly as they came."""

    data: bytes
    media_type: str

    def packed(self) -> "PackedOriginal":
        """The same, as it is stored."""
        return PackedOriginal(compress(self.data), self.media_type, self.size, self.sha256)

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.data)

    @property
    def sha256(self) -> bytes:
        """The SHA-256 of its bytes."""
        return hashlib.sha256(self.data).digest()


@dataclass(frozen=True, slots=True)
class PackedOriginal:
    """An original as it is stored: compressed, with its size and SHA-256."""

    compressed: bytes = field(repr=False)
    media_type: str
    size: int
    sha256: bytes

    def packed(self) -> "PackedOriginal":
        """Itself."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an import knew of an article beyond its original, so that this can be read again without losing it.

    `fields` have values that were told, by a person or by what the article came in; `mapping` names the fields of a
    record, `charset` is the encoding of the text and `url` the address that it was fetched from.
    """

    fields: tuple[str, ...] = ()
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    charset: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArticle:
    """An article that was read from somewhere and is not stored yet.

    `body` is plain text whose paragraphs are separated by one blank line; `url` is canonical and absolute, or None.
    """

    title: str
    body: str
    origin: Origin
    url: str | None = None
    authors: tuple[str, ...] = ()
    source: str | None = None
    section: str | None = None
    published: PublicationDate | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    summary: str | None = None
    original: Original | PackedOriginal | None = field(default=None, repr=False)
    note: str | None = None
    """What it states and could not be understood, for the account of the import; it is not stored."""
    has_paragraphs: bool = False
    """Whether its source gave the paragraphs of the body as such, so that none is to be found in it."""
    known_fingerprint: bytes | None = field(default=None, repr=False, compare=False)
    """Its fingerprint, where another process has made it."""
    known_signature: bytes | None = field(default=None, repr=False, compare=False)
    """What its near-duplicates are found by (`dedup.Text.signature`), where another process has made it."""
    partial: bool = False
    """Whether it is an entry that names a page, and `body` at most a summary of what stands there; it is not stored."""
    told: Told = Told()
    dated_by: DatedBy | None = None
    """What `published` was taken from; None where that is not known or there is no date."""

    @property
    def fingerprint(self) -> bytes:
        """16 bytes, equal for the same text; see `archive.fingerprint`."""
        return self.known_fingerprint or fingerprint(self.title, self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A stored article without its text, for lists and hits. `versions` counts the current one too."""

    id: int
    title: str
    url: str | None
    source: str | None
    authors: tuple[str, ...]
    published: PublicationDate | None
    language: str | None
    tags: tuple[str, ...]
    versions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(Headline):
    """A stored article. `version` is the number of the text shown, 1 for the oldest; `added`, `changed` are UTC.

    `story` is the id of the first of the near-duplicates that it belongs to, where it is not that itself.
    """

    body: str
    section: str | None
    summary: str | None
    origin: Origin
    version: int
    added: datetime
    changed: datetime
    dated_by: DatedBy | None = None
    story: int | None = None

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The paragraphs of the body; the first is number 1 wherever a number is shown."""
        return tuple(self.body.split(PARAGRAPH_BREAK)) if self.body else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One line of an article's history: its number, title, and since when (UTC) the archive has had it."""

    number: int
    title: str
    added: datetime


FIELDS = ("title", "body", "url", "authors", "source", "section", "published", "language", "tags", "summary")
"""What is stated of an article, by the names that an edit gives: its text, and what is known about it."""

Stated = str | tuple[str, ...] | PublicationDate | None
"""The value of a field; None or () is none."""


@dataclass(frozen=True, slots=True)
class Edited:
    """An article after an edit: which fields have other values now, and all that a person has ever set."""

    article: Article
    changed: tuple[str, ...]
    edited: tuple[str, ...]


class ChangeKind(StrEnum):
    """What became of a piece of a text in another one."""

    SAME = "same"
    DELETED = "deleted"
    INSERTED = "inserted"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of one text, of another, or of both."""

    kind: ChangeKind
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """How the title and the paragraphs of `other` differ from those of `one`, each as pieces in order."""

    one: Article
    other: Article
    title: tuple[Piece, ...]
    paragraphs: tuple[tuple[Piece, ...], ...]

    def count(self, kind: ChangeKind) -> int:
        """How many pieces of this kind the paragraphs have."""
        return sum(piece.kind is kind for paragraph in self.paragraphs for piece in paragraph)


class OnDuplicate(StrEnum):
    """What an import does with an article whose text is stored already."""

    SKIP = "skip"
    UPDATE = "update"


class Outcome(StrEnum):
    """What became of one item of an import."""

    ADDED = "added"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near-duplicate"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImportItem:
    """The account of one item: `article` is the id it has, or the id it is a duplicate of; `reason` says why.

    A near-duplicate is stored and has an id of its own.
    """

    origin: Origin
    outcome: Outcome
    article: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """The account of an import. `items` holds whatever was not simply added; the counts hold everything.

    `id` is its number in the store, None for a dry run; `resumed` of its items had been done when it was interrupted.
    """

    added: int = 0
    updated: int = 0
    duplicates: int = 0
    near_duplicates: int = 0
    skipped: int = 0
    failed: int = 0
    seconds: float = 0.0
    items: tuple[ImportItem, ...] = ()
    id: int | None = None
    resumed: int = 0


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
    fetch: bool = False
    """Whether entries that name a page and have no text of their own count as articles, whose pages are fetched."""
    near_duplicates: bool = True


@dataclass(frozen=True, slots=True)
class FileAccount:
    """How far an import has come with a file: `items` of it have their outcome, and with `finished` no more come.

    `number` tells the files of an import apart; `modified` is in nanoseconds, as the file system has it.
    """

    number: int
    path: str
    size: int
    modified: int
    items: int = 0
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportAccount:
    """An import that the store remembers. `ended` is None while it runs, and where it was interrupted."""

    id: int
    command: str
    started: datetime
    ended: datetime | None
    running: bool
    counts: Mapping[Outcome, int]

    @property
    def state(self) -> str:
        """running, finished or interrupted."""
        return "finished" if self.ended else "running" if self.running else "interrupted"


class Renewed(StrEnum):
    """What became of one article whose original was read again."""

    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    WITHOUT_ORIGINAL = "without original"


@dataclass(frozen=True, slots=True)
class RenewedItem:
    """The account of one article whose original was read again: `reason` says what changed, or why it failed."""

    article: int
    origin: Origin | None
    outcome: Renewed
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewedReport:
    """The account of reading originals again: how often each outcome, and the items that were updated or failed."""

    counts: Mapping[Renewed, int]
    items: tuple[RenewedItem, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of an article that its original is read again for; `told` is None where it was never noted."""

    article: Article
    original: Original | None
    told: Told | None


@dataclass(frozen=True, slots=True)
class Alone:
    """An original that is read again, with what its reader is to know of the article that was made of it.

    `untitled` tells that it had no title, so that one was made of its first words.
    """

    data: bytes
    origin: Origin
    title: str
    untitled: bool
    told: Told


@dataclass(frozen=True, slots=True)
class Changes:
    """What an index must do to get from one sequence to `sequence`: hold `articles` as they are, drop `deleted`.

    Coalesced: an article stands in it once, in its final state. Applying it twice is harmless.
    """

    sequence: int
    articles: tuple[Article, ...] = ()
    deleted: tuple[int, ...] = ()


class Sort(StrEnum):
    """The order of hits; ties are always broken by the newest id, so that pages never overlap.

    `RECENT` is by relevance with a gentle preference for what was published lately.
    """

    RELEVANCE = "relevance"
    RECENT = "recent"
    NEWEST = "newest"
    OLDEST = "oldest"


class FacetField(StrEnum):
    """What hits can be counted and filtered by; `YEAR` is counted only."""

    SOURCE = "source"
    AUTHOR = "author"
    LANGUAGE = "language"
    TAG = "tag"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFilter:
    """What to leave out. Several values of one field are alternatives; the days are inclusive calendar days.

    An article dated only by its year or month passes when any of its possible days does.
    """

    published_from: date | None = None
    published_to: date | None = None
    sources: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != ArticleFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """One search as asked: the query as typed, the filter, the sort and the page (from 1).

    `passages` is how many of an article are shown at most; without `facets` values and dates are not counted,
    without `explain` the parts of the query are not, and no other spelling and no other name is looked for. With
    `among` only articles with these ids are found, and those alone that match everything. With `collapse` the first of
    several near-duplicates in the order stands for all that are found.
    """

    query: str = ""
    filter: ArticleFilter = ArticleFilter()
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    page_size: int = 20
    passages: int = 3
    facets: bool = True
    explain: bool = True
    among: frozenset[int] | None = None
    collapse: bool = False


class MessageKind(StrEnum):
    """What a message is about."""

    IGNORED = "ignored"
    UNKNOWN = "unknown"
    EXPANDED = "expanded"
    RELAXED = "relaxed"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Message:
    """Something the reader should know about the query; `start`, `end` are code points of the query as typed."""

    kind: MessageKind
    text: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class QueryPart:
    """A part of a query, where it stands in the query as typed, and how many articles it finds by itself.

    The filters of the search are in force.
    """

    text: str
    start: int | None
    end: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another query, what is changed in it, and how many articles it finds under the same filters."""

    query: str
    change: str
    count: int


@dataclass(frozen=True, slots=True)
class Expansion:
    """The query with a name in its other forms as well, or without them again, and how many articles it then finds.

    `kind` is abbreviation (some articles explain it), alias (a person says so) or only (the way back); `text` is
    `IS = Islamic State` or `only IS`.
    """

    kind: str
    text: str
    query: str
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Aliases:
    """Names that a person says are the same, each group as written; `faults` says what is wrong with how they are kept.

    Two of them are equal only where they are one, so that what was made of it can be remembered.
    """

    groups: tuple[tuple[str, ...], ...] = ()
    faults: tuple[str, ...] = ()


NO_ALIASES = Aliases()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A way to go on with what was typed: a word, a title, an author or a source, and the query with it.

    `count` is how often a word occurs, or how many articles have the title, the author or the source.
    """

    kind: str
    text: str
    query: str
    count: int


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text and the spans of it that match: sorted, never empty, never overlapping."""

    text: str
    marks: tuple[Span, ...] = ()

    def parts(self) -> Iterator[tuple[str, bool]]:
        """The text in pieces, each with whether it is a match; joined they are the text."""
        done = 0
        for start, end in self.marks:
            if done < start:
                yield self.text[done:start], False
            yield self.text[start:end], True
            done = end
        if done < len(self.text):
            yield self.text[done:], False


@dataclass(frozen=True, slots=True)
class Snippet(MarkedText):
    """A passage of one paragraph (numbered from 1) that shows why the article matched."""

    paragraph: int = 1


@dataclass(frozen=True, slots=True)
class MarkedArticle:
    """An article's title and paragraphs with every match of a query."""

    title: MarkedText
    paragraphs: tuple[MarkedText, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that matched; `rank` counts from 1 over all pages.

    `near_duplicates` are the ids of those that were found as well and that it stands for, in the order of the search.
    """

    rank: int
    score: float
    headline: Headline
    title: MarkedText
    snippets: tuple[Snippet, ...]
    near_duplicates: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetValue:
    """How many of the articles found have this value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class TimelineBucket:
    """How many of the articles found begin in the bucket that starts on this day."""

    start: date
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """One page of an answer, and what a reader must know about the whole of it.

    `understood` is the query as it was read, `parts` what each part of it finds by itself; `suggestion` is the query
    that was likely meant, `alternatives` are queries that find something where this one does not; `expansions` are
    those with other forms of its names, or without them again;
    `relaxed` is true when no article matched everything and the hits match most of it.
    A facet's counts leave its own filter out, so that other values of it can be chosen as well.
    `sequence` is the last change of the store that the answer knows. All counts are of articles; `collapsed` is how
    many of them are on no page, since a near-duplicate stands for them.
    """

    request: SearchRequest
    understood: str = ""
    messages: tuple[Message, ...] = ()
    suggestion: str | None = None
    relaxed: bool = False
    total: int = 0
    collapsed: int = 0
    hits: tuple[Hit, ...] = ()
    facets: dict[FacetField, tuple[FacetValue, ...]] = field(default_factory=dict)
    timeline: tuple[TimelineBucket, ...] = ()
    parts: tuple[QueryPart, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    expansions: tuple[Expansion, ...] = ()
    sequence: int = 0
    seconds: float = 0.0

    @property
    def pages(self) -> int:
        """How many pages there are, 0 without hits."""
        return -(-(self.total - self.collapsed) // self.request.page_size)


MAX_LINES = 5_000
"""Lines that a concordance has at most; who needs others narrows the search."""


class LineOrder(StrEnum):
    """How the lines of a concordance are sorted: as found, by the words on one side, or by date (undated last)."""

    FOUND = "found"
    LEFT = "left"
    RIGHT = "right"
    DATE = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One match in the text of an article, and what stands before (`left`) and after it in its paragraph (from 1).

    Joined, `left`, `match` and `right` are that stretch of the paragraph with each white space as one blank; `span` is
    the match's place in the paragraph.
    """

    headline: Headline
    paragraph: int
    span: Span
    left: str
    match: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Concordance:
    """One page of the matches of a search, a line each (keywords in context, KWIC).

    The page and page size of `request` count lines. `articles` is how many articles were found, `total` how many lines
    there are on all pages; a message says where those are not all.
    """

    request: SearchRequest
    order: LineOrder = LineOrder.FOUND
    understood: str = ""
    messages: tuple[Message, ...] = ()
    articles: int = 0
    total: int = 0
    lines: tuple[Line, ...] = ()
    seconds: float = 0.0

    @property
    def pages(self) -> int:
        """How many pages the lines fill."""
        return -(-self.total // self.request.page_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that a search finds: what a page says about the whole, without hits, and the ids of all, in order."""

    page: SearchPage
    ids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A search with a name. `request` has its query, filter and sort; `created` and `last_run` are UTC.

    `seen` is the sequence of the last change that was looked at: what was changed later is new.
    """

    name: str
    request: SearchRequest
    created: datetime
    last_run: datetime | None
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCount:
    """What a saved search finds now. Without hits where `fault` says why it cannot be answered.

    `new` is a page of those that were added or changed since they were last looked at.
    """

    saved: SavedSearch
    page: SearchPage
    new: SearchPage
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What an address gave: a file on this machine, which is deleted when it is read or at the end.

    `url` is the address that answered in the end; `moved` the one that is to be asked from now on, if the server said
    so. `etag` and `modified` are what it wants to hear when it is asked again whether anything changed.
    """

    url: str
    path: str
    size: int
    media_type: str = ""
    charset: str | None = None
    etag: str | None = None
    modified: str | None = None
    moved: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of an address: the article that it gave, or none where that was deleted since.

    `page` tells that the page itself was fetched, and not only an entry of a feed read that names it.
    """

    article: int | None
    page: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFeed:
    """A feed to follow: what is stated here holds for all its articles, tags are added to their own."""

    url: str
    title: str
    source: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed(NewFeed):
    """A feed that is followed; instants are UTC.

    `changed` is when it last gave an article that was stored. `error` is why the last look failed, and `failures` how
    many have failed in a row; `wait_until` is when its server wants to be asked again.
    """

    id: int
    added: datetime
    checked: datetime | None = None
    changed: datetime | None = None
    etag: str | None = None
    modified: str | None = None
    error: str | None = None
    failures: int = 0
    wait_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUpdate:
    """What a look at a feed gave: `report` where it had changed, `error` where it failed or was not made.

    `moved` is the address under which it is followed from now on, where that is another. With `waiting` its server was
    not asked, since it wants to be left alone.
    """

    feed: Feed
    report: ImportReport | None = None
    moved: str | None = None
    error: str | None = None
    waiting: bool = False

    @property
    def failed(self) -> bool:
        """Whether something is to be told as failed: the look, or an item of the feed."""
        return bool((self.error and not self.waiting) or (self.report and self.report.failed))


class IndexState(StrEnum):
    """How an index stands to its store."""

    CURRENT = "current"
    BEHIND = "behind"
    OUTDATED = "outdated"
    DAMAGED = "damaged"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """What `archive index status` tells. `sequence` is the last change the index holds, `behind` those it lacks."""

    state: IndexState
    reason: str | None
    articles: int
    sequence: int
    behind: int
    bytes: int
    engine: str
    refused: dict[int, str] = field(default_factory=dict)
    """Articles that could not be indexed, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStats:
    """What `archive stats` counts in the store. The maps go from a value to its number of articles, most first."""

    articles: int
    versions: int
    first_published: str | None
    last_published: str | None
    sources: dict[str, int]
    languages: dict[str, int]
    text_characters: int
    original_bytes: int
    database_bytes: int


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at in the archive and what is wrong with it, one sentence each; `remedy` says what to do then."""

    name: str
    faults: tuple[str, ...] = ()
    remedy: str = ""
