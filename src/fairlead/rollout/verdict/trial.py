"""A new release on trial: ticks go in, verdicts come out. The one door to everything in this package."""

from __future__ import annotations

from typing import Any

from fairlead.project.stack import Judge
from fairlead.rollout.verdict.case import Case
from fairlead.rollout.verdict.evidence import History, Mode, Tick
from fairlead.rollout.verdict.ruling import rule
from fairlead.rollout.verdict.verdict import Verdict

_NO_HISTORY = History()


class Trial:
    """Everything known of one new release, and what it says.

    However often it is asked, and whatever the weights are meanwhile, a release no worse than the policy tolerates is
    aborted for the evidence of its errors and its latency with a chance of at most `policy.alpha`. Probes that fail in
    a row are judged by themselves: the chance that they are an accident is half of that at most.
    """

    def __init__(self, policy: Judge, mode: Mode, history: History = _NO_HISTORY) -> None:
        """`history`: what the stable release answered lately. None is fine: what it answers now is used then."""
        self._case = Case(policy, mode, history)

    def add(self, tick: Tick) -> Verdict:
        """Take in what happened since the tick before, of any length. Never raises for what the counts are."""
        self._case.add(tick)
        return self.verdict()

    def verdict(self) -> Verdict:
        """What is known now, without any change to it."""
        return rule(self._case)

    def to_data(self) -> dict[str, Any]:
        """What to go on from after a restart. JSON types."""
        return self._case.to_data()

    @classmethod
    def from_data(cls, policy: Judge, mode: Mode, history: History, data: dict[str, Any]) -> Trial:
        """The inverse of `to_data`, given what the trial was begun with."""
        made = cls(policy, mode, history)
        made._case = Case.from_data(policy, mode, history, data)
        return made
