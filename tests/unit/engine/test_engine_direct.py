"""Where the engine is asked without its client."""

import socketserver
import sys
import threading

import pytest

from fairlead.engine.direct import NEWEST, DirectEngine, NoAnswer
from fairlead.engine.engine import Engine
from fairlead.engine.failures import EngineDown, EngineError
from fairlead.errors import FairleadError


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (None, "/var/run/docker.sock"),
        ("", "/var/run/docker.sock"),
        ("unix:///run/other", "/run/other"),
        ("unix://run/other", "/run/other"),
    ],
)
def test_over_a_socket_of_this_machine(monkeypatch, host, path):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    if host is not None:
        monkeypatch.setenv("DOCKER_HOST", host)
    assert DirectEngine.here().path == path


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:2375", "ssh://shop.example.com"])
def test_and_nowhere_else(monkeypatch, host):
    monkeypatch.setenv("DOCKER_HOST", host)
    assert DirectEngine.here() is None


def test_nobody_there_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError):
        DirectEngine(str(tmp_path / "none")).inspect("one")


class Answering(socketserver.StreamRequestHandler):
    """An engine that counts its connections; it says what `answers` has for a path, and ends where that is None."""

    def handle(self):
        self.server.connections += 1
        while request := self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            answer = self.server.answers.get(request.split()[1].decode())
            if answer is None:
                return
            status, body = answer
            head = b"HTTP/1.1 %d x\r\nApi-Version: %b\r\nContent-Length: %d\r\n\r\n"
            self.wfile.write(head % (status, self.server.version.encode(), len(body)) + body)


@pytest.fixture
def engine(tmp_path):
    with socketserver.ThreadingUnixStreamServer(str(tmp_path / "s"), Answering) as server:
        server.daemon_threads, server.connections, server.answers = True, 0, {"/_ping": (200, b"OK")}
        server.version = "1.41"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_all_questions_go_over_one_connection(engine):
    engine.answers["/v1.41/containers/json?all=1"] = (200, b'[{"Id": "a"}]')
    direct = DirectEngine(engine.server_address)
    for _ in range(5):
        direct.ping()
        assert direct.get("/containers/json", {"all": "1"}) == [{"Id": "a"}]
    assert engine.connections == 1


def test_one_that_ended_is_made_anew(engine):
    direct = DirectEngine(engine.server_address)
    direct.ping()
    with pytest.raises(NoAnswer):
        direct.get("/ends")
    direct.ping()
    assert engine.connections == 3  # the question that was not answered was asked once more


def test_an_engine_that_ends_while_a_container_is_waited_for_says_nothing_of_that(engine):
    """Else the container would count as one that does not end, and be killed by who finds the next engine."""
    with pytest.raises(EngineDown, match="wait for container one"):
        Engine(f"unix://{engine.server_address}").wait("one", 60)


@pytest.mark.parametrize(
    ("theirs", "takes_ours", "spoken"),
    [
        ("1.41", False, "1.41"),
        ("1.40", False, "1.40"),
        ("1.60", True, NEWEST),
        ("1.60", False, "1.60"),
        ("", False, ""),
    ],
)
def test_the_version_that_both_know_is_spoken(engine, theirs, takes_ours, spoken):
    """A later one may change its answers, an engine may take no old ones any more, and one may not say."""
    engine.version = theirs
    engine.answers[f"/v{NEWEST}/_ping"] = (200, b"OK") if takes_ours else (400, b'{"message": "too old"}')
    path = f"/v{spoken}/info" if spoken else "/info"
    engine.answers[path] = (200, b'{"ID": "x"}')
    direct = DirectEngine(engine.server_address)
    assert (direct.version(), direct.get("/info")) == (spoken, {"ID": "x"})
    if spoken not in ("", "1.9"):  # of which the SDK would know nothing
        assert Engine(f"unix://{engine.server_address}").api._version == spoken


def test_what_it_refuses_is_said_in_its_words(engine):
    engine.answers |= {"/v1.41/containers/one/json": (404, b'{"message": "No such container: one"}')}
    engine.answers |= {"/v1.41/containers/two/json": (500, b'{"message": "it hurts."}')}
    engine.answers |= {"/v1.41/networks/odd": (200, b"<html>")}
    asked = Engine(f"unix://{engine.server_address}")
    assert asked.container("one") is None
    with pytest.raises(EngineError, match=r"^look at container two: it hurts$"):
        asked.container("two")
    with pytest.raises(EngineDown, match="does not answer: look at network odd"):
        asked.network("odd")


def test_nobody_there_is_told_as_by_the_sdk(tmp_path):
    with pytest.raises(EngineDown, match=r"the Docker engine cannot be reached: .*No such file or directory") as caught:
        Engine(f"unix://{tmp_path}/none").ping()
    assert "DOCKER_HOST" in caught.value.hint


def test_an_engine_elsewhere_is_asked_the_same_by_the_sdk():
    """No socket of this machine leads there."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads, server.connections, server.version = True, 0, "1.41"
        server.answers = {
            "/version": (200, b'{"ApiVersion": "1.41"}'),
            "/v1.41/networks/shop-local-backend": (200, b'{"Id": "n"}'),
            "/v1.41/networks?filters=%7B%22label%22%3A+%5B%22a%3Db%22%5D%7D": (200, b'[{"Id": "n"}]'),
            "/v1.41/containers/one/json": (404, b'{"message": "No such container: one"}'),
        }
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        asked = Engine(f"tcp://127.0.0.1:{server.server_address[1]}")
        assert asked.network("shop-local-backend") == {"Id": "n"}
        assert asked.networks({"a": "b"}) == ({"Id": "n"},)
        assert asked.container("one") is None
        asked.api.close()
        server.shutdown()


def test_without_the_extra_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(FairleadError, match="what talks to Docker is not installed: docker"):
        assert Engine("unix:///nowhere").api
