"""Whatever the counts are, there is a verdict, and all its numbers are numbers."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.project.stack import Judge
from fairlead.rollout.verdict.evidence import History, Probes, Side, Tick
from fairlead.rollout.verdict.trial import Trial

NUMBER = st.one_of(
    st.integers(-3, 50), st.sampled_from([10**12, 10**15, -1, math.nan, math.inf, -math.inf, 2.5, None, "7", 10**400])
)
BUCKETS = st.lists(st.tuples(NUMBER, NUMBER), max_size=3).map(tuple)
SIDE = st.one_of(
    st.builds(Side, NUMBER, NUMBER, NUMBER, BUCKETS),
    st.integers(0, 200).flatmap(lambda n: st.builds(Side, st.just(n), st.integers(0, n), st.integers(0, n))),
)
SIDES = st.dictionaries(st.sampled_from(["api", "web", ""]), SIDE, max_size=3)
PROBES = st.one_of(st.just(Probes()), st.builds(Probes, NUMBER, NUMBER, NUMBER, NUMBER))
TICK = st.builds(Tick, NUMBER, NUMBER, SIDES, SIDES, PROBES, st.sampled_from(["", "", "trouble"]), st.booleans())
HISTORY = st.builds(History, SIDES, NUMBER)
MODES = st.sampled_from(["canary", "watch", "shadow"])


def finite(value):
    """As strict JSON, which has no inf and no nan."""
    return json.loads(json.dumps(value, allow_nan=False))


@settings(max_examples=150, deadline=None)
@given(st.lists(TICK, max_size=12), MODES, HISTORY)
def test_there_is_always_a_verdict(ticks, mode, history):
    trial = Trial(Judge(), mode, history)
    for tick in ticks:
        verdict = trial.add(tick)
        assert verdict.text
        assert verdict == trial.verdict()
        finite(verdict.to_data())
    again = Trial.from_data(Judge(), mode, history, finite(trial.to_data()))
    assert again.verdict() == trial.verdict()


@pytest.mark.parametrize(
    "side",
    [Side(3, 5), Side(-1), Side(3, 0, 4), Side(3, -1), Side(math.nan), Side(10**15), Side(5, 0, 0, ((0.1, 9),))],
    ids=str,
)
@pytest.mark.parametrize("release", ["canary", "stable"])
def test_counts_that_cannot_be_hold(side, release):
    verdict = Trial(Judge(), "canary").add(Tick(1.0, 5.0, **{release: {"api": side}}))
    assert (verdict.kind, verdict.cause) == ("hold", "metrics")
    assert "make no sense" in verdict.text


@pytest.mark.parametrize("weight", [0.0, 100.0])
def test_none_and_all_of_the_requests(weight):
    trial = Trial(Judge(), "canary")
    for _ in range(20):
        verdict = trial.add(Tick(1.0, weight, {"api": Side(10)}, {"api": Side(10)}))
    assert verdict.kind == "promote"


def test_a_service_without_traffic_and_one_that_only_one_side_has():
    trial = Trial(Judge(), "canary")
    for _ in range(20):
        verdict = trial.add(Tick(1.0, 50.0, {"api": Side(10), "new": Side()}, {"api": Side(10), "old": Side(3)}))
    assert verdict.kind == "promote"
    assert verdict.numbers["services"]["new"]["canary"]["requests"] == 0


def test_huge_counts():
    trial = Trial(Judge(), "canary")
    for _ in range(3):
        verdict = trial.add(Tick(1.0, 50.0, {"api": Side(10**9, 10**6)}, {"api": Side(10**9, 10**6)}))
    assert verdict.kind == "promote"
    verdict = trial.add(Tick(1.0, 50.0, {"api": Side(10**9, 10**8)}, {"api": Side(10**9, 10**6)}))
    assert verdict.kind == "abort"
    finite(verdict.to_data())


def test_frozen_counters_are_no_success():
    trial = Trial(Judge(), "canary")
    trial.add(Tick(1.0, 5.0, {"api": Side(10)}, {"api": Side(190)}))
    for _ in range(50):
        verdict = trial.add(Tick(1.0, 5.0, {"api": Side()}, {"api": Side()}))
    assert verdict.kind == "continue"
