"""The connections of a server, by role: how many, what they do, and how long they have stood like that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

_SESSIONS = """
SELECT coalesce(datname, ''), coalesce(usename, ''), count(*)::int,
count(*) FILTER (WHERE state = 'active')::int, count(*) FILTER (WHERE state = 'idle')::int,
count(*) FILTER (WHERE state LIKE 'idle in transaction%%')::int,
count(*) FILTER (WHERE wait_event_type = 'Lock')::int,
coalesce(max(extract(epoch FROM now() - query_start)) FILTER (WHERE state = 'active'), 0)::float8,
coalesce(max(extract(epoch FROM now() - state_change)) FILTER (WHERE state LIKE 'idle in transaction%%'), 0)::float8,
coalesce(max(extract(epoch FROM now() - state_change)) FILTER (WHERE state = 'idle'), 0)::float8
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() GROUP BY 1, 2 ORDER BY 1, 2
"""
_LIMITS = "SELECT rolname, rolconnlimit FROM pg_roles WHERE rolconnlimit > 0"
_MOST = "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"


@dataclass(frozen=True, slots=True)
class Sessions:
    """Those of one role in one database. Times are seconds: of the one that has stood so for longest."""

    database: str
    role: str
    total: int
    active: int
    idle: int
    in_transaction: int  #: idle, with a transaction open
    waiting: int  #: for a lock
    longest: float  #: a statement
    held: float  #: idle with a transaction open
    unused: float  #: idle
    limit: int | None = None  #: of the role, in all databases


def sessions(connection: Connection) -> tuple[Sessions, ...]:
    """Of all. Who may not see what others do sees only how many. An error of the driver."""
    limits = {str(role): int(most) for role, most in connection.execute(_LIMITS).fetchall()}
    rows = connection.execute(_SESSIONS.replace("%%", "%").encode()).fetchall()
    return tuple(replace(Sessions(*row), limit=limits.get(str(row[1]))) for row in rows)


def most(connection: Connection) -> int:
    """How many connections the server has for all but a superuser."""
    row = connection.execute(_MOST).fetchone()
    return int(row[0]) if row else 0
