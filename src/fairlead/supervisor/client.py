"""XML-RPC over a UNIX socket, with the standard library's marshaller."""

from __future__ import annotations

import http.client
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


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


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
        connection = _UnixConnection(str(self.path), self.timeout)
        try:
            connection.request("POST", "/RPC2", body, {"Content-Type": "text/xml"})
            answer = connection.getresponse().read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{self.path}: {error}") from error
        finally:
            connection.close()
        try:
            return xmlrpc.client.loads(answer)[0][0]
        except xmlrpc.client.Fault as fault:
            raise Fault(fault.faultCode, fault.faultString) from fault
        except (ExpatError, xmlrpc.client.Error) as error:  # it was killed in the middle of an answer
            raise ConnectionError(f"{self.path}: {error}") from error
