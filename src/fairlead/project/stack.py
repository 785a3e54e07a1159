"""The stack: one environment of a project, fully resolved. All code below `project/` takes a stack, never the file.

Plain frozen dataclasses, because the keeper and `status` read a stored stack many times and must not pay for a
validator they do not need: what is stored was validated when it was written. Durations are seconds (float),
sizes bytes (int). Mappings are plain dicts that nobody changes.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Literal, TypeVar

from fairlead.project.stack_backup import Backup, Drill, Require
from fairlead.project.stack_container import Build, Container, LogBounds, Registry, Resources, Security
from fairlead.project.stack_edge import Edge, Route
from fairlead.project.stack_rights import Rights

__all__ = ["Build", "Container", "Edge", "LogBounds", "Registry", "Resources", "Rights", "Route", "Security"]

T = TypeVar("T")

Strategy = Literal["rolling", "blue-green", "canary"]
Handover = Literal["stop-first", "overlap"]
RuntimeName = Literal["process", "docker", "kubernetes"]


@dataclass(frozen=True, slots=True)
class Prepare:
    """How a source tree becomes an artifact."""

    run: tuple[str, ...]  #: command lines, run in order without a shell; `${PYTHON}` is the interpreter
    inputs: tuple[str, ...] = ()  #: files and folders `run` reads; empty: the whole source


@dataclass(frozen=True, slots=True)
class Health:
    """When an instance is ready. Without a `ready` path a TCP connection to the port is the probe."""

    live: str | None = None
    ready: str | None = None
    timeout: float = 5.0  #: one probe, seconds
    interval: float = 0.5  #: between probes, seconds
    successes: int = 2  #: in a row
    deadline: float = 60.0  #: from start to ready, seconds
    command: str | None = None  #: a command in the container that ends with 0 when it is ready


@dataclass(frozen=True, slots=True)
class Stop:
    """How an instance ends."""

    signal: str = "SIGTERM"
    drain: float = 10.0  #: longest wait for open requests before the signal, seconds
    grace: float = 30.0  #: from the signal to SIGKILL of the process group, seconds


@dataclass(frozen=True, slots=True)
class ServiceSecret:
    """A secret that a service reads: as a file, or in its environment."""

    name: str
    delivery: Literal["file", "env"] = "file"
    key: str | None = None  #: what the service calls it; None: its name

    @property
    def variable(self) -> str:
        """The variable of the service's environment: with the value, or with the path of the file."""
        name = self.key or self.name
        return name if self.delivery == "env" else f"{name}_FILE"


@dataclass(frozen=True, slots=True)
class Pool:
    """How many connections one instance opens to a store; `${NAME}` filled in."""

    store: str
    size: int
    processes: int = 1


@dataclass(frozen=True, slots=True)
class Service:
    """A thing that runs. Without `port` it is a worker."""

    name: str
    command: str = ""  #: one command line, split like a shell does, run without a shell; empty: the image's own
    source: str | None = None  #: folder, relative to the project file
    prepare: Prepare | None = None
    port: int | None = None
    health: Health = field(default_factory=Health)
    routes: tuple[Route, ...] = ()
    replicas: int = 1
    env: dict[str, str] = field(default_factory=dict)
    stop: Stop = field(default_factory=Stop)
    handover: Handover = "stop-first"
    needs: tuple[str, ...] = ()  #: services that must be ready before this one starts
    like: str | None = None  #: the service whose source, prepare and env it shares (already filled in here)
    secrets: tuple[ServiceSecret, ...] = ()
    uses: tuple[str, ...] = ()  #: stores, or databases of a store: `cache`, `db.shop`
    access: tuple[ServiceSecret, ...] = ()  #: what it is told of the stores that it uses
    pools: tuple[Pool, ...] = ()
    container: Container = field(default_factory=Container)

    @property
    def is_worker(self) -> bool:
        """Whether it takes no requests and hands over at the switch."""
        return self.port is None


