"""`backup pin`: what a person wants kept is removed by no policy, until he says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.backups.catalogue import Backup
from fairlead.errors import UsageError
from fairlead.operations.backups.arrangement import BY_HAND, Arrangement
from fairlead.project.problem import did_you_mean
from fairlead.system import clock

Found = tuple[tuple[Arrangement, Backup], ...]


def pin(some: Sequence[Arrangement], said: str, reason: str) -> Found:
    """Those of that id, or of that recovery set. UsageError when there are none; Refused, Unreachable, Busy."""
    found = _meant(some, said)
    for one, backup in found:
        with one.held("fairlead backup pin", 10.0):
            one.claim.require()
            one.catalogue.pin(backup.id, clock.stamp(), reason or BY_HAND)
            one.note("backup.pinned", {"id": backup.id, "reason": reason or BY_HAND})
    return found


def unpin(some: Sequence[Arrangement], said: str) -> Found:
    """The same back. Nothing goes by that: the next `prune` decides."""
    found = _meant(some, said)
    for one, backup in found:
        with one.held("fairlead backup unpin", 10.0):
            one.claim.require()
            one.catalogue.unpin(backup.id)
            one.note("backup.unpinned", {"id": backup.id})
    return found


def _meant(some: Sequence[Arrangement], said: str) -> Found:
    there = [(one, backup) for one in some for backup in one.catalogue.look().backups]
    found = tuple((one, backup) for one, backup in there if said in (backup.id, backup.set))
    if not found:
        advice = did_you_mean(said, [backup.id for _, backup in there])
        raise UsageError(f'there is no backup "{said}"{advice}', "see fairlead backup list")
    return found
