"""The keeper has backups made: what is begun, what is not, and what is said of what never ended."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.crash.fake_worlds import FakeMachine, stack, worker

from fairlead.ledger import Ledger
from fairlead.operations.backups import scheduled
from fairlead.operations.backups.ages import ages
from fairlead.operations.notify.message import Scene, message_of
from fairlead.project.stack import Store
from fairlead.project.stack_backup import Backup, Drill
from fairlead.system import clock
from fairlead.system.lock import FileLock

STORE = Store("db", "postgres", backup=Backup("/x", "daily", recipients=("nobody",)), drill=Drill(7 * 86400.0))


@pytest.fixture
def machine(tmp_path):
    """An environment whose store has backups."""
    made = FakeMachine(tmp_path / "shop" / "live")
    made.deploy(replace(stack(worker("clock")), stores=(STORE,)))
    return made


@pytest.fixture
def begun(monkeypatch):
    """What would be started."""
    found = []
    monkeypatch.setattr(scheduled, "begin", lambda command, log: found.append(command.argv))
    return found


def live(machine):
    environment = machine.opened()
    release = machine.releases.load(environment.state.live)
    return environment, replace(release, machine={"root": "/"})


def test_what_is_due_is_begun_in_a_process_of_its_own(machine, begun):
    environment, release = live(machine)
    assert scheduled.begin_due(machine.place, release, environment.ledger) == ("db",)
    assert begun[0][-5:] == ("serve", "--due", "--project", "shop", "live")
    environment.ledger.close()


def test_nothing_is_begun_while_somebody_is_at_it(machine, begun):
    environment, release = live(machine)
    lock = FileLock(machine.place.root.parent.parent / "backups.lock")
    assert lock.acquire("another environment")
    assert scheduled.begin_due(machine.place, release, environment.ledger) == ()
    scheduled.work(machine.place, print)  # the one that came too late
    lock.release()
    assert begun == [] and not list(environment.ledger.entries(kinds=["schedule.begun"]))
    environment.ledger.close()


def test_what_cannot_even_begin_is_a_failure_and_told(machine, monkeypatch):
    monkeypatch.setattr(scheduled, "_do", lambda *_: (_ for _ in ()).throw(scheduled.FairleadError("no key")))
    scheduled.work(machine.place, lambda _: None)
    with Ledger.read(machine.place.ledger) as ledger:
        kinds = [one.kind for one in ledger.entries(kinds=["schedule.begun", "backup.failed", "drill.done"])]
        failed, begun = ledger.last("backup.failed"), ledger.last("rollout.begun")
        drilled = ledger.last("drill.done")
    assert kinds == ["schedule.begun", "backup.failed", "drill.done"]
    message = message_of(failed, Scene("shop", "live", begun))
    assert (message.events, message.title) == (("failed",), "shop/live: the backup of db failed")
    assert message.lines[0] == "reason: no key" and message.lines[-1] == "next: fairlead backup now live db"
    assert message_of(drilled, Scene("shop", "live", begun)).lines[-1] == "next: fairlead db drill live db"
    assert "no key" in ages(machine.place, ["db"])["db"].wrong


def test_what_a_killed_process_left_is_said_to_have_failed(machine, monkeypatch):
    with Ledger.open(machine.place.ledger) as ledger:
        ledger.append("schedule.begun", {"store": "db", "tasks": ["backup"]})
    scheduled.work(machine.place, lambda _: None)
    with Ledger.read(machine.place.ledger) as ledger:
        assert ledger.last("backup.failed").data["reason"] == scheduled.KILLED


def test_by_hand_nobody_is_told(machine):
    with Ledger.open(machine.place.ledger) as ledger:
        ledger.append("backup.failed", {"store": "db", "why": "by hand", "reason": "no"})
        entry, begun = ledger.last("backup.failed"), ledger.last("rollout.begun")
    assert message_of(entry, Scene("shop", "live", begun)) is None


def test_who_finds_another_one_at_it_has_not_failed(machine, monkeypatch):
    """The ledger has it, and it is tried again; nobody is told that a backup or a drill failed."""
    monkeypatch.setattr(scheduled, "_do", lambda *_: (_ for _ in ()).throw(scheduled.Busy("held by a person")))
    scheduled.work(machine.place, lambda _: None)
    with Ledger.read(machine.place.ledger) as ledger:
        said = [one.data["why"] for one in ledger.entries(kinds=["backup.failed", "drill.done"])]
    assert said == ["busy", "busy"]
    assert ages(machine.place, ["db"])["db"].wrong == ""


def test_what_failed_before_stays_said_while_another_one_is_at_it(machine):
    with Ledger.open(machine.place.ledger) as ledger:
        ledger.append("backup.failed", {"store": "db", "why": "schedule", "reason": "the disk is full"})
        ledger.append("backup.failed", {"store": "db", "why": "busy", "reason": "held by a person"})
    assert ages(machine.place, ["db"])["db"].wrong == "the last backup failed: the disk is full"


def test_what_was_found_damaged_counts_no_more(machine):
    with Ledger.open(machine.place.ledger) as ledger:
        ledger.append("backup.made", {"store": "db", "id": "1"})
        assert ages(machine.place, ["db"])["db"].backup is not None
        ledger.append("drill.done", {"store": "db", "id": "1", "ok": False, "damaged": True, "wrong": ["cut short"]})
        found = ages(machine.place, ["db"])["db"]
        assert found.backup is None and found.drill is None and "cut short" in found.wrong
        ledger.append("backup.verified", {"store": "db", "id": "1", "ok": True})
        assert ages(machine.place, ["db"])["db"].backup is not None
        ledger.append("backup.verified", {"store": "db", "id": "1", "ok": False})
        assert ages(machine.place, ["db"])["db"].backup is None


def test_a_database_that_is_missing_is_said_until_it_is_there(machine):
    with Ledger.open(machine.place.ledger) as ledger:
        ledger.append("backup.made", {"store": "db", "id": "1", "missing": ["shop"]})
        assert "without shop" in ages(machine.place, ["db"])["db"].wrong
        ledger.append("backup.made", {"store": "db", "id": "2"})
        assert not ages(machine.place, ["db"])["db"].wrong


def test_the_age_of_what_was_noted_while_the_clock_was_ahead_is_not_known(machine):
    ahead = clock.now() + timedelta(days=400)
    with Ledger.open(machine.place.ledger, lambda: ahead) as ledger:
        ledger.append("backup.made", {"store": "db", "id": "a"})
        ledger.append("drill.done", {"store": "db", "id": "a", "ok": True})
    found = ages(machine.place, ("db",))["db"]
    assert (found.backup, found.drill) == (None, None)
