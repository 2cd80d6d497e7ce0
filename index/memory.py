"""Memory that is not needed any more, for the system."""

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Let the system have what was freed and the C library keeps: a third, when many articles are indexed.

    See malloc_trim(3). It takes some milliseconds.
    """
    with suppress(AttributeError, OSError, TypeError):  # this is another C library
        ctypes.CDLL(None).malloc_trim(0)
