"""What a kind of store knows of itself. The same for a program of this machine and for a container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.project.stack import Store
from fairlead.stores.base import Reach, Values


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

    def program(self, name: str) -> str:
        """How a program of it is called."""
        return self.programs.get(name, name)


class StoreKind(Protocol):
    """One kind."""

    port: int  #: where it listens in a container
    certified: bool  #: it has a certificate of the project's own authority
    stop_signal: str
    programs: tuple[str, ...]  #: what it needs of the machine; empty: it runs in containers alone

    def image(self, store: Store) -> str:
        """The usual image."""

    def user(self, store: Store) -> str | None:
        """Who it runs as in a container; None: as the image says."""

    def keeps(self, store: Store) -> str:
        """The folder of a container in which its data is; empty: it keeps nothing."""

    def files(self, store: Store, ground: Ground, values: Values) -> dict[str, str]:
        """Its configuration, by name in `conf`."""

    def argv(self, store: Store, ground: Ground) -> tuple[str, ...]:
        """What is started; empty: what the image says."""

    def env(self, store: Store, ground: Ground) -> dict[str, str]:
        """Variables, none of them secret."""

    def ask(self, store: Store, ground: Ground, reach: Reach) -> str:
        """Whether it answers: empty, or why not."""

    def settle(self, store: Store, ground: Ground, reach: Reach, values: Values) -> None:
        """Have in it what it declares. FairleadError with what it says."""

    def reload(self, ground: Ground, reach: Reach) -> None:
        """Have it read its certificate again."""
