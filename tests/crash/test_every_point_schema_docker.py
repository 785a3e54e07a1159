"""The same on Docker: PostgreSQL is in a container, which is killed and comes back by its restart policy."""

import pytest

from tests.crash.test_every_point_schema import KILLS, killed_at_a_point, killed_at_every_point


@pytest.fixture(scope="module")
def arena(docker_engine):
    from tests.crash.schema_elsewhere import ContainerArena  # noqa: PLC0415 — only where there is Docker

    arena = ContainerArena()
    try:
        arena.ready()
        yield arena
    finally:
        arena.close()


@pytest.mark.long(seconds=30)
@pytest.mark.parametrize("direction", ["forward", "undoing"])
def test_a_kill_at_a_point_loses_nothing(arena, writer, direction):
    killed_at_a_point(arena, writer, direction)


@pytest.mark.long(sampled=False)
@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("failing", [False, True], ids=["forward", "undoing"])
def test_a_kill_at_every_point_loses_nothing(arena, writer, kill, failing):
    killed_at_every_point(arena, writer, kill, failing)
