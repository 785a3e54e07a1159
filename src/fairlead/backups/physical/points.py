"""Restore points: moments in the log that have a name, as they are kept beside it.

PROJECT/ENVIRONMENT/STORE/wal/SYSTEM/TIMELINE/LSN-TIME-NAME.point is one, an empty object: so it is known on another
machine too, where no ledger is. LSN is where the log is right after it, TIME milliseconds since 1970.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fairlead.backups.catalogue import Backup
from fairlead.backups.destinations.base import put
from fairlead.backups.physical.archive import Archive
from fairlead.backups.physical.wal import position

NAME = re.compile(r"([0-9A-F]{16})-(\d{13})-(.+)\.point")
ENDING = ".point"


@dataclass(frozen=True, slots=True)
class Point:
    """One of a cluster."""

    name: str
    system: str
    timeline: int
    lsn: int
    time: datetime

    def __str__(self) -> str:
        return f"{self.name}, {self.time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

    @property
    def file(self) -> str:
        """What it is called where it is kept."""
        return f"{self.lsn:016X}-{round(self.time.timestamp() * 1000):013d}-{self.name}{ENDING}"


def keep(archive: Archive, point: Point) -> None:
    """Unreachable."""
    put(archive.where, archive.path(point.system, point.timeline, point.file), b"")


def there(archive: Archive) -> tuple[Point, ...]:
    """All that are kept, of every cluster, the oldest first. Unreachable."""
    found = [_point(item.name) for item in archive.where.items(archive.prefix) if item.name.endswith(ENDING)]
    return tuple(sorted((one for one in found if one), key=lambda one: one.time))


def _point(object: str) -> Point | None:
    _, system, timeline, name = object.rsplit("/", 3)
    said = NAME.fullmatch(name)
    if said is None:
        return None
    return Point(said[3], system, int(timeline, 16), int(said[1], 16), datetime.fromtimestamp(int(said[2]) / 1000, UTC))


def of_use(point: Point, bases: Iterable[Backup]) -> bool:
    """Whether one of these copies of the data files comes before it."""
    return any(one.system == point.system and position(one.stop_lsn) <= point.lsn for one in bases)


def forget(archive: Archive, bases: Sequence[Backup]) -> None:
    """Those to which no copy leads any more go."""
    for one in there(archive):
        if not of_use(one, bases):
            archive.where.delete(archive.path(one.system, one.timeline, one.file))
