"""A container as data: everything it is made of, and the same in the words of the engine's API. Pure.

Source: the Docker Engine API, version 1.41, `POST /containers/create`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from fairlead.project.stack_container import LogBounds, Resources, Security

SECRETS = "/run/secrets"
"""Where a container finds the files of its secrets."""
FILES = "/run/fairlead/files"
"""Where a container finds the files that were made of templates."""
CPU_PERIOD = 1_000_000_000  #: the engine counts processors in billionths

Restart = Literal["unless-stopped", "no"]


@dataclass(frozen=True, slots=True)
class Mount:
    """Something of the machine that a container sees."""

    kind: Literal["bind", "volume"]
    source: str  #: a path, or the name of a volume
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """A network it is in, and what it is called there."""

    network: str
    aliases: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()  #: (container, what this one alone calls it), whether it is there or not
    address: str = ""  #: it always has there; empty: the engine gives it one at each start


@dataclass(frozen=True, slots=True)
class Published:
    """A port of it that the machine has too."""

    port: int
    host_port: int
    address: str = ""  #: of the machine; empty: all
    protocol: Literal["tcp", "udp", "sctp"] = "tcp"


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """How the engine itself asks. Times are seconds."""

    test: tuple[str, ...]  #: CMD and its words, CMD-SHELL and a line, or `NEVER`
    interval: float = 10.0
    timeout: float = 5.0
    retries: int = 3
    start_period: float = 0.0


NEVER = ("NONE",)
"""Not even what the image says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """What a container is made of. Two specs with one fingerprint make the same container."""

    name: str
    image: str  #: id or reference
    argv: tuple[str, ...] = ()  #: empty: the image's own command
    entrypoint: tuple[str, ...] | None = None  #: None: the image's own
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    workdir: str | None = None
    mounts: tuple[Mount, ...] = ()
    networks: tuple[Joined, ...] = ()  #: none: no network at all
    beside: str = ""  #: the container whose network it shares instead
    hosts: tuple[tuple[str, str], ...] = ()  #: (name, address) that it knows without asking the engine
    publish: tuple[Published, ...] = ()
    resources: Resources = field(default_factory=Resources)
    security: Security = field(default_factory=Security)
    logs: LogBounds = field(default_factory=LogBounds)
    healthcheck: Healthcheck | None = None
    stop_signal: str = "SIGTERM"
    stop_grace: float = 10.0  #: seconds from the signal to SIGKILL
    restart: Restart = "unless-stopped"
    sysctls: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)  #: parts of the engine's HostConfig, as they are
    swap: bool = False  #: beside its memory as much swap as the engine gives; else none

    @property
    def fingerprint(self) -> str:
        """16 hex digits of all but the labels. Values of variables count by their SHA-256."""
        later = ("hosts", "more", "swap")  # they came later: where they say nothing, no container is made anew for them
        parts = {key: value for key, value in asdict(self).items() if key != "labels" and (key not in later or value)}
        parts["networks"] = [{key: value for key, value in one.items() if key != "address" or value}
                             for one in parts["networks"]]  # fmt: skip
        parts["env"] = {key: hashlib.sha256(value.encode()).hexdigest() for key, value in self.env.items()}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def creation(spec: ContainerSpec) -> dict[str, Any]:
    """The body of `POST /containers/create`. Networks after the first are joined before the start."""
    return {
        "Image": spec.image,
        "Cmd": list(spec.argv) or None,
        "Entrypoint": list(spec.entrypoint) if spec.entrypoint is not None else None,
        "Env": [f"{name}={value}" for name, value in sorted(spec.env.items())],
        "Labels": dict(spec.labels),
        "User": spec.user or "",
        "WorkingDir": spec.workdir or "",
        "ExposedPorts": {_port(one): {} for one in spec.publish},
        "Healthcheck": _healthcheck(spec.healthcheck),
        "StopSignal": spec.stop_signal,
        "StopTimeout": math.ceil(spec.stop_grace),
        "HostConfig": _host(spec),
        "NetworkingConfig": {"EndpointsConfig": {one.network: endpoint(one) for one in spec.networks[:1]}},
    }


