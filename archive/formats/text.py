"""Plain text: the first line is the title where it reads like one."""

from collections.abc import Iterator

from archive.encoding import decode, unmarked_wide
from archive.errors import NoTextError
from archive.formats.file import Failed, InputFile
from archive.types import NewArticle, Original

SUFFIXES = (".txt", ".text")

MAX_TITLE = 200


def looks_like(head: bytes) -> bool:  # noqa: ARG001  # any bytes may be text
    """Never certain: text is what remains."""
    return False


def is_binary(head: bytes) -> bool:
    """Whether the bytes are no text in any encoding: control characters that no text has."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    if wide := unmarked_wide(head):
        head = head.decode(wide, "replace").encode()
    odd = sum(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head)
    return odd > len(head) // 50


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article: the whole file."""
    data = file.whole()
    title, body = split_title(decode(data, stated=file.charset))
    if not title and not body:
        raise NoTextError("the file is empty")
    yield NewArticle(title=title, body=body, origin=file.origin(), original=Original(data, "text/plain"))


def split_title(text: str) -> tuple[str, str]:
    """The title and the rest. A first line that is long, or ends like a sentence, is text and not a title."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return "", ""
    title, rest = lines[first].strip(), "\n".join(lines[first + 1 :]).strip("\n")
    if not rest.strip() or len(title) > MAX_TITLE or ends_like_a_sentence(title):
        return "", "\n".join(lines[first:])
    return title, rest


def ends_like_a_sentence(line: str) -> bool:
    """Whether a line goes on, or ends what was said, as no title does."""
    return line.endswith((".", ",", ";", ":", "。")) and not line.endswith("...")
