"""What the text exports of press databases have in common: documents of labelled lines, and dates among other words."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from archive.dates import read_date
from archive.encoding import decode
from archive.errors import FormatError, NoTextError, UnreadableFileError
from archive.formats.file import Failed, InputFile
from archive.formats.record import to_article
from archive.types import NewArticle, Original, Told

WORDS = "words|Wörter|mots|palabras|parole|palavras|woorden|слов|字|語|단어"
"""What the length of a document is counted in, as a pattern."""

Split = Callable[[str], list[str]]
Read = Callable[[str], Mapping[str, object]]


def read_text(file: InputFile, split: Split, read: Read) -> Iterator[NewArticle | Failed]:
    """One article a document of a file that is text."""
    text = (
        decode(file.whole(), stated=file.charset)
        .removeprefix("\ufeff")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\xa0", " ")
    )
    if not text.strip():
        raise NoTextError("the file is empty")
    documents = split(text)
    if not documents:
        raise UnreadableFileError("there is no document of this kind in it")
    yield from read_documents(file, documents, read, "text/plain")


def read_documents(
    file: InputFile, documents: Iterable[str], read: Read, media_type: str
) -> Iterator[NewArticle | Failed]:
    """One article a document; an origin's part is its number. Documents without text fail alone."""
    for number, document in enumerate(documents, 1):
        origin = file.origin(str(number))
        try:
            fields = read(document)
            if not str(fields.get("body") or "").strip():
                raise NoTextError("the document has no text, or none that can be told from its labels")
            article = to_article(fields, origin, Original(document.strip("\n").encode("utf-8", "replace"), media_type))
            yield replace(article, told=Told(charset="utf-8"))
        except FormatError as error:
            yield Failed(origin, str(error))


def date_in(line: str) -> str:
    """The date that a line begins with, without what follows it: a day of the week, a time; else the whole line."""
    line = line[:200]
    words = line.replace(",", ", ").split()
    for count in range(min(len(words), 7), 0, -1):
        if read_date(" ".join(words[:count]).rstrip(",;")):
            return " ".join(words[:count]).rstrip(",;")
    return line


def is_date(line: str) -> bool:
    """Whether a line begins with a whole date, and has little besides."""
    line = line.strip()
    found = read_date(date_in(line)) if len(line) <= 60 else None
    return bool(found) and bool(re.search(r"\d{4}", line)) and bool(re.search(r"[^\W\d]{3}|[/.-]", line))


def joined(lines: list[str]) -> str:
    """Lines as one."""
    return " ".join(" ".join(lines).split())


def language_code(name: str) -> str | None:
    """The code of the first language named, such as `ENGLISH` or `English; EN`."""
    return _LANGUAGES.get(re.split(r"[;,]", name)[0].strip().lower())


_LANGUAGES = {"english": "en", "englisch": "en", "anglais": "en", "german": "de", "deutsch": "de", "allemand": "de",
              "french": "fr", "français": "fr", "französisch": "fr", "spanish": "es", "italian": "it", "turkish": "tr",
              "portuguese": "pt", "dutch": "nl", "russian": "ru", "chinese": "zh", "arabic": "ar",
              "英文": "en", "德文": "de", "法文": "fr", "西班牙文": "es", "意大利文": "it", "葡萄牙文": "pt",
              "荷蘭文": "nl", "俄文": "ru", "中文": "zh", "日文": "ja", "阿拉伯文": "ar"}  # fmt: skip
