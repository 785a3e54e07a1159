"""What the proof of restored files says of them, and what of the machine."""

from pathlib import Path

import pytest

from fairlead.backups.catalogue import Backup, Catalogue, Owner
from fairlead.backups.destinations.base import put
from fairlead.backups.destinations.directory import Directory
from fairlead.backups.engines.builtin import Builtin
from fairlead.backups.sealing import Damaged
from fairlead.backups.server import Said
from fairlead.errors import FairleadError


class Saying:
    """A ground where every program ends like this."""

    def __init__(self, code, output):
        self.said = Said(code, output)

    def run(self, data, program, *arguments):
        return self.said


@pytest.mark.parametrize(
    ("code", "output", "damaged"),
    [
        (1, 'pg_verifybackup: error: checksum mismatch for file "base/5/1259"', True),
        (1, 'pg_verifybackup: error: "base/5/1259" is present in the manifest but not on disk', True),
        (1, 'pg_verifybackup: error: "base/5/1" has size 8 on disk but size 9 in the manifest', True),
        (1, 'pg_verifybackup: error: could not read file "base/5/1259": Input/output error', False),
        (137, "", False),
        (-9, "", False),
    ],
)
def test_only_what_is_said_of_the_files_is_said_of_the_backup(code, output, damaged):
    """Whoever is short of memory kills the program: a backup that is marked for it would be pruned."""
    with pytest.raises(FairleadError) as caught:
        Builtin(None, None, None).prove(Path("/data"), Saying(code, output))
    assert isinstance(caught.value, Damaged) is damaged


def test_what_depends_on_an_entry_that_nobody_can_read_is_found_and_not_an_end_of_the_look(tmp_path):
    """Who reads all of them goes on with the next."""
    owner, ended = Owner("shop", "live", "db"), "2026-11-20T02:00:00+00:00"
    catalogue = Catalogue(Directory(tmp_path), owner)
    changed = Backup(
        id="changed", kind="physical", owner=owner, began=ended, ended=ended, why="", server="17.2", system="7",
        timeline=1, start_lsn="0/2000028", stop_lsn="0/2000100", recipients=(), parts=(), parent="full",
    )  # fmt: skip
    catalogue.add(changed)
    engine = Builtin(catalogue, None, None)
    assert "which is gone" in engine.wrong(changed, ())[0]
    put(catalogue.where, catalogue.path("full", "backup.json"), b"{")
    assert engine.wrong(changed, ()) == [f"{catalogue.where.shown}: the entry of backup full is damaged"]
