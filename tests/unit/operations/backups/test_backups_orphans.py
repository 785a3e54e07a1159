"""The keeper finds what killed drills left, also of a store of which no other drill comes."""

from fairlead.backups.scratch import claimed
from fairlead.operations.backups import handed, orphans, reach
from fairlead.project.stack import Stack, Store
from fairlead.system.home import Place
from fairlead.system.ports import Ports

STACK = Stack("shop", "local", stores=(Store("db", "postgres"), Store("other", "postgres"), Store("cache", "redis")))


def test_what_nobody_works_with_goes(tmp_path, monkeypatch):
    place, folder = Place(tmp_path / "shop" / "local"), tmp_path / "copies"
    monkeypatch.setattr(reach, "copies_of", lambda place, store: folder)
    monkeypatch.setattr(orphans, "copies_of", lambda place, store: folder)
    folder.mkdir()
    assert orphans.left(place, STACK) == ()
    with claimed(folder / "db.copy-1"):
        for number in (1, 2):
            (folder / f"db.copy-{number}" / "data").mkdir(parents=True)
        assert orphans.left(place, STACK) == (STACK.stores[0],)
        orphans.forget(place, "process", STACK.stores[0])
        assert [path.name for path in folder.glob("db.copy-?")] == ["db.copy-1"]
        assert orphans.left(place, STACK) == ()


def test_so_does_what_was_handed_to_a_command_that_was_tried(tmp_path, monkeypatch):
    place = Place(tmp_path / "home" / "shop" / "local")
    place.create()
    monkeypatch.setattr(orphans, "copies_of", lambda place, store: tmp_path)
    monkeypatch.setattr(handed, "remove_tree", lambda path: None)  # as if it were killed
    with monkeypatch.context() as killed, handed.handed(place, port=True) as (path, port):
        (path / "secret").write_text("value")
        assert orphans.left(place, STACK) == (), "somebody lives who needs it"
        killed.setattr(Ports, "give_up", lambda *_: None)
        assert path.stat().st_mode & 0o77 == 0
    monkeypatch.undo()
    monkeypatch.setattr(orphans, "copies_of", lambda place, store: tmp_path)
    assert orphans.left(place, STACK) == STACK.stores[:2] and port in Ports(place.ports).taken()
    orphans.forget(place, "process", STACK.stores[0])
    assert not path.exists() and orphans.left(place, STACK) == () and Ports(place.ports).taken() == {}
