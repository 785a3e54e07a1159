import os
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fairlead.artifacts import ArtifactStore, Release, ReleaseStore
from fairlead.errors import Refused
from fairlead.ledger import Ledger
from fairlead.operations.check import failed, ok, warning
from fairlead.operations.checks import connections, door, environment, limits, machine, project
from fairlead.operations.doctor import require
from fairlead.project.stack import Container, Edge, Pool, Prepare, Resources, Route, Service, Stack, Store
from fairlead.project.stack_edge import Limit, Policies
from fairlead.system.home import Place
from fairlead.system.ports import Ports

LISTEN = Edge()


def stack(*services, edge=LISTEN):
    return Stack("shop", "local", services=services, edge=edge)


def found(checks):
    return {check.name: check for check in checks}


def test_sources_and_programs(tmp_path):
    (tmp_path / "app").mkdir()
    web = Service("web", "no-such-program --x", source="./app")
    bad = Service("bad", "/no/such/file", source="./gone")
    below = Service("below", ".venv/bin/x", source="./app", prepare=Prepare(("${PYTHON} -m venv .venv", "sh -c :")))
    checks = found(project.examine(stack(web, bad, below), tmp_path, os.environ["PATH"]))
    assert checks["sources"].result == "failed" and "gone" in checks["sources"].text
    assert checks["programs"].text == "not found: /no/such/file, no-such-program"
    assert checks["python"].result == "ok"
    checks = found(project.examine(stack(below), tmp_path, os.environ["PATH"]))
    assert checks["sources"].result == checks["programs"].result == "ok"


def test_the_machine(tmp_path):
    checks = found(machine.examine(tmp_path))
    assert checks["engine"].result == "ok"
    assert machine.disk(100 * machine.MIB, tmp_path).result == "failed"
    assert machine.disk(500 * machine.MIB, tmp_path).result == "warning"
    assert machine.disk(5000 * machine.MIB, tmp_path).result == "ok"
    assert machine.memory(100 * machine.MIB).result == "warning"
    assert machine.memory(None).result == machine.memory(1 << 30).result == "ok"
    assert machine.clock_set(datetime(1970, 1, 1, tzinfo=UTC)).result == "warning"
    assert machine.files(256).result == "warning" and machine.files(65536).result == "ok"


def test_a_new_environment(tmp_path):
    place = Place(tmp_path / "shop" / "local")
    checks = found(environment.examine(stack(), place, thorough=True))
    assert set(checks) == {"permissions", "port"} and "can be made" in checks["permissions"].text
    assert not place.root.exists()


def test_somebody_elses_port(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        web = Service("web", "x", port=1, routes=(Route(),))
        place = Place(tmp_path / "shop" / "local")
        check = found(environment.examine(stack(web, edge=Edge(port, address="127.0.0.1")), place, False))["port"]
        assert check.result == "failed" and check.text == f"port {port} is used by another program"


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path / "shop" / "local")
    place.create()
    Ledger.open(place.ledger).close()
    return place


def test_an_environment_as_it_should_be(place):
    with Ledger.open(place.ledger) as ledger:
        ledger.append("note", {})
    checks = found(environment.examine(stack(), place, thorough=True))
    assert {check.result for check in checks.values()} == {"ok"}
    assert checks["ledger"].text == "1 entries, all as they were written"


def test_others_may_look_in(place):
    place.root.chmod(0o755)
    assert environment.permissions(place).result == "warning"
    assert environment.permissions(place).hint == f"chmod 700 {place.root}"


def test_a_clock_that_was_set_back(place):
    with Ledger.open(place.ledger, now=lambda: datetime.now(UTC) + timedelta(hours=1)) as ledger:
        ledger.append("note", {})
    check = found(environment.examine(stack(), place, False))["ledger"]
    assert check.result == "warning" and "in the future" in check.text


def test_a_damaged_ledger(place):
    place.ledger.write_bytes(b"nothing like a database" * 100)
    check = found(environment.examine(stack(), place, False))["ledger"]
    assert check.result == "failed" and "damaged" in check.text


