from archive.types import Span

def best_passages(
    body: str, matches: list[tuple[int, int, int]], count: int, passage: int
) -> list[tuple[int, int, bool, bool, int, tuple[Span, ...]]]: ...
