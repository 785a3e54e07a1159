"""What is killed from outside, and a disk that is full: no state lost, the service back by itself."""

import os
import signal
import time

import pytest

from fairlead.ledger import Ledger
from fairlead.operations.environment import existing
from fairlead.operations.history import history
from fairlead.operations.rollback import rollback
from fairlead.operations.status import status
from fairlead.operations.up import up
from fairlead.system import sockets
from fairlead.system.clock import wait_until
from tests.crash.arena import Arena
from tests.crash.test_every_point import chosen, points_of


def longest_gap_after(arena, act):
    """The report of traffic during which `act` was done and everything became whole again."""
    before = arena.live()
    with arena.traffic() as traffic:
        act()
        assert arena.whole() == before
        time.sleep(0.3)  # some requests after everything is well, for the report to end with
        return traffic.stop(wait=5)


@pytest.mark.parametrize("program", ["keeper", pytest.param("supervisord", marks=pytest.mark.long)])
def test_what_looks_after_the_others_may_die_without_a_loss(arena, program):
    killed = arena.pid(program)
    report = longest_gap_after(arena, lambda: arena.kill(program))
    assert report.lost == 0, report.losses
    assert wait_until(lambda: arena.pid(program) != killed, 240)


def test_a_keeper_that_has_just_begun_sees_to_it_that_both_are_there_again(arena):
    arena.whole()
    killed = arena.pid("keeper")
    arena.kill("keeper")
    assert wait_until(lambda: arena.pid("keeper") != killed, 240, most=0.01)
    young = arena.pid("keeper")
    arena.kill("supervisord")  # before the keeper could ask it anything
    assert wait_until(lambda: arena.pid("keeper") != young, 240), "a keeper under the new supervisord"
    arena.whole()


def test_instances_that_outlive_supervisord_are_replaced_one_at_a_time_without_a_loss(arena):
    before = arena.service_processes()
    with arena.traffic() as traffic:
        arena.kill("supervisord")
        assert wait_until(lambda: not arena.service_processes() & before, 180), "survivors nobody looks after"
        arena.whole()
        report = traffic.stop(wait=5)
    assert report.lost == 0, report.losses


@pytest.mark.long  # of the two the next one asks more
def test_the_edge_comes_back_by_itself(arena):
    report = longest_gap_after(arena, lambda: arena.kill("edge"))
    assert report.answered > 0


def test_the_edge_comes_back_when_supervisord_died_before_it(arena):
    edge = arena.pid("edge")
    arena.kill("supervisord")
    arena.whole()
    assert arena.pid("edge") == edge, "an edge that serves is left alone"
    report = longest_gap_after(arena, lambda: arena.kill("edge"))
    assert report.answered > 0


def test_an_instance_that_dies_comes_back_and_others_answer_meanwhile(arena):
    with existing(arena.place) as environment:
        victim = next(one for one in environment.world.runtime.observe() if one.port and one.living)
    held = []

    def kill():
        edge = arena.pid("edge")
        os.kill(edge, signal.SIGSTOP)  # nothing new is sent to it between the look and the kill
        held.append(sockets.open_to(victim.port))
        os.kill(victim.pid, signal.SIGKILL)
        os.kill(edge, signal.SIGCONT)

    report = longest_gap_after(arena, kill)
    most = held[0] + 2  # a request a connection, and what the edge has sent to the dead one at each of its tries
    assert report.lost <= most, "only what was in the dying instance's hands may be lost"


def test_after_a_reboot_up_brings_it_back_as_it_was(arena):
    before = arena.live()
    arena.kill("supervisord", "edge")
    os.killpg(arena.pid("keeper"), signal.SIGKILL)  # with a fork of it that may be at work
    for pid in arena.service_processes():
        os.kill(pid, signal.SIGKILL)
    assert up(arena.place) == before
    assert arena.whole() == before


def test_a_deployer_killed_while_supervisord_dies_too(arena):
    points = points_of(arena, "blue-green")
    before = arena.live()
    arena.write()
    arena.run("deploy", "blue-green", points[len(points) // 2])
    arena.kill("supervisord", "keeper")
    code, _, said = arena.run("recover")
    assert code == 0, said
    up(arena.place)
    assert arena.whole() == before


def test_a_clock_that_is_set_back_a_day_loses_no_state(arena):
    before = arena.live()
    arena.write()
    with arena.traffic() as traffic:
        code, _, said = arena.run("deploy", "blue-green", clock="-86400")
        assert code == 0, said
        assert arena.whole() != before
        report = traffic.stop(wait=5)
    assert report.lost == 0, report.losses
    with Ledger.open(arena.place.ledger) as ledger:
        times = [entry.time for entry in ledger.entries()]
    assert times == sorted(times), "history in the order it happened"


@pytest.fixture(scope="module")
def small_disk(modules_tmpfs, tmp_path_factory):
    """An arena whose home lies on a small file system of its own."""
    folder = tmp_path_factory.mktemp("disk")
    home = modules_tmpfs(folder / "home", "300m")
    arena = Arena(folder, home)
    try:
        code, _, said = arena.run("deploy", "blue-green")
        assert code == 0, said
        yield arena
    finally:
        (home / "filler").unlink(missing_ok=True)
        arena.close()


def test_on_a_full_disk_one_can_look_and_go_back(small_disk):
    arena = small_disk
    before = arena.live()
    arena.write()
    assert arena.run("deploy", "blue-green")[0] == 0
    after = arena.whole()
    with arena.traffic() as traffic:
        fill(arena.home / "filler")
        found = status(arena.place)
        assert found.state is not None and found.state.live == after
        assert rollback(arena.place).release == before
        assert history(arena.place)[0].operation == "rollback"
        report = traffic.stop(wait=5)
    assert report.lost == 0, report.losses
    (arena.home / "filler").unlink()
    assert arena.whole() == before


def fill(path):
    with path.open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(1 << 16))


def test_a_disk_that_fills_up_at_any_point_loses_nothing(small_disk):
    arena = small_disk
    points = points_of(arena, "blue-green")
    sample = [
        *chosen(points, everything=False),
        next(point for point in points if "begun" in point and "route" in point),
    ]
    with arena.traffic() as traffic:
        for point in sample:
            before = arena.live()
            arena.write()
            code, _, said = arena.run("deploy", "blue-green", f"fill:{point}")
            assert "Traceback" not in said
            if code != 0:
                assert "space" in said, (point, said)
            (arena.home / "filler").unlink()
            code_after, _, said_after = arena.run("recover")
            assert code_after == 0, said_after
            live = arena.whole()
            assert (live != before) == (code == 0) or "prune" in point or "commit" in point, point
        report = traffic.stop(wait=5)
    assert report.lost == 0, report.losses
