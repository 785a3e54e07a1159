"""What the load generator is told: how many clients of each kind, which paths they ask for, how to judge an answer."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mix:
    """How many clients of each kind run side by side."""

    get: int = 4  #: GET after GET on one kept-alive connection
    post: int = 2  #: POST with a body that must come back, on one kept-alive connection
    fresh: int = 1  #: GET, each on a new connection
    idle: int = 4  #: GET and POST in turns on one kept-alive connection, with idle gaps between them
    slow: int = 2  #: GET of a response that takes seconds
    stream: int = 1  #: GET of a response that comes in chunks over many seconds
    websocket: int = 2  #: a WebSocket with one message and its echo each second


@dataclass(frozen=True, slots=True)
class Paths:
    """Where each kind of client goes. The defaults fit the application of the demo."""

    get: str = "/"
    post: str = "/echo"  #: its answer must contain the body of the request; empty: `idle` clients send GET only
    slow: str = "/slow?seconds=3"
    stream: str = "/stream?seconds=20"
    websocket: str = "/ws"  #: must send each text message back
    stream_end: str = "end"  #: what the last bytes of a whole stream are, white space apart; empty: not checked


@dataclass(frozen=True, slots=True)
class Options:
    """How the clients behave. Times are seconds."""

    rate: float = 150.0  #: requests per second of all `get`, `post` and `fresh` clients together, at most
    timeout: float = 15.0  #: for a whole answer, on top of what a slow response or stream takes by itself
    slow_seconds: float = 3.0  #: how long `Paths.slow` takes by itself
    stream_seconds: float = 20.0  #: how long `Paths.stream` takes by itself
    idle_gap: tuple[float, float] = (1.0, 8.0)  #: shortest and longest gap of the `idle` clients
    websocket_gap: float = 1.0  #: between two messages
    app_header: str | None = "X-App"  #: in every answer of the application, in none of the edge; None: there is no such
    version_header: str = "X-Version"  #: names the version that answered
    host: str | None = None  #: Host header; None: host and port of the URL
    headers: dict[str, str] = field(default_factory=dict)  #: sent with every request
    trust: str | None = None  #: certificates in PEM that are trusted, for https; None: those that the system trusts
    paths: Paths = field(default_factory=Paths)
    seed: int = 0  #: same seed, same gaps and bodies
