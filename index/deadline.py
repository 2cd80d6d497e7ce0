"""The end of the time that one request may take."""

import math
import time


class TooSlowError(Exception):
    """A query took longer than it may."""


class Deadline:
    """Asked between the steps of a search, none of which is long."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @classmethod
    def never(cls) -> "Deadline":
        """One that does not end."""
        return cls(math.inf)

    def check(self) -> None:
        """Raises TooSlowError when the time is over."""
        if time.monotonic() > self._end:
            raise TooSlowError
