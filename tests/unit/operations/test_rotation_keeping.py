"""What the keeper does for rotations, and what is refused before one begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fairlead.errors import Refused, UsageError
from fairlead.masking import Secret
from fairlead.operations.housekeeping import SOON, Housekeeping
from fairlead.operations.notify.message import Scene, message_of
from fairlead.operations.rotation.preflight import examine, require_apart
from fairlead.operations.secrets.supply import Supply
from fairlead.project.stack import Rotate, SecretSpec
from fairlead.secrets.base import ReadOnly
from fairlead.secrets.rotation.ages import note_handed
from fairlead.secrets.rotation.journal import Journal
from fairlead.secrets.rotation.kinds.table import KINDS
from tests.crash.fake_rotations import NAME, RotationWorld, rotation


@pytest.fixture
def world(tmp_path):
    return RotationWorld(tmp_path, rotation("plain"))


def test_what_is_due_is_written_down_once_and_told(world):
    spec = SecretSpec(NAME, rotate=Rotate(every=0.0))
    environment = world.machine.opened()
    release = environment.world.releases.load(environment.state.live)
    aged = replace(release, stack=replace(release.stack, secrets=(spec,)))
    environment.world.releases.load_or_none = lambda id: aged  # the same, with a schedule
    note_handed(environment.ledger, {NAME: "1"})
    keeping = Housekeeping(environment)
    keeping.round()
    keeping.not_before.clear()
    keeping.round()
    [entry] = environment.ledger.entries(kinds=["secret.due"])
    begun = environment.ledger.last("rollout.begun")
    message = message_of(entry, Scene("shop", "live", begun))
    assert message.events == ("rotation-due",) and message.title == "shop/live: KEY is due for rotation"
    assert message.lines[-1] == "next: fairlead secrets rotate live KEY"
    environment.ledger.close()


def test_what_a_killed_command_left_is_due_at_once_and_undone(world):
    environment = world.machine.opened()
    plan = KINDS["plain"].plan(NAME, Rotate())
    Journal.begin(environment.ledger, NAME, plan, {"spec": {"name": NAME}, "new": "2", "root": "/"})
    keeping = Housekeeping(environment)
    assert keeping.due() == SOON
    keeping.round()
    assert environment.ledger.last("secret.closed").data["result"] == "undone"
    environment.ledger.close()


@pytest.fixture
def asked(world):
    """A preflight of that world: `asked(new)`."""
    environment = world.machine.opened()
    supply = Supply(environment.world.releases.load(environment.state.live).stack, world.folder, world.machine.place)
    supply.__dict__["backend"] = world.backend
    yield lambda new: examine(supply, environment, world.spec, world.kind, Secret(new))
    environment.ledger.close()


def test_a_back_end_that_cannot_be_written_is_found_before_anything_is_touched(world, asked):
    world.backend.read_only = True
    with pytest.raises(ReadOnly):
        asked("another-value")
    assert world.backend.values[NAME] == world.old


def test_services_that_have_another_value_are_found(world, asked):
    world.backend.set({NAME: Secret("set-by-hand-and-not-deployed")})
    with pytest.raises(Refused, match="web has another KEY than the back end"):
        asked("another-value")


def test_the_same_value_again_or_none_is_refused(world, asked):
    for value in (world.old.reveal(), ""):
        with pytest.raises(UsageError, match="the new value is"):
            asked(value)
    world.backend.delete([NAME])
    with pytest.raises(Refused, match="nothing to rotate"):
        asked("another-value")


def test_two_rotations_are_as_far_apart_as_an_old_value_may_live(world):
    environment = world.machine.opened()
    spec, kind = rotation("jwt"), KINDS["jwt"]
    slow = replace(spec, rotate=replace(spec.rotate, lifetime=3600.0))
    require_apart(environment.ledger, slow, kind)
    Journal.begin(environment.ledger, NAME, (), {}).close("rotated", {"new": "2"})
    with pytest.raises(Refused, match="rotated so lately"):
        require_apart(environment.ledger, slow, kind)
    require_apart(environment.ledger, spec, KINDS["plain"])
    environment.ledger.close()
