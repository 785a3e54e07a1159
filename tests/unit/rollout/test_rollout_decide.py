"""From a verdict to the next move: every pair of what is known and what was asked for."""

from dataclasses import replace

import pytest

from fairlead.project.stack import Judge
from fairlead.rollout.verdict.decide import Moment, decide
from fairlead.rollout.verdict.verdict import Verdict

POLICY = Judge(hold_for=100.0)
PROMOTE, GOING = Verdict("promote", "", "good"), Verdict("continue", "", "nothing speaks against it")
BAD = Verdict("abort", "errors", "bad")
NOTHING = Verdict("hold", "insufficient", "no answer yet")
EVERYWHERE = Verdict("hold", "environment", "bad everywhere")
BLIND = Verdict("hold", "metrics", "the edge does not answer")
DURING = Moment(elapsed=5.0, seconds=10.0, need="proof")
OVER = replace(DURING, elapsed=11.0)
LATE = replace(DURING, elapsed=111.0)


@pytest.mark.parametrize(
    "verdict,now,move",
    [
        (GOING, DURING, "stay"),
        (PROMOTE, DURING, "stay"),  # a step lasts as long as it says
        (PROMOTE, OVER, "go"),
        (GOING, OVER, "stay"),
        (GOING, LATE, "wait"),
        (GOING, replace(OVER, need="something"), "go"),
        (NOTHING, replace(OVER, need="something"), "stay"),
        (NOTHING, replace(LATE, need="something"), "wait"),
        (NOTHING, replace(OVER, need="nothing"), "go"),
        (EVERYWHERE, replace(OVER, need="nothing"), "stay"),
        (EVERYWHERE, OVER, "stay"),
        (BLIND, LATE, "wait"),
        (BAD, DURING, "fail"),
        (BAD, replace(OVER, need="nothing"), "fail"),
        # people
        (BAD, replace(DURING, promoted=True), "fail"),  # what is shown to be bad is nobody's to promote
        (GOING, replace(DURING, promoted=True), "go"),
        (EVERYWHERE, replace(DURING, promoted=True), "go"),
        (GOING, replace(DURING, approved=True), "stay"),
        (GOING, replace(OVER, approved=True), "go"),
        (PROMOTE, replace(OVER, paused=True), "stay"),
        (PROMOTE, replace(LATE, paused=True), "wait"),
        (GOING, replace(OVER, approved=True, paused=True), "stay"),
        (GOING, replace(OVER, hurry=True), "stay"),
        (GOING, replace(OVER, elapsed=13.0, hurry=True), "wait"),
        (PROMOTE, replace(OVER, hurry=True), "go"),
    ],
)
def test_decide(verdict: Verdict, now: Moment, move: str) -> None:
    assert decide(POLICY, verdict, now) == move


@pytest.mark.parametrize(
    "insufficient,now,move",
    [
        ("abort", OVER, "fail"),
        ("extend", OVER, "stay"),
        ("extend", LATE, "fail"),
        ("hold", LATE, "wait"),
        ("promote-if-probes-pass", replace(OVER, probes=3), "go"),
        ("promote-if-probes-pass", replace(OVER, probes=3, failed_probes=1), "stay"),
        ("promote-if-probes-pass", OVER, "stay"),
        ("promote-if-probes-pass", replace(LATE, probes=3, failed_probes=1), "wait"),
    ],
)
def test_too_little_is_known(insufficient: str, now: Moment, move: str) -> None:
    policy = replace(POLICY, insufficient=insufficient)
    assert decide(policy, GOING, now) == move
    assert decide(policy, EVERYWHERE, now) in ("stay", "wait"), "a bad environment is no lack of evidence"
