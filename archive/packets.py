"""What an import and the processes that read for it tell each other.

They are told in lines of JSON what to read, and tell in frames what they have read: a frame is a kind, a length and as
many bytes. What has fields is JSON there too, so that nothing which comes from a process can do more than be read.
"""

import json
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from enum import Enum
from functools import lru_cache
from typing import Any, BinaryIO

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
_LENGTH = struct.Struct("<I")


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


def frames(stream: BinaryIO) -> Iterator[Frame]:
    """The frames of a stream, until it ends; one that is cut off is not given."""
    while len(header := stream.read(_HEADER.size)) == _HEADER.size:
        kind, length = _HEADER.unpack(header)
        content = stream.read(length)
        if len(content) < length:
            return
        yield Kind(kind), content


def pack_article(article: NewArticle, sign: Callable[[str], bytes] | None = None) -> bytes:
    """An article, with its fingerprint and its original packed, so that who stores it need not make them.

    So has it the signature of its body, where there is what makes one.
    """
    original = article.original.packed() if article.original else None
    published = [article.published.text, article.dated_by] if article.published else None
    fields = [
        article.title, article.body, _origin(article.origin), article.url, article.authors, article.source,
        article.section, published, article.language, article.tags, article.summary, article.note,
        article.partial, asdict(article.told) if article.told != _NOTHING_TOLD else None, article.fingerprint.hex(),
        sign(article.body).hex() if sign else None,
        [original.media_type, original.size, original.sha256.hex()] if original else None,
    ]  # fmt: skip
    text = _dump(fields)
    return _LENGTH.pack(len(text)) + text + (original.compressed if original else b"")


def unpack_article(content: bytes) -> NewArticle:
    """See `pack_article`."""
    (length,) = _LENGTH.unpack_from(content)
    end = _LENGTH.size + length
    (
        title, body, origin, url, authors, source, section, published, language, tags, summary, note, partial,
        told, mark, signature, packed,
    ) = json.loads(content[_LENGTH.size : end].decode("utf-8", "surrogatepass"))  # fmt: skip
    original = PackedOriginal(content[end:], packed[0], packed[1], bytes.fromhex(packed[2])) if packed else None
    day, dated_by = published or (None, None)
    return NewArticle(
        title=title, body=body, origin=Origin(*origin), url=url, authors=tuple(authors), source=source, section=section,
        published=_date(day) if day else None, dated_by=DatedBy(dated_by) if dated_by else None,
        language=language, tags=tuple(tags), summary=summary, note=note, partial=partial,
        told=_told(told) if told else _NOTHING_TOLD, original=original, has_paragraphs=True,
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
