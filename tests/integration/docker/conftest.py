"""A real Docker engine, shared by all tests: what a test makes has labels of its own and is removed with it."""

import pytest

from fairlead.engine.engine import Engine
from fairlead.engine.networks import remove_networks
from fairlead.engine.owner import Owner


@pytest.fixture
def engine(docker_engine):
    """The engine of this machine, as Fairlead talks to it."""
    return Engine()


@pytest.fixture
def owner(engine, docker_project):
    """An environment nobody else has; nothing of it is left behind."""
    one = Owner("test", docker_project, "test")
    yield one
    for container in engine.containers(one.labels()):
        engine.remove(container.id)
    remove_networks(engine, one)
