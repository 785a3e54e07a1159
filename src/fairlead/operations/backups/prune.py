"""`backup prune`: remove backups that no tier wants, with a reason for each that stays and each that goes."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from fairlead.backups.catalogue import Backup
from fairlead.backups.physical import points
from fairlead.backups.physical.keeping import Keeping, keeping
from fairlead.backups.retention import Copy, Decision, Policy, decide
from fairlead.ledger import Ledger
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.project.stack import Store
from fairlead.project.stack_backup import Keep
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


KEEP = "backup.keep"


def policy_of(store: Store) -> Policy:
    """What is declared."""
    keep = store.backup.keep if store.backup else Keep()
    return Policy(keep.daily, keep.weekly, keep.monthly, keep.point_in_time or 0.0)


def agreed(ledger: Ledger, store: str) -> Policy | None:
    """What it was pruned by last; None: never."""
    last = [entry for entry in ledger.entries(kinds=[KEEP]) if entry.data["store"] == store][-1:]
    return Policy(**last[0].data["keep"]) if last else None


def decided(one: Arrangement, careful: bool = False) -> Pruning:
    """What would happen now; nothing is touched. `careful`: what was kept up to now stays, also where `keep` is smaller
    since: only a person lets that go.
    """
    there = {backup.id: backup for backup in one.catalogue.all()}
    policy = policy_of(one.store)
    if careful and (before := _agreed(one)):
        policy = policy.larger(before)
    found = decide(map(_copy, there.values()), policy, clock.now())
    decisions = tuple((there[decision.id], decision) for decision in found)
    whole = {it.id for it, decision in decisions if decision.keep and not it.damaged}
    bases = [it for it, _ in decisions if it.kind == "physical" and {it.id, it.parent or it.id} <= whole]
    logs = keeping(bases, one.logs(here=False), policy.point_in_time, clock.now()) if one.said.physical else ()
    return Pruning(one.store.name, decisions, logs)


def _copy(backup: Backup) -> Copy:
    good = not backup.damaged
    tried = bool(backup.tried)
    return Copy(backup.id, backup.moment, backup.kind, bool(backup.verified), tried, good, backup.parent)


def _agreed(one: Arrangement) -> Policy | None:
    if not one.place.ledger.exists():
        return None
    with Ledger.read(one.place.ledger) as ledger:
        return agreed(ledger, one.store.name)


def _agree(one: Arrangement, careful: bool) -> None:
    """Write down by what it is pruned from now on, where that is another. A smaller one counts when a person did it."""
    policy, before = policy_of(one.store), _agreed(one)
    if policy != before and not (careful and before and policy.smaller(before)):
        one.note(KEEP, {"keep": asdict(policy)})


def prune(one: Arrangement, wait: float = 10.0, careful: bool = False) -> Pruning:
    """Do it, and remove what backups that were never finished left. `careful`: see `decided`. Busy, Unreachable;
    Refused where another machine makes them.
    """
    with one.held("fairlead backup prune", wait):
        one.claim.require()
        _agree(one, careful)
        pruning = decided(one, careful)
        for backup in pruning.leaving:  # the newest first: what depends on another goes before it
            one.files(backup).remove(backup)
        left = [backup for backup, decision in pruning.decisions if decision.keep]
        logs = one.logs(here=False) if pruning.logs else {}
        for engine in one.file_engines():
            engine.tidy(left)
            for log in pruning.logs:
                engine.trim(log, logs[log.system])
        if pruning.logs:
            points.forget(one.archive, [it for it in left if it.kind == "physical"])
        if pruning.leaving:
            gone = [{"id": backup.id, "bytes": backup.stored} for backup in pruning.leaving]
            one.note("backup.pruned", {"gone": gone})
        return pruning
