"""Which backups a drill marks as damaged."""

from types import SimpleNamespace

import pytest

from fairlead.backups.catalogue import Backup, Catalogue, Owner
from fairlead.backups.destinations.base import Unreachable
from fairlead.backups.destinations.directory import Directory
from fairlead.operations.backups import drill
from fairlead.system import clock


def kept(folder):
    """A catalogue with one."""
    owner, now = Owner("shop", "production", "db"), clock.stamp()
    catalogue = Catalogue(Directory(folder), owner)
    more = {
        "server": "15",
        "system": "1",
        "timeline": 1,
        "start_lsn": "",
        "stop_lsn": "",
        "recipients": (),
        "parts": (),
    }
    catalogue.add(Backup(id="one", kind="logical", owner=owner, began=now, ended=now, why="test", **more))
    return catalogue


@pytest.mark.parametrize(("wrong", "marked"), [(["its checksum is another one"], True), ([], False), (None, False)])
def test_it_is_read_once_more_before_it_is_marked(wrong, marked, tmp_path, monkeypatch):
    """What is marked is pruned: one that a second reading finds whole, or that cannot be read now, is not."""

    def read(backup, keys):
        if wrong is None:
            raise Unreachable("the bucket is away")
        return wrong

    monkeypatch.setattr(drill, "drill_identities", lambda one, id: ())
    catalogue = kept(tmp_path)
    one = SimpleNamespace(catalogue=catalogue, files=lambda backup: SimpleNamespace(wrong=read))
    assert drill._damaged(one, "one") is marked
    assert bool(catalogue.all()[0].damaged) is marked
