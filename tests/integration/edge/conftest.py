"""An edge for the tests of a module, one of its own where a test damages it, and back ends."""

import ipaddress
import os

import backends
import pytest
from backends import Backend
from plain_traefik import PlainTraefik
from rig import ContainerRig, Rig
from tests import docker_engine


def pytest_generate_tests(metafunc):
    """A module says on which runtimes its edges are tried, or a test: `KINDS`, `kinds`, else on `process`."""
    if "kind" in metafunc.fixturenames:
        of_all = getattr(metafunc.module, "KINDS", ("process",))
        kinds = getattr(metafunc.function, "kinds", of_all)
        metafunc.parametrize("kind", kinds, scope="module", indirect=True)


@pytest.fixture(scope="module")
def kind(request):
    """The runtime; where it is Docker, back ends can be reached from containers too."""
    if request.param == "docker":
        engine = request.getfixturevalue("docker_engine")
        subnet = ipaddress.ip_network(engine.inspect("bridge")["IPAM"]["Config"][0]["Subnet"])
        backends.ALSO[:] = [str(next(subnet.hosts()))]  # the first address is this machine's
    yield request.param
    backends.ALSO.clear()


def made(kind, folder):
    return ContainerRig(folder) if kind == "docker" else Rig(folder)


@pytest.fixture(scope="module")
def elsewhere(need):
    """Another machine, on which users are."""
    need("ip")
    if os.geteuid():
        pytest.skip("only root makes another machine")
    with docker_engine.elsewhere() as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory, kind):
    """One edge for a whole module: every test routes anew."""
    rig = made(kind, tmp_path_factory.mktemp("edge"))
    yield rig
    rig.end()


@pytest.fixture
def rig(tmp_path, kind):
    """An edge of its own."""
    rig = made(kind, tmp_path)
    yield rig
    rig.end()


@pytest.fixture
def one():
    with Backend("one") as backend:
        yield backend


@pytest.fixture
def two():
    with Backend("two") as backend:
        yield backend


@pytest.fixture
def three():
    with Backend("three") as backend:
        yield backend


@pytest.fixture(scope="module")
def plain_shared(tmp_path_factory):
    with PlainTraefik(tmp_path_factory.mktemp("plain") / "plain") as traefik:
        yield traefik


@pytest.fixture
def plain(plain_shared):
    """Traefik with a configuration written by hand; the same process for a whole module."""
    plain_shared.forget()
    return plain_shared


@pytest.fixture
def plain_alone(tmp_path):
    """One that has counted nothing yet."""
    with PlainTraefik(tmp_path / "plain") as traefik:
        yield traefik
