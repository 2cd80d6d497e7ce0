"""RTF: the text of a document in paragraphs, with its tables and notes.

Read by the RTF specification 1.9.1. The libraries that turn RTF into text leave out what the document says of itself,
and its notes, or are not kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from archive.errors import NoTextError, UnreadableFileError
from archive.formats import exported
from archive.formats.file import Failed, InputFile
from archive.formats.properties import stated_authors, stated_day, stated_summary, stated_title, stated_words, titled
from archive.types import NewArticle, Original

SUFFIXES = (".rtf",)

MEDIA_TYPE = "application/rtf"

_TOKEN = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})? ?"
    rb"|\\'(?P<byte>[0-9A-Fa-f]{2})|\\(?P<symbol>[^A-Za-z\r\n])|\\(?P<paragraph>\r?\n|\r)"
    rb"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n\\]",
    re.DOTALL,
)
_WORDS = {
    "par": "\n\n", "sect": "\n\n", "page": "\n\n", "row": "\n\n", "nestrow": "\n\n", "cell": " | ", "nestcell": " | ",
    "line": "\n", "tab": " ", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ",
}  # fmt: skip
_SYMBOLS = {"~": "\u00a0", "_": "-", "\\": "\\", "{": "{", "}": "}"}
_INFO = ("title", "author", "subject", "keywords", "doccomm")
_NOT_SHOWN = frozenset(
    "fonttbl colortbl stylesheet listtable listoverridetable revtbl rsidtbl generator filetbl info pict object header"
    " headerl headerr headerf footer footerl footerr footerf xmlnstbl themedata colorschememapping datastore"
    " latentstyles fldinst nonshppict panose falt private annotation atnid atnauthor ftnsep ftnsepc aftnsep aftnsepc"
    " template pgptbl listtext pntext bkmkstart bkmkend shpinst operator company manager category hlinkbase".split()
)
_SHOWN_IN_THEM = ("shptxt", "result")
"""What holds text for the reader inside of what does not."""

_MOST_GROUPS = 10_000

_CHARSETS = {0: 1252, 77: 10000, 128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255,
             178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437}  # fmt: skip
_DEFAULT = 1252


def looks_like(head: bytes) -> bool:
    """Whether it begins with the mark of RTF."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{\\rtf")


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article: the whole document, its notes after the text; or each that a press database has exported."""
    data = file.whole()
    if not data.strip():
        raise NoTextError("the file is empty")
    if not looks_like(data):
        raise UnreadableFileError("it is no RTF: it does not begin with {\\rtf")
    document = _Document()
    document.read(data)
    found = [*_paragraphs(document.texts["body"]), *_paragraphs(document.texts["note"])]
    if not found:
        raise NoTextError("the document has no text")
    if articles := exported.in_document(file, found):
        yield from articles
        return
    stated = {name: "".join(document.texts[name]) for name in _INFO}
    title, body = titled(stated_title(stated["title"]), found)
    yield NewArticle(
        title=title,
        body=body,
        origin=file.origin(),
        authors=stated_authors(stated["author"]),
        published=stated_day("-".join(f"{number:02d}" for number in document.made)),
        tags=stated_words(stated["keywords"]),
        summary=stated_summary(stated["doccomm"] or stated["subject"]),
        original=Original(data, MEDIA_TYPE),
        note="the file is cut off: it ends in the middle of the text" if document.groups else None,
    )


@dataclass(frozen=True, slots=True)
class _State:
    """What holds until a group ends: where text goes, in which code page it is, and how \\u is followed."""

    target: str = "body"
    code_page: int = _DEFAULT
    after_unicode: int = 1
    hidden: bool = False


@dataclass(slots=True)
class _Document:
    """A document while it is read."""

    state: _State = _State()
    groups: list[_State] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in ("body", "note", *_INFO)})
    made: list[int] = field(default_factory=list)
    fonts: dict[int, int] = field(default_factory=dict)
    font: int = 0
    code_page: int = _DEFAULT
    waiting: bytearray = field(default_factory=bytearray)
    to_skip: int = 0
    optional: bool = False

    def read(self, data: bytes) -> None:
        """Take in all of it; raises UnreadableFileError where groups are nested without an end."""
        at = 0
        while found := _TOKEN.match(data, at):
            at = found.end()
            word = found["word"]
            if word == b"bin":
                at += max(0, int(found["number"] or 0))
            elif word:
                self._word(word.decode(), int(found["number"]) if found["number"] else None)
            elif found["text"] or found["byte"]:
                self._text(found["text"] or bytes.fromhex(found["byte"].decode()))
            elif found["brace"]:
                self._group(opens=found["brace"] == b"{")
            elif found["symbol"] == b"*":
                self.optional = True
            elif found["symbol"] or found["paragraph"]:
                self._put(_SYMBOLS.get((found["symbol"] or b"").decode("latin-1"), "") if found["symbol"] else "\n\n")
        self._flush()

    def _group(self, *, opens: bool) -> None:
        self._flush()
        self.to_skip = 0
        self.optional = False
        if opens:
            self.groups.append(self.state)
            if len(self.groups) > _MOST_GROUPS:
                raise UnreadableFileError(f"it is damaged: more than {_MOST_GROUPS:,} groups are open at once")
        elif self.groups:
            self.state = self.groups.pop()

    def _text(self, data: bytes) -> None:
        """Bytes are put together first: a character may have two, and each may be written in another way."""
        skipped = min(self.to_skip, len(data))
        self.to_skip -= skipped
        self.waiting += data[skipped:]

    def _put(self, text: str) -> None:
        if self.to_skip:
            self.to_skip -= 1
            return
        self._flush()
        if self.state.target in self.texts and not self.state.hidden:
            self.texts[self.state.target].append(text)

    def _flush(self) -> None:
        if self.waiting:
            if self.state.target in self.texts and not self.state.hidden:
                self.texts[self.state.target].append(_decode(bytes(self.waiting), self.state.code_page))
            self.waiting.clear()

    def _word(self, word: str, number: int | None) -> None:
        optional, self.optional = self.optional, False
        if word == "u" and number is not None:
            self._put(chr(number & 0xFFFF))
            self.to_skip = self.state.after_unicode
            return
        if word in _WORDS:
            self._put(_WORDS[word])
            return
        self._flush()
        if target := self._target(word, optional=optional):
            self.state = replace(self.state, target=target, hidden=False)
        else:
            self._property(word, number)

    def _target(self, word: str, *, optional: bool) -> str | None:
        """Where the text of a group that begins with this word belongs, None where the word begins no such group."""
        if word in _INFO and self.state.target == "info":
            return word
        if word == "footnote":
            return "note" if self.state.target == "body" else None
        if word in _SHOWN_IN_THEM:
            return "body"
        if word in _NOT_SHOWN or optional:
            return word
        return "creatim" if word == "creatim" else None

    def _property(self, word: str, number: int | None) -> None:
        if word in ("v", "deleted"):
            self.state = replace(self.state, hidden=number != 0)
        elif word == "plain":
            self.state = replace(self.state, hidden=False)
        elif number is None:
            return
        elif word == "uc":
            self.state = replace(self.state, after_unicode=max(0, min(number, 10)))
        elif word == "ansicpg":
            self.code_page = number
            self.state = replace(self.state, code_page=number)
        elif word == "f":
            self.font = number
            self.state = replace(self.state, code_page=self.fonts.get(number, self.code_page))
        elif word == "fcharset" and self.state.target == "fonttbl":
            self.fonts[self.font] = _CHARSETS.get(number, self.code_page) if number else self.code_page
        elif word in ("yr", "mo", "dy") and self.state.target == "creatim":
            self.made.append(abs(number))


def _decode(data: bytes, code_page: int) -> str:
    name = {65001: "utf-8", 10000: "mac_roman"}.get(code_page, f"cp{code_page}")
    try:
        return data.decode(name, "replace")
    except LookupError:
        return data.decode("cp1252", "replace")


def _paragraphs(pieces: list[str]) -> Iterator[str]:
    """The paragraphs with text; what was written as two halves of a character is one."""
    text = "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    for block in text.split("\n\n"):
        if any(map(str.isalnum, block)):
            yield block.strip(" |\n").replace(" |  | ", " | ")
