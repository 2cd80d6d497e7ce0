from typing import Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

def count(words: Array, counts: Array) -> None: ...
def spread(
    words: Array, positions: Array, lengths: Array, first: int, table: Array, document_shift: int, position_shift: int,
    next: Array, keys: Array,
) -> None: ...  # fmt: skip
def recode(
    keys: Array, counts: Array, words: Array, codes: Array, position_bits: int, code_bits: int, new_position_bits: int,
    new_code_bits: int, first: int, out: Array,
) -> None: ...  # fmt: skip
def merge(groups: list[tuple[Array, Array]], keys: Array) -> None: ...
def split(
    keys: Array, counts: Array, position_bits: int, code_bits: int, titles: Array | None, coded: Array,
    documents: Array, positions: Array, begins: Array, titled: Array, codes: Array,
) -> tuple[int, int]: ...  # fmt: skip
def join(values: Array, shift: int, bits: int, pending: bytes) -> tuple[bytes, bytes]: ...
