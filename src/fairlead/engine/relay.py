"""A port of this machine that leads to where it has no way of its own: into a network of the engine.

Each connection is a command in a container that is in that network, with the connection at both ends of its pipe. So
whoever is asked sees a client in another container, and what is agreed between both, TLS say, goes through untouched.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from fairlead.engine.attached import PIECE
from fairlead.engine.pipes import Inside, Spoken
from fairlead.errors import FairleadError

LOOPBACK = "127.0.0.1"
SCRIPT = """exec 4<&0 3<>"/dev/tcp/$0/$1" || exit 1
cat <&3 & down=$!
cat <&4 >&3 & up=$!
wait -n
kill $down $up 2>/dev/null
exit 0
"""
"""Of bash: both ways, until one side has ended."""


@dataclass
class Relay:
    """Where it is, and why it led nowhere last."""

    port: int
    failure: str = ""
    _open: set[socket.socket] = field(default_factory=set)
    _threads: list[threading.Thread] = field(default_factory=list)


@contextlib.contextmanager
def relay(inside: Inside, host: str, port: int) -> Iterator[Relay]:
    """From a port of loopback to `host` and `port` as the container finds them, which has bash. Whoever is on this
    machine may use it as long as the block lasts.
    """
    with socket.create_server((LOOPBACK, 0)) as door:
        made = Relay(door.getsockname()[1])
        argv = ("bash", "-c", SCRIPT, host, str(port))
        listener = threading.Thread(target=_listen, args=(door, inside, argv, made), daemon=True)
        listener.start()
        try:
            yield made
        finally:
            with contextlib.suppress(OSError):  # wakes who waits in accept
                door.shutdown(socket.SHUT_RDWR)
            listener.join()
            for one in tuple(made._open):
                _end(one)
            for thread in made._threads:
                thread.join()


def _listen(door: socket.socket, inside: Inside, argv: tuple[str, ...], made: Relay) -> None:
    while True:
        try:
            client, _ = door.accept()
        except OSError:  # it is closed
            return
        made._open.add(client)
        thread = threading.Thread(target=_serve, args=(client, inside, argv, made), daemon=True)
        made._threads.append(thread)
        thread.start()


def _serve(client: socket.socket, inside: Inside, argv: tuple[str, ...], made: Relay) -> None:
    with client:
        try:
            with inside.talking(argv) as (spoken, link):
                _carry(client, spoken, link, made)
        except FairleadError as error:  # the engine does not run it; the client sees that it is cut
            made.failure = error.message
        finally:
            made._open.discard(client)


def _carry(client: socket.socket, spoken: Spoken, link: socket.socket, made: Relay) -> None:
    """Until the other side has ended, which it does when the client goes. Who is cut off finds why."""
    up = threading.Thread(target=_pump, args=(client, link), daemon=True)
    up.start()
    with contextlib.suppress(OSError):
        while piece := spoken.read(PIECE):
            client.sendall(piece)
    made.failure = spoken.said.decode(errors="replace").strip() or made.failure
    _end(client)
    up.join()


def _pump(client: socket.socket, link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := client.recv(PIECE):
            link.sendall(piece)
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_WR)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is gone already
        one.shutdown(socket.SHUT_RDWR)
