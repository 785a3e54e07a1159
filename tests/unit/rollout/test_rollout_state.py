"""What the ledger says is live and warm: windows on the clock of the machine, through reboots."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairlead.ledger import Ledger
from fairlead.project.stack import Rollout
from fairlead.rollout.journal import Journal, open_rollout
from fairlead.rollout.state import STARTED, STOPPED, State, Warm, commit_data, read_state
from fairlead.rollout.steps import Shares, Step, numbered
from fairlead.system import clock

PLAN = numbered([Step("start", "b", ("b.web.1",)), Step("ready", "b", ("b.web.1",)), Step("commit", "b")])
FACTS = {"release": "b", "previous": "a"}


def settings(window: float, keep: int = 3) -> Rollout:
    """How the release that is committed wants to be kept."""
    return Rollout(rollback_window=window, keep=keep)


def lives(ledger: Ledger, release: str) -> None:
    """`release` is live, and nothing is warm."""
    Journal.begin(ledger, PLAN, FACTS).commit(release, settings(0.0))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.db") as opened:
        yield opened


def test_a_window_runs_out() -> None:
    warm = Warm("a", since=100.0, boot="here", window=60.0)
    assert [warm.left(now, "here") for now in (100.0, 130.0, 160.0, 1000.0)] == [60.0, 30.0, 0.0, 0.0]


def test_a_window_ends_with_the_machine() -> None:
    """The clock of the next start begins anew, and nothing of the release runs."""
    assert Warm("a", since=100.0, boot="before", window=60.0).left(100.0, "after") == 0.0


def test_nothing_yet(ledger: Ledger) -> None:
    assert read_state(ledger) == State()


def test_a_commit_makes_one_live_and_the_one_before_warm(ledger: Ledger) -> None:
    lives(ledger, "a")
    Journal.begin(ledger, PLAN, FACTS).commit("b", settings(600.0))
    state = read_state(ledger)
    assert (state.live, state.previous, state.warm_now(), state.stopped) == ("b", "a", ("a",), False)
    assert 590 < state.left("a") <= 600
    assert state.left("b") == 0


@pytest.mark.parametrize(("previous", "window"), [(None, 600.0), ("a", 0.0)])
def test_no_window(ledger: Ledger, previous: str | None, window: float) -> None:
    if previous:
        lives(ledger, previous)
    Journal.begin(ledger, PLAN, FACTS).commit("b", settings(window))
    assert (read_state(ledger).previous, read_state(ledger).warm) == (previous, ())


def test_a_wall_clock_that_is_set_changes_no_window(tmp_path: Path) -> None:
    for hours in (-48, 48):
        wrong = datetime.now(UTC) + timedelta(hours=hours)
        with Ledger.open(tmp_path / f"{hours}.db", now=lambda wrong=wrong: wrong) as ledger:
            lives(ledger, "a")
            Journal.begin(ledger, PLAN, FACTS).commit("b", settings(600.0))
            assert 590 < read_state(ledger).left("a") <= 600


def test_after_a_reboot_nothing_is_warm(ledger: Ledger) -> None:
    data = commit_data(State("a"), "b", settings(600.0))
    data["warm"][0]["boot"] = "the start before this one"
    ledger.append("rollout.committed", data, 1)
    assert read_state(ledger).warm_now() == ()
    assert clock.boot_id() == clock.boot_id() != ""


def test_stopped_until_started_or_deployed(ledger: Ledger) -> None:
    lives(ledger, "b")
    ledger.append(STOPPED, {})
    assert read_state(ledger).stopped
    assert read_state(ledger).live == "b"
    ledger.append(STARTED, {})
    assert not read_state(ledger).stopped
    ledger.append(STOPPED, {})
    journal = Journal.begin(ledger, PLAN, FACTS)
    assert not read_state(ledger).stopped, "somebody wants it to run again: a killed deployment must be recovered"
    journal.commit("c", settings(0.0))
    assert not read_state(ledger).stopped


def test_windows_that_are_open_stay_open_for_as_many_as_are_kept(ledger: Ledger) -> None:
    lives(ledger, "a")
    for release in ("b", "c", "d"):
        Journal.begin(ledger, PLAN, FACTS).commit(release, settings(600.0, keep=3))
    assert read_state(ledger).warm_now() == ("c", "b")
    Journal.begin(ledger, PLAN, FACTS).commit("b", settings(600.0, keep=3))
    assert (read_state(ledger).live, read_state(ledger).warm_now()) == ("b", ("d", "c"))


def test_an_open_rollout_knows_what_was_begun(ledger: Ledger) -> None:
    assert open_rollout(ledger) is None
    journal = Journal.begin(ledger, PLAN, FACTS)
    journal.step("step.begun", PLAN[0])
    journal.step("step.done", PLAN[0])
    journal.step("step.begun", PLAN[1])
    found = open_rollout(ledger)
    assert found is not None
    assert (found.plan, found.release, found.previous, found.committed, found.reason) == (PLAN, "b", "a", False, None)
    assert found.to_undo() == (PLAN[1], PLAN[0])
    assert found.to_do() == (PLAN[1], PLAN[2])
    journal.undoing("it failed")
    journal.step("undo.begun", PLAN[1])
    journal.step("undo.done", PLAN[1])
    found = open_rollout(ledger)
    assert found is not None
    assert (found.to_undo(), found.reason) == ((PLAN[0],), "it failed")
    journal.close("undone", {})
    assert open_rollout(ledger) is None


def test_entries_of_an_earlier_rollout_do_not_count(ledger: Ledger) -> None:
    first = Journal.begin(ledger, PLAN, FACTS)
    first.step("step.begun", PLAN[0])
    first.commit("b", settings(1.0))
    first.close("live", {})
    second = Journal.begin(ledger, PLAN, FACTS)
    found = open_rollout(ledger)
    assert found is not None
    assert (found.journal, found.begun, found.committed) == (second, frozenset(), False)
    assert second.rollout == first.rollout + 1


def test_a_second_commit_changes_nothing(ledger: Ledger) -> None:
    journal = Journal.begin(ledger, PLAN, FACTS)
    journal.commit("b", settings(600.0))
    size = ledger.head().size
    journal.commit("b", settings(600.0))
    assert ledger.head().size == size


def test_a_step_of_every_field_survives_the_journal() -> None:
    shares = Shares((("a", 80), ("b", 20)), ("c",), ("a.web.1",), "a")
    step = Step("route", "b", ("b.web.1", "b.web.2"), "web", shares, Shares(), 1.5, 7)
    assert Step.from_data(step.to_data()) == step


def test_steps_of_an_older_fairlead_are_read() -> None:
    assert Step.from_data({"kind": "prune", "release": "b", "number": 3, "gone": 1}) == Step("prune", "b", number=3)
