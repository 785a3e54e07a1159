"""When it began: counts along time, so that the stable release is asked about the same while as the new one.

A database that dies takes both releases down. The new release must not be blamed for it, even where it has more traffic
and so shows it first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from fairlead.rollout.verdict.usual import Count

Shared = Literal["no", "unclear", "yes"]
"""Whether the stable release is as bad as the new one since the new one is bad; unclear: it has too few answers."""

_BIN = 0.9  #: seconds; a tick of the engine is one, so that what came before a failure does not dilute it
_MOST = 96  #: bins kept; older ones are merged
_SILENCE = 60.0  #: seconds without an answer of a release that is asked, after which one does not wait for it
_HALF_DOWN = 0.6  #: share of errors
_OVER = math.log(3)  #: log likelihood ratio by which the stable release is over the limit
_CLEARLY = math.log(5)  #: log likelihood ratio by which the stable release must be shown to be well
_SURELY = math.log(20)  #: the same where three probes are all that is known of the new one: some four good answers


class Since(NamedTuple):
    """Counts of a while that lasts up to now."""

    seconds: float
    canary: Count
    stable: Count


def failing(stable: Count, limit: float) -> Shared:
    """Whether the stable release's counts look like a service that is half down or worse; unclear: they are too few."""
    leaning = _leaning(stable, min(limit, 0.5), _HALF_DOWN)
    if leaning <= -_SURELY:
        return "no"
    return "yes" if stable.hits and leaning > 0 else "unclear"


class Timeline:
    """Counts of both sides in bins of seconds, the newest last: [seconds, canary hits, events, stable hits, events]."""

    def __init__(self) -> None:
        """Nothing counted."""
        self._bins: list[list[float]] = []

    def add(self, seconds: float, canary: Count, stable: Count, anew: bool = False) -> None:
        """Take one tick in. `anew`: it has another weight than the one before, and so a bin of its own.

        In a bin of two weights good answers of before would hide the failures of the side that had more of them.
        """
        if anew or not self._bins or self._bins[-1][0] >= _BIN:
            self._bins.append([0.0] * 5)
            self._merge()
        for index, value in enumerate((seconds, *canary, *stable)):
            self._bins[-1][index] += value

    def _merge(self) -> None:
        if len(self._bins) > _MOST:
            old, rest = self._bins[: _MOST // 2], self._bins[_MOST // 2 :]
            pairs = zip(old[::2], old[1::2], strict=True)
            self._bins = [[a + b for a, b in zip(one, two, strict=True)] for one, two in pairs] + rest

    def since(self) -> Iterator[Since]:
        """Counts from each bin up to now, shortest first."""
        seconds = hits = events = stable_hits = stable_events = 0.0
        for one in reversed(self._bins):
            seconds, hits, events = seconds + one[0], hits + one[1], events + one[2]
            stable_hits, stable_events = stable_hits + one[3], stable_events + one[4]
            yield Since(seconds, Count(int(hits), int(events)), Count(int(stable_hits), int(stable_events)))

    def shared(self, limit: float, expected: bool) -> tuple[Shared, Count]:
        """Whether the stable release is as bad since the new one is above `limit`, and its counts of that while.

        That while is the one in which the new release stands out most. `expected`: the stable release is asked now and
        then, so that its silence in a short while says nothing.
        """
        whiles = list(self.since())
        place = max(range(len(whiles)), key=lambda index: _excess(whiles[index].canary, limit), default=None)
        worst = Since(0.0, Count(), Count()) if place is None else whiles[place]
        stable = worst.stable
        if _excess(worst.canary, limit) <= 0:
            return "no", stable
        if bad := _bad_around(whiles[place:], worst, limit):
            return "yes", bad
        if not stable.events:
            return ("unclear" if expected and worst.seconds < _SILENCE else "no"), stable
        if _leaning(stable, limit, _share(worst.canary)) <= -_CLEARLY:
            return "no", stable
        return ("yes" if stable.hits else "unclear"), stable

    def lately(self, seconds: float) -> Count:
        """Counts of the stable release in the last so many seconds; only of the last minute if there are some."""
        found = Count()
        for place, since in enumerate(self.since()):
            if place and (since.seconds > seconds + _BIN or (since.seconds > _SILENCE and found.events)):
                break
            found = since.stable
        return found

    def to_data(self) -> list[list[float]]:
        """JSON types."""
        return [list(one) for one in self._bins]

    @classmethod
    def from_data(cls, data: list[list[Any]]) -> Timeline:
        """The inverse of `to_data`."""
        made = cls()
        made._bins = [[float(value) for value in one] for one in data]
        return made


def _bad_around(whiles: list[Since], worst: Since, limit: float) -> Count | None:
    """Counts of the stable release in a while around the worst one in which it is over the limit too, if there is one.

    The worst one is chosen by the new release, so in it the stable release may just have been lucky. A quarter of the
    new one's share is asked for, so that a dead release is not excused by one that fails now and then.
    """
    longest = max(2 * worst.seconds, worst.seconds + _SILENCE)
    for one in whiles:
        clear = _excess(one.stable, limit) >= _OVER and _share(one.stable) >= _share(worst.canary) / 4
        if clear and one.seconds <= longest:
            return one.stable
    return None


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
