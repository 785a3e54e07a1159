"""Raw counts of an edge: cumulative since its process started, by pool. What evidence on a release is made of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from typing import Any

SAME_START = 2.0
"""Seconds within which two start times are one: an edge computes its own by the machine's clock, which is adjusted."""


@dataclass(frozen=True, slots=True)
class PoolCounts:
    """Answers of one pool, each attempt of a request for itself: one that was tried four times is four answers.

    `buckets` are as many as the bounds of the counters, each with the answers of it alone; slower ones are in none.
    An answer is as long as it takes until its last byte. WebSockets and event streams, which are long when all is
    well, are in the first bucket.
    """

    codes: dict[int, int] = field(default_factory=dict)  #: by status code
    buckets: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """All answers."""
        return sum(self.codes.values())

    @property
    def errors(self) -> int:
        """5xx, also those the edge made because an instance did not answer."""
        return sum(count for code, count in self.codes.items() if code >= 500)


@dataclass(frozen=True, slots=True)
class Counters:
    """Everything an edge counted, at one moment. A pool that nobody asked yet is not in it."""

    pools: dict[str, PoolCounts] = field(default_factory=dict)  #: by name, SERVICE-RELEASE
    copies: dict[str, PoolCounts] = field(default_factory=dict)  #: answers to copies of requests, which nobody saw
    bounds: tuple[float, ...] = ()  #: of the buckets, upwards, seconds; empty where nothing was counted yet
    started: float = 0.0  #: when the edge's process started, Unix time
    reloads: int = 0  #: how often it took another configuration
    error: str = ""  #: why there are no counts; everything else is empty then

    def same_process(self, other: Counters) -> bool:
        """Whether both were counted by one and the same process of the edge."""
        return abs(self.started - other.started) < SAME_START

    def of(self, names: Collection[str]) -> Counters:
        """Those of some pools alone."""
        pools = {name: counts for name, counts in self.pools.items() if name in names}
        return replace(self, pools=pools, copies={name: found for name, found in self.copies.items() if name in names})

    def to_data(self) -> dict[str, Any]:
        """As JSON data, but for the keys of `codes`, which JSON makes texts."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Counters:
        """The inverse of `to_data`, also after JSON. ValueError, TypeError, KeyError for anything else."""
        pools, copies = ({name: _pool(counts) for name, counts in data[part].items()} for part in ("pools", "copies"))
        bounds = tuple(float(bound) for bound in data["bounds"])
        return cls(pools, copies, bounds, float(data["started"]), int(data["reloads"]))


def _pool(data: dict[str, Any]) -> PoolCounts:
    codes = {int(code): int(count) for code, count in data["codes"].items()}
    return PoolCounts(codes, tuple(int(count) for count in data["buckets"]))
