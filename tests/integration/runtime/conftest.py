"""A runtime of its own for each test: `runtime` are plain processes, `rig` is each runtime in turn."""

import pytest
from instances import end_everything
from rigs import RIGS

from fairlead.runtimes.process.runtime import ProcessRuntime


@pytest.fixture
def runtime(place):
    """Up, and gone after the test."""
    runtime = ProcessRuntime(place)
    runtime.up()
    yield runtime
    end_everything(runtime)


@pytest.fixture(params=RIGS)
def rig(request, tmp_path):
    """Each runtime, up, and gone after the test."""
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
    rig = RIGS[request.param](tmp_path)
    rig.runtime.up()
    yield rig
    rig.end()


@pytest.fixture
def docker(docker_engine, tmp_path):
    """The runtime docker alone."""
    rig = RIGS["docker"](tmp_path)
    rig.runtime.up()
    yield rig
    rig.end()
