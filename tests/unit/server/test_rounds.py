"""What the rounds of one fork of the keeper leave to those of the next, and when they stop by themselves."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.ledger import Ledger
from fairlead.server.rounds import rounds
from fairlead.system.home import Place
from tests.crash.fake_worlds import FakeMachine, service, stack


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Something is live there whose release is gone, so that to bring it back fails each time."""
    machine = FakeMachine(tmp_path / "shop" / "live")
    machine.deploy(stack(service("web", "/")))
    for file in machine.place.releases.iterdir():
        file.unlink()
    return machine.place


class Log(io.StringIO):
    """The keeper's log, which does something when a line is written."""

    def __init__(self, act: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.act = act

    def write(self, text: str) -> int:
        self.act()
        return super().write(text)


def test_what_failed_is_not_tried_again_before_its_time_by_another_fork(place, monkeypatch):
    monkeypatch.setattr(sys, "stderr", log := Log())
    memory = {"not_before": {"revive": time.monotonic() + 1000}, "patience": {"revive": 16.0}}
    verdict = rounds(place, False, memory)
    assert verdict["memory"] == memory and verdict["due"] == 60
    assert log.getvalue() == ""


def test_patience_grows_from_fork_to_fork(place, monkeypatch):
    monkeypatch.setattr(sys, "stderr", log := Log())
    verdict = rounds(place, False, {"not_before": {}, "patience": {"revive": 16.0}})
    assert log.getvalue().count("revive: ") == 1
    assert verdict["memory"]["patience"] == {"revive": 32.0}
    assert 3 < verdict["due"] <= 32
    assert verdict["memory"]["not_before"]["revive"] > time.monotonic()


def test_another_ledger_ends_the_rounds_over_the_old_one(place, tmp_path, monkeypatch):
    def swap():
        with Ledger.open(tmp_path / "other.db"):
            pass
        (tmp_path / "other.db").replace(place.ledger)
        log.act = lambda: None

    monkeypatch.setattr(sys, "stderr", log := Log(swap))
    verdict = rounds(place, False, {"not_before": {}, "patience": {}})
    assert log.getvalue().count("revive: ") == 1, "nothing is tried for what is history"
    assert (verdict["due"], verdict["end"]) == (0.0, False), "what the new one says is due at once"
