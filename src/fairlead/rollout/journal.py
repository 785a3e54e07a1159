"""The journal of one rollout: entries in the ledger, written before and after every act.

rollout.begun      the plan, whole, with who wants what and why
step.begun/done    a step
rollout.undoing    from here on back, with the reason
undo.begun/done    a step taken back
rollout.committed  the commit point: before it recovery goes back, after it forward
rollout.closed     nothing is left to do: result `live` or `undone`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.ledger.entry import Entry
from fairlead.ledger.ledger import Ledger
from fairlead.project.stack import Rollout
from fairlead.rollout.state import BEGUN, COMMITTED, commit_data, read_state
from fairlead.rollout.steps import Step

CLOSED, UNDOING = "rollout.closed", "rollout.undoing"


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
        """The commit point; a second call changes nothing."""
        if self.ledger.last(COMMITTED, rollout=self.rollout) is None:
            self.ledger.append(COMMITTED, commit_data(read_state(self.ledger), release, settings), self.rollout)

    def close(self, result: str, facts: Mapping[str, object]) -> None:
        """Nothing is left to do."""
        self.ledger.append(CLOSED, {"result": result, **facts}, self.rollout)


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
    last = ledger.last(BEGUN, CLOSED)
    if last is None or last.kind == CLOSED or last.rollout is None:
        return None
    return _read(ledger, last)


def _read(ledger: Ledger, begin: Entry) -> OpenRollout:
    states: dict[str, set[str]] = {"step.begun": set(), "step.done": set(), "undo.begun": set(), "undo.done": set()}
    committed, reason = False, None
    for entry in ledger.entries(after=begin.number, rollout=begin.rollout):
        if entry.kind in states:
            states[entry.kind].add(str(entry.data["step"]))
        committed = committed or entry.kind == COMMITTED
        reason = str(entry.data["reason"]) if entry.kind == UNDOING else reason
    plan = tuple(Step.from_data(data) for data in begin.data["plan"])
    begun, done, undone = (frozenset(states[kind]) for kind in ("step.begun", "step.done", "undo.done"))
    journal = Journal(ledger, begin.rollout or 0)
    return OpenRollout(journal, dict(begin.data), plan, begun, done, undone, committed, reason)
