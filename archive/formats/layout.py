"""From the lines of printed pages to paragraphs: told by where the lines stand, as a reader tells them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

RUNNING_PAGES = 3
"""A line that stands at the same edge and height of so many pages belongs to the pages and not to the text."""

_EDGE = 3
_SYLLABLE = 3
_LONGEST_WORD = 100
_LONGEST_LINE = 2_000
_INDENT = 0.5
_SPACE = 0.2
_SENTENCE_END = tuple(".!?:;…。！？؟۔")
_CLOSING = "\"'”’»)]"
_LAST_WORD = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_KEPT_HYPHEN = re.compile(r"\w[-\u2010]$")
_BULLET = re.compile(r"[•‣▪●◦■□·] ?\S")
_NUMBER = re.compile(r"\d{1,4}")
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|seite|sayfa|p\.|s\.)?\W*[\divxlc]+\W*(?:(?:of|von|de|di|sur|/)\W*\d+)?\W*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page; edges, and the width of its first word, are points upwards and in the direction of reading."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    first: float

    @property
    def size(self) -> float:
        """The height of the line's letters, from the lowest to the highest that the font has."""
        return max(self.top - self.bottom, 0.1)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, the size of its letters, and the page on which it begins (from 0)."""

    text: str
    size: float
    page: int


Page = Sequence[Line]


def paragraphs(pages: Sequence[Page], ends: Callable[[str], object] = lambda _: False) -> list[Paragraph]:
    """The paragraphs of these pages, in the order in which their lines are given.

    Lines are joined and hyphenation is undone, over the ends of columns and pages too. What runs along the edges of the
    pages is left out where it repeats itself: page numbers for good, words but once, at the end. Where lines `ends` say
    that documents end there, the next begins on the page after it, and what stands above its text belongs to it.
    """
    pages, running = _without_running([list(_whole_lines(page)) for page in pages], ends)
    words = Counter(word for page in pages for line in page for word in re.findall(r"[\w-]+", line.text.casefold()))
    leading = _leading([line for page in pages for line in page])
    found: list[tuple[list[str], float, int]] = []
    last, edge = None, 0.0
    for number, page in enumerate(pages):
        for lines in _columns(page):
            column = _Column.of(lines)
            for before, line in zip([None, *lines], lines, strict=False):
                if before:
                    joint = column.joint(before, line, leading.get(round(line.size)))
                else:
                    joint = " " if last and _goes_on(last, line, edge) else "\n\n"
                if joint == "\n\n":
                    found.append(([line.text], line.size, number))
                else:
                    _join(found[-1][0], joint, line.text, words)
            last, edge = lines[-1], column.right
    found += [([line.text], line.size, len(pages)) for line in running]
    return [Paragraph("".join(pieces), size, number) for pieces, size, number in found]


def body_size(found: Sequence[Paragraph]) -> float:
    """The size in which most of the text is set."""
    sizes: Counter[float] = Counter()
    for each in found:
        sizes[round(each.size, 1)] += len(each.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


# --- lines ------------------------------------------------------------------------------------------------------------


def _whole_lines(page: Page) -> Iterator[Line]:
    """Pieces that stand beside each other as one line: raised numbers, words far apart."""
    line: Line | None = None
    for piece in page:
        if line and _beside(line, piece):
            raised = piece.size < 0.8 * line.size and piece.text[0].isdigit()  # a note's: no part of the word
            space = " " if raised or piece.left - line.right > 0.12 * line.size else ""
            whole = line if line.size > 0.8 * piece.size else piece
            text = f"{line.text}{space}{piece.text}"
            line = replace(line, text=text, right=piece.right, bottom=whole.bottom, top=whole.top)
            continue
        if line:
            yield line
        line = piece
    if line:
        yield line


def _beside(line: Line, piece: Line) -> bool:
    overlap = min(line.top, piece.top) - max(line.bottom, piece.bottom)
    near = -0.3 * line.size < piece.left - line.right < 1.5 * line.size
    return near and overlap > 0.6 * min(line.size, piece.size) and len(line.text) < _LONGEST_LINE


def _columns(page: Page) -> Iterator[list[Line]]:
    """The lines in groups in which each stands under the one before it."""
    column: list[Line] = []
    for line in page:
        if column and not _under(column[-1], line):
            yield column
            column = []
        column.append(line)
    if column:
        yield column


def _under(line: Line, after: Line) -> bool:
    overlap = min(line.right, after.right) - max(line.left, after.left)
    return after.bottom < line.bottom and overlap > 0.3 * min(line.right - line.left, after.right - after.left)


def _leading(lines: Sequence[Line]) -> dict[int, float]:
    """The usual distance between two lines of a paragraph, for each size of letters."""
    distances: dict[int, Counter[float]] = {}
    for line, after in pairwise(lines):
        distance = line.bottom - after.bottom
        if round(line.size) == round(after.size) and 0 < distance < 2.5 * line.size:
            distances.setdefault(round(line.size), Counter())[round(2 * distance) / 2] += 1
    return {size: counts.most_common(1)[0][0] for size, counts in distances.items()}


# --- where a paragraph ends -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """What the lines of a column have in common: their edges, and whether those that begin paragraphs hang out."""

    left: float
    right: float
    hanging: bool

    @classmethod
    def of(cls, lines: Sequence[Line]) -> "_Column":
        size = Counter(round(line.size) for line in lines).most_common(1)[0][0]
        body = [line for line in lines if round(line.size) == size]
        left, right = min(line.left for line in body), max(line.right for line in lines)
        after_short: dict[bool, list[bool]] = {True: [], False: []}
        for line, after in pairwise(lines):
            if _alike(line, after):
                after_short[_is_in(after, left)].append(_fits(line, after, right))
        inner, outer = (sum(each) / len(each) if each else 0.0 for each in (after_short[True], after_short[False]))
        return cls(left, right, outer > inner and bool(after_short[True]))

    def joint(self, line: Line, after: Line, leading: float | None) -> str:
        """What stands between two lines: a space, a line break or two. `leading` is their usual distance."""
        distance = line.bottom - after.bottom
        usual = leading or 1.2 * after.size
        if not _alike(line, after) or distance > 1.2 * usual + 1 or _BULLET.match(after.text):
            return "\n\n"
        if _is_in(after, self.left) != self.hanging and abs(after.left - line.left) > _INDENT * after.size:
            return "\n\n"
        if not _fits(line, after, self.right):
            return " "
        return "\n\n" if _ends(line.text) else "\n"


def _is_in(line: Line, left: float) -> bool:
    return line.left - left > _INDENT * line.size


def _goes_on(line: Line, after: Line, edge: float) -> bool:
    """Whether a paragraph goes on in another column or on another page."""
    return bool(
        not _ends(line.text) and _alike(line, after) and not _fits(line, after, edge) and after.text[:1].isalnum()
    )


def _alike(line: Line, after: Line) -> bool:
    return 0.89 < after.size / line.size < 1.12


def _fits(line: Line, after: Line, edge: float) -> bool:
    """Whether the first word of the second line would have had its place in the first, had the text gone on there."""
    return line.right + _SPACE * line.size + after.first < edge - 0.1 * line.size


def _ends(text: str) -> bool:
    return text.rstrip(_CLOSING).endswith(_SENTENCE_END)


def _join(pieces: list[str], joint: str, line: str, words: Counter[str]) -> None:
    """Put a line to the pieces of a paragraph; where a word was broken between them, it is whole again."""
    first, second = _LAST_WORD.search(pieces[-1][-_LONGEST_WORD:]), _FIRST_WORD.match(line)
    if not first or not second or not line[0].islower():
        kept = _KEPT_HYPHEN.search(pieces[-1]) and line[:1].isalnum()
        pieces += ["" if kept else joint, line]
        return
    keeps = first[0].endswith("-") and _is_compound(first[1].casefold(), second[0].casefold(), words)
    pieces[-1] = pieces[-1] if keeps else pieces[-1][:-1]
    pieces.append(line)


def _is_compound(first: str, second: str, words: Counter[str]) -> bool:
    """Whether the hyphen between the parts of a word belongs to it: the other words of the text tell."""
    together, parted = words[first + second], words[f"{first}-{second}"]
    if together or parted:
        return parted > together
    return min(len(first), len(second)) > _SYLLABLE and words[first] > 0 and words[second] > 1


# --- what runs along the edges of the pages ---------------------------------------------------------------------------


def _without_running(pages: list[list[Line]], ends: Callable[[str], object]) -> tuple[list[list[Line]], list[Line]]:
    """The pages without lines that repeat themselves at their edges, and one of each of these that says something."""
    places: dict[tuple[str, int], set[int]] = {}
    for number, page in enumerate(pages):
        for line in _at_the_edges(page):
            for key in _keys(line, number):
                places.setdefault(key, set()).add(number)
    kept: dict[tuple[str, int], Line] = {}
    cleaned = []
    first = {number + 1 for number, page in enumerate(pages) if any(ends(line.text) for line in page)}
    first |= set(range(min(first, default=0)))  # where the first document begins is not known
    for number, page in enumerate(pages):
        at_edges = set(_at_the_edges(page))
        outermost = [edge(page, key=lambda line: line.bottom) for edge in (min, max)] if len(page) > 1 else []
        rest = []
        for line in page:
            running = next((key for key in _keys(line, number) if len(places.get(key, ())) >= RUNNING_PAGES), None)
            if line in outermost and line.text.strip(" -–") == str(number + 1):
                continue
            if line not in at_edges or not running or number in first or ends(line.text):
                rest.append(line)
            elif not _PAGE_NUMBER.fullmatch(line.text):
                kept.setdefault(running, line)
        cleaned.append(rest)
    return cleaned, list(kept.values())


def _at_the_edges(page: Page) -> list[Line]:
    ordered = sorted(page, key=lambda line: line.bottom)
    return ordered if len(ordered) <= 2 * _EDGE else [*ordered[:_EDGE], *ordered[-_EDGE:]]


def _keys(line: Line, page: int) -> Iterator[tuple[str, int]]:
    """The line with its height; each number as it stands, or as its distance from the page's, as page numbers are."""
    parts = _NUMBER.split(line.text)
    numbers = _NUMBER.findall(line.text)
    if len(line.text) > 150 or len(numbers) > 5:
        return
    for counts in product((False, True), repeat=len(numbers)):
        shown = [f"{int(number) - page:+}" if count else number for number, count in zip(numbers, counts, strict=True)]
        text = "".join(a + b for a, b in zip(parts, [*shown, ""], strict=True))
        yield text.casefold(), round(line.bottom / 2)
