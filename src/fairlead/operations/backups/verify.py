"""`backup verify`: read backups whole, and note what is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.backups.catalogue import DAMAGED, VERIFIED, Backup, chosen
from fairlead.backups.sealing import WrongKey
from fairlead.backups.verifying import verify as look
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


def _noted(one: Arrangement, backup: Backup, keys: tuple[object, ...]) -> Verified:
    try:
        wrong = tuple(look(one.catalogue, backup, keys))
    except WrongKey as error:  # nothing is noted: what prune believes is of backups, not of keys
        return Verified(backup, (error.message,), decrypted=False)
    if wrong or keys:  # what was never decrypted proves nothing of its key
        one.catalogue.mark(backup.id, DAMAGED if wrong else VERIFIED, clock.stamp())
        one.note("backup.verified", {"id": backup.id, "ok": not wrong, "wrong": list(wrong)})
    return Verified(backup, wrong, bool(keys))
