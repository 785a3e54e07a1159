"""The stack: one environment of a project, fully resolved. All code below `project/` takes a stack, never the file.

Plain frozen dataclasses, because the keeper and `status` read a stored stack many times and must not pay for a
validator they do not need: what is stored was validated when it was written. Durations are seconds (float),
sizes bytes (int). Mappings are plain dicts that nobody changes.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from fairlead.project.stack_backup import Backup, Drill, Require
from fairlead.project.stack_container import Build, Container, LogBounds, Registry, Resources, Security
from fairlead.project.stack_data import from_data, to_data
from fairlead.project.stack_edge import Edge, Route
from fairlead.project.stack_rights import Rights
from fairlead.project.stack_rollout import (
    LATENCY_BUCKETS,
    CanaryStep,
    Insufficient,
    Judge,
    Rollout,
    Shadow,
    Smoke,
    Strategy,
    Watch,
)
from fairlead.project.stack_secrets import Generate, Rotate, SecretBackend, SecretSpec, ServiceSecret

__all__ = [
    "LATENCY_BUCKETS", "Build", "CanaryStep", "Container", "Edge", "Generate", "Insufficient", "Judge", "LogBounds",
    "Registry", "Resources", "Rights", "Rollout", "Rotate", "Route", "SecretBackend", "SecretSpec", "Security",
    "ServiceSecret", "Shadow", "Smoke", "Strategy", "Watch", "from_data", "to_data",
]  # fmt: skip

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
    engine: str | None = None  #: what the engine itself asks: off, http, or a command; None: as `command`


@dataclass(frozen=True, slots=True)
class Stop:
    """How an instance ends."""

    signal: str = "SIGTERM"
    drain: float = 10.0  #: longest wait for open requests before the signal, seconds
    grace: float = 30.0  #: from the signal to SIGKILL of the process group, seconds


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
class Notify:
    """Somebody who is told."""

    to: str  #: the kind of receiver: slack, discord, e-mail, pagerduty, telegram or webhook
    secret: str  #: name of what holds the address
    on: tuple[str, ...]  #: started, waiting, promoted, failed, rolled-back, recovered, rotation-due


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
    rehearse: Literal["auto", "always", "risky", "never"] = "auto"  #: as a step of a deployment


@dataclass(frozen=True, slots=True)
class Store:
    """A thing that keeps data."""

    name: str
    kind: Literal["postgres", "redis", "s3", "container", "volume"]
    url: str | None = None
    direct_url: str | None = None  #: of the server itself, where `url` is a pooler before it
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
    window: str = "02:00-05:00"  #: s3: when it may be started anew for its certificate, by the machine's clock
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
