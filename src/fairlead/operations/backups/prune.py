"""`backup prune`: remove backups that no tier wants, with a reason for each that stays and each that goes."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.backups.catalogue import Backup
from fairlead.backups.physical.keeping import Keeping, keeping
from fairlead.backups.retention import Copy, Decision, Policy, decide
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.system import clock


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is decided of one store's backups, the newest first."""

    store: str
    decisions: tuple[tuple[Backup, Decision], ...]
    logs: tuple[Keeping, ...] = ()

    @property
    def leaving(self) -> tuple[Backup, ...]:
        """Those that go."""
        return tuple(backup for backup, decision in self.decisions if not decision.keep)


def decided(one: Arrangement) -> Pruning:
    """What would happen now; nothing is touched."""
    there = {backup.id: backup for backup in one.catalogue.all()}
    keep = one.said.keep
    policy = Policy(keep.daily, keep.weekly, keep.monthly, keep.point_in_time or 0.0)
    found = decide(map(_copy, there.values()), policy, clock.now())
    decisions = tuple((there[decision.id], decision) for decision in found)
    bases = [it for it, decision in decisions if decision.keep and it.kind == "physical" and not it.damaged]
    logs = keeping(bases, one.logs(here=False), keep.point_in_time or 0.0, clock.now()) if one.said.physical else ()
    return Pruning(one.store.name, decisions, logs)


def _copy(backup: Backup) -> Copy:
    return Copy(backup.id, backup.moment, backup.kind, bool(backup.verified), not backup.damaged)


def prune(one: Arrangement, wait: float = 10.0) -> Pruning:
    """Do it, and remove what backups that were never finished left. Busy, Unreachable."""
    with one.held("fairlead backup prune", wait):
        pruning = decided(one)
        for id in (*(backup.id for backup in pruning.leaving), *one.catalogue.unfinished(_newest(pruning))):
            one.catalogue.remove(id)
        for log in pruning.logs:
            one.archive.remove(log.leaving)
        if pruning.leaving:
            gone = [{"id": backup.id, "bytes": backup.stored} for backup in pruning.leaving]
            one.note("backup.pruned", {"gone": gone})
        return pruning


def _newest(pruning: Pruning) -> str:
    return max((backup.id for backup, _ in pruning.decisions), default="")
