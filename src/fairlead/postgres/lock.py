"""One migrator at a time for each database, from any host: an advisory lock that is asked for, never waited for.

The locks belong to the session that runs the statements. So they last as long as what that session does, even where
the migrator itself was killed and its last statement still runs; a lock on a second connection would be free by then.
Flyway's own key is taken too, so that an application that runs Flyway at its start waits for us and we for it.

Whoever waits inside `pg_advisory_lock()` holds a snapshot, and `CREATE INDEX CONCURRENTLY` of the one who has the lock
waits for it: a deadlock that leaves an INVALID index. Hence `pg_try_advisory_lock()`, again and again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairlead.errors import Busy
from fairlead.postgres.rows import flyway_lock

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

OURS = int.from_bytes(b"fairlead", "big")

_HOLDER = """
SELECT a.pid, a.usename, a.application_name, coalesce(host(a.client_addr), 'this host'), a.backend_start, a.query_start
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND (l.classid::bigint << 32 | l.objid::bigint) = ANY(%s) AND a.pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock."""

    pid: int
    text: str


def acquire(connection: Connection, schema: str, table: str, wait: float, say: Callable[[str], None]) -> None:
    """Take both locks. Busy, naming the holder, when that fails for `wait` seconds; `say` is told once who has them."""
    keys = (OURS, flyway_lock(schema, table))
    deadline = time.monotonic() + wait
    told = False
    while not _both(connection, keys):
        who = holder(connection, keys)
        if time.monotonic() >= deadline:
            where = f"{connection.info.dbname}: somebody else migrates"
            hint = "wait for it and try again; if it hangs, end it: fairlead db takeover ENV DATABASE"
            raise Busy(f"{where}: {who.text}" if who else where, hint)
        if who and not told:
            say(f"waiting for {who.text}")
            told = True
        time.sleep(min(random.uniform(0.3, 1.0), max(0.0, deadline - time.monotonic())))  # noqa: S311 — jitter


def _both(connection: Connection, keys: tuple[int, int]) -> bool:
    """All or none: a half that is held would keep others from what we do not do."""
    for place, key in enumerate(keys):
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
        if row is None or not row[0]:
            for held in keys[:place]:
                connection.execute("SELECT pg_advisory_unlock(%s)", (held,))
            return False
    return True


def holder(connection: Connection, keys: tuple[int, ...]) -> Holder | None:
    """Who holds one of the keys; None when that was let go of meanwhile."""
    row = connection.execute(_HOLDER, (list(keys),)).fetchone()
    if row is None:
        return None
    pid, user, application, host, since, query = row
    name = f'"{application}"' if application else "an application without a name"
    began = f", its last statement began {query:%H:%M:%S}" if query else ""
    return Holder(pid, f"{name}, pid {pid}, user {user}, from {host}, since {since:%Y-%m-%d %H:%M:%S}{began}")


_CALLED = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"


def end_orphans(connection: Connection, name: str, wait: float, say: Callable[[str], None]) -> None:
    """End the sessions called `name`, of tools that outlived whoever held the lock for them. The caller holds it.

    Busy when they are not gone after `wait` seconds: what they do is not done with yet.
    """
    deadline, told = time.monotonic() + wait, False
    while orphans := connection.execute(f"SELECT pid {_CALLED}".encode(), (name,)).fetchall():
        pids = ", ".join(str(pid) for (pid,) in orphans)
        if time.monotonic() >= deadline:
            what = f'{connection.info.dbname}: a "{name}" that lost its lock still works, pid {pids}'
            raise Busy(what, "wait for its end, or end it: SELECT pg_terminate_backend(PID)")
        if not told:
            say(f'ending a "{name}" that outlived whoever held the lock for it, pid {pids}')
            told = True
        connection.execute(f"SELECT pg_terminate_backend(pid) {_CALLED}".encode(), (name,))
        time.sleep(0.2)


_OLDEST = """
SELECT pid, usename, application_name, xact_start, extract(epoch FROM now() - xact_start)
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
AND backend_type = 'client backend' ORDER BY xact_start LIMIT 1
"""


def oldest_transaction(connection: Connection) -> tuple[float, str] | None:
    """Who has the transaction that is open longest, and for how many seconds; it may hold what we wait for."""
    row = connection.execute(_OLDEST).fetchone()
    if row is None:
        return None
    pid, user, application, began, age = row
    name = f' of "{application}"' if application else ""
    return float(age), f"pid {pid}{name} (user {user}) has a transaction open since {began:%H:%M:%S}"
