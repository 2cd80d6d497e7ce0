"""The names of files inside archives: which are read as a folder's files are, and which are never followed."""

import re

_HIDDEN = re.compile(r"(?:^|/)(?:\.[^/]|__MACOSX/)")
_OUTSIDE = re.compile(r"^(?:/|[A-Za-z]:[/\\]|\\\\)|(?:^|/)\.\.(?:/|$)")

ENCRYPTED = "it is encrypted"
LEADS_OUTSIDE = "its name leads out of the archive"


def clean_name(name: str) -> str:
    """The name as text that can be stored, without a `./` before it."""
    name = name.encode("utf-8", "replace").decode()
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return name


def is_hidden(name: str) -> bool:
    """Whether it, or a folder that it is in, is hidden, or one that a Mac adds to an archive."""
    return bool(_HIDDEN.search(name)) and not leads_outside(name)


def leads_outside(name: str) -> bool:
    """Whether a program that unpacks it could be made to write somewhere else."""
    return bool(_OUTSIDE.search(name.replace("\\", "/")))
