"""The edge in containers: what it may do, killed, in the way of others, and replaced under load."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import asking
import backends
import pytest
from edge_client import client, made_anew
from running import eventually, free_port

from fairlead.certificates import InternalCa
from fairlead.demo.mix import Mix, Options, Paths
from fairlead.demo.traffic import Traffic
from fairlead.edges.traefik import boxes, container
from fairlead.edges.traefik.container import ContainerEdge
from fairlead.edges.traefik.revival import Revival
from fairlead.engine.direct import DirectEngine
from fairlead.errors import FairleadError
from fairlead.project.stack import Edge
from fairlead.render.edge import EdgeRoute
from fairlead.render.edge_containers import DOOR, REDIRECT, TRAEFIK, api_port
from fairlead.render.entrypoints import DEPUTY, KEY_HEADER, MAIN
from fairlead.system import http, processes

pytestmark = pytest.mark.real
KINDS = ("docker",)
PATHS = Paths(slow="/slow?1", stream="/stream?1", stream_end="", post="")
OPTIONS = Options(rate=60, idle_gap=(0.5, 3.0), slow_seconds=1, stream_seconds=1, version_header="X-App", paths=PATHS)
MIX = Mix(get=4, post=0, fresh=2, idle=4, slow=1, stream=1, websocket=0)
LEAN = Paths(slow="/slow?seconds=1", stream="/stream?seconds=5")
WHOLE = replace(OPTIONS, stream_seconds=5, websocket_gap=0.4, version_header="X-Version", paths=LEAN)
TALKING = Mix(get=0, post=0, fresh=0, idle=0, slow=0, stream=0, websocket=8)
MIXED = Mix(get=2, post=2, fresh=2, idle=4, slow=1, stream=2, websocket=4)
PORTS = itertools.count(5001)  # for services: one that the edge does not have yet asks for another Traefik


@pytest.fixture
def shared(shared):
    """That of all tests, as a command finds it that begins; who was retired by the one before is gone."""
    shared.edge = shared.made()
    eventually(lambda: shared.edge.up() or not shared.retired())
    return shared


def test_it_may_do_little_and_is_published_where_it_was_declared_alone(shared, one, docker_engine):
    shared.route({"r1": [one.port]})
    seen = {short: docker_engine.inspect(shared.edge.boxes.name(short)) for short in (DOOR, TRAEFIK[MAIN])}
    for found in seen.values():
        host = found["HostConfig"]
        assert found["Config"]["User"] not in ("", "0", "0:0")
        assert host["ReadonlyRootfs"]
        assert (host["CapDrop"], host["CapAdd"] or []) == (["ALL"], [])
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert not any("docker.sock" in mount["Source"] for mount in found["Mounts"])
    published = seen[DOOR]["NetworkSettings"]["Ports"]
    assert [one for one in published.values() if one] == [[{"HostIp": "127.0.0.1", "HostPort": str(shared.port)}]]
    mounts = {mount["Destination"]: mount["RW"] for mount in seen[TRAEFIK[MAIN]]["Mounts"]}
    assert mounts == {"/etc/fairlead/edge": False, "/var/log/fairlead": True}
    networks = set(seen[DOOR]["NetworkSettings"]["Networks"])
    assert networks == {shared.edge.boxes.owner.name(name) for name in ("frontend", "backend")}


def test_another_table_asks_the_engine_little(shared, one, two, monkeypatch):
    """It is told what is written, and has to stand as it is: where the door is, and that both are what they were."""
    shared.route({"r1": [one.port]})
    asked, sure = [], DirectEngine._sure
    monkeypatch.setattr(DirectEngine, "_sure", lambda self, url: asked.append(url) or sure(self, url))
    shared.route({"r1": [two.port]})
    assert asking.ask(shared.port).who == "two"
    assert len(asked) <= 6, asked


def test_its_api_asks_for_the_key(shared, one):
    shared.route({"r1": [one.port]})
    address = shared.edge.boxes.seen().address
    for path in ("/api/rawdata", "/metrics", "/ping"):
        answer = http.get(api_port(MAIN), path, 5, {KEY_HEADER: "0" * 32}, address)
        assert answer.status == 404
        assert asking.ask(shared.port, path).who == "one", "users have no such path"
    assert shared.edge.counters().error == ""


def test_who_comes_by_loopback_is_the_gateway(shared, one):
    """Through a proxy of the engine's; so all of them are one client, and no address of loopback is trusted."""
    shared.route({"r1": [one.port]})
    assert shared.ask().who == "one"
    network = shared.edge.boxes.engine.network(shared.edge.boxes.name("frontend"))
    gateway = next(ip_network(network["IPAM"]["Config"][0]["Subnet"]).hosts())
    assert one.requests[-1].headers["x-forwarded-for"] == str(gateway)


