"""Does the edge share requests as it was asked to? If not, counts of the two releases mean something else.

Evidence against "each request goes to the new release with the asked chance", valid however often one looks: a mixture
over all other shares (beta-binomial; Robbins 1970).
"""

from __future__ import annotations

import math
from typing import Any

ALPHA = 0.001  #: chance of ever complaining of one service whose requests are shared as asked
_MATERIAL = 1.5  #: times the asked odds, either way; less harms nobody, however sure it is


class Shares:
    """Requests of one service since the weight was last set or the edge began its round robin anew."""

    def __init__(self) -> None:
        """Nothing counted."""
        self.weight = 0.0  #: percent
        self.canary = 0
        self.stable = 0

    def add(self, weight: float, canary: int, stable: int, anew: bool) -> None:
        """Take one tick in. The tick in which the weight changes belongs to neither weight."""
        if anew or weight != self.weight:
            self.weight, self.canary, self.stable = weight, 0, 0
        elif 0 < weight < 100:
            self.canary += canary
            self.stable += stable

    def log(self) -> float:
        """Natural logarithm of the evidence that the share is another."""
        if not 0 < self.weight < 100 or not self.canary + self.stable:
            return 0.0
        share = self.weight / 100
        mixed = math.lgamma(self.canary + 1) + math.lgamma(self.stable + 1) - math.lgamma(self.canary + self.stable + 2)
        return mixed - self.canary * math.log(share) - self.stable * math.log1p(-share)

    def wrong(self, services: int) -> bool:
        """Whether this is another share than asked, by enough to matter, where so many services are looked at."""
        asked = self.weight / (100 - self.weight) if self.weight < 100 else math.inf
        odds = (self.canary + 0.5) / (self.stable + 0.5)
        material = not asked / _MATERIAL <= odds <= asked * _MATERIAL
        return material and self.log() >= math.log(max(1, services) / ALPHA)

    def to_data(self) -> dict[str, Any]:
        """JSON types."""
        return {"weight": self.weight, "canary": self.canary, "stable": self.stable}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Shares:
        """The inverse of `to_data`."""
        made = cls()
        made.weight, made.canary, made.stable = float(data["weight"]), int(data["canary"]), int(data["stable"])
        return made
