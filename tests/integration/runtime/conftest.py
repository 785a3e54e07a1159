"""`runtime` are plain processes, a runtime for each test, or one for a module that says `SHARED = True`; `rig` is each
runtime in turn, one for a whole module.
"""

import pytest
from instances import end_everything
from rigs import RIGS, place_of

from fairlead.runtimes.process.runtime import ProcessRuntime


@pytest.fixture
def shared(request, rigged):
    """The runtime that a module's tests share, up; None where each has its own, or this one has none."""
    wanted = getattr(request.module, "SHARED", False) and "runtime" in request.fixturenames
    return rigged("process").runtime if wanted else None


@pytest.fixture
def place(shared, tmp_path):
    """The folders of an environment: of the test, or of all of its module."""
    return shared.place if shared else place_of(tmp_path, "shop")


@pytest.fixture
def runtime(shared, place):
    """Up, and gone after the test; of one that is shared, its instances are."""
    if shared:
        yield shared
        return
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
