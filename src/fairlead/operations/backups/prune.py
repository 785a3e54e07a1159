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
    whole = {it.id for it, decision in decisions if decision.keep and not it.damaged}
    bases = [it for it, _ in decisions if it.kind == "physical" and {it.id, it.parent or it.id} <= whole]
    logs = keeping(bases, one.logs(here=False), keep.point_in_time or 0.0, clock.now()) if one.said.physical else ()
    return Pruning(one.store.name, decisions, logs)


def _copy(backup: Backup) -> Copy:
    good = not backup.damaged
    return Copy(backup.id, backup.moment, backup.kind, bool(backup.verified), good, backup.parent)


def prune(one: Arrangement, wait: float = 10.0) -> Pruning:
    """Do it, and remove what backups that were never finished left. Busy, Unreachable."""
    with one.held("fairlead backup prune", wait):
        pruning = decided(one)
        for backup in pruning.leaving:  # the newest first: what depends on another goes before it
            one.files(backup).remove(backup)
        left = [backup for backup, decision in pruning.decisions if decision.keep]
        logs = one.logs(here=False) if pruning.logs else {}
        for engine in one.file_engines():
            engine.tidy(left)
            for log in pruning.logs:
                engine.trim(log, logs[log.system])
        if pruning.leaving:
            gone = [{"id": backup.id, "bytes": backup.stored} for backup in pruning.leaving]
            one.note("backup.pruned", {"gone": gone})
        return pruning
