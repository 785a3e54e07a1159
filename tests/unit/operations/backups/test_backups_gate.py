"""What `deploy.require` asks of backups."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from fairlead.errors import Refused
from fairlead.ledger import Ledger
from fairlead.operations.backups import gate
from fairlead.project.stack import Store
from fairlead.project.stack_backup import Backup, Require
from fairlead.system import clock
from fairlead.system.home import Place

STORE = Store("db", "postgres", backup=Backup("/x"))
REQUIRE = Require(backup=86400.0, drill=7 * 86400.0)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path))
    made = Place.of("shop", "production")
    made.create()
    return made


def noted(place, kind, ago=0.0, **data):
    """An entry of so many seconds ago."""
    with Ledger.open(place.ledger, lambda: clock.now() - timedelta(seconds=ago)) as ledger:
        ledger.append(kind, {"store": "db"} | data)


def asked(place, monkeypatch, there=(), stores=(STORE,)):
    """What came of each check, where these backups are in the catalogue."""
    monkeypatch.setattr(gate, "_there", lambda *_: frozenset(there))
    stack = SimpleNamespace(backed_up=stores, require=REQUIRE, environment="production")
    return {check.name: check.result for check in gate.examine(stack, Path("/"), place)}


def test_a_backup_that_is_no_longer_there_is_none(place, monkeypatch):
    """Somebody emptied the bucket, or another one is declared since: the ledger alone does not know."""
    noted(place, "backup.made", id="one")
    assert asked(place, monkeypatch, ["one"])["backup of db"] == "ok"
    assert asked(place, monkeypatch, ["another"])["backup of db"] == "failed"


def test_one_that_lacks_what_is_declared_is_none(place, monkeypatch):
    noted(place, "backup.made", id="one", missing=["shop"])
    assert asked(place, monkeypatch, ["one"])["backup of db"] == "failed"


def test_a_drill_of_what_was_old_then_is_none(place, monkeypatch):
    """That last year's backup can be restored says nothing of yesterday's."""
    noted(place, "backup.made", ago=300 * 86400.0, id="old")
    noted(place, "drill.done", id="old", ok=True)
    assert asked(place, monkeypatch, ["old"])["drill of db"] == "failed"
    noted(place, "drill.done", id="old", ok=True, moment=(clock.now() - timedelta(minutes=1)).isoformat())  # by its log
    assert asked(place, monkeypatch, ["old"])["drill of db"] == "ok"


def test_where_nobody_can_say_what_is_there_it_is_refused(place, monkeypatch):
    noted(place, "backup.made", id="one")
    asked(place, monkeypatch, ["one"])

    def away(*_):
        raise Refused("the bucket is away")

    monkeypatch.setattr(gate, "_there", away)
    stack = SimpleNamespace(backed_up=(STORE,), require=REQUIRE, environment="production")
    (check,) = gate.examine(stack, Path("/"), place)
    assert (check.result, "the bucket is away" in check.text) == ("failed", True)


def test_where_no_store_has_backups_it_asks_for_nothing_that_could_be(place, monkeypatch):
    assert asked(place, monkeypatch, stores=()) == {"backups": "failed"}
