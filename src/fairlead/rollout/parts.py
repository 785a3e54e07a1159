"""The pieces all strategies are put together from. Pure: each returns steps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from fairlead.project.order import levels, worker_levels
from fairlead.project.stack import Job, Service, Stack
from fairlead.render.networks import met_networks
from fairlead.rollout.observed import Observed, Wanted, instance_ids
from fairlead.rollout.routing import takes_requests
from fairlead.rollout.steps import Shares, Step


def bring_up(wanted: Wanted, observed: Observed, ids: Iterable[str], before: Shares) -> list[Step]:
    """Start what is missing of these instances, wake what is stopped, and wait until all are ready."""
    chosen = tuple(ids)
    known = {one.id: one for one in observed.of(wanted.release)}
    missing = tuple(id for id in chosen if id not in known)
    stopped = tuple(id for id in chosen if id in known and not known[id].living)
    steps = [Step("start", wanted.release, missing, before=before)] if missing else []
    steps += [Step("wake", wanted.release, stopped, before=before)] if stopped else []
    return [*steps, Step("ready", wanted.release, chosen)] if chosen else []


def everything(service: Service) -> bool:
    """No service left out."""
    return True


def bring_up_all(wanted: Wanted, observed: Observed, which: Callable[[Service], bool] = everything) -> list[Step]:
    """Jobs and these services level by level, everything that runs beside the old release."""
    steps: list[Step] = []
    unnamed = True
    for level in levels(wanted.stack):
        services = [service for service in level.services if which(service)]
        ids = [id for service in services for id in instance_ids(wanted.release, service)]
        found = bring_up(wanted, observed, ids, now(observed))
        if unnamed and _without_name(wanted, observed, services):
            found[-1:-1] = _by_name(wanted, observed)
            unnamed = False
        steps += [*run_jobs(wanted, level.jobs), *found]
    return steps


def _without_name(wanted: Wanted, observed: Observed, services: Iterable[Service]) -> bool:
    """Whether one of these is asked by name, and nobody answers to that name yet: nothing is live that has it."""
    known = {(one.name, one.port) for one in replaced(observed)} if _in_containers(observed.stack) else set()
    asked = {(one.name, one.port) for one in services if one.port}
    return _in_containers(wanted.stack) and not asked <= known


def _in_containers(stack: Stack | None) -> bool:
    return stack is not None and stack.runtime == "docker"


def _by_name(wanted: Wanted, observed: Observed) -> list[Step]:
    """Before anybody is waited for: what is ready when others answer by their names must not wait for ever."""
    return [Step("route", wanted.release, shares=presented(wanted, observed), before=now(observed))]


def to_be_met(wanted: Wanted, observed: Observed) -> set[str]:
    """The services that are to be asked in a network in which the live ones were not: the edge has to be there, and to
    answer there, before the first of them starts. A release that is warm it knows."""
    there = _in_containers(wanted.stack) and _in_containers(observed.stack)
    if not there or wanted.release in now(observed).candidates:
        return set()
    return {name for name, _ in _met(wanted.stack.services, wanted.stack) - _met(replaced(observed), observed.stack)}


def _met(services: Iterable[Service], stack: Stack | None) -> set[tuple[str, str]]:
    asked = [one for one in services if one.port]
    return {(one.name, network) for one in asked if stack for network in met_networks(one, stack)}


def meet(wanted: Wanted, observed: Observed) -> list[Step]:
    """Have the edge where they are to ask each other. Of names that are new it is told as they come."""
    known = {one.name for one in replaced(observed)}
    return _by_name(wanted, observed) if known & to_be_met(wanted, observed) else []


def run_jobs(wanted: Wanted, jobs: Iterable[Job]) -> list[Step]:
    """Jobs one after the other. The way back runs none: they prepared a release that has already been live."""
    return [] if wanted.urgent else [Step("job", wanted.release, service=job.name) for job in jobs]


def present(wanted: Wanted, observed: Observed) -> list[Step]:
    """Make the new release reachable by the secret header, and test it there before any user comes."""
    if not is_asked(wanted.stack):
        return []
    shares = presented(wanted, observed)
    route = Step("route", wanted.release, shares=shares, before=now(observed))
    return [route, Step("smoke", wanted.release)] if is_public(wanted.stack) else [route]


def gate(wanted: Wanted, observed: Observed) -> list[Step]:
    """What comes before the first user: a shadow of the requests of others, and a person who says go on."""
    rollout, release = wanted.stack.rollout, wanted.release
    if wanted.urgent:
        return []
    steps: list[Step] = []
    if rollout.shadow and observed.live and is_public(wanted.stack):
        before = presented(wanted, observed)
        shares = replace(before, mirrored=release, mirror_percent=rollout.shadow.percent)
        steps.append(Step("route", release, shares=shares, before=before))
        steps.append(Step("watch", release, seconds=rollout.shadow.seconds, stable=observed.live, mode="shadow"))
        steps.append(Step("route", release, shares=before, before=shares))
    return [*steps, *([Step("approve", release)] if rollout.approve else [])]


def presented(wanted: Wanted, observed: Observed) -> Shares:
    """The shares once the new release is reachable by header, which is as before when nobody asks for anything."""
    before = now(observed)
    if not is_asked(wanted.stack):
        return before
    rest = tuple(release for release in before.candidates if release != wanted.release)
    return Shares(before.weights, (wanted.release, *rest))


def hand_over(wanted: Wanted, observed: Observed, rested: Collection[str] = ()) -> list[Step]:
    """Old workers stop, but for those in `rested`, then new ones start; those that overlap did start before."""
    workers = (service for service in replaced(observed) if service.is_worker)
    old = tuple(id for id in observed.living(observed.live, workers) if id not in rested)
    steps = [Step("rest", observed.live or "", old)] if old else []
    for level in worker_levels(wanted.stack):
        new = [id for service in level.services for id in instance_ids(wanted.release, service)]
        steps += bring_up(wanted, observed, new, Shares())
    return steps


def conclude(wanted: Wanted, observed: Observed, before: Shares) -> list[Step]:
    """All traffic to the new release, look at it once more, commit, tidy up."""
    steps: list[Step] = []
    if is_asked(wanted.stack) or (observed.stack and is_asked(observed.stack)):
        steps.append(Step("route", wanted.release, shares=after(wanted, observed), before=before))
    rollout = wanted.stack.rollout
    if rollout.soak and observed.live and not wanted.urgent:
        steps.append(Step("watch", wanted.release, seconds=rollout.soak, stable=observed.live, mode="watch"))
    steps.append(Step("verify", wanted.release))
    steps += run_jobs(wanted, (job for job in wanted.stack.jobs if job.when == "after-traffic"))
    return [*steps, Step("commit", wanted.release), Step("prune", wanted.release)]


def now(observed: Observed) -> Shares:
    """The shares before the rollout."""
    weights = ((observed.live, 100),) if observed.live else ()
    return Shares(weights, tuple(release for release in observed.warm if release != observed.live))


def after(wanted: Wanted, observed: Observed) -> Shares:
    """The shares when the new release has everything: the old one stays known to the edge while it is warm."""
    old = (observed.live,) if observed.live and observed.live != wanted.release else ()
    rest = tuple(release for release in observed.warm if release not in (wanted.release, *old))
    return Shares(((wanted.release, 100),), old + rest)


def is_public(stack: Stack) -> bool:
    """Whether any service takes requests of users."""
    return any(service.routes for service in stack.services)


def is_asked(stack: Stack) -> bool:
    """Whether the edge has requests for any service: those of users, or of other services."""
    return any(takes_requests(service, stack) for service in stack.services)


def replaced(observed: Observed) -> tuple[Service, ...]:
    """The services of the live release."""
    return observed.stack.services if observed.stack else ()
