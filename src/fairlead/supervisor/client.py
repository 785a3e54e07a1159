"""XML-RPC over a UNIX socket, with the standard library's marshaller.

Not with its HTTP client, which reads the header of an answer as that of a mail: two thirds of what a call costs here.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError


class Fault(FairleadError):
    """supervisord refused a call; `code` is one of its own fault numbers."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"supervisord: {text}")
        self.code = code
        self.text = text


class Rpc:
    """Calls `supervisor.METHOD`, or one of another namespace. OSError when nobody answers, Fault when it says no."""

    def __init__(self, path: Path, timeout: float = 5.0) -> None:
        self.path = path
        self.timeout = timeout

    def call(self, method: str, *arguments: object, namespace: str = "supervisor") -> Any:
        """One call on one connection."""
        import xmlrpc.client  # noqa: PLC0415 — 20 ms that `fairlead --version` need not pay
        from xml.parsers.expat import ExpatError  # noqa: PLC0415 — the same

        body = xmlrpc.client.dumps(arguments, f"{namespace}.{method}")  # type: ignore[arg-type]
        try:
            return xmlrpc.client.loads(self._answer(body.encode()))[0][0]
        except xmlrpc.client.Fault as fault:
            raise Fault(fault.faultCode, fault.faultString) from fault
        except (ExpatError, xmlrpc.client.Error) as error:  # it was killed in the middle of an answer
            raise ConnectionError(f"{self.path}: {error}") from error

    def _answer(self, body: bytes) -> bytes:
        """To one request; supervisord ends the connection after it. Empty when it says that it failed."""
        head = b"POST /RPC2 HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self.timeout)
            connection.connect(str(self.path))
            connection.sendall(head + body)
            said = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        head, _, answer = said.partition(b"\r\n\r\n")
        return answer if b" 200 " in head.partition(b"\r\n")[0] else b""
