"""`backup prune`: remove backups that no tier wants, with a reason for each that stays and each that goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from fairlead.backups.catalogue import Backup, BadEntry, There
from fairlead.backups.destinations.base import Denied
from fairlead.backups.physical import points
from fairlead.backups.physical.keeping import Keeping, keeping
from fairlead.backups.retention import Copy, Decision, Policy, decide
from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.using import used_now
from fairlead.project.stack import Store
from fairlead.project.stack_backup import Keep
from fairlead.system import clock


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is decided of one store's backups, the newest first."""

    store: str
    decisions: tuple[tuple[Backup, Decision], ...]
    logs: tuple[Keeping, ...] = ()
    bad: tuple[BadEntry, ...] = ()  #: of which nobody knows what they are; they stay

    @property
    def leaving(self) -> tuple[Backup, ...]:
        """Those that go."""
        return tuple(backup for backup, decision in self.decisions if not decision.keep)

    def within(self, shown: Pruning) -> Pruning:
        """No more goes than was shown to whoever agreed."""
        gone = {backup.id for backup in shown.leaving}
        segments = {(log.system, one.place) for log in shown.logs for one in log.leaving}
        decisions = tuple(
            (it, replace(one, keep=True, reasons=(UNSHOWN,)) if not one.keep and it.id not in gone else one)
            for it, one in self.decisions
        )
        logs = tuple(
            replace(log, leaving=tuple(one for one in log.leaving if (log.system, one.place) in segments))
            for log in self.logs
        )
        return replace(self, decisions=decisions, logs=logs)


KEEP, PRUNED = "backup.keep", "backup.pruned"
UNSHOWN = "it was not to go when that was asked"


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
    looked = one.catalogue.look()
    there = {backup.id: backup for backup in looked.backups}
    policy = policy_of(one.store)
    if careful and (before := _agreed(one)):
        policy = policy.larger(before)
    found = decide(map(_copy, there.values()), policy, clock.now(), _held(looked, used_now(one)))
    decisions = tuple((there[decision.id], decision) for decision in found)
    whole = {it.id for it, decision in decisions if decision.keep and not it.damaged}
    bases = [it for it, _ in decisions if it.kind == "physical" and {it.id, it.parent or it.id} <= whole]
    trims = one.said.physical and not looked.bad  # such a one may need any of the log
    logs = keeping(bases, one.logs(here=False), policy.point_in_time, clock.now()) if trims else ()
    return Pruning(one.store.name, decisions, logs, looked.bad)


def _held(there: There, used: Collection[str]) -> dict[str, str]:
    """What stays whatever is declared."""
    bad = {one.id for one in there.bad}
    found = {it.id: "the entry of the one that it depends on is damaged" for it in there.backups if it.parent in bad}
    found |= dict.fromkeys(used, "it is being read")
    return found | {it.id: f"pinned: {it.pinned}" for it in there.backups if it.pinned}


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


def prune(one: Arrangement, wait: float = 10.0, careful: bool = False, shown: Pruning | None = None) -> Pruning:
    """Do it, and remove what backups that were never finished left. `careful`: see `decided`. `shown`: what a person
    agreed to; nothing else goes. Busy, Unreachable; Refused where another machine makes them.

    One that cannot be removed keeps no other from going: FairleadError at the end.
    """
    with one.held("fairlead backup prune", wait):
        one.claim.require()
        _agree(one, careful)
        pruning = decided(one, careful)
        if shown is not None:
            pruning = pruning.within(shown)
        stuck = _remove(one, pruning)
        gone = [
            {"id": it.id, "bytes": it.stored, "reason": ", ".join(decision.reasons)}
            for it, decision in pruning.decisions
            if not decision.keep and it.id not in stuck
        ]
        if gone:
            one.note(PRUNED, {"gone": gone})
        _require_gone(one, stuck, [backup for backup, _ in pruning.decisions if backup.id in stuck])
        return pruning


def _remove(one: Arrangement, pruning: Pruning) -> dict[str, FairleadError]:
    """Why something is still there, by its id; by nothing, of what is no backup."""
    stuck: dict[str, FairleadError] = {}
    for backup in pruning.leaving:  # the newest first: what depends on another goes before it
        above = next((it for it in pruning.leaving if it.parent == backup.id and it.id in stuck), None)
        try:
            if above:
                raise stuck[above.id]
            one.files(backup).remove(backup)
        except FairleadError as error:
            stuck[backup.id] = error
    try:
        _clean(one, pruning, stuck)
    except FairleadError as error:
        stuck[""] = error
    return stuck


def _clean(one: Arrangement, pruning: Pruning, stuck: Collection[str]) -> None:
    """What is left of backups, and of the log."""
    left = [backup for backup, decision in pruning.decisions if decision.keep or backup.id in stuck]
    logs = one.logs(here=False) if pruning.logs else {}
    for engine in one.file_engines():
        if not pruning.bad:  # else nobody knows what belongs to whom
            engine.tidy(left)
        for log in pruning.logs:
            engine.trim(log, logs[log.system])
    if pruning.logs:
        points.forget(one.archive, [it for it in left if it.kind == "physical"])


def _require_gone(one: Arrangement, stuck: Mapping[str, FairleadError], backups: Sequence[Backup]) -> None:
    if not stuck:
        return
    error = next(iter(stuck.values()))
    what = f"{', '.join(it.id for it in backups)} of {one.store.name}" if backups else f"what is left of {one.owner}"
    hint = error.hint
    if any(isinstance(it, Denied) for it in stuck.values()):
        hint = "what is locked goes once its lock has ended; where these keys may not delete, prune with some that may"
    raise FairleadError(f"could not be removed, and stays: {what}: {error.message}", hint)
