"""Killed at any point, in any step, in any recovery of a recovery: the world in memory is old or new, never between.

The real thing is killed at a sample of these points in `test_every_point`; here it is all of them, for every strategy
and every way a deployment can go. The states are found by running (see `fake_explorer`), none is listed.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fairlead.errors import FairleadError, Interrupted, RolloutFailed
from fairlead.project.stack import Stack, Strategy
from fairlead.rollout.recovery import recover
from fairlead.rollout.state import read_state
from fairlead.runtimes.fake import Behaviour
from fairlead.system.http import Answer
from tests.crash.fake_explorer import Explorer, State, require_settled
from tests.crash.fake_worlds import STRATEGIES, FakeMachine, Folders, memory, rebuilt, shop

BAD = {
    "failing smoke": ("web", Behaviour(answer=Answer(500))),
    "failing readiness": ("web", Behaviour(ready=False)),
    "crash loop": ("api", Behaviour(crash_loop=True)),
    "dies when ready": ("api", Behaviour(dies=True)),
    "failing job": ("seed", Behaviour(job_fails=True)),
    "failing late": ("late", Behaviour(job_fails=True)),
}
SCENARIOS = ("first", "upgrade", "rebuild", "in containers", "back to warm", "urgent", *BAD)


@pytest.fixture
def folders() -> Iterator[Folders]:
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        yield Folders(Path(folder))


class Live:
    """Machines on which a stack is live, each deployed once: a copy costs a twentieth of a deployment."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.made: dict[str, FakeMachine] = {}

    def machine(self, stack: Stack, *later: Stack) -> FakeMachine:
        """To be copied, with these deployed in their order."""
        name = repr((stack, *later))
        if name not in self.made:
            before = self.machine(stack, *later[:-1]).copy(self.folders.new()) if later else None
            self.made[name] = before or FakeMachine(self.folders.new())
            self.made[name].deploy(later[-1] if later else stack)
        return self.made[name]


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        yield Live(Folders(Path(folder)))


@dataclass
class Scenario:
    """A machine before a deployment, and the deployment."""

    machine: FakeMachine
    target: Stack
    urgent: bool = False

    def __post_init__(self) -> None:
        environment = self.machine.opened()
        self.old = read_state(environment.ledger).live
        environment.ledger.close()
        self.new = self.machine.release(self.target).id
        self.before = self.machine.shape()
        routes = {(route.host, route.path) for one in self.target.services for route in one.routes}
        routes |= {(one.name, "/") for one in self.target.services}  # how services ask each other in containers
        self.free = routes - {(route.host, route.path) for route in self.machine.edge.table.routes}

    def lost(self, machine: FakeMachine) -> list[str]:
        """What users lost; a route that nobody had before may come and go."""
        return machine.edge.lost(but=self.free)


def contained(one: Stack) -> Stack:
    """Services ask each other through the edge too."""
    return replace(one, runtime="docker")


def scenario(name: str, strategy: Strategy, folders: Folders, live: Live) -> Scenario:
    first, second = shop(strategy, 1), shop(strategy, 2)
    if name == "first":
        return Scenario(FakeMachine(folders.new()), first)
    if name == "in containers":
        return Scenario(live.machine(contained(first)).copy(folders.new()), contained(second))
    if name in ("back to warm", "urgent"):
        return Scenario(live.machine(first, second).copy(folders.new()), first, urgent=name == "urgent")
    machine = live.machine(first).copy(folders.new())
    target = rebuilt(strategy, 2) if name == "rebuild" else second
    if name in BAD:
        service, behaviour = BAD[name]
        machine.runtime.behaviours[(machine.release(target).id, service)] = behaviour
    return Scenario(machine, target)


SOME = 6  #: points of a deployment that the tests below take when they do not take all


def every() -> list[object]:
    """Parameters: some points of each strategy in the normal run, all of them in the long one."""
    some = [pytest.param(one, True, id=f"{one}-some") for one in STRATEGIES]
    return [
        *some,
        *(pytest.param(one, False, id=f"{one}-all", marks=pytest.mark.long(seconds=15)) for one in STRATEGIES),
    ]


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize(("strategy", "some"), every())
def test_killed_anywhere(strategy: Strategy, some: bool, name: str, folders: Folders, live: Live) -> None:
    found = scenario(name, strategy, folders, live)
    explorer = Explorer(folders, share=8 if some else 1)
    machine = found.machine.copy(folders.new())
    try:
        explorer.run(machine, frozenset(), (), lambda at: machine.deploy(found.target, at, urgent=found.urgent))
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
    assert explorer.recoveries > (0 if some else 3)


