"""Bytes as text: what the bytes themselves declare comes first, then UTF-8, then what they look like."""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""<(?:\?xml[^>]*encoding|meta[^>]*charset)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)

SAMPLE = 200_000
"""Bytes that an encoding is guessed from."""


def decode(data: bytes, *, markup: bool = False) -> str:
    """The text of these bytes; with `markup` the encoding that an HTML or XML document declares is believed first.

    Never fails: bytes that fit no encoding become replacement characters.
    """
    for name in _candidates(data, markup):
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("utf-8", "replace")


def _candidates(data: bytes, markup: bool) -> list[str]:
    marked = [name for mark, name in _MARKS if data.startswith(mark)]
    if marked:
        return marked
    declared = _DECLARED.search(data[:4096]) if markup else None
    names = [_modern(declared[1].decode("ascii"))] if declared else []
    return [*names, "utf-8", *_guess(data)] if not _is_utf8(data) or names else ["utf-8"]


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return data.count(0) <= len(data) // 10  # else it is UTF-16 without a mark


def _guess(data: bytes) -> list[str]:
    from charset_normalizer import from_bytes  # slow to import and rarely needed

    best = from_bytes(data[:SAMPLE]).best()
    return [best.encoding] if best else []


def _modern(name: str) -> str:
    """What a label means on the web (WHATWG Encoding): Latin-1 is Windows-1252, and so on."""
    name = name.lower()
    aliases = {"iso-8859-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252", "gb2312": "gb18030",
               "gbk": "gb18030", "iso-8859-9": "cp1254", "shift_jis": "cp932", "ks_c_5601-1987": "cp949",
               "euc-kr": "cp949", "tis-620": "cp874", "x-sjis": "cp932", "utf-16": "utf-8"}  # fmt: skip
    return aliases.get(name, name)
