"""Restore points: what is kept of them, and what leads to one."""

from datetime import UTC, datetime

import pytest
from tests.unit.backups.physical.test_backups_wal import base, log

from fairlead.backups.catalogue import Owner
from fairlead.backups.destinations.directory import Directory
from fairlead.backups.physical import points
from fairlead.backups.physical.archive import Archive
from fairlead.backups.physical.coverage import aim_at
from fairlead.backups.physical.points import Point
from fairlead.backups.physical.wal import SIZE, Stretch
from fairlead.errors import Refused


def point(segment, name="before", system="7", timeline=1):
    return Point(name, system, timeline, segment * SIZE + 100, datetime(2026, 11, 20, 12, 5, tzinfo=UTC))


def test_they_lie_beside_the_log_and_go_when_no_copy_leads_there(tmp_path):
    archive = Archive(Directory(tmp_path), Owner("shop", "local", "db"))
    old, new = point(1, "old"), point(7, "a-b.c")
    for one in (new, old):
        points.keep(archive, one)
    assert set(points.there(archive)) == {old, new}
    assert archive.log("7").segments == {}
    assert archive.systems() == ("7",)
    points.forget(archive, [base(lsn="0/2000138")])
    assert points.there(archive) == (new,)


def test_the_newest_copy_before_it_and_the_log_up_to_it():
    logs = {"7": log(range(3, 12))}
    late = base("b2", 6, lsn="0/6000138")
    found = aim_at([base(), late, base("b3", 9, lsn="0/9000138")], logs, point(8))
    assert (found.base.id, found.needed, found.alone) == ("b2", (Stretch(1, 7, 8),), False)
    assert aim_at([base(), late], logs, point(8), base()).needed == (Stretch(1, 3, 8),)


@pytest.mark.parametrize(
    ("some", "where", "said"),
    [
        ([base(lsn="0/9000138")], point(8), "no good copy of the data files comes before restore point before"),
        ([base(system="8")], point(8), "no good copy"),
        ([base()], point(12), "00000001000000000000000C is missing"),
    ],
)
def test_what_cannot_be_had_is_known_before(some, where, said):
    with pytest.raises(Refused, match=said):
        aim_at(some, {"7": log(range(3, 12))}, where)
