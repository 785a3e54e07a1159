"""Killed at any point, in any step, in any recovery of a recovery: the world in memory is old or new, never between.

The real thing is killed at a sample of these points in `test_every_point`; here it is all of them, for every strategy
and every way a deployment can go. The states are found by running (see `fake_explorer`), none is listed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fairlead.errors import FairleadError, RolloutFailed
from fairlead.project.stack import Stack, Strategy
from fairlead.rollout.state import read_state
from fairlead.runtimes.fake import Behaviour
from fairlead.system.http import Answer
from tests.crash.fake_explorer import Explorer, State, require_settled
from tests.crash.fake_worlds import STRATEGIES, FakeMachine, Folders, shop

BAD = {
    "failing smoke": ("web", Behaviour(answer=Answer(500))),
    "failing readiness": ("web", Behaviour(ready=False)),
    "crash loop": ("api", Behaviour(crash_loop=True)),
    "dies when ready": ("api", Behaviour(dies=True)),
    "failing job": ("seed", Behaviour(job_fails=True)),
    "failing late": ("late", Behaviour(job_fails=True)),
}
SCENARIOS = ("first", "upgrade", "back to warm", *BAD)


@pytest.fixture
def folders() -> Iterator[Folders]:
    """In memory where there is such a folder: a ledger syncs at every entry."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(dir=memory if memory.is_dir() else None)
    yield Folders(Path(folder))
    shutil.rmtree(folder)


@dataclass
class Scenario:
    """A machine before a deployment, and the deployment."""

    machine: FakeMachine
    target: Stack

    def __post_init__(self) -> None:
        environment = self.machine.opened()
        self.old = read_state(environment.ledger).live
        environment.ledger.close()
        self.new = self.machine.release(self.target).id
        self.before = self.machine.shape()
        routes = {(route.host, route.path) for one in self.target.services for route in one.routes}
        self.free = routes - {(route.host, route.path) for route in self.machine.edge.table.routes}

    def lost(self, machine: FakeMachine) -> list[str]:
        """What users lost; a route that nobody had before may come and go."""
        return machine.edge.lost(but=self.free)


def scenario(name: str, strategy: Strategy, folders: Folders) -> Scenario:
    machine = FakeMachine(folders.new())
    if name == "first":
        return Scenario(machine, shop(strategy, 1))
    machine.deploy(shop(strategy, 1))
    if name == "back to warm":
        machine.deploy(shop(strategy, 2))
        return Scenario(machine, shop(strategy, 1))
    target = shop(strategy, 2)
    if name in BAD:
        service, behaviour = BAD[name]
        machine.runtime.behaviours[(machine.release(target).id, service)] = behaviour
    return Scenario(machine, target)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_killed_anywhere(strategy: Strategy, name: str, folders: Folders) -> None:
    found = scenario(name, strategy, folders)
    explorer = Explorer(folders)
    machine = found.machine.copy(folders.new())
    try:
        explorer.run(machine, frozenset(), (), lambda at: machine.deploy(found.target, at))
        assert name not in BAD
    except RolloutFailed as error:
        assert name in BAD, error
    after = machine.shape()
    assert (after == found.before) == (name in BAD)
    assert found.lost(machine) == []

    def check(state: State, recovered: FakeMachine) -> None:
        try:
            assert recovered.shape() == (after if state.committed else found.before)
            assert found.lost(recovered) == []
            require_settled(recovered)
        except (AssertionError, FairleadError) as error:
            error.add_note(f"killed: {state}")
            raise

    explorer.recover_all(check)
    print(name, strategy, explorer.recoveries)
    assert explorer.recoveries > 20
