"""The export of Omnivore, a zip archive: lists of entries, and the text of each in a file of its own, by its slug.

    metadata_0_to_20.json   [{"slug": "a-page-18f", "title": "…", "url": "…", "labels": ["…"], "publishedAt": "…"}, …]
    content/a-page-18f.html
    highlights/a-page-18f.md

Here each entry is read with its text. What else is in the archive is read like the files of any other.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from archive.encoding import decode
from archive.errors import FormatError
from archive.formats import saved_json
from archive.formats.file import Failed, InputFile, Skipped
from archive.formats.json_list import parts
from archive.streams import HEAD
from archive.types import NewArticle

FORMAT = "saved-json"

_LIST = re.compile(r"(?:.*/)?metadata_\w+\.json")

Open = Callable[[str], InputFile | Failed | Skipped | None]
"""Opens a file of the archive by its name."""


def lists(names: list[str], open_member: Open) -> list[str]:
    """The names of the lists of entries; none where this is no such export."""
    found = [name for name in names if _LIST.fullmatch(name)]
    if not found or not any("content/" in name for name in names):
        return []
    first = open_member(found[0])
    if not isinstance(first, InputFile):
        return []
    try:
        head = first.stream.read(HEAD)
    except FormatError:
        return []
    return found if saved_json.looks_like(head) else []


def read(names: list[str], found: list[str], open_member: Open) -> Iterator[NewArticle | Failed | Skipped | InputFile]:
    """The entries of these lists with their texts, then the other files of the archive."""
    there = set(names)
    used = set(found)
    for name in found:
        opened = open_member(name)
        if not isinstance(opened, InputFile):
            yield from [opened] if opened else []
            continue
        file = replace(opened, format=FORMAT)
        try:
            for number, (entry, _) in enumerate(parts(file.stream, file.max_bytes), 1):
                text = _text_of(entry, name, there)
                used |= {text} - {""}
                yield _item(file, number, entry, text, open_member)
        except FormatError as error:
            yield Failed(file.origin(), str(error))
    for name in names:
        if name not in used and (other := open_member(name)):
            yield other


def _text_of(entry: object, beside: str, there: set[str]) -> str:
    """The name of the file that has the text of an entry; empty where there is none."""
    folder = beside.rpartition("/")[0]
    slug = entry.get("slug") if isinstance(entry, dict) else None
    name = f"{folder}/content/{slug}.html".lstrip("/")
    return name if name in there else ""


def _item(file: InputFile, number: int, entry: object, text: str, open_member: Open) -> NewArticle | Failed | Skipped:
    try:
        if text and isinstance(entry, dict):
            opened = open_member(text)
            if not isinstance(opened, InputFile):
                return opened or Failed(file.origin(str(number)), f"its text, {text}, cannot be read")
            file.expansion.members_left -= 1
            file.expansion.check()
            entry = {**entry, "content": decode(opened.whole(), markup=True)}
        return saved_json.item(file, number, entry)
    except FormatError as error:
        return Failed(file.origin(str(number)), str(error))
