"""`backup verify`: read backups whole, and note what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.backups.catalogue import DAMAGED, VERIFIED, Backup, chosen
from fairlead.backups.physical.archive import Log
from fairlead.backups.physical.coverage import first_after, led
from fairlead.backups.physical.keeping import begins
from fairlead.backups.physical.wal import Place, Stretch, missing, shown
from fairlead.backups.sealing import WrongKey
from fairlead.operations.backups.arrangement import Arrangement, identities
from fairlead.system import clock


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one backup."""

    backup: Backup
    wrong: tuple[str, ...]
    decrypted: bool  #: a key fitted; without any only checksums were compared


def verify(one: Arrangement, which: str | None = None) -> tuple[Verified, ...]:
    """One of them, or all. UsageError for one that there is not; Unreachable; Busy."""
    keys = identities()
    with one.held("fairlead backup verify", 10.0):
        there = one.catalogue.all()
        wanted = (chosen(there, which),) if which else there
        return tuple(_noted(one, backup, keys) for backup in wanted)


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
        bases = [it for it in one.catalogue.all() if it.kind == "physical" and not it.damaged]
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
        return Verified(backup, (error.message,), decrypted=False)
    if wrong or keys:  # what was never decrypted proves nothing of its key
        one.catalogue.mark(backup.id, DAMAGED if wrong else VERIFIED, clock.stamp())
        one.note("backup.verified", {"id": backup.id, "ok": not wrong, "wrong": list(wrong)})
    return Verified(backup, wrong, bool(keys))