@dataclass(frozen=True, slots=True)
class Job:
    """A command that runs once in a rollout."""

    name: str
    command: str
    when: Literal["before-traffic", "after-traffic", "migration"] = "before-traffic"
    source: str | None = None
    prepare: Prepare | None = None
    env: dict[str, str] = field(default_factory=dict)
    timeout: float = 600.0
    needs: tuple[str, ...] = ()
    like: str | None = None
    secrets: tuple[ServiceSecret, ...] = ()
    access: tuple[ServiceSecret, ...] = ()  #: what it is told of the stores that the service it is like uses


@dataclass(frozen=True, slots=True)
class Smoke:
    """One request through the edge and what its answer must be."""

    path: str
    host: str | None = None
    status: int = 200
    contains: str | None = None
    header: dict[str, str] = field(default_factory=dict)  #: response headers that must be there, with these values
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class CanaryStep:
    """`weight` percent of the requests for `pause` seconds (`for` in the file)."""

    weight: int
    pause: float = 0.0
    approve: bool = False  #: a person has to approve before the next step


LATENCY_BUCKETS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Upper bounds, in seconds, by which the edge counts how long answers took; `Judge.over` is one of them.

One fixed grid: the edge takes another one only when it is started, so it must fit every threshold there will be.
"""

Insufficient = Literal["hold", "extend", "promote-if-probes-pass", "abort"]


@dataclass(frozen=True, slots=True)
class Judge:
    """How the evidence on a new release is weighed."""

    tolerate: float = 1.5  #: ratio of errors (and of slow answers) to the stable release that is still fine
    over: float | None = 0.3  #: an answer that takes longer is slow, seconds; None: latency is not judged
    alpha: float = 0.01  #: chance of ever aborting a good release
    errors_below: float | None = None  #: share of errors, shown before promotion; None: 2 %, or what the stable one has
    confidence: float = 0.95  #: how surely it is shown
    probe_rate: float = 10 / 60  #: requests of Fairlead's own to the new release, per second; 0: none
    probes: tuple[Smoke, ...] = ()  #: what they ask; empty: the smoke tests, or the health checks
    insufficient: Insufficient = "hold"  #: what when a step has ended and too little is known
    hold_for: float = 1800.0  #: how long evidence, or a person, is waited for, seconds


@dataclass(frozen=True, slots=True)
class Watch:
    """How long the new release is judged after the switch."""

    seconds: float = 300.0
    rollback: bool = True  #: by itself; else it is only told


@dataclass(frozen=True, slots=True)
class Shadow:
    """Safe requests are mirrored to the new release before its first user."""

    percent: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Rollout:
    """How one release becomes the next."""

    strategy: Strategy = "blue-green"
    keep: int = 3  #: releases kept on disk
    rollback_window: float = 600.0  #: how long the old release stays warm, seconds
    steps: tuple[CanaryStep, ...] = ()  #: canary only
    surge: int = 1  #: rolling: instances more than `replicas` for a moment
    unavailable: int = 0  #: rolling: instances fewer than `replicas` for a moment
    soak: float = 0.0  #: judged after the switch, before the commit, seconds
    judge: Judge = field(default_factory=Judge)
    watch: Watch | None = None  #: judged after the commit, by the keeper
    shadow: Shadow | None = None
    sticky: bool = False  #: a visitor stays on one release
    approve: bool = False  #: a person has to approve before the first user


@dataclass(frozen=True, slots=True)
class Notify:
    """Somebody who is told."""

    to: str  #: the kind of receiver: slack, discord, e-mail, pagerduty, telegram or webhook
    secret: str  #: name of what holds the address
    on: tuple[str, ...]  #: started, waiting, promoted, failed, rolled-back, recovered, rotation-due


@dataclass(frozen=True, slots=True)
class Generate:
    """How a secret is made, once."""

    kind: Literal["password", "hex", "base64", "jwt-hs256", "rsa", "ed25519", "uuid"]
    length: int | None = None  #: characters, for rsa bits; None: what is usual for the kind


@dataclass(frozen=True, slots=True)
class Rotate:
    """How old a secret may get, and how it is changed while it is in use. Times are seconds."""

    every: float | None = None  #: None: never by schedule
    kind: Literal["plain", "jwt", "redis", "postgres"] = "plain"
    cache: float = 300.0  #: jwt: how long the slowest verifier keeps the key set
    lifetime: float = 3600.0  #: jwt: of the longest token
    lag: float = 30.0  #: redis, postgres: how long a client may keep an old password
    url: str | None = None  #: redis: the server
    user: str | None = None  #: redis: whose password it is
    admin: str | None = None  #: redis: the secret with which the administrator logs in; None: the user changes itself
    admin_user: str | None = None  #: redis: who that is
    reload: Literal["restart", "read"] = "restart"  #: how services come to know another value


@dataclass(frozen=True, slots=True)
class SecretSpec:
    """What must stay secret: its name, never its value."""

    name: str
    generate: Generate | None = None
    rotate: Rotate = field(default_factory=Rotate)
    type: str | None = None  #: of a secret variable: url, port … as `variables` has it
    values: tuple[str, ...] = ()  #: of one that is an enum
    pattern: str | None = None  #: of one that is a regex
    required: bool = True


@dataclass(frozen=True, slots=True)
class SecretBackend:
    """Where the values of secrets are kept. What a kind does not use is None."""

    kind: Literal["age", "environment", "vault", "aws", "exec"] = "age"
    url: str | None = None
    mount: str | None = None
    path: str | None = None
    region: str | None = None
    namespace: str | None = None
    auth: Literal["token", "approle"] | None = None
    get: str | None = None  #: exec: the command that prints a value; `{name}` stands for the name
    set: str | None = None  #: exec: the command that takes a value from its standard input


Format = Literal["json", "yaml", "xml", "nginx", "text"]


@dataclass(frozen=True, slots=True)
class Template:
    """A file of the team's own, in which `${NAME}` stands for variables."""

    source: str  #: relative to the project file
    target: str  #: relative to where rendered files go
    format: Format = "text"
    secret: bool = False  #: it may use secrets, and is handed over like one
    services: tuple[str, ...] = ()  #: who gets it, when it is secret


