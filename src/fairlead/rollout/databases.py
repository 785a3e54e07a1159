"""What a rollout asks of whoever moves schemas. The engine knows this protocol alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from fairlead.artifacts.release import Release
from fairlead.errors import FairleadError


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a rehearsal. `entries`: of the ledger, kind and data."""

    what: str  #: in words
    refused: str = ""  #: why it must not be run
    undoable: tuple[str, ...] = ()  #: files at the end of those that are pending, whose undo is shown to lose nothing
    entries: tuple[tuple[str, dict[str, Any]], ...] = ()


Note = Callable[[str, int], None]
"""Told of each file that ran: its name, and how many milliseconds it took."""


class Databases(Protocol):
    """Who moves the schemas of an environment, by the files that a release was deployed with."""

    def snapshot(self, release: Release, store: str, label: str, dump: bool) -> dict[str, Any]:
        """A restore point of that name, and with `dump` a backup; what was made, or why not. FairleadError."""

    def rehearse(self, release: Release, database: str) -> Tried:
        """Run what is pending on a copy. FairleadError when there has to be one and cannot be."""

    def forget_copies(self, release: Release, database: str) -> None:
        """What somebody who was killed left of one goes. FairleadError."""

    def migrate(self, release: Release, database: str, note: Note, contract: bool = False) -> None:
        """Run what is pending; with `contract` what waits for the old release to go too. FairleadError."""

    def locked(self, release: Release, database: str) -> AbstractContextManager[Callable[[], bool]]:
        """Be the only one who moves it; what it gives says whether that still is so. Busy."""

    def inspect(self, release: Release, database: str) -> tuple[str, ...]:
        """What a person should know. FairleadError when it is not as it should be."""

    def applied(self, release: Release, database: str) -> frozenset[str]:
        """The files that are in force, whole or in part. FairleadError when the database cannot be asked."""

    def undo(self, release: Release, database: str, scripts: Sequence[str], note: Note) -> None:
        """Take those back, the last one first. FairleadError when one cannot be."""


class NoDatabases:
    """Of an environment that has none to move."""

    def snapshot(self, release: Release, store: str, label: str, dump: bool) -> dict[str, Any]:
        """Of none."""
        raise _none(store)

    def rehearse(self, release: Release, database: str) -> Tried:
        """None."""
        raise _none(database)

    def forget_copies(self, release: Release, database: str) -> None:
        """There is none."""

    def migrate(self, release: Release, database: str, note: Note, contract: bool = False) -> None:
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
