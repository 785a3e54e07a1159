"""Folders that volumes of several environments of one machine name."""

from dataclasses import replace

from fairlead.ledger import Ledger
from fairlead.operations.checks import folders
from fairlead.project.stack import Store
from fairlead.project.stack_backup import Backup
from fairlead.rollout.state import STOPPED
from fairlead.system.home import Place
from tests.crash.fake_worlds import FakeMachine, stack, worker


def uploads(path, backup=True):
    return Store("uploads", "volume", path=path, backup=Backup("/x", "daily") if backup else None)


def test_a_folder_that_another_environment_restores_is_refused(tmp_path):
    live = FakeMachine(tmp_path / "shop" / "live")
    live.deploy(replace(stack(worker("clock")), volumes=(uploads("/srv/uploads"),)))

    def found(volume, place=tmp_path / "shop" / "staging"):
        return [one.text for one in folders.examine(replace(stack(), volumes=(volume,)), Place(place))]

    said = "is in the hands of shop/live too, as /srv/uploads of its volume uploads"
    assert found(uploads("/srv/uploads")) == [f"/srv/uploads {said}"]
    assert found(uploads("/srv/uploads/new", backup=False)) == [f"/srv/uploads/new {said}"]
    assert found(uploads("/srv/uploads-2")) == []
    assert found(uploads("/srv/uploads"), live.place.root) == []  # its own


def test_what_nobody_restores_may_be_shared(tmp_path):
    live = FakeMachine(tmp_path / "shop" / "live")
    live.deploy(replace(stack(worker("clock")), volumes=(uploads("/srv/uploads", backup=False),)))
    wanted = replace(stack(), volumes=(uploads("/srv/uploads", backup=False),))
    assert not list(folders.examine(wanted, Place(tmp_path / "other" / "live")))


def test_an_environment_that_is_stopped_holds_none(tmp_path):
    live = FakeMachine(tmp_path / "shop" / "live")
    live.deploy(replace(stack(worker("clock")), volumes=(uploads("/srv/uploads"),)))
    with Ledger.open(live.place.ledger) as ledger:
        ledger.append(STOPPED, {})
    wanted = replace(stack(), volumes=(uploads("/srv/uploads"),))
    assert not list(folders.examine(wanted, Place(tmp_path / "shop" / "staging")))
