"""The same with many runs, each level by itself."""

import pytest
from benchmarks.verdicts.draws import Release, canary

from tests.simulation.runs import FINE, LEVELS, POLICY, RATES, WORSE, Run, aborted

pytestmark = pytest.mark.long

RUNS = 300


@pytest.mark.parametrize("probed", [False, True])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("rpm", LEVELS)
def test_a_good_release_stays_at_each_level(rpm, rate, probed):
    found = aborted(Run(canary(rpm, Release(rate)), seed, probed=probed) for seed in range(RUNS))
    assert len(found) <= POLICY.alpha * RUNS, found


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("rpm", LEVELS)
def test_a_look_every_second_changes_nothing(rpm, rate):
    runs = 100
    found = aborted(Run(canary(rpm, Release(rate)), seed, every=1) for seed in range(1000, 1000 + runs))
    assert len(found) <= POLICY.alpha * runs, found


@pytest.mark.parametrize(("rpm", "least"), [(10, 0.8), (100, 0.99)])
def test_ten_times_the_errors(rpm, least):
    found = aborted(Run(canary(rpm, WORSE, FINE), seed, probed=True) for seed in range(RUNS))
    assert len(found) >= least * RUNS
