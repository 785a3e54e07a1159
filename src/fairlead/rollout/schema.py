"""The schema inside of a rollout: what is to be done to each database, the steps of it, and who does them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from fairlead.artifacts.release import Release
from fairlead.errors import FairleadError
from fairlead.rollout.steps import Step

SNAPSHOT, APPLIED = "schema.snapshot", "schema.applied"
KEPT, UNDONE = "schema.kept", "schema.undone"

Note = Callable[[str, int], None]
"""Told of each file that ran: its name, and how many milliseconds it took."""


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

    @property
    def moves(self) -> bool:
        """Whether anything is to be done before the new release starts."""
        return bool(self.scripts or self.job)


def schema_steps(release: str, moves: Sequence[SchemaMove]) -> list[Step]:
    """Snapshots first, then each database: moved, then looked at. Pure."""
    some = [one for one in moves if one.moves]
    stores = {one.store: one for one in some if not one.fresh}
    steps = [Step("snapshot", release, service=name, dump=one.dump) for name, one in stores.items()]
    for one in some:
        steps.append(Step("migrate", release, service=one.database, scripts=one.scripts, undoable=one.undoable,
                          job=one.job))  # fmt: skip
        steps.append(Step("inspect", release, service=one.database))
    return steps


class Databases(Protocol):
    """Who moves the schemas of an environment, by the files that a release was deployed with."""

    def snapshot(self, release: Release, store: str, label: str, dump: bool) -> dict[str, Any]:
        """A restore point of that name, and with `dump` a backup; what was made, or why not. FairleadError."""

    def migrate(self, release: Release, database: str, note: Note) -> None:
        """Run what is pending, but for what waits for the old release to go. FairleadError when a file fails."""

    def locked(self, release: Release, database: str) -> AbstractContextManager[Callable[[], bool]]:
        """Be the only one who moves it; what it gives says whether that still is so. Busy."""

    def inspect(self, release: Release, database: str) -> tuple[str, ...]:
        """What a person should know. FairleadError when it is not as it should be."""

    def applied(self, release: Release, database: str) -> frozenset[str]:
        """The files that are in force. FairleadError when the database cannot be asked."""

    def undo(self, release: Release, database: str, scripts: Sequence[str], note: Note) -> None:
        """Take those back, the last one first. FairleadError when one cannot be."""


class NoDatabases:
    """Of an environment that has none to move."""

    def snapshot(self, release: Release, store: str, label: str, dump: bool) -> dict[str, Any]:
        """Of none."""
        raise _none(store)

    def migrate(self, release: Release, database: str, note: Note) -> None:
        """None."""
        raise _none(database)

    def locked(self, release: Release, database: str) -> AbstractContextManager[Callable[[], bool]]:
        """Nobody else is there."""
        return nullcontext(lambda: True)

    def inspect(self, release: Release, database: str) -> tuple[str, ...]:
        """None."""
        raise _none(database)

    def applied(self, release: Release, database: str) -> frozenset[str]:
        """Nothing is."""
        return frozenset()

    def undo(self, release: Release, database: str, scripts: Sequence[str], note: Note) -> None:
        """None."""
        raise _none(database)


def _none(name: str) -> FairleadError:
    return FairleadError(f"{name}: there is no such database here")