@pytest.mark.parametrize(
    ("short", "by"),
    [
        (TRAEFIK[MAIN], "kernel"),
        (DOOR, "engine"),
        pytest.param(TRAEFIK[MAIN], "engine", marks=pytest.mark.long),
        pytest.param(DOOR, "kernel", marks=pytest.mark.long),
    ],
)
def test_killed_it_comes_back_with_its_routes(shared, one, docker_engine, short, by):
    """The engine itself brings back what the kernel killed; what was killed by hand is the keeper's, who calls `up`."""
    shared.route({"r1": [one.port]})
    before = shared.facts(short).start_mark
    if by == "engine":
        docker_engine("kill", shared.edge.boxes.name(short))
    else:
        shared.kill(short)
    if (by, short) != ("kernel", TRAEFIK[MAIN]):
        eventually(lambda: not shared.edge.api.alive())
        shared.edge.up()
    eventually(lambda: shared.facts(short).start_mark not in ("", before))
    eventually(lambda: shared.ask().who == "one")
    [weights] = shared.edge.table_in_force().values()
    assert weights == {"web-r1": 100}


@pytest.mark.parametrize("by", ["kernel", pytest.param("engine", marks=pytest.mark.long)])
def test_a_door_that_was_killed_is_brought_back_without_the_engines_client(shared, one, docker_engine, by):
    shared.route({"r1": [one.port]})
    revival, marks = Revival(shared.place), {short: shared.facts(short).start_mark for short in (DOOR, TRAEFIK[MAIN])}
    revival.look()
    assert {short: shared.facts(short).start_mark for short in marks} == marks, "nobody died"
    process = shared.facts(DOOR).pid
    if by == "engine":
        docker_engine("kill", shared.edge.boxes.name(DOOR))
    else:
        shared.kill(DOOR)
    eventually(lambda: processes.look(process) is None)
    revival.look()
    eventually(lambda: shared.ask().who == "one")
    now = {short: shared.facts(short).start_mark for short in marks}
    assert not now.items() & marks.items()
    revival.look()
    assert {short: shared.facts(short).start_mark for short in marks} == now, "once is enough"
    process = shared.facts(DOOR).pid
    shared.kill(DOOR)  # again, before a round of housekeeping has looked
    eventually(lambda: processes.look(process) is None)
    revival.look()
    eventually(lambda: shared.ask().who == "one")
    shared.edge.up()


def test_a_door_that_dies_while_it_is_looked_at_is_looked_at_again(shared, one, monkeypatch):
    """What the engine says of it is what was a moment before: that it runs, and Traefik is beside it."""
    shared.route({"r1": [one.port]})
    before, real = shared.facts(DOOR).start_mark, shared.edge.boxes.have_traefik
    shared.kill(DOOR)
    eventually(lambda: shared.facts(DOOR).start_mark not in ("", before))
    looks = []
    monkeypatch.setattr(shared.edge.boxes, "have_traefik", lambda *how: looks.append(how) or (looks[1:] and real(*how)))
    shared.edge.up()
    assert len(looks) > 1 and shared.ask().who == "one"


def test_a_name_or_a_port_of_others_is_a_clear_error(shared, one, docker_engine):
    """What has the name is left alone."""
    shared.edge.down()
    name = shared.edge.boxes.name(DOOR)
    docker_engine("create", "--name", name, "fairlead-test/tiny", "true")
    try:
        with pytest.raises(FairleadError, match=f"container {name} is there and is not Fairlead's"):
            shared.route({"r1": [one.port]})
        shared.edge.down()
        assert docker_engine.inspect(name)["State"]["Status"] == "created"
    finally:
        docker_engine("rm", name)
    with socket.create_server(("127.0.0.1", shared.port)):
        with pytest.raises(FairleadError, match=r"^edge: .*(in use|allocated)") as error:
            shared.route({"r1": [one.port]})
        assert "edge.http" in error.value.hint
    shared.route({"r1": [one.port]})
    assert shared.ask().who == "one", "it works as soon as the port is free"


