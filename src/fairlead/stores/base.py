"""What can run stores. Every method is idempotent: it looks at the world before it acts, because it may run twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from fairlead.engine.differences import Difference
from fairlead.engine.facts import Ran
from fairlead.masking import Secret
from fairlead.project.stack import Store

Values = Mapping[str, Secret]
"""What a store is handed, by the name of each secret."""

Phase = Literal["running", "starting", "stopping", "stopped", "failed"]

LIVING: frozenset[Phase] = frozenset({"running", "starting"})


@dataclass(frozen=True, slots=True)
class Running:
    """One store as it is seen now, running or not."""

    store: Store  #: as it was declared when it was made
    fingerprint: str  #: of that declaration
    phase: Phase
    mark: str = ""  #: another one after each start; empty when it does not run

    @property
    def name(self) -> str:
        """The store's name."""
        return self.store.name

    @property
    def living(self) -> bool:
        """Whether a process of it runs."""
        return self.phase in LIVING


@dataclass(frozen=True, slots=True)
class Address:
    """Where services reach a store."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A port of this machine that a store has."""

    name: str
    address: str  #: 0.0.0.0 and :: are all addresses
    port: int


class Reach(Protocol):
    """A store that runs, for those who ask it something."""

    def run(self, argv: Sequence[str]) -> Ran:
        """Run a command where the store runs, as who it runs as, to its end."""

    def address(self) -> Address | None:
        """Where this machine reaches it; None where it does not."""


class Stores(Protocol):
    """What runs the stores of one environment."""

    def observe(self) -> tuple[Running, ...]:
        """Every store that was made, sorted by name."""

    def address(self, store: Store) -> Address | None:
        """Where services reach it; None while it was never made."""

    def taken(self) -> tuple[Taken, ...]:
        """The ports of this machine that they really have. A container has none unless somebody published it."""

    def socket(self, store: Store) -> Address | None:
        """Where this machine reaches a PostgreSQL: the folder of its UNIX socket; None while it was never made."""

    def authority(self, store: Store) -> str:
        """The path at which services find the certificate that they know a store by."""

    def authority_pem(self) -> str:
        """That certificate."""

    def have(self, store: Store, values: Values, image: str = "") -> None:
        """Set it up as it is declared and start it; one that runs is not disturbed. Does not wait until it is well.

        `image`: the id of what a container is made from, where that is known already.
        """

    def start(self, names: Collection[str]) -> None:
        """Start those that do not run, as they were set up last."""

    def ask(self, name: str) -> str:
        """Whether it answers: empty, or why not."""

    def settle(self, store: Store, values: Values) -> None:
        """Have in one that is well what it declares: databases, roles, buckets, its password."""

    def renew(self, names: Collection[str], now: datetime | None = None) -> tuple[str, ...]:
        """Have certificates that are not about to end; which stores read another one now.

        Who reads it only when it starts is started anew at its hours alone, as long as the one before still counts.
        """

    def unread(self) -> tuple[Running, ...]:
        """Those that run with a certificate of which there is a newer one."""

    def stop(self, names: Collection[str]) -> None:
        """End those, each within its time; returns when nothing of them runs. Their data stays."""

    def remove(self, name: str) -> None:
        """Forget a stopped one. Its data stays."""

    def set_aside(self, name: str) -> None:
        """End one that is to be made anew, and keep what it was beside it. Its data stays where it is."""

    def bring_back(self, name: str) -> bool:
        """End what was made in its place, and start it as it was; does not wait until it is well.

        False where nothing goes back: no change was begun, or the new one was found well, and what was is let go.
        """

    def let_go(self, name: str) -> None:
        """The new one is well: forget what it was."""

    def changing(self) -> tuple[str, ...]:
        """Those that were set aside and neither brought back nor let go."""

    def starts(self, name: str) -> int:
        """How often it began so far, by whomever: it grows while one ends and is started again."""

    def unfit(self, store: Store, image: str = "") -> str:
        """Why it could not run on the data that is there, as far as that can be known before; empty: nothing is known.

        `image`: the id of what a container would be made from.
        """

    def differences(self, name: str) -> tuple[Difference, ...]:
        """In what one differs from how it was made; one that does not run is `missing`."""

    def log_tail(self, name: str, lines: int) -> str:
        """The last lines it wrote, masked."""
