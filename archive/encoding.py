"""Bytes as text: what the bytes themselves declare comes first, then UTF-8, then what they look like."""

import codecs
import re
from contextlib import suppress

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<(?:\?xml[^<>]*encoding|meta[^<>]*charset)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE
)
_SEQUENCE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")

_HEAD = 4_096
"""Bytes in which a document declares its encoding (the HTML standard wants it in the first 1,024)."""

_SAMPLE = 200_000
"""Bytes that an encoding is guessed from."""


def decode(data: bytes, *, markup: bool = False, stated: str | None = None) -> str:
    """The text of these bytes; with `markup` the encoding that an HTML or XML document declares is believed first.

    `stated` is what was said of them elsewhere, as in a header of HTTP or e-mail, and believed before that.
    Never fails: bytes that fit no encoding become replacement characters.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace")
    unmarked = unmarked_wide(data[:_HEAD])
    believed = (*_believable(stated or ""), *(_declared(data[:_HEAD]) if markup else ()))
    for name in (*believed, *((unmarked,) if unmarked else ()), "utf-8"):
        with suppress(UnicodeError):
            return data.decode(name)
    text = data.decode("utf-8", "replace")
    damaged = len(_SEQUENCE.findall(data)) > 4 * text.count("\ufffd")  # UTF-8 for the most part is what it is
    return text if damaged else data.decode(_guess(data) or "utf-8", "replace")


def unmarked_wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark, told by where its zeros stand: no other text has so many."""
    zeros = [head[at::4].count(0) for at in range(4)]
    total, quarter = sum(zeros), len(head) // 4
    if total < 2 or total * 50 < len(head):
        return None
    if zeros[2] + zeros[3] > 1.9 * quarter:
        return "utf-32-le"
    if zeros[0] + zeros[1] > 1.9 * quarter:
        return "utf-32-be"
    odd = zeros[1] + zeros[3]
    if odd > 0.95 * total:
        return "utf-16-le"
    return "utf-16-be" if odd < 0.05 * total else None


def _declared(head: bytes) -> tuple[str, ...]:
    """What the document declares, unless nobody could read the declaration if it were true."""
    found = _DECLARED.search(head)
    return _believable(found[1].decode("ascii")) if found else ()


def _believable(label: str) -> tuple[str, ...]:
    """The encoding of this label, if there is one in which the label itself can be written."""
    name = _modern(label.strip().strip("\"'"))
    try:
        true = bool(name) and label.encode("ascii").decode(name) == label
    except (UnicodeError, LookupError, ValueError):
        return ()
    return (name,) if true and "escape" not in name else ()


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes  # slow to import and rarely needed

    best = from_bytes(data[:_SAMPLE]).best()
    return best.encoding if best else None


def _modern(name: str) -> str:
    """What a label means on the web (WHATWG Encoding): Latin-1 is Windows-1252, and so on."""
    name = name.lower()
    aliases = {"iso-8859-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252", "gb2312": "gb18030",
               "gbk": "gb18030", "iso-8859-9": "cp1254", "shift_jis": "cp932", "ks_c_5601-1987": "cp949",
               "euc-kr": "cp949", "tis-620": "cp874", "x-sjis": "cp932"}  # fmt: skip
    return aliases.get(name, name)
