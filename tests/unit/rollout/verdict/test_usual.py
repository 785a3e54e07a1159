"""What a release may have before anybody speaks of a bad one."""

import pytest

from fairlead.project.stack import Judge
from fairlead.rollout.verdict.usual import Count, errors_allowance, promotion_limit, slow_allowance

ERRORS = errors_allowance(Judge())


def test_of_a_well_known_release_it_is_what_is_tolerated_of_its_bound():
    assert ERRORS.limit(Count(720, 14_400), Count()) == pytest.approx(1.5 * 0.0532, rel=0.02)


def test_a_third_of_what_may_be_promoted_is_always_fine():
    assert ERRORS.limit(Count(0, 10**6), Count()) == pytest.approx(0.02 / 3)
    assert errors_allowance(Judge(errors_below=0.3)).limit(Count(0, 10**6), Count()) == pytest.approx(0.1)


@pytest.mark.parametrize("share", [0.0, 0.005, 0.02, 0.1, 0.2])
@pytest.mark.parametrize("events", [0, 1, 5, 20, 100, 999])
def test_while_little_is_known_it_is_above_the_real_share(share, events):
    assert ERRORS.limit(Count(), Count(round(share * events), events)) >= share


def test_what_it_answers_now_counts_until_the_history_is_thick():
    live = Count(100, 1000)
    assert ERRORS.limit(Count(0, 10), live) > 0.1
    assert ERRORS.limit(Count(0, 10_000), live) < 0.01


def test_more_than_half_is_never_fine_but_slow_answers_may_be():
    assert ERRORS.limit(Count(), Count(100, 100)) == 0.5
    assert slow_allowance(Judge()).limit(Count(800, 1000), Count()) == 1
    assert slow_allowance(Judge()).limit(Count(), Count()) == 1


def test_how_many_failures_in_a_row_are_no_accident():
    known = {share: Count(round(share * 10_000), 10_000) for share in (0.0, 0.005, 0.02, 0.1, 0.5)}
    assert {share: ERRORS.failures_that_count(one, Count(), 0.01) for share, one in known.items()} == {
        0.0: 3, 0.005: 3, 0.02: 3, 0.1: 5, 0.5: 16,
    }  # fmt: skip
    assert ERRORS.failures_that_count(Count(), Count(), 0.01) == 3


def test_the_limit_of_promotion():
    assert promotion_limit(Judge(), Count()) == 0.02
    assert promotion_limit(Judge(), Count(100, 1000)) == pytest.approx(0.15)
    assert promotion_limit(Judge(), Count(900, 1000)) == 0.25
    assert promotion_limit(Judge(errors_below=0.001), Count(900, 1000)) == 0.001
