"""Rolling: instance by instance, never more than `surge` above and `unavailable` below the number of replicas.

Old instances stop as new ones take over, so it needs the least memory; the way back has to start them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.project.order import levels
from fairlead.project.stack import Rollout, Service
from fairlead.rollout import parts
from fairlead.rollout.observed import Observed, Wanted, instance_ids
from fairlead.rollout.routing import service_id, takes_requests
from fairlead.rollout.steps import Shares, Step
from fairlead.rollout.strategies import blue_green


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
    """The steps, in order: level by level, service by service, each smoke-tested before its first user.

    A person who has to approve is asked before anything of the old release stops. Where nothing is live there is
    nothing to take over from.
    """
    if observed.live is None:
        return blue_green.steps(wanted, observed)
    found: list[Step] = [Step("approve", wanted.release)] if wanted.stack.rollout.approve and not wanted.urgent else []
    traffic = _Traffic(wanted, observed)
    found += traffic.known() if parts.to_be_met(wanted, observed) else []
    for level in levels(wanted.stack):
        found += parts.run_jobs(wanted, level.jobs)
        for service in level.services:
            found += _service(wanted, observed, service, traffic)
    found += parts.hand_over(wanted, observed, _rested(found))
    return _leave_nothing(observed, found + parts.conclude(wanted, observed, traffic.shares))


def _rested(steps: list[Step]) -> set[str]:
    return {id for step in steps if step.kind == "rest" for id in step.instances}


def _leave_nothing(observed: Observed, steps: list[Step]) -> list[Step]:
    """Services that the new release no longer has stop once all traffic is on it."""
    rested = _rested(steps)
    left = tuple(id for id in observed.living(observed.live, parts.replaced(observed)) if id not in rested)
    place = next(place for place, step in enumerate(steps) if step.kind == "verify")
    return [*steps[:place], *([Step("rest", observed.live or "", left)] if left else []), *steps[place:]]


class _Traffic:
    """The shares as the plan goes on.

    Weights are per release, so what was not smoke-tested yet is withheld from users by name: a route that only the new
    release has would else be open as soon as another service of it is.
    """

    def __init__(self, wanted: Wanted, observed: Observed) -> None:
        self.wanted, self.observed = wanted, observed
        self.shares = parts.now(observed)
        self.leaving: tuple[str, ...] = ()  #: instances of the old release that stopped, or are about to
        self.moved = False  #: whether the new release has users of some service
        self.untested = [service.name for service in wanted.stack.services if service.routes]

    def move(self, new: int, old: int, leaving: tuple[str, ...]) -> list[Step]:
        """Shares by the number of instances on each side, nothing new for those that leave."""
        self.leaving, self.moved = self.leaving + leaving, self.moved or new > 0
        live, release = self.observed.live, self.wanted.release
        share = round(100 * new / (new + old)) if new + old else 100
        weights = tuple((name, weight) for name, weight in ((live, 100 - share), (release, share)) if name and weight)
        rest = tuple(name for name in self.shares.candidates if name != release)
        return self._to(Shares(weights, rest, self._without(), fallback=live or ""))

    def present(self, service: Service) -> list[Step]:
        """Before the first user of a service: reachable by header, smoke-tested.

        Services that came before it have no old side any more: the fallback serves them.
        """
        if service.name not in self.untested:
            return []
        route = self.known()
        self.untested.remove(service.name)
        return [*route, Step("smoke", self.wanted.release, service=service.name)]

    def known(self) -> list[Step]:
        """Have the edge know the new release, whoever is sent to it."""
        release, before = self.wanted.release, parts.now(self.observed)
        candidates = (release, *(one for one in before.candidates if one != release))
        return self._to(Shares(before.weights, candidates, self._without(), release if self.moved else ""))

    def _without(self) -> tuple[str, ...]:
        return (*self.leaving, *(service_id(self.wanted.release, name) for name in self.untested))

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
            steps += traffic.present(service)
        if takes_requests(service, wanted.stack):
            steps += traffic.move(begun, left, batch.stop)
        if batch.stop:
            steps.append(Step("rest", observed.live or "", batch.stop))
    return steps
