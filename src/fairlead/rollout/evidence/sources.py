"""Everything that is known of a release while it is judged: the edge's counters, and Fairlead's own probes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fairlead.artifacts.release import Release
from fairlead.rollout.evidence.collect import Collector
from fairlead.rollout.evidence.probes import ProbeStream, probe_tests
from fairlead.rollout.verdict.evidence import Tick
from fairlead.rollout.world import World


class Sources:
    """Opened for one watch of `release`, beside `stable` where that has users too."""

    def __init__(self, world: World, release: Release, stable: str | None, seen: dict[str, Any] | None = None) -> None:
        policy = release.stack.rollout.judge
        services = tuple(service.name for service in release.stack.services if service.routes)
        self.collector = Collector(world.edge, release.id, stable, services, policy.over)
        if seen:
            self.collector.restore(seen)
        self.collector.rebased()
        header = world.edge.release_header(release.id)
        self.probes = ProbeStream(world.edge.ask, probe_tests(release.stack), header, policy.probe_rate, policy.over)

    def tick(self, weight: float) -> Tick:
        """What happened since the last one; `weight`: percent of the requests that the release is to get."""
        return replace(self.collector.tick(weight), probes=self.probes.take())

    def rebased(self) -> None:
        """The edge was just told something else by us."""
        self.collector.rebased()

    def close(self) -> None:
        """Send no more probes."""
        self.probes.close()
