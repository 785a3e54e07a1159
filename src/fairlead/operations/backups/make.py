"""`backup now`: make a backup of each store that has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fairlead.backups.catalogue import Backup
from fairlead.backups.logical import Logical
from fairlead.errors import Busy, FairleadError
from fairlead.operations.backups.arrangement import BY_HAND, PATIENCE, Arrangement
from fairlead.operations.backups.due import SCHEDULE
from fairlead.project.access import databases as declared
from fairlead.system import clock

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one store."""

    store: str
    backup: Backup | None
    error: FairleadError | None = None


def make(some: Sequence[Arrangement], why: str = BY_HAND, say: Say = lambda _: None) -> tuple[Made, ...]:
    """One of each; whoever fails does not keep the others from theirs."""
    return tuple(_one(one, why, say) for one in some)


def _one(one: Arrangement, why: str, say: Say) -> Made:
    try:
        with one.held("fairlead backup now", 0.0 if why == SCHEDULE else PATIENCE):
            say(f"{one.store.name}: to {one.catalogue.where.shown}")
            return Made(one.store.name, logical(one, why, say))
    except FairleadError as error:
        told = "busy" if isinstance(error, Busy) else why  # by whoever is at it, so nobody has to be told
        one.note("backup.failed", {"kind": "logical", "why": told, "reason": error.message})
        return Made(one.store.name, None, error)


def logical(one: Arrangement, why: str, say: Say = lambda _: None) -> Backup:
    """Each database by itself. FairleadError."""
    begun = clock.boot_seconds()
    with one.server() as server:
        there = one.databases(server)
        missing = [name for name in declared(one.store) if name not in there]
        if missing:
            say(f"{one.store.name}: without {', '.join(missing)}: it is declared, and is not there")
        engine = Logical(server, there, one.store.checks)
        backup = engine.make(one.catalogue, one.keys(), why)
    seconds = round(clock.boot_seconds() - begun, 3)
    said = {"id": backup.id, "kind": backup.kind, "why": why, "bytes": backup.stored, "seconds": seconds}
    one.note("backup.made", said | {"to": one.catalogue.where.shown} | ({"missing": missing} if missing else {}))
    return backup
