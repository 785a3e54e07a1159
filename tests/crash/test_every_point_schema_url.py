"""The same at a `url`: PostgreSQL is somebody else's, who has it started again; its role for us may do little."""

import pytest

from tests.crash.schema_elsewhere import Foreign, ForeignArena
from tests.crash.test_every_point_schema import KILLS, killed_at_a_point, killed_at_every_point, need_postgres


@pytest.fixture(scope="module")
def arena():
    need_postgres()
    server = Foreign()
    try:
        arena = ForeignArena(server)
        try:
            arena.ready()
            yield arena
        finally:
            arena.close()
    finally:
        server.close()


@pytest.mark.long(seconds=20)
@pytest.mark.parametrize("direction", ["forward", "undoing"])
def test_a_kill_at_a_point_loses_nothing(arena, writer, direction):
    killed_at_a_point(arena, writer, direction)


@pytest.mark.long(sampled=False)
@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("failing", [False, True], ids=["forward", "undoing"])
def test_a_kill_at_every_point_loses_nothing(arena, writer, kill, failing):
    killed_at_every_point(arena, writer, kill, failing)
