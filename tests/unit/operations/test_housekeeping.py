"""The keeper's rounds on a world in memory: what is due, what waits, and what never waits for anybody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.edges.traefik.replacement import READY, SHED
from fairlead.errors import Busy
from fairlead.operations.environment import MOMENT
from fairlead.operations.housekeeping import HEARTBEAT, SOON, Housekeeping
from fairlead.project.stack import Stop
from fairlead.rollout.recovery import restore_traffic
from fairlead.system.lock import FOR_A_MOMENT, FileLock
from tests.crash.fake_worlds import FakeMachine, service, stack, worker


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path / "place")


@pytest.fixture
def keeping(machine: FakeMachine) -> Iterator[Housekeeping]:
    """Over a release of two `web`, one `api`, one `clock`."""
    machine.deploy(stack(service("web", "/", replicas=2), service("api", "/api"), worker("clock")))
    environment = machine.opened()
    yield Housekeeping(environment)
    environment.ledger.close()


def phases(machine: FakeMachine) -> dict[str, str]:
    """By service and index."""
    return {id.split(".", 1)[1]: copy.phase for id, copy in machine.runtime.copies.items()}


def test_survivors_are_replaced_but_for_the_only_one_which_is_not_waited_for(machine, keeping):
    keeping.round()
    machine.runtime.orphan()
    dues = []
    while (due := keeping.due()) == SOON and len(dues) < 20:
        dues.append(due)
        keeping.round()
    assert phases(machine) == {"api.1": "survivor", "clock.1": "running", "web.1": "running", "web.2": "running"}
    assert due == HEARTBEAT, "nothing can be done for the only `api`, so no round is due before a sign"
    assert machine.edge.lost() == []


def settle(keeping: Housekeeping, most: int = 50) -> int:
    """Rounds until nothing is due soon; how many it took."""
    for number in range(1, most):
        keeping.round()
        if keeping.due() == HEARTBEAT:
            return number
    raise AssertionError(f"still due after {most} rounds: {keeping.due()}")


def test_nothing_is_waited_for_under_the_lock(machine, keeping):
    settle(keeping)
    events = []
    lock = FileLock(machine.place.lock)
    machine.runtime.listeners.append(lambda what, id: events.append((what, lock.held())))
    machine.runtime.reboot()
    settle(keeping)
    assert set(phases(machine).values()) == {"running"}
    assert ("starting", True) in events, "what is changed is changed under the lock"
    assert ("ready", False) in events and ("ready", True) not in events
    assert not lock.held()


def test_its_short_acts_are_in_no_commands_way(machine, keeping):
    """However little patience the command was told to have."""
    settle(keeping)
    begun, ended = [], []

    def command():
        environment = machine.opened()
        with environment.held("fairlead rollback", wait=0):
            ended.append(environment.state.live)
        environment.ledger.close()

    def starting(what, id):
        if what == "starting" and not begun:
            assert FileLock(machine.place.lock).owner().endswith(FOR_A_MOMENT)
            begun.append(threading.Thread(target=command))
            begun[0].start()

    machine.runtime.listeners.append(starting)
    machine.runtime.reboot()
    settle(keeping)
    begun[0].join()
    assert ended == [keeping.environment.state.live]


def test_a_command_bears_with_a_keeper_that_has_another_traefik():
    """After an upgrade, in its first round: two of them are retired one after the other."""
    assert MOMENT >= 2 * SHED + READY


def test_a_recovery_says_so_and_is_not_waited_for(machine, keeping):
    class Killed(BaseException):
        pass

    def kill(point):
        if point.startswith("act"):
            raise Killed

    settle(keeping)
    with pytest.raises(Killed):
        machine.deploy(stack(service("web", "/", replicas=3)), kill)
    refused = []

    def listen(what, id):
        if not refused:
            with pytest.raises(Busy) as caught, keeping.environment.held("fairlead rollback", wait=0):
                pass
            refused.append(caught.value.message)

    machine.runtime.listeners.append(listen)
    settle(keeping)
    assert "keeper: recovery" in refused[0]


def test_draining_takes_rounds_not_the_lock(tmp_path):
    """Connections end one by one, at each look; the keeper looks once in a round."""
    machine = FakeMachine(tmp_path / "place")
    web = replace(service("web", "/", replicas=2), stop=Stop(drain=600))
    machine.deploy(stack(web))
    environment = machine.opened()
    keeping = Housekeeping(environment)
    settle(keeping)
    machine.runtime.orphan()
    for copy in machine.runtime.copies.values():
        copy.connections = 4
    assert settle(keeping) > 8
    assert set(phases(machine).values()) == {"running"}
    assert machine.runtime.cut == [] and machine.edge.lost() == []
    environment.ledger.close()


def test_who_holds_the_environment_is_not_disturbed(machine, keeping):
    settle(keeping)
    machine.runtime.reboot()
    lock = FileLock(machine.place.lock)
    assert lock.acquire("somebody")
    said = []
    keeping.environment.world.emit = lambda event: said.append(event.text)
    keeping.round()
    assert said == [], "whoever waits for it says so"
    assert set(phases(machine).values()) == {"stopped"}
    assert keeping.patience == {}, "to find it held is no failure"
    lock.release()
    settle(keeping)
    assert set(phases(machine).values()) == {"running"}


def test_what_keeps_failing_is_tried_less_and_less_often(machine, keeping):
    settle(keeping)
    machine.edge.fails = "no"
    machine.runtime.die(next(iter(machine.runtime.copies)))
    waits = []
    for _ in range(8):
        keeping.not_before.clear()
        keeping.round()
        waits.append(keeping.patience["refresh"])
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    machine.edge.fails = ""
    keeping.not_before.clear()
    keeping.round()
    assert keeping.patience == {}


def test_who_comes_back_from_the_way_out_gets_requests_and_a_whole_drain_again(tmp_path):
    """A rollback to a release that was about to go, by a keeper that goes on."""
    machine = FakeMachine(tmp_path / "place")
    web = replace(service("web", "/", replicas=2), stop=Stop(drain=600))
    old = machine.deploy(stack(web, rollback_window=0.0)).release
    machine.deploy(stack(web, version=2, rollback_window=0.0))
    environment = machine.opened()
    keeping = Housekeeping(environment)
    for copy in machine.runtime.copies.values():
        copy.connections = 1000
    keeping.round()
    assert {id.partition(".")[0] for id in keeping.leaving} == {old}
    machine.deploy(stack(web, rollback_window=0.0))
    keeping.round()
    assert not any(id.startswith(old) for id in keeping.leaving)
    [pool] = (pool for pool in machine.edge.table.pools if pool.release == old)
    assert len(pool.ports) == 2
    environment.ledger.close()


def test_without_its_ledger_nothing_that_may_serve_is_taken_away(machine, keeping):
    """Who moved a damaged one away, to go on without: users have what they had until the next release is there."""
    settle(keeping)
    keeping.environment.ledger.close()
    for file in machine.place.root.glob("ledger.db*"):
        file.unlink()
    before = machine.edge.table
    environment = machine.opened()
    anew = Housekeeping(environment)
    for _ in range(3):
        anew.round()
    restore_traffic(environment.world)
    assert set(phases(machine).values()) == {"running"} and machine.edge.table == before
    environment.ledger.close()
    machine.deploy(stack(service("web", "/", replicas=2), version=2))
    environment = machine.opened()
    settle(Housekeeping(environment))
    assert {copy.spec.release for copy in machine.runtime.copies.values()} == {environment.state.live}
    environment.ledger.close()
