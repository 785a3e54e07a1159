"""What share of hits (errors, slow answers) a release may have before anybody speaks of a bad one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from fairlead.project.stack import Judge

_THICK = 1000  #: answers after which the history speaks alone; before, what the stable release answers now helps it
_LOOKED_AT = 300  #: probes, half an hour of them
_SURE = 1.645  #: standard deviations of the bound on the stable release's own share, 95 %


class Count(NamedTuple):
    """So many hits in so many events."""

    hits: int = 0
    events: int = 0

    def plus(self, other: Count) -> Count:
        """Both together."""
        return Count(self.hits + other.hits, self.events + other.events)

    @property
    def share(self) -> float:
        """Hits per event, 0 without events."""
        return self.hits / self.events if self.events else 0.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much is always fine, and how much may be at most, in shares of the answers."""

    floor: float  #: fine whatever the stable release does
    unknown: float  #: fine while nobody knows what the stable release does
    ceiling: float  #: bad whatever the stable release does
    tolerate: float  #: ratio to the stable release that is fine
    enough: float  #: natural logarithm of the evidence that is plenty, whatever the weight of the metric

    def limit(self, history: Count, live: Count) -> float:
        """The share above which the new release is bad: its floor, or clearly more than the stable release's own share.

        The stable release's share is an estimate, so what is tolerated is a multiple of its upper bound. While little
        is known that bound says nothing, and twice the estimate, or `unknown`, is taken if that is less.
        """
        known = self.known(history, live)
        if not known.events:
            return self.unknown
        twice = max(2.0, self.tolerate) * known.share
        surely = min(self.tolerate * _bound(known), max(self.unknown, twice))
        return min(self.ceiling, max(self.floor, surely))

    def failures_that_count(self, history: Count, live: Count, alpha: float) -> int:
        """How many failures in a row are no accident: 3, or more where the stable release fails often.

        So many that a release with the stable one's share has them in `_LOOKED_AT` probes with half of alpha at most.
        """
        known = self.known(history, live)
        share = min(0.5, (known.hits + 0.5) / (known.events + 25))  # 2 % where nothing is known
        return max(3, math.ceil(math.log(alpha / 2 / _LOOKED_AT) / math.log(share)))

    def known(self, history: Count, live: Count) -> Count:
        """What is known of the stable release: its history, and while that is thin what it answers now."""
        return history if history.events >= _THICK else history.plus(live)


def errors_allowance(policy: Judge) -> Allowance:
    """For errors. A third of what may be promoted is always fine (0.67 %), more than half of all answers never is.

    Of a release without any past it is assumed that up to 20 % can be its usual share.
    """
    floor = (policy.errors_below or 0.02) / 3
    return Allowance(min(max(floor, 1e-6), 0.5), 0.2, 0.5, max(1.0, policy.tolerate), _plenty(policy))


def slow_allowance(policy: Judge) -> Allowance:
    """For slow answers. 5 % are always fine; a service whose answers are slow by nature is compared, not condemned."""
    return Allowance(0.05, 1.0, 1.0, max(1.0, policy.tolerate), _plenty(policy))


def _plenty(policy: Judge) -> float:
    return threshold(policy) + 8


def threshold(policy: Judge) -> float:
    """Natural logarithm of the evidence that ends a release."""
    return -math.log(min(max(policy.alpha, 1e-12), 0.5))


def promotion_limit(policy: Judge, stable: Count) -> float:
    """Share of errors that the new release must be shown to be below before it is promoted.

    Never more than 25 %: a stable release that fails so often is no measure for anything.
    """
    if policy.errors_below is not None:
        return min(max(policy.errors_below, 1e-9), 1.0)
    return min(0.25, max(0.02, float(f"{policy.tolerate * stable.share:.3g}")))


def _bound(count: Count) -> float:
    """Upper bound of the share (Wilson and Hilferty 1931 on the Poisson bound): close, cheap, on the safe side."""
    more = count.hits + 1
    return min(1.0, more * (1 - 1 / (9 * more) + _SURE / (3 * math.sqrt(more))) ** 3 / count.events)
