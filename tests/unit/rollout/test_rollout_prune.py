"""Which releases stay, and that clearing away never fails what has happened."""

from __future__ import annotations

import pytest

from fairlead.artifacts import ArtifactStore, Release
from fairlead.errors import FairleadError
from fairlead.operations.environment import sweep
from fairlead.project.stack import Stack
from fairlead.rollout.events import Event
from fairlead.rollout.prune import prune
from fairlead.system.home import Place
from tests.crash.fake_worlds import FakeMachine, Folders, service, stack


@pytest.fixture
def machine(folders: Folders) -> FakeMachine:
    return FakeMachine(folders.new())


def version(number: int) -> Stack:
    return stack(service("web", "/"), version=number, keep=2, rollback_window=0.0)


def leave_only(machine: FakeMachine, release: str) -> None:
    """As the keeper does once nobody needs the other releases' instances."""
    gone = [one.id for one in machine.runtime.observe() if one.release != release]
    machine.runtime.stop(gone)
    machine.runtime.remove(gone)


def test_releases_that_never_were_live_push_no_good_one_out(machine: FakeMachine) -> None:
    good = []
    for number in (1, 2):
        good.append(machine.deploy(version(number)).release)
        leave_only(machine, good[-1])
    failed = [machine.release(version(number)).id for number in (11, 12, 13)]
    environment = machine.opened()
    assert set(prune(environment.world, 2)) == set(failed)
    environment.ledger.close()
    assert set(machine.releases.ids()) == set(good)


def test_what_was_live_last_stays_whenever_it_was_made(machine: FakeMachine) -> None:
    made = []
    for number in (1, 2, 1, 3):
        made.append(machine.deploy(version(number)).release)
        leave_only(machine, made[-1])
    assert set(machine.releases.ids()) == {made[0], made[3]}


def test_files_of_migrations_stay_while_a_release_cannot_be_read(machine: FakeMachine) -> None:
    live = machine.deploy(version(1)).release
    environment = machine.opened()
    environment.world.migrations = machine.folder / "migrations"
    (machine.folder / "migrations" / "theirs").mkdir(parents=True)
    kept = {path: path.read_text() for path in (machine.releases.folder / f"{live}.{end}" for end in ("json", "copy"))}
    for path in kept:
        path.write_text("damaged")
    prune(environment.world, 2)
    assert [path.name for path in environment.world.migrations.iterdir()] == ["theirs"]
    for path, text in kept.items():
        path.write_text(text)
    prune(environment.world, 2)
    assert list(environment.world.migrations.iterdir()) == []
    environment.ledger.close()


def test_nothing_that_goes_wrong_while_clearing_away_fails_a_rollout(machine: FakeMachine) -> None:
    def fails() -> None:
        raise FairleadError("the disk is full")

    environment, events = machine.opened(), list[Event]()
    environment.world.emit = events.append
    for error in (fails, (machine.folder / "gone").read_text):
        environment.world.sweep_artifacts = error
        assert prune(environment.world, 2) == ()
    environment.ledger.close()
    assert [event.kind for event in events] == ["note", "note"]
    assert "the disk is full" in events[0].text and "gone" in events[1].text


def test_nothing_is_swept_while_a_release_of_any_environment_cannot_be_read(folders: Folders) -> None:
    root, notes = folders.new() / "shop", list[str]()
    here, other = Place(root / "local"), Place(root / "next")
    here.create()
    other.create()
    source = root.parent / "source"
    source.mkdir()
    (source / "file").write_text("1")
    store = ArtifactStore(here.artifacts)
    digest = store.ensure(source, None).digest
    damaged = other.releases / f"{Release.of(version(1), {'web': digest}, {}).id}.json"
    damaged.write_text("{}")
    sweep(here, store, notes.append)
    assert store.all() == {digest}
    assert str(damaged) in notes[0]
    damaged.unlink()
    sweep(here, store, notes.append)
    assert store.all() == set() and len(notes) == 1
