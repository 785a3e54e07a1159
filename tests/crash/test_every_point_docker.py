"""The same on containers: SIGKILL of the deployer at points of its journal, what is lost, what is left over.

A sample of one strategy runs by default, every point of all of them with `-m long`.
"""

import os
import signal
import time

import pytest

from fairlead.operations.environment import existing
from fairlead.operations.up import up
from fairlead.system.clock import wait_until
from tests.crash.arena import Arena
from tests.crash.test_every_point import STRATEGIES, chosen, interrupted_recovery, kill_and_recover, points_of


@pytest.fixture(scope="module")
def arena(tmp_path_factory, docker_engine):
    from tests.docker_engine import unique  # noqa: PLC0415 — only where there is Docker

    arena = Arena(tmp_path_factory.mktemp("docker"), name=unique("arena"), runtime="docker")
    try:
        code, _, said = arena.run("deploy", "blue-green")
        assert code == 0, said
        yield arena
        arena.close()
    finally:
        docker_engine.remove(arena.name)


def killed_at(arena, strategy, points, failing=False):
    with arena.traffic() as traffic:
        for number, point in enumerate(points):
            kill_and_recover(arena, strategy, point, number, failing)
        report = traffic.stop(wait=5)
    assert report.lost == 0, report.losses


def test_a_kill_at_a_sample_of_points_loses_nothing(arena):
    killed_at(arena, "blue-green", chosen(points_of(arena, "blue-green"), everything=False)[:1])


@pytest.mark.long(sampled=False)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_kill_at_every_point_loses_nothing(arena, strategy):
    killed_at(arena, strategy, points_of(arena, strategy))


@pytest.mark.long(sampled=False)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_kill_at_every_point_of_undoing_loses_nothing(arena, strategy):
    killed_at(arena, strategy, points_of(arena, strategy, failing=True), failing=True)


@pytest.mark.long(sampled=False)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_kill_inside_recovery_loses_nothing(arena, strategy):
    with arena.traffic() as traffic:
        interrupted_recovery(arena, strategy, everything=True)
        report = traffic.stop(wait=5)
    assert report.lost == 0, report.losses


def victim(arena):
    with existing(arena.place) as environment:
        return next(one for one in environment.world.runtime.observe() if one.port and one.living)


@pytest.mark.parametrize("way", [pytest.param("by the kernel", marks=pytest.mark.long), "by docker kill"])
def test_an_instance_that_dies_comes_back_and_others_answer_meanwhile(arena, docker_engine, way):
    before, one = arena.whole(), victim(arena)
    with arena.traffic() as traffic:
        if way == "by the kernel":
            os.kill(one.pid, signal.SIGKILL)
        else:
            docker_engine("kill", f"{arena.name}-local-{one.service}-{one.release}-{one.index}")
        assert wait_until(lambda: victim_is_back(arena, one), 240)
        assert arena.whole() == before
        time.sleep(0.3)  # some requests after everything is well, for the report to end with
        report = traffic.stop(wait=5)
    assert report.answered > 0
    assert report.lost <= 60, "only what was in its hands, and what came before anybody could know"


def victim_is_back(arena, one):
    with existing(arena.place) as environment:
        now = next(each for each in environment.world.runtime.observe() if each.id == one.id)
        return now.living and now.verified and now.pid != one.pid


@pytest.mark.long
def test_after_a_reboot_up_brings_it_back_as_it_was(arena, docker_engine):
    before = arena.whole()
    arena.kill("supervisord")
    os.killpg(arena.pid("keeper"), signal.SIGKILL)
    names = docker_engine.lines("ps", "--quiet", "--filter", f"label=dev.fairlead.project={arena.name}")
    docker_engine("kill", *names)
    assert up(arena.place) == before
    assert arena.whole() == before


def deployments_under_load(arena, strategy, number):
    with arena.traffic() as traffic:
        for _ in range(number):
            arena.write()
            code, _, said = arena.run("deploy", strategy)
            assert code == 0, said
        arena.whole()
        report = traffic.stop(wait=5)
    assert report.lost == 0, report.losses


@pytest.mark.parametrize("strategy", ["rolling", pytest.param("canary", marks=pytest.mark.long)])
def test_a_deployment_under_load_loses_nothing(arena, strategy):
    deployments_under_load(arena, strategy, 1)


@pytest.mark.long(sampled=False)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_twenty_deployments_under_load_lose_nothing(arena, strategy):
    deployments_under_load(arena, strategy, 20)
