"""SIGKILL of a deployer that rehearses, as its copy is made and as what is pending is tried on it.

Nothing of the copy is left once the next command, or the keeper, has seen to it: no server, no container, no folder.
"""

import pytest

from fairlead.operations.backups.reach import copies_of
from tests.crash.schema_arena import SchemaArena
from tests.crash.schema_elsewhere import ContainerArena
from tests.crash.test_every_point_schema import drawn, kill_and_recover, need_postgres, points_of
from tests.docker_engine import DockerEngine
from tests.living import processes

MOST = 12  #: a rehearsal passes more points than that


class Rehearsing(SchemaArena):
    """Each of its deployments rehearses."""

    rehearse = "auto"  # `always` minds what tidying breaks

    def agree(self):
        """The same, and nothing is left of a copy."""
        assert self.copies() == []
        super().agree()

    def copies(self):
        folder = copies_of(self.place, "db")
        served = [said for said in processes().values() if f"{folder}/db.copy-".encode() in said]
        return [*folder.glob("*.copy-*"), *served]


class RehearsingInside(Rehearsing, ContainerArena):
    """The same with containers."""

    def copies(self):
        asked = ("ps", "-aq", "--filter", f"label=dev.fairlead.project={self.name}")
        helpers = DockerEngine().lines(*asked, "--filter", "label=dev.fairlead.kind=helper")
        return [*helpers, *self.place.root.glob("copies/*")]


@pytest.fixture(scope="module", params=["process", "docker"])
def arena(request):
    need_postgres()
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
    arena = RehearsingInside() if request.param == "docker" else Rehearsing()
    try:
        arena.ready()
        yield arena
    finally:
        arena.close()


@pytest.mark.long(seconds=30)
def test_a_kill_at_a_point_leaves_nothing_of_the_copy(arena, writer):
    kill_and_recover(arena, writer, "deployer", f"{drawn(MOST, 'rehearsal')} after copy", drawn(2, "who"))


@pytest.mark.long(sampled=False)
def test_a_kill_at_every_point_leaves_nothing_of_the_copy(arena, writer):
    points = [point for point in points_of(arena, False) if point.startswith("copy")]
    assert len(points) > MOST, points
    for number, point in enumerate(points):
        kill_and_recover(arena, writer, "deployer", point, number)
    print(f"{len(points)} points: {points}")
