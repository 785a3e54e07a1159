"""`services`: the things that run."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from fairlead.project import values
from fairlead.project.routes import Route
from fairlead.project.sections import (
    Anything,
    CommandLine,
    Duration,
    Inside,
    Line,
    Name,
    OptionalCommandLine,
    OptionalInside,
    OptionalLine,
    OptionalName,
    OptionalTarget,
    Port,
    Section,
    Signal,
    VariableName,
    Written,
    choice,
    number_or_off,
    text_like,
    whole,
)
from fairlead.project.security import Logs, Security

_VALUE = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"
Volume = Annotated[
    str, text_like("a volume such as data:/var/lib/data or ./conf:/etc/conf:ro", r"[^\u0000-\u001f\u007f]+")
]
Published = Annotated[
    str,
    text_like(
        "a port such as 9000, 9000:9000 or 127.0.0.1:9000:9000/tcp",
        rf"(?:(?:\[[0-9A-Fa-f:]+\]|[0-9.]+|{_VALUE}):)?(?:(?:[0-9-]*|{_VALUE}):)?"
        rf"(?:[0-9]{{1,5}}(?:-[0-9]{{1,5}})?|{_VALUE})(?:/(?:tcp|udp|sctp))?",
    ),
]
PLATFORM = text_like("a platform such as linux/amd64 or linux/arm64", r"[a-z0-9]+/[a-z0-9_]+(?:/v[0-9]+)?")
_PULL = choice("always", "missing", "never")
_VARIABLE = text_like("a variable name such as LOG_LEVEL", values.VARIABLE)
_Use = Annotated[str, text_like("a store or store.database", r"[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9_-]*)?")]


Platform = Annotated[str, PLATFORM]


class Prepare(Section):
    """`prepare`: how a source tree becomes an artifact."""

    run: tuple[CommandLine, ...] = Field(min_length=1)
    inputs: tuple[Inside, ...] = ()


class Health(Section):
    """`health`: when an instance is ready."""

    short: ClassVar[str] = "ready"
    what: ClassVar[str] = "a path such as /health, or a mapping"

    live: OptionalTarget = None
    ready: OptionalTarget = None
    command: OptionalCommandLine = None
    engine: OptionalCommandLine = None
    timeout: Duration = 5.0
    interval: Duration = 0.5
    successes: Annotated[int, whole(1, 100)] = 2
    deadline: Duration = 60.0


class Stop(Section):
    """`stop`: how an instance ends."""

    signal: Signal = "SIGTERM"
    drain: Duration = 10.0
    grace: Duration = 30.0


class Build(Section):
    """`build`: the image of a service, made here."""

    context: Inside
    dockerfile: OptionalInside = None
    target: OptionalLine = None
    args: dict[VariableName, Written] = Field(default_factory=dict)
    secrets: tuple[VariableName, ...] = ()
    platforms: tuple[Platform, ...] = ()
    tags: tuple[Line, ...] = ()


_SIZE_OR_OFF = text_like("a size such as 512M or 2G, or off", values.SIZE + r"|off", values.size_or_off)


class Resources(Section):
    """`resources`: what one instance may use."""

    cpu: Annotated[float | None, number_or_off("a number of processors such as 0.5 or 2", 0, 1024)] = None
    memory: Annotated[int | None, _SIZE_OR_OFF] = None


class ServiceSecret(Section):
    """An item of a service's `secrets`: which one, and how it is handed over."""

    short: ClassVar[str] = "name"
    what: ClassVar[str] = "the name of a secret, or a mapping"

    name: VariableName
    delivery: Annotated[Literal["file", "env"], choice("file", "env"), Field(alias="as")] = "file"
    key: Annotated[str | None, _VARIABLE] = None


class Use(Section):
    """An item of `uses`: which store, and how its address is handed over."""

    short: ClassVar[str] = "store"
    what: ClassVar[str] = "a store or store.database, or a mapping"

    store: _Use
    delivery: Annotated[Literal["file", "env"], choice("file", "env"), Field(alias="as")] = "env"
    key: Annotated[str | None, _VARIABLE] = None


class Pool(Section):
    """An entry of `pools`: how many connections one instance opens to a store."""

    size: Written
    processes: Written = "1"


class Service(Section):
    """One entry of `services`."""

    like: OptionalName = None
    source: OptionalInside = None
    build: Build | None = None
    image: OptionalLine = None
    platform: Annotated[str | None, PLATFORM] = None
    pull_policy: Annotated[Literal["always", "missing", "never"], _PULL] = "always"
    prepare: Prepare | None = None
    entrypoint: OptionalCommandLine = None
    command: OptionalCommandLine = None
    static: OptionalInside = None
    port: Port = None
    health: Health = Field(default_factory=Health)
    routes: tuple[Route, ...] = ()
    networks: tuple[Name, ...] = ()
    uses: tuple[Use, ...] = ()
    env: dict[VariableName, Written] = Field(default_factory=dict)
    secrets: tuple[ServiceSecret, ...] = ()
    replicas: Annotated[int, whole(1, 100, upper=False)] = 1
    pools: dict[Name, Pool] = Field(default_factory=dict)
    resources: Resources | None = None
    security: Security = Field(default_factory=Security)
    logs: Logs = Field(default_factory=Logs)
    user: OptionalLine = None
    workdir: OptionalLine = None
    volumes: tuple[Volume, ...] = ()
    publish: tuple[Published, ...] = ()
    compose: dict[Line, Anything] = Field(default_factory=dict)
    stop: Stop = Field(default_factory=Stop)
    handover: Annotated[Literal["stop-first", "overlap"], choice("stop-first", "overlap")] = "stop-first"
    needs: tuple[Name, ...] = ()
