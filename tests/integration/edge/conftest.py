"""An edge for the tests of a module, one of its own where a test damages it, and back ends."""

import pytest
from backends import Backend
from plain_traefik import PlainTraefik
from rig import Rig


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One edge for a whole module: every test routes anew."""
    rig = Rig(tmp_path_factory.mktemp("edge"))
    yield rig
    rig.end()


@pytest.fixture
def rig(tmp_path):
    """An edge of its own."""
    rig = Rig(tmp_path)
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


@pytest.fixture
def plain(tmp_path):
    """Traefik with a configuration written by hand."""
    with PlainTraefik(tmp_path / "plain") as traefik:
        yield traefik
