"""Everything that is known of a release while it is judged: the edge's counters, and Fairlead's own probes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fairlead.artifacts.release import Release
from fairlead.rollout.checks import asked
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
        edge, self.stack = world.edge, release.stack
        control = edge.release_header(stable) if stable else None
        header, tests = edge.release_header(release.id), probe_tests(release.stack)
        self.probes = ProbeStream(edge.ask, tests, header, policy.probe_rate, policy.over, control)

    def tick(self, weight: float) -> Tick:
        """What happened since the last one; `weight`: percent of the requests that the release is to get.

        What the stable release answered to a probe that failed counts as an answer to a user: with few users there may
        be no other sign that it fails too.
        """
        tick = replace(self.collector.tick(weight), probes=self.probes.take())
        stable = dict(tick.stable)
        for control in self.probes.take_controls():
            service = asked(self.stack, control.test)
            if service in stable:
                side = stable[service]
                stable[service] = replace(side, requests=side.requests + 1, errors=side.errors + control.failed)
        return replace(tick, stable=stable)

    def rebased(self) -> None:
        """The edge was just told something else by us."""
        self.collector.rebased()

    def close(self) -> None:
        """Send no more probes."""
        self.probes.close()
