"""Where going on, or going back, is hard: what stands in the way must not lock the environment or cost users."""

import os
import signal
import time

from fairlead.ledger import Ledger
from fairlead.operations.environment import existing
from fairlead.operations.status import status
from fairlead.operations.up import stop
from fairlead.rollout.journal import open_rollout
from fairlead.rollout.orders import give
from fairlead.rollout.state import read_state


def until(done, seconds=90.0):
    """Wait until it is true; what it last said."""
    end = time.monotonic() + seconds
    while not (said := done()) and time.monotonic() < end:
        time.sleep(0.2)
    return said


def reach(deployer, state, kind):
    """Read on until the deployer has passed the first point of that state (before, begun …) of such a step."""
    for line in deployer.stdout:
        if line.startswith(state) and line.strip().endswith(f":{kind}"):
            return
    raise AssertionError(f"the deployer ended before {state} {kind}")


def test_a_worker_that_cannot_come_back_does_not_keep_a_rollout_from_being_undone(arena):
    before = arena.live()
    arena.write()
    arena.no_worker.touch()
    try:
        with arena.traffic() as traffic:
            code, _, said = arena.run("deploy", "blue-green")
            assert code == 1, said
            with Ledger.open(arena.place.ledger) as ledger:
                closed = ledger.last("rollout.closed").data
            assert (closed["result"], len(closed["incomplete"])) == ("undone", 1)
            report = traffic.stop(wait=5)
    finally:
        arena.no_worker.unlink()
    assert report.lost == 0, report.losses
    assert arena.whole() == before, "the keeper brings the worker back when it can be"


def test_a_deployer_killed_while_an_instance_ends_loses_nothing(arena):
    """The application ignores SIGTERM, so what is told to end goes on answering for its whole grace."""
    arena.write(more=", IGNORE_SIGTERM: '1'")
    assert arena.run("deploy", "blue-green")[0] == 0
    before = arena.whole()
    arena.write(more=", IGNORE_SIGTERM: '1'")
    with arena.traffic() as traffic:
        deployer = arena.begin("deploy", "rolling")
        with deployer.stdout:
            reach(deployer, "begun", "rest")
            assert until(lambda: "stopping" in phases(arena))
            deployer.kill()
            deployer.wait()
        assert arena.whole() == before
        report = traffic.stop(wait=5)
    assert report.lost == 0, report.losses
    arena.write()
    assert arena.run("deploy", "blue-green")[0] == 0
    arena.whole()


def phases(arena):
    with existing(arena.place) as environment:
        return {one.phase for one in environment.world.runtime.observe()}


def test_a_live_instance_that_restarts_during_a_canary_gets_its_users_back(arena):
    """The canary lasts until it was looked who has users, however long that takes."""
    before = arena.live()
    arena.write(pause="20m")
    deployer = arena.begin("deploy", "canary")
    with deployer.stdout:
        reach(deployer, "begun", "watch")
        for one in instances(arena, before):
            os.kill(one.pid, signal.SIGKILL)
        assert until(lambda: all(one.living and one.verified for one in instances(arena, before)))
        assert until(lambda: f"web-{before}" in weights(arena)), weights(arena)
        with Ledger.open(arena.place.ledger) as ledger:
            assert open_rollout(ledger), "the canary goes on"
            give(ledger, ledger.last("rollout.begun").rollout, "promote", {"user": "ada", "host": "desk"}, "")
        deployer.stdout.read()
    assert deployer.wait() == 0
    assert arena.whole() != before


def instances(arena, release):
    with existing(arena.place) as environment:
        return [one for one in environment.world.instances_of(release, "web") if one.pid or one.phase != "stopped"]


def weights(arena):
    with existing(arena.place) as environment:
        return next(iter(environment.world.edge.table_in_force().values()), {})


def test_the_same_content_after_a_stop_is_brought_up(arena):
    before = arena.live()
    stop(arena.place)
    assert arena.run("deploy", "blue-green")[0] == 0
    assert arena.whole() == before


def test_a_deployment_to_a_stopped_environment_that_is_killed_is_recovered(arena):
    before = arena.live()
    stop(arena.place)
    arena.write()
    deployer = arena.begin("deploy", "blue-green")
    with deployer.stdout:
        reach(deployer, "before", "verify")
        deployer.kill()
        deployer.wait()
    assert arena.whole() == before
    with Ledger.open(arena.place.ledger) as ledger:
        assert not read_state(ledger).stopped


def test_over_a_damaged_release_file_a_deployment_loses_nobody(arena):
    before = arena.live()
    (arena.place.releases / f"{before}.json").write_text("")
    arena.write()
    with arena.traffic() as traffic:
        code, _, said = arena.run("deploy", "blue-green")
        assert code == 0, said
        report = traffic.stop(wait=5)
    assert report.lost == 0, report.losses
    assert arena.whole() != before


def test_a_release_without_any_file_takes_nothing_down_and_the_next_deployment_replaces_it(arena):
    before = arena.live()
    (arena.place.releases / f"{before}.json").write_text("")
    (arena.place.releases / f"{before}.copy").unlink()
    arena.kill("keeper")
    assert status(arena.place).live
    assert weights(arena) == {f"web-{before}": 100}
    arena.write()
    code, _, said = arena.run("deploy", "blue-green")
    assert code == 0, said
    assert arena.whole() != before
