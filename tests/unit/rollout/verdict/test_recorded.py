"""Counts as a real edge gave them, once in each second: what came of them is what a person would say."""

from __future__ import annotations

from fairlead.project.stack import Judge
from fairlead.rollout.verdict.evidence import Probes, Side, Tick
from fairlead.rollout.verdict.trial import Trial
from fairlead.rollout.verdict.verdict import Verdict

POLICY = Judge(errors_below=0.1)


def judged(*ticks: tuple[float, tuple[int, int], tuple[int, int]]) -> list[Verdict]:
    """(weight, canary, stable) for each second, both as (requests, errors)."""
    trial = Trial(POLICY, "canary")
    found = []
    for number, (weight, canary, stable) in enumerate(ticks):
        sides = {"web": Side(*canary, slow=0)}, {"web": Side(*stable, slow=0)}
        found.append(trial.add(Tick(1.0, weight, *sides, probes=Probes(sent=int(number % 6 == 0)))))
    return found


def test_what_both_depend_on_goes_down_and_comes_back() -> None:
    well = [(25.0, (29, 0), (89, 0)), (25.0, (29, 0), (88, 0))]
    down = [(50.0, (59, 46), (59, 51)), *[(50.0, (60, 60), (60, 60))] * 10]
    again = [(50.0, (60, 0), (60, 0))] * 20
    found = judged(*well, *down, *again)
    assert not [one for one in found if one.kind == "abort"]
    assert {(one.kind, one.cause) for one in found[4:13]} == {("hold", "environment")}
    assert found[-1].kind == "promote"


def test_the_same_with_the_new_release_alone_is_its_own_fault() -> None:
    found = judged((25.0, (29, 0), (89, 0)), (50.0, (59, 46), (59, 0)), (50.0, (59, 59), (59, 0)))
    assert (found[-1].kind, found[-1].cause) == ("abort", "errors")
