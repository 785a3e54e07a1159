"""What the engine shows, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fairlead.project.stack_container import is_root

State = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]
NEVER = "0001-01-01T00:00:00Z"  #: the engine's word for a time that has not been


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """One container now."""

    id: str
    name: str
    labels: dict[str, str]
    image: str  #: id
    state: State
    pid: int  #: on this machine; 0 when it does not run
    started: str  #: as the engine writes it; empty when it never was
    exit_code: int
    out_of_memory: bool
    restarts: int  #: by the engine itself, since it was started by hand
    error: str  #: why it could not be started
    health: str  #: healthy, unhealthy, starting; empty: it has no healthcheck
    addresses: dict[str, str] = field(default_factory=dict)  #: network → IPv4 address; those it has now
    raw: dict[str, Any] = field(default_factory=dict)  #: all that `inspect` says

    @property
    def running(self) -> bool:
        """Whether a process of it runs."""
        return self.state in ("running", "paused")

    @property
    def fixed_address(self) -> str:
        """The first that it always has in one of its networks; empty: none stays."""
        networks = self.raw["NetworkSettings"].get("Networks") or {}
        fixed = ((one.get("IPAMConfig") or {}).get("IPv4Address") for one in networks.values())
        return next((address for address in fixed if address), "")

    @property
    def published(self) -> tuple[tuple[str, int], ...]:
        """The addresses and ports of the machine that it has now; `0.0.0.0` and `::` are all addresses."""
        bound = (self.raw["NetworkSettings"].get("Ports") or {}).values()
        found = {(one["HostIp"] or "0.0.0.0", int(one["HostPort"])) for each in bound for one in each or ()}  # noqa: S104
        return tuple(sorted(found))

    @property
    def last_start(self) -> str:
        """Another one after each start of each container, also when that has ended; empty when it never was."""
        return f"{self.id} {self.started}" if self.started else ""

    @property
    def start_mark(self) -> str:
        """Another one after each start of each container."""
        return f"{self.id} {self.started}" if self.running else ""


def container_facts(raw: Mapping[str, Any]) -> ContainerFacts:
    """From what `GET /containers/ID/json` answers."""
    state, networks = raw["State"], raw["NetworkSettings"].get("Networks") or {}
    started = state.get("StartedAt") or NEVER
    return ContainerFacts(
        raw["Id"], raw["Name"].removeprefix("/"), dict(raw["Config"].get("Labels") or {}), raw["Image"],
        state["Status"], int(state.get("Pid") or 0), "" if started == NEVER else started,
        int(state.get("ExitCode") or 0), bool(state.get("OOMKilled")), int(raw.get("RestartCount") or 0),
        state.get("Error") or "", (state.get("Health") or {}).get("Status", ""),
        {name: one["IPAddress"] for name, one in networks.items() if one.get("IPAddress")}, dict(raw),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One image that is here."""

    id: str  #: sha256:… of its content
    tags: tuple[str, ...]
    digests: tuple[str, ...]  #: NAME@sha256:… as registries know it
    architecture: str
    os: str
    user: str  #: as its maker wrote it; empty: root
    ports: tuple[int, ...]
    size: int  #: bytes
    labels: dict[str, str] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def runs_as_root(self) -> bool:
        """Whether its maker left it at that."""
        return is_root(self.user)


def image_facts(raw: Mapping[str, Any]) -> ImageFacts:
    """From what `GET /images/NAME/json` answers."""
    config = raw.get("Config") or {}
    ports = sorted(int(port.partition("/")[0]) for port in config.get("ExposedPorts") or {})
    return ImageFacts(
        raw["Id"], tuple(raw.get("RepoTags") or ()), tuple(raw.get("RepoDigests") or ()), raw.get("Architecture", ""),
        raw.get("Os", ""), config.get("User") or "", tuple(ports), int(raw.get("Size") or 0),
        dict(config.get("Labels") or {}), dict(raw),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """The engine itself."""

    version: str
    api: str
    architecture: str  #: as images name it: amd64, arm64 …
    root: str  #: where it keeps its data
    live_restore: bool
    rootless: bool
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command in a container did."""

    code: int
    output: str
    ended: bool = True  #: in the time it had
