"""What a stack says of the edge: where requests come in, who gets them, and what is done with them first.

Durations are seconds, sizes bytes; 0 means that there is no such limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limit:
    """How many requests one client may send: `requests` in each `seconds`, and `burst` at once."""

    requests: int
    seconds: float
    burst: int


@dataclass(frozen=True, slots=True)
class Policies:
    """What the edge does with the requests of a route, and with their answers."""

    headers: dict[str, str] = field(default_factory=dict)  #: that every answer gets
    hsts: int = 0  #: how long browsers come by https only, seconds; said over https alone
    compress: bool = False
    body: int = 0  #: the largest body of a request, bytes
    timeout: float = 0.0  #: until an answer begins
    limit: Limit | None = None
    connections: int = 0  #: requests of one client at one time
    websockets: int = 0  #: WebSockets of one client at one time

    @property
    def counts(self) -> bool:
        """Whether something is counted by client."""
        return bool(self.limit or self.connections or self.websockets)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another address in place of an answer."""

    to: str  #: a path, or a whole address without a query
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Which requests a service gets, and what the edge does with them first."""

    path: str = "/"  #: prefix, starts with /
    host: str | None = None
    priority: int = 0  #: the highest goes first; of equals a host before none, then the longest path
    rewrite: str | None = None  #: what the service gets in place of `path`
    redirect: Redirect | None = None
    fallback: str | None = None  #: the page that a browser gets where the service answers 404
    policies: Policies = field(default_factory=Policies)


@dataclass(frozen=True, slots=True)
class GivenCertificate:
    """A certificate that somebody else made: where it and its key are, never the key itself."""

    cert: str  #: file, PEM; relative to the project file, or absolute
    key: str | None = None  #: file, PEM
    secret: str | None = None  #: the secret that is the key, in place of a file


@dataclass(frozen=True, slots=True)
class Edge:
    """Where requests come in."""

    http: int | None = None  #: port
    https: int | None = None
    address: str = ""  #: address to listen on; empty: all
    certificates: tuple[GivenCertificate, ...] = ()  #: none: the project's own authority makes one
    redirect: bool = True  #: requests to `http` go to `https`, where there is one
    trusted_proxies: tuple[str, ...] = ()  #: networks whose X-Forwarded-For is believed
