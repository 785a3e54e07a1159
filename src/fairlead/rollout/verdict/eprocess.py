"""Evidence that grows with each answer and may be looked at as often as one likes.

A mixture e-process: a sum of money that is bet, event by event, against "the chance of a hit is at most p". As long as
that is true nobody gets rich: the chance that the sum is ever as large as 1/alpha is at most alpha (Ville 1939), at
whatever moments one looks, and whatever p is for the next event as long as it was known before that event. See Johari
et al., "Always valid inference" (2022), Howard, Ramdas et al., "Time-uniform confidence sequences" (2021).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

ODDS = (1.8, 3.0, 5.0, 9.0, 25.0, 300.0)  #: alternatives: how many times the odds of a hit
SPREAD = (1, 2, 2, 2, 1, 1)  #: how the money is spread over them: most releases that go wrong are a few times worse
_LATER = 0.2  #: share of the money that is kept for releases that go bad later
_PACE = 20.0  #: epochs after which half of that is spent
EPOCH = 10.0  #: seconds

_LOG_ODDS = tuple(math.log(odds) for odds in ODDS)
_LOG_SPREAD = tuple(math.log(part / sum(SPREAD)) for part in SPREAD)


class Evidence:
    """Money bet against "the chance of a hit is at most p", 1 at the start. Logarithms throughout: nothing overflows.

    Alternatives multiply the odds of a hit by m, so that n events with k hits multiply the stake on m by
    m**k / (1 + p(m-1))**n. Part of the money is staked later, epoch by epoch: a stake on a release that was good for an
    hour has shrunk to nothing, a fresh one has not.
    """

    def __init__(self) -> None:
        """All but what is kept for later is staked at once."""
        self._stakes = [math.log(1 - _LATER) + part for part in _LOG_SPREAD]
        self._epoch = 0
        self._seconds = 0.0

    def add(self, hits: int, events: int, chance: float) -> None:
        """`hits` of `events` were hits, where each was to be one with a chance of at most `chance`."""
        if events <= 0 or not 0 < chance < 1:
            return
        for index, (odds, log_odds) in enumerate(zip(ODDS, _LOG_ODDS, strict=True)):
            self._stakes[index] += hits * log_odds - events * math.log1p(chance * (odds - 1))

    def pass_time(self, seconds: float) -> None:
        """Stake what is due. Only time decides when, so no result does."""
        self._seconds += seconds
        if self._seconds < EPOCH:
            return
        self._seconds = 0.0
        fresh = math.log(self._cash() - self._cash(1))
        self._epoch += 1
        self._stakes = [_add_two(stake, fresh + part) for stake, part in zip(self._stakes, _LOG_SPREAD, strict=True)]

    def cap(self, log: float) -> None:
        """Throw away what is more than that. Being poorer than one could be is always fair."""
        over = self.log() - log
        if over > 0:
            self._stakes = [stake - over for stake in self._stakes]

    def log(self) -> float:
        """Natural logarithm of the evidence; 0 is none."""
        return _add_logs((*self._stakes, math.log(self._cash())))

    def _cash(self, ahead: int = 0) -> float:
        return _LATER * _PACE / (_PACE + self._epoch + ahead)

    def to_data(self) -> dict[str, Any]:
        """JSON types."""
        return {"stakes": list(self._stakes), "epoch": self._epoch, "seconds": self._seconds}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Evidence:
        """The inverse of `to_data`."""
        made = cls()
        made._stakes = [float(stake) for stake in data["stakes"]]
        made._epoch, made._seconds = int(data["epoch"]), float(data["seconds"])
        return made


def _add_logs(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + math.log(sum([math.exp(value - top) for value in logs]))


def _add_two(one: float, other: float) -> float:
    """The same of two, which is asked for most."""
    top = one if one >= other else other
    return top + math.log(math.exp(one - top) + math.exp(other - top))


def average(parts: Sequence[tuple[float, float]]) -> float:
    """Logarithm of the average of several evidences, (weight, log) each; weights come to 1 at most, the rest is 1.

    Valid however the parts depend on each other, which a product would not be.
    """
    rest = 1 - sum(weight for weight, _ in parts)
    logs = [math.log(weight) + log for weight, log in parts if weight > 0]
    return _add_logs([*logs, math.log(rest)] if rest > 1e-12 else logs) if logs else 0.0
