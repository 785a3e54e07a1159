"""A command that writes at once: its first words come together with the head of the engine's answer.

A real engine does that now and then, when this machine is busy. This one always does: it speaks of the API what the
SDK asks for, over a socket of its own.
"""

import http.server
import json
import os
import socketserver
import threading

import pytest

from fairlead.engine.attached import execute
from fairlead.engine.engine import Engine
from fairlead.engine.pipes import Inside

SAID = b"the first words, and the rest"


def frame(data):
    return bytes([1, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def answer(data):
    body = json.dumps(data).encode()
    return b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n\r\n"
ANSWERS = (
    ("/_ping", answer("OK")),
    ("/containers/one/exec", answer({"Id": "e1"})),
    ("/exec/e1/start", UPGRADED + frame(SAID[:9]) + frame(SAID[9:])),
    ("/exec/e1/json", answer({"Running": False, "ExitCode": 0})),
)


class Handler(http.server.BaseHTTPRequestHandler):
    """Head and body in one piece, always."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.wfile.write(next(said for part, said in ANSWERS if self.path.endswith(part)))
        self.close_connection = self.path.endswith("/start")

    do_POST = do_HEAD = do_GET

    def log_request(self, code="-", size="-"):
        """Not to the terminal."""

    def address_string(self):
        return "socket"


class Served(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture
def engine(tmp_path):
    with Served(str(tmp_path / "sock"), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield Engine(f"unix://{tmp_path}/sock")
        server.shutdown()


def test_its_output_is_whole(engine):
    ran = engine.run("one", ("say",), seconds=20)
    assert (ran.output.encode(), ran.code) == (SAID, 0)


def test_what_is_read_from_it_is_whole(engine):
    with Inside(engine, "one").reading(("say",), "say") as spoken:
        assert spoken.read() == SAID


def test_what_a_person_sees_of_it_is_whole(engine, capfd, monkeypatch):
    reader, writer = os.pipe()
    with open(reader) as stdin, open(writer, "wb"):
        monkeypatch.setattr("sys.stdin", stdin)
        assert execute(engine, "one", ("say",)) == 0
    assert capfd.readouterr().out.encode() == SAID
