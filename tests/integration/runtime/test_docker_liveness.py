"""A container that hangs is found by its liveness path and started again, whoever runs in it."""

from dataclasses import replace

import pytest
from instances import QUICK, one, ready
from running import eventually

from fairlead.engine.direct import DirectEngine, Refused
from fairlead.project.stack import Container, Health
from fairlead.runtimes.docker.spec import name_of
from fairlead.server.liveness import FAILURES, Liveness
from fairlead.system import processes
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

PROBE = "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'])"


@pytest.fixture
def foreign(monkeypatch):
    """Fairlead is not root, and what is in containers belongs to others: the kernel refuses a signal to them."""

    def refused(group, number):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(processes, "signal_group", refused)


def ask(docker, times):
    """What a keeper says that asks so often."""
    said = []
    liveness = Liveness(docker.runtime.place, said.append, every=0.0)
    for _ in range(times):
        liveness.check()
        assert wait_until(lambda: liveness.look() == 0, 60)
    return said


def test_one_that_hangs_is_started_again_by_its_engine(docker, foreign):
    [id] = ready(docker.runtime, docker.spec(health=replace(QUICK, live="/health", timeout=0.3)))
    before = docker.facts(id).pid
    docker.runtime.engine.run(name_of(docker.runtime.owner, id), ("sh", "-c", "kill -STOP -1"), seconds=20)
    said = ask(docker, FAILURES)
    assert len(said) == 1 and "no answer within 0.3 s, 3 times; killed, to be started again" in said[0]
    eventually(lambda: one(docker.runtime, id).living and docker.facts(id).pid not in (0, before))
    assert not one(docker.runtime, id).verified


def test_one_that_nobody_here_reaches_is_not_asked(docker):
    """The machine's own loopback address is not its."""
    asked = Health(live="/none", command=f'python3 -c "{PROBE}"', interval=0.1, successes=2, timeout=5)
    [id] = ready(docker.runtime, docker.spec(container=Container(networks=("database",)), health=asked))
    before = docker.facts(id).pid
    assert ask(docker, FAILURES + 1) == []
    assert docker.facts(id).pid == before


def test_an_engine_that_says_no_ends_no_keeper(docker, foreign, monkeypatch):
    [id] = ready(docker.runtime, docker.spec(health=replace(QUICK, live="/health", timeout=0.3)))
    docker.runtime.engine.run(name_of(docker.runtime.owner, id), ("sh", "-c", "kill -STOP -1"), seconds=20)

    def refuses(self, name):
        raise Refused("server error", 500)

    monkeypatch.setattr(DirectEngine, "inspect", refuses)
    assert "could not be killed: server error" in ask(docker, FAILURES)[0]