def endpoint(one: Joined) -> dict[str, Any]:
    """How it joins a network."""
    links = {"Links": [f"{container}:{name}" for container, name in one.links]} if one.links else {}
    fixed = {"IPAMConfig": {"IPv4Address": one.address}} if one.address else {}
    return {"Aliases": list(one.aliases)} | links | fixed


def _host(spec: ContainerSpec) -> dict[str, Any]:
    return {
        "NetworkMode": _network_mode(spec),
        "Mounts": [_mount(one) for one in spec.mounts],
        "PortBindings": _bindings(spec.publish),
        "RestartPolicy": {"Name": spec.restart},
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": str(spec.logs.size), "max-file": str(spec.logs.files)},
        },
        "Sysctls": dict(spec.sysctls),
        **_limits(spec.resources, spec.swap),
        **_safe(spec.security, spec.user or ""),
        **spec.more,
        "ExtraHosts": _known(spec),
    }


def _known(spec: ContainerSpec) -> list[str]:
    """Names that it knows without asking the engine. Where the file has one too, that is meant."""
    said: list[str] = spec.more.get("ExtraHosts", [])
    named = {text.partition(":")[0] for text in said}
    return [*said, *(f"{name}:{address}" for name, address in spec.hosts if name not in named)]


def _network_mode(spec: ContainerSpec) -> str:
    if spec.beside:
        return f"container:{spec.beside}"
    return spec.networks[0].network if spec.networks else "none"


def _mount(one: Mount) -> dict[str, Any]:
    return {"Type": one.kind, "Source": one.source, "Target": one.target, "ReadOnly": one.read_only}


def _bindings(published: Iterable[Published]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for one in published:
        found.setdefault(_port(one), []).append({"HostIp": one.address, "HostPort": str(one.host_port)})
    return found


def _port(one: Published) -> str:
    return f"{one.port}/{one.protocol}"


def _limits(resources: Resources, swap: bool) -> dict[str, Any]:
    """No swap beside memory that is declared: a limit that is evaded by swapping makes the whole machine slow."""
    memory = resources.memory or 0
    cpu = round((resources.cpu or 0.0) * CPU_PERIOD)
    return {"Memory": memory, "MemorySwap": 0 if swap else memory, "NanoCpus": cpu}


def _safe(security: Security, user: str) -> dict[str, Any]:
    return {
        "ReadonlyRootfs": security.read_only,
        "Tmpfs": dict.fromkeys(security.tmpfs, memory_folder(user)),
        "CapAdd": list(security.cap_add),
        "CapDrop": list(security.cap_drop),
        "SecurityOpt": ["no-new-privileges:true"] if security.no_new_privileges else [],
        "PidsLimit": security.pids or None,
        "Init": security.init,
    }


def memory_folder(user: str) -> str:
    """Its user's own: where the image has the folder, older engines give it the mode of that one, mostly 755."""
    uid, _, gid = user.partition(":")
    owner = f",uid={uid}" if uid.isdecimal() else ""
    return "rw,nosuid,nodev,mode=1777" + owner + (f",gid={gid}" if owner and gid.isdecimal() else "")


def _healthcheck(check: Healthcheck | None) -> dict[str, Any] | None:
    if check is None:
        return None
    return {
        "Test": list(check.test),
        "Interval": _nanoseconds(check.interval),
        "Timeout": _nanoseconds(check.timeout),
        "Retries": check.retries,
        "StartPeriod": _nanoseconds(check.start_period),
    }


def _nanoseconds(seconds: float) -> int:
    return max(1_000_000, round(seconds * 1e9)) if seconds else 0  # the engine refuses less than a millisecond
