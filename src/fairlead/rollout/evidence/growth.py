"""From two looks at an edge's counters to what was answered in between. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from fairlead.edges.counters import Counters, PoolCounts
from fairlead.render.edge import Pool
from fairlead.rollout.verdict.evidence import Side


@dataclass(frozen=True, slots=True)
class Growth:
    """What one pool answered between two looks; `buckets` as the bounds, each alone."""

    requests: int = 0
    errors: int = 0
    buckets: tuple[int, ...] = ()

    def __add__(self, other: Growth) -> Growth:
        buckets = tuple(map(sum, zip_longest(self.buckets, other.buckets, fillvalue=0)))
        return Growth(self.requests + other.requests, self.errors + other.errors, buckets)

    def side(self, bounds: tuple[float, ...], over: float | None) -> Side:
        """As evidence. Without a bound at `over` nobody counted slow answers, unless there are no answers at all."""
        slow = _slow(self, bounds, over)
        return Side(self.requests, self.errors, slow, tuple(zip(bounds, self.buckets, strict=False)))


def _slow(growth: Growth, bounds: tuple[float, ...], over: float | None) -> int | None:
    if over is None:
        return None
    if not bounds:
        return 0
    until = [place for place, bound in enumerate(bounds) if abs(bound - over) < 1e-9]
    return growth.requests - sum(growth.buckets[: until[0] + 1]) if until else None


def pool_name(service: str, release: str) -> str:
    """As the edge counts it."""
    return Pool(service, release, ()).name


def grown(before: Counters, now: Counters, pool: str) -> Growth:
    """What a pool answered, copies too. ValueError with the reason when that cannot be said.

    A pool that was not there before has counted from 0 since; one that is gone has taken along what it counted.
    """
    found = Growth()
    for older, newer in ((before.pools, now.pools), (before.copies, now.copies)):
        if pool in newer:
            found += _grown(older.get(pool, PoolCounts()), newer[pool], pool)
    return found


def _grown(before: PoolCounts, now: PoolCounts, pool: str) -> Growth:
    old = before.buckets or (0,) * len(now.buckets)
    if any(now.codes.get(code, 0) < count for code, count in before.codes.items()) or len(old) != len(now.buckets):
        raise ValueError(f"a count of {pool} went back")
    buckets = tuple(newer - older for older, newer in zip(old, now.buckets, strict=True))
    if min(buckets, default=0) < 0:
        raise ValueError(f"a count of {pool} went back")
    requests = now.total - before.total
    if sum(buckets) > requests:
        raise ValueError(f"{pool} has the latencies of {sum(buckets)} answers, and {requests} answers")
    return Growth(requests, now.errors - before.errors, buckets)
