"""Ask as a client does: one fresh connection, or one that is kept and tells what came."""

import contextlib
import http.client
import socket
from dataclasses import dataclass


@dataclass
class Answer:
    """`status` 0: no answer, and `error` says why."""

    status: int
    body: bytes = b""
    headers: dict = None
    error: str = ""

    @property
    def who(self):
        """The name of the back end that answered."""
        return self.body.decode().strip()


@contextlib.contextmanager
def opened(host, port):
    """A connection on which nothing is asked."""
    with socket.create_connection((host, port), 60) as connection:
        yield connection


def ask(port, path="/", method="GET", body=None, headers=None, timeout=60, host="127.0.0.1"):
    """One request on a fresh connection."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        return send(connection, path, method, body, headers)
    finally:
        connection.close()


def send(connection, path="/", method="GET", body=None, headers=None):
    """One request on a kept connection."""
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()})
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return Answer(0, error=repr(error))


def kept(port, timeout=60):
    """A connection for `send`."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)


def upgraded(port, path="/ws", headers=None, link=None):
    """A socket after a WebSocket handshake; what is sent comes back behind the back end's name."""
    link = link or socket.create_connection(("127.0.0.1", port), timeout=60)
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    link.sendall((head + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
    seen = b""
    while b"\r\n\r\n" not in seen:
        chunk = link.recv(4096)
        assert chunk, f"no upgrade: {seen!r}"
        seen += chunk
    assert b" 101 " in seen.split(b"\r\n")[0], seen
    return link


def echo(link, text):
    """What comes back for `text`."""
    link.sendall(text)
    seen = b""
    while not seen.endswith(text):
        chunk = link.recv(4096)
        assert chunk, f"cut after {seen!r}"
        seen += chunk
    return seen
