"""A GET that nobody waits for, from a server that says what it is told to say, byte by byte."""

import socket

import pytest

from fairlead.system.asking import Asking
from fairlead.system.clock import wait_until


class Server:
    """Takes one connection."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.one = None

    def hears(self, asking):
        """What was asked."""
        assert asking.look() is None
        self.one, _ = self.listening.accept()
        assert asking.look() is None
        return self.one.recv(4096)

    def close(self):
        self.listening.close()
        if self.one:
            self.one.close()


@pytest.fixture
def server():
    one = Server()
    yield one
    one.close()


def answer(asking):
    found = []
    assert wait_until(lambda: found.append(asking.look()) or found[-1] is not None, 30)
    return found[-1]


def test_it_is_there_when_all_of_it_is(server):
    asking = Asking(server.port, "/a b?c=é", 30)
    assert server.hears(asking).startswith(b"GET /a%20b?c=%C3%A9 HTTP/1.1\r\nHost: 127.0.0.1:")
    for piece in (b"HTTP/1.1 201 ", b"Made\r\nA: b\r\nContent-Length: 4\r\n\r\n", b"ok"):
        server.one.sendall(piece)
        assert asking.look() is None
    server.one.sendall(b"ok")
    found = answer(asking)
    assert (found.status, found.ok) == (201, True)


@pytest.mark.parametrize(
    ("said", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, b"ok"),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", 503, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b""),
    ],
)
def test_an_answer_that_says_how_long_it_is(said, status, body, server):
    """The connection may stay open after it."""
    asking = Asking(server.port, "/", 30)
    server.hears(asking)
    server.one.sendall(said)
    found = answer(asking)
    assert (found.status, found.body, found.error) == (status, body, "")


@pytest.mark.parametrize(
    ("said", "status", "error"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nto its end", 200, ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", 0, "the answer broke off"),
        (b"", 0, "Remote end closed connection without response"),
        (b"SSH-2.0-x\r\n\r\n", 0, "SSH-2.0-x"),
    ],
)
def test_where_the_connection_ends(said, status, error, server):
    asking = Asking(server.port, "/", 30)
    server.hears(asking)
    server.one.sendall(said)
    server.one.close()
    found = answer(asking)
    assert (found.status, found.error.strip()) == (status, error)


def test_one_that_says_nothing_in_time(server):
    asking = Asking(server.port, "/", 0)
    assert answer(asking).error == "no answer within 0 s"


def test_nobody_there(server):
    server.close()
    assert answer(Asking(server.port, "/", 30)).error == "connection refused"
