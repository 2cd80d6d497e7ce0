"""E-mail: a message is an article, and each attachment that can be read is one too."""

import email
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.utils import getaddresses

from archive.dates import read_date
from archive.encoding import decode
from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats import exported
from archive.formats.file import Failed, InputFile
from archive.formats.fragment import paragraphs
from archive.formats.headers import AS_WRITTEN, header, words
from archive.streams import in_memory
from archive.types import NewArticle, Original

SUFFIXES = (".eml",)

MEDIA_TYPE = "message/rfc822"

MAX_PARTS = 1_000
MAX_DEPTH = 20
MAX_AUTHORS = 50

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_FIELDS = frozenset(
    b"from to cc subject date message-id received return-path mime-version content-type delivered-to reply-to "
    b"newsgroups references in-reply-to list-id x-mailer".split()
)
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_FLOWED = re.compile(r"(?m)^(?!-- $)(?!>)(.* )\n(?![> \n])")


def looks_like(head: bytes) -> bool:
    """Whether it begins with the head of a message: two or more of the fields that every message has."""
    fields: set[bytes] = set()
    for line in head.removeprefix(b"\xef\xbb\xbf").splitlines():
        found = _FIELD.match(line)
        if found:
            fields.add(found[1].lower())
        elif not line or not fields or line[:1] not in b" \t":
            break
    return len(fields & _FIELDS) >= 2


def read(file: InputFile) -> Iterator[NewArticle | Failed | InputFile]:
    """The message, then its attachments; the part of an attachment's origin is its name."""
    yield from read_message(file, file.whole(), None)


def read_message(file: InputFile, data: bytes, part: str | None) -> Iterator[NewArticle | Failed | InputFile]:
    """The message that these bytes are, as a part of a file, and its attachments."""
    if not data.strip():
        raise NoTextError("the file is empty")
    content = _Content()
    try:
        message = email.message_from_bytes(data, policy=AS_WRITTEN)
        if message.get_content_type() in _ENCRYPTED:
            raise UnreadableFileError("the message is encrypted")
        _gather(message, content, 0)
        article = _article(file, message, content, data, part)
    except FormatError:
        raise
    except Exception as error:  # RecursionError, and whatever else strange parts lead to
        raise UnreadableFileError(f"the message cannot be taken apart: {type(error).__name__}: {error}") from error
    if content.texts or not content.pages:
        yield article
    for number, attachment in enumerate(content.pages + content.attachments, 1):
        name = _name(attachment, number)
        inner = "#".join(filter(None, (part, name)))
        try:
            yield file.member(inner, in_memory(_bytes_of(attachment)), name=name, charset=_charset(attachment))
        except UnreadableFileError as error:
            yield Failed(file.origin(inner), str(error))


# --- what a message says about itself ---------------------------------------------------------------------------------


def _article(file: InputFile, message: Message, content: "_Content", data: bytes, part: str | None) -> NewArticle:
    written = re.sub(r"(\s*\([^()]*\))+$", "", header(message, "Date"))
    published = read_date(written)
    authors = _people(message)
    return NewArticle(
        title=words(header(message, "Subject")),
        body="\n\n".join(content.texts),
        origin=file.origin(part),
        url=next(iter(re.findall(r"https?://[^\s<>]+", header(message, "Archived-At"))), None),
        authors=authors,
        source=_source(message, authors),
        published=published,
        language=header(message, "Content-Language").partition(",")[0] or None,
        tags=tuple(filter(None, map(str.strip, words(header(message, "Keywords")).split(",")))),
        original=Original(data, MEDIA_TYPE),
        note=f"it has no date, because {written[:60]!r} is none" if written and not published else None,
    )


def _people(message: Message) -> tuple[str, ...]:
    written = header(message, "From")
    try:
        pairs = [(words(name), address) for name, address in getaddresses([written])[:MAX_AUTHORS]]
    except (RecursionError, ValueError, IndexError):  # of comments in comments
        pairs = []
    people = tuple(name.strip(" \"'") or address for name, address in pairs if name or address)
    return people or tuple(filter(None, (words(written),)))


