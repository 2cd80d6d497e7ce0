"""MHTML: a web page as a browser saved it with its pictures, in one file of the form of e-mail (RFC 2557)."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from io import BytesIO

from archive.errors import NoTextError, TooLargeError, UnreadableFileError
from archive.formats import html
from archive.formats.file import Failed, InputFile
from archive.formats.headers import AS_WRITTEN
from archive.normalise import clean_url
from archive.types import NewArticle, Original

SUFFIXES = (".mht", ".mhtml")

MEDIA_TYPE = "multipart/related"

MAX_PARTS = 5_000

_HEADERS = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t]+[^\r\n]*\r?\n)*)+")
_RELATED = re.compile(rb"^content-type:\s*multipart/related\b", re.IGNORECASE | re.MULTILINE)
_LETTER = re.compile(rb"^(?:to|received|message-id|delivered-to|return-path):", re.IGNORECASE | re.MULTILINE)
_PART = re.compile(rb"^--", re.MULTILINE)


def looks_like(head: bytes) -> bool:
    """Whether it begins like a saved page: with the headers of a letter of related parts that was never sent."""
    headers = _HEADERS.match(head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"))
    return bool(headers and _RELATED.search(headers[0]) and not _LETTER.search(headers[0]))


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article: the page, with the address it was saved from; or each that a press database has exported."""
    data = file.whole()
    if not data.strip():
        raise NoTextError("the file is empty")
    page, address, subject = _page(data)
    for found in html.read(replace(file, stream=BytesIO(page), charset=None)):
        if found.origin.part != file.part:  # one of several, of which the page is kept that it is a part of
            found = replace(found, origin=replace(found.origin, format="html"))
        elif isinstance(found, NewArticle):
            found = replace(
                found,
                title=found.title or subject,
                url=clean_url(found.url) or address,
                original=Original(data, MEDIA_TYPE),
            )
        yield found


def _page(data: bytes) -> tuple[bytes, str | None, str]:
    """The page, the address it was saved from, and the subject of the letter."""
    if len(_PART.findall(data)) > MAX_PARTS:
        raise TooLargeError(f"it has more than {MAX_PARTS:,} parts")
    try:
        message = BytesParser(policy=AS_WRITTEN).parsebytes(data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"))
        part = _root(message)
        if part is None:
            raise UnreadableFileError("it holds no page: none of its parts is HTML")
        addresses = (
            part.get("Content-Location"),
            message.get("Snapshot-Content-Location"),
            message.get("Content-Location"),
        )
        address = next(filter(None, (clean_url(str(each)) for each in addresses if each)), None)
        return _content(part), address, _words(message.get("Subject"))
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableFileError(f"it is damaged: {error}") from error


def _root(message: Message) -> Message | None:
    """The part that is the page: the one that `start` names, else the first that is HTML."""
    pages = [part for part in message.walk() if part.get_content_type() in ("text/html", "application/xhtml+xml")]
    start = message.get_param("start")
    named = (part for part in pages if start and str(part.get("Content-ID", "")).strip() == str(start).strip())
    return next(named, next(iter(pages), None))


def _content(part: Message) -> bytes:
    """The page, in UTF-8 with its mark where the part tells its encoding, which counts more than what the page says."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes) or not data.strip():
        raise NoTextError("the page in it is empty")
    charset = part.get_content_charset()
    with suppress(LookupError, UnicodeError):
        if charset:
            return data.decode(charset).encode("utf-8-sig")
    return data


def _words(header: object) -> str:
    if header is None:
        return ""
    try:
        return str(make_header(decode_header(str(header))))
    except (MessageError, ValueError, LookupError):
        return str(header)
