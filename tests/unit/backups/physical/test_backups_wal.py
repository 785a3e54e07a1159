"""The log as numbers, and what of it leads to a moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fairlead.backups.catalogue import Backup, Owner
from fairlead.backups.physical.archive import Log, Reached, Segment
from fairlead.backups.physical.coverage import aim, joined, led, window
from fairlead.backups.physical.keeping import keeping
from fairlead.backups.physical.wal import (
    SIZE,
    Stretch,
    missing,
    number,
    parents,
    place_of,
    position,
    segment_name,
    shown,
    way,
)
from fairlead.errors import Refused

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HISTORY = "1\t0/5000028\tno recovery target specified\n\n2\t0/8000000\tbefore 2026-11-20\n"


def minutes(count):
    return NOON + timedelta(minutes=count)


def base(id="b1", at=0, timeline=1, lsn="0/2000138", system="7"):
    return Backup(
        id=id, kind="physical", owner=Owner("shop", "local", "db"), began="", ended=minutes(at).isoformat(), why="",
        server="15.1", system=system, timeline=timeline, start_lsn="0/2000028", stop_lsn=lsn, recipients=(), parts=(),
    )  # fmt: skip


def log(segments, minute=10, timeline=1, system="7", left=(), began=-10):
    """Segments of a timeline, one for each minute since noon; the last one is still being written."""
    there = {
        (timeline, n): Segment((timeline, n), f"s{n}", 1, int(minutes(n).timestamp() * 1000), "x") for n in segments
    }
    end = (max(segments) + 1) * SIZE
    reached = {timeline: Reached(minutes(minute), end, minutes(began))}
    return Log(system, there, reached, {timeline: left} if left else {})


def test_names_and_positions():
    assert position("1/2000028") == (1 << 32) + 0x2000028
    assert segment_name(1, number(position("1/2000028"))) == "000000010000000100000002"
    assert place_of("000000010000000100000002") == (1, 258)
    assert place_of("00000002.history") is None
    assert parents(HISTORY) == ((1, 0x5000028), (2, 0x8000000))


def test_what_is_missing_is_named_as_postgresql_does():
    gaps = missing({(1, 3), (1, 6)}, [Stretch(1, 3, 7)])
    assert list(map(shown, gaps)) == [
        "000000010000000000000004 to 000000010000000000000005",
        "000000010000000000000007",
    ]


def test_the_way_from_a_timeline_to_its_child():
    left = parents(HISTORY)
    assert way((1, 3), left, (3, 9)) == (Stretch(1, 3, 4), Stretch(2, 5, 7), Stretch(3, 8, 9))
    assert way((2, 6), left, (3, 9)) == (Stretch(2, 6, 7), Stretch(3, 8, 9))
    assert way((1, 6), left, (3, 9)) is None  # the copy was made after that timeline was left
    assert way((4, 6), left, (3, 9)) is None


def test_what_was_carried_away_and_is_gone_is_missing_at_the_end_too():
    """Nothing comes after it that would show the gap: how far the log is known to go does."""
    whole = log(range(3, 9))
    cut = replace(whole, segments={place: one for place, one in whole.segments.items() if place[1] < 7})
    assert (whole.end(1), cut.end(1), cut.last(1)) == (8, 8, 6)
    assert list(led(cut, (1, 3), 1)) == [Stretch(1, 3, 8)]
    assert aim([base()], {"7": whole}, None).last == 8
    with pytest.raises(Refused, match="000000010000000000000007 to 000000010000000000000008 is missing"):
        aim([base()], {"7": cut}, None)
    assert Log("7").end(1) is None


def test_a_moment_before_the_end_of_every_copy_is_refused():
    with pytest.raises(Refused, match="is before the end of the first copy"):
        aim([base()], {"7": log(range(3, 6))}, minutes(-1))


def test_a_copy_that_needs_a_damaged_one_is_not_taken():
    whole = [base("b1"), base("b2", 2), replace(base("b3", 4), parent="b2")]
    logs = {"7": log(range(3, 12))}
    assert aim(whole, logs, minutes(8)).base.id == "b3"
    assert aim([whole[0], replace(whole[1], damaged="now"), whole[2]], logs, minutes(8)).base.id == "b1"


def test_the_newest_copy_before_it_is_taken():
    copies = [base("b1", 0), base("b2", 4, lsn="0/4000100")]
    logs = {"7": log(range(3, 9))}
    assert aim(copies, logs, minutes(3)).base.id == "b1"
    assert aim(copies, logs, minutes(5)).base.id == "b2"
    assert aim([*copies[:1], replace(copies[1], damaged="x")], logs, minutes(5)).base.id == "b1"


def test_a_moment_after_the_last_heartbeat_is_refused():
    with pytest.raises(Refused, match=r"ends at 2026-11-20 12:10:00.000 UTC"):
        aim([base()], {"7": log(range(3, 9))}, minutes(11))
    with pytest.raises(Refused, match="was never kept"):
        aim([base()], {}, minutes(11))


def test_a_gap_before_the_moment_is_refused_and_one_after_it_is_not():
    logs = {"7": log([3, 4, 5, 7, 8])}
    assert aim([base()], logs, minutes(4)).needed == (Stretch(1, 3, 4),)
    with pytest.raises(Refused, match="000000010000000000000006 is missing") as caught:
        aim([base()], logs, minutes(6))
    assert "every second until 2026-11-20 12:05" in caught.value.hint
    with pytest.raises(Refused, match="is missing"):
        aim([base()], logs, None)
    assert window(base(), logs["7"]).end == minutes(5)


def test_two_segments_of_one_name_are_refused():
    two = replace(log(range(3, 9)), twice=((1, 5),))
    with pytest.raises(Refused, match="two servers wrote to one place"):
        aim([base()], {"7": two}, minutes(7))
    assert aim([base()], {"7": two}, minutes(3)).last == 3


def test_the_timeline_is_that_of_the_moment():
    """PostgreSQL itself takes the newest, and finds nothing of what came after it was left."""
    one = log(range(3, 9), minute=8)
    two = log(range(5, 12), minute=20, timeline=2, left=((1, 0x5000028),), began=10)
    both = Log("7", one.segments | two.segments, one.reached | two.reached, two.left)
    assert aim([base()], {"7": both}, minutes(7)).timeline == 1
    later = aim([base()], {"7": both}, minutes(11))
    assert (later.timeline, later.needed) == (2, (Stretch(1, 3, 4), Stretch(2, 5, 11)))
    assert aim([base()], {"7": both}, None).timeline == 2
    assert aim([base(lsn="0/6000100")], {"7": both}, None).timeline == 1


def test_without_a_log_a_copy_comes_to_its_own_end():
    found = aim([base()], {}, None)
    assert (found.needed, found.last) == ((), None)


def test_what_overlaps_is_one():
    logs = log(range(3, 9), minute=10)
    copies = [base("b1", 0), base("b2", 5, lsn="0/5000100")]
    (one,) = joined([window(it, logs) for it in copies])
    assert (one.base, one.begin, one.end) == ("b1", minutes(0), minutes(10))


def test_the_log_is_kept_from_the_copy_that_the_window_begins_with():
    copies = [base("b1", 0), base("b2", 4, lsn="0/4000100"), base("b3", 8, lsn="0/8000100")]
    logs = {"7": log(range(1, 12))}
    (usual,) = keeping(copies, logs, 0.0, minutes(20))
    assert {one.place[1] for one in usual.leaving} == set(range(1, 9))
    (hour,) = keeping(copies, logs, 900.0, minutes(20))  # since minute 5, so from the copy of minute 4 on
    assert {one.place[1] for one in hour.leaving} == {1, 2, 3, 4}
    (all,) = keeping(copies, logs, 86400.0, minutes(20))
    assert {one.place[1] for one in all.leaving} == {1, 2}
    assert "every second since b1" in all.reason


def test_the_log_of_another_server_goes_when_no_copy_of_it_is_left():
    logs = {"7": log(range(3, 9), minute=10), "9": log(range(1, 3), minute=30, system="9")}
    found = {one.system: one for one in keeping([base(at=20)], logs, 0.0, minutes(40))}
    assert found["9"].leaving == ()
    assert found["9"].reason == "it is newer than every copy"
    found = {one.system: one for one in keeping([base(at=35, system="9")], logs, 0.0, minutes(40))}
    assert len(found["7"].leaving) == 6
    assert keeping([], logs, 0.0, minutes(40))[0].leaving == ()


def test_what_a_copy_of_pgbackrest_needs_by_itself_stays_in_the_log():
    """And of one that depends on another the log stays from that one on: so pgBackRest does it."""
    full = replace(base("b1", 0, lsn="0/3000100"), engine="pgbackrest", start_lsn="0/2000028")
    more = replace(base("b2", 4, lsn="0/5000100"), engine="pgbackrest", start_lsn="0/5000028", parent="b1")
    (found,) = keeping([full, more], {"7": log(range(1, 12))}, 0.0, minutes(20))
    assert [one.place[1] for one in found.leaving] == [1]


def test_of_what_changed_by_the_usual_programs_the_log_stays_from_its_own_end_on():
    copies = [base("b1", 0, lsn="0/3000100"), replace(base("b2", 4, lsn="0/5000100"), parent="b1")]
    (found,) = keeping(copies, {"7": log(range(1, 12))}, 0.0, minutes(20))
    assert {one.place[1] for one in found.leaving} == set(range(1, 6))


def test_what_changed_is_of_no_use_without_the_full_copy():
    full, changed = base("b1", 0), replace(base("b2", 4, lsn="0/5000100"), parent="b1")
    logs = {"7": log(range(1, 12))}
    assert aim([full, changed], logs, None).base.id == "b2"
    assert aim([base("b3", 2), changed], logs, None).base.id == "b3"
    assert aim([base("b3", 2), replace(full, damaged="now"), changed], logs, None).base.id == "b3"
