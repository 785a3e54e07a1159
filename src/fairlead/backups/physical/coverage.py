"""What can be had: which copy of the data files, and which stretch of the log, lead to a moment. Pure.

All of it is known before anything is restored. PostgreSQL itself says nothing, or says it at the end: a moment before
the end of the copy is taken for its end, a gap in the log for the end of the log, and of two timelines it takes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fairlead.backups.catalogue import Backup, usable
from fairlead.backups.physical.archive import Log
from fairlead.backups.physical.points import Point, of_use
from fairlead.backups.physical.wal import Place, Stretch, missing, number, position, shown, way
from fairlead.errors import Refused

Logs = Mapping[str, Log]
"""By the number of the cluster."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A copy, and up to where the log is read. Without a target to the end of what there is."""

    base: Backup
    timeline: int
    needed: tuple[Stretch, ...] = ()  #: empty: the copy to its own end
    target: datetime | None = None
    point: Point | None = None  #: in the place of a moment

    @property
    def alone(self) -> bool:
        """Nothing of the log is to be had after it, or wanted."""
        return not self.needed and self.target is None and self.point is None

    @property
    def last(self) -> int | None:
        """The segment up to which it is read; None: none beyond the copy's own."""
        return self.needed[-1].last if self.needed else None


@dataclass(frozen=True, slots=True)
class Window:
    """Between these every second can be had, from this copy on."""

    base: str
    begin: datetime
    end: datetime
    gap: str = ""  #: why it ends there


def first_after(base: Backup) -> Place:
    """The first segment that is not in the copy itself."""
    return base.timeline, number(position(base.stop_lsn) - 1) + 1


def aim(backups: Sequence[Backup], logs: Logs, target: datetime | None, said: Backup | None = None) -> Aim:
    """How to come to `target`, or to the end of the log; `said`: from this copy. Refused when there is no way."""
    copies = _copies(backups, said)
    if not copies:
        raise Refused("there is no copy of the data files yet", "make one: fairlead backup now ENV --physical")
    if target is None:
        return _to_the_end(max(copies, key=lambda one: one.moment), logs)
    before = [one for one in copies if one.moment < target]
    if not before:
        first = min(one.moment for one in copies)
        what = f"{_time(target)} is before the end of {'that' if said else 'the first'} copy, at {_time(first)}"
        raise Refused(what, "no moment before it can be had from it; see fairlead backup list")
    return _to(max(before, key=lambda one: one.moment), logs, target)


def aim_at(backups: Sequence[Backup], logs: Logs, point: Point, said: Backup | None = None) -> Aim:
    """How to come to a restore point; `said`: from this copy. Refused when there is no way."""
    before = [one for one in _copies(backups, said) if of_use(point, [one])]
    if not before:
        what = f"no good copy of the data files comes before restore point {point.name}"
        raise Refused(what, "see fairlead backup list for what can be had")
    base, log = max(before, key=lambda one: one.moment), logs.get(point.system, Log(point.system))
    needed = _way(base, log, point.timeline, number(point.lsn - 1))
    _require_whole(base, log, needed)
    return Aim(base, point.timeline, needed, point=point)


def files(backups: Sequence[Backup]) -> list[Backup]:
    """The copies of data files that can be used."""
    return [one for one in usable(backups) if one.kind == "physical"]


def _copies(backups: Sequence[Backup], said: Backup | None) -> list[Backup]:
    return files(backups) if said is None else [said]


def _to(base: Backup, logs: Logs, target: datetime) -> Aim:
    log = logs.get(base.system, Log(base.system))
    timeline = _timeline_at(base, log, target)
    reached = log.reached.get(timeline)
    if reached is None or reached.time < target:
        end = f"ends at {_time(reached.time)}" if reached else "was never kept"
        hint = "without --to you get all of it; what was written since may not have been carried away yet"
        raise Refused(f"the log after the copy {base.id} {end}, and {_time(target)} is after that", hint)
    needed = _way(base, log, timeline, _segment_of(log, timeline, target, number(reached.lsn)))
    _require_whole(base, log, needed)
    return Aim(base, timeline, needed, target)


