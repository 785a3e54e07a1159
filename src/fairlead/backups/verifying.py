"""Read a whole backup, and say whether it is what was written. What it proves ends there: a drill restores it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fairlead.backups.catalogue import Backup, Catalogue, Part
from fairlead.backups.destinations.base import Gone
from fairlead.backups.physical.unpacking import look as look_at_files
from fairlead.backups.restoring import Reader
from fairlead.backups.sealing import Damaged, checksum
from fairlead.backups.tape import Told, looked_at
from fairlead.backups.volumes import require_same
from fairlead.errors import FairleadError

MAGIC = b"PGDMP"  #: how a dump of the custom format begins
END = b"-- PostgreSQL database cluster dump complete"


def verify(catalogue: Catalogue, backup: Backup, identities: Sequence[Any]) -> list[str]:
    """What is wrong with it; empty: nothing. Without any key only checksums are looked at. Unreachable.

    WrongKey when no key opens it: that says nothing of the backup.
    """
    found = []
    for part in backup.parts:
        try:
            _look(catalogue, backup, part, identities)
        except Unfit as error:
            found.append(error.message)
    return found


def require_whole(catalogue: Catalogue, backup: Backup) -> None:
    """Gone or Damaged when a part is missing or of another size, before anything of it is read."""
    there = {item.name: item.size for item in catalogue.where.items(f"{catalogue.owner.prefix}/{backup.id}")}
    for part in backup.parts:
        size = there.get(catalogue.path(backup.id, part.name))
        if size is None:
            raise Gone(f"backup {backup.id} has lost its {part.name}", "restore from another: fairlead backup list")
        if size != part.stored:
            raise Damaged(f"{part.name} of backup {backup.id} is damaged: {size} bytes, and there were {part.stored}")


class Unfit(FairleadError):
    """A part is not as it should be."""


def _look(catalogue: Catalogue, backup: Backup, part: Part, identities: Sequence[Any]) -> None:
    what = f"{part.name} of backup {backup.id}"
    if part.kind == "base" and identities:
        _look_at_files(catalogue, backup, part, identities)
        return
    try:
        if part.kind == "volume" and identities:
            _look_at_tape(catalogue, backup, part, identities)
            return
        if not identities:
            with catalogue.where.reading(catalogue.path(backup.id, part.name)) as pieces:
                sha256, size = checksum(pieces)
            if (sha256, size) != (part.sha256, part.stored):
                raise Unfit(f"{what} is not what was written: its checksum is another one")
            return
        ends = Ends()
        Reader(catalogue, identities).write_to(backup, part, ends.write)
    except (Gone, Damaged) as error:
        raise Unfit(error.message, error.hint) from error
    if ends.size != part.size or not _plausible(part.kind, ends):
        raise Unfit(f"{what} is not whole")


def _look_at_tape(catalogue: Catalogue, backup: Backup, part: Part, identities: Sequence[Any]) -> None:
    """All files that were copied are on it."""
    reader = Reader(catalogue, identities)
    found = looked_at(lambda write: reader.write_to(backup, part, write), Told())
    require_same(backup.facts[part.database], found, f"{part.name} of backup {backup.id}")


def _look_at_files(catalogue: Catalogue, backup: Backup, part: Part, identities: Sequence[Any]) -> None:
    """Every file in it, against its manifest."""
    reader = Reader(catalogue, identities)
    try:
        wrong = look_at_files(lambda write: reader.write_to(backup, part, write))
    except (Gone, Damaged) as error:
        raise Unfit(error.message, error.hint) from error
    if wrong:
        raise Unfit(f"{part.name} of backup {backup.id}: {'; '.join(wrong[:5])}")


class Ends:
    """Keeps how a stream begins and ends."""

    def __init__(self) -> None:
        self.first, self.last, self.size = b"", b"", 0

    def write(self, data: bytes) -> None:
        """Look at a piece."""
        if len(self.first) < 64:
            self.first += data[:64]
        self.last = (self.last + data)[-256:]
        self.size += len(data)


def _plausible(kind: str, ends: Ends) -> bool:
    if kind == "globals":
        return END in ends.last
    if kind == "snapshot":
        return ends.first.startswith(b"REDIS") and ends.last[-9:-8] == b"\xff"  # its end, and a checksum behind it
    return ends.first.startswith(MAGIC) if kind == "database" else True
