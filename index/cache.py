"""Things kept as long as there is room for them; what was used longest ago goes first."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Cache(Generic[Item]):
    """Keeps items up to a number of bytes, of which the caller says how many each has."""

    def __init__(self, room: int) -> None:
        self._items: OrderedDict[object, tuple[Item, int]] = OrderedDict()
        self._room = room

    def get(self, key: object) -> Item | None:
        """What is kept under a key."""
        found = self._items.get(key)
        if found is None:
            return None
        self._items.move_to_end(key)
        return found[0]

    def keep(self, key: object, item: Item, size: int) -> Item:
        """Keep an item under a key; returns it."""
        if key in self._items:
            self._room += self._items.pop(key)[1]
        self._items[key] = item, size
        self._room -= size
        while self._room < 0 and len(self._items) > 1:
            _, (_, dropped) = self._items.popitem(last=False)
            self._room += dropped
        return item


class Memory:
    """Remembers what was computed for a key, whatever it is. Threads may share it."""

    def __init__(self, room: int) -> None:
        self._known = Cache[tuple[Any]](room)
        self._lock = threading.Lock()

    def recall(self, key: object, compute: Callable[[], Item]) -> Item:
        """What was computed for this key, now or before."""
        with self._lock:
            known = self._known.get(key)
        if known is None:  # two threads may compute the same, but neither waits for the other
            found = compute()
            size = _ENTRY + (_PART * len(found) if hasattr(found, "__len__") else 0)
            with self._lock:
                known = self._known.keep(key, (found,), size)
        item: Item = known[0]
        return item


_ENTRY, _PART = 500, 100
"""Bytes, roughly, of an entry and of each part of what is remembered."""
