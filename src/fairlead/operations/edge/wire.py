"""Requests as the trials need them: refused ones, unfinished ones, many at one time.

Certificates are not looked at: the trials are of policies, and send nothing that is secret.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

from fairlead.system.http import LARGEST, Answer

PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Wire:
    """Where the edge listens, as this machine reaches it."""

    address: str
    port: int
    tls: bool = False
    patience: float = PATIENCE  #: seconds an answer is waited for

    def connect(self, host: str | None = None) -> socket.socket:
        """An open connection. OSError when there is none."""
        plain = socket.create_connection((self.address, self.port), timeout=self.patience)
        if not self.tls:
            return plain
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain, server_hostname=host or self.address)

    def ask(self, path: str, host: str | None, headers: dict[str, str] | None = None) -> Answer:
        """GET on a fresh connection; every failure is an Answer."""
        return self.send(path, host, "GET", headers or {})

    def send(
        self, path: str, host: str | None, method: str, headers: dict[str, str], pieces: Iterable[bytes] = ()
    ) -> Answer:
        """A request whose body is what `pieces` say, whatever its headers announce."""
        try:
            with contextlib.closing(self.connect(host)) as link:
                link.sendall(self._head(path, host, method, headers))
                with contextlib.suppress(ConnectionError):  # refused before all of it was sent: the answer says why
                    for piece in pieces:
                        link.sendall(piece)
                return _answer(link, method)
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, error=str(error) or type(error).__name__)

    def begin(self, path: str, host: str | None, headers: dict[str, str]) -> socket.socket:
        """A GET request that is not waited for. OSError when there is no connection."""
        link = self.connect(host)
        link.sendall(self._head(path, host, "GET", headers))
        return link

    def _head(self, path: str, host: str | None, method: str, headers: dict[str, str]) -> bytes:
        fields = {"Host": host or f"{self.address}:{self.port}", "User-Agent": "fairlead", **headers}
        if "Connection" not in fields:
            fields["Connection"] = "close"
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _answer(link: socket.socket, method: str) -> Answer:
    response = http.client.HTTPResponse(link, method=method)
    response.begin()
    body = b"" if response.status == 101 else response.read(LARGEST)
    return Answer(response.status, body, {name.lower(): value for name, value in response.getheaders()})


def status_of(link: socket.socket) -> int:
    """The status of the answer to a request that was begun; 0: none came."""
    try:
        response = http.client.HTTPResponse(link)
        response.begin()
    except (OSError, http.client.HTTPException):
        return 0
    return response.status
