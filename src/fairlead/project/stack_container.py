"""What only a container has. Sizes are bytes (int)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Build:
    """The image of a service, made here."""

    context: str  #: folder, relative to the project file
    dockerfile: str | None = None  #: relative to the context
    target: str | None = None
    args: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resources:
    """What one instance may use."""

    cpu: float | None = None  #: processors
    memory: int | None = None  #: bytes


@dataclass(frozen=True, slots=True)
class Security:
    """What a container may do: as little as it gets on with, unless the file says more."""

    root: bool = False  #: it may run as root
    read_only: bool = True  #: its file system, but for volumes and `tmpfs`
    tmpfs: tuple[str, ...] = ("/tmp", "/run")  # noqa: S108 — folders of the container, in memory
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ("ALL",)
    no_new_privileges: bool = True
    pids: int = 512  #: processes and threads at one time
    init: bool = True  #: a first process that reaps the others


@dataclass(frozen=True, slots=True)
class LogBounds:
    """How much of what a container says is kept."""

    size: int = 10 << 20  #: bytes of one file
    files: int = 3


@dataclass(frozen=True, slots=True)
class Container:
    """What only a container has."""

    image: str | None = None
    build: Build | None = None
    entrypoint: str | None = None  #: one command line
    user: str | None = None
    workdir: str | None = None
    volumes: tuple[str, ...] = ()  #: as in Compose's short form
    publish: tuple[str, ...] = ()  #: as in Compose's short form
    networks: tuple[str, ...] = ()
    resources: Resources = field(default_factory=Resources)
    security: Security = field(default_factory=Security)
    logs: LogBounds = field(default_factory=LogBounds)
    compose: dict[str, Any] = field(default_factory=dict)  #: keys that a Compose service gets as they are
