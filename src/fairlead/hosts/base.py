"""What can be done with another machine, however it is reached."""

from __future__ import annotations

from typing import Protocol

from fairlead.errors import FairleadError
from fairlead.hosts.wire import Wire


class Unreachable(FairleadError):
    """There is no talking with the Fairlead on that host; nothing was begun there."""


class Absent(Unreachable):
    """The host answers, and has no Fairlead."""


class ConnectionLost(FairleadError):
    """It was there, and is gone in the middle."""


class Channel(Protocol):
    """One connection, to one program on the host."""

    @property
    def wire(self) -> Wire:
        """What is said to it, and what it says."""

    def failure(self, begun: bool) -> FairleadError:
        """Why it ended, once the wire has: ConnectionLost when we had heard from it (`begun`), else Unreachable."""

    def close(self) -> None:
        """End the connection; nothing happens when it has ended."""


class Host(Protocol):
    """Another machine."""

    @property
    def where(self) -> str:
        """The host, as messages name it."""

    def call(self, command: str) -> Channel:
        """Have the login shell there run `command`; it may not be there yet when this returns. Unreachable."""

    def enter(self, command: str) -> int:
        """Have it run `command` on this very terminal, or with our standard streams; its exit code. Unreachable."""
