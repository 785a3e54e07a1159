"""Is the new release slower as a whole? The test of Mann and Whitney (1947) on counts by bucket: a second view.

It sees what the share over the threshold does not, a slowdown of everything, and never aborts: it is not made to be
looked at every second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fairlead.rollout.verdict.evidence import Side

_LEAST = 50  #: answers of each side below which nothing is said
_CLEARLY = 3.09  #: standard deviations: one in a thousand
_MATERIAL = 0.6  #: chance that an answer of the new release is the slower of two; 0.5 is equal


@dataclass(frozen=True, slots=True)
class Slower:
    """What the test says. `chance` that of two answers the new release's is the slower, ties halved."""

    chance: float
    deviations: float

    @property
    def clearly(self) -> bool:
        """Whether it is sure enough, and large enough to matter."""
        return self.deviations > _CLEARLY and self.chance > _MATERIAL


def slower(canary: list[int], stable: list[int]) -> Slower | None:
    """Compare answers per bucket, fastest bucket first; None where there are too few or nothing to compare.

    Normal approximation with the correction for ties (Lehmann, Nonparametrics, 1975).
    """
    mine, theirs = sum(canary), sum(stable)
    total = mine + theirs
    if len(canary) != len(stable) or min(mine, theirs) < _LEAST:
        return None
    wins, below = 0.0, 0
    for ours, other in zip(canary, stable, strict=True):
        wins += ours * (below + other / 2)
        below += other
    ties = sum(_cubic(ours + other) for ours, other in zip(canary, stable, strict=True))
    spread = mine * theirs / 12 * ((_cubic(total) - ties) / (total * (total - 1)))
    if spread <= 0:
        return None
    return Slower(wins / (mine * theirs), (wins - mine * theirs / 2) / math.sqrt(spread))


def _cubic(count: int) -> int:
    return count**3 - count


class Buckets:
    """Latencies of both sides so far. Begins anew where the bounds of the buckets change."""

    def __init__(self) -> None:
        """Nothing measured."""
        self._bounds: list[float] = []
        self._canary: list[int] = []
        self._stable: list[int] = []

    def add(self, canary: Side, stable: Side) -> None:
        """Take both sides of one tick in, where both measured the same buckets."""
        bounds = [bound for bound, _ in canary.buckets or stable.buckets]
        if not bounds:
            return
        if bounds != self._bounds:
            self._bounds, self._canary, self._stable = bounds, [0] * (len(bounds) + 1), [0] * (len(bounds) + 1)
        for counts, side in ((self._canary, canary), (self._stable, stable)):
            if [bound for bound, _ in side.buckets] == bounds:
                _count(counts, side)

    def view(self) -> Slower | None:
        """What the test says of all so far."""
        return slower(self._canary, self._stable)

    def to_data(self) -> dict[str, Any]:
        """JSON types."""
        return {"bounds": list(self._bounds), "canary": list(self._canary), "stable": list(self._stable)}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Buckets:
        """The inverse of `to_data`."""
        made = cls()
        made._bounds, made._canary, made._stable = list(data["bounds"]), list(data["canary"]), list(data["stable"])
        return made


def _count(counts: list[int], side: Side) -> None:
    for index, (_, answers) in enumerate(side.buckets):
        counts[index] += answers
    counts[-1] += max(0, side.requests - sum(answers for _, answers in side.buckets))
