"""That fewer backups are declared lets none go by itself: a person does."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from fairlead.backups.catalogue import Backup, Catalogue, Owner
from fairlead.backups.destinations.directory import Directory
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.gate import examine
from fairlead.operations.backups.prune import prune
from fairlead.project.stack import Store
from fairlead.project.stack_backup import Backup as Said
from fairlead.project.stack_backup import Keep, Require
from fairlead.system.home import Place

OWNER = Owner("shop", "production", "db")
MORE = {"server": "15", "system": "1", "timeline": 1, "start_lsn": "", "stop_lsn": "", "recipients": (), "parts": ()}


@pytest.fixture
def arranged(tmp_path, monkeypatch):
    """A store with five backups, one of each day; makes its arrangement with so many of them kept."""
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    catalogue = Catalogue(Directory(tmp_path / "kept"), OWNER)
    for day in range(1, 6):
        moment = f"2026-03-0{day}T03:00:00+00:00"
        catalogue.add(Backup(id=f"b{day}", kind="logical", owner=OWNER, began=moment, ended=moment, why="", **MORE))

    def make(daily):
        said = Said(str(tmp_path / "kept"), keep=Keep(daily, 0, 0))
        store = Store("db", "postgres", backup=said)
        one = Arrangement(Place.of("shop", "production"), "process", store, said, None, tuple)
        one.__dict__["catalogue"] = catalogue
        one.__dict__["_engines"] = {"builtin": SimpleNamespace(remove=lambda it: catalogue.remove(it.id), tidy=len)}
        return one

    return make


def there(one):
    return [backup.id for backup in one.catalogue.all()]


def warned(one):
    stack = SimpleNamespace(backed_up=(one.store,), require=Require(), environment="production")
    return [check.text for check in examine(stack, Path("/"), one.place)]


def test_the_schedule_goes_on_as_before_until_a_person_prunes(arranged):
    prune(arranged(4), careful=True)
    assert there(arranged(4)) == ["b2", "b3", "b4", "b5"]
    assert warned(arranged(4)) == []
    prune(arranged(1), careful=True)
    assert there(arranged(1)) == ["b2", "b3", "b4", "b5"]
    assert "`keep` is smaller than it was" in warned(arranged(1))[0]
    prune(arranged(1))
    assert there(arranged(1)) == ["b5"]
    assert warned(arranged(1)) == []


def test_a_larger_one_counts_at_once(arranged):
    prune(arranged(3), careful=True)
    prune(arranged(5), careful=True)
    prune(arranged(4), careful=True)  # smaller than that
    assert "`keep` is smaller than it was" in warned(arranged(4))[0]
