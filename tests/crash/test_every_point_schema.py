"""SIGKILL of the deployer, of its connections and of PostgreSQL at every point of a deployment that moves a schema.

Somebody writes all the time: no row that was acknowledged is lost, schema and history agree, and the next command, or
the keeper, has everything in order. The ordinary run tries one point, another one for each commit.
"""

import os
import zlib

import pytest

from fairlead.stores.programs import missing
from tests.crash.schema_arena import SchemaArena
from tests.crash.test_every_point import rotated

KILLS = {"deployer": "", "connection": "cut:", "server": "crash:"}
FORWARD, BACK = 50, 30  #: a deployment passes more points than that, and more on its way back


def need_postgres():
    if missing(["postgres", "initdb", "pg_dump"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("PostgreSQL is missing")


@pytest.fixture(scope="module")
def arena():
    need_postgres()
    arena = SchemaArena()
    try:
        arena.ready()
        yield arena
    finally:
        arena.close()


def drawn(most, what):
    """A number from 1 on that follows from the commit that is tested."""
    return 1 + zlib.crc32(f"{os.environ.get('FAIRLEAD_SAMPLE', '')}{what}".encode()) % most


def kill_and_recover(arena, writer, kill, point, number, failing=False):
    """Deploy, have something killed at the point, and let the next command or the keeper see to it."""
    before, seen = arena.live(), arena.answers()
    arena.expand(again=not failing)
    arena.write(smoke="/fail" if failing else "/health")
    code, points, said = arena.run("deploy", "blue-green", f"{KILLS[kill]}{point}")
    assert code in ((-9,) if kill == "deployer" else (0, 1)), (point, said)
    assert kill != "deployer" or " after " in point or points[-1] == point
    if number % 2:
        code, _, said = arena.run("recover")
        assert code == 0, said
    live = arena.whole()
    assert arena.answers() == (seen if live == before else str(arena.version)), point
    settled(arena, point, live != before)
    writer.check()
    arena.tidied()
    assert arena.whole() == arena.live()
    writer.check()


def settled(arena, point, committed):
    """What the ledger says became of it is so, and history and schema agree."""
    closed = arena.closed()
    assert closed["result"] == ("live" if committed else "undone"), (point, closed)
    arena.agree()
    if committed:
        assert arena.tables() == {"rows", "extra", "label"}, point
    elif not closed.get("kept"):
        assert arena.tables() == {"rows"}, point
    assert not closed.get("incomplete"), (point, closed)


def one_direction():
    """Parameters: one way in the normal run, the other one for another commit."""
    first, second = rotated(["forward", "undoing"])
    return [first, pytest.param(second, marks=pytest.mark.long(seconds=15))]


@pytest.mark.parametrize("direction", one_direction())
def test_a_kill_at_a_point_loses_nothing(arena, writer, direction):
    killed_at_a_point(arena, writer, direction)


def killed_at_a_point(arena, writer, direction):
    """At one that follows from the commit."""
    failing = direction == "undoing"
    most, begin = (BACK, "undo") if failing else (FORWARD, "before")
    point = f"{drawn(most, direction)} after {begin}"
    kill_and_recover(arena, writer, rotated(KILLS)[failing], point, drawn(2, "who"), failing)


def points_of(arena, failing):
    """Every point of a deployment that nothing happens to; the schema is as at first then."""
    arena.expand(again=not failing)
    arena.write(smoke="/fail" if failing else "/health")
    code, points, said = arena.run("deploy", "blue-green")
    assert code == (1 if failing else 0), said
    arena.whole()
    arena.agree()
    assert arena.tables() == ({"rows"} if failing else {"rows", "extra", "label"})
    arena.tidied()
    first = next((place for place, point in enumerate(points) if point.startswith("undo")), 0)
    return list(dict.fromkeys(points[first:]))


def where(points, kill):
    """At which of them: a connection is there inside of a migration alone, and a server that starts takes long."""
    begins = {"connection": ("schema",), "server": ("schema", "acted", "undo acted")}
    return [point for point in points if point.startswith(begins.get(kill, ""))]


def killed_at_every_point(arena, writer, kill, failing):
    points = where(points_of(arena, failing), kill)
    assert len(points) > 10
    for number, point in enumerate(points):
        kill_and_recover(arena, writer, kill, point, number, failing)
    print(f"{len(points)} points, {len(writer.acknowledged)} rows acknowledged until now, none lost")


@pytest.mark.long(sampled=False)
@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("failing", [False, True], ids=["forward", "undoing"])
def test_a_kill_at_every_point_loses_nothing(arena, writer, kill, failing):
    killed_at_every_point(arena, writer, kill, failing)
