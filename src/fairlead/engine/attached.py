"""A command in a container, on this very terminal: what is typed goes in, what it says comes out, as it comes.

Source of the framing: the Docker Engine API, `POST /containers/ID/attach`, "Stream format".
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

from fairlead.engine.engine import Engine
from fairlead.engine.failures import explained
from fairlead.engine.streams import early, socket_of
from fairlead.errors import FairleadError

PIECE = 64 << 10  #: bytes read at once
HEADER = 8  #: bytes before each frame: which stream, and how long it is
INTERRUPTED = 130


def execute(engine: Engine, name: str, argv: Sequence[str], user: str = "") -> int:
    """Run it to its end; its exit code. With a terminal of its own where we have one on both sides."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    with explained(f"run {argv[0]} in container {name}"):
        made = engine.api.exec_create(name, list(argv), stdin=True, tty=terminal, user=user)["Id"]
        stream = engine.api.exec_start(made, tty=terminal, socket=True)
        try:
            with _raw(terminal), _resized(terminal, lambda rows, columns: engine.api.exec_resize(made, rows, columns)):
                _carry(stream, terminal)
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            stream.close()
        code = engine.api.exec_inspect(made)["ExitCode"]
    return int(code) if code is not None else INTERRUPTED


def _carry(stream: Any, terminal: bool) -> None:
    """Both ways, until the other side has ended."""
    typed: int | None = sys.stdin.fileno()
    out, link = _plain if terminal else _Frames().take, socket_of(stream)
    out(early(stream))
    while True:
        watched: list[int] = [link.fileno(), *([typed] if typed is not None else [])]
        ready, _, _ = select.select(watched, [], [])
        if typed in ready:
            data = os.read(typed, PIECE) if typed is not None else b""
            if data:
                link.sendall(data)
            else:
                typed = None
                with contextlib.suppress(OSError):
                    link.shutdown(socket.SHUT_WR)
        if link.fileno() in ready:
            data = link.recv(PIECE)
            if not data:
                return
            out(data)


def _plain(data: bytes) -> None:
    _write(1, data)


class _Frames:
    """Takes the two streams apart again. A frame may come in pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> None:
        """Write what has come in whole frames."""
        self._rest += data
        while len(self._rest) >= HEADER:
            length = int.from_bytes(self._rest[4:HEADER], "big")
            if len(self._rest) < HEADER + length:
                return
            _write(2 if self._rest[0] == 2 else 1, self._rest[HEADER : HEADER + length])
            self._rest = self._rest[HEADER + length :]


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@contextlib.contextmanager
def _raw(terminal: bool) -> Iterator[None]:
    """Every key goes through, Ctrl-C too."""
    if not terminal:
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin, termios.TCSANOW)  # what was typed ahead stays
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _resized(terminal: bool, tell: Callable[[int, int], object]) -> Iterator[None]:
    """The other terminal is as large as ours, also when that changes."""
    if not terminal:
        yield
        return

    def changed(_: int = 0, __: FrameType | None = None) -> None:
        columns, rows = shutil.get_terminal_size()
        with contextlib.suppress(FairleadError), explained("resize"):  # a comfort, and it may have ended
            tell(rows, columns)

    changed()
    before = signal.signal(signal.SIGWINCH, changed)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
