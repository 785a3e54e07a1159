"""SIGKILL of the deployer at every journal point: nothing lost, nothing left over, one release has the traffic.

The points come from a run that is not killed, never from a list. A sample of them runs by default, others for each
commit, all of them with `-m long`.
"""

import pytest

from tests.schedule import rotated

STRATEGIES = ("blue-green", "canary", "rolling")
SAMPLE = 1  #: points of each strategy in the normal run


def chosen(points, everything):
    """All points, or a few that rotate with the commit that is tested."""
    return points if everything else rotated(points)[:SAMPLE]


def one_strategy():
    """Parameters: one strategy in the normal run, another for the next commit; each of them is in the long one."""
    first, *others = rotated(STRATEGIES)
    return [first, *(pytest.param(one, marks=pytest.mark.long(seconds=25)) for one in others)]


def points_of(arena, strategy, failing=False):
    """Every point a deployment passes, from one that is not killed."""
    arena.write(smoke="/fail" if failing else "/health")
    code, points, said = arena.run("deploy", strategy)
    assert code == (1 if failing else 0), said
    assert len(points) == len(set(points)) > 20
    arena.settle()
    return [point for point in points if point.startswith("undo")] if failing else points


def kill_and_recover(arena, strategy, point, number, failing=False):
    """Deploy, die at the point, and let either the next command or the keeper finish."""
    before = arena.live()
    arena.write(smoke="/fail" if failing else "/health")
    code, points, said = arena.run("deploy", strategy, point)
    assert code == -9, (point, said)
    assert points[-1] == point
    if number % 2:
        code, _, said = arena.run("recover")
        assert code == 0, said
    live = arena.whole()
    committed = ("commit" in point and not point.startswith(("before", "begun"))) or "prune" in point
    assert (live != before) == committed, point


@pytest.mark.parametrize("strategy", one_strategy())
def test_a_kill_at_a_sample_of_points_loses_nothing(arena, strategy):
    points = points_of(arena, strategy)
    with arena.traffic() as traffic:
        for number, point in enumerate(chosen(points, everything=False)):
            kill_and_recover(arena, strategy, point, number)
        report = traffic.stop()
    assert report.lost == 0, report.losses


@pytest.mark.long(sampled=False)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_kill_at_every_point_loses_nothing(arena, strategy):
    points = points_of(arena, strategy)
    with arena.traffic() as traffic:
        for number, point in enumerate(points):
            kill_and_recover(arena, strategy, point, number)
        report = traffic.stop()
    assert report.lost == 0, report.losses


@pytest.mark.parametrize("strategy", one_strategy())
def test_a_kill_while_undoing_loses_nothing(arena, strategy):
    points = points_of(arena, strategy, failing=True)
    with arena.traffic() as traffic:
        point = chosen(points, everything=False)[0]
        kill_and_recover(arena, strategy, point, STRATEGIES.index(strategy), failing=True)
        report = traffic.stop()
    assert report.lost == 0, report.losses


@pytest.mark.long(sampled=False)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_kill_at_every_point_of_undoing_loses_nothing(arena, strategy):
    points = points_of(arena, strategy, failing=True)
    with arena.traffic() as traffic:
        for number, point in enumerate(points):
            kill_and_recover(arena, strategy, point, number, failing=True)
        report = traffic.stop()
    assert report.lost == 0, report.losses


def interrupted_recovery(arena, strategy, everything):
    """Kill a deployer late in its plan, then whoever recovers at points of the recovery, then let it end."""
    late = [point for point in points_of(arena, strategy) if point.startswith("acted") and "route" in point][-1]
    arena.write()
    with arena.keeper_asleep():
        assert arena.run("deploy", strategy, late)[0] == -9
        code, points, said = arena.run("recover")
        assert code == 0, said
    assert len(points) > 8
    for point in chosen(points, everything):
        before = arena.live()
        arena.write()
        with arena.keeper_asleep():
            assert arena.run("deploy", strategy, late)[0] == -9
            assert arena.run("recover", point)[0] == -9, point
        assert arena.whole() == before, point


@pytest.mark.parametrize(
    ("strategy", "everything"),
    [
        pytest.param("blue-green", False, id="a sample"),
        *(pytest.param(strategy, True, id=strategy, marks=pytest.mark.long(sampled=False)) for strategy in STRATEGIES),
    ],
)
def test_a_kill_inside_recovery_loses_nothing(arena, strategy, everything):
    with arena.traffic() as traffic:
        interrupted_recovery(arena, strategy, everything)
        report = traffic.stop()
    assert report.lost == 0, report.losses
