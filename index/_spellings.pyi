from typing import Any

from numpy.typing import NDArray

def alike(
    shared: NDArray[Any],
    rest: NDArray[Any],
    text: NDArray[Any],
    number: int,
    read: int,
    first: int,
    last: int,
    skip: int,
    stop: int,
    word: bytes,
    edits: int,
) -> bytes: ...
def containing(
    shared: NDArray[Any],
    rest: NDArray[Any],
    text: NDArray[Any],
    number: int,
    read: int,
    first: int,
    last: int,
    skip: int,
    part: bytes,
) -> bytes: ...
