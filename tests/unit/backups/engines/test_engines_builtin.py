"""What the proof of restored files says of them, and what of the machine."""

from pathlib import Path

import pytest

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
