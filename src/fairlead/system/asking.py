"""A GET that is waited for by looking now and then: many at one time, and none in the way of anything else."""

from __future__ import annotations

import errno
import http.client
import socket
import string
import time
from io import BytesIO
from urllib.parse import quote

from fairlead.system.http import LARGEST, Answer, reason

PIECE = 1 << 16
END_OF_HEADERS = b"\r\n\r\n"


class Asking:
    """`look` until it answers; every failure is an Answer, as for `system.http.get`. `timeout`: seconds."""

    def __init__(self, port: int, path: str, timeout: float, host: str = "127.0.0.1") -> None:
        self.timeout = timeout
        self._until = time.monotonic() + timeout
        lines = (f"GET {quote(path, safe=string.punctuation)} HTTP/1.1", f"Host: {host}:{port}", "Connection: close",
                 "User-Agent: fairlead", "Accept-Encoding: identity")  # fmt: skip
        self._unsent = "\r\n".join((*lines, "", "")).encode()
        self._got = bytearray()
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.setblocking(False)
        self._socket.connect_ex((host, port))  # an error is told by what is sent

    def look(self) -> Answer | None:
        """What came back, once it did or there is no more waiting; None before. Takes microseconds."""
        answer = self._moved() or (self._late() if time.monotonic() >= self._until else None)
        if answer:
            self.close()
        return answer

    def close(self) -> None:
        """Forget it."""
        self._socket.close()

    def _late(self) -> Answer:
        return Answer(0, error=f"no answer within {self.timeout:g} s")

    def _moved(self) -> Answer | None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
            while piece := self._socket.recv(PIECE):
                self._got += piece
                if len(self._got) > LARGEST or (answer := _read(bytes(self._got))):
                    return answer if len(self._got) <= LARGEST else Answer(0, error="the answer is too long")
        except BlockingIOError:
            return None
        except OSError as error:
            return None if error.errno == errno.ENOTCONN else Answer(0, error=reason(error))
        return _read(bytes(self._got), ended=True) or Answer(0, error="the answer broke off")


class _Source:
    """What HTTPResponse reads from."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, mode: str) -> BytesIO:
        return BytesIO(self.data)


def _read(data: bytes, ended: bool = False) -> Answer | None:
    """The answer, when all of it is there. One that does not say how long it is lasts until the connection ends."""
    if END_OF_HEADERS not in data and not ended:
        return None
    response = http.client.HTTPResponse(_Source(data), method="GET")  # type: ignore[arg-type]
    try:
        response.begin()
        if response.length is None and not response.chunked and not ended:
            return None
        body = response.read()
    except http.client.IncompleteRead:
        return None
    except (http.client.HTTPException, ValueError) as error:
        return Answer(0, error=reason(error))
    return Answer(response.status, body, {name.lower(): value for name, value in response.getheaders()})
