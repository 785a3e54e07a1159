"""Copies of files: a tape for each volume of a store, or one of a folder.

Nobody is stopped for it: a file is as it was when it was read, and what changed meanwhile is named. That is what a
machine leaves that lost its power, so it is right for files that are written once and never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairlead.backups.catalogue import Backup, Catalogue, Part, new_id
from fairlead.backups.logical import Recipients
from fairlead.backups.sealing import SUFFIX, Damaged, Pieces
from fairlead.backups.spot import Spot
from fairlead.backups.tape import Told, compressed
from fairlead.errors import FairleadError
from fairlead.system import clock

KIND = "volume"  #: of a part
TAPE = ".tar.gz"
ALONE = "files"  #: what the part of a folder is called, which has no name

Reading = Callable[[Spot, Told], Iterator[bytes]]
"""The tape of a folder, told what is on it."""


@dataclass(frozen=True)
class Tapes:
    """The engine of backups of files."""

    spots: Sequence[Spot]
    read: Reading

    def make(self, catalogue: Catalogue, recipients: Recipients, why: str) -> Backup:
        """A new one. FairleadError; then there is none, and what was written of it goes."""
        began = clock.now()
        id = new_id(began)
        told: dict[str, Any] = {}
        try:
            parts = tuple(self._part(catalogue, id, recipients, spot, told) for spot in self.spots)
        except BaseException:
            catalogue.discard(id)
            raise
        backup = Backup(
            id=id, kind="logical", owner=catalogue.owner, began=began.isoformat(timespec="seconds"),
            ended=clock.now().isoformat(timespec="milliseconds"), why=why, server="", system="", timeline=0,
            start_lsn="", stop_lsn="", recipients=recipients.names, parts=parts, facts=told,
        )  # fmt: skip
        catalogue.add(backup)
        return backup

    def _part(self, catalogue: Catalogue, id: str, recipients: Recipients, spot: Spot, told: dict[str, Any]) -> Part:
        name, seen = f"{spot.name or ALONE}{TAPE}{SUFFIX}", Told()
        pieces = compressed(self.read(spot, seen))
        with catalogue.where.writing(catalogue.path(id, name)) as write:
            sealed = recipients.seal(Pieces(pieces), write)
        told[spot.name or ALONE] = seen.to_data()
        return Part(name, KIND, spot.name or ALONE, sealed.size, sealed.stored, sealed.sha256)


def require_same(wanted: Mapping[str, Any], found: Told, what: str) -> None:
    """Damaged when there are other files than were copied, or other bytes."""
    if (found.files, found.bytes) != (wanted["files"], wanted["bytes"]):
        text = f"{what} has {found.files} files of {found.bytes} bytes, and {wanted['files']} of {wanted['bytes']} were"
        raise Damaged(f"{text} copied", "restore from another backup: fairlead backup list")


def named(backup: Backup, spots: Iterable[Spot]) -> Iterator[tuple[Part, Spot]]:
    """Each part of a backup with the folder that it is of. FairleadError for one that has none any more."""
    there = {spot.name or ALONE: spot for spot in spots}
    for part in backup.of(KIND):
        if part.database not in there:
            hint = f"have it again in the project file: {', '.join(there)} is what there is"
            raise FairleadError(f"nobody has a volume {part.database} any more, which is in backup {backup.id}", hint)
        yield part, there[part.database]
