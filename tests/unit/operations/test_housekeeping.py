"""The keeper's rounds on a world in memory: what is due, what waits, and what never waits for anybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.operations.housekeeping import HEARTBEAT, SOON, Housekeeping
from tests.crash.fake_worlds import FakeMachine, service, stack, worker


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path / "place")


@pytest.fixture
def keeping(machine: FakeMachine) -> Iterator[Housekeeping]:
    """Over a release of two `web`, one `api`, one `clock`."""
    machine.deploy(stack(service("web", "/", replicas=2), service("api", "/api"), worker("clock")))
    environment = machine.opened()
    yield Housekeeping(environment)
    environment.ledger.close()


def phases(machine: FakeMachine) -> dict[str, str]:
    """By service and index."""
    return {id.split(".", 1)[1]: copy.phase for id, copy in machine.runtime.copies.items()}


def test_survivors_are_replaced_but_for_the_only_one_which_is_not_waited_for(machine, keeping):
    keeping.round()
    machine.runtime.orphan()
    dues = []
    while (due := keeping.due()) == SOON and len(dues) < 20:
        dues.append(due)
        keeping.round()
    assert phases(machine) == {"api.1": "survivor", "clock.1": "running", "web.1": "running", "web.2": "running"}
    assert due == HEARTBEAT, "nothing can be done for the only `api`, so no round is due before a sign"
    assert machine.edge.lost() == []
