"""Bringing the live release back after everything died."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import FairleadError
from fairlead.operations.revive import missing, revive
from tests.crash.fake_worlds import FakeMachine, service, stack, worker


def test_all_comes_back_in_the_order_of_needs_and_users_last(tmp_path: Path):
    machine = FakeMachine(tmp_path / "place")
    web, api = service("web", "/", needs=("api",)), service("api", "/api", needs=("clock",))
    machine.deploy(stack(web, api, worker("clock")))
    machine.runtime.reboot()
    events: list[str] = []
    machine.runtime.listeners.append(lambda what, id: events.append(f"{what} {id.split('.')[1]}"))
    machine.edge.listeners.append(lambda what: events.append("users"))
    environment = machine.opened()
    machine.edge.table = type(machine.edge.table)()  # a new edge knows nothing
    with pytest.raises((FairleadError, OSError)):
        revive(environment)  # the last it does is to have a keeper, which no machine in memory can
    environment.ledger.close()
    seen = [event for event in events if not event.startswith("started")]
    assert seen == [f"{what} {name}" for name in ("clock", "api", "web") for what in ("starting", "ready")] + ["users"]


def test_one_that_has_just_been_started_again_is_waited_for(tmp_path: Path):
    """supervisord does so by itself: it lives, and answers nobody yet."""
    machine = FakeMachine(tmp_path / "place")
    shop = stack(service("web", "/", replicas=2))
    release = machine.deploy(shop).release
    environment = machine.opened()
    loaded = environment.world.releases.load(release)
    assert missing(environment, loaded) == ()
    machine.runtime.die(f"{release}.web.1")
    machine.runtime.copies[f"{release}.web.1"].phase = "starting"
    assert missing(environment, loaded) == (f"{release}.web.1",)
    with pytest.raises((FairleadError, OSError)):
        revive(environment)  # as above
    environment.ledger.close()
    assert machine.runtime.copies[f"{release}.web.1"].verified
