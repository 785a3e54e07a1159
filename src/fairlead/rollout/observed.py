"""What a plan is made from: the release that is wanted, and the world as it was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fairlead.project.stack import Service, Stack, Strategy
from fairlead.rollout.schema import SchemaMove
from fairlead.runtimes.base import Instance


@dataclass(frozen=True, slots=True)
class Wanted:
    """The release to go to."""

    release: str
    stack: Stack
    strategy: Strategy
    urgent: bool = False  #: users first: workers hand over after the traffic has moved
    schema: tuple[SchemaMove, ...] = ()  #: what is to be done to databases, in order


@dataclass(frozen=True, slots=True)
class Observed:
    """The environment now. `live` is None before the first deployment; `warm` are releases kept for a rollback."""

    live: str | None = None
    stack: Stack | None = None  #: of the live release
    warm: tuple[str, ...] = ()
    instances: tuple[Instance, ...] = ()

    def of(self, release: str | None) -> tuple[Instance, ...]:
        """The instances of a release, jobs left out."""
        return tuple(one for one in self.instances if one.release == release and not one.job)

    def living(self, release: str | None, services: Iterable[Service]) -> tuple[str, ...]:
        """Ids of the instances of these services of a release that run."""
        names = {service.name for service in services}
        return tuple(one.id for one in self.of(release) if one.service in names and one.living)


def instance_id(release: str, service: str, index: int) -> str:
    """RELEASE.SERVICE.INDEX, counted from 1."""
    return f"{release}.{service}.{index}"


def instance_ids(release: str, service: Service) -> tuple[str, ...]:
    """The ids of all replicas of a service."""
    return tuple(instance_id(release, service.name, index) for index in range(1, service.replicas + 1))
