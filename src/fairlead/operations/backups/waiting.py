"""How much of the log waits on this machine: what was received, and cannot be carried away while its place is away."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.backups.physical.spool import KEPT, Bound, waiting
from fairlead.operations.check import Check, warning
from fairlead.project.stack import Stack
from fairlead.system.home import Place

MANY = 8  #: segments; a busy server has a few for a moment


def examine(stack: Stack, place: Place) -> Iterator[Check]:
    """Of each store whose log is received. The disk of the spool is the server's, as a rule."""
    for store in stack.backed_up:
        folder, physical = place.backups / store.name, store.backup.physical if store.backup else None
        bound, held = Bound(folder / "spool", physical.spool if physical else None), waiting(folder / "spool")
        if len(held) > MANY or bound.full():
            size, most = sum(held) / 2**20, bound.most / 2**20
            text = f"{len(held)} segments ({size:.0f} MB of at most {most:.0f}) wait on this machine"
            end = (
                f"nothing more is received, and the server keeps {KEPT >> 30} GB"
                if bound.full()
                else "not carried away"
            )
            yield warning(f"log of {store.name}", f"{text}: {end}", f"see why: {folder / 'log'}")
