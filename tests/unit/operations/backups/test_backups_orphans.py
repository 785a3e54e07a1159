"""The keeper finds what killed drills left, also of a store of which no other drill comes."""

from fairlead.backups.scratch import claimed
from fairlead.operations.backups import orphans, reach
from fairlead.project.stack import Stack, Store
from fairlead.system.home import Place

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
