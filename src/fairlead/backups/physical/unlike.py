"""What a recovered copy has in it that is not as it was, though every byte is: PostgreSQL says nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fairlead.backups.server import Server

COLLATIONS = """
SELECT format('collation %I.%I', n.nspname, c.collname), c.collversion, pg_collation_actual_version(c.oid)
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collversion IS DISTINCT FROM pg_collation_actual_version(c.oid) AND c.collversion IS NOT NULL
"""
DATABASE = """
SELECT 'its own collation', datcollversion, pg_database_collation_actual_version(oid) FROM pg_database
WHERE datname = current_database() AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)
AND datcollversion IS NOT NULL
"""
WITH_OWN = 150000  #: the version since which a database knows that of its own collation
UNLOGGED = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'u' ORDER BY 1
"""
PREPARED = "SELECT gid, database FROM pg_prepared_xacts ORDER BY prepared, gid"


def unsorted(server: Server, databases: Iterable[str]) -> Iterator[str]:
    """Collations that sort in another way here than where the indexes were built: libc or ICU is of another version."""
    for database in databases:
        with server.session(database) as connection:
            own = DATABASE if connection.info.server_version >= WITH_OWN else ""
            rows = [row for query in (own, COLLATIONS) if query for row in connection.execute(query).fetchall()]
        for name, was, now in rows:
            yield f"{database}: {name} is {now} here and was {was} where its indexes were built: REINDEX, or they lie"


def left_out(server: Server, databases: Iterable[str]) -> Iterator[str]:
    """What does not come back: rows of unlogged tables, which no log has, and transactions that were prepared."""
    for database in databases:
        with server.session(database) as connection:
            names = [str(row[0]) for row in connection.execute(UNLOGGED).fetchall()]
        if names:
            yield f"{database}: unlogged, so empty: {', '.join(names)}"
    with server.session(server.home) as connection:
        for gid, database in connection.execute(PREPARED).fetchall():
            yield f"{database}: prepared and neither committed nor rolled back, so not in it: {gid}"