@dataclass(frozen=True, slots=True)
class Migrations:
    """How the schema of one database moves. Times are seconds."""

    database: str
    folder: str | None = None  #: relative to the project file
    contract: str | None = None  #: folder of what runs only after the old release is gone
    migrator: str | None = None  #: a command of another tool that does it instead
    like: str | None = None  #: the service that the command runs like; None: the first that uses the database
    schema: str | None = None  #: where the history is; None: the first one of the search path
    table: str = "flyway_schema_history"
    out_of_order: bool = False
    placeholders: dict[str, str] = field(default_factory=dict)
    lock_timeout: float = 0.5
    statement_timeout: float = 300.0
    undo_rows: Literal["DELETE", "UNDO_SQL"] = "DELETE"


@dataclass(frozen=True, slots=True)
class Store:
    """A thing that keeps data."""

    name: str
    kind: Literal["postgres", "redis", "s3", "container", "volume"]
    url: str | None = None
    databases: tuple[str, ...] = ()
    migrations: tuple[Migrations, ...] = ()  #: one for each of the databases
    rights: tuple[Rights, ...] = ()  #: of the databases that name who uses them
    max_connections: int | None = None
    tune: Literal["auto", "off"] = "auto"
    command: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    secrets: tuple[ServiceSecret, ...] = ()
    container: Container = field(default_factory=Container)
    extensions: dict[str, tuple[str, ...]] = field(default_factory=dict)  #: by database
    maxmemory: int | None = None  #: redis: bytes; None: no bound
    maxmemory_policy: str = "noeviction"
    queue: bool | None = None  #: redis: whether it holds jobs; None: nothing is said of it
    buckets: tuple[str, ...] = ()
    encrypted: bool = False  #: s3: what lies on the disk
    tls: bool = False  #: s3: it is asked by https
    preset: str | None = None
    port: int | None = None  #: container: where it listens
    backup: Backup | None = None
    drill: Drill | None = None
    checks: dict[str, tuple[str, ...]] = field(default_factory=dict)  #: queries that must work, by database
    health: Health | None = None  #: None: as its kind is asked
    managed: bool = True  #: postgres, redis, s3: set up by Fairlead; else the image is run as it is
    path: str | None = None  #: volume: its folder on this machine; None: the engine's volume of that name


