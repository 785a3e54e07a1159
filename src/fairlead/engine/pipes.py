"""A command in a container at the end of a pipe: what it writes is read, or it is fed. Never is the whole in memory.

Who goes away in the middle ends it: the engine closes its pipes. Source of the framing: the Docker Engine API,
`POST /containers/ID/attach`, "Stream format".
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairlead.engine.attached import HEADER, PIECE
from fairlead.engine.engine import Engine
from fairlead.engine.failures import explained
from fairlead.engine.streams import early, socket_of
from fairlead.errors import FairleadError
from fairlead.masking import masked
from fairlead.system.clock import wait_until
from fairlead.system.pipes import Ended

SAID = 4096  #: bytes of what it says on stderr that are kept
SHOWN = 4  #: lines of it
ENDING = 30.0  #: seconds from the end of its output to its own


@dataclass
class Spoken:
    """What a command writes: stdout to read, and the end of what it says beside it."""

    link: socket.socket
    said: bytes = b""
    ended: bool = False
    rest: bytes = b""  #: of frames that came
    _left: int = 0  #: bytes of the frame that is under way
    _out: bool = False  #: it is of stdout

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""
        if size < 0:
            return b"".join(iter(lambda: self.read(PIECE), b""))
        while not self.ended:
            piece = self._piece(size)
            if self._out and piece:
                return piece
            self.said = (self.said + piece)[-SAID:]
        return b""

    def _piece(self, most: int) -> bytes:
        """Of the frame that is under way."""
        if not self._left and not self._header():
            return b""
        piece = self._take(min(most, self._left))
        self._left -= len(piece)
        return piece

    def _header(self) -> bool:
        head = b""
        while len(head) < HEADER:
            piece = self._take(HEADER - len(head))
            if not piece:
                return False
            head += piece
        self._out, self._left = head[0] != 2, int.from_bytes(head[4:], "big")
        return True

    def _take(self, most: int) -> bytes:
        """What is there, at most so much of it."""
        if not self.rest:
            try:
                self.rest = self.link.recv(PIECE)
            except ConnectionResetError:
                self.rest = b""
            self.ended = not self.rest
        found, self.rest = self.rest[:most], self.rest[most:]
        return found


@dataclass(frozen=True)
class Inside:
    """A container that runs, for commands in it."""

    engine: Engine
    name: str
    env: Mapping[str, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def reading(self, argv: Sequence[str], what: str) -> Iterator[Spoken]:
        """What it writes. Ended, with what it said last, unless all was read and it ended with 0."""
        with self._begun(argv, stdin=False) as (id, link, begun):
            spoken = Spoken(link, rest=begun)
            yield spoken
            while spoken.read(PIECE):
                pass
            self._require(id, what, spoken.said)

    @contextlib.contextmanager
    def feeding(self, argv: Sequence[str], what: str) -> Iterator[Callable[[bytes], None]]:
        """Write to it. FairleadError, with what it said last, unless it read to the end and ended with 0."""
        with self._begun(argv, stdin=True) as (id, link, begun):
            spoken = Spoken(link, rest=begun)
            said = bytearray()
            listener = threading.Thread(target=_listen, args=(spoken, said), daemon=True)
            listener.start()
            try:
                yield link.sendall
            except (BrokenPipeError, ConnectionResetError):  # its exit code says why it reads no more
                listener.join()
                self._require(id, what, bytes(said[-SAID:]) + spoken.said)
                raise FairleadError(f"{what}: it read no further") from None
            except BaseException:
                with contextlib.suppress(OSError):
                    link.shutdown(socket.SHUT_RDWR)
                listener.join()
                raise
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_WR)
            listener.join()
            self._require(id, what, bytes(said[-SAID:]) + spoken.said)

    @contextlib.contextmanager
    def talking(self, argv: Sequence[str]) -> Iterator[tuple[Spoken, socket.socket]]:
        """Both at once: what it writes, and the pipe to it. Whatever it ends with is for the caller to judge."""
        with self._begun(argv, stdin=True) as (_, link, begun):
            yield Spoken(link, rest=begun), link

    @contextlib.contextmanager
    def _begun(self, argv: Sequence[str], stdin: bool) -> Iterator[tuple[str, socket.socket, bytes]]:
        """Its id, the pipe, and what it wrote so soon that it is read already."""
        api: Any = self.engine.api
        with explained(f"run {argv[0]} in container {self.name}"):
            made = api.exec_create(self.name, list(argv), stdin=stdin, environment=dict(self.env))["Id"]
            stream = api.exec_start(made, socket=True)
        link, begun = socket_of(stream), early(stream)
        link.settimeout(None)
        try:
            yield made, link, begun
        finally:
            link.close()
            stream.close()

    def _require(self, id: str, what: str, said: bytes) -> None:
        facts: dict[str, Any] = {}

        def ended() -> bool:
            with explained(f"ask what became of a command in container {self.name}"):
                facts.update(self.engine.api.exec_inspect(id))
            return not facts["Running"]

        if not wait_until(ended, ENDING):
            raise FairleadError(f"{what}: it does not end", f"look at it: docker top {self.name}")
        if facts["ExitCode"] != 0:
            lines = [line for line in masked(said.decode(errors="replace")).splitlines() if line.strip()][-SHOWN:]
            code = int(facts["ExitCode"])
            raise Ended(f"{what}: " + ("\n  ".join(lines) or f"exited with {code}"), code)


def _listen(spoken: Spoken, said: bytearray) -> None:
    with contextlib.suppress(OSError):  # it was closed from our side
        while piece := spoken.read(PIECE):
            said += piece
            del said[:-SAID]
