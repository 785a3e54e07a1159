"""What the sessions of another tool hold, looked at again and again: its statements are its own.

A lock is seen from the first look at which it is held to the last; one that is held for less than the time between two
looks may not be seen, and keeps nobody waiting for longer.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError
from fairlead.postgres.connection import first_line
from fairlead.postgres.observed import STRENGTH, Relation, relations
from fairlead.postgres.rehearsal import Lock, Rewrite, Seen
from fairlead.system.looking import looking

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

EVERY = 0.02  #: seconds between two looks
TEXT = 200  #: characters of a statement that are shown
_HELD = """
SELECT a.pid, a.xact_start, l.relation::bigint, l.mode, left(a.query, 1000)
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'relation' AND l.granted AND a.pid <> pg_backend_pid()
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass
class _Hold:
    query: str
    first: float
    last: float


@dataclass
class Sampled:
    """Of one database, by a connection of nobody else's."""

    connection: Connection
    known: dict[int, Relation] = field(default_factory=dict)  #: what was there before
    _holds: dict[tuple[Any, ...], _Hold] = field(default_factory=dict)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """As long as the block lasts. FairleadError when it could not look to its end: nobody knows what was held."""
        import psycopg  # noqa: PLC0415 — an extra

        self.known = relations(self.connection)
        failed = list[psycopg.Error]()

        def look() -> bool:
            try:
                self._look()
            except psycopg.Error as error:
                failed.append(error)
            return bool(failed)

        with looking(look, EVERY):
            yield
        if failed:
            what = f"what the command holds could not be looked at: {first_line(failed[0])}"
            raise FairleadError(what, "see whether the command ends the sessions of others; then rehearse again")

    def _look(self) -> None:
        now = time.monotonic()
        for pid, began, oid, mode, query in self.connection.execute(_HELD).fetchall():
            if oid in self.known and self.known[oid].kind != "i" and mode in STRENGTH:
                self._holds.setdefault((pid, began, oid, mode), _Hold(query, now, now)).last = now

    def seen(self, name: str, command: str, seconds: float) -> tuple[Seen, ...]:
        """The command itself, with what it rewrote, and each lock as if it were a transaction of its own."""
        whole = Seen(name, 1, command, round(seconds * 1000, 3), 0, 0, rewrites=self._rewrites())
        held = sorted(self._holds.items(), key=lambda item: item[1].first)
        return whole, *(self._of(name, number, *one) for number, one in enumerate(held, 1))

    def _of(self, name: str, number: int, key: tuple[Any, ...], hold: _Hold) -> Seen:
        text = " ".join(hold.query.split())[:TEXT]
        ms = round((hold.last - hold.first + EVERY) * 1000, 3)
        return Seen(name, 1, text, ms, 0, number, (Lock(self.known[key[2]].name, key[3]),))

    def _rewrites(self) -> tuple[Rewrite, ...]:
        now = relations(self.connection, sizes=False)
        return tuple(
            Rewrite(one.name, one.size) for oid, one in self.known.items() if oid in now and now[oid].file != one.file
        )

    def sizes(self) -> dict[str, int]:
        """Bytes of the tables that somebody was kept from."""
        return {self.known[key[2]].name: self.known[key[2]].size for key in self._holds}
