"""What killed ones left of copies in containers goes; what somebody works with stays."""

from types import SimpleNamespace

import pytest

from fairlead.backups.scratch import Ground, claimed, room
from fairlead.engine.owner import Owner
from fairlead.operations.backups.contained import beside_copy, sweep
from fairlead.project.stack import Store
from fairlead.system.home import Place

STORE = Store("db", "postgres")


class Containers:
    """An engine that has containers."""

    def __init__(self, *names):
        self.names = list(names)

    def containers(self, labels):
        return [SimpleNamespace(name=name) for name in self.names]

    def remove(self, name):
        self.names.remove(name)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "shop" / "live")


def test_of_two_at_once_neither_ends_the_other(place):
    owner, copies = Owner.of(place), place.root / "copies"
    engine = Containers(*(owner.name(f"db.copy-{n}") for n in (1, 2, 3)))
    with room(Ground(copies, {}), "db.copy-1") as one, claimed(copies / "db.copy-2"):
        (copies / "db.copy-2").mkdir()
        (copies / "db.copy-3").mkdir()  # whose maker was killed
        (copies / "db.copy-3.lock").touch()
        sweep(engine, owner, place, STORE)
        assert engine.names == [owner.name("db.copy-1"), owner.name("db.copy-2")]
        assert sorted(path.name for path in copies.iterdir()) == [
            "db.copy-1", "db.copy-1.lock", "db.copy-2", "db.copy-2.lock",
        ]  # fmt: skip
        assert one.is_dir()
    sweep(engine, owner, place, STORE)
    assert engine.names == [] and list(copies.iterdir()) == []


def test_a_command_that_is_tried_on_a_copy_is_left_alone_until_its_maker_is_gone(place):
    """It has no folder. A drill that begins meanwhile would have had it ended, and the deployment refused for that."""
    owner, copies = Owner.of(place), place.root / "copies"
    copies.mkdir(parents=True)
    with beside_copy(place, STORE) as name:
        engine = Containers(name)
        sweep(engine, owner, place, STORE)
        assert engine.names == [name]
    (copies / f"{name.removeprefix(owner.name(''))}.lock").touch()  # as one leaves it who is killed
    sweep(engine, owner, place, STORE)
    assert engine.names == [] and list(copies.iterdir()) == []
