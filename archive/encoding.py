"""Bytes as text: what the bytes themselves declare comes first, then UTF-8, then what they look like."""

import codecs
import io
import re
import zlib
from contextlib import suppress
from typing import Any

from archive.errors import FormatError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<(?:\?xml[^<>]*encoding|meta[^<>]*charset)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE
)
_SEQUENCE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")

_NOT_ASCII = re.compile(rb"[\x80-\xff]")

_ESCAPES = {b"\x1b$)C": "iso2022_kr", b"\x1b$B": "iso2022_jp_2", b"\x1b$@": "iso2022_jp_2", b"\x1b(J": "iso2022_jp_2"}

_HEAD = 4_096
"""Bytes in which a document declares its encoding (the HTML standard wants it in the first 1,024)."""

_SAMPLE = 200_000
"""Bytes that an encoding is guessed from."""


def decode(data: bytes, *, markup: bool = False, stated: str | None = None) -> str:
    """The text of these bytes; with `markup` the encoding that an HTML or XML document declares is believed first.

    `stated` is what was said of them elsewhere, as in a header of HTTP or e-mail, and believed before that.
    Never fails: bytes that fit no encoding become replacement characters.
    """
    return data.decode(encoding_of(data, markup=markup, stated=stated), "replace")


def encoding_of(data: bytes, *, markup: bool = False, stated: str | None = None) -> str:
    """The name of the encoding that `decode` takes these bytes for."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    unmarked = unmarked_wide(data[:_HEAD])
    declared = _declared(data[:_HEAD]) if markup else ()
    told = (unmarked or _escaped(data),)
    candidates: tuple[str, ...] = (*_believable(stated or ""), *declared, *filter(None, told), "utf-8")
    if "cp1252" in candidates:  # no text in Latin-1 has accents in pairs that are UTF-8, but programs leave the label
        candidates = ("utf-8", *candidates)
    for name in candidates:
        with suppress(UnicodeError):
            data.decode(name)
            return name
    replaced = data.decode("utf-8", "replace").count("\ufffd")
    damaged = len(_SEQUENCE.findall(data)) > 4 * replaced  # UTF-8 for the most part is what it is
    return "utf-8" if damaged else _guess(data) or "utf-8"


def open_text(stream: io.BufferedIOBase) -> io.TextIOWrapper:
    """A stream as text, decoded while it is read, its line ends as they are.

    The encoding is that of the first 200,000 bytes. Where those are plain ASCII, bytes that turn up later and are no
    UTF-8 are taken for Windows-1252.
    """
    sample = _Sampled(stream)
    whole_lines = sample.beginning.rfind(b"\n") + 1 if len(sample.beginning) >= _SAMPLE else None  # no half characters
    name = encoding_of(sample.beginning[:whole_lines] or sample.beginning)
    errors = _AS_WINDOWS if sample.beginning.isascii() and name == "utf-8" else "replace"
    return io.TextIOWrapper(io.BufferedReader(sample, 1 << 16), name, errors, newline="")


def peek_text(head: bytes) -> str:
    """The beginning of a text, to tell its format by, in lines that end with line feeds.

    Quick: what is neither Unicode nor ASCII is replaced.
    """
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    text = head.decode(marked or unmarked_wide(head) or "utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Sampled(io.RawIOBase):
    """A stream whose beginning was read already. Where it breaks off, what came before is given first."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self._error: Exception | None = None
        self.beginning = b""
        try:
            while len(self.beginning) < _SAMPLE and (more := stream.read1(1 << 16)):
                self.beginning += more
        except (OSError, EOFError, zlib.error, FormatError) as error:
            self._error = error
        self._rest = self.beginning

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            if self._error:
                raise self._error
            self._rest = self._stream.read1(len(buffer))
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_AS_WINDOWS = "archive-as-windows-1252"
codecs.register_error(_AS_WINDOWS, _as_windows)


def unmarked_wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark, told by where its zeros stand: no other text has so many."""
    zeros = [head[at::4].count(0) for at in range(4)]
    total, quarter = sum(zeros), len(head) // 4
    if total < 2 or total * 50 < len(head):
        return None
    if zeros[2] + zeros[3] > 1.9 * quarter:
        return "utf-32-le"
    if zeros[0] + zeros[1] > 1.9 * quarter:
        return "utf-32-be"
    odd = zeros[1] + zeros[3]
    if odd > 0.95 * total:
        return "utf-16-le"
    return "utf-16-be" if odd < 0.05 * total else None


def _escaped(data: bytes) -> str | None:
    """ISO 2022, which is ASCII to who does not know its escape sequences."""
    return next((name for sequence, name in _ESCAPES.items() if sequence in data), None)


def _declared(head: bytes) -> tuple[str, ...]:
    """What the document declares, unless nobody could read the declaration if it were true."""
    found = _DECLARED.search(head)
    return _believable(found[1].decode("ascii")) if found else ()


def _believable(label: str) -> tuple[str, ...]:
    """The encoding of this label, if there is one in which the label itself can be written."""
    name = _modern(label.strip().strip("\"'"))
    try:
        true = bool(name) and label.encode("ascii").decode(name) == label
    except (UnicodeError, LookupError, ValueError):
        return ()
    return (name,) if true and "escape" not in name else ()


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes  # slow to import and rarely needed

    from archive.alphabets import by_alphabet

    first = _NOT_ASCII.search(data)
    begin = max(0, first.start() - _SAMPLE // 2) if first else 0
    sample = data[begin : begin + _SAMPLE]
    best = from_bytes(sample).best()
    return by_alphabet(sample, best.encoding) if best else None


def _modern(name: str) -> str:
    """What a label means on the web (WHATWG Encoding): Latin-1 is Windows-1252, and so on."""
    name = name.lower()
    aliases = {"iso-8859-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252", "gb2312": "gb18030",
               "gbk": "gb18030", "iso-8859-9": "cp1254", "shift_jis": "cp932", "ks_c_5601-1987": "cp949",
               "euc-kr": "cp949", "tis-620": "cp874", "x-sjis": "cp932"}  # fmt: skip
    return aliases.get(name, name)
