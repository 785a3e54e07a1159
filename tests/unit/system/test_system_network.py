"""Sockets as the kernel sees them, and probes that never raise."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fairlead.system import http, sockets
from fairlead.system.clock import wait_until


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


@contextmanager
def answering(said: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Accept one connection, read a request, say that, close."""
    asked: list[bytes] = []
    with listening() as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                asked.append(client.recv(65536))
                client.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], asked
        thread.join(10)


def test_open_connections_are_counted() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        assert sockets.open_to(port) == 0
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        assert sockets.open_to(port) == 3  # those that nobody has accepted yet count too
        clients.pop().close()
        accepted = [server.accept()[0] for _ in range(3)]
        for one in accepted:
            one.close()
        for one in clients:
            one.close()
        assert wait_until(lambda: sockets.open_to(port) == 0, 120)


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("0100007F:1F90", True),
        ("0508007F:1F90", True),
        ("0A00000A:1F90", False),
        ("00000000000000000000000001000000:1F90", True),
        ("0000000000000000FFFF00000100007F:1F90", True),
        ("0000000000000000FFFF00000A00000A:1F90", False),
        ("B80D0120000000000000000001000000:1F90", False),
        ("B80D01200000000000000000FF00007F:1F90", False),
    ],
)
def test_only_loopback_is_the_edges(address: str, local: bool, tmp_path: Path) -> None:
    """An instance may be a client of the same port of another host: its drain must not wait for that."""
    table = tmp_path / "tcp"
    table.write_text(f"header\n0: 0100007F:C350 {address} 01 0:0 0:0 0 0 0 77 1\n")
    [row] = sockets._table(table)
    assert (row.local, row.remote_port) == (local, 8080)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux alone says it in two ways")
def test_both_ways_to_ask_the_kernel_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.ExitStack() as opened:
        families = [(socket.AF_INET, "127.0.0.1")]
        with contextlib.suppress(OSError):
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
            families.append((socket.AF_INET6, "::1"))
        ports = set()
        for family, address in families:
            server = opened.enter_context(socket.create_server((address, 0), family=family))
            opened.enter_context(socket.create_connection(server.getsockname()[:2]))
            opened.enter_context(server.accept()[0])  # until then the kernel may be about to open it
            ports.add(server.getsockname()[1])

        def seen() -> set[sockets.Connection]:
            return {one for one in sockets.connections() if ports & {one.local_port, one.remote_port}}

        before = seen()
        assert len(before) == 3 * len(ports), "who listens, and both ends"
        assert {one.local for one in before if one.remote_port} == {True}
        monkeypatch.setattr("fairlead.system.sock_diag.tcp", refuse)
        assert seen() == before


def refuse() -> None:
    raise OSError


def test_where_a_process_listens() -> None:
    with listening() as server:
        assert server.getsockname()[1] in sockets.listening_ports([os.getpid()])
        assert server.getsockname()[1] not in sockets.listening_ports([os.getppid(), 999999999])


def test_who_listens() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        inodes = sockets.listener_inodes(port)
        assert len(inodes) == 1
        assert sockets.holds_socket(os.getpid(), inodes)
        assert not sockets.holds_socket(os.getppid(), inodes)
        assert not sockets.bindable(port)
    assert sockets.listener_inodes(port) == frozenset()
    assert not sockets.holds_socket(999999999, inodes)
    assert sockets.bindable(port)


def test_ipv6_is_seen() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with server:
        assert len(sockets.listener_inodes(server.getsockname()[1])) == 1


def test_an_answer() -> None:
    said = b"HTTP/1.1 201 Made\r\nX-Version: 2\r\nContent-Length: 2\r\n\r\nhi"
    with answering(said) as (port, asked):
        answer = http.get(port, "/path?x=1", 5, {"Host": "shop.example"})
    assert (answer.status, answer.body, answer.headers["x-version"], answer.error, answer.ok) == (
        201,
        b"hi",
        "2",
        "",
        True,
    )
    assert asked[0].startswith(b"GET /path?x=1 HTTP/1.1\r\n")
    assert asked[0].count(b"Host:") == 1
    assert b"Host: shop.example\r\n" in asked[0]


@pytest.mark.parametrize(("status", "ok"), [(200, True), (302, True), (404, False), (503, False)])
def test_what_is_fine(status: int, ok: bool) -> None:
    with answering(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode()) as (port, _):
        assert http.get(port, "/", 5).ok is ok


@pytest.mark.parametrize(
    "said", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b"HTTP/1.1 abc\r\n\r\n"]
)
def test_half_an_answer_is_none(said: bytes) -> None:
    with answering(said) as (port, _):
        answer = http.get(port, "/", 5)
    assert (answer.status, answer.ok) == (0, False)
    assert answer.error


def test_nobody_there() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        silent = http.get(port, "/", 0.2)
        assert (silent.status, silent.error) == (0, "no answer within 0.2 s")
        assert http.connects(port, 5).ok
    assert http.get(port, "/", 5).error == "connection refused"
    assert http.connects(port, 5) == http.Answer(0, error="connection refused")


def test_letters_beyond_ascii_are_sent_as_a_browser_does() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (port, asked):
        assert http.get(port, "/é/%C3%A9?q=ü", 5).ok
    assert asked[0].startswith(b"GET /%C3%A9/%C3%A9?q=%C3%BC HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/a b", {}), ("/a\r\nX: y", {}), ("/", {"Host": "日本.example"}), ("/", {"X": "a\r\nY: b"})],
)
def test_requests_that_cannot_be_sent(path: str, headers: dict[str, str]) -> None:
    """They come from a file somebody wrote; a probe never raises, and nothing is smuggled in."""
    with listening() as server:
        answer = http.get(server.getsockname()[1], path, 0.2, headers)
    assert answer.status == 0
    assert answer.error
