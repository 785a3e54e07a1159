"""Where a store finds things, and what a kind of store says of its container. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.project.access import certificate_name, key_name
from fairlead.project.stack import Store
from fairlead.render.stores.tuning import Machine

CONF = "/etc/fairlead"
SOCKET = "/run/fairlead/socket"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a store finds things, as its own process sees them."""

    data: str  #: folder of what it keeps
    conf: str  #: folder of its configuration, which it cannot write
    port: int
    socket: str  #: folder in which it makes its UNIX socket
    near: str  #: the same folder for a client
    contained: bool = False  #: a container, in networks of its own
    programs: Mapping[str, str] = field(default_factory=dict)  #: name → path, where they are not found by name
    users: tuple[str, ...] = ()  #: of the machine or the container, who may administrate it
    machine: Machine = field(default_factory=Machine)  #: what of it is known
    secrets: str = ""  #: folder with a file for each secret, by its name; empty: `conf` has what is made of them
    authority: str = ""  #: the certificate (PEM) that its own is known by; empty: nobody here asks it by TLS

    def program(self, name: str) -> str:
        """How a program of it is called."""
        return self.programs.get(name, name)


def certificate(store: Store, ground: Ground) -> tuple[str, str]:
    """Where its certificate and its key are."""
    if ground.secrets:
        return f"{ground.secrets}/{certificate_name(store.name)}", f"{ground.secrets}/{key_name(store.name)}"
    folder = f"{ground.conf}/certificate/current"
    return f"{folder}/cert.pem", f"{folder}/key.pem"


class Shape(Protocol):
    """What a kind of store says of the container that it runs in."""

    port: int  #: where it listens in a container
    stop_signal: str

    def certified(self, store: Store) -> bool:
        """Whether it has a certificate of the project's own authority."""

    def image(self, store: Store) -> str:
        """The usual image."""

    def user(self, store: Store) -> str | None:
        """Who it runs as in a container; None: as the image says."""

    def keeps(self, store: Store) -> str:
        """The folder of a container in which its data is; empty: it keeps nothing."""

    def argv(self, store: Store, ground: Ground) -> tuple[str, ...]:
        """What is started; empty: what the image says."""

    def env(self, store: Store, ground: Ground) -> dict[str, str]:
        """Variables, none of them secret."""


def ground_of(shape: Shape, store: Store, secrets: str = "") -> Ground:
    """Where a store finds things in its container. With `secrets` nobody outside of it asks at its socket."""
    socket = "/var/run/postgresql" if secrets else f"{SOCKET},/var/run/postgresql"
    near = "/var/run/postgresql" if secrets else SOCKET
    return Ground(shape.keeps(store), CONF, shape.port, socket, near, contained=True, secrets=secrets)
