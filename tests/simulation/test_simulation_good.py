"""A release no worse than the old one stays: whatever the traffic, the errors both have, and how often anybody looks.

Seeds are fixed, so each of these comes out the same on every machine: none can fail by chance.
"""

import pytest
from benchmarks.verdicts.draws import Phase, Release, Scenario, broken, canary

from tests.simulation.runs import FINE, LEVELS, POLICY, RATES, WORSE, Run, aborted, at_most, watched

RUNS = 16  # at each level, of which a commit has half


def looks(seed):
    """Every ten seconds or every minute, with probes or without."""
    return {"every": (10, 60)[seed % 2], "probed": seed % 4 > 1}


@pytest.mark.parametrize(
    "rate", [rate if rate == 0.02 else pytest.param(rate, marks=pytest.mark.long(seconds=5)) for rate in RATES]
)
def test_a_good_release_stays(rate, seeds):
    """No more than alpha of the runs at all levels together, without any allowance."""
    found = aborted(Run(canary(rpm, Release(rate)), seed, **looks(seed)) for rpm in LEVELS for seed in seeds(RUNS))
    assert len(found) <= POLICY.alpha * len(seeds(RUNS)) * len(LEVELS), found


@pytest.mark.parametrize("rpm", [3, 100])
def test_a_look_every_second_changes_nothing(rpm):
    assert aborted(Run(canary(rpm, Release(0.02)), seed, every=1, probed=True) for seed in range(2)) == []


def test_weights_that_go_to_and_fro(seeds):
    """Many steps, up and down: each count belongs to the weight it was made under."""
    steps = ((5, 60), (50, 120), (10, 120), (90, 120), (25, 60), (75, 120), (1, 120), (50, 60))
    found = aborted(Run(canary(rpm, Release(0.02), steps=steps), seed) for rpm in (30, 600) for seed in seeds(RUNS))
    assert len(found) <= at_most(2 * len(seeds(RUNS))), found


def test_errors_of_both_that_rise_while_the_new_one_gets_more_users(seeds):
    """Counts of all the time together would show more errors of the new one, which has had more of the bad minutes."""
    good, bad = Release(0.005), Release(0.04)
    phases = (Phase(300, 5, good, good), Phase(300, 25, good, good), Phase(600, 50, bad, bad))
    found = aborted(Run(Scenario(600, phases), seed) for seed in seeds(RUNS))
    assert len(found) <= at_most(len(seeds(RUNS))), found


def test_answers_that_are_slow_by_nature(seeds):
    slow = Release(0.005, delay=0.25)
    found = aborted(Run(canary(rpm, slow), seed) for rpm in (10, 100, 600) for seed in seeds(RUNS // 2))
    assert found == []


@pytest.mark.parametrize(
    ("share", "probed", "levels"),
    [(1.0, False, (3, 10, 100, 600)), (1.0, True, (10, 100, 600)), (0.5, False, (600,)), (0.5, True, (600,))],
)
def test_what_makes_both_fail_is_not_held_against_the_new_one(share, probed, levels, seeds):
    """Held for as long as it lasts, then it goes on.

    With fewer requests the stable release may have had no answer yet, or a few good ones by chance, in the same while.
    """
    runs = [Run(broken(rpm, share), seed, probed=probed) for rpm in levels for seed in seeds(8)]
    busy = runs[-len(seeds(8)) :]  # with the most requests
    assert aborted(runs) == []
    assert all(run.seen["hold", "environment"] for run in busy)
    assert {run.last.kind for run in busy} <= {"continue", "promote"}


def test_a_good_release_is_not_taken_back_by_the_watch(seeds):
    found = aborted(
        Run(watched(rpm, (600, Release(rate))), seed, mode="watch", **looks(seed))
        for rpm in (10, 100, 600)
        for rate in (0.005,)
        for seed in seeds(RUNS)
    )
    assert len(found) <= at_most(3 * len(seeds(RUNS))), found


@pytest.mark.parametrize("rpm", [100, 600])
def test_it_is_promoted(rpm):
    """What judges no release good judges nothing."""
    assert all(Run(canary(rpm, FINE), seed, probed=True).seen["promote", ""] for seed in range(6))
    assert not any(Run(canary(rpm, WORSE, FINE), seed, probed=True).seen["promote", ""] for seed in range(6))
