"""`backup now`: make a backup of each store that has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fairlead.backups.catalogue import Backup, Kind
from fairlead.backups.logical import Logical
from fairlead.backups.physical.base import BaseBackup
from fairlead.errors import Busy, FairleadError, UsageError
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


def make(
    some: Sequence[Arrangement], why: str = BY_HAND, say: Say = lambda _: None, kind: Kind | None = None
) -> tuple[Made, ...]:
    """One of each, of this kind; whoever fails does not keep the others from theirs.

    Without a kind it is a logical one, and where those are not declared a physical one. UsageError for a physical one
    of a store that has none.
    """
    for one in some:
        if kind == "physical" and one.said.physical is None:
            what = f"no copies of the data files of {one.store.name} are declared"
            raise UsageError(what, "say `physical: {full: weekly}` under its `backup`")
    return tuple(_one(one, kind or _usual(one), why, say) for one in some)


def _usual(one: Arrangement) -> Kind:
    return "physical" if one.said.physical and not one.said.logical else "logical"


def _one(one: Arrangement, kind: Kind, why: str, say: Say) -> Made:
    try:
        with one.held("fairlead backup now", 0.0 if why == SCHEDULE else PATIENCE):
            say(f"{one.store.name}: to {one.catalogue.where.shown}")
            return Made(one.store.name, made(one, kind, why, say))
    except FairleadError as error:
        told = "busy" if isinstance(error, Busy) else why  # by whoever is at it, so nobody has to be told
        one.note("backup.failed", {"kind": kind, "why": told, "reason": error.message})
        return Made(one.store.name, None, error)


def made(one: Arrangement, kind: Kind, why: str, say: Say = lambda _: None) -> Backup:
    """Each database by itself, or the data files of all. FairleadError."""
    begun = clock.boot_seconds()
    with one.server() as server:
        there = one.databases(server)
        missing = [name for name in declared(one.store) if name not in there]
        if missing:
            say(f"{one.store.name}: without {', '.join(missing)}: it is declared, and is not there")
        engine = BaseBackup(server, there) if kind == "physical" else Logical(server, there, one.store.checks)
        backup = engine.make(one.catalogue, one.keys(), why)
    seconds = round(clock.boot_seconds() - begun, 3)
    said = {"id": backup.id, "kind": backup.kind, "why": why, "bytes": backup.stored, "seconds": seconds}
    one.note("backup.made", said | {"to": one.catalogue.where.shown} | ({"missing": missing} if missing else {}))
    return backup
