"""The engine that needs nothing but PostgreSQL's own programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.backups.catalogue import Backup, Catalogue
from fairlead.backups.logical import Recipients
from fairlead.backups.physical.archive import Archive, Log
from fairlead.backups.physical.base import BaseBackup
from fairlead.backups.physical.keeping import Keeping
from fairlead.backups.physical.unpacking import unpack
from fairlead.backups.restoring import Reader
from fairlead.backups.scratch import Ground
from fairlead.backups.sealing import Damaged
from fairlead.backups.server import Server
from fairlead.backups.verifying import require_whole, verify
from fairlead.errors import FairleadError

SAID = 5  #: lines that are shown
UNLIKE = (
    "checksum mismatch", "in the manifest", "read too many", "should contain", "backup manifest", "CRC is incorrect",
    "manifest has",
)  # fmt: skip
"""What pg_verifybackup says of files that are not as they were; all else is of the machine it runs on."""


@dataclass(frozen=True)
class Builtin:
    """pg_basebackup writes a copy as one stream; the log is received while it is written, and kept beside it."""

    catalogue: Catalogue
    archive: Archive

    def make(
        self,
        server: Server,
        databases: tuple[str, ...],
        catalogue: Catalogue,
        recipients: Recipients,
        why: str,
        differential: bool = False,
    ) -> Backup:
        """All of it, also where what changed would do: before PostgreSQL 17 its programs copy all or nothing."""
        return BaseBackup(server, databases).make(catalogue, recipients, why)

    def require_whole(self, backup: Backup) -> None:
        """Its parts are there, each as large as it was."""
        require_whole(self.catalogue, backup)

    def restore(self, backup: Backup, keys: Sequence[Any], path: Path, data: Path, ground: Ground) -> None:
        """Unpacked as it comes."""
        reader = Reader(self.catalogue, keys)
        unpack(lambda write: reader.write_to(backup, backup.of("base")[0], write), data, ground.who)

    def prove(self, data: Path, ground: Ground) -> None:
        """As PostgreSQL itself does it."""
        said = ground.run(data, "pg_verifybackup", "--no-parse-wal", "--quiet", str(data))
        if said.code == 0:
            return
        lines = "; ".join(said.output.splitlines()[-SAID:])
        if said.code == 1 and any(word in said.output for word in UNLIKE):
            raise Damaged(f"the copy of the data files is not what it was: {lines}")
        what = f"pg_verifybackup could not look at the copy: {lines or 'it said nothing'} (exit code {said.code})"
        raise FairleadError(what, "see whether memory is short or the disk full, and try again")

    def wrong(self, backup: Backup, keys: Sequence[Any]) -> list[str]:
        """Each part, and with a key each file in it."""
        return verify(self.catalogue, backup, keys)

    def remove(self, backup: Backup) -> None:
        """Its parts lie beside its entry."""
        self.catalogue.remove(backup.id)

    def trim(self, keeping: Keeping, log: Log) -> None:
        """Segment by segment."""
        self.archive.remove(keeping.leaving)

    def tidy(self, backups: Sequence[Backup]) -> None:
        """Parts without an entry, but for those of one that may be being made now."""
        for id in self.catalogue.unfinished(max((one.id for one in backups), default="")):
            self.catalogue.remove(id)