def _source(message: Message, authors: tuple[str, ...]) -> str | None:
    """The name of the list, the newsgroup, or of the newsletter, which is whom it is from."""
    listed = header(message, "List-Id")
    if listed:
        name, _, identifier = listed.partition("<")
        return words(name).strip(" \"'") or identifier.strip("> ") or None
    if groups := header(message, "Newsgroups"):
        return groups.partition(",")[0].strip()
    if found := re.match(r"list ([^\s;]+)", header(message, "Mailing-List")):
        return found[1]
    return authors[0] if authors and header(message, "List-Unsubscribe") else None


# --- its text and its attachments -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Content:
    """What was found in a message: texts to be read one after the other, attachments, and how many parts it has.

    `pages` are those that a press database has sent: they are read as what they are, and not as the message's text.
    """

    texts: list[str] = field(default_factory=list)
    pages: list[Message] = field(default_factory=list)
    attachments: list[Message] = field(default_factory=list)
    parts: int = 0


def _gather(part: Message, content: _Content, depth: int, *, embedded: bool = False) -> None:
    content.parts += 1
    if content.parts > MAX_PARTS or depth > MAX_DEPTH:
        raise UnreadableFileError(f"the message has more than {MAX_PARTS:,} parts, or parts in {MAX_DEPTH} others")
    kind = part.get_content_type()
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        children = [child for child in part.get_payload() if isinstance(child, Message)]
        if kind == "multipart/alternative":
            _choose(children, content, depth)
        else:
            for child in children:
                _gather(child, content, depth + 1, embedded=embedded or kind == "multipart/related")
    elif (
        kind in ("text/plain", "text/html")
        and part.get_content_disposition() != "attachment"
        and not (_filename(part) and depth)
    ):
        text = _decoded(part, kind)
        if kind == "text/html" and exported.is_page(text):
            content.pages.append(part)
            text, kind = exported.words_before(text), "text/plain"
        if text := _text(part, kind, text):
            content.texts.append(text)
    elif not embedded or part.get_content_disposition() == "attachment":
        content.attachments.append(part)


def _choose(children: list[Message], content: _Content, depth: int) -> None:
    """The first version of a text that is given in several, which is the plainest, unless it says much less."""
    versions = []
    for child in children:
        found = _Content(parts=content.parts)
        _gather(child, found, depth + 1, embedded=True)
        content.parts = found.parts
        content.attachments += found.attachments
        if found.pages:
            content.pages += found.pages
            content.texts += found.texts
            return
        if found.texts:
            versions.append("\n\n".join(found.texts))
    if versions:
        plain, rich = versions[0], versions[-1]
        content.texts.append(rich if 3 * len(plain) < len(rich) else plain)


def _decoded(part: Message, kind: str) -> str:
    return decode(_bytes_of(part), markup=kind == "text/html", stated=_charset(part)).replace("\r\n", "\n")


def _text(part: Message, kind: str, text: str) -> str:
    if kind == "text/html":
        return paragraphs(text)
    if str(part.get_param("format", "")).lower() == "flowed":
        text = _FLOWED.sub(r"\1", text)
    return text.strip("\n") if text.strip() else ""


def _charset(part: Message) -> str | None:
    try:
        charset = part.get_param("charset")
    except Exception:  # noqa: BLE001  # the email package promises nothing about damaged parts
        return None
    return charset if isinstance(charset, str) else None


def _bytes_of(part: Message) -> bytes:
    try:
        if part.get_content_maintype() == "message":
            inner = part.get_payload()
            parts = inner if isinstance(inner, list) else [inner]
            return b"\n\n".join(
                each.as_bytes() if isinstance(each, Message) else str(each).encode("utf-8", "replace") for each in parts
            )
        payload = part.get_payload(decode=True)
    except Exception as error:  # as above
        raise UnreadableFileError(f"the part cannot be decoded: {type(error).__name__}: {error}") from error
    return payload if isinstance(payload, bytes) else b""


def _name(part: Message, number: int) -> str:
    """The name of an attachment: its own, or one whose suffix says what its type is."""
    if name := _filename(part):
        return name
    known = ".eml" if part.get_content_type() == MEDIA_TYPE else mimetypes.guess_extension(part.get_content_type())
    return f"part-{number}{known or f'.{part.get_content_subtype()}'}"


def _filename(part: Message) -> str:
    try:
        return words(part.get_filename() or "")[:200].replace("\0", "")
    except Exception:  # noqa: BLE001  # as above
        return ""
