"""Restore points of a store whose log is kept: worth something only once the log that has them was carried away."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.backups.logical import server_facts
from fairlead.backups.physical import points
from fairlead.backups.physical.points import Point
from fairlead.backups.physical.spool import Bound
from fairlead.backups.physical.wal import number, place_of, position
from fairlead.errors import Refused, UsageError
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.streams import TOLD
from fairlead.project.access import archives, runs
from fairlead.project.problem import did_you_mean
from fairlead.project.stack import Store
from fairlead.supervisor.survivors import last_started
from fairlead.system.processes import tell

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

PATIENCE = 60.0  #: seconds for the log to be carried away
LOOK = 0.1  #: seconds between two looks
AGAIN = 2.0  #: seconds until whoever receives it is told once more
TRIES = 3  #: of the server for each segment, a second apart; then it leaves it alone for a minute (pgarch.c)
DEAD = 10.0  #: seconds without one who receives it, which is started again within a second
MADE = "SELECT pg_create_restore_point(%s)::text, clock_timestamp()"
WHERE = "SELECT left(pg_walfile_name(%s), 8)"
TAKEN = "SELECT last_archived_wal, failed_count FROM pg_stat_archiver"


def kept(store: Store) -> bool:
    """Whether its log is."""
    return bool(runs(store) and store.backup and store.backup.physical and store.backup.physical.wal)


def name_one(connection: Connection, label: str) -> tuple[str, Point]:
    """A new one; where it is, as the server says it too."""
    row = connection.execute(MADE, (label,)).fetchone()
    if row is None:
        raise AssertionError("it has one row")
    timeline = connection.execute(WHERE, (row[0],)).fetchone()
    system = str(server_facts(connection)["system"])
    at = int(timeline[0], 16) if timeline else 1
    return str(row[0]), Point(label, system, at, position(str(row[0])), row[1].astimezone(UTC))


def carried(one: Arrangement, connection: Connection, point: Point, patience: float = PATIENCE) -> str:
    """End the segment that it is in, wait until that is where backups lie, and keep its name there; empty: it is.

    Else why not, which says that the log is not carried away just now: at once where that is known. Unreachable.
    """
    look = _taken(connection, point) if archives(one.store) else _received(one, point)
    connection.execute("SELECT pg_switch_wal()")
    end = time.monotonic() + patience
    while not (said := look()).there:
        if said.why:
            return said.why
        if time.monotonic() >= end:
            return f"was not carried away within {patience:g} s"
        time.sleep(LOOK)
    points.keep(one.archive, point)
    return ""


@dataclass(frozen=True, slots=True)
class Look:
    """Whether the log is there; else why it does not come, where that is known."""

    there: bool
    why: str = ""


def _taken(connection: Connection, point: Point) -> Callable[[], Look]:
    """By the server itself, segment by segment. One that it gives up for now holds up all behind it."""
    segment = point.timeline, number(point.lsn - 1)
    before = connection.execute(TAKEN).fetchone()

    def look() -> Look:
        row = connection.execute(TAKEN).fetchone()
        last = place_of(str(row[0] or "")[:24]) if row else None
        failed = row is not None and before is not None and row[1] >= before[1] + TRIES
        return Look(last is not None and last >= segment, "cannot be taken by pgBackRest now" if failed else "")

    return look


def _received(one: Arrangement, point: Point) -> Callable[[], Look]:
    """By a program of ours, which is told that somebody waits, and writes down how far it is."""
    folder = one.place.backups / one.store.name
    starts, physical = folder / "starts", one.said.physical
    bound = Bound(one.spool, physical.spool if physical else None)
    told, seen = 0.0, time.monotonic()

    def look() -> Look:
        nonlocal told, seen
        process = last_started(starts)
        seen = time.monotonic() if process else seen
        if time.monotonic() >= told:
            sent = process is not None and tell(process, signal.SIGUSR1)
            told = time.monotonic() + (AGAIN if sent else LOOK)
        reached = one.archive.reached(point.system, point.timeline)
        if reached is not None and reached.lsn >= point.lsn:
            return Look(True)
        return Look(False, _held_up(folder, bound, time.monotonic() - seen))

    return look


def _held_up(folder: Path, bound: Bound, dead: float) -> str:
    """Why it does not come; empty: nobody knows. `dead`: seconds since whoever receives it was seen."""
    if not (folder / TOLD).exists():
        return "is received nowhere"
    if bound.full():
        return "is received no more, as the spool is full of what cannot be carried away"
    return f"is not received: who does that is dead for {dead:.0f} s" if dead >= DEAD else ""


def points_of(one: Arrangement) -> tuple[Point, ...]:
    """Those of a store that has copies of its data files, the newest first. Unreachable."""
    return points.there(one.archive)[::-1] if one.said.physical else ()


def named(one: Arrangement, name: str) -> Point:
    """The restore point of that name. UsageError when there is none; Refused when there are two. Unreachable."""
    some = points.there(one.archive)
    found = [it for it in some if it.name == name]
    if not found:
        there = [it.name for it in some]
        hint = f"there is {', '.join(there[-3:])}; see fairlead backup list" if there else "see fairlead backup list"
        raise UsageError(f'{one.store.name} has no restore point "{name}"{did_you_mean(name, there)}', hint)
    if len(found) > 1:
        raise Refused(f"there are {len(found)} restore points {name}", f"say the time: --to '{found[-1].time}'")
    return found[0]
