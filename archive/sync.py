"""Keeps an index in step with a store: read changes, apply, repeat; safe to stop anywhere and to run twice."""

from collections.abc import Callable

from archive.ports import Follower, SearchIndex, Store
from archive.types import IndexState

BATCH = 5_000
"""Changes per index commit: enough to make a commit's fixed cost small, few enough to hold in memory."""

WORTH_A_REBUILD = 10_000
"""Changes that may be indexed sooner by a rebuild: it writes each article once, in several processes."""

Progress = Callable[[int, int], None]
"""Called with (changes done, changes in all)."""


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def sync(store: Store, index: SearchIndex, *, progress: Progress = silent, wait: float = 60.0) -> int:
    """Apply every change that the index lacks; returns how many.

    An unusable index is rebuilt beside the old one, and so is one that lacks much of what it is to hold.

    Raises IndexLockedError when another process is still writing the index after `wait` seconds.
    """
    state = index.state(store.last_sequence())
    if state is IndexState.MISSING:
        with index.rebuild(wait=wait):
            pass  # there is no old one to go on with: begin with an empty one, so that what is done stays done
    if state in (IndexState.CURRENT, IndexState.BEHIND, IndexState.MISSING) and not _lacks_much(store, index):
        return _follow(store, index, progress, wait)
    return rebuild(store, index, progress=progress, wait=wait)


def _lacks_much(store: Store, index: SearchIndex) -> bool:
    """Whether at least a third of the articles are not in the index yet, and not few."""
    behind = store.last_sequence() - index.checkpoint()
    return behind >= WORTH_A_REBUILD and 3 * behind >= len(store.article_ids())


def rebuild(store: Store, index: SearchIndex, *, progress: Progress = silent, wait: float = 60.0) -> int:
    """Index everything anew beside the old index, then put it in its place; returns the number of changes read."""
    with index.rebuild(wait=wait) as fresh:
        done = _follow(store, fresh, progress, wait)
    return done + _follow(store, index, silent, wait)


def _follow(store: Store, index: Follower, progress: Progress, wait: float) -> int:
    first = index.checkpoint()
    total = store.last_sequence() - first
    if total > BATCH:
        store.release_memory()  # to index many takes much of it
    while (changes := store.changes_since(index.checkpoint(), BATCH)).sequence > index.checkpoint():
        index.apply(changes, wait=wait)
        progress(changes.sequence - first, total)
    return index.checkpoint() - first


def verify(store: Store, index: SearchIndex) -> list[str]:
    """Prove that store and index are whole and agree; what does not, one sentence each."""
    return store.check() + index.check() + disagreements(store, index)


def disagreements(store: Store, index: SearchIndex) -> list[str]:
    """What a store has and its index has not, and the other way round, one sentence each."""
    faults: list[str] = []
    status = index.status(store.last_sequence())
    if status.state is not IndexState.CURRENT:
        faults.append(f"the index is {status.state}: {status.reason or f'{status.behind} changes are not in it yet'}")
    stored, held = set(store.article_ids()), set(index.article_ids())
    missing, extra = stored - held - set(status.refused), held - stored
    if missing:
        faults.append(f"{len(missing)} stored articles are not in the index, the first is {min(missing)}")
    if extra:
        faults.append(f"{len(extra)} articles in the index are not stored, the first is {min(extra)}")
    faults += [f"article {number} could not be indexed: {reason}" for number, reason in sorted(status.refused.items())]
    return faults
