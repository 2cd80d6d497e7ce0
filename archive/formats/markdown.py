"""Markdown, with or without YAML front matter."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from archive.encoding import decode
from archive.errors import UnreadableFileError
from archive.formats.file import Failed, InputFile
from archive.formats.record import to_article
from archive.types import NewArticle, Original

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

SUFFIXES = (".md", ".markdown")

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?\r?\n)?(?:---|\.\.\.)[ \t]*(?:\r?\n|$)", re.DOTALL)


def looks_like(head: bytes) -> bool:
    """Whether it begins with front matter."""
    return bool(re.match(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n\w+:", head))


def read(file: InputFile) -> Iterator[NewArticle | Failed]:
    """One article: the text without its marks; the front matter's fields are those of JSONL."""
    data = file.whole()
    text = decode(data)
    found = _FRONT_MATTER.match(text)
    fields = _front_matter(found[1] or "") if found else {}
    title, body = _plain(text[found.end() :] if found else text)
    own_title = fields.get("title") not in (None, "", title)
    fields = {"title": title, **fields, "body": f"{title}\n\n{body}" if title and own_title else body}
    yield to_article(fields, file.origin(), Original(data, "text/markdown"))


def _front_matter(text: str) -> dict[str, object]:
    import yaml

    try:
        found = yaml.load(text, Loader=_plain_loader())  # noqa: S506  # a loader that is safer than the safe one
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UnreadableFileError(f"its front matter is no YAML: {reason}") from error
    return {str(name): value for name, value in found.items()} if isinstance(found, Mapping) else {}


@cache
def _plain_loader() -> type:
    """YAML with texts, lists and maps only: `2023-05` stays what was written, and aliases cannot explode."""
    import yaml

    class PlainLoader(yaml.BaseLoader):
        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("aliases are not read")
            return super().compose_node(parent, index)

    return PlainLoader


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable("table")


def _plain(text: str) -> tuple[str, str]:
    """The first heading, when it comes before any text, and the text in paragraphs."""
    title = ""
    paragraphs: list[str] = []
    tokens = _parser().parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline":
            words = _words(token)
            if before and before.type == "heading_open" and not title and not paragraphs:
                title = words
            elif words:
                paragraphs.append(words)
        elif token.type in ("fence", "code_block"):
            paragraphs.append(token.content.strip("\n"))
    return title, "\n\n".join(paragraphs)


def _words(token: "Token") -> str:
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" " if child.type == "softbreak" else "\n")
        elif child.type == "image":
            parts.append(child.content)
    return "".join(parts).strip()
