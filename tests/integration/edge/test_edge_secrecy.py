"""Who may ask Traefik itself, what a damaged file of the edge costs, and an edge that listens on IPv6."""

import json
import os
import socket
from datetime import datetime

import asking
import pytest
from running import eventually

from fairlead.edges.base import Traffic
from fairlead.edges.traefik.accesslog import AccessLog
from fairlead.project.stack import Edge
from fairlead.render.entrypoints import KEY_HEADER
from fairlead.system import http, sockets

pytestmark = pytest.mark.real

OWN = ("/api/rawdata", "/api/http/routers", "/metrics", "/ping")
LINE = '{{"DownstreamStatus":502,"ServiceName":"web-r1@file","StartUTC":"2030-01-01T00:00:0{}Z"}}\n'


def test_nobody_without_the_key_reads_the_token(shared, one):
    shared.route({"r1": [one.port]}, headers=["r1"])
    port, key = shared.edge.api.port, (shared.place.edge / "key").read_text()
    for path in OWN:
        assert asking.ask(port, path).status == 404
        assert asking.ask(port, path, headers={KEY_HEADER: "0" * 32}).status == 404
        assert asking.ask(port, path, headers={KEY_HEADER: key}).status == 200
    assert (shared.place.edge / "key").stat().st_mode & 0o077 == 0
    assert key != shared.edge.token()


def test_an_edge_whose_key_was_lost_gets_a_new_one(shared, one):
    shared.route({"r1": [one.port]})
    (shared.place.edge / "key").write_text("")
    assert shared.edge.api.alive(), "it serves users, whatever it says to us"
    shared.route({"r1": [one.port]})
    [weights] = shared.edge.table_in_force().values()
    assert weights == {"web-r1": 100}


@pytest.mark.parametrize("text", ["", "{}", "[]", "{"])
def test_a_damaged_edge_file_is_made_anew(shared, one, text):
    shared.route({"r1": [one.port]})
    before, port = shared.process(), shared.edge.api.port
    (shared.place.edge / "edge.json").write_text(text)
    assert shared.edge.address() == ("127.0.0.1", shared.port)
    assert shared.edge.api.port == port
    shared.route({"r1": [one.port]})
    assert shared.process() == before, "it was not started again"


def test_a_damaged_edge_file_before_the_first_start(rig):
    port = rig.edge.api.port
    (rig.place.edge / "edge.json").write_text("{}")
    assert (rig.edge.api.port, rig.edge.listen) == (port, None)


def test_it_can_listen_on_ipv6(rig, one):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    rig.listen = Edge(http=rig.port, address="::1")
    rig.route({"r1": [one.port]})
    assert rig.edge.address() == ("::1", rig.port)
    eventually(lambda: rig.edge.ask("/", None, {}, 60).ok)
    assert http.get(rig.port, "/", 60).status == 0, "not on IPv4"
    assert not sockets.bindable(rig.port, "::1")


def test_an_emptied_access_log_takes_nothing_back(tmp_path):
    path = tmp_path / "access.log"
    log = AccessLog(path)
    path.write_text(LINE.format(1) + LINE.format(2))
    assert log.read(1.0)[1] == 2
    os.truncate(path, 0)
    assert log.read(1.0)[1] == 2
    path.write_text(LINE.format(3))
    assert log.read(1.0) == ({("web-r1", 502): 3}, 3)


def test_a_clock_that_is_set_makes_nothing_anew_of_an_access_log(tmp_path):
    """Traefik counts its start by the machine's clock: that moves with it, and lines that came before do not."""
    path = tmp_path / "access.log"
    log = AccessLog(path)
    path.write_text(LINE.format(1) + LINE.format(2))
    begun = datetime.fromisoformat(json.loads(LINE.format(2))["StartUTC"]).timestamp()
    assert log.read(begun - 0.5, "7 100") == ({("web-r1", 502): 1}, 1), "the first is of the Traefik before"
    with path.open("a") as file:
        file.write(LINE.format(1))
    assert log.read(begun - 3600, "7 100") == ({("web-r1", 502): 2}, 2)
    assert log.read(begun + 3600, "8 999") == ({}, 0)


def test_no_difference_is_below_zero():
    seen = Traffic({"r1": {502: 1}}, 1, 5.0, 1).since(Traffic({"r1": {502: 9}}, 9, 5.0, 4))
    assert (seen.edge_made, seen.reloads, seen.total("r1")) == (1, 1, 1)
