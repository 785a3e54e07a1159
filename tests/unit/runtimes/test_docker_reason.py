"""Why a container ended, in words."""

from dataclasses import replace

import pytest

from fairlead.engine.facts import ContainerFacts
from fairlead.project.stack import Health
from fairlead.runtimes.docker.readiness import Probe
from fairlead.runtimes.docker.reason import ended


class Forgetful:
    """An engine that has heard so much since that it knows of no end."""

    def heard(self, id, event):
        return []


def looping(last, restarts):
    """A probe that is asked while the engine runs its container again."""
    found = Probe(folder=None, health=Health(), port=None, engine=Forgetful(), owner=None, spec=None, ends=0, last=last)
    return found._looping(replace(facts(), state="running", restarts=restarts, started="now"))


def test_a_crash_loop_waits_until_it_is_seen_why():
    assert looping(facts(3), 2) == "", "too early"
    assert looping(facts(3), 3) == "crash loop: ended 3 times before it was ready: exit code 3"
    assert looping(None, 3) == "", "it is seen ended soon"
    assert looping(None, 8).endswith("its log may say why")


def facts(code=0, memory=0, killed=False, error=""):
    raw = {"HostConfig": {"Memory": memory}}
    return ContainerFacts("i", "n", {}, "sha256:1", "exited", 0, "", code, killed, 0, error, "", raw=raw)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (facts(3), "exit code 3"),
        (facts(127), "exit code 127: there is no such command in the image"),
        (facts(137), "ended by SIGKILL (exit code 137)"),
        (facts(137, 64 << 20, killed=True), "out of memory: its limit is 64M (resources.memory)"),
        (facts(137, killed=True), "out of memory: the machine has no more"),
        (
            facts(127, error="OCI runtime create failed: container_linux.go:380: starting container process caused: "
                  'exec: "serve": executable file not found in $PATH: unknown'),
            'it could not be started: exec: "serve": executable file not found in $PATH',
        ),
    ],
)  # fmt: skip
def test_reasons(seen, said):
    assert ended(seen) == said
