"""From when to when every second can be had."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.backups.catalogue import Backup
from fairlead.backups.physical.archive import Log
from fairlead.backups.physical.coverage import Window, files, joined, window
from fairlead.operations.backups.arrangement import Arrangement


def windows(it: Arrangement, backups: Sequence[Backup]) -> tuple[Window, ...]:
    """Of a store, the oldest first; what overlaps is one. Unreachable."""
    bases = sorted(files(backups), key=lambda one: one.moment)
    if not bases:
        return ()
    logs = it.logs(here=False)
    found = (window(one, logs.get(one.system, Log(one.system))) for one in bases)
    return joined([one for one in found if one])
