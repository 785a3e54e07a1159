"""The schema inside of a rollout: what is to be done to each database, and the steps of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.rollout.steps import Step

SNAPSHOT, APPLIED = "schema.snapshot", "schema.applied"
KEPT, UNDONE, MOVED = "schema.kept", "schema.undone", "schema.moved"
REHEARSED = "schema.rehearsed"


@dataclass(frozen=True, slots=True)
class SchemaMove:
    """What a deployment does to one database."""

    database: str  #: as the project calls it, db.shop
    store: str
    scripts: tuple[str, ...] = ()  #: files that are pending, in order
    undoable: tuple[str, ...] = ()  #: those at the end of them whose undo is proven to lose nothing
    job: str = ""  #: that has another tool move the schema
    held: tuple[str, ...] = ()  #: files that run only after the old release is gone
    fresh: bool = False  #: nothing is in it yet
    dump: bool = False  #: the store has backups, so one is made before
    unknown: str = ""  #: why nobody can say yet what is pending
    rehearse: bool = False  #: on a copy, before anything is changed
    unrehearsed: str = ""  #: why it is not
    notes: tuple[str, ...] = ()  #: what speaks against it just now
    provable: bool = False  #: each of them has an undo, of which a rehearsal shows what it loses

    @property
    def moves(self) -> bool:
        """Whether anything is to be done before the new release starts."""
        return bool(self.scripts or self.job)


def schema_steps(release: str, moves: Sequence[SchemaMove]) -> list[Step]:
    """Snapshots first, then rehearsals, then each database: moved, then looked at. Pure."""
    some = [one for one in moves if one.moves]
    stores = {one.store: one for one in some if not one.fresh}
    steps = [Step("snapshot", release, service=name, dump=one.dump) for name, one in stores.items()]
    steps += [Step("rehearse", release, service=one.database, scripts=one.scripts) for one in some if one.rehearse]
    for one in some:
        steps.append(Step("migrate", release, service=one.database, scripts=one.scripts, undoable=one.undoable,
                          job=one.job, rehearsed=one.rehearse and one.provable))  # fmt: skip
        steps.append(Step("inspect", release, service=one.database))
    return steps
