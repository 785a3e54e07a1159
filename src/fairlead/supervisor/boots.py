"""Marks of programs from before the machine was started anew: they name nobody any more.

Numbers of processes and their start times begin anew with the machine, and two starts of it are much alike: sooner or
later some program that is not ours has both. Nobody may take it for an instance, send users to its port, or end it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.supervisor.survivors import read_starts
from fairlead.system import clock
from fairlead.system.files import write_file
from fairlead.system.home import Place
from fairlead.system.lock import FileLock


def forget_other_boots(place: Place) -> None:
    """Have no such mark in an environment; how often each was started stays known."""
    if _known(place) == clock.boot_id():
        return
    lock = FileLock(place.supervisor / "start.lock")
    lock.acquire("looking at marks", blocking=True)  # whoever comes second must not forget what the first has started
    try:
        before, now = _known(place), clock.boot_id()
        if before != now:
            write_file(_file(place), now)  # first: what is started from here on must never be forgotten
        for starts in _all(place) if before not in ("", now) else ():
            write_file(starts, f"# {len(read_starts(starts))} earlier; PID START, a line per start\n")
    except FairleadError:  # a full disk keeps nobody from looking, and from going back
        return
    finally:
        lock.release()


def _file(place: Place) -> Path:
    return place.supervisor / "boot"


def _known(place: Place) -> str:
    """The start of the machine that marks are of; empty where an earlier Fairlead has not said."""
    try:
        return _file(place).read_text()
    except FileNotFoundError:
        return ""


def _all(place: Place) -> Iterator[Path]:
    for pattern in ("*/starts", "*/*/starts"):
        yield from place.root.glob(pattern)
