"""A dump and a migration keep out of each other's way: what a migration does CONCURRENTLY waits for the end of every
dump, however long that takes. So who migrates waits for a dump that is under way, and a dump for who migrates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fairlead.backups.server import Server
from fairlead.postgres.lock import OURS
from fairlead.system.clock import wait_until

PATIENCE = 600.0  #: seconds; a migration may take longer than a night has, and a backup is made all the same
BUSY = """
SELECT DISTINCT d.datname::text FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND (l.classid::bigint << 32 | l.objid::bigint) = %s
AND d.datname = ANY (%s) ORDER BY 1
"""


def await_migrations(
    server: Server, databases: Sequence[str], say: Callable[[str], object], patience: float = PATIENCE
) -> None:
    """Until nobody migrates any of these; after so many seconds it is said, and no more is waited."""
    with server.session(server.home) as connection:

        def busy() -> list[str]:
            rows = connection.execute(BUSY, [OURS, list(databases)]).fetchall()
            return [str(row[0]) for row in rows]

        if not (found := busy()):
            return
        say(f"waiting for the migration of {', '.join(found)}")
        if not wait_until(lambda: not busy(), patience, 0.2, 1.0):
            say(f"it still runs after {patience:g} s; what it does CONCURRENTLY waits for the end of this backup")
