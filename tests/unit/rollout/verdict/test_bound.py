"""The bound on errors, against scipy and statsmodels."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fairlead.rollout.verdict.bound import events_needed, incomplete_beta, upper_bound
from tests.late import Late

special = Late("scipy.special")
stats = Late("scipy.stats")
proportion = Late("statsmodels.stats.proportion")


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
@example((999, 132579327), 0.5)
def test_the_upper_bound_is_that_of_clopper_and_pearson(counts, confidence):
    """To a millionth, by scipy's distribution: its `ppf` is off now and then (999 of 132,579,327, at 0.5)."""
    hits, events = counts
    found = upper_bound(hits, events, confidence)
    if hits == events:
        assert found == 1
        return
    below, above = (stats.beta.cdf(min(1, found * by), hits + 1, events - hits) for by in (1 - 1e-6, 1 + 1e-6))
    assert below - 1e-9 <= confidence <= above + 1e-9


@settings(max_examples=200, deadline=None)
@given(st.floats(0.5, 1e6), st.floats(0.5, 1e6), st.floats(1e-9, 1 - 1e-9))
def test_the_incomplete_beta_function(a, b, x):
    assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-5, abs=1e-9)


def test_statsmodels_agrees():
    _, upper = proportion.proportion_confint(3, 400, alpha=0.1, method="beta")
    assert upper_bound(3, 400, 0.95) == pytest.approx(upper, rel=1e-9)


def test_the_ends():
    assert upper_bound(0, 0, 0.95) == 1
    assert upper_bound(7, 7, 0.95) == 1
    assert upper_bound(0, 60, 0.95) == pytest.approx(1 - 0.05 ** (1 / 60))
    assert incomplete_beta(2, 3, -1) == 0
    assert incomplete_beta(2, 3, 2) == 1


@pytest.mark.parametrize(
    ("limit", "needed"),
    [
        (0.10, (29, 46, 61, 103)),
        (0.05, (59, 93, 124, 208)),
        (0.01, (299, 473, 628, 1049)),
        (0.02, (149, 236, 313, 523)),
    ],
)
def test_so_many_answers_show_a_limit(limit, needed):
    assert tuple(events_needed(hits, limit, 0.95) for hits in (0, 1, 2, 5)) == needed


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 500), st.floats(0.001, 0.5))
def test_one_answer_fewer_would_not_show_it(hits, limit):
    needed = events_needed(hits, limit, 0.95)
    assert stats.binom.cdf(hits, needed, limit) <= 0.05 * (1 + 1e-9)
    assert stats.binom.cdf(hits, needed - 1, limit) > 0.05 * (1 - 1e-9)


def test_a_limit_that_is_none_needs_hardly_anything():
    assert events_needed(3, 1.0, 0.95) == 4
    assert math.isfinite(upper_bound(10**6, 10**9, 0.95))
