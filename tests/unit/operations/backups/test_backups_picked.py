"""Which backups a restore is of, and a recovery set that is not whole any more."""

from types import SimpleNamespace

import pytest

from fairlead.backups.catalogue import Backup, Owner
from fairlead.errors import UsageError
from fairlead.ledger import Ledger
from fairlead.operations.put_back import picked
from fairlead.system.home import Place

SET = "set-20261120T020000"


@pytest.fixture
def place(tmp_path):
    """Whose ledger has a set of three."""
    made = Place(tmp_path / "shop" / "live")
    made.create()
    with Ledger.open(made.ledger) as ledger:
        for name in ("db", "cache", "uploads"):
            ledger.append("backup.made", {"store": name, "id": f"{name}-1", "set": SET})
    return made


def store(place, name, *sets):
    ended = "2026-11-20T02:00:00+00:00"
    there = tuple(
        Backup(
            f"{name}-{n}", "logical", Owner("shop", "live", name), ended, ended, "", "", "", 0, "", "", (), (), {}, one
        )
        for n, one in enumerate(sets)
    )
    return SimpleNamespace(
        place=place, store=SimpleNamespace(name=name), catalogue=SimpleNamespace(all=lambda meant="": there)
    )


def test_a_whole_one(place):
    some = [
        store(place, "db", "", SET),
        store(place, "cache", SET),
        store(place, "uploads", SET),
        store(place, "new", ""),
    ]
    assert [backup.id for _, backup in picked(some, SET)] == ["db-1", "cache-0", "uploads-0"]


def test_one_of_which_some_were_pruned_is_named_and_what_is_left_of_it(place):
    some = [store(place, "db", SET), store(place, "cache", ""), store(place, "uploads")]
    with pytest.raises(UsageError, match=f"of cache and of uploads in {SET} is gone") as caught:
        picked(some, SET)
    assert f"db can be had by fairlead backup restore live {SET} --store db" in caught.value.hint
    assert [backup.id for _, backup in picked(some[:1], SET)] == ["db-0"]


def test_one_of_which_nothing_is_left(place):
    with pytest.raises(UsageError, match="of db in") as caught:
        picked([store(place, "db", "")], SET)
    assert "nothing of it is left" in caught.value.hint
