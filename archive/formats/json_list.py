"""A JSON list read one part at a time, so that an export may be larger than memory."""

import codecs
import json
from collections.abc import Iterator
from io import BufferedIOBase

from archive.errors import TooLargeError, UnreadableFileError

_STEP = 1 << 16
_LONGEST_WORD = 16
"""Characters at the end of what is at hand that may be half of something: `-Infinit`, `1e`, `\\ud83d\\ude0`."""


def parts(stream: BufferedIOBase, limit: int, beginning: bytes = b"") -> Iterator[tuple[object, str]]:
    """Each part of a list and how it was written; `beginning` was read from the stream already.

    Raises UnreadableFileError where it is no JSON, after the parts before, and TooLargeError for a part of more than
    `limit` characters.
    """
    window = _Window(stream, beginning)
    window.take("[", "a list")
    if window.next() == "]":
        window.take("]", "the end")
    else:
        yield window.value(limit)
        while window.next() == ",":
            window.take(",", "a comma")
            yield window.value(limit)
        window.take("]", "',' or ']'")
    if window.next():
        raise window.wrong("there is more after the end of the list")


class _Window:
    """What is at hand of a document: its text from the place that was read to, which `at` is in."""

    def __init__(self, stream: BufferedIOBase, beginning: bytes) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._json = json.JSONDecoder()
        self._bytes = self._before = self._at = 0
        self._ended = False
        self._broken: UnreadableFileError | None = None
        self._text = self._decode(beginning, final=False).removeprefix("\ufeff")

    def wrong(self, what: str, at: int = 0) -> UnreadableFileError:
        """The error that says what is wrong and where."""
        return UnreadableFileError(f"it is not valid JSON: {what} (character {self._before + (at or self._at) + 1:,})")

    def next(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in " \t\r\n":
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def take(self, mark: str, name: str) -> None:
        """Go beyond a mark, which must come next."""
        found = self.next()
        if found != mark:
            raise self.wrong(f"{name} was expected" if found else "it ends before the list does")
        self._at += 1

    def value(self, limit: int) -> tuple[object, str]:
        """The value that comes next, and its text."""
        self.next()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
                if end < len(self._text) - _LONGEST_WORD or self._broken or not self._more():  # a number may go on
                    text = self._text[self._at : end]
                    self._at = end
                    return value, text
            except RecursionError as error:
                raise self.wrong("it is nested too deeply") from error
            except json.JSONDecodeError as error:
                cut_off = error.msg.startswith("Unterminated") or error.pos > len(self._text) - _LONGEST_WORD
                too_large = len(self._text) - self._at > limit
                if not cut_off or not (too_large or self._more()):
                    raise self.wrong(error.msg, error.pos) from error
                if too_large:
                    raise TooLargeError(f"a part of it has more than {limit:,} bytes (setting max_item_mb)") from error
            except ValueError as error:  # a number of too many digits
                raise self.wrong(str(error)) from error

    def _more(self) -> bool:
        """Have more text at hand, at least as much again as there is; whether there was any."""
        if self._broken:
            raise self._broken
        if self._ended:
            return False
        data = self._stream.read(max(_STEP, len(self._text) - self._at))
        if not data:
            self._ended = True
            self._text += self._decode(b"", final=True)
            return False
        self._before += self._at
        self._text, self._at = self._text[self._at :] + self._decode(data, final=False), 0
        return True

    def _decode(self, data: bytes, *, final: bool) -> str:
        """The text of the bytes, as far as they have one; the rest is told when more is asked for."""
        before = self._bytes - len(self._decoder.getstate()[0])
        self._bytes += len(data)
        try:
            return self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            where = before + error.start
            self._broken = UnreadableFileError(f"it is not UTF-8, as JSON must be (byte {where:,})")
            return bytes(error.object[: error.start]).decode()
