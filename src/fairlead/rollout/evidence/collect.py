"""Ticks from the edge's raw counters: what two releases answered since the last look, and what is wrong with that.

Whoever changes what the edge does calls `rebased` right after: the edge shows the counters of a pool that left once
more, and that reload is known to be our own. Two things the counters say must be kept in mind. Each attempt of a
request is counted, so one to a dead instance is up to four errors of its release, though another one may have answered.
And an answer is as long as it takes until its last byte: a download or a stream that does not call itself one (by
`Accept: text/event-stream`) is slow when it is long, on both sides alike.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fairlead.edges.base import Edge
from fairlead.edges.counters import Counters
from fairlead.rollout.evidence.growth import Growth, grown, pool_name
from fairlead.rollout.verdict.evidence import Side, Tick
from fairlead.system.clock import boot_seconds


@dataclass
class Collector:
    """What it has seen goes on in another process by `to_data` and `restore`."""

    edge: Edge
    canary: str | None  #: the new release
    stable: str | None  #: the one it is compared with; all others are ignored
    services: tuple[str, ...]
    over: float | None  #: an answer that takes longer is slow, seconds
    _seen: Counters | None = None  #: at the last look that told anything
    _at: float | None = None  #: of the last tick, seconds since the machine started
    _new: dict[str, Growth] = field(default_factory=dict)  #: by pool, since the last tick
    _trouble: list[str] = field(default_factory=list)
    _reloaded: bool = False

    def rebased(self) -> None:
        """Take the present state as what to count from, or the last reload as our own. Nothing counted is forgotten."""
        self._look(own=True)
        self._at = boot_seconds() if self._at is None else self._at

    def tick(self, weight: float = 0.0) -> Tick:
        """What came since the last one. The first has nothing, unless `rebased` was called before."""
        self._look(own=False)
        now = boot_seconds()
        tick = Tick(
            seconds=max(0.0, now - (now if self._at is None else self._at)),
            weight=weight,
            canary=self._sides(self.canary),
            stable=self._sides(self.stable),
            trouble="; ".join(self._trouble),
            reloaded=self._reloaded,
        )
        self._at, self._new, self._trouble, self._reloaded = now, {}, [], False
        return tick

    def _sides(self, release: str | None) -> dict[str, Side]:
        if release is None:
            return {}
        bounds = self._seen.bounds if self._seen else ()
        names = {service: pool_name(service, release) for service in self.services}
        return {service: self._new.get(name, Growth()).side(bounds, self.over) for service, name in names.items()}

    def _look(self, own: bool) -> None:
        now = self.edge.counters()
        if now.error:
            self._doubt(now.error)
            return
        now = now.of(self._pools())
        before, self._seen = self._seen, now
        if before is None:
            return
        if before.same_process(now):  # what has been measured is, also while it shows no pool
            self._seen = now = replace(now, bounds=now.bounds or before.bounds)
        if not before.same_process(now) or now.reloads < before.reloads or before.bounds not in ((), now.bounds):
            since = datetime.fromtimestamp(now.started, UTC)
            self._doubt(f"the edge began anew at {since:%H:%M:%S} UTC, and its counters with it")
            return
        self._reloaded |= now.reloads > before.reloads and not own
        for pool in self._pools():
            try:
                self._new[pool] = self._new.get(pool, Growth()) + grown(before, now, pool)
            except ValueError as error:
                self._doubt(str(error))

    def _pools(self) -> tuple[str, ...]:
        releases = [release for release in (self.canary, self.stable) if release]
        return tuple(pool_name(service, release) for release in releases for service in self.services)

    def _doubt(self, why: str) -> None:
        if why not in self._trouble:
            self._trouble.append(why)

    def to_data(self) -> dict[str, Any]:
        """What was seen last, as JSON data; to be asked right after a tick."""
        return {"seen": self._seen.to_data() if self._seen else None, "at": self._at}

    def restore(self, data: dict[str, Any]) -> None:
        """Go on where `to_data` was asked. What cannot be read, or is of another start of the machine, begins anew."""
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            seen = Counters.from_data(data["seen"])
            self._seen, self._at = seen, float(data["at"])
