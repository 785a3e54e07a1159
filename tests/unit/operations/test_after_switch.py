"""The watch after the switch, in a world in memory: when it goes back, when it must not, and that it always ends."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.errors import FairleadError
from fairlead.operations.after_switch import TRIES, AfterSwitch
from fairlead.operations.environment import Environment
from fairlead.project.stack import Judge, Stack, Watch
from fairlead.rollout.journal import VERDICT, open_rollout
from fairlead.rollout.state import WATCH_ENDED
from fairlead.runtimes.fake import Behaviour
from fairlead.system.clock import wait_until
from fairlead.system.lock import FileLock
from tests.crash.fake_worlds import FakeMachine, service, stack

PROBED = Judge(probe_rate=200.0, errors_below=0.5)


def site(version: int, seconds: float = 600.0, rollback: bool = True) -> Stack:
    watch = Watch(seconds, rollback)
    return stack(service("web", "/", replicas=2), version=version, judge=PROBED, watch=watch, rollback_window=600.0)


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    made = FakeMachine(tmp_path / "machine")
    made.deploy(site(1))
    return made


@contextmanager
def opened(machine: FakeMachine):
    environment = machine.opened()
    environment.world.evidence = machine.folder / "evidence"
    try:
        yield environment
    finally:
        environment.ledger.close()


def looked(environment: Environment, keeper: AfterSwitch, over) -> bool:
    """Look as the keeper does, until something is so; errors are tried again, as by housekeeping."""

    def look() -> bool:
        try:
            keeper.look(lambda: open_rollout(environment.ledger) is None)
        except FairleadError:
            pass
        return bool(over())

    return wait_until(look, 120, most=0.05)


def ended(environment: Environment) -> dict | None:
    entry = environment.ledger.last(WATCH_ENDED)
    return entry.data if entry else None


def goes_bad(machine: FakeMachine, release: str) -> None:
    """Its instances answer errors from now on."""
    machine.runtime.behaviours[(release, "web")] = Behaviour(fails_after=0)


def test_a_release_that_goes_bad_is_rolled_back_and_it_is_written_down(machine: FakeMachine) -> None:
    with opened(machine) as environment:
        before = environment.state.live
    after = machine.deploy(site(2)).release
    goes_bad(machine, after)
    with opened(machine) as environment:
        assert environment.state.watched.release == after
        assert looked(environment, AfterSwitch(environment), lambda: ended(environment))
        assert environment.state.live == before
        assert ended(environment)["result"] == "rolled back"
        begun = environment.ledger.last("rollout.begun").data
        assert begun["operation"] == "rollback" and begun["origin"]["automatic"] == "watch"
        assert begun["why"] == ended(environment)["reason"]
        assert environment.state.watched is None, "a way back is not watched, or there would be no end of it"


def test_a_good_release_passes(machine: FakeMachine) -> None:
    after = machine.deploy(site(2, seconds=0.3)).release
    with opened(machine) as environment:
        assert looked(environment, AfterSwitch(environment), lambda: ended(environment))
        assert (environment.state.live, ended(environment)["result"]) == (after, "passed")


def test_without_rollback_it_is_told(machine: FakeMachine) -> None:
    after = machine.deploy(site(2, rollback=False)).release
    goes_bad(machine, after)
    with opened(machine) as environment:
        assert looked(environment, AfterSwitch(environment), lambda: ended(environment))
        assert (environment.state.live, ended(environment)["result"]) == (after, "told")


def test_it_does_not_go_back_to_one_that_fails_too(machine: FakeMachine) -> None:
    with opened(machine) as environment:
        before = environment.state.live
    after = machine.deploy(site(2)).release
    goes_bad(machine, after)
    goes_bad(machine, before)
    with opened(machine) as environment:
        keeper = AfterSwitch(environment)

        def held() -> bool:
            verdict = environment.ledger.last(VERDICT)
            return verdict is not None and verdict.data["cause"] == "environment"

        assert looked(environment, keeper, held)
        assert environment.state.live == after and ended(environment) is None
        keeper.close()


def test_it_goes_back_to_one_that_was_stopped_by_a_rolling_deployment(machine: FakeMachine) -> None:
    with opened(machine) as environment:
        before = environment.state.live
    rolling = replace(site(2), rollout=replace(site(2).rollout, strategy="rolling"))
    goes_bad(machine, machine.deploy(rolling).release)
    with opened(machine) as environment:
        assert looked(environment, AfterSwitch(environment), lambda: ended(environment))
        assert environment.state.live == before


def test_a_way_back_that_fails_again_and_again_is_left_to_a_person(machine: FakeMachine) -> None:
    with opened(machine) as environment:
        before = environment.state.live
    after = machine.deploy(site(2)).release
    goes_bad(machine, after)
    for path in machine.place.releases.glob(f"{before}*"):
        path.unlink()
    with opened(machine) as environment:
        keeper = AfterSwitch(environment)
        assert looked(environment, keeper, lambda: ended(environment))
        assert (environment.state.live, ended(environment)["result"]) == (after, "failed")
        assert keeper._failed == TRIES


@pytest.mark.parametrize("text", ["{", "[]", '{"rollout": 2, "trial": {"first": 1}, "seen": 7, "starts": null}'])
def test_a_damaged_file_is_as_none(machine: FakeMachine, text: str) -> None:
    machine.deploy(site(2, seconds=0.3))
    with opened(machine) as environment:
        environment.world.evidence.mkdir()
        (environment.world.evidence / "watch.json").write_text(text)
        assert looked(environment, AfterSwitch(environment), lambda: ended(environment))
        assert ended(environment)["result"] == "passed"


def test_a_keeper_that_is_killed_is_followed_by_one_that_knows(machine: FakeMachine) -> None:
    machine.deploy(site(2))
    with opened(machine) as environment:
        first = AfterSwitch(environment)
        file = environment.world.evidence / "watch.json"
        assert looked(environment, first, lambda: file.exists() and json.loads(file.read_text())["trial"])
        known = json.loads(file.read_text())["trial"]
        second = AfterSwitch(environment)
        second.look(lambda: True)
        assert (
            known != {}
            and second._bench.trial.to_data()
            != type(second._bench.trial)(PROBED, "watch", environment.world.history("", 0.3)).to_data()
        )
        first.close()
        second.close()


def test_nothing_is_judged_while_somebody_else_changes_the_environment(machine: FakeMachine) -> None:
    after = machine.deploy(site(2)).release
    goes_bad(machine, after)
    with opened(machine) as environment:
        keeper, lock = AfterSwitch(environment), FileLock(environment.place.lock)
        lock.acquire("fairlead up")
        for _ in range(20):
            keeper.look(lambda: True)
        assert keeper._bench is None
        lock.release()
        assert environment.state.live == after


def test_a_crash_loop_goes_back_at_once(machine: FakeMachine) -> None:
    with opened(machine) as environment:
        before = environment.state.live
    after = machine.deploy(site(2)).release
    with opened(machine) as environment:
        keeper = AfterSwitch(environment)
        keeper.look(lambda: True)
        copy = machine.runtime.copies[f"{after}.web.1"]
        copy.starts += 3
        assert looked(environment, keeper, lambda: ended(environment))
        assert environment.state.live == before
        assert "crash loop" in ended(environment)["reason"]
