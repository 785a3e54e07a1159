"""The order of services and jobs by what they need (Kahn's algorithm, level by level)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairlead.project.stack import Job, Service, Stack


@dataclass(frozen=True, slots=True)
class Level:
    """What may start at the same time: its jobs run first, one after the other, then its services start together."""

    jobs: tuple[Job, ...]
    services: tuple[Service, ...]


def hands_over(service: Service) -> bool:
    """Whether the old one stops before the new one starts, at the switch."""
    return service.is_worker and service.handover == "stop-first"


def levels(stack: Stack) -> tuple[Level, ...]:
    """Jobs before traffic and services that start beside the old ones, by level. What hands over is left out."""
    items: list[Job | Service] = [job for job in stack.jobs if job.when == "before-traffic"]
    return _by_need([*items, *(service for service in stack.services if not hands_over(service))])


def worker_levels(stack: Stack) -> tuple[Level, ...]:
    """What hands over at the switch, by level."""
    return _by_need([service for service in stack.services if hands_over(service)])


def service_levels(stack: Stack) -> tuple[Level, ...]:
    """All services, by level: the order in which a release that is not rolled out anew is brought up."""
    return _by_need(list(stack.services))


def _by_need(chosen: Sequence[Job | Service]) -> tuple[Level, ...]:
    items = {item.name: item for item in chosen}
    done: set[str] = set()
    found = []
    while len(done) < len(items):
        now = [item for name, item in items.items() if name not in done and _met(item, items, done)]
        if not now:  # the loader refuses cycles; a stored stack from elsewhere must not loop here for ever
            now = [item for name, item in items.items() if name not in done]
        found.append(_level(now))
        done |= {item.name for item in now}
    return tuple(found)


def _met(item: Job | Service, items: Mapping[str, Job | Service], done: set[str]) -> bool:
    return all(need in done or need not in items for need in item.needs)


def _level(items: list[Job | Service]) -> Level:
    jobs = tuple(item for item in items if isinstance(item, Job))
    return Level(jobs, tuple(item for item in items if isinstance(item, Service)))
