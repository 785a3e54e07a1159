"""`db connections`: who has how many connections to the server of a store now, against what there are, and leaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import UsageError
from fairlead.operations.db.chosen import require_known
from fairlead.operations.sessions.privileged import privileged
from fairlead.postgres.activity import Sessions, most, sessions
from fairlead.project.access import rights_of
from fairlead.project.database_roles import SIDES, Roles
from fairlead.project.problem import did_you_mean
from fairlead.project.stack import Stack, Store

HELD = 60.0  #: seconds with a transaction open and nothing going on: its locks stay, and nothing is cleaned up
LONG = 600.0  #: seconds without any use
FULL = 0.8  #: of what there are


@dataclass(frozen=True, slots=True)
class Connections:
    """Of one store."""

    store: str
    most: int  #: for all but a superuser
    sessions: tuple[Sessions, ...]
    services: dict[str, str]  #: by role
    findings: tuple[str, ...]

    @property
    def used(self) -> int:
        """By all."""
        return sum(one.total for one in self.sessions)


def connections(stack: Stack, root: Path, names: Sequence[str] = ()) -> tuple[Connections, ...]:
    """Of the stores of these names, without names of every PostgreSQL. UsageError, FairleadError."""
    there = {one.name: one for one in stack.stores if one.kind == "postgres" and one.migrations}
    for name in names:
        if name not in there:
            raise UsageError(f'there is no PostgreSQL "{name}" in {stack.environment}{did_you_mean(name, there)}')
    return tuple(_one(stack, root, there[name]) for name in names or there)


def _one(stack: Stack, root: Path, store: Store) -> Connections:
    require_known(store)
    with privileged(stack, root, store, store.migrations[0]) as connection:
        found, room = sessions(connection), most(connection)
    return Connections(store.name, room, found, _services(store), tuple(findings(found, room)))


def _services(store: Store) -> dict[str, str]:
    names: dict[str, str] = {}
    for one in store.migrations:
        rights = rights_of(store, one.database)
        for user in rights.users if rights else ():
            names |= {Roles(one.database).login(user.service, side): user.service for side in SIDES}
    return names


def findings(some: Sequence[Sessions], room: int) -> Iterator[str]:
    """What looks like a leak, or will soon have nobody come in. Pure."""
    used = sum(one.total for one in some)
    if room and used >= FULL * room:
        yield f"{used} of {room} connections of the server are in use"
    for one in some:
        who = f"{one.role} in {one.database}"
        if one.held > HELD:
            yield (
                f"{who}: a connection has stood idle in a transaction for {one.held:.0f} s, "
                f"{one.in_transaction} of {one.total} do: does the service end its transactions?"
            )
        full = one.limit and one.total >= FULL * one.limit
        if full and one.unused > LONG:
            yield (
                f"{who}: {one.total} of {one.limit} connections, and one of them was not used for {one.unused:.0f} s: "
                "is each given back?"
            )
        elif full:
            yield f"{who}: {one.total} of {one.limit} connections"
