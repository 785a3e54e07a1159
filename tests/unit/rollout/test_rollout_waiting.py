"""Rollouts that wait for a person: left as they are, gone on with, given up, and never in the way of anything else."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest

from fairlead.errors import Busy, RolloutFailed, Waiting
from fairlead.ledger import verify
from fairlead.operations import attending
from fairlead.operations.environment import Environment
from fairlead.operations.transition import Intent, Result, carry_out, drop_waiting, go_on, prepare_environment
from fairlead.project.stack import CanaryStep, Judge, Stack
from fairlead.rollout.journal import OpenRollout, open_rollout
from fairlead.rollout.orders import Word, give
from fairlead.rollout.recovery import recover
from fairlead.rollout.verdict import decide
from tests.crash.fake_worlds import FakeMachine, Folders, service, stack

ADA = {"user": "ada", "host": "desk"}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "HURRY", 0.5)


@pytest.fixture
def machine(folders: Folders) -> FakeMachine:
    made = FakeMachine(folders.new())
    made.deploy(site(1))
    return made


def site(version: int, **rollout: object) -> Stack:
    return stack(service("web", "/", replicas=2), strategy="canary", version=version, **rollout)


@contextmanager
def opened(machine: FakeMachine):
    """One process that changes the environment and waits for nobody."""
    environment = machine.opened()
    environment.world.hurry = True
    try:
        yield environment
    finally:
        environment.ledger.close()


def begin(environment: Environment, machine: FakeMachine, wanted: Stack) -> Result:
    return carry_out(environment, machine.release(wanted), Intent("deploy", wanted.rollout.strategy))


def waiting(environment: Environment) -> OpenRollout:
    rollout = open_rollout(environment.ledger)
    assert rollout is not None and rollout.waiting is not None
    return rollout


def say(environment: Environment, word: Word, why: str = "") -> None:
    give(environment.ledger, waiting(environment).journal.rollout, word, ADA, why)


def left_waiting(machine: FakeMachine, wanted: Stack, reason: str) -> str:
    """The live release, with a rollout to `wanted` that waits."""
    with opened(machine) as environment:
        before = environment.state.live
        with pytest.raises(Waiting, match=reason):
            begin(environment, machine, wanted)
        assert re.search(reason, waiting(environment).waiting.reason)
        assert environment.state.live == before
    return before


def test_it_waits_for_approval_and_goes_on(machine: FakeMachine) -> None:
    before = left_waiting(machine, site(2, approve=True), "waits for a person to approve it")
    assert machine.edge.receiving() == {before}, "nobody gets to it before"
    with opened(machine) as environment:
        assert recover(environment.world) is None, "what waits is not unfinished"
        say(environment, "approve")
        result = go_on(environment, waiting(environment))
        assert environment.state.live == result.release != before
    assert machine.edge.receiving() == {result.release}
    assert not machine.edge.lost()


def test_an_approval_is_for_the_gate_that_was_reached(machine: FakeMachine) -> None:
    steps = (CanaryStep(20, approve=True), CanaryStep(60))
    left_waiting(machine, site(2, approve=True, steps=steps), "approve it")
    with opened(machine) as environment:
        say(environment, "approve")
        with pytest.raises(Waiting):
            go_on(environment, waiting(environment))
        assert waiting(environment).waiting.shares.weight(waiting(environment).release) == 20
        say(environment, "approve")
        assert go_on(environment, waiting(environment)).release == environment.state.live


def test_one_that_shows_too_little_waits_at_its_weight(machine: FakeMachine) -> None:
    nothing = Judge(probe_rate=0.0)
    before = left_waiting(machine, site(2, judge=nothing), "waits for a person: .+")
    release = ""
    with opened(machine) as environment:
        release = waiting(environment).release
        assert dict(waiting(environment).waiting.shares.weights) == {before: 80, release: 20}
        say(environment, "promote", "it is urgent")
        assert go_on(environment, waiting(environment)).release == release == environment.state.live


def test_abort_takes_it_back(machine: FakeMachine) -> None:
    before = left_waiting(machine, site(2, approve=True), "approve it")
    with opened(machine) as environment:
        say(environment, "abort", "not today")
        with pytest.raises(RolloutFailed, match="abort by ada@desk: not today"):
            go_on(environment, waiting(environment))
        assert open_rollout(environment.ledger) is None
        assert environment.state.live == before
    assert {one.release for one in machine.runtime.observe()} == {before}


def test_another_deployment_has_to_wait_for_the_decision(machine: FakeMachine) -> None:
    left_waiting(machine, site(2, approve=True), "approve it")
    with opened(machine) as environment, pytest.raises(Busy, match="waits for a person to approve it") as error:
        prepare_environment(environment)
    assert "fairlead abort" in error.value.hint


def test_stopping_or_bringing_back_takes_it_back(machine: FakeMachine) -> None:
    before = left_waiting(machine, site(2, approve=True), "approve it")
    with opened(machine) as environment:
        drop_waiting(environment, "the environment was stopped")
        assert open_rollout(environment.ledger) is None
        drop_waiting(environment, "nothing to do any more")
    assert {one.release for one in machine.runtime.observe()} == {before}


def test_what_was_known_is_known_to_the_one_who_goes_on(machine: FakeMachine) -> None:
    shown = Judge(probe_rate=200.0, errors_below=0.0001, insufficient="hold")
    left_waiting(machine, site(2, judge=shown), "waits for a person: .+")
    with opened(machine) as environment:
        known = waiting(environment).waiting.known
        assert known["canary"], "the evidence so far"
        say(environment, "approve")
        assert go_on(environment, waiting(environment)).release == environment.state.live


@pytest.mark.parametrize("order", [None, "abort"])
def test_the_keeper_leaves_it_alone_until_something_is_wrong(machine: FakeMachine, order: Word | None) -> None:
    before = left_waiting(machine, site(2, approve=True), "approve it")
    with opened(machine) as environment:
        keeper = attending.Waiting(environment)
        keeper.look()
        release = waiting(environment).release
        if order:
            say(environment, order)  # by a command that was killed before it could do it
        else:
            machine.runtime.die(f"{release}.web.1")
        keeper.look()
        assert open_rollout(environment.ledger) is None
        assert environment.state.live == before
    assert {one.release for one in machine.runtime.observe()} == {before}
    assert machine.edge.receiving() == {before}


def test_a_wait_that_is_killed_before_it_is_written_down_is_undone(machine: FakeMachine) -> None:
    class Killed(Exception):
        pass

    def kill(point: str) -> None:
        if point.startswith("waits "):
            raise Killed

    environment = machine.opened(kill)
    environment.world.hurry = True
    before = environment.state.live
    with pytest.raises(Killed):
        begin(environment, machine, site(2, approve=True))
    environment.ledger.close()
    with opened(machine) as environment:
        assert "has been undone" in (recover(environment.world) or "")
        assert environment.state.live == before


def test_what_is_said_just_before_it_is_written_down_is_obeyed(machine: FakeMachine) -> None:
    said = []

    def approve(point: str) -> None:
        if point.startswith("waits ") and not said:
            said.append(point)
            say_to_open(machine, "approve")

    environment = machine.opened(approve)
    environment.world.hurry = True
    try:
        result = begin(environment, machine, site(2, approve=True))
        assert said and environment.state.live == result.release
    finally:
        environment.ledger.close()


def say_to_open(machine: FakeMachine, word: Word) -> None:
    """From another process."""
    other = machine.opened()
    rollout = open_rollout(other.ledger)
    assert rollout is not None
    give(other.ledger, rollout.journal.rollout, word, ADA)
    other.ledger.close()


class Killed(BaseException):
    """As SIGKILL: nothing of the engine runs after it."""


def points_of_going_on(machine: FakeMachine) -> list[str]:
    points: list[str] = []
    environment = machine.opened(points.append)
    say(environment, "approve")
    go_on(environment, waiting(environment))
    environment.ledger.close()
    return points


def test_killed_at_any_point_of_going_on_it_is_one_or_the_other(machine: FakeMachine, folders: Folders) -> None:
    before = left_waiting(machine, site(2, approve=True), "approve it")
    points = points_of_going_on(machine.copy(folders.new()))
    assert len(points) > 20
    for point in points:
        died = machine.copy(folders.new())
        carry_on_until(died, point)
        with opened(died) as environment:
            recover(environment.world)
            live = environment.state.live
            assert open_rollout(environment.ledger) is None, point
            assert verify(environment.ledger), point
            later = point.partition(" ")[2].endswith(("commit", "prune"))
            committed = "prune" in point or (later and not point.startswith(("before", "begun")))
            assert (live != before) == committed, point
        assert died.edge.receiving() == {live}, point
        assert not died.edge.lost(), point


def carry_on_until(machine: FakeMachine, point: str) -> None:
    def kill(passed: str) -> None:
        if passed == point:
            raise Killed

    environment = machine.opened(kill)
    say(environment, "approve")
    with pytest.raises(Killed):
        go_on(environment, waiting(environment))
    environment.ledger.close()
