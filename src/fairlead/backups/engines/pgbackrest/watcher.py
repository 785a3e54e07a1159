"""Looks at how far the server's log was taken: a small program for each store, which lives as long as it.

The server itself has pgBackRest take each segment (`archive_command`); when nobody writes, it ends one every minute.
Every 10 s a heartbeat is written to the server; when the segment that it is in was taken, it is written down how far
the log goes in time. What could not be taken stays with the server, and is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from fairlead.backups.logical import server_facts
from fairlead.backups.physical import heart
from fairlead.backups.physical.archive import Archive, Reached
from fairlead.backups.physical.wal import SIZE, Place, number, place_of, position
from fairlead.backups.server import Server
from fairlead.errors import FairleadError

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

LOOK, AGAIN = 0.5, 0.5  #: seconds between two looks; until a server that went away is tried again
STATE = (
    "SELECT last_archived_wal, last_failed_wal, failed_count, coalesce(last_failed_time > last_archived_time, "
    "last_failed_time IS NOT NULL) FROM pg_stat_archiver"
)


@dataclass
class Watcher:
    """Of one server. `ended` is asked all the time whether it is to end, `hurry` whether somebody waits."""

    server: Callable[[], AbstractContextManager[Server]]
    archive: Archive
    ended: Callable[[], bool]
    say: Callable[[str], object]
    hurry: Callable[[], bool] = lambda: False
    beats: list[tuple[datetime, Place]] = field(default_factory=list)  #: that are not known to be taken
    _beat_at: float = 0.0
    _failed: int = 0
    _noted: tuple[datetime, Place] | None = None

    def run(self) -> None:
        """Until it is to end. Whatever fails is said, and tried again."""
        said = ""
        while not self.ended():
            try:
                self._watch()
                said = ""
            except (FairleadError, OSError) as error:
                if str(error) != said:  # once for each reason
                    said = str(error)
                    self.say(said)
            time.sleep(AGAIN)

    def _watch(self) -> None:
        with self.server() as server, server.session(server.home) as connection:
            connection.execute(heart.MAKE)
            system = str(server_facts(connection)["system"])
            self.beats, self._beat_at = [], 0.0
            while not self.ended():
                self.look(connection, system)
                time.sleep(LOOK)

    def look(self, connection: Connection, system: str) -> None:
        """One look: a heartbeat when one is due, and how far the log was taken."""
        if self.hurry():
            self._beat(connection)
            connection.execute("SELECT pg_switch_wal()")
        elif time.monotonic() >= self._beat_at:
            self._beat(connection)
        row = connection.execute(STATE).fetchone()
        if row is None:
            raise AssertionError("it has one row")
        if row[3] and row[2] != self._failed:
            self._failed = row[2]
            self.say(f"pgBackRest did not take {row[1]}; it stays with the server, and is tried again")
        if last := taken(str(row[0] or "")):
            self._note(system, last)

    def _beat(self, connection: Connection) -> None:
        moment = heart.beat(connection)
        row = connection.execute(
            "SELECT pg_current_wal_insert_lsn()::text, left(pg_walfile_name(pg_current_wal_lsn()), 8)"
        ).fetchone()
        if row is None:
            raise AssertionError("it has one row")
        self.beats.append((moment, (int(row[1], 16), number(position(row[0]) - 1))))
        self._beat_at = time.monotonic() + heart.EVERY

    def _note(self, system: str, taken: Place) -> None:
        """Segments are taken in their order."""
        inside = [one for one in self.beats if one[1] <= taken]
        if not inside or self._noted == inside[-1]:
            return
        moment, (timeline, at) = inside[-1]
        before = self.archive.reached(system, timeline)
        lsn = at * SIZE + 1
        began = before.began if before else inside[0][0]
        self.archive.keep_reached(system, timeline, Reached(moment, lsn, began))
        self.archive.keep_beat(system, (timeline, at), int(moment.timestamp() * 1000))
        self._noted = inside[-1]
        self.beats = [one for one in self.beats if one[1] > taken]


def taken(name: str) -> Place | None:
    """The segment that a file of the log is, or says something of. The beginning of one, which a promotion leaves, is
    none: the next timeline has it whole."""
    return None if name.endswith(".partial") else place_of(name[:24])
