"""The edge's table: everything it is to do, as one value that is applied whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead.project.stack_edge import Edge, Route

RELEASE_HEADER = "X-Fairlead-Release"
RELEASE_COOKIE = "fairlead-release"
USERS = "users"
"""In the place of a release's id: whichever a user would get, without being counted as a client."""
LOOPBACK = "127.0.0.1"
SHADOW_HEADER = "X-Fairlead-Shadow"
"""Marks a copy of a request, so that an application can tell it from a user's."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The instances of one service of one release that may get requests now."""

    service: str
    release: str
    ports: tuple[int, ...]
    hosts: tuple[str, ...] = ()  #: as the edge reaches them, one for each port; empty: all on this machine
    waits: tuple[Route, ...] = ()  #: its routes that say how long an answer may take to begin

    @property
    def servers(self) -> tuple[str, ...]:
        """HOST:PORT of each instance."""
        hosts = self.hosts or (LOOPBACK,) * len(self.ports)
        return tuple(f"{host}:{port}" for host, port in zip(hosts, self.ports, strict=True))

    @property
    def name(self) -> str:
        """SERVICE-RELEASE; unique in the environment."""
        return f"{self.service}-{self.release}"

    def wait(self, host: str | None, path: str) -> float:
        """How long an answer to a request of that route may take to begin, seconds; 0: as long as it takes."""
        found = (one.policies.timeout for one in self.waits if (one.host, one.path) == (host, path))
        return next(found, 0.0)


@dataclass(frozen=True, slots=True)
class EdgeRoute:
    """Which pools get the requests for a host and a path prefix. Weights are percent; those of 0 are left out."""

    path: str
    host: str | None
    weights: tuple[tuple[str, int], ...]  #: (pool name, weight)
    mirror: str = ""  #: pool that gets copies of safe requests, whose answers nobody sees
    mirror_percent: float = 0.0  #: of the safe requests, above 0 and up to 100
    port: int = 0  #: at which services ask for `host`, which is a service's name; 0: users do, at the public ports
    how: Route = field(default_factory=Route)  #: what is done with its requests
    networks: tuple[str, ...] = ()  #: of one with a `port`: only members of these are answered


@dataclass(frozen=True, slots=True)
class Members:
    """The containers of a network, by their addresses: all of its subnets but for this machine's own place there."""

    subnets: tuple[str, ...]
    machine: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeaderRoute:
    """Requests with the secret header or cookie of a release go to that release, before any user does."""

    path: str
    host: str | None
    release: str
    pool: str
    how: Route = field(default_factory=Route)


@dataclass(frozen=True, slots=True)
class Sticky:
    """A cookie that keeps a visitor on one release, on all routes that more than one release has.

    The name has to be another one for each rollout: a visitor of the last one would else be bound to a release that
    is now the old one, and the new one would get nobody.
    """

    cookie: str
    seconds: int  #: a browser forgets it after that time


@dataclass(frozen=True, slots=True)
class EdgeTable:
    """Everything the edge is to do: a value, applied whole."""

    pools: tuple[Pool, ...] = ()
    routes: tuple[EdgeRoute, ...] = ()
    headers: tuple[HeaderRoute, ...] = ()
    listen: Edge | None = None  #: where requests come in, as the leading release has it; None: as before
    sticky: Sticky | None = None
    inner: tuple[int, ...] = ()  #: ports at which services ask each other, routed to or not yet
    networks: tuple[str, ...] = ()  #: in which pools are, beside those that every edge is in
