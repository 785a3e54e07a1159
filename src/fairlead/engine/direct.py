"""The engine of this machine over its socket, without the SDK: for what cannot wait until that is loaded."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

USUAL = "unix:///var/run/docker.sock"
TIMEOUT = 10.0  #: seconds for one answer


class _Connection(http.client.HTTPConnection):
    """To a UNIX socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class DirectEngine:
    """A few calls. OSError, ValueError or HTTPException when it does not answer, or not as it should."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def here(cls) -> DirectEngine | None:
        """That of DOCKER_HOST, or the usual one; None where it is not asked over a socket of this machine."""
        host = os.environ.get("DOCKER_HOST") or USUAL
        return cls(host.removeprefix("unix://")) if host.startswith("unix://") else None

    def inspect(self, name: str) -> dict[str, Any] | None:
        """What `GET /containers/NAME/json` answers; None when there is none."""
        status, body = self._begin("GET", name, "json")()
        return dict(json.loads(body)) if status == 200 else None

    def begin(self, name: str, verb: str) -> Callable[[], object]:
        """Have a container `start`, `kill` or `restart?t=0`; the call that waits until it is done."""
        return self._begin("POST", name, verb)

    def _begin(self, method: str, name: str, verb: str) -> Callable[[], tuple[int, bytes]]:
        connection = _Connection(self.path)
        connection.request(method, f"/containers/{quote(name)}/{verb}", headers={"Connection": "close"})

        def answered() -> tuple[int, bytes]:
            try:
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()

        return answered
