"""How many connections the services of a stack open to each store at most, against what the store allows.

While a release is rolled out, the instances of two releases run at once: all of both with blue-green and canary, a few
more than usual with rolling. A worker of which the old one stops before the new one starts counts once. PostgreSQL
keeps 3 connections for its superuser (`superuser_reserved_connections`), so those are not to be had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fairlead.project.stack import Pool, Service, Stack, Store, Strategy

POSTGRES = 100  #: max_connections of a PostgreSQL that nobody has set up
RESERVED = 3  #: for the superuser
TIGHT = 0.8  #: share of what is allowed from which on it is said


@dataclass(frozen=True, slots=True)
class Share:
    """What one service opens."""

    service: str
    size: int
    processes: int
    instances: int  #: as many as run at once in a rollout
    why: str  #: how many instances that are

    @property
    def connections(self) -> int:
        """All of it."""
        return self.size * self.processes * self.instances

    def __str__(self) -> str:
        """`api 5 × 2 processes × 4 instances (2 replicas, old and new) = 40`."""
        processes = f" × {self.processes} processes" if self.processes != 1 else ""
        instances = f"{self.instances} instance{'s' if self.instances != 1 else ''}"
        return f"{self.service} {self.size}{processes} × {instances} ({self.why}) = {self.connections}"


@dataclass(frozen=True, slots=True)
class Budget:
    """The connections of one store."""

    store: str
    shares: tuple[Share, ...]
    allowed: int  #: of the server
    reserved: int

    @property
    def needed(self) -> int:
        """By all services together."""
        return sum(share.connections for share in self.shares)

    @property
    def free(self) -> int:
        """What services can have."""
        return self.allowed - self.reserved

    @property
    def result(self) -> Literal["ok", "tight", "over"]:
        """Over: some service would be refused a connection."""
        if self.needed > self.free:
            return "over"
        return "tight" if self.needed >= self.free * TIGHT else "ok"

    @property
    def text(self) -> str:
        """The sum, and what it is held against."""
        reserved = f" ({self.allowed} less {self.reserved} for the superuser)" if self.reserved else ""
        return f"{self.store}: {' + '.join(map(str, self.shares))}; {self.needed} of {self.free}{reserved}"

    @property
    def hint(self) -> str:
        """How to come down; empty when there is no need."""
        return "" if self.result == "ok" else "use smaller pools, fewer processes or replicas, or raise max_connections"


def budgets(stack: Stack, strategy: Strategy | None = None) -> tuple[Budget, ...]:
    """That of every store which has a limit and to which a service opens a pool. `strategy`: instead of the stack's."""
    found = []
    for store in stack.stores:
        shares = tuple(
            _share(stack, service, pool, strategy or stack.rollout.strategy)
            for service in stack.services for pool in service.pools if pool.store == store.name
        )  # fmt: skip
        allowed = _allowed(store)
        if shares and allowed is not None:
            found.append(Budget(store.name, shares, allowed, RESERVED if store.kind == "postgres" else 0))
    return tuple(found)


def _allowed(store: Store) -> int | None:
    if store.max_connections is None and store.kind == "postgres":
        return POSTGRES
    return store.max_connections


def _share(stack: Stack, service: Service, pool: Pool, strategy: Strategy) -> Share:
    replicas = f"{service.replicas} replica{'s' if service.replicas != 1 else ''}"
    instances, why = service.replicas, f"{replicas}, old stopped first"
    if not service.is_worker or service.handover == "overlap":
        instances, why = service.replicas * 2, f"{replicas}, old and new"
        if strategy == "rolling":
            instances, why = service.replicas + stack.rollout.surge, f"{replicas} and {stack.rollout.surge} of surge"
    return Share(service.name, pool.size, pool.processes, instances, why)
