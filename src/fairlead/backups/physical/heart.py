"""The heartbeat: a row that is written every 10 s, by which one knows how far the log goes in time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fairlead.backups.server import one

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

EVERY = 10.0  #: seconds
MAKE = (
    "CREATE SCHEMA IF NOT EXISTS fairlead; CREATE TABLE IF NOT EXISTS fairlead.heartbeat "
    "(one boolean PRIMARY KEY DEFAULT true CHECK (one), beat timestamptz NOT NULL)"
)
WRITE = (
    "INSERT INTO fairlead.heartbeat (beat) VALUES (clock_timestamp()) "
    "ON CONFLICT (one) DO UPDATE SET beat = excluded.beat RETURNING beat"
)


def beat(connection: Connection) -> datetime:
    """Write one; when it was."""
    moment: datetime = one(connection, WRITE)
    return moment.astimezone(UTC)


def last_beat(connection: Connection) -> datetime | None:
    """The last that a server has; None: none was ever written."""
    if one(connection, "SELECT to_regclass('fairlead.heartbeat')") is None:
        return None
    moment: datetime | None = one(connection, "SELECT beat FROM fairlead.heartbeat")
    return moment.astimezone(UTC) if moment else None