def points(found: Scenario, folders: Folders, some: bool = False, only: str = "") -> list[str]:
    """Every checkpoint of a deployment that nobody disturbs, a way back included; or some, spread evenly."""
    seen: list[str] = []
    with contextlib.suppress(RolloutFailed):
        found.machine.copy(folders.new()).deploy(found.target, seen.append)
    assert len(seen) == len(set(seen)) > 20
    seen = [point for point in seen if point.startswith(only)]
    return seen[:: max(1, len(seen) // SOME)] if some else seen


def stopping(point: str, error: type[BaseException]) -> Callable[[str], None]:
    """A checkpoint that raises when that point is reached."""

    def checkpoint(now: str) -> None:
        if now == point:
            raise error(point)

    return checkpoint


def recovered(machine: FakeMachine) -> str | None:
    environment = machine.opened()
    try:
        return recover(environment.world)
    finally:
        environment.ledger.close()


class Killed(BaseException):
    """What no handler of the engine may catch: the process is gone."""


@pytest.mark.parametrize(("strategy", "some"), every())
def test_nothing_of_the_engine_outlives_a_kill(strategy: Strategy, some: bool, folders: Folders, live: Live) -> None:
    """The copies above are made beside the running engine; here it is really gone, at each point of the journal."""
    found = scenario("failing late", strategy, folders, live)
    for point in points(found, folders, some):
        machine = found.machine.copy(folders.new())
        with pytest.raises(Killed):
            machine.deploy(found.target, stopping(point, Killed))
        left = machine.shape()
        assert "undone" in (recovered(machine) or ""), point
        assert machine.shape() == found.before, (point, left)
        assert found.lost(machine) == [], point
        require_settled(machine)


@pytest.mark.parametrize(("strategy", "some"), every())
def test_interrupted_anywhere(strategy: Strategy, some: bool, folders: Folders, live: Live) -> None:
    """Ctrl-C before the commit undoes at once; after it the release is live, and recovery finishes the rest."""
    found = scenario("upgrade", strategy, folders, live)
    everywhere = points(found, folders)
    commit = next(number for number, point in enumerate(everywhere) if point.startswith("acted") and "commit" in point)
    late = set(everywhere[commit:])
    for point in {*points(found, folders, some), *late}:
        machine = found.machine.copy(folders.new())
        with pytest.raises(KeyboardInterrupt if point in late else Interrupted):
            machine.deploy(found.target, stopping(point, KeyboardInterrupt))
        if point in late:
            assert "finished" in (recovered(machine) or ""), point
        assert (machine.shape() != found.before) == (point in late), point
        assert found.lost(machine) == [], point
        require_settled(machine)


@pytest.mark.parametrize(("strategy", "some"), every())
def test_interrupted_again_on_the_way_back(strategy: Strategy, some: bool, folders: Folders, live: Live) -> None:
    """The first Ctrl-C asks for what is being done already; one at the same point again leaves it to recovery."""
    found = scenario("failing late", strategy, folders, live)
    for point in points(found, folders, some, only="undo"):
        machine = found.machine.copy(folders.new())
        with pytest.raises((KeyboardInterrupt, RolloutFailed)) as caught:
            machine.deploy(found.target, stopping(point, KeyboardInterrupt))
        left = caught.type is KeyboardInterrupt
        assert left != point.startswith("undo done"), point
        assert bool(recovered(machine)) == left, point
        assert machine.shape() == found.before, point
        assert found.lost(machine) == [], point
        require_settled(machine)


@pytest.fixture
def small_disk(tmpfs: Callable[[Path, str], Path], tmp_path: Path) -> Path:
    """A folder on a disk of 6 MB, which can really be full."""
    return tmpfs(tmp_path / "small", "6m")


def fill(folder: Path) -> None:
    """Leave not a byte."""
    with open(folder / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


@pytest.mark.parametrize(("strategy", "some"), every())
def test_disk_full_anywhere(strategy: Strategy, some: bool, folders: Folders, live: Live, small_disk: Path) -> None:
    """The world goes back though nothing can be written down; with space again recovery closes the books."""
    found = scenario("upgrade", strategy, folders, live)
    on_disk = Folders(small_disk)
    undisturbed = found.machine.copy(folders.new())
    undisturbed.deploy(found.target)
    for point in points(found, folders, some):
        machine = found.machine.copy(on_disk.new())
        full = lambda now, point=point: fill(small_disk) if now == point else None  # noqa: E731
        with contextlib.suppress(FairleadError):
            machine.deploy(found.target, full)
        assert machine.shape() in (found.before, undisturbed.shape()), point
        (small_disk / "filler").unlink()
        said = recovered(machine) or ""
        assert machine.shape() == (found.before if "undone" in said else machine.shape()), point
        assert machine.shape() in (found.before, undisturbed.shape()), point
        assert found.lost(machine) == [], point
        require_settled(machine)
        shutil.rmtree(machine.folder)
