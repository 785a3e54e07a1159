"""What only a container has. Sizes are bytes (int)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

PullPolicy = Literal["always", "missing", "never"]


@dataclass(frozen=True, slots=True)
class Build:
    """The image of a service, made here."""

    context: str  #: folder, relative to the project file
    dockerfile: str | None = None  #: relative to the context
    target: str | None = None
    args: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()  #: `linux/amd64`; empty: that of the engine
    tags: tuple[str, ...] = ()  #: more names that the image gets, whole
    static: str | None = None  #: made without a Dockerfile: this folder of the source `context`, and its server


@dataclass(frozen=True, slots=True)
class Registry:
    """Where images that are built go."""

    url: str  #: what their names begin with: `ghcr.io/acme`
    user: str | None = None
    secret: str | None = None  #: name of the password; None: as `docker login` left it


@dataclass(frozen=True, slots=True)
class Resources:
    """What one instance may use. None: what leaves the machine itself enough, see `engine.limits`; 0: all there is."""

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
    pids: int = 512  #: processes and threads at one time; 0: as many as there can be
    init: bool = True  #: a first process that reaps the others

    @property
    def off(self) -> bool:
        """Whether it may do whatever the engine lets it."""
        return self == _OFF


_OFF = Security(
    root=True, read_only=False, tmpfs=(), cap_drop=(), no_new_privileges=False, pids=0, init=False
)  # fmt: skip


def is_root(user: str) -> bool:
    """Whether that is root to an engine, which reads numbers as such: `0:0`, `00`. Empty: nobody else was named."""
    name = user.partition(":")[0].strip()
    return name in ("", "root") or re.fullmatch(r"[+-]?0+", name) is not None


@dataclass(frozen=True, slots=True)
class LogBounds:
    """How much of what a container says is kept."""

    size: int = 10 << 20  #: bytes of one file
    files: int = 3


@dataclass(frozen=True, slots=True)
class Container:
    """What only a container has."""

    image: str | None = None  #: beside `build`: the name that the built image gets
    build: Build | None = None
    platform: str | None = None  #: None: that of the engine
    pull_policy: PullPolicy = "always"  #: when a registry is asked what a tag stands for
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
