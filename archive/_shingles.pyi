from collections.abc import Callable
from typing import Any

def shingles(text: str, table: Any, fill: Callable[[int], object], width: int, unspaced_width: int, /) -> bytes: ...
def smallest(
    text: str, table: Any, fill: Callable[[int], object], width: int, unspaced_width: int, /
) -> tuple[int, bytes]: ...