def test_a_deputy_that_somebody_removed_is_not_waited_for(shared, one):
    shared.route({"r1": [one.port]})
    shared.edge.boxes.redirect(shared.edge.shape, on=True)
    assert shared.ask().error, "nobody is where new connections are led to"
    shared.edge.up()
    assert shared.ask().who == "one"


@pytest.fixture
def lean(kind):
    """The port of an application that sends back what is posted, and messages of WebSockets."""
    port, program = free_port(), Path(__file__).parents[2] / "apps" / "lean.py"
    served = subprocess.Popen([sys.executable, program, backends.ALSO[0], str(port)], stdout=subprocess.PIPE, text=True)
    assert "listening" in served.stdout.readline()
    yield port
    served.kill()
    served.communicate()


def replaced(rig, shed=6.0, **changes):
    """The shape that asks for another Traefik: one more port for services.

    `shed`: longer than clients are idle and than what they were being answered takes.
    """
    rig.edge.replacement = replace(rig.edge.replacement, shed=shed)
    shape = replace(rig.edge.shape, inner=(*rig.edge.shape.inner, next(PORTS)), **changes)
    with rig.edge._held():
        rig.edge.boxes.have_door(shape)
        rig.edge.replacement.start(shape)
        rig.edge._keep(shape)
        rig.edge.replacement.finish(shape)


def answered_meanwhile(rig, link):
    """An answer that begins on it right before Traefik is told to shed its clients: it cannot say `Connection: close`.
    So that is in here when it has begun."""
    own, begun = rig.edge.replacement.own, []

    def have_own(shedding):
        if not begun:
            link.request("GET", "/stream?seconds=2")
            begun.append(link.getresponse())
        return own(shedding)

    rig.edge.replacement = replace(rig.edge.replacement, own=have_own)
    return begun


def test_replaced_under_load_it_loses_and_cuts_nothing(shared, lean, docker_engine):
    """What was replaced lives as long as its WebSockets, and takes nothing new. Nor does an answer that began before
    take the next request with it: its client asks on as soon as it has the whole of it."""
    shared.route({"r1": [lean]})
    before, link = shared.process(), asking.kept(shared.port)
    link.connect()  # to the one that serves, as long as nobody is led elsewhere
    lasting, begun = asking.upgraded(shared.port), answered_meanwhile(shared, link)
    with Traffic(f"http://127.0.0.1:{shared.port}", MIXED, WHOLE) as traffic, ThreadPoolExecutor(1) as pool:
        eventually(lambda: traffic.snapshot().answered > 20 and traffic.snapshot().websocket.opened == 4)
        replacing = pool.submit(replaced, shared)
        eventually(lambda: begun)
        assert begun[0].getheader("connection") is None and begun[0].read()
        assert asking.send(link).status == 200
        replacing.result()
        shared.edge.up()
        kept = [docker_engine.inspect(name) for name in shared.retired()]
        heard = traffic.snapshot().websocket.messages
        eventually(lambda: traffic.snapshot().websocket.messages >= heard + 8)
        report = traffic.stop()
    assert shared.process() != before
    assert (report.lost, report.app_errors, set(report.statuses)) == (0, 0, {101, 200}), report.losses
    assert (report.websocket.opened, report.websocket.cut) == (4, 0), "all on the connections that they had"
    lasting.setblocking(False)
    with pytest.raises(BlockingIOError):
        lasting.recv(1)
    lasting.close()
    assert before.pid in [one["State"]["Pid"] for one in kept]
    assert {one["HostConfig"]["RestartPolicy"]["Name"] for one in kept} == {"no"}
    assert shared.facts(TRAEFIK[DEPUTY]) is None
    assert shared.facts(REDIRECT) is None
    eventually(lambda: shared.edge.up() or not shared.retired())


