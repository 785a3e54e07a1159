"""The spool: where a log is received to, and how much of it may wait there while it cannot be carried away.

It lies on a disk of the server's machine, often the server's own: what fills that ends the server. So there is a bound,
at which nothing more is received; what the server keeps then is bounded by the slot.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fairlead.backups.physical.wal import place_of, segment_name
from fairlead.errors import FairleadError
from fairlead.system.looking import looking

KEPT = 4 << 30  #: bytes of the log that the slot keeps with the server
LEAST = 256 << 20  #: bytes that may wait where nobody says how many, however full the disk is
LOOK = 0.2  #: seconds between two looks


def names(folder: Path) -> list[str]:
    """Of the files of one cluster."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".tmp")) if folder.is_dir() else []


def waiting(spool: Path) -> tuple[int, ...]:
    """Bytes of each whole segment; the newest of each cluster stays, also when it was carried away."""
    found = []
    for folder in spool.iterdir() if spool.is_dir() else ():
        for name in [name for name in names(folder) if place_of(name)][:-1]:
            with contextlib.suppress(FileNotFoundError):  # carried away a moment ago
                found.append((folder / name).stat().st_size)
    return tuple(found)


def goes_on_at(folder: Path) -> str | None:
    """The segment that is received next, without its timeline, as PostgreSQL counts on; None: nothing is there."""
    whole = [place for name in names(folder) if (place := place_of(name))]
    begun = [place for name in names(folder) if (place := place_of(name.removesuffix(".partial")))]
    if not begun:
        return None
    next = max((*(number + 1 for _, number in whole), *(number for _, number in begun)))
    return segment_name(0, next)[8:]


@dataclass(frozen=True)
class Bound:
    """How much may wait in one. `said` in the project file, in bytes; None: half of what is free when the slot keeps as
    much as it may."""

    spool: Path
    said: int | None = None

    @property
    def most(self) -> int:
        """Bytes."""
        if self.said is not None:
            return self.said
        free = shutil.disk_usage(self.spool if self.spool.is_dir() else self.spool.parent).free
        return max((free + sum(waiting(self.spool)) - KEPT) // 2, LEAST)

    def full(self) -> bool:
        """Whether nothing more is to be received."""
        held = sum(waiting(self.spool))
        return held > 0 and held >= self.most

    @contextlib.contextmanager
    def watching(self, end: Callable[[], object]) -> Iterator[None]:
        """Have `end` called once it is full, and again where that fails. Whoever carries away may wait for a place that
        does not answer, so it is a thread that looks."""

        def look() -> bool:
            with contextlib.suppress(FairleadError, OSError):  # the engine is away for a moment, say
                if self.full():
                    end()
                    return True
            return False

        with looking(look, LOOK):
            yield
