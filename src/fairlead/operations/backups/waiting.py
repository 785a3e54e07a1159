"""How much of the log waits on this machine: what was received, and cannot be carried away while its place is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead.operations.check import Check, warning
from fairlead.project.stack import Stack
from fairlead.system.home import Place

MANY = 8  #: segments; a busy server has a few for a moment
SEGMENT = 24  #: characters of the name of a whole one


def examine(stack: Stack, place: Place) -> Iterator[Check]:
    """Of each store whose log is received. The disk of the spool is the server's, as a rule."""
    for store in stack.backed_up:
        folder = place.backups / store.name
        waiting = tuple(_waiting(folder / "spool"))
        if len(waiting) > MANY:
            size = sum(waiting) / 2**20
            text = f"{len(waiting)} segments ({size:.0f} MB) wait on this machine and are not carried away"
            yield warning(f"log of {store.name}", text, f"see why before the disk is full: {folder / 'log'}")


def _waiting(spool: Path) -> Iterator[int]:
    """Bytes of each whole segment; the newest of each cluster stays, also when it was carried away."""
    for folder in spool.iterdir() if spool.is_dir() else ():
        whole = sorted(path for path in folder.iterdir() if len(path.name) == SEGMENT) if folder.is_dir() else []
        for path in whole[:-1]:
            try:
                yield path.stat().st_size
            except FileNotFoundError:  # carried away a moment ago
                continue