def test_what_is_retired_goes_with_its_door_and_with_the_edge(shared, one, docker_engine):
    """The edge's end leaves containers of others alone that have its names."""
    shared.route({"r1": [one.port]})
    boxes = shared.edge.boxes

    def end():
        boxes.end(1)
        names = [boxes.name(short) for short in (DOOR, REDIRECT, *TRAEFIK.values())]
        for name in names:
            docker_engine("create", "--name", name, "fairlead-test/tiny", "true")
        try:
            shared.edge.down()
            assert all(docker_engine.inspect(name) for name in names)
        finally:
            docker_engine("rm", *names)

    for act in (lambda: docker_engine("restart", "-t", "0", boxes.name(DOOR)), end):
        link = asking.upgraded(shared.port)
        boxes.retire(MAIN)
        shared.edge.up()
        assert shared.retired() and asking.echo(link, b"hello") == b"one:hello"
        act()
        shared.edge.up()
        assert not shared.retired() and shared.ask().who == "one"
        link.close()


def test_without_iptables_what_is_open_lives_on(shared, one, monkeypatch):
    """There is a moment without an edge for new connections, and none for those that last."""
    monkeypatch.setattr(boxes, "redirecting_program", lambda: None)
    monkeypatch.setattr(container, "redirecting_program", lambda: None)
    shared.route({"r1": [one.port]})
    before, link = shared.process(), asking.upgraded(shared.port)
    table = shared.table({"r1": [one.port]})
    shared.edge.route(replace(table, inner=(next(PORTS),)))
    assert shared.process() != before and shared.ask().who == "one"
    assert asking.echo(link, b"hello") == b"one:hello"
    link.close()


def test_one_that_keeps_its_ports_is_ended(shared, one, monkeypatch):
    shared.route({"r1": [one.port]})
    monkeypatch.setattr(boxes, "CLOSES", 0.5)
    os.kill(shared.facts().pid, signal.SIGSTOP)  # docker-init: it hands no signal on
    shared.edge.boxes.retire(MAIN)
    assert shared.edge.api.alive()
    shared.edge.up()
    assert shared.ask().who == "one" and not shared.retired()


def test_services_ask_each_other_by_name_and_that_moves_with_the_switch(shared, one, two):
    shared.route({"r1": [one.port]})
    number = next(PORTS)

    def named(release, *names):
        table = shared.table({"r1": [one.port], "r2": [two.port]}, {release: 100})
        to = ((f"web-{release}", 100),)
        inner = [EdgeRoute("/", host, to, port=port, networks=("backend",)) for host, port in names]
        return replace(table, routes=(*table.routes, *inner))

    with client(shared, "backend") as (asked, _):
        with Traffic(f"http://127.0.0.1:{shared.port}", MIX, OPTIONS) as traffic:
            shared.edge.route(named("r1", ("web", number)))
            assert asked(f"http://web:{number}/") == "one"
            shared.edge.route(named("r2", ("web", number)))
            assert asked(f"http://web:{number}/") == "two"
            before = shared.process()
            shared.edge.route(named("r2", ("web", number), ("api", number)))
            assert shared.process() == before, "another name needs no other Traefik"
            assert asked(f"http://api:{number}/") == "two"
            report = traffic.stop()
        assert (report.lost, report.app_errors, set(report.statuses)) == (0, 0, {200}), report.losses
        assert asking.ask(shared.port, headers={"Host": "api"}).who == "two", "that is the route for users"


REFUSED = "urllib.error.HTTPError: HTTP Error 404: Not Found"


def test_only_who_shares_a_network_with_a_service_is_answered(shared, one, docker_engine):
    """Whatever is said in the request: it counts where its connection comes from. Not the machine either."""
    shared.route({"r1": [one.port]})
    inner = EdgeRoute("/", "web", (("web-r1", 100),), port=8000, networks=("own",))
    table = shared.table({"r1": [one.port]})
    table = replace(table, routes=(*table.routes, inner), networks=("own",))
    shared.edge.route(table)
    with client(shared, "backend") as (stranger, _), client(shared, "own") as (friend, joined):
        assert (friend("http://web:8000/"), stranger("http://web:8000/")) == ("one", REFUSED)
        door = docker_engine.inspect(shared.edge.boxes.name(DOOR))["NetworkSettings"]["Networks"]
        headers = {"Host": "web", "X-Forwarded-For": door[joined.network]["IPAddress"]}
        for network in door.values():
            assert http.get(8000, "/", 10, headers, network["IPAddress"]).status == 404

        made_anew(docker_engine, shared.edge.boxes, joined)
        eventually(lambda: "own" not in shared.edge.members())
        shared.edge.up()
        assert friend("http://web:8000/") == REFUSED, "its network is another one"
        assert shared.edge.unlike(table), "which is seen"
        shared.edge.route(table)
        assert (friend("http://web:8000/"), stranger("http://web:8000/")) == ("one", REFUSED)


