"""The doctor says that the log piles up, before the disk is full."""

from dataclasses import replace

from fairlead.operations.backups.waiting import MANY, examine
from fairlead.project.stack import Stack, Store
from fairlead.project.stack_backup import Backup, Physical
from fairlead.system.home import Place

STACK = Stack("shop", "local", stores=(Store("db", "postgres", backup=Backup("/x", None, Physical("weekly"))),))


def test_what_waits_is_named_when_it_is_much(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path))
    place = Place.of("shop", "local")
    assert list(examine(STACK, place)) == []
    folder = place.backups / "db" / "spool" / "7"
    folder.mkdir(parents=True)
    for number in range(MANY + 1):
        (folder / f"{number:024X}").write_bytes(bytes(2**20))
    for other in ("00000001.json", "000000010000000000000099.partial", "00000002.history"):
        (folder / other).write_bytes(b"x")
    assert list(examine(STACK, place)) == []  # the newest stays in any case
    (folder / f"{MANY + 1:024X}").write_bytes(bytes(2**20))
    (said,) = examine(STACK, place)
    assert (said.name, said.result) == ("log of db", "warning")
    assert said.text.startswith(f"{MANY + 1} segments ({MANY + 1} MB of at most ")
    assert said.text.endswith(" wait on this machine: not carried away")
    assert said.hint == f"see why: {place.backups / 'db' / 'log'}"
    physical = replace(STACK.stores[0].backup.physical, spool=(MANY + 1) << 20)
    store = replace(STACK.stores[0], backup=replace(STACK.stores[0].backup, physical=physical))
    (said,) = examine(replace(STACK, stores=(store,)), place)
    assert said.text.endswith(
        f"at most {MANY + 1}) wait on this machine: nothing more is received, and the server keeps 4 GB"
    )
