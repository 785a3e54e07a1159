"""What each kind plans: both values are accepted from before the first use of one to after the last of the other."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fairlead.ledger import Ledger
from fairlead.masking import Secret
from fairlead.project.stack import Rotate, SecretSpec
from fairlead.secrets.rotation import slot as slots
from fairlead.secrets.rotation.ages import ages, note_handed, remind, schedule
from fairlead.secrets.rotation.journal import Journal, Moment, Wait, open_rotation, open_rotations
from fairlead.secrets.rotation.kinds.base import skew
from fairlead.secrets.rotation.kinds.table import KINDS
from fairlead.secrets.rotation.slot import Slot, Version
from fairlead.secrets.rotation.steps import Step
from fairlead.system import clock

USUAL = Rotate(cache=300.0, lifetime=3600.0, lag=30.0)


def kinds(name, rotate=USUAL):
    return [step.kind for step in KINDS[name].plan("K", rotate)]


def test_each_kind_has_its_order():
    assert kinds("plain") == ["stage", "publish", "store", "spread", "retire"]
    assert kinds("jwt") == [
        "stage", "announce", "wait", "publish", "store", "spread", "wait", "withdraw", "retire",
    ]  # fmt: skip
    assert kinds("redis") == [
        "stage", "accept", "verify", "publish", "store", "spread", "wait", "drain", "refuse", "retire",
    ]  # fmt: skip


def test_waits_are_a_little_longer_than_what_they_wait_for():
    waits = [step.seconds for step in KINDS["jwt"].plan("K", USUAL) if step.kind == "wait"]
    assert waits == [330.0, 3660.0] and KINDS["jwt"].longest(USUAL) == 3990.0
    read = replace(USUAL, reload="read")  # who reads the key anew may sign with the old one for as long as that takes
    assert [step.seconds for step in KINDS["jwt"].plan("K", read) if step.kind == "wait"][1] == skew(3900.0)
    assert KINDS["plain"].longest(USUAL) == 0.0 < KINDS["redis"].longest(USUAL)


def test_a_step_survives_the_ledger_and_says_what_it_does():
    for kind in KINDS.values():
        for step in kind.plan("K", USUAL):
            assert Step.from_data(json.loads(json.dumps(step.to_data()))) == step
            assert "{" not in step.shown() and step.shown()
        assert "{" not in kind.breaks(USUAL)


def test_a_slot_is_kept_whole_and_shows_no_value(tmp_path):
    first, second = Version("1", "live", Secret("canary-old")), Version("2", "prepared", Secret("canary-new"))
    slot = Slot("K", first, second, Secret("canary-admin"))
    slots.save(tmp_path / "secrets", slot)
    assert slots.load(tmp_path / "secrets", "K") == slot and slots.slots(tmp_path / "secrets") == {"K": slot}
    assert "canary" not in repr(slot)
    assert oct((tmp_path / "secrets" / ".rotation" / "K.json").stat().st_mode)[-3:] == "600"
    slots.forget(tmp_path / "secrets", "K")
    slots.forget(tmp_path / "secrets", "K")
    assert slots.slots(tmp_path / "secrets") == {} == slots.slots(tmp_path / "none")


@pytest.mark.parametrize(
    ("old", "new", "counting"),
    [
        ("live", "prepared", ["old"]), ("live", "staged", ["old", "new"]), ("draining", "live", ["new", "old"]),
        ("retired", "live", ["new"]),
    ],
)  # fmt: skip
def test_what_verifiers_know_follows_from_the_states(old, new, counting):
    slot = Slot("K", Version("1", old, Secret("old")), Version("2", new, Secret("new")))
    assert [one.reveal() for one in slot.counting()] == counting


def test_a_clock_that_is_set_moves_no_wait():
    now = Moment.now()
    assert Wait(replace(now, wall=now.wall - 86400), 60).left() > 59
    assert Wait(replace(now, id="another start", wall=now.wall - 30), 60).left() < 31
    assert Wait(replace(now, id="another start", wall=now.wall + 86400), 60).left() == 60


def test_several_are_open_side_by_side(tmp_path):
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        plan = KINDS["jwt"].plan("A", USUAL)
        first, second = Journal.begin(ledger, "A", plan, {}), Journal.begin(ledger, "B", plan, {})
        first.write("secret.step", plan[0])
        first.wait(plan[2])
        second.close("undone", {"reason": ""})
        [one] = open_rotations(ledger)
        assert one.secret == "A" and one.begun == {"1:stage"} and 329 < one.left() <= 330
        assert open_rotation(ledger, "B") is None


def test_a_value_is_due_when_it_is_older_than_it_may_get_and_told_once(tmp_path):
    specs = (SecretSpec("A", rotate=Rotate(every=60.0)), SecretSpec("B"), SecretSpec("C", rotate=Rotate(every=60.0)))
    moment = [clock.now()]
    with Ledger.open(tmp_path / "ledger.db", now=lambda: moment[0]) as ledger:
        moment[0] -= timedelta(seconds=120)
        note_handed(ledger, {"A": "1", "B": "1"})
        note_handed(ledger, {"A": "1", "B": "1"})
        assert ledger.head().size == 1
        first, never = schedule(specs, ledger)
        assert first.secret == "A" and first.due and not never.due and never.since is None
        assert remind(specs, ledger) == ("A",) and remind(specs, ledger) == ()
        moment[0] += timedelta(seconds=120)
        note_handed(ledger, {"A": "2", "B": "1"})
        assert ages(ledger)["B"].version == "1" and not schedule(specs, ledger)[0].due
