"""The process that keeps the index up to date while `archive serve` runs; started and ended by it.

It may be killed at any moment: the index then catches up at the next start.
"""

import os
import signal
import sys
import time

from archive.bootstrap import open_archive
from archive.console import say
from archive.errors import ArchiveError, IndexLockedError
from archive.service import Archive
from archive.settings import load_settings
from archive.types import IndexState

PAUSE = 1.0
"""Seconds between two looks at the store."""


def follow(archive: Archive, master: int) -> None:
    """Apply changes as they come, and make an unusable index anew, for as long as `master` is our parent process."""

    def stop_without_master(*_: object) -> None:
        if os.getppid() != master:
            sys.exit()

    told = ""
    while True:
        stop_without_master()
        try:
            if archive.index_state() is not IndexState.CURRENT:
                archive.sync(stop_without_master, wait=0.0)
        except IndexLockedError:
            pass  # another process is at it
        except ArchiveError as error:
            if told != str(error):
                told = str(error)
                say(f"archive: {told}")
        time.sleep(PAUSE)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the master ends us
    with open_archive(load_settings({"data": sys.argv[1]}), catch_up=False) as opened:
        follow(opened, master=int(sys.argv[2]))
