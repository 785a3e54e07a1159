"""How a PostgreSQL that Fairlead runs is set up, how it would be, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.errors import UsageError
from fairlead.operations.backups.reach import server_of
from fairlead.project.access import managed, runs
from fairlead.project.stack import Stack, Store
from fairlead.render.stores.tuning import STATEMENTS, Setting, preloads, tuned
from fairlead.stores.machine import machine_of
from fairlead.system.home import Place

_NOW = "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Compared:
    """One setting. What differs comes into force when the store is started the next time."""

    name: str
    now: str
    wanted: str
    why: str

    @property
    def same(self) -> bool:
        """Whether it is in force."""
        return self.now == self.wanted


@dataclass(frozen=True, slots=True)
class Tuning:
    """Of one store."""

    store: str
    on: bool  #: False: `tune: off`
    settings: tuple[Compared, ...]

    @property
    def ok(self) -> bool:
        """Whether all of it is in force."""
        return all(one.same for one in self.settings)


def tuning(stack: Stack, names: Sequence[str] = ()) -> tuple[Tuning, ...]:
    """Of each PostgreSQL that Fairlead runs, or of these. UsageError for another one; Refused before it runs."""
    there = {one.name: one for one in stack.stores if one.kind == "postgres" and runs(one) and managed(one)}
    for name in names or [""] * (not there):
        if name not in there:
            what = f"{stack.environment} has no PostgreSQL {name}".rstrip() + " that Fairlead runs"
            hint = f"there is {', '.join(there)}" if there else "one with a url is set up by whoever runs it"
            raise UsageError(what, hint)
    return tuple(_one(stack, there[name]) for name in (names or there))


def _one(stack: Stack, store: Store) -> Tuning:
    place, contained = Place.of(stack.project, stack.environment), stack.runtime != "process"
    wanted = tuned(store, machine_of(None if contained else place.root), contained)
    if preloads(store, contained):
        why = "which queries run, how often and how long; rehearsals hold them against new schemas"
        wanted = (*wanted, Setting("shared_preload_libraries", STATEMENTS, why))
    with (
        server_of(place, stack.runtime, store, None, f"a look at {store.name}") as server,
        server.session(server.home) as connection,
    ):
        now = dict(connection.execute(_NOW, ([one.name for one in wanted],)).fetchall())
    rows = (Compared(one.name, str(now.get(one.name, "")), one.value, one.why) for one in wanted)
    return Tuning(store.name, store.tune != "off", tuple(rows))
