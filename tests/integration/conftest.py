"""Real supervisord, real Traefik, real servers. What is missing skips a test at home and fails it in CI."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from running import free_port

from fairlead.edges.traefik.edge import traefik_binary
from fairlead.errors import FairleadError
from fairlead.system.home import Place


def missing():
    """What these tests need and this machine does not have."""
    if not Path("/proc/self").exists():
        yield "/proc"
    if find_spec("supervisor") is None:
        yield "supervisor"
    try:
        traefik_binary()
    except FairleadError:
        yield "traefik"
    yield from (name for name in ("uvicorn", "gunicorn") if find_spec(name) is None)
    if shutil.which("ps") is None and sys.platform == "darwin":
        yield "ps"


@pytest.fixture(scope="session", autouse=True)
def real_things():
    """A test that silently did not run proves nothing, so CI must have everything."""
    if lacking := ", ".join(missing()):
        if os.environ.get("CI") == "true":
            pytest.fail(f"missing on this machine: {lacking}")
        pytest.skip(f"missing on this machine: {lacking}")


@pytest.fixture
def port():
    """A port nobody uses now."""
    return free_port()


@pytest.fixture
def place(tmp_path):
    """The folders of an environment of its own."""
    place = Place(tmp_path / "home" / "shop" / "test")
    place.create()
    return place
