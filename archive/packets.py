"""What an import and the processes that read for it tell each other.

They are told in lines of JSON what to read, and tell in frames what they have read: a frame is a kind, a length and as
many bytes. What has fields is JSON there too, so that nothing which comes from a process can do more than be read; an
article's text and its original follow as they are, since JSON takes long for what is long.
"""

import json
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from enum import Enum
from functools import lru_cache
from io import BufferedReader
from typing import Any

from archive.paths import File
from archive.types import (
    Alone,
    DatedBy,
    ImportItem,
    ImportOptions,
    NewArticle,
    Origin,
    Outcome,
    PackedOriginal,
    PublicationDate,
    Told,
)

OUT_OF_MEMORY = 77
"""The status with which a process ends when an item needs more memory than it may have."""

_HEADER = struct.Struct("<cI")
_LENGTHS = struct.Struct("<II")


class Kind(Enum):
    """What a frame holds."""

    ADVANCE = b"+"
    """Bytes of the file that were read since the last."""
    MEMBER = b"m"
    """The ordinal of the file inside the file that is read next."""
    ARTICLE = b"a"
    ITEM = b"i"
    """An outcome: what is no article."""
    END = b"."
    """The file was read to its end."""


Frame = tuple[Kind, bytes]

_KINDS = {kind.value: kind for kind in Kind}

_AT_ONCE = 1 << 18
"""Bytes that are taken at once."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a process that reads may use: bytes of memory, and seconds for an item."""

    memory: int
    seconds: int


def pack_beginning(options: ImportOptions, bounds: Bounds) -> bytes:
    """The line that a process is told first."""
    published = options.published.text if options.published else None
    return json.dumps([asdict(options) | {"published": published}, asdict(bounds)]).encode() + b"\n"


def unpack_beginning(line: bytes) -> tuple[ImportOptions, Bounds]:
    """See `pack_beginning`."""
    options, bounds = json.loads(line)
    published = PublicationDate.parse(options["published"]) if options["published"] else None
    mapping = {name: tuple(columns) for name, columns in options["mapping"].items()}
    options |= {"published": published, "mapping": mapping, "tags": tuple(options["tags"])}
    return ImportOptions(**options), Bounds(**bounds)


def pack_task(file: File, left_out: Mapping[int, str]) -> bytes:
    """A line that asks to read a file; see `reading.read`."""
    fields = {each.name: getattr(file, each.name) for each in dataclass_fields(file)}
    fields["originals"] = list(map(_alone, file.originals))
    return json.dumps([fields, list(left_out.items())]).encode() + b"\n"


def unpack_task(line: bytes) -> tuple[File, dict[int, str]]:
    """See `pack_task`."""
    fields, left_out = json.loads(line)
    fields["originals"] = tuple(
        Alone(b64decode(data), Origin(*origin), title, untitled, _told(told))
        for data, origin, title, untitled, told in fields["originals"]
    )
    return File(**fields), dict(left_out)


def _alone(original: Alone) -> list[Any]:
    data = b64encode(original.data).decode()
    return [data, _origin(original.origin), original.title, original.untitled, asdict(original.told)]


def frame(kind: Kind, content: bytes = b"") -> bytes:
    """A frame as bytes."""
    return _HEADER.pack(kind.value, len(content)) + content


def frames(stream: BufferedReader) -> Iterator[list[Frame]]:
    """The frames of a stream until it ends, those together that are there at once; one that is cut off is not given."""
    waiting = bytearray()
    while told := stream.read1(_AT_ONCE):
        waiting += told
        found, at = _whole_frames(waiting)
        del waiting[:at]
        if found:
            yield found


def _whole_frames(told: bytearray) -> tuple[list[Frame], int]:
    """The frames that are there from beginning to end, and where the last of them ends."""
    found: list[Frame] = []
    at = 0
    while at + _HEADER.size <= len(told):
        kind, length = _HEADER.unpack_from(told, at)
        begin = at + _HEADER.size
        if begin + length > len(told):
            break
        at = begin + length
        found.append((_KINDS[kind], bytes(told[begin:at])))
    return found, at


def pack_article(article: NewArticle, sign: Callable[[str], bytes] | None = None) -> bytes:
    """An article, with its fingerprint and its original packed, so that who stores it need not make them.

    So has it the signature of its body, where there is what makes one.
    """
    original = article.original.packed() if article.original else None
    published = [article.published.text, article.dated_by] if article.published else None
    fields = [
        article.title, _origin(article.origin), article.url, article.authors, article.source, article.section,
        published, article.language, article.tags, article.summary, article.note, article.partial,
        asdict(article.told) if article.told != _NOTHING_TOLD else None, article.fingerprint.hex(),
        sign(article.body).hex() if sign else None,
        [original.media_type, original.size, original.sha256.hex()] if original else None,
    ]  # fmt: skip
    text, body = _dump(fields), article.body.encode("utf-8", "surrogatepass")
    return b"".join((_LENGTHS.pack(len(text), len(body)), text, body, original.compressed if original else b""))


def unpack_article(content: bytes) -> NewArticle:
    """See `pack_article`."""
    length, body_length = _LENGTHS.unpack_from(content)
    body_at = _LENGTHS.size + length
    end = body_at + body_length
    (
        title, origin, url, authors, source, section, published, language, tags, summary, note, partial, told, mark,
        signature, packed,
    ) = json.loads(content[_LENGTHS.size : body_at].decode("utf-8", "surrogatepass"))  # fmt: skip
    original = PackedOriginal(content[end:], packed[0], packed[1], bytes.fromhex(packed[2])) if packed else None
    day, dated_by = published or (None, None)
    return NewArticle(
        title=title, body=content[body_at:end].decode("utf-8", "surrogatepass"), origin=Origin(*origin), url=url,
        authors=tuple(authors), source=source, section=section, published=_date(day) if day else None,
        dated_by=DatedBy(dated_by) if dated_by else None, language=language, tags=tuple(tags), summary=summary,
        note=note, partial=partial, told=_told(told) if told else _NOTHING_TOLD, original=original, has_paragraphs=True,
        known_fingerprint=bytes.fromhex(mark), known_signature=None if signature is None else bytes.fromhex(signature),
    )  # fmt: skip


def pack_item(item: ImportItem) -> bytes:
    """The outcome of what is no article."""
    return _dump([_origin(item.origin), item.outcome.value, item.reason])


def unpack_item(content: bytes) -> ImportItem:
    """See `pack_item`."""
    origin, outcome, reason = json.loads(content)
    return ImportItem(Origin(*origin), Outcome(outcome), None, reason)


_NOTHING_TOLD = Told()

_date = lru_cache(maxsize=4096)(PublicationDate.parse)


def _told(told: dict[str, Any]) -> Told:
    mapping = {name: tuple(columns) for name, columns in told["mapping"].items()}
    return Told(fields=tuple(told["fields"]), mapping=mapping, charset=told["charset"], url=told["url"])


def _origin(origin: Origin) -> list[str | None]:
    return [origin.path, origin.format, origin.part]


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