@dataclass(frozen=True, slots=True)
class Stack:
    """One environment of a project, immutable."""

    project: str
    environment: str
    runtime: RuntimeName = "process"
    services: tuple[Service, ...] = ()
    jobs: tuple[Job, ...] = ()
    tests: tuple[str, ...] = ()
    smoke: tuple[Smoke, ...] = ()
    rollout: Rollout = field(default_factory=Rollout)
    require: Require = field(default_factory=Require)
    edge: Edge = field(default_factory=Edge)
    notify: tuple[Notify, ...] = ()  #: empty in a release: who is told of it is no part of what runs
    variables: dict[str, str] = field(default_factory=dict)  #: the plain ones that have a value
    secrets: tuple[SecretSpec, ...] = ()  #: those of `secrets`, and the secret variables
    secret_backend: SecretBackend = field(default_factory=SecretBackend)
    stores: tuple[Store, ...] = ()
    volumes: tuple[Store, ...] = ()  #: of services; those that the file says something of
    templates: tuple[Template, ...] = ()
    registry: Registry | None = None
    compose: dict[str, Any] = field(default_factory=dict)  #: what a rendered Compose file gets as it is, merged in

    @property
    def backed_up(self) -> tuple[Store, ...]:
        """The stores and volumes that have backups."""
        return tuple(one for one in (*self.stores, *self.volumes) if one.backup is not None)

    def service(self, name: str) -> Service:
        """The service of that name; KeyError if there is none."""
        return next_named(self.services, name)

    def job(self, name: str) -> Job:
        """The job of that name; KeyError if there is none."""
        return next_named(self.jobs, name)


class _Named(typing.Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


def next_named(items: typing.Iterable[N], name: str) -> N:
    """The first item of that name; KeyError if there is none."""
    for item in items:
        if item.name == name:
            return item
    raise KeyError(name)


def to_data(value: object) -> dict[str, Any]:
    """A stack (or any dataclass here) as plain JSON data, defaults included."""
    return dataclasses.asdict(value)  # type: ignore[call-overload,no-any-return]


def from_data(kind: type[T], data: dict[str, Any]) -> T:
    """The inverse of `to_data`. Keys it does not know are ignored, so an older Fairlead reads a newer release."""
    readers = _readers(kind)  # type: ignore[arg-type]
    return kind(**{key: _read(readers[key], value) for key, value in data.items() if key in readers})


_Reader = Callable[[Any], Any] | None  #: None: what is there is what is meant


@cache
def _readers(kind: type) -> dict[str, _Reader]:
    """By field. Made once: a release has hundreds of values, and is read again and again."""
    return {name: _reader(hint) for name, hint in typing.get_type_hints(kind).items()}


def _reader(hint: Any) -> _Reader:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return _reader(next(part for part in parts if part is not type(None)))
    if origin is tuple:
        one = _reader(parts[0])
        return lambda value: tuple(_read(one, item) for item in value)
    if origin is dict:
        one = _reader(parts[1])
        return lambda value: {key: _read(one, item) for key, item in value.items()}
    return partial(from_data, hint) if dataclasses.is_dataclass(hint) else None  # type: ignore[arg-type]


def _read(reader: _Reader, value: Any) -> Any:
    return value if reader is None or value is None else reader(value)
