"""A real Docker engine, shared by all tests: what a test makes has labels of its own and is removed with it."""

import os
import uuid

import pytest

from fairlead.engine.engine import Engine
from fairlead.engine.networks import remove_networks
from fairlead.engine.owner import Owner
from fairlead.errors import FairleadError


@pytest.fixture(scope="session")
def engine():
    """The engine of this machine. Where there is none the test is skipped, in CI it fails."""
    one = Engine()
    try:
        one.facts()
    except FairleadError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no Docker engine: {error}")
    return one


@pytest.fixture
def owner(engine):
    """An environment nobody else has; nothing of it is left behind."""
    one = Owner("test", f"t{uuid.uuid4().hex[:8]}", "test")
    yield one
    for container in engine.containers(one.labels()):
        engine.remove(container.id)
    remove_networks(engine, one)
