"""One thing that can be wrong with one service, its errors or its slow answers: two tests, and what they need."""

from __future__ import annotations

from typing import Any

from fairlead.rollout.verdict.eprocess import Evidence
from fairlead.rollout.verdict.timeline import Shared, Timeline
from fairlead.rollout.verdict.usual import Allowance, Count

_PAIR = 5  #: answers of each side that close a block
_PATIENCE = 60.0  #: seconds after which one answer of each side closes it


class Metric:
    """Hits of both sides, compared with each other (`live`) and with the stable release's past (`usual`).

    Live: given that there was a hit, it is the new release's with a chance that follows from the requests of both. The
    counts for that are gathered in blocks, which close by the number of requests and by time, never by hits: a hit
    in a tick of one request belongs to one side for certain, and says nothing. Valid for a ratio of shares up to
    `tolerate`, whatever the share: a side's factor is at most exp(requests * share * (factor of one hit - 1)) on
    average, and of both sides these cancel.
    """

    def __init__(self, allowance: Allowance, history: Count) -> None:
        """`history`: of the stable release, before all this."""
        self.allowance, self.history = allowance, history
        self.live, self.usual = Evidence(), Evidence()
        self.timeline = Timeline()
        self.canary, self.stable, self.extra = Count(), Count(), Count()
        self.excused = False  #: what was bad of the new release was the environment's
        self._open = [Count(), Count()]
        self._seconds = 0.0

    @property
    def bad(self) -> int:
        """Hits of the new release."""
        return self.canary.hits + self.extra.hits

    @property
    def limit(self) -> float:
        """The share above which the new release is worse than usual."""
        return self.allowance.limit(self.history, self.stable)

    def add(self, seconds: float, canary: Count, stable: Count, extra: Count, seal: bool) -> None:
        """Take one tick in. `extra`: Fairlead's own requests. `seal`: what follows has another weight."""
        if seal:
            self.seal()
        limit, mine = self.limit, canary.plus(extra)
        self.usual.add(mine.hits, mine.events, limit)
        self.usual.pass_time(seconds)
        self.live.pass_time(seconds)
        self.timeline.add(seconds, mine, stable, seal)
        self.canary, self.stable, self.extra = (
            self.canary.plus(canary),
            self.stable.plus(stable),
            self.extra.plus(extra),
        )
        self._open = [self._open[0].plus(canary), self._open[1].plus(stable)]
        self._seconds += seconds
        if min(one.events for one in self._open) >= (1 if self._seconds >= _PATIENCE else _PAIR):
            self.seal()
        self._excuse()

    def _excuse(self) -> None:
        """While the stable release is just as bad, evidence does not pile up; when that is over, both begin anew."""
        log = self.usual.log()
        if log >= self.allowance.enough - 8 and self.shared()[0] == "yes":
            self.excused = True
            self.usual.cap(self.allowance.enough)
        elif self.excused and log < self.allowance.enough / 4:
            self.excused = False
            self.usual.cap(0.0)
            self.timeline = Timeline()
            self.canary, self.stable, self.extra = Count(), Count(), Count()

    def seal(self) -> None:
        """Close the block of counts."""
        canary, stable = self._open
        if canary.events and stable.events:
            odds = self.allowance.tolerate * canary.events / stable.events
            self.live.add(canary.hits, canary.hits + stable.hits, odds / (1 + odds))
        self._open, self._seconds = [Count(), Count()], 0.0

    def failures_that_count(self, alpha: float) -> int:
        """How many failed probes in a row are no accident."""
        return self.allowance.failures_that_count(self.history, self.stable, alpha)

    def shared(self) -> tuple[Shared, Count]:
        """Whether the stable release is as bad as the new one while that is bad, with its counts."""
        return self.timeline.shared(self.limit, expected=self.stable.events > 0)

    def to_data(self) -> dict[str, Any]:
        """JSON types; without the history, which is given again."""
        return {
            "live": self.live.to_data(),
            "usual": self.usual.to_data(),
            "timeline": self.timeline.to_data(),
            "counts": [list(count) for count in (self.canary, self.stable, self.extra, *self._open)],
            "seconds": self._seconds,
            "excused": self.excused,
        }

    @classmethod
    def from_data(cls, allowance: Allowance, history: Count, data: dict[str, Any]) -> Metric:
        """The inverse of `to_data`."""
        made = cls(allowance, history)
        made.live, made.usual = Evidence.from_data(data["live"]), Evidence.from_data(data["usual"])
        made.timeline = Timeline.from_data(data["timeline"])
        counts = [Count(*count) for count in data["counts"]]
        made.canary, made.stable, made.extra = counts[:3]
        made._open, made._seconds = counts[3:], float(data["seconds"])
        made.excused = bool(data["excused"])
        return made
