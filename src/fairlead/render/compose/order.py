"""In which order a Compose project starts, as a rollout would: stores, schemas, jobs, services, later jobs."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.access import migrator_job
from fairlead.project.order import levels
from fairlead.project.stack import Job, Service, Stack
from fairlead.render.compose import moves, store


def before(stack: Stack, one: Service | Job) -> tuple[str, ...]:
    """Names of all that it waits for."""
    if isinstance(one, Job) and one.when == "migration":
        return tuple(_stores(stack, one))
    first = (*_needs(stack, one), *_stores(stack, one), *moves.before(stack, one))
    found = (*first, *_jobs(stack, one), *_services(stack, one))
    return tuple(dict.fromkeys(name for name in found if name != one.name))


def before_move(stack: Stack, move: moves.Move) -> tuple[str, ...]:
    """What a job of psql waits for: the store, and another tool that makes the tables."""
    tool = migrator_job(move.store.name, move.migrations.database) if move.migrations.migrator else ""
    return tuple(name for name in (move.store.name if store.runs(move.store) else "", tool) if name)


def _needs(stack: Stack, one: Service | Job) -> Iterator[str]:
    jobs = {each.name for each in composed_jobs(stack)}
    yield from (name for name in one.needs if name in jobs or any(each.name == name for each in stack.services))


def _stores(stack: Stack, one: Service | Job) -> Iterator[str]:
    user = one if isinstance(one, Service) else stack.service(one.like) if one.like else None
    used = [use.partition(".")[0] for use in user.uses] if user else []
    yield from (name for name in dict.fromkeys(used) if _runs(stack, name))


def _jobs(stack: Stack, one: Service | Job) -> Iterator[str]:
    """Those that a rollout runs before it: of its own level and of lower ones, one after the other."""
    known = {each.name for each in composed_jobs(stack)}
    later = isinstance(one, Job) and one.when == "after-traffic"
    for level in levels(stack):
        for job in level.jobs:
            if job.name == one.name:
                return
            if job.name in known:
                yield job.name
        if any(each.name == one.name for each in level.services):
            return
    if later:
        yield from (each.name for each in _earlier(stack, one) if each.name in known)


def _earlier(stack: Stack, one: Service | Job) -> Iterator[Job]:
    for job in stack.jobs:
        if job.name == one.name:
            return
        if job.when == "after-traffic":
            yield job


def _services(stack: Stack, one: Service | Job) -> Iterator[str]:
    """A job after traffic comes when everything runs."""
    if isinstance(one, Job) and one.when == "after-traffic":
        yield from (each.name for each in stack.services)


def composed_jobs(stack: Stack) -> Iterator[Job]:
    """The jobs that are like a service with an image."""
    for one in stack.jobs:
        donor = next((each for each in stack.services if each.name == one.like), None)
        if donor is not None and (donor.container.image or donor.container.build):
            yield one


def _runs(stack: Stack, name: str) -> bool:
    return any(each.name == name and store.runs(each) for each in stack.stores)


def store_condition(stack: Stack, name: str) -> str:
    """How a store is waited for."""
    used = next(each for each in stack.stores if each.name == name)
    return "service_healthy" if "healthcheck" in store.store(stack, used) else "service_started"
