"""Whose backups they are: the machine that makes them leaves its mark beside them, and no other one writes there.

PROJECT/ENVIRONMENT/STORE/machine.json is the mark. Two machines with the same project, environment and store in one
place, a copy of a server or two developers, would prune one another's backups and mix their logs. The mark shows one
thing more: a folder that ought to have it and has it not is none of ours, because its disk is not mounted say.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, fields
from typing import Any

from fairlead.backups.catalogue import Owner, away
from fairlead.backups.destinations.base import Denied, Destination, Gone, Item, Write, get, put
from fairlead.errors import FairleadError, Refused
from fairlead.system import clock
from fairlead.system.machine_id import Machine

MARK = "machine.json"


class Unreadable(FairleadError):
    """The mark is damaged."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Who makes backups there, and since when."""

    machine: Machine
    since: str


@dataclass
class Claim:
    """Of one machine on the backups of a store. `known`: asked whether it has made some there."""

    where: Destination
    owner: Owner
    mine: Machine
    known: Callable[[], bool]

    @property
    def name(self) -> str:
        """The object."""
        return f"{self.owner.prefix}/{MARK}"

    def mark(self) -> Mark | None:
        """What is there; None: nothing. Unreadable; Unreachable."""
        try:
            said: dict[str, Any] = json.loads(get(self.where, self.name))
            known = {one.name: str(said["machine"][one.name]) for one in fields(Machine)}  # and what a later one adds
            return Mark(Machine(**known), str(said["since"]))
        except Gone:
            return None
        except (ValueError, TypeError, KeyError) as error:
            what = f"{self.where.shown}: {self.name} is damaged, so nobody knows whose backups these are"
            raise Unreadable(what, self._hint()) from error

    def others(self) -> Mark | None:
        """The mark of somebody else."""
        found = self.mark()
        return found if found and not found.machine.same(self.mine) else None

    def require(self) -> None:
        """Be the one who writes there, from now on where it was nobody yet. Refused, Unreachable.

        Whoever may write and not read cannot look, and writes.
        """
        try:
            found = self.mark()
        except Denied:
            return
        if found is None:
            if self.known() and not self.where.items(self.owner.prefix):
                raise away(self.where, self.owner)
            self.write()
        elif not found.machine.same(self.mine):
            text = f"the backups of {self.owner} in {self.where.shown} are made by {whose(found, self.mine)}"
            raise Refused(f"{text}, and two would mix what they keep there", self._hint())

    def write(self) -> None:
        """From now on they are this machine's."""
        data = {"machine": asdict(self.mine), "since": clock.stamp()}
        put(self.where, self.name, (json.dumps(data, indent=1, sort_keys=True) + "\n").encode())

    def _hint(self) -> str:
        return (
            f"say another `to`; or, where this machine takes the place of that one: "
            f"fairlead backup adopt {self.owner.environment} {self.owner.store}"
        )


def whose(found: Mark, mine: Machine) -> str:
    """In words: a copy has the same name."""
    host = found.machine.host
    same = f"another machine called {host}" if found.machine.home == mine.home else f"another home on {host}"
    return f"{host if host != mine.host else same}, since {found.since[:10]}"


@dataclass
class Claimed:
    """A destination that somebody writes to all the time, who looks now and then whether it is his still."""

    where: Destination
    claim: Claim
    shown: str = ""
    again: float = 0.0
    _looked: float | None = None

    def __post_init__(self) -> None:
        self.shown, self.again = self.where.shown, self.where.again

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Write]:
        """Refused, Unreachable: nothing is written then."""
        if self._looked is None or time.monotonic() - self._looked >= self.again:
            self.claim.require()
            self._looked = time.monotonic()
        with self.where.writing(name) as write:
            yield write

    def reading(self, name: str) -> AbstractContextManager[Iterator[bytes]]:
        """As it is."""
        return self.where.reading(name)

    def items(self, prefix: str) -> tuple[Item, ...]:
        """As it is."""
        return self.where.items(prefix)

    def delete(self, name: str) -> None:
        """As it is: what is not there is not removed."""
        self.where.delete(name)
