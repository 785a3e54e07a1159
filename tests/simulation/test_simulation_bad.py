"""A release that is worse than the old one goes, in time. Seeds are fixed: nothing here can fail by chance."""

import pytest
from benchmarks.verdicts.draws import canary

from tests.simulation.runs import DEAD, FINE, LEVELS, SLOWER, WORSE, Run, aborted, watched


def share(runs):
    """Of the runs that were aborted."""
    runs = list(runs)
    return len(aborted(runs)) / len(runs)


def test_ten_times_the_errors_at_ten_requests_a_minute(seeds):
    assert share(Run(canary(10, WORSE, FINE), seed, probed=True) for seed in seeds(120)) >= 0.8


@pytest.mark.parametrize("probed", [False, True])
def test_ten_times_the_errors_at_a_hundred_requests_a_minute(probed, seeds):
    assert share(Run(canary(100, WORSE, FINE), seed, probed=probed) for seed in seeds(40)) >= 0.99


@pytest.mark.parametrize("rpm", LEVELS)
def test_a_dead_release_is_stopped_within_a_minute(rpm):
    runs = [Run(canary(rpm, DEAD, FINE), seed, every=1, probed=True) for seed in range(10)]
    assert all(run.aborted and run.seconds <= 60 for run in runs)


def test_a_dead_release_is_stopped_without_probes_too():
    assert share(Run(canary(rpm, DEAD, FINE), seed) for rpm in LEVELS for seed in range(4)) == 1


@pytest.mark.parametrize("rpm", [30, 600])
def test_answers_that_take_300_ms_longer(rpm):
    runs = [Run(canary(rpm, SLOWER, FINE), seed) for seed in range(6)]
    assert all((run.last.kind, run.last.cause) == ("abort", "latency") for run in runs)


@pytest.mark.parametrize("bad", [WORSE, DEAD, SLOWER])
def test_the_watch_sees_a_release_go_bad_after_a_minute(bad):
    runs = [Run(watched(rpm, (60, FINE), (540, bad)), seed, mode="watch") for rpm in (100, 600) for seed in range(6)]
    assert share(runs) == 1
    assert all(run.seconds > 60 for run in runs)
