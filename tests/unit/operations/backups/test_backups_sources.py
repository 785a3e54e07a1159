"""Which backup a restore begins with."""

from dataclasses import replace
from types import SimpleNamespace

from fairlead.backups.catalogue import Backup, Owner
from fairlead.operations.backups.sources import selected

OWNER = Owner("shop", "live", "db")


def made(id, kind, hour, **more):
    ended = f"2026-11-20T{hour:02}:00:00+00:00"
    return Backup(
        id=id, kind=kind, owner=OWNER, began=ended, ended=ended, why="", server="17.2", system="7", timeline=1,
        start_lsn="0/2000028", stop_lsn="0/2000100", recipients=(), parts=(), **more,
    )  # fmt: skip


def arranged(*there):
    return SimpleNamespace(catalogue=SimpleNamespace(all=lambda meant="": there), logs=lambda *_: {})


def test_what_changed_since_a_damaged_copy_keeps_nobody_from_a_dump():
    full, changed, dump = (
        made("full", "physical", 1),
        made("changed", "physical", 2, parent="full"),
        made("dump", "logical", 3),
    )
    bad = replace(full, damaged="2026-11-20T04:00:00Z")
    assert selected(arranged(bad, changed, dump), "latest", None, lambda _: ()) == (dump, None)
    backup, _ = selected(arranged(full, changed), "latest", None, lambda _: ())
    assert backup == changed
