"""Whether requests are shared as asked."""

import math
import random

import pytest

from fairlead.rollout.verdict.ratio import Shares
from tests.late import Late

stats = Late("scipy.stats")


def counted(weight, canary, stable):
    shares = Shares()
    shares.add(weight, 0, 0, anew=False)
    shares.add(weight, canary, stable, anew=False)
    return shares


def test_it_is_the_beta_binomial_against_the_binomial():
    expected = stats.betabinom.logpmf(30, 200, 1, 1) - stats.binom.logpmf(30, 200, 0.05)
    assert counted(5, 30, 170).log() == pytest.approx(expected)


@pytest.mark.parametrize(("weight", "heavy"), [(1, 99), (5, 18), (10, 9), (25, 3), (50, 1)])
def test_a_round_robin_that_begins_with_the_heavy_side_is_no_mistake(weight, heavy):
    for turns in range(3):
        assert not counted(weight, turns, heavy * (turns + 1)).wrong(1)


def test_all_to_one_side_is_wrong():
    assert counted(5, 0, 400).wrong(1)
    assert counted(5, 12, 0).wrong(1)
    assert counted(50, 100, 10).wrong(3)


def test_a_little_off_is_fine_however_sure():
    assert counted(5, 55_000, 945_000).log() > 100
    assert not counted(5, 55_000, 945_000).wrong(1)


def test_nothing_is_asked_of_all_or_none():
    for weight in (0, 100):
        shares = counted(weight, 100, 100)
        assert shares.log() == 0
        assert not shares.wrong(1)


def test_another_weight_or_a_reload_begins_anew():
    shares = counted(5, 0, 400)
    shares.add(10, 0, 400, anew=False)
    assert (shares.canary, shares.stable) == (0, 0)
    shares.add(10, 3, 20, anew=False)
    assert Shares.from_data(shares.to_data()).to_data() == {"weight": 10, "canary": 3, "stable": 20}
    shares.add(10, 1, 2, anew=True)
    assert (shares.canary, shares.stable) == (0, 0)


def test_requests_by_chance_trip_it_hardly_ever():
    rng, tripped = random.Random(7), 0
    for _ in range(300):
        shares = counted(10, 0, 0)
        for _ in range(300):
            mine = int(rng.random() < 0.1)
            shares.add(10, mine, 1 - mine, anew=False)
            tripped += shares.log() >= math.log(1000)
    assert not tripped
