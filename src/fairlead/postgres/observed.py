"""A runner that is watched: after each statement, which locks the session holds, and which files are others.

A statement's locks are those that are stronger than what the transaction held on the table before. They are kept to its
end, so nobody waits for the weaker ones. What runs outside of a transaction has let go of them before anybody can look.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fairlead.postgres.locks import lock_of
from fairlead.postgres.rehearsal import Lock, Rewrite, Seen
from fairlead.postgres.run import Runner
from fairlead.postgres.traits import kind_of

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection, Settings
    from fairlead.postgres.files import Migration
    from fairlead.postgres.history import History
    from fairlead.postgres.statements import Statement

_RELATIONS = """
SELECT c.oid::bigint, format('%I.%I', n.nspname, c.relname), c.relkind::text, c.relfilenode::bigint{size}
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'v', 'i') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_SIZE = ", CASE WHEN c.relkind IN ('r', 'm', 'i') THEN pg_total_relation_size(c.oid) ELSE 0 END"
_LOCKS = """
SELECT relation::bigint, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
STRENGTH = (
    "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock",
    "ExclusiveLock", "AccessExclusiveLock",
)  # fmt: skip
"""Each keeps out whom those before it do, and more; but for the fourth, which does not keep out itself."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One that was there before. Sizes are bytes."""

    name: str
    kind: str
    file: int
    size: int


def relations(connection: Connection, sizes: bool = True) -> dict[int, Relation]:
    """What there is now, by its oid. Without `sizes` these are 0."""
    query = _RELATIONS.format(size=_SIZE if sizes else ", 0")
    return {row[0]: Relation(*row[1:]) for row in connection.execute(query.encode()).fetchall()}


class Observed(Runner):
    """Keeps what each statement did in `seen`."""

    def __init__(self, connection: Connection, history: History, settings: Settings, hidden: Collection[str]) -> None:
        super().__init__(connection, history, settings)
        self.known = {oid: one for oid, one in relations(connection).items() if one.name not in hidden}
        self.seen: list[Seen] = []
        self._files = {oid: one.file for oid, one in self.known.items()}
        self._moment: Any = None
        self._held: dict[int, int] = {}  #: the place of the strongest in STRENGTH, by table
        self._number = 0

    def sizes(self) -> dict[str, int]:
        """Bytes of the tables that somebody was kept from."""
        locked = {lock.table for step in self.seen for lock in step.locks}
        return {one.name: one.size for one in self.known.values() if one.name in locked}

    def _statement(self, one: Migration, statement: Statement, number: int) -> int:
        begun = time.monotonic()
        rows = super()._statement(one, statement, number)
        ms = round((time.monotonic() - begun) * 1000, 3)
        alone = self.connection.info.transaction_status.name == "IDLE"
        locks = () if alone else self._locks()
        self.seen.append(Seen(one.shown, statement.line, kind_of(statement), ms, rows, 0 if alone else self._number,
                              locks, self._rewrites(), lock_of(statement) if alone else ""))  # fmt: skip
        return rows

    def _locks(self) -> tuple[Lock, ...]:
        row = self.connection.execute("SELECT transaction_timestamp()").fetchone()
        if row != self._moment:
            self._moment, self._held, self._number = row, {}, self._number + 1
        now: dict[int, int] = {}
        for oid, mode in self.connection.execute(_LOCKS).fetchall():
            if self._is_table(oid) and mode in STRENGTH:
                now[oid] = max(now.get(oid, 0), STRENGTH.index(mode))
        fresh = [(self.known[oid].name, STRENGTH[one]) for oid, one in now.items() if one > self._held.get(oid, -1)]
        self._held |= now
        return tuple(Lock(*one) for one in sorted(fresh))

    def _is_table(self, oid: int) -> bool:
        return oid in self.known and self.known[oid].kind != "i"

    def _rewrites(self) -> tuple[Rewrite, ...]:
        now = {oid: one.file for oid, one in relations(self.connection, sizes=False).items()}
        found = []
        for oid, one in self.known.items():
            if oid in now and now[oid] != self._files[oid]:
                found.append(Rewrite(one.name, one.size))
                self._files[oid] = now[oid]
        return tuple(found)
