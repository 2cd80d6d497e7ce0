"""Fingerprints: 16 bytes that are equal for the same text, by which exact duplicates are known."""

import hashlib
import unicodedata

_OFTEN = [(each, unicodedata.normalize("NFKC", each)) for each in "\xa0\u3000…，：；！？（）％ำ"]
"""What is often in texts and not in NFKC. It is replaced beforehand, which changes nothing (decomposing knows no
context, Unicode Standard Annex 15) and is far faster than to normalise a text that has any of it."""


def fingerprint(title: str, body: str) -> bytes:
    """BLAKE2b (RFC 7693), 16 bytes, of title and body in NFKC, casefolded, white space as one."""
    return hashlib.blake2b(b"\0".join(map(_folded, (title, body))), digest_size=16).digest()


def _folded(text: str) -> bytes:
    if not text.isascii():
        for often, normal in _OFTEN:
            text = text.replace(often, normal)
        text = unicodedata.normalize("NFKC", text)
    return _spaced(text).casefold().encode("utf-8", "surrogatepass")


def _spaced(text: str) -> str:
    """The text with all white space as one space each; nearly all texts have one feed or two between paragraphs."""
    plain = text.replace("\n\n", " ").replace("\n", " ").strip(" ")
    if "  " in plain or not plain.isprintable():  # white space but for the space itself is not
        return " ".join(text.split())
    return plain
