"""How many texts in old encodings are read as they were written; a part of `make extraction`.

A text counts as read where no character had to be replaced and the words that a search finds in it are those of the
text in the encoding that its folder names, 98 in 100 at least.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archive.encoding import decode
from index.analysis import tokenise

WORDS = 0.98
"""The share of words that must be those of the text."""

_CODECS = {"big5": "cp950", "gb2312": "gb18030", "maccyrillic": "mac_cyrillic", "shift_jis": "cp932", "euc-kr": "cp949",
           "tis-620": "cp874"}  # fmt: skip
"""What labels mean in practice, where Python takes them more narrowly."""

LABELS = {
    "sample-arabic-1.txt": "cp1256", "sample-bulgarian.txt": "utf-8", "sample-chinese.txt": "big5",
    "sample-english.bom.txt": "utf-8-sig", "sample-french-1.txt": "cp1252", "sample-french.txt": "utf-8",
    "sample-greek-2.txt": "cp1253", "sample-greek.txt": "cp1253", "sample-hebrew-2.txt": "cp1255",
    "sample-hebrew-3.txt": "cp1255", "sample-russian-2.txt": "utf-8", "sample-spanish.txt": "utf-8",
    "sample-turkish.txt": "cp1254",
}  # fmt: skip
"""The encodings of charset-normalizer's samples, as its own tests have them."""


def texts(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """The set, the file and the encoding of each text."""
    for path in sorted((folder / "chardet" / "tests").glob("*/*")):
        label = re.sub(r"^((?:iso-\d+|windows)-\d+)-.*", r"\1", path.parent.name.lower())
        yield "chardet", path, _CODECS.get(label, label)
    for path in sorted((folder / "charset_normalizer" / "data").iterdir()):
        yield "charset-normalizer", path, LABELS[path.name]


def is_read(path: Path, encoding: str) -> bool:
    """Whether a text is read as it was written."""
    data = path.read_bytes()
    written = data.decode(encoding, "replace").lstrip("\ufeff")
    found = decode(data, markup=path.suffix in (".html", ".htm", ".xml")).lstrip("\ufeff")
    if found == written:
        return True
    wanted = {token.form for token in tokenise(written)}
    same = len(wanted & {token.form for token in tokenise(found)})
    return "\ufffd" not in found and same >= WORDS * len(wanted)


def measure(folder: Path) -> dict[str, Any]:
    """How many of each set are read, and which are not."""
    results: dict[str, Any] = {}
    for name, path, encoding in texts(folder):
        found = results.setdefault(name, {"texts": 0, "read": 0, "not_read": []})
        found["texts"] += 1
        if is_read(path, encoding):
            found["read"] += 1
        else:
            found["not_read"].append(f"{path.parent.name}/{path.name}")
    return results


def table(results: dict[str, Any]) -> str:
    """The results as a table in Markdown."""
    lines = ["| texts in their encodings | | read as they were written |", "|---|---|---|"]
    for name, found in results.items():
        share = 100 * found["read"] / found["texts"]
        lines.append(f"| {name} | {found['texts']} | {found['read']} ({share:.1f} %) |")
    return "\n".join(lines)
