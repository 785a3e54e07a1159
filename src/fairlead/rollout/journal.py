"""The journal of one rollout: entries in the ledger, written before and after every act.

rollout.begun      the plan, whole, with who wants what and why
step.begun/done    a step
rollout.undoing    from here on back, with the reason
undo.begun/done    a step taken back
rollout.order      a person says approve, abort, promote, pause or resume, and why; any process writes it
rollout.verdict    what the evidence says, with its counts: when that changes, and at the end of each watch
rollout.shadow     in what the answers of the new release differ in kind, before its first user
rollout.waiting    the deployer has ended, and a person has to decide: nobody undoes it, the keeper looks after it
rollout.resumed    somebody goes on with it
rollout.committed  the commit point: before it recovery goes back, after it forward
rollout.closed     nothing is left to do: result `live` or `undone`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fairlead.ledger.entry import Entry
from fairlead.ledger.ledger import Ledger
from fairlead.project.stack import Rollout, from_data
from fairlead.rollout.state import BEGUN, COMMITTED, ROTATE, commit_data, read_state, watch_data
from fairlead.rollout.steps import Shares, Step
from fairlead.rollout.verdict.verdict import Verdict

CLOSED, UNDOING = "rollout.closed", "rollout.undoing"
ORDER, VERDICT, WAITING, RESUMED = "rollout.order", "rollout.verdict", "rollout.waiting", "rollout.resumed"
SHADOW = "rollout.shadow"


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes the entries of one rollout."""

    ledger: Ledger
    rollout: int

    @classmethod
    def begin(cls, ledger: Ledger, plan: tuple[Step, ...], facts: Mapping[str, object]) -> Journal:
        """A new rollout; `facts` say who, what, why, from which release to which."""
        number = ledger.next_rollout()
        ledger.append(BEGUN, {**facts, "plan": [step.to_data() for step in plan]}, number)
        return cls(ledger, number)

    def step(self, state: str, step: Step) -> None:
        """`state` is `step.begun`, `step.done`, `undo.begun` or `undo.done`."""
        self.ledger.append(state, {"step": step.id, "what": step.shown()}, self.rollout)

    def undoing(self, reason: str) -> None:
        """From here on back."""
        self.ledger.append(UNDOING, {"reason": reason}, self.rollout)

    def commit(self, release: str, settings: Rollout) -> None:
        """The commit point; a second call changes nothing.

        Where there is a way back, a watch begins; not after a way back, or there would be no end of it, and not where
        only values of secrets are others: nothing of the way back has the old ones.
        """
        if self.ledger.last(COMMITTED, rollout=self.rollout) is not None:
            return
        begun = self.ledger.last(BEGUN, rollout=self.rollout)
        operation = begun.data.get("operation") if begun else "rollback"
        data = commit_data(read_state(self.ledger), release, settings, renews=operation == ROTATE)
        if data["previous"] and data["previous"] != release and operation not in ("rollback", ROTATE):
            data["watch"] = watch_data(settings)
        self.ledger.append(COMMITTED, data, self.rollout)

    def verdict(self, step: Step, verdict: Verdict) -> None:
        """What the evidence says now."""
        self.ledger.append(VERDICT, {"step": step.id, **verdict.to_data()}, self.rollout)

    def shadow(self, step: Step, differences: Sequence[Mapping[str, object]]) -> None:
        """In what the answers of the new release differ in kind."""
        self.ledger.append(SHADOW, {"step": step.id, "differences": list(differences)}, self.rollout)

    def wait(self, step: Step, shares: Shares, why: str, known: Mapping[str, object]) -> None:
        """From here on a person is waited for, with `shares` in force; `known` is the evidence so far."""
        data = {"step": step.id, "reason": why, "shares": asdict(shares), "known": known}
        self.ledger.append(WAITING, data, self.rollout)

    def resume(self) -> None:
        """Somebody goes on."""
        self.ledger.append(RESUMED, {}, self.rollout)

    def begun(self, step: Step) -> int:
        """The number of the entry that says that this step was begun, the first time; 0 before that.

        Of a step that waits for a person right after a watch, that of the watch: who approved there meant this.
        """
        ids = {step.id, f"{step.number - 1}:watch"} if step.kind == "approve" else {step.id}
        entries = self.ledger.entries(kinds=["step.begun"], rollout=self.rollout)
        return next((entry.number for entry in entries if entry.data["step"] in ids), 0)

    def close(self, result: str, facts: Mapping[str, object]) -> None:
        """Nothing is left to do."""
        self.ledger.append(CLOSED, {"result": result, **facts}, self.rollout)


@dataclass(frozen=True, slots=True)
class Wait:
    """What a rollout waits for that nobody carries."""

    step: str  #: its id
    reason: str
    shares: Shares  #: in force meanwhile
    known: dict[str, Any] = field(default_factory=dict)  #: the evidence so far
    number: int = 0  #: of its entry


@dataclass(frozen=True, slots=True)
class OpenRollout:
    """A rollout that was begun and not closed, as the journal has it."""

    journal: Journal
    facts: dict[str, Any]
    plan: tuple[Step, ...]
    begun: frozenset[str]  #: ids of steps that were begun, done or not
    done: frozenset[str]
    undone: frozenset[str]
    committed: bool
    reason: str | None  #: why it was being undone, when it was
    waiting: Wait | None = None  #: a person has to decide; None also when it is being undone

    @property
    def release(self) -> str:
        """Where it was going."""
        return str(self.facts["release"])

    @property
    def previous(self) -> str | None:
        """Where it came from."""
        value = self.facts.get("previous")
        return str(value) if value else None

    def to_undo(self) -> tuple[Step, ...]:
        """Steps that may have changed something, the last one first."""
        return tuple(step for step in reversed(self.plan) if step.id in self.begun and step.id not in self.undone)

    def to_do(self) -> tuple[Step, ...]:
        """Steps not known to be done, in order."""
        return tuple(step for step in self.plan if step.id not in self.done)


def open_rollout(ledger: Ledger) -> OpenRollout | None:
    """The rollout that somebody left unfinished, if there is one."""
    return ledger.remembered(_unfinished)


def _unfinished(ledger: Ledger) -> OpenRollout | None:
    last = ledger.last(BEGUN, CLOSED)
    if last is None or last.kind == CLOSED or last.rollout is None:
        return None
    return _read(ledger, last)


def _read(ledger: Ledger, begin: Entry) -> OpenRollout:
    states: dict[str, set[str]] = {"step.begun": set(), "step.done": set(), "undo.begun": set(), "undo.done": set()}
    committed, reason, waiting = False, None, None
    for entry in ledger.entries(after=begin.number, rollout=begin.rollout):
        if entry.kind in (WAITING, RESUMED, UNDOING):
            waiting = from_data(Wait, entry.data | {"number": entry.number}) if entry.kind == WAITING else None
        if entry.kind in states:
            states[entry.kind].add(str(entry.data["step"]))
        committed = committed or entry.kind == COMMITTED
        reason = str(entry.data["reason"]) if entry.kind == UNDOING else reason
    plan = tuple(Step.from_data(data) for data in begin.data["plan"])
    begun, done, undone = (frozenset(states[kind]) for kind in ("step.begun", "step.done", "undo.done"))
    journal = Journal(ledger, begin.rollout or 0)
    return OpenRollout(journal, dict(begin.data), plan, begun, done, undone, committed, reason, waiting)
