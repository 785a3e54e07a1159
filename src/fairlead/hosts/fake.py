"""A host that is a thread of this process: for tests, which see both sides."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from fairlead.errors import FairleadError
from fairlead.hosts.base import ConnectionLost, Unreachable
from fairlead.hosts.wire import LONGEST_FRAME, Wire

Serve = Callable[[str, Wire], None]


class FakeChannel:
    """Two pipes and a thread."""

    def __init__(self, command: str, serve: Serve) -> None:
        ours, theirs = os.pipe(), os.pipe()
        self._wire = Wire(ours[0], theirs[1], LONGEST_FRAME)
        self._ends = {ours[0], theirs[1]}

        def run() -> None:
            try:
                serve(command, Wire(theirs[0], ours[1]))
            finally:
                os.close(theirs[0])
                os.close(ours[1])

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    @property
    def wire(self) -> Wire:
        return self._wire

    def failure(self, begun: bool) -> FairleadError:
        """As the protocol says."""
        return ConnectionLost("the connection is lost") if begun else Unreachable("nobody answered")

    def close(self) -> None:
        """As the protocol says."""
        for end in self._ends:
            os.close(end)
        self._ends = set()
        self._thread.join(10)


class FakeHost:
    """`serve` is what runs there: it gets the command and its end of the wire."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.commands: list[str] = []  #: what was asked for

    @property
    def where(self) -> str:
        return "deploy@fake"

    def call(self, command: str) -> FakeChannel:
        """As the protocol says."""
        self.commands.append(command)
        return FakeChannel(command, self._serve)

    def enter(self, command: str) -> int:
        """As the protocol says; nothing runs."""
        self.commands.append(command)
        return 0
