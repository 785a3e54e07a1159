"""What is in a backup, put into a new folder and looked at, before anybody uses it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairlead.backups.catalogue import Backup
from fairlead.backups.physical.unpacking import PIECE, Push, pulled
from fairlead.backups.redis import Trial
from fairlead.backups.restoring import Reader
from fairlead.backups.spot import Spot
from fairlead.backups.tape import Told, counted, passed_on, unpacked
from fairlead.backups.volumes import ALONE, named, require_same
from fairlead.operations.backups.spots import Spots


def names_in(backup: Backup) -> list[str]:
    """The volumes of a backup."""
    return [part.database for part in backup.of("volume")]


def fill(spots: Spots, reader: Reader, backup: Backup, stamp: str, log: bool) -> None:
    """Have all of it in new folders, each found to be as it was copied. Damaged, FairleadError.

    `log`: a Redis gets one too, since that is what it reads when it is started.
    """
    if spots.store.kind == "redis":
        _snapshot(spots, reader, backup, stamp, log)
        return
    for part, spot in named(backup, spots.spots):
        folder = spot.fresh(stamp)

        def push(write: Any, part: Any = part) -> None:
            reader.write_to(backup, part, write)

        _files(spots, spot, folder, push, backup.facts[spot.name or ALONE])


def _snapshot(spots: Spots, reader: Reader, backup: Backup, stamp: str, log: bool) -> None:
    (spot,), (part,) = spots.spots, backup.of("snapshot")
    trial = Trial(spot.shell, spot.fresh(stamp), spots.programs)
    trial.put(lambda write: reader.write_to(backup, part, write))
    trial.look(backup.facts, log)
    trial.tidy()


def _files(spots: Spots, spot: Spot, folder: str, push: Push, wanted: Mapping[str, Any]) -> None:
    told = Told()
    if spots.helper is None:
        unpacked(push, Path(folder), Told())
        told = counted(Path(folder))
    else:
        from fairlead.engine.tapes import put_in, read_out  # noqa: PLC0415 — only with an engine

        with pulled(push, "the files") as source:
            put_in(*spots.helper, folder, iter(lambda: source.read(PIECE), b""))
        for _ in passed_on(read_out(*spots.helper, folder), told):
            pass
    require_same(wanted, told, spot.name or "what was restored")
