"""A port of this machine that leads through a container: what goes in comes out, and why it led nowhere is known."""

import socket
import threading
import uuid

import pytest
from tests.docker_engine import images

from fairlead.engine.engine import Engine
from fairlead.engine.pipes import Inside
from fairlead.engine.relay import relay
from fairlead.render.container import ContainerSpec
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

ECHO = """
import socketserver

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while piece := self.request.recv(65536):
            self.request.sendall(piece)
            if piece.endswith(b"end"):
                return

socketserver.ThreadingTCPServer(("127.0.0.1", 7000), Echo).serve_forever()
"""
MUCH = 1 << 20  #: bytes


@pytest.fixture(scope="module")
def inside(docker_engine):
    engine, name = Engine(), f"fairlead-test-{uuid.uuid4().hex[:8]}"
    spec = ContainerSpec(name=name, image=images()["app"], entrypoint=(), argv=("python3", "-c", ECHO), stop_grace=1)
    engine.create(spec)
    engine.start(name)
    yield Inside(engine, name)
    engine.remove(name)


def asked(port, data):
    """What comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), 60) as one:
        sender = threading.Thread(target=one.sendall, args=(data,))
        sender.start()
        found = b"".join(iter(lambda: one.recv(65536), b""))
        sender.join()
    return found


def test_both_ways_and_to_the_end_of_either_side(inside):
    data = bytes(range(256)) * (MUCH // 256) + b"end"
    with relay(inside, "127.0.0.1", 7000) as made:
        assert wait_until(lambda: asked(made.port, b"end"), 60), "it listens a moment after its start"
        with socket.create_connection(("127.0.0.1", made.port), 60) as left:  # two at once, one of which just goes
            left.sendall(b"a")
            assert left.recv(1) == b"a"
            assert asked(made.port, data) == data
        stays = socket.create_connection(("127.0.0.1", made.port), 60)
        stays.sendall(b"b")
        assert stays.recv(1) == b"b"
    with stays:
        assert stays.recv(1) == b"", "who is still there when it ends is cut off"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", made.port))


def test_where_nobody_answers_it_says_why(inside):
    with relay(inside, "127.0.0.1", 9) as made:
        assert asked(made.port, b"") == b""
        assert "refused" in made.failure
