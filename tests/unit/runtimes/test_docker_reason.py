"""Why a container ended, in words."""

import pytest

from fairlead.engine.facts import ContainerFacts
from fairlead.runtimes.docker.reason import ended


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
