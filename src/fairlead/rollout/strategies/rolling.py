"""Rolling: instance by instance, never more than `surge` above and `unavailable` below the number of replicas.

Old instances stop as new ones take over, so it needs the least memory; the way back has to start them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.project.stack import Rollout, Service
from fairlead.rollout import parts
from fairlead.rollout.observed import Observed, Wanted, instance_ids
from fairlead.rollout.order import levels
from fairlead.rollout.steps import Shares, Step


@dataclass(frozen=True, slots=True)
class Batch:
    """One round of one service: these start, and when they are ready, those stop. Either may be empty."""

    start: tuple[str, ...]
    stop: tuple[str, ...]


def batches(new: tuple[str, ...], old: tuple[str, ...], rollout: Rollout) -> Iterator[Batch]:
    """Rounds that take a service from `old` to `new` within its bounds (both 0 is refused by the loader)."""
    most = max(len(new), len(old)) + rollout.surge
    least = max(0, min(len(new), len(old)) - rollout.unavailable)
    ready, begun = 0, 0
    while begun < len(new) or old:
        room = max(0, most - begun - len(old))
        begin = new[begun : begun + room]
        begun += len(begin)
        ready = begun
        can_go = len(old) if ready >= len(new) else max(0, ready + len(old) - least)
        if not begin and not can_go:
            can_go = 1  # bounds that cannot be kept (both 0) must not keep a rollout from ending
        yield Batch(begin, old[:can_go])
        old = old[can_go:]


def steps(wanted: Wanted, observed: Observed) -> list[Step]:
    """The steps, in order: level by level, service by service; smoke tests as soon as there is something to ask."""
    found: list[Step] = []
    traffic = _Traffic(wanted, observed)
    for level in levels(wanted.stack):
        found += parts.run_jobs(wanted, level.jobs)
        for service in level.services:
            found += _service(wanted, observed, service, traffic)
    gone = [service for service in parts.replaced(observed) if service.name not in _names(wanted)]
    found += parts.hand_over(wanted, observed)
    found += parts.conclude(wanted, observed, traffic.shares)
    leftover = observed.living(observed.live, gone)
    return _before_commit(found, [Step("rest", observed.live or "", leftover)] if leftover else [])


def _names(wanted: Wanted) -> set[str]:
    return {service.name for service in wanted.stack.services}


def _before_commit(steps: list[Step], extra: list[Step]) -> list[Step]:
    """Services that the new release no longer has stop once all traffic is on it."""
    place = next(place for place, step in enumerate(steps) if step.kind == "verify")
    return [*steps[:place], *extra, *steps[place:]]


class _Traffic:
    """The shares as the plan goes on."""

    def __init__(self, wanted: Wanted, observed: Observed) -> None:
        self.wanted, self.observed = wanted, observed
        self.public = parts.is_public(wanted.stack)
        self.shares = parts.now(observed)
        self.smoked = not self.public

    def move(self, new: int, old: int, without: tuple[str, ...]) -> list[Step]:
        """Shares by the number of instances on each side."""
        if not self.public:
            return []
        live, release = self.observed.live, self.wanted.release
        share = round(100 * new / (new + old)) if new + old else 100
        weights = tuple((name, weight) for name, weight in ((live, 100 - share), (release, share)) if name and weight)
        rest = tuple(name for name in self.shares.candidates if name != release)
        return self._to(Shares(weights, rest, without, fallback=live or ""))

    def present(self) -> list[Step]:
        """Before the first user: reachable by header, smoke-tested."""
        if self.smoked:
            return []
        self.smoked = True
        candidates = (self.wanted.release, *(r for r in self.shares.candidates if r != self.wanted.release))
        shares = Shares(self.shares.weights, candidates, self.shares.without, self.shares.fallback)
        return [*self._to(shares), Step("smoke", self.wanted.release)]

    def _to(self, shares: Shares) -> list[Step]:
        step = Step("route", self.wanted.release, shares=shares, before=self.shares)
        self.shares = shares
        return [step]


def _service(wanted: Wanted, observed: Observed, service: Service, traffic: _Traffic) -> list[Step]:
    new, old = instance_ids(wanted.release, service), observed.living(observed.live, [service])
    steps: list[Step] = []
    begun, left = 0, len(old)
    for batch in batches(new, old, wanted.stack.rollout):
        steps += parts.bring_up(wanted, observed, batch.start, traffic.shares)
        begun, left = begun + len(batch.start), left - len(batch.stop)
        if service.routes and begun:
            steps += traffic.present()
        if service.routes:
            steps += traffic.move(begun, left, (*traffic.shares.without, *batch.stop))
        if batch.stop:
            steps.append(Step("rest", observed.live or "", batch.stop))
    return steps
