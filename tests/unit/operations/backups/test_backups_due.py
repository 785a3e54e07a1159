"""When backups and drills are due."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fairlead.ledger import Ledger
from fairlead.operations.backups.due import due, jitter, left, slot
from fairlead.operations.backups.scheduled import phases
from fairlead.project.stack import Stack, Store
from fairlead.project.stack_backup import Backup, Drill, Physical

NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)  # a Thursday
EARLY = min(map(str, range(1000)), key=lambda one: jitter(one, "daily"))  # the name of an environment that waits least
STORE = Store("db", "postgres", backup=Backup("/x", "daily"), drill=Drill(7 * 86400.0))


@pytest.mark.parametrize(
    ("every", "now", "expected"),
    [
        ("hourly", NOW, "2026-11-26 12:07"), ("hourly", NOW.replace(minute=6), "2026-11-26 11:07"),
        ("daily", NOW, "2026-11-26 02:00"), ("daily", NOW.replace(hour=1), "2026-11-25 02:00"),
        ("weekly", NOW, "2026-11-22 02:00"), ("weekly", datetime(2026, 11, 22, 1, tzinfo=UTC), "2026-11-15 02:00"),
        ("monthly", NOW, "2026-11-01 02:00"), ("monthly", datetime(2026, 11, 1, 1, tzinfo=UTC), "2026-10-01 02:00"),
    ],
)  # fmt: skip
def test_slots(every, now, expected):
    assert f"{slot(every, now):%Y-%m-%d %H:%M}" == expected


def tasks(tmp_path, *said, store=STORE):
    """`said`: hours ago, kind, and whether it went well."""
    at = [NOW]
    tmp_path.mkdir(exist_ok=True)
    with Ledger.open(tmp_path / "ledger.db", lambda: at[0]) as ledger:
        for hours, kind, ok in said:
            at[0] = NOW - timedelta(hours=hours)
            ledger.append(kind, {"store": "db", "ok": ok, "tasks": ["backup", "drill"]})
        return due(store, ledger.entries(), NOW, EARLY)


def entries(tmp_path, *kinds):
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        for kind in kinds:
            ledger.append(kind, {"store": "db", "tasks": ["backup", "drill"]})
        return tuple(ledger.entries())


def test_the_first_is_due_at_once(tmp_path):
    assert tasks(tmp_path) == ("backup", "drill")


def test_nothing_while_all_is_fresh(tmp_path):
    assert tasks(tmp_path, (50, "drill.done", True), (10, "backup.made", True)) == ()


def test_a_backup_each_day(tmp_path):
    assert tasks(tmp_path, (50, "drill.done", True), (11, "backup.made", True)) == ("backup",)


def test_a_gap_in_the_log_asks_for_a_copy_of_all_at_once(tmp_path):
    store = Store("db", "postgres", backup=Backup("/x", None, Physical("weekly")))
    with Ledger.open(tmp_path / "ledger.db", lambda: NOW - timedelta(hours=3)) as ledger:
        ledger.append("backup.made", {"store": "db", "kind": "physical"})
        assert due(store, ledger.entries(), NOW, EARLY) == ()
        ledger.append("log.broken", {"store": "other"})
        assert due(store, ledger.entries(), NOW, EARLY) == ()
    with Ledger.open(tmp_path / "ledger.db", lambda: NOW - timedelta(hours=2)) as ledger:
        ledger.append("log.broken", {"store": "db"})
        assert due(store, ledger.entries(), NOW, EARLY) == ("files",)
    with Ledger.open(tmp_path / "ledger.db", lambda: NOW - timedelta(hours=1)) as ledger:
        ledger.append("backup.made", {"store": "db", "kind": "physical"})
        assert due(store, ledger.entries(), NOW, EARLY) == ()


def test_what_was_noted_while_the_clock_was_ahead_does_not_count(tmp_path):
    ahead = -24 * 400
    assert tasks(tmp_path, (ahead, "backup.made", True), (ahead, "drill.done", True)) == ("backup", "drill")


def test_what_was_there_when_the_week_began_is_read(tmp_path):
    """The last Sunday is 106 hours ago. What nobody could read is tried again; what was found wrong is known."""
    sunday, fresh = 106, ((50, "drill.done", True), (9, "backup.made", True))
    store = replace(STORE, backup=Backup("/x", "daily"))
    assert tasks(tmp_path / "a", (105, "backup.made", True), *fresh, store=store) == ()
    assert tasks(tmp_path / "b", (sunday + 24, "backup.made", True), *fresh, store=store) == ("verify",)
    assert tasks(tmp_path / "c", (sunday + 24, "backup.made", True), (30, "verify.done", False), *fresh) == ()
    with Ledger.open(tmp_path / "d.db", lambda: NOW - timedelta(hours=2)) as ledger:
        ledger.append("schedule.begun", {"store": "db", "tasks": ["verify"]})
        assert left("db", ledger.entries()) == ("verify",)
        ledger.append("verify.done", {"store": "db", "ok": False, "failed": True})
        assert left("db", ledger.entries()) == ()


def test_copies_of_the_data_files_by_themselves(tmp_path):
    """A dump is no copy of the files, nor the other way round; a drill of either is one."""
    store = Store("db", "postgres", backup=Backup("/x", "daily", Physical("weekly")), drill=Drill(7 * 86400.0))
    assert tasks(tmp_path, store=store) == ("backup", "files", "drill")
    with Ledger.open(tmp_path / "more.db", lambda: NOW - timedelta(hours=2)) as ledger:
        ledger.append("backup.made", {"store": "db", "kind": "physical"})
        ledger.append("drill.done", {"store": "db", "kind": "physical", "ok": True})
        assert due(store, ledger.entries(), NOW, EARLY) == ("backup",)


def test_a_copy_of_what_changed_by_itself(tmp_path):
    """Not at the time of a full one, which has it all; and neither counts for the other."""
    store = Store("db", "postgres", backup=Backup("/x", None, Physical("weekly", "daily", engine="pgbackrest")))
    assert tasks(tmp_path, store=store) == ("files",)
    with Ledger.open(tmp_path / "more.db", lambda: NOW - timedelta(hours=40)) as ledger:
        ledger.append("backup.made", {"store": "db", "kind": "physical"})
        assert due(store, ledger.entries(), NOW, EARLY) == ("changes",)
    with Ledger.open(tmp_path / "yet.db", lambda: NOW - timedelta(hours=2)) as ledger:
        ledger.append("backup.made", {"store": "db", "kind": "physical"})
        assert due(store, ledger.entries(), NOW, EARLY) == ()
        ledger.append("schedule.begun", {"store": "db", "tasks": ["changes"]})
        assert left("db", ledger.entries()) == ("changes",)
        ledger.append("backup.made", {"store": "db", "kind": "physical", "differential": True})
        assert left("db", ledger.entries()) == ()


def test_what_failed_is_tried_again_later(tmp_path):
    before = ((50, "drill.done", True), (30, "backup.made", True))
    assert tasks(tmp_path, *before, (0.5, "backup.failed", False)) == ()


def test_and_later_is_an_hour(tmp_path):
    before = ((50, "drill.done", True), (30, "backup.made", True))
    assert tasks(tmp_path, *before, (1.5, "backup.failed", False)) == ("backup",)


def test_a_red_drill_is_tried_again_the_next_day(tmp_path):
    assert tasks(tmp_path, (20, "drill.done", False), (10, "backup.made", True)) == ()


def test_a_red_drill_of_yesterday_counts_no_more(tmp_path):
    assert tasks(tmp_path, (25, "drill.done", False), (10, "backup.made", True)) == ("drill",)


def test_a_drill_that_found_another_one_at_it_is_not_red(tmp_path):
    """It is tried again like a backup that failed, and not the next day only."""
    before = (10, "backup.made", True)
    with Ledger.open(tmp_path / "busy.db", lambda: NOW - timedelta(hours=1.5)) as ledger:
        ledger.append("backup.made", {"store": "db"})
        ledger.append("drill.done", {"store": "db", "ok": False, "why": "busy"})
        assert due(STORE, ledger.entries(), NOW, EARLY) == ("drill",)
        assert due(STORE, ledger.entries(), NOW - timedelta(hours=1), EARLY) == ()
    assert tasks(tmp_path, (1.5, "drill.done", False), before) == ()


def test_of_a_store_without_backups_nothing_is(tmp_path):
    assert tasks(tmp_path, store=Store("db", "postgres")) == ()


def test_what_was_begun_is_not_begun_again_at_once(tmp_path):
    assert tasks(tmp_path, (0.5, "schedule.begun", True)) == ()


def test_what_was_begun_and_never_ended_is_begun_again(tmp_path):
    assert tasks(tmp_path, (1.5, "schedule.begun", True)) == ("backup", "drill")


def test_what_has_no_end_is_told_from_what_has_one(tmp_path):
    assert left("db", entries(tmp_path, "schedule.begun")) == ("backup", "drill")
    assert left("db", entries(tmp_path, "schedule.begun", "backup.failed")) == ("drill",)
    assert left("db", entries(tmp_path, "schedule.begun", "backup.made", "drill.done")) == ()
    assert left("other", entries(tmp_path, "schedule.begun")) == ()


def test_however_many_were_missed_it_is_one(tmp_path):
    off = (24 * 30, "backup.made", True), (24 * 30, "drill.done", True)
    assert tasks(tmp_path, *off) == ("backup", "verify", "drill")
    assert (
        tasks(tmp_path, *off, (0.1, "backup.made", True), (0.1, "verify.done", True), (0.1, "drill.done", True)) == ()
    )


def test_environments_wait_each_for_another_while_and_always_for_the_same():
    late = [jitter(f"/home/shop/{number}", "daily").total_seconds() for number in range(50)]
    assert len(set(late)) == 50 and min(late) >= 0 and max(late) < 3600
    assert max(jitter(f"/home/shop/{number}", "hourly").total_seconds() for number in range(50)) < 1200
    assert late == [jitter(f"/home/shop/{number}", "daily").total_seconds() for number in range(50)]


def test_of_several_that_are_due_backups_come_first_and_files_last():
    kept = Backup("/x", "daily")
    stores = (Store("cache", "redis", backup=kept), Store("db", "postgres", backup=kept))
    stack = Stack("shop", "local", stores=stores, volumes=(Store("uploads", "volume", backup=kept),))
    found = phases(stack, {"uploads": ("backup", "drill"), "cache": ("drill",), "db": ("backup",)})
    assert found == [("db", ("backup",)), ("uploads", ("backup",)), ("cache", ("drill",)), ("uploads", ("drill",))]
    assert phases(stack, {"db": ("backup", "drill")}) == [("db", ("backup", "drill"))]