@pytest.mark.long(seconds=520)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_ten_replacements_lose_nothing(rig, lean, scheme):
    """WebSockets of each turn stay where they are; after more turns than a day has the oldest would go for new ones."""
    rig.listen = Edge(**{scheme: rig.port}, address="127.0.0.1")
    rig.route({"r1": [lean]}, host="shop.example")
    trust = InternalCa.of(rig.place).root_pem
    patient = replace(WHOLE, idle_gap=(1.0, 8.0), host="shop.example", trust=trust, stream_seconds=20)
    patient = replace(patient, paths=replace(LEAN, stream="/stream?seconds=20"))
    with Traffic(f"{scheme}://127.0.0.1:{rig.port}", replace(MIXED, websocket=0), patient) as traffic:
        for _ in range(10):
            with Traffic(f"{scheme}://127.0.0.1:{rig.port}", TALKING, patient) as talking:
                eventually(lambda: talking.snapshot().websocket.opened == 8)
                replaced(rig, shed=21.0)
                talked = talking.stop()
            assert (talked.lost, talked.websocket.opened, talked.websocket.cut) == (0, 8, 0), talked.websocket.cuts
        report = traffic.stop()
    assert (report.lost, report.app_errors, set(report.statuses)) == (0, 0, {200}), report.losses
    print(f"{scheme}: {report.sent} requests, {report.lost} lost, {report.seconds:.0f} s")


def test_a_deputy_that_does_not_come_up_changes_nothing(shared, one, docker_engine):
    shared.route({"r1": [one.port]})
    before, shape = shared.process(), shared.edge.shape
    with pytest.raises(FairleadError, match="another Traefik could not be started"):
        shared.edge.replacement.start(replace(shape, image=docker_engine.inspect("fairlead-test/tiny")["Id"]))
    assert shared.process() == before
    assert shared.ask().who == "one"
    assert shared.facts(TRAEFIK[DEPUTY]) is None


class Killed(BaseException):
    """The end of whoever was at it."""


def ends_at(rig, point, after):
    """Have the n-th call of a method be the first thing that is not done."""
    at = rig.edge.boxes if hasattr(rig.edge.boxes, point) else rig.edge.boxes.engine
    calls, real = Counter(), getattr(at, point)

    def called(*given, **more):
        calls[point] += 1
        if calls[point] == after:
            raise Killed(point)
        return real(*given, **more)

    setattr(at, point, called)


def killed_while_replacing(rig, point, after):
    ends_at(rig, point, after)
    with pytest.raises(Killed):
        replaced(rig, shed=1.0)
    rig.edge = ContainerEdge(rig.place)
    rig.edge.replacement = replace(rig.edge.replacement, shed=1.0)


@pytest.mark.parametrize(
    ("point", "after"),
    [
        ("redirect", 2),
        *(pytest.param(*case, marks=pytest.mark.long) for case in [
            ("have_traefik", 1), ("have_traefik", 2), ("redirect", 1), ("retire", 1), ("retire", 2), ("rename", 1),
            ("keep_ended", 1), ("keep_ended", 2), ("signal", 1),
        ]),
    ],
)  # fmt: skip
def test_a_replacement_that_was_killed_is_finished_by_whoever_comes_next(shared, one, point, after):
    shared.route({"r1": [one.port]})
    link = asking.upgraded(shared.port)
    stop, seen = threading.Event(), Counter()

    def client():
        connection = asking.kept(shared.port)
        while not stop.is_set():
            seen[asking.send(connection).status] += 1
            time.sleep(0.005)

    thread = threading.Thread(target=client)
    thread.start()
    try:
        killed_while_replacing(shared, point, after)
        shared.edge.up()
        eventually(lambda: shared.facts(TRAEFIK[DEPUTY]) is None)
    finally:
        stop.set()
        thread.join()
    assert shared.ask().who == "one"
    assert shared.edge.boxes.is_current(shared.edge.shape, MAIN)
    assert asking.echo(link, b"hello") == b"one:hello"
    link.close()
    assert seen[404] == seen[502] == 0
