"""`backup verify`: read backups whole, and note what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.backups.catalogue import DAMAGED, VERIFIED, Backup, chosen
from fairlead.backups.physical.archive import Log
from fairlead.backups.physical.coverage import files, first_after, led
from fairlead.backups.physical.keeping import begins
from fairlead.backups.physical.wal import Place, Stretch, missing, shown
from fairlead.backups.sealing import WrongKey
from fairlead.operations.backups.arrangement import Arrangement, drill_identities, identities
from fairlead.operations.backups.due import READ, SCHEDULE
from fairlead.operations.backups.prune import Pruning, decided
from fairlead.system import clock

OLD = timedelta(days=90)  #: after which one that was read is read again


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one backup."""

    store: str
    id: str
    wrong: tuple[str, ...]
    decrypted: bool  #: a key fitted; without any only checksums were compared


def verify(one: Arrangement, which: str | None = None) -> tuple[Verified, ...]:
    """One of them, or all. UsageError for one that there is not; Unreachable; Busy."""
    keys = identities()
    with one.held("fairlead backup verify", 10.0):
        there = one.catalogue.look()
        wanted = (chosen(one.catalogue.all(which), which),) if which else there.backups
        bad = [] if which else [Verified(one.store.name, it.id, (it.error.message,), False) for it in there.bad]
        return (*(_noted(one, backup, keys) for backup in wanted), *bad)


def verify_routine(one: Arrangement, why: str) -> tuple[Verified, ...]:
    """What the schedule reads, each week: the newest, and what has its place for longer and was not read lately. The
    ledger keeps it. Unreachable; Busy; FairleadError for keys that cannot be used.
    """
    file = one.store.drill.key if one.store.drill else None
    keys = drill_identities(one, "") if file else identities()
    with one.held("fairlead backup verify", 0.0 if why == SCHEDULE else 10.0):
        pruning = decided(one, careful=True)
        found = [_noted(one, backup, keys) for backup in routine(pruning, clock.now())]
        found += [Verified(one.store.name, it.id, (it.error.message,), False) for it in pruning.bad]
    wrong = [text for it in found for text in it.wrong]
    ids = [it.id for it in found]
    one.note(READ, {"ids": ids, "ok": not wrong, "wrong": wrong, "decrypted": bool(keys), "why": why})
    return tuple(found)


def routine(pruning: Pruning, now: datetime) -> tuple[Backup, ...]:
    """Those: of each kind the newest whole one, what changed since last, and what has the place of a week or a month
    and was never read nor tried, or not for long.
    """
    good = [(it, one) for it, one in pruning.decisions if not it.damaged and it.moment <= now]
    newest = {(it.kind, bool(it.parent)): it for it, _ in reversed(good)}
    placed = [it for it, one in good if any(reason.startswith(("weekly", "monthly")) for reason in one.reasons)]
    old = {it.id: it for it in placed if _seen(it) is None or now - (_seen(it) or now) > OLD}
    return tuple((old | {it.id: it for it in newest.values()}).values())


def _seen(backup: Backup) -> datetime | None:
    """When it was last read, or restored for a trial."""
    times = [datetime.fromisoformat(one) for one in (backup.verified, backup.tried) if one]
    return max(times, default=None)


@dataclass(frozen=True, slots=True)
class LogVerified:
    """What was found of the log of one cluster."""

    store: str
    system: str
    segments: int
    wrong: tuple[str, ...]


def verify_log(one: Arrangement) -> tuple[LogVerified, ...]:
    """Read all of the log that is kept, and look for gaps since the copy from which on it is. WrongKey, Unreachable,
    Busy."""
    if one.said.physical is None:
        return ()
    keys = identities()
    with one.held("fairlead backup verify", 10.0):
        bases = files(one.catalogue.all())
        return tuple(log_verified(one, bases, log, keys) for log in one.logs(keys, here=False).values())


def log_verified(one: Arrangement, bases: list[Backup], log: Log, keys: tuple[object, ...]) -> LogVerified:
    """What is wrong with one, for these copies of the data files."""
    wrong = one.archive.wrong(log, keys) if keys else []
    mine = [it for it in bases if it.system == log.system]
    since = begins(mine, one.said.keep.point_in_time or 0.0, clock.now()) if mine else None
    names = {shown(gap): None for gap in _gaps(log, first_after(since))} if since else {}
    wrong += [f"{name} is missing: no moment after it can be had from a copy before it" for name in names]
    return LogVerified(one.store.name, log.system, len(log.segments), tuple(wrong))


def _gaps(log: Log, first: Place) -> Iterator[Stretch]:
    """Up to the end of each timeline."""
    for timeline in sorted({at for at, _ in log.segments} | set(log.reached)):
        yield from missing(log.segments.keys(), led(log, first, timeline) or ())


def _noted(one: Arrangement, backup: Backup, keys: tuple[object, ...]) -> Verified:
    try:
        wrong = tuple(one.files(backup).wrong(backup, keys))
    except WrongKey as error:  # nothing is noted: what prune believes is of backups, not of keys
        return Verified(one.store.name, backup.id, (error.message,), decrypted=False)
    if wrong or keys:  # what was never decrypted proves nothing of its key
        one.catalogue.mark(backup.id, DAMAGED if wrong else VERIFIED, clock.stamp())
        one.note("backup.verified", {"id": backup.id, "ok": not wrong, "wrong": list(wrong)})
    return Verified(one.store.name, backup.id, wrong, bool(keys))
