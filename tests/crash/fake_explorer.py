"""Every state a kill can leave behind, by exploration: run, copy the machine at each point, recover from each copy,
copy again at each point of the recovery, and so on until no state is new. Nothing is listed by hand.

A point is a checkpoint of the journal, or a single change of the world in the middle of a step. A state is what lies
in the world and in the journal; the same state reached in two ways is explored once, which is why kills inside
recoveries of recoveries, to any depth, cost little.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

from fairlead.ledger import verify
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.recovery import recover
from tests.crash.fake_worlds import FakeMachine, Folders

Known = frozenset[str]  #: what the journal knows and recovery acts on: steps to undo, or "committed" and those done
At = Callable[[str], None]  #: a checkpoint


@dataclass(frozen=True)
class State:
    """A machine as a kill left it, how it came there, and whether the commit was written down."""

    machine: FakeMachine
    known: Known
    way: tuple[str, ...]

    @property
    def committed(self) -> bool:
        return "committed" in self.known

    def __str__(self) -> str:
        return " → ".join(self.way)


@dataclass
class Explorer:
    """Collects the states; `check(state, machine)` judges what a recovery made of one.

    With `share` above 1 only one of so many states is recovered from, the same ones in each run.
    """

    folders: Folders
    share: int = 1
    seen: dict[object, tuple[str, ...]] = field(default_factory=dict)
    waiting: list[State] = field(default_factory=list)
    recoveries: int = 0

    def run(self, machine: FakeMachine, known: Known, way: tuple[str, ...], act: Callable[[At], object]) -> None:
        """Act on a machine, and keep a copy of it at every point."""
        journal = set(known)

        def at(point: str) -> None:
            name, _, step = point.rpartition(" ")
            place = step.partition(":")[0]
            if "committed" in journal and name == "done":
                journal.add(f"done {place}")
            elif "committed" not in journal and name == "begun":
                journal.add(place)
            elif name == "undo done":
                journal.discard(place)
            elif point.endswith(":commit") and name == "acted":
                journal.clear()
                journal.add("committed")
            self._keep(machine, frozenset(journal), (*way, point))

        def changed(what: str, id: str = "") -> None:
            if what not in ("ending", "starting"):
                self._keep(machine, frozenset(journal), (*way, f"{what} {id}"))

        machine.runtime.listeners.append(changed)
        machine.edge.listeners.append(changed)
        try:
            act(at)
        finally:
            machine.runtime.listeners.remove(changed)
            machine.edge.listeners.remove(changed)

    def _keep(self, machine: FakeMachine, known: Known, way: tuple[str, ...]) -> None:
        phases = tuple(sorted((id, one.phase) for id, one in machine.runtime.copies.items()))
        key = (machine.shape(), phases, known)
        if key in self.seen:
            return
        self.seen[key] = way
        if len(self.seen) % self.share == 1 % self.share:  # the first, and of those that follow every so many
            self.waiting.append(State(machine.copy(self.folders.new()), known, way))

    def recover_all(self, check: Callable[[State, FakeMachine], None]) -> None:
        """Recover from every state, those found on the way included."""
        while self.waiting:
            state = self.waiting.pop()
            machine = state.machine  # a copy of its own already, which nobody else goes on from
            self.run(machine, state.known, (*state.way, "recovery"), lambda at, machine=machine: _recover(machine, at))
            self.recoveries += 1
            check(state, machine)
            shutil.rmtree(machine.folder)


def _recover(machine: FakeMachine, at: At) -> None:
    environment = machine.opened(at)
    try:
        recover(environment.world)
    finally:
        environment.ledger.close()


def require_settled(machine: FakeMachine) -> None:
    """Nothing is left to do, the ledger is sound, and a second recovery changes nothing."""
    before = machine.shape()
    environment = machine.opened()
    try:
        assert open_rollout(environment.ledger) is None
        assert recover(environment.world) is None
        found = verify(environment.ledger)
        assert found, found.reason
    finally:
        environment.ledger.close()
    assert machine.shape() == before
