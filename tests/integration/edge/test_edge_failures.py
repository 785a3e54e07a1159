"""The edge killed, orphaned, in the way of another program, or given something it cannot take."""

import multiprocessing
import os
import signal
import socket
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import asking
import pytest
from rig import Rig
from running import environment_of, eventually, free_port, processes_with

from fairlead.edges.traefik import common as module
from fairlead.errors import FairleadError
from fairlead.project.stack import Edge
from fairlead.render.edge import EdgeRoute, EdgeTable, Pool
from fairlead.system import processes

pytestmark = pytest.mark.real


def test_a_port_in_use_is_a_clear_error(rig, one):
    with socket.create_server(("127.0.0.1", rig.port)):
        with pytest.raises(FairleadError, match=f"edge: port {rig.port} is used by another program") as error:
            rig.route({"r1": [one.port]})
        assert "edge.http" in error.value.hint
    rig.route({"r1": [one.port]})
    assert rig.ask().who == "one", "it works as soon as the port is free"


def test_killed_it_is_back_by_itself(shared, one):
    """By supervisord alone: nothing of Fairlead runs here. Ten seconds is generous; it takes about one."""
    shared.route({"r1": [one.port]})
    for _ in range(2):
        before = shared.process()
        shared.kill()
        eventually(lambda before=before: shared.process() not in (None, before))
        eventually(lambda: shared.ask().status == 200)
    [weights] = shared.edge.table_in_force().values()
    assert weights == {"web-r1": 100}


def test_up_twice_keeps_the_one_that_serves(shared, one):
    shared.route({"r1": [one.port]})
    before = shared.process()
    first = shared.edge.traffic()
    shared.edge.up()
    shared.edge.up()
    assert shared.process() == before
    assert shared.edge.traffic().same_process(replace(first, started=first.started - 3600)), "a clock may be set"


def test_down_twice_and_up_again_as_it_was(shared, one):
    shared.route({"r1": [one.port]})
    shared.edge.down()
    shared.edge.down()
    assert shared.ask().status == 0
    assert processes_with(str(shared.place.edge)) == set()
    shared.edge.up()
    eventually(lambda: shared.ask().who == "one")


def test_down_finishes_what_is_open(shared, one):

    shared.route({"r1": [one.port]})
    slow = asking.kept(shared.port)
    slow.request("GET", "/slow?1.5")
    eventually(lambda: one.requests)
    ending = Thread(target=shared.edge.down)
    ending.start()
    assert slow.getresponse().read() == b"one\n"
    slow.close()
    ending.join()
    assert shared.process() is None


@pytest.mark.parametrize("new_supervisor", [False, True], ids=["none", "new"])
def test_an_orphan_of_a_killed_supervisor_serves_and_can_be_routed_and_ended(rig, one, two, new_supervisor):
    rig.route({"r1": [one.port]})
    before = rig.process()
    daemon = rig.edge.supervisor.process()
    os.kill(daemon.pid, signal.SIGKILL)
    processes.wait_exit(daemon, 10)
    if new_supervisor:
        rig.edge.supervisor.start()
    assert rig.ask().who == "one"
    rig.route({"r2": [two.port]})
    assert rig.ask().who == "two"
    assert rig.process() == before
    rig.edge.down()
    assert not before.alive()
    rig.edge.up()
    eventually(lambda: rig.ask().who == "two")


def test_listening_elsewhere_moves_it(shared, one):

    shared.route({"r1": [one.port]})
    old, shared.port = shared.port, free_port()
    shared.listen = Edge(http=shared.port, address="127.0.0.1")
    shared.route({"r1": [one.port]})
    assert shared.ask().who == "one"
    assert asking.ask(old).status == 0
    assert shared.edge.address() == ("127.0.0.1", shared.port)


def keep(rig):
    """As a keeper does while something is rolled out: it waits for Traefik to end, and has it up again."""
    edge = rig.made()
    while True:
        if process := rig.process():
            processes.wait_exit(process, 60)
        edge.up()


def test_a_keeper_does_not_start_it_where_it_was_while_it_moves(tmp_path, one):
    """It may be sooner at it than whoever has Traefik listen elsewhere."""
    rig = Rig(tmp_path)
    rig.route({"r1": [one.port]})
    keeper = multiprocessing.get_context("fork").Process(target=keep, args=(rig,))
    keeper.start()
    try:
        for _ in range(3):
            rig.port = free_port()
            rig.listen = Edge(http=rig.port, address="127.0.0.1")
            rig.route({"r1": [one.port]})
            assert rig.ask().who == "one"
    finally:
        keeper.kill()
        keeper.join()
        rig.end()


