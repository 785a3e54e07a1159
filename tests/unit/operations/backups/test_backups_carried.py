"""A restore point waits for its log; where that is known not to come, nobody waits."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fairlead.backups.destinations.table import Target
from fairlead.backups.physical import points as kept
from fairlead.backups.physical.archive import Reached
from fairlead.backups.physical.points import Point
from fairlead.operations.backups import points
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.streams import TOLD
from fairlead.project.stack import Store
from fairlead.project.stack_backup import Backup, Physical
from fairlead.system.home import Place

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
POINT = Point("before-a-migration", "77", 1, 0x3000100, NOON)
NEVER = 3600.0  #: seconds; a test that waits for it fails by its time


class Rows:
    """A session of which each question has the next answer, the last one for ever."""

    def __init__(self, *rows):
        self.rows, self.row = list(rows), None

    def execute(self, statement):
        if "pg_stat_archiver" in statement:
            self.row = self.rows.pop(0) if len(self.rows) > 1 else self.rows[0]
        return self

    def fetchone(self):
        return self.row


@pytest.fixture
def one(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    place = Place.of("shop", "local")
    place.create()
    (place.backups / "db" / "spool" / "77").mkdir(parents=True)
    (place.backups / "db" / TOLD).write_text("{}")
    said = Backup(str(tmp_path / "kept"), physical=Physical(spool=1))
    return Arrangement(place, "process", Store("db", "postgres", backup=said), said, Target(said.to), tuple)


def test_nobody_waits_for_a_log_that_is_received_nowhere(one):
    (one.place.backups / "db" / TOLD).unlink()
    assert points.carried(one, Rows(()), POINT, NEVER) == "is received nowhere"


def test_nobody_waits_for_a_spool_that_is_full(one):
    for name in ("000000010000000000000003", "000000010000000000000004"):
        (one.spool / "77" / name).write_bytes(b"x")
    assert "the spool is full" in points.carried(one, Rows(()), POINT, NEVER)
    assert kept.there(one.archive) == ()


def test_nobody_waits_long_for_one_who_is_dead(one, monkeypatch):
    monkeypatch.setattr(points, "DEAD", 0.0)
    assert "who does that is dead" in points.carried(one, Rows(()), POINT, NEVER)


def test_what_is_there_is_there_whoever_is_dead(one, monkeypatch):
    monkeypatch.setattr(points, "DEAD", 0.0)
    one.archive.keep_reached("77", 1, Reached(NOON, POINT.lsn, NOON))
    assert points.carried(one, Rows(()), POINT, NEVER) == ""
    assert kept.there(one.archive) == (POINT,)


def test_it_is_said_how_long_was_waited(one):
    assert points.carried(one, Rows(()), POINT, 0.0) == "was not carried away within 0 s"


def test_nobody_waits_for_pgbackrest_once_it_gave_up(one):
    physical = Physical(engine="pgbackrest")
    it = replace(one, store=replace(one.store, backup=replace(one.said, physical=physical)))
    before = "000000010000000000000002"
    assert points.carried(it, Rows((before, 4), (before, 5), (before, 7)), POINT, NEVER) == (
        "cannot be taken by pgBackRest now"
    )
    after = "000000010000000000000003"
    assert points.carried(it, Rows((before, 4), (after, 4)), POINT, NEVER) == ""
    assert points.carried(it, Rows((before, 4), (before, 5), (before, 6), (after, 6)), POINT, NEVER) == "", (
        "it tries again"
    )
