"""The engine of this machine over its socket, without the SDK: for what cannot wait until that is loaded.

To load it takes a tenth of a second, and each question by it three times as long: a rollback has nothing but questions.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

USUAL = "unix:///var/run/docker.sock"
NEWEST = "1.45"
"""The newest version of the API whose answers are known here, as the SDK has it. A later one may change them."""
TIMEOUT = 10.0  #: seconds for one answer


class Refused(Exception):
    """The engine said no. `status` is that of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NobodyThere(OSError):
    """Nothing listens."""


class NoAnswer(OSError):
    """Something listens, and does not answer, or not as an engine does."""


class _Connection(http.client.HTTPConnection):
    """To a UNIX socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except OSError as error:
            self.close()
            raise NobodyThere(error.errno, error.strerror) from error

    def __del__(self) -> None:
        self.close()


class DirectEngine:
    """A few calls. Those that are neither `get` nor `ping` raise OSError, ValueError or HTTPException when it does not
    answer, or not as it should."""

    def __init__(self, path: str, timeout: float = TIMEOUT) -> None:
        self.path = path
        self.timeout = timeout
        self._kept = threading.local()  #: a connection for each thread
        self._version: str | None = None  #: of the API; None: not asked yet

    @classmethod
    def here(cls, host: str | None = None, timeout: float = TIMEOUT) -> DirectEngine | None:
        """That of `host`, of DOCKER_HOST, or the usual one; None where no socket of this machine leads to it.

        Also `unix://run/docker.sock` begins at the root, as the SDK has it.
        """
        host = host or os.environ.get("DOCKER_HOST") or USUAL
        return cls(f"/{host.removeprefix('unix://').lstrip('/')}", timeout) if host.startswith("unix://") else None

    def get(self, path: str, query: dict[str, str] | None = None) -> Any:
        """The answer to a question, which changes nothing.

        Refused, also when there is no such thing (404); NobodyThere; NoAnswer.
        """
        try:
            return json.loads(self._sure(self._versioned(path) + (f"?{urlencode(query)}" if query else "")))
        except ValueError as error:
            raise NoAnswer(str(error)) from error

    def ping(self) -> None:
        """The same errors when it is not well."""
        self._sure("/_ping")

    def version(self) -> str:
        """That of the API which is spoken: the engine's, or the newest that is known here where the engine still takes
        that; empty where it does not say. The same errors."""
        if self._version is None:
            theirs = self._heard("/_ping")[2]
            known = not newer(theirs, NEWEST) or self._heard(f"/v{NEWEST}/_ping")[0] != http.client.OK
            self._version = theirs if known else NEWEST
        return self._version

    def _versioned(self, path: str) -> str:
        return f"/v{version}{path}" if (version := self.version()) else path

    def _sure(self, url: str) -> bytes:
        status, body, _ = self._heard(url)
        if status != http.client.OK:
            raise Refused(_said(body), status)
        return body

    def _heard(self, url: str) -> tuple[int, bytes, str]:
        try:
            return self._asked(url)
        except NobodyThere:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error

    def _asked(self, url: str) -> tuple[int, bytes, str]:
        """Over the connection that is kept; it may have ended meanwhile, with the engine before this one."""
        if kept := getattr(self._kept, "connection", None):
            try:
                return _answered(kept, url)
            except (ConnectionError, http.client.BadStatusLine):
                kept.close()
        self._kept.connection = connection = _Connection(self.path, self.timeout)
        return _answered(connection, url)

    def inspect(self, name: str) -> dict[str, Any] | None:
        """What `GET /containers/NAME/json` answers; None when there is none."""
        status, body = self._begin("GET", name, "json")()
        return dict(json.loads(body)) if status == http.client.OK else None

    def begin(self, name: str, verb: str) -> Callable[[], object]:
        """Have a container `start`, `kill` or `restart?t=0`; the call that waits until it is done."""
        return self._begin("POST", name, verb)

    def _begin(self, method: str, name: str, verb: str) -> Callable[[], tuple[int, bytes]]:
        url = self._versioned(f"/containers/{quote(name)}/{verb}")
        connection = _Connection(self.path, self.timeout)
        connection.request(method, url, headers={"Connection": "close"})

        def answered() -> tuple[int, bytes]:
            try:
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()

        return answered


def newer(one: str, other: str) -> bool:
    """Whether a version of the API is a later one: 1.9 is before 1.45. One that is none is not."""
    numbers = [[int(part) for part in text.split(".") if part.isdigit()] for text in (one, other)]
    return numbers[0] > numbers[1]


def _answered(connection: _Connection, url: str) -> tuple[int, bytes, str]:
    """What comes back, and the engine's version of the API; a connection on which that was not all is of no use any
    more."""
    try:
        connection.request("GET", url)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers.get("Api-Version", "")
    except BaseException:
        connection.close()
        raise


def _said(body: bytes) -> str:
    """The engine's own words."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()