def _to_the_end(base: Backup, logs: Logs) -> Aim:
    log = logs.get(base.system, Log(base.system))
    timeline = max((at for at, _ in log.segments if _leads(base, log, at)), default=base.timeline)
    last = log.end(timeline)
    if last is None or last < first_after(base)[1]:
        return Aim(base, base.timeline)
    needed = _way(base, log, timeline, last)
    _require_whole(base, log, needed)
    return Aim(base, timeline, needed)


def _timeline_at(base: Backup, log: Log, target: datetime) -> int:
    """The newest that comes from the copy and had begun by then: the one that PostgreSQL takes by itself may be one
    that a restore made since."""
    begun = [at for at, one in log.reached.items() if one.began <= target and _leads(base, log, at)]
    return max(begun, default=base.timeline)


def _leads(base: Backup, log: Log, timeline: int) -> bool:
    return led(log, first_after(base), timeline) is not None


def _segment_of(log: Log, timeline: int, target: datetime, last: int) -> int:
    """The first in which a heartbeat after the target is; what comes after it is not needed."""
    wanted = target.timestamp() * 1000
    found = [at for (of, at), one in log.segments.items() if of == timeline and one.whole and one.beat >= wanted]
    return min(min(found, default=last), last)


def _way(base: Backup, log: Log, timeline: int, last: int) -> tuple[Stretch, ...]:
    found = way(first_after(base), log.left.get(timeline, ()), (timeline, last))
    if found is None:
        raise Refused(f"timeline {timeline} does not come from the copy {base.id}", "choose another moment")
    return tuple(one for one in found if one.first <= one.last)


def _require_whole(base: Backup, log: Log, needed: Sequence[Stretch]) -> None:
    if gaps := missing(log.segments.keys(), needed):
        what = f"the log after the copy {base.id} is broken: {', '.join(map(shown, gaps[:3]))} is missing"
        end = window(base, log)
        until = f"from that copy you can have every second until {_time(end.end)}" if end else "that copy has its end"
        raise Refused(what, f"{until}; a newer copy may do: fairlead backup list")
    if twice := [one for one in log.twice if any(one in stretch.places() for stretch in needed)]:
        name = shown(Stretch(twice[0][0], twice[0][1], twice[0][1]))
        raise Refused(f"there are two different {name}: two servers wrote to one place", "choose an earlier moment")


def led(log: Log, first: Place, timeline: int) -> tuple[Stretch, ...] | None:
    """What leads from a segment to the end of a timeline; None when that does not come from it."""
    return way(first, log.left.get(timeline, ()), (timeline, log.end(timeline) or 0))


def window(base: Backup, log: Log) -> Window | None:
    """What can be had from a copy on its own timeline; None when nothing after its end can."""
    reached = log.reached.get(base.timeline)
    first = first_after(base)[1]
    if reached is None or reached.time <= base.moment:
        return None
    gaps = missing(log.segments.keys(), (Stretch(base.timeline, first, number(reached.lsn - 1)),))
    if not gaps:
        return Window(base.id, base.moment, reached.time)
    beats = [one.beat for (of, at), one in log.segments.items() if of == base.timeline and at < gaps[0].first]
    end = datetime.fromtimestamp(max(beats, default=0) / 1000, UTC)
    return Window(base.id, base.moment, max(end, base.moment), f"{shown(gaps[0])} is missing")


def joined(windows: Sequence[Window]) -> tuple[Window, ...]:
    """Those that overlap are one. The oldest first, as they are given."""
    found: list[Window] = []
    for one in windows:
        last = found[-1] if found else None
        if last and one.begin <= last.end:
            later = one if one.end >= last.end else last
            found[-1] = Window(last.base, last.begin, later.end, later.gap)
        else:
            found.append(one)
    return tuple(found)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"
