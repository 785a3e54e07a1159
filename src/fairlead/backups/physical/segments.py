"""How large the segments of a server's log are: all that is known of positions here is of the usual ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.backups.physical.wal import SIZE
from fairlead.backups.server import one
from fairlead.errors import Refused

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

ASKED = "SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'"


def require_usual(connection: Connection) -> None:
    """Refused where `initdb --wal-segsize` made them otherwise: names of theirs are those of other positions."""
    size = int(one(connection, ASKED))
    if size != SIZE:
        what = f"the log of this server is in segments of {size >> 20} MB, and only those of {SIZE >> 20} MB are kept"
        raise Refused(what, "leave out `physical` and use logical; or dump it into a server that initdb made as usual")
