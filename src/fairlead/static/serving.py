"""The server of files, from its first request to its last: told to end it takes no new connection, and ends when what
it was asked has been answered to the last byte. Waitress itself would drop what still waits to be sent.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

THREADS = 8
MOST = 1000  #: connections at one time; the edge keeps few
LOOK = 1.0  #: seconds after which it looks at its connections, when nothing wakes it


class Serving:
    """Listens from the moment that it is made. OSError where the address cannot be had.

    `ports`: where it does, by the address; port 0 asks for a free one.
    """

    def __init__(self, application: Any, host: str, port: int) -> None:
        self._map: dict[int, Any] = {}
        self._server = waitress.create_server(
            application, self._map, host=host, port=port, threads=THREADS, connection_limit=MOST, ident=""
        )
        self.ports = tuple(int(one.effective_port) for one in self._listening())
        self._ending = False
        signal.signal(signal.SIGTERM, self._end)

    def run(self) -> None:
        """Until SIGTERM, and then until all that is open was answered."""
        try:
            while not self._ending:
                self._turn()
            for one in self._listening():
                wasyncore.dispatcher.close(one)  # its own `close` would end what wakes the loop, too
            while any(_busy(one) for one in self._open()):
                self._turn()
        except KeyboardInterrupt:
            pass
        finally:
            self._server.task_dispatcher.shutdown()

    def _turn(self) -> None:
        wasyncore.loop(LOOK, use_poll=True, map=self._map, count=1)

    def _end(self, signum: int, frame: FrameType | None) -> None:
        self._ending = True
        for one in self._listening():
            one.pull_trigger()  # a signal alone does not end its waiting

    def _listening(self) -> tuple[Any, ...]:
        return tuple(one for one in self._map.values() if isinstance(one, BaseWSGIServer))

    def _open(self) -> Iterator[Any]:
        return (one for one in tuple(self._map.values()) if isinstance(one, HTTPChannel))


def _busy(channel: Any) -> bool:
    """It is being answered, or its answer is not wholly sent. Who has not asked yet to the end may never do."""
    return bool(channel.requests or channel.total_outbufs_len)
