"""When it began: counts along time, so that the stable release is asked about the same while as the new one.

A database that dies takes both releases down. The new release must not be blamed for it, even where it has more traffic
and so shows it first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

from fairlead.rollout.verdict.usual import Count

Shared = Literal["no", "unclear", "yes"]
"""Whether the stable release is as bad as the new one since the new one is bad; unclear: it has too few answers."""

_BIN = 5.0  #: seconds
_MOST = 48  #: bins kept; older ones are merged
_CLEARLY = math.log(3)  #: log likelihood ratio by which the stable release must be shown to be well


class Timeline:
    """Counts of both sides in bins of seconds, the newest last: [seconds, canary hits, events, stable hits, events]."""

    def __init__(self) -> None:
        """Nothing counted."""
        self._bins: list[list[float]] = []

    def add(self, seconds: float, canary: Count, stable: Count) -> None:
        """Take one tick in."""
        if not self._bins or self._bins[-1][0] >= _BIN:
            self._bins.append([0.0] * 5)
            self._merge()
        for index, value in enumerate((seconds, *canary, *stable)):
            self._bins[-1][index] += value

    def _merge(self) -> None:
        if len(self._bins) > _MOST:
            old, rest = self._bins[: _MOST // 2], self._bins[_MOST // 2 :]
            pairs = zip(old[::2], old[1::2], strict=True)
            self._bins = [[a + b for a, b in zip(one, two, strict=True)] for one, two in pairs] + rest

    def suffixes(self) -> Iterator[tuple[Count, Count]]:
        """Counts of canary and stable release from each bin up to now, shortest first."""
        canary, stable = Count(), Count()
        for _, hits, events, stable_hits, stable_events in reversed(self._bins):
            canary = canary.plus(Count(int(hits), int(events)))
            stable = stable.plus(Count(int(stable_hits), int(stable_events)))
            yield canary, stable

    def shared(self, limit: float) -> tuple[Shared, Count]:
        """Whether the stable release is as bad since the new one is above `limit`, and its counts of that while.

        That while is the one in which the new release stands out most.
        """
        canary, stable = max(self.suffixes(), key=lambda both: _excess(both[0], limit), default=(Count(), Count()))
        if not stable.events or _excess(canary, limit) <= 0:
            return "no", stable
        leaning = _leaning(stable, limit, _share(canary))
        if leaning <= -_CLEARLY:
            return "no", stable
        return ("yes" if stable.hits else "unclear"), stable

    def failing(self, seconds: float, limit: float) -> Count | None:
        """Counts of the stable release in the last so many seconds, if most of its answers failed then; else None."""
        stable, passed = Count(), 0.0
        for length, _, _, hits, events in reversed(self._bins):
            if passed > seconds or stable.events >= 3:
                break
            stable, passed = stable.plus(Count(int(hits), int(events))), passed + length
        return stable if stable.hits and _leaning(stable, min(limit, 0.5), 0.95) > 0 else None

    def to_data(self) -> list[list[float]]:
        """JSON types."""
        return [list(one) for one in self._bins]

    @classmethod
    def from_data(cls, data: list[list[Any]]) -> Timeline:
        """The inverse of `to_data`."""
        made = cls()
        made._bins = [[float(value) for value in one] for one in data]
        return made


def _share(count: Count) -> float:
    return (count.hits + 0.5) / (count.events + 1)


def _leaning(count: Count, low: float, high: float) -> float:
    """Log likelihood ratio of a share of `high` to one of `low`."""
    good = count.events - count.hits
    return count.hits * math.log(high / low) + good * math.log((1 - high) / (1 - low))


def _excess(count: Count, limit: float) -> float:
    """How much the counts speak for a share above the limit, as a log likelihood ratio; 0 where they do not."""
    share = _share(count)
    return _leaning(count, limit, share) if count.events and limit < share else 0.0
