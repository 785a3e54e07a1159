"""Which segments of the log are still needed, and why. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.backups.catalogue import Backup
from fairlead.backups.physical.archive import Log, Segment
from fairlead.backups.physical.coverage import Logs, first_after
from fairlead.backups.physical.wal import number as number_of
from fairlead.backups.physical.wal import position


@dataclass(frozen=True, slots=True)
class Keeping:
    """What becomes of the log of one cluster."""

    system: str
    kept: int  #: segments
    leaving: tuple[Segment, ...]
    reason: str


def keeping(bases: Sequence[Backup], logs: Logs, point_in_time: float, now: datetime) -> tuple[Keeping, ...]:
    """Of each cluster. `bases`: the copies of the data files that stay, the damaged ones left out.

    From the copy on that the window of `point_in_time` seconds begins with, else from the newest one on. An older copy
    has in it what it needs to be restored to its end. Without any copy nothing is of use, and nothing is removed: the
    first one may be made right now.
    """
    return tuple(_one(log, [one for one in bases if one.system == log.system], bases, point_in_time, now)
                 for log in logs.values())  # fmt: skip


def _one(log: Log, mine: Sequence[Backup], bases: Sequence[Backup], window: float, now: datetime) -> Keeping:
    if not bases:
        return Keeping(log.system, len(log.segments), (), "there is no copy of the data files yet")
    newest = max(bases, key=lambda one: one.moment)
    if not mine:
        if any(reached.time > newest.moment for reached in log.reached.values()):
            return Keeping(log.system, len(log.segments), (), "it is newer than every copy")
        return Keeping(log.system, 0, tuple(log.segments.values()), "its server and every copy of it are gone")
    base = begins(mine, window, now)
    begin = first_after(base)[1]
    own = {number for it in mine for number in _own(it)}
    leaving = tuple(one for (_, number), one in log.segments.items() if number < begin and number not in own)
    why = f"every second since {base.id}" + ("" if window else ", the newest copy")
    return Keeping(log.system, len(log.segments) - len(leaving), leaving, why)


def _own(base: Backup) -> range:
    """The segments without which a copy of pgBackRest's is not whole, which it keeps as long as the copy."""
    if base.engine != "pgbackrest":
        return range(0)
    return range(number_of(position(base.start_lsn)), first_after(base)[1])


def begins(mine: Sequence[Backup], window: float, now: datetime) -> Backup:
    """The copy from which on all of the log is kept: what the window begins with; of pgBackRest, which counts by full
    copies what of the log it keeps, what that depends on."""
    base = _first(mine, window, now)
    return next((one for one in mine if one.id == base.parent and one.engine == "pgbackrest"), base)


def _first(mine: Sequence[Backup], window: float, now: datetime) -> Backup:
    ordered = sorted(mine, key=lambda one: one.moment)
    if not window:
        return ordered[-1]
    before = [one for one in ordered if one.moment <= now - timedelta(seconds=window)]
    return before[-1] if before else ordered[0]
