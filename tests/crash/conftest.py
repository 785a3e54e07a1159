"""The arena is shared by a module: killing a deployer must leave an environment that the next one can use."""

import pytest

from tests.crash.arena import Arena


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    arena = Arena(tmp_path_factory.mktemp("arena"))
    code, _, said = arena.run("deploy", "blue-green")
    assert code == 0, said
    yield arena
    arena.close()


@pytest.fixture(scope="module")
def writer(arena):
    """Who writes into the database of a `SchemaArena` all the time."""
    from tests.crash.schema_arena import Writer  # noqa: PLC0415 — brings psycopg, which only these need

    with Writer(arena) as writer:
        yield writer
