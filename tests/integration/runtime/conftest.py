"""`runtime` are plain processes, a runtime for each test; `rig` is each runtime in turn, one for a whole module."""

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


@pytest.fixture(scope="module")
def rigs():
    """By runtime: what a module's tests have in common, its supervisord or its networks."""
    made = {}
    yield made
    for rig in made.values():
        rig.end()


@pytest.fixture
def rigged(rigs, tmp_path_factory):
    """`rigged("docker")`: that runtime, up. What a test leaves of instances and volumes is gone after it."""
    used = []

    def rigged(name):
        if name not in rigs:
            rigs[name] = RIGS[name](tmp_path_factory.mktemp(name))
        rig = rigs[name]
        rig.begin()
        used.append(name)
        return rig

    yield rigged
    for name in used:
        rigs[name].clear()


@pytest.fixture(params=RIGS)
def rig(request, rigged):
    """Each runtime."""
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
    return rigged(request.param)


@pytest.fixture
def docker(docker_engine, rigged):
    """The runtime docker alone."""
    return rigged("docker")
