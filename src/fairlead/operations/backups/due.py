"""What is due now of a store: a backup, a drill. Pure, from what the ledger says was done and when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from fairlead.ledger import Entry
from fairlead.project.stack import Store
from fairlead.project.stack_backup import Every

Task = Literal["backup", "files", "changes", "verify", "drill"]
TASKS: tuple[Task, ...] = ("backup", "files", "changes", "verify", "drill")
"""A dump, a copy of the data files, a copy of what changed of them, a look at what is kept, a drill."""
ORDER = ("postgres", "redis", "container", "s3", "volume")
"""Files last: what a database says of files is there then. They may be newer than it, never older."""
SCHEDULE = "schedule"  #: why, of what the keeper began
BUSY = "busy"  #: why, of what did not begin, as somebody else was at it
HOUR, MINUTE = 2, 7  #: when, in UTC; of what is hourly the minute alone
AGAIN = timedelta(hours=1)  #: after one that failed, or that was begun and of which nobody knows more
RED = timedelta(days=1)  #: after a drill that found something wrong
SPREAD = {"hourly": timedelta(minutes=20), "daily": timedelta(hours=1)}
BEGUN, MADE, FAILED, DRILLED = "schedule.begun", "backup.made", "backup.failed", "drill.done"
BROKEN, READ = "log.broken", "verify.done"
KINDS = (BEGUN, MADE, FAILED, READ, DRILLED, BROKEN)


def jitter(where: str, every: Every) -> timedelta:
    """How much later than the others this environment is: always the same, so that not all begin at once."""
    drawn = int.from_bytes(hashlib.sha256(where.encode()).digest()[:4], "big") / 2**32
    return drawn * SPREAD.get(every, SPREAD["daily"])


def slot(every: Every, now: datetime) -> datetime:
    """The last moment up to now at which something that often is due."""
    now = now.astimezone(UTC)
    if every == "hourly":
        return _back(now.replace(minute=MINUTE, second=0, microsecond=0), now, timedelta(hours=1))
    day = _back(now.replace(hour=HOUR, minute=0, second=0, microsecond=0), now, timedelta(days=1))
    if every == "weekly":
        return day - timedelta(days=(day.weekday() + 1) % 7)  # a Sunday
    return day.replace(day=1) if every == "monthly" else day


def _back(moment: datetime, now: datetime, step: timedelta) -> datetime:
    return moment if moment <= now else moment - step


@dataclass
class _Last:
    """When each of it was, of one store."""

    made: dict[Task, datetime] = field(default_factory=dict)
    failed: dict[Task, datetime] = field(default_factory=dict)
    first: datetime | None = None  #: when the first one was made
    begun: dict[str, datetime] = field(default_factory=dict)  #: by task, while nothing came of it
    good: datetime | None = None  #: a drill
    bad: datetime | None = None
    broken: datetime | None = None  #: the log

    def take(self, entry: Entry) -> None:
        """Entries come the oldest first."""
        when = entry.when()
        if entry.kind == BEGUN:
            self.begun |= dict.fromkeys(entry.data["tasks"], when)
            return
        if entry.kind == BROKEN:
            self.broken = when
            return
        task = _task(entry)
        self.begun.pop(task, None)
        if entry.kind == MADE:
            self.made[task] = when
            self.first = self.first or when
        elif entry.kind == FAILED or entry.data.get("why") == BUSY or entry.data.get("failed"):
            self.failed[task] = when
        elif entry.kind == READ:
            self.made[task] = when
        elif entry.data.get("ok"):
            self.good = when
        else:
            self.bad = when


def _task(entry: Entry) -> Task:
    if entry.kind in (DRILLED, READ):
        return "drill" if entry.kind == DRILLED else "verify"
    files: Task = "changes" if entry.data.get("differential") else "files"
    return files if entry.data.get("kind") == "physical" else "backup"


def _often(store: Store) -> dict[Task, Every]:
    """How often each kind of backup is made."""
    found: dict[Task, Every] = {}
    if store.backup and store.backup.logical:
        found["backup"] = store.backup.logical
    if store.backup and store.backup.physical and store.backup.physical.full:
        found["files"] = store.backup.physical.full
    if store.backup and store.backup.physical and store.backup.physical.differential:
        found["changes"] = store.backup.physical.differential
    return found


def due(store: Store, entries: Iterable[Entry], now: datetime, where: str = "") -> tuple[Task, ...]:
    """What is to be done now, in this order. A store that has no backup at all gets one at once.

    However many were missed, it is one that is due. `where`: whose environment it is, for `jitter`.
    What was noted while the clock was far ahead does not count, or there would be none until then.
    """
    last, found = _last(store.name, (one for one in entries if one.when() <= now + AGAIN)), list[Task]()
    for task, every in _often(store).items():
        fresh = _fresh(last, task, found, _slot(every, now, where))
        if not fresh and not _lately(last, task, last.failed.get(task), now):
            found.append(task)
    if store.backup and _unread(last, _slot("weekly", now, where), now):
        found.append("verify")
    if store.drill and store.backup and (last.made or found):
        begin = now - timedelta(seconds=store.drill.every)
        red = _since(last.bad, max(begin, now - RED))
        lately = _lately(last, "drill", last.failed.get("drill"), now)
        if not _since(last.good, begin) and not red and not lately:
            found.append("drill")
    return tuple(found)


def _unread(last: _Last, begin: datetime, now: datetime) -> bool:
    """Whether what was there when the week began was not looked at since."""
    there = last.first is not None and last.first < begin
    lately = _since(last.made.get("verify"), begin) or _lately(last, "verify", last.failed.get("verify"), now)
    return there and not lately


def _fresh(last: _Last, task: Task, found: list[Task], begin: datetime) -> bool:
    """Whether it was made since then. A full copy has all in it that changed; one from before a gap in the log leads
    to no moment after it."""
    if task == "changes" and ("files" in found or _since(last.made.get("files"), begin)):
        return True
    if task == "files" and last.broken:
        begin = max(begin, last.broken)
    return _since(last.made.get(task), begin)


def left(store: str, entries: Iterable[Entry]) -> tuple[Task, ...]:
    """What was begun and has no end: whoever did it was killed, when nobody is at it now."""
    begun = _last(store, entries).begun
    return tuple(task for task in TASKS if task in begun)


def _slot(every: Every, now: datetime, where: str) -> datetime:
    late = jitter(where, every)
    return slot(every, now - late) + late


def _lately(last: _Last, task: Task, failed: datetime | None, now: datetime) -> bool:
    return _since(last.begun.get(task), now - AGAIN) or _since(failed, now - AGAIN)


def _since(moment: datetime | None, begin: datetime) -> bool:
    return moment is not None and moment >= begin


def _last(store: str, entries: Iterable[Entry]) -> _Last:
    found = _Last()
    for entry in entries:
        if entry.data.get("store") == store:
            found.take(entry)
    return found
