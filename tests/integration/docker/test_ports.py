"""Ports of the machine: who holds one that is wanted, and what is told of those that containers have."""

import socket

import pytest
from tests.docker_engine import images, unique

from fairlead.engine.engine import Engine
from fairlead.operations.checks.environment import _port
from fairlead.operations.ports import _edge
from fairlead.project.stack import Edge, Route, Service, Stack
from fairlead.runtimes.docker import drift
from fairlead.system.home import Place


@pytest.fixture
def published(docker_engine):
    """Somebody's container, and the port of this machine that the engine chose for it."""
    name = unique("stranger")
    docker_engine("run", "--detach", "--name", name, "--publish", "127.0.0.1::8000", images()["app"], "sleep", "600")
    try:
        [(_, port)] = Engine().container(name).published
        yield name, port
    finally:
        docker_engine("rm", "--force", name)


@pytest.mark.real
def test_a_container_of_somebody_else_on_a_port_of_ours_is_named_before_anything_changes(published, tmp_path):
    name, port = published
    stack = Stack("shop", "test", "docker", edge=Edge(http=port, address="127.0.0.1"))
    found = _port(stack, Place(tmp_path / "home" / "shop" / "test"), port, "http")
    assert (found.text, found.hint) == (
        f"port {port} is used by container {name}", "set another one under edge.http, or stop that container",
    )  # fmt: skip
    assert found.result == "failed"


@pytest.mark.real
def test_what_the_machine_gives_a_container_is_told_apart_from_what_it_listens_on(published):
    name, port = published
    told = {(one.address, one.port) for one in drift.listening({name: Engine().container(name)}) if one.published}
    assert told == {("127.0.0.1", port)}


def test_the_edge_s_port_is_looked_at_by_ipv6_too():
    with socket.socket(socket.AF_INET6) as listener:
        listener.bind(("::1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        service = Service("web", port=80, routes=(Route("/"),))
        [row] = _edge(Stack("shop", "test", "process", (service,), edge=Edge(http=port, address="127.0.0.1")))
        assert row.v6 == ("::1",) and "::1 too, which is not declared" in row.problem
        [row] = _edge(Stack("shop", "test", "process", (service,), edge=Edge(http=port, address="::1")))
        assert row.v6 == ("::1",) and "::1" not in row.problem
