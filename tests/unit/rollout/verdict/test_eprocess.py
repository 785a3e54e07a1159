"""Evidence: what it comes to, and that nobody gets rich while nothing is wrong."""

import json
import math
import random

import pytest

from fairlead.rollout.verdict.eprocess import EPOCH, ODDS, SPREAD, Evidence, average
from tests.late import Late

stats = Late("scipy.stats")


def test_it_is_the_likelihood_ratio_of_the_alternatives_and_what_is_kept():
    evidence = Evidence()
    evidence.add(7, 40, 0.05)
    chances = [odds * 0.05 / (1 + (odds - 1) * 0.05) for odds in ODDS]
    ratios = [stats.binom.pmf(7, 40, chance) / stats.binom.pmf(7, 40, 0.05) for chance in chances]
    assert math.exp(evidence.log()) == pytest.approx(
        0.8 * sum(part * ratio for part, ratio in zip(SPREAD, ratios, strict=True)) / sum(SPREAD) + 0.2
    )


@pytest.mark.parametrize("chance", [0.001, 0.05, 0.4])
def test_its_expectation_is_one_where_the_chance_is_as_said(chance):
    def value(hits):
        evidence = Evidence()
        evidence.add(hits, 30, chance)
        return math.exp(evidence.log())

    assert sum(stats.binom.pmf(hits, 30, chance) * value(hits) for hits in range(31)) == pytest.approx(1)
    assert sum(stats.binom.pmf(hits, 30, chance / 2) * value(hits) for hits in range(31)) < 1


@pytest.mark.parametrize("rate", [0.005, 0.02, 0.1, 0.4])
def test_of_two_sides_that_are_equal_up_to_the_ratio_the_expectation_is_one_at_most(rate):
    """Unconditionally, for any rate: the factors of both sides cancel. 20 requests against 60, ratio 1.5."""
    share = 1.5 * 20 / (1.5 * 20 + 60)
    total = 0.0
    for mine in range(21):
        for theirs in range(61):
            evidence = Evidence()
            evidence.add(mine, mine + theirs, share)
            weight = stats.binom.pmf(mine, 20, 1.5 * rate) * stats.binom.pmf(theirs, 60, rate)
            total += weight * math.exp(evidence.log())
    assert total <= 1 + 1e-9


def test_looking_after_each_event_crosses_the_line_no_more_often_than_alpha():
    rng, crossed = random.Random(1), 0
    for _ in range(400):
        evidence = Evidence()
        for _ in range(150):
            evidence.add(int(rng.random() < 0.1), 1, 0.1)
            evidence.pass_time(1)
            if evidence.log() >= math.log(10):
                crossed += 1
                break
    assert crossed / 400 <= 0.1


def test_what_goes_bad_late_is_still_noticed():
    evidence = Evidence()
    for _ in range(100):
        evidence.add(0, 1000, 0.01)
        evidence.pass_time(EPOCH)
    evidence.add(20, 20, 0.01)
    assert evidence.log() > math.log(1000)


def test_impossible_chances_say_nothing():
    evidence = Evidence()
    for chance in (0.0, 1.0, -1.0, math.nan):
        evidence.add(5, 5, chance)
    evidence.add(0, 0, 0.1)
    assert evidence.log() == pytest.approx(0)


def test_huge_counts_stay_numbers_and_a_cap_caps():
    evidence = Evidence()
    evidence.add(10**12, 10**12, 0.01)
    assert math.isfinite(evidence.log())
    evidence.cap(5.0)
    assert evidence.log() == pytest.approx(5.0, abs=0.01)


def test_it_goes_on_from_its_data():
    evidence = Evidence()
    evidence.add(3, 40, 0.02)
    evidence.pass_time(EPOCH + 1)
    again = Evidence.from_data(json.loads(json.dumps(evidence.to_data())))
    for one in (evidence, again):
        one.add(2, 9, 0.02)
        one.pass_time(EPOCH)
    assert again.log() == evidence.log()


def test_the_average():
    assert average([]) == 0
    assert average([(0.5, math.log(9)), (0.25, math.log(4))]) == pytest.approx(math.log(4.5 + 1 + 0.25))
