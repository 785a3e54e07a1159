"""What a release keeps of the shell and the Python it is deployed from."""

import os
import sys
from pathlib import Path

from fairlead.artifacts import Release
from fairlead.artifacts.prepare import base_python
from fairlead.edges.fake import FakeEdge
from fairlead.operations.environment import machine_facts
from fairlead.project.stack import Service, Stack
from fairlead.rollout.specs import service_specs
from fairlead.rollout.world import World
from fairlead.runtimes.fake import FakeRuntime

STACK = Stack("shop", "local", services=(Service("web", "${PYTHON} run"),))


def test_what_runs_a_build_runs_the_release_too(monkeypatch):
    assert machine_facts()["python"] == base_python()
    monkeypatch.setattr(sys, "_base_executable", "/gone/python", raising=False)
    assert machine_facts()["python"] == base_python() == sys.executable


def test_a_release_is_started_with_what_it_was_deployed_with(monkeypatch):
    monkeypatch.setenv("PATH", "/rich:/usr/bin")
    facts = machine_facts()
    assert facts["env"]["PATH"] == "/rich:/usr/bin" and set(facts["env"]) <= {*os.environ, "PYTHONDONTWRITEBYTECODE"}
    runtime = FakeRuntime()
    world = World(runtime, FakeEdge(runtime), None, None, Path, "/poor/python", {"PATH": "/bin"})
    pinned = Release.of(STACK, {}, {}, machine=facts)
    older = Release.of(STACK, {}, {})  # saved by a Fairlead that did not keep it yet
    for release, path, python in ((pinned, "/rich:/usr/bin", facts["python"]), (older, "/bin", "/poor/python")):
        (spec,) = service_specs(release, [f"{release.id}.web.1"], world.machine(release))
        assert (spec.env["PATH"], spec.values["PYTHON"]) == (path, python)
