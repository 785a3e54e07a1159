"""The engine that needs nothing but PostgreSQL's own programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.backups.catalogue import Backup, Catalogue
from fairlead.backups.destinations.base import Gone
from fairlead.backups.logical import Recipients
from fairlead.backups.physical.archive import Archive, Log
from fairlead.backups.physical.base import BaseBackup
from fairlead.backups.physical.changes import COMBINE, Manifests
from fairlead.backups.physical.keeping import Keeping
from fairlead.backups.physical.unpacking import hand_over, unpack
from fairlead.backups.restoring import Reader
from fairlead.backups.scratch import Ground
from fairlead.backups.sealing import Damaged
from fairlead.backups.server import Server
from fairlead.backups.verifying import require_whole, verify
from fairlead.errors import FairleadError, Refused
from fairlead.system.files import remove_tree

SAID = 5  #: lines that are shown
UNLIKE = (
    "checksum mismatch", "in the manifest", "read too many", "should contain", "backup manifest", "CRC is incorrect",
    "manifest has",
)  # fmt: skip
"""What pg_verifybackup says of files that are not as they were; all else is of the machine it runs on."""


@dataclass(frozen=True)
class Builtin:
    """pg_basebackup writes a copy as one stream; the log is received while it is written, and kept beside it.

    `changes`: copies of what changed are declared too.
    """

    catalogue: Catalogue
    archive: Archive
    manifests: Manifests
    changes: bool = False

    def make(
        self,
        server: Server,
        databases: tuple[str, ...],
        catalogue: Catalogue,
        recipients: Recipients,
        why: str,
        differential: bool = False,
    ) -> Backup:
        """All of it also where what changed would do, when that is not known; then its entry says why."""
        one = BaseBackup(server, databases, self.manifests, self.changes)
        return one.make(catalogue, recipients, why, differential)

    def require_whole(self, backup: Backup) -> None:
        """Its parts are there, each as large as it was, and those of the full copy that it depends on."""
        for one in self._needed(backup):
            require_whole(self.catalogue, one)

    def _needed(self, backup: Backup) -> tuple[Backup, ...]:
        """It, behind the full copy that it depends on. Gone when that is; Damaged when nobody knows what that is."""
        if not backup.parent:
            return (backup,)
        there = self.catalogue.look()
        full = next((one for one in there.backups if one.id == backup.parent), None)
        if bad := next((one for one in there.bad if one.id == backup.parent), None):
            raise Damaged(bad.error.message, bad.error.hint)
        if full is None:
            what = f"backup {backup.id} is of what changed since {backup.parent}, which is gone"
            raise Gone(what, "restore from another: fairlead backup list")
        return (full, backup)

    def restore(self, backup: Backup, keys: Sequence[Any], path: Path, data: Path, ground: Ground) -> None:
        """Unpacked as it comes; with the full copy that it depends on, put together."""
        needed = self._needed(backup)
        if len(needed) == 1:
            self._unpack(backup, keys, data, ground)
            return
        if COMBINE not in ground.programs:
            raise Refused(f"a copy of what changed needs {COMBINE}", "have the programs of PostgreSQL 17 or newer")
        folders = [path / one.id for one in needed]
        for one, folder in zip(needed, folders, strict=True):
            folder.mkdir(mode=0o700)
            self._unpack(one, keys, folder, ground)
            self.prove(folder, ground)  # what puts them together believes them
        _combine(folders, data, ground)
        for folder in folders:
            remove_tree(folder)

    def _unpack(self, backup: Backup, keys: Sequence[Any], to: Path, ground: Ground) -> None:
        reader = Reader(self.catalogue, keys)
        unpack(lambda write: reader.write_to(backup, backup.of("base")[0], write), to, ground.who)

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
        try:
            self._needed(backup)
        except (Gone, Damaged) as error:
            return [error.message]
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
        self.manifests.forget([one.id for one in backups])


def _combine(folders: Sequence[Path], data: Path, ground: Ground) -> None:
    """As pg_basebackup would have written it at the end of the last of them."""
    hand_over(data, ground.who)
    arguments = ("--no-sync", "--manifest-checksums=SHA256", f"--output={data}", *map(str, folders))
    said = ground.run(data, COMBINE, *arguments)
    if said.code != 0:
        lines = "; ".join(said.output.splitlines()[-SAID:])
        raise FairleadError(f"{COMBINE}: {lines or 'it said nothing'}", "see whether the disk is full")
    if ground.box is None:
        hand_over(data, ground.who)
