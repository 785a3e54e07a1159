"""A server in memory that accepts secrets, for tests and rehearsals. It tells whoever listens of every change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret


@dataclass
class FakeServer:
    """Accepts the values in `accepted`."""

    accepted: set[str]
    connections: dict[str, int] = field(default_factory=dict)  #: open ones, by the value they were made with
    down: bool = False
    listeners: list[Callable[[str], None]] = field(default_factory=list)

    def check(self, old: Secret) -> None:
        """It answers, and takes the old one."""
        self._ask()
        if old.reveal() not in self.accepted:
            raise Refused("memory does not take the value")

    def accept(self, new: Secret) -> Sequence[str]:
        """Beside those it has."""
        self._ask()
        if new.reveal() not in self.accepted:
            self.accepted.add(new.reveal())
            self._changed("accepted")
        return ()

    def verify(self, new: Secret) -> None:
        """It is one of them."""
        self._ask()
        if new.reveal() not in self.accepted:
            raise FairleadError("memory does not take the value")

    def holders(self, seconds: float) -> int:
        """All that are open."""
        self._ask()
        return sum(self.connections.values())

    def expel(self, seconds: float) -> int:
        """End them."""
        count = self.holders(seconds)
        self.connections.clear()
        return count

    def refuse(self, old: Secret, new: Secret) -> Sequence[str]:
        """From now on."""
        self.verify(new)
        if old.reveal() in self.accepted:
            self.accepted.discard(old.reveal())
            self._changed("refused")
        return ()

    def _ask(self) -> None:
        if self.down:
            raise FairleadError("memory does not answer")

    def _changed(self, what: str) -> None:
        for listener in self.listeners:
            listener(what)