def test_a_damaged_release(place):
    file = place.releases / "0123456789ab.json"
    file.write_text("{}")
    checks = found(environment.examine(stack(), place, False))
    assert checks["releases"].result == "warning" and "0123456789ab" in checks["releases"].text
    assert checks["left-overs"].result == "ok"


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody but root can write there")
def test_what_services_wrote_into_their_release(place, tmp_path):
    """It is not in the next one, and goes with the release: a file of SQLite in the working folder, for one."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("")
    built = ArtifactStore(place.artifacts).ensure(tmp_path / "app", None)
    release = ReleaseStore(place.releases).save(Release.of(stack(Service("web", "x")), {"web": built.digest}, {}))
    with Ledger.open(place.ledger) as ledger:
        ledger.append("rollout.committed", {"release": release.id, "previous": None, "warm": []}, 1)
    (built.path / "__pycache__").mkdir()
    (built.path / "__pycache__" / "main.cpython-311.pyc").write_text("")
    assert "written" not in found(environment.examine(stack(), place, False))
    (built.path / "data.db").write_text("all there is")
    check = found(environment.examine(stack(), place, False))["written"]
    assert check.result == "warning" and "into the live release: data.db; another one" in check.text


def test_left_overs(place):
    port = Ports(place.ports).take(str(place.instances / "gone"))
    (place.artifacts / ("a" * 64)).mkdir()
    with Ledger.open(place.ledger) as ledger:
        ledger.append("rollout.begun", {"release": "abc", "previous": None, "plan": []}, 1)
    check = found(environment.examine(stack(), place, False))["left-overs"]
    assert check.result == "warning"
    assert "rollout 1 to abc is unfinished" in check.text
    assert f"ports of nobody: {port}" in check.text and "unfinished builds: aaaaaaaaaaaa" in check.text


def test_only_failures_refuse():
    said = []
    require((ok("a", "fine"), warning("b", "look", "there"), warning("c", "odd")), lambda *text: said.append(text))
    assert said == [("note", "b: look; there"), ("note", "c: odd")]
    with pytest.raises(Refused) as refused:
        checks = (failed("disk", "full", "free some"), failed("port", "taken", "free some"), ok("a", "fine"))
        require(checks, lambda *text: None)
    assert refused.value.message == "the doctor says no:\n  disk: full\n  port: taken"
    assert refused.value.hint == "free some" and refused.value.exit_code == 3


def test_connections_are_counted():
    def checks(size):
        web = Service("web", port=1, pools=(Pool("db", size),))
        return [*connections.examine(Stack("shop", "local", services=(web,), stores=(Store("db", "postgres"),)))]

    assert [check.result for check in (*checks(5), *checks(40), *checks(50))] == ["ok", "warning", "failed"]
    assert checks(50)[0].text.endswith("(1 replica, old and new) = 100; 100 of 97 (100 less 3 for the superuser)")
    assert [*connections.examine(stack(Service("web")))] == []


def test_what_a_process_is_not_held_to():
    held = Container(networks=("backend",), resources=Resources(memory=1))
    made = stack(Service("web", container=held), Service("free"))
    checks = found(limits.examine(made))
    assert {name: (check.result, check.text.partition(";")[0]) for name, check in checks.items()} == {
        "networks": ("warning", "not kept apart: web"),
        "resources": ("warning", "not limited: web"),
    }
    assert [*limits.examine(replace(made, runtime="docker"))] == []


def test_without_iptables_the_edge_is_replaced_with_a_gap():
    [check] = door.gap(None)
    assert check.result == "warning" and "no iptables" in check.text and "apt install iptables" in check.hint
    assert not [*door.gap("/usr/sbin/iptables")]


def test_a_proxy_that_comes_by_loopback_to_a_container_is_not_seen_as_that():
    def said(*routes, **edge):
        return [check.text for check in door.on_loopback(stack(Service("web", routes=routes), edge=Edge(**edge)))]

    limited = Route("/", policies=Policies(connections=5))
    assert said(limited) == said(Route("/"), address="127.0.0.1") == said(limited, address="10.0.0.5") == []
    [text] = said(limited, address="127.0.0.1")
    assert text.startswith("to the edge all who come by 127.0.0.1 are one client")
    [text] = said(Route("/"), trusted_proxies=("10.0.0.0/8", "127.0.0.1/32"))
    assert text == "trusted_proxies: who comes by 127.0.0.1/32 is seen by another address, and is not trusted"
    assert len(said(limited, address="localhost", trusted_proxies=("::1/128",))) == 1


def test_who_comes_by_ipv6_to_a_container_is_one_of_many(tmp_path):
    limited = Service("web", routes=(Route("/", policies=Policies(limit=Limit(10, 1.0, 10))),))
    text = [check.text for check in door.one_client(stack(limited), ipv6=True)]
    assert text == ["to the edge all who come by IPv6 are one client, who share what policies allow to one"]
    assert not [*door.one_client(stack(limited), ipv6=False)]
    assert not [*door.one_client(stack(limited, edge=Edge(address="0.0.0.0")), ipv6=True)]
    assert not [*door.one_client(stack(Service("web", routes=(Route("/"),))), ipv6=True)]
    table = tmp_path / "if_inet6"
    table.write_text("00000000000000000000000000000001 01 80 10 80       lo\n")
    assert not door.machine_has_ipv6(table)
    table.write_text("20010db8000000000000000000000001 02 40 00 80     eth0\n")
    assert door.machine_has_ipv6(table)
    assert not door.machine_has_ipv6(tmp_path / "none")