class Stranger(BaseHTTPRequestHandler):
    """Has a page for everything."""

    def do_GET(self):
        body = b"<html>welcome \xe9</html>"
        self.send_response(404 if self.path == "/ping" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_somebody_else_on_the_port_of_its_api_is_not_taken_for_it(shared, one):
    """It was stopped for a while, and another program has taken that port."""
    shared.route({"r1": [one.port]})
    shared.edge.down()
    before = shared.edge.api.port
    stranger = ThreadingHTTPServer(("127.0.0.1", before), Stranger)
    Thread(target=stranger.serve_forever, daemon=True).start()
    try:
        assert shared.edge.table_in_force() == {} and shared.edge.traffic().total("r1") == 0
        shared.edge.up()
        assert shared.edge.api.port != before
        eventually(lambda: shared.ask().who == "one")
        assert list(shared.edge.table_in_force().values()) == [{"web-r1": 100}]
        assert shared.edge.api.port in shared.edge._ports.taken() and before not in shared.edge._ports.taken()
    finally:
        stranger.shutdown()
        stranger.server_close()


def test_an_invalid_rule_names_its_router_and_the_old_routes_come_back(shared, one, two):
    shared.route({"r1": [one.port]})
    pools = (Pool("web", "r2", (two.port,)),)
    bad = EdgeTable(pools, (EdgeRoute("/x`y", None, (("web-r2", 100),)),), (), shared.listen)
    with pytest.raises(FairleadError, match="route-") as error:
        shared.edge.route(bad)
    assert "traefik.log" in error.value.hint
    eventually(lambda: shared.ask().who == "one")


def test_a_table_without_a_pool_it_names_is_refused(shared, one):
    shared.route({"r1": [one.port]})
    with pytest.raises(FairleadError):
        shared.edge.route(EdgeTable((), (EdgeRoute("/", None, (("web-r9", 100),)),), (), shared.listen))
    eventually(lambda: shared.ask().who == "one")


def test_a_foreign_broken_file_in_its_folder_is_an_error_and_the_old_routes_serve(shared, one, two):
    shared.route({"r1": [one.port]})
    (shared.files / "dynamic" / "zz.yml").write_text("{not: [valid")

    before, module.CONFIRM = module.CONFIRM, 2.0  # the patience itself is not what is tried here
    try:
        with pytest.raises(FairleadError, match="did not take"):
            shared.route({"r2": [two.port]})
    finally:
        module.CONFIRM = before
    assert shared.ask().who == "one"
    (shared.files / "dynamic" / "zz.yml").unlink()
    shared.route({"r2": [two.port]})
    assert shared.ask().who == "two"


ODD = ("two words", "100% {{env}}", "it's #1 ;2", 'a "quote"')


@pytest.mark.parametrize("names", [ODD, *(pytest.param([one], marks=pytest.mark.long) for one in ODD)])
def test_a_home_may_have_any_name(tmp_path, one, names):
    """Where all of them at once do, each alone is long."""
    rig = Rig(tmp_path.joinpath(*names))
    try:
        rig.route({"r1": [one.port]})
        assert rig.ask().who == "one"
        rig.ask("/cut", method="POST", body=b"x")
        eventually(lambda: rig.edge.traffic().edge_made == 1)
    finally:
        rig.end()


def test_it_gets_nothing_of_the_deployers_environment(rig, one, monkeypatch):
    """Its files are templates that can read the environment: there must be nothing to read."""
    monkeypatch.setenv("STRIPE_SECRET", "hunter2")
    monkeypatch.setenv("TRAEFIK_API_INSECURE", "true")
    rig.route({"r1": [one.port]})
    env = environment_of(rig.process().pid)
    assert "hunter2" not in repr(env)
    assert set(env) <= {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "GOGC"}


def test_its_api_is_on_loopback_alone_and_not_on_the_public_port(shared, one):
    shared.route({"r1": [one.port]})
    for path in ("/api/rawdata", "/metrics", "/ping", "/dashboard/"):
        assert shared.ask(path).who == "one", "such a path is the application's"
    local = [row for row in open("/proc/net/tcp").read().splitlines() if f":{shared.edge.api.port:04X} " in row]
    assert all("0100007F:" in row for row in local)
    assert f":{shared.edge.api.port:04X} " not in open("/proc/net/tcp6").read()
