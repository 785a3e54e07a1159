"""The test of Mann and Whitney on buckets, against scipy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.rollout.verdict.evidence import Side
from fairlead.rollout.verdict.ranks import Buckets, slower
from tests.late import Late

stats = Late("scipy.stats")

COUNTS = st.lists(st.integers(0, 60), min_size=4, max_size=4)


@settings(max_examples=100, deadline=None)
@given(COUNTS, COUNTS)
def test_it_is_what_scipy_says(canary, stable):
    found = slower(canary, stable)
    if min(sum(canary), sum(stable)) < 50 or sum(a + b > 0 for a, b in zip(canary, stable, strict=True)) < 2:
        assert found is None
        return
    values = [[place for place, count in enumerate(counts) for _ in range(count)] for counts in (canary, stable)]
    expected = stats.mannwhitneyu(*values, alternative="greater", method="asymptotic", use_continuity=False)
    assert found.chance == pytest.approx(expected.statistic / (sum(canary) * sum(stable)))
    assert stats.norm.sf(found.deviations) == pytest.approx(expected.pvalue, abs=1e-9)


def side(*counts, beyond=0):
    return Side(sum(counts) + beyond, buckets=tuple(zip((0.1, 0.3, 1.2), counts, strict=True)))


def test_all_a_little_slower_is_seen_and_noise_is_not():
    assert slower([20, 100, 30], [100, 100, 10]).clearly
    assert not slower([100, 100, 11], [100, 100, 10]).clearly


def test_a_sure_but_small_difference_is_not_clear():
    view = slower([480_000, 520_000], [500_000, 500_000])
    assert view.deviations > 10
    assert not view.clearly


def test_answers_beyond_the_last_bucket_are_the_slowest():
    buckets = Buckets()
    buckets.add(side(0, 0, 0, beyond=60), side(60, 0, 0))
    assert buckets.view().chance == 1


def test_it_begins_anew_with_other_buckets_and_leaves_out_a_side_that_has_others():
    buckets = Buckets()
    buckets.add(side(60, 0, 0), side(60, 0, 0))
    buckets.add(Side(60, buckets=((0.5, 60),)), side(60, 0, 0))
    assert buckets.view() is None
    assert Buckets.from_data(buckets.to_data()).to_data() == buckets.to_data()
