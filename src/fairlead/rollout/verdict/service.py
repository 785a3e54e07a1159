"""All that is known of one service of both releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fairlead.project.stack import Judge
from fairlead.rollout.verdict.evidence import Side
from fairlead.rollout.verdict.metric import Metric
from fairlead.rollout.verdict.ranks import Buckets
from fairlead.rollout.verdict.ratio import Shares
from fairlead.rollout.verdict.usual import Count, errors_allowance, slow_allowance

NOBODY = Side()


@dataclass(frozen=True, slots=True)
class Change:
    """One tick of one service."""

    seconds: float
    weight: float
    canary: Side
    stable: Side
    both: bool  #: whether both releases have it
    probes: Count  #: failures of Fairlead's own requests, where they count for this service
    seal: bool  #: the weight has changed, or the edge began its round robin anew


class Service:
    """Counts and evidence of one service."""

    def __init__(self, policy: Judge, history: Side) -> None:
        """`history`: what the stable release answered lately."""
        self.errors = Metric(errors_allowance(policy), _errors(history))
        self.slow = Metric(slow_allowance(policy), _slow(history))
        self.buckets, self.shares = Buckets(), Shares()

    def add(self, change: Change) -> None:
        """Take one tick in."""
        canary, stable = change.canary, change.stable
        self.errors.add(change.seconds, _errors(canary), _errors(stable), change.probes, change.seal)
        self.slow.add(change.seconds, _slow(canary), _slow(stable), Count(), change.seal)
        if canary.buckets or stable.buckets:
            self.buckets.add(canary, stable)
        if change.both:
            self.shares.add(change.weight, canary.requests, stable.requests, change.seal)

    @property
    def answers(self) -> Count:
        """Errors of the new release, users' and Fairlead's own requests."""
        return self.errors.canary.plus(self.errors.extra)

    @property
    def stable(self) -> Count:
        """Errors of the stable release, as far as is known."""
        return self.errors.allowance.known(self.errors.history, self.errors.stable)

    def to_data(self) -> dict[str, Any]:
        """JSON types."""
        parts = {"errors": self.errors, "slow": self.slow, "buckets": self.buckets, "shares": self.shares}
        return {name: part.to_data() for name, part in parts.items()}  # type: ignore[attr-defined]

    @classmethod
    def from_data(cls, policy: Judge, history: Side, data: dict[str, Any]) -> Service:
        """The inverse of `to_data`."""
        made = cls(policy, history)
        made.errors = Metric.from_data(made.errors.allowance, made.errors.history, data["errors"])
        made.slow = Metric.from_data(made.slow.allowance, made.slow.history, data["slow"])
        made.buckets, made.shares = Buckets.from_data(data["buckets"]), Shares.from_data(data["shares"])
        return made


def _errors(side: Side) -> Count:
    return Count(side.errors, side.requests)


def _slow(side: Side) -> Count:
    return Count() if side.slow is None else Count(side.slow, side.requests)
