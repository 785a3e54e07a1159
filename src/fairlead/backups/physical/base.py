"""A copy of the data files by pg_basebackup, as one stream: read, packed, encrypted, written. It has its own log in it,
so that it can be restored to its end without anything else, or with the full copy alone since which it is.

The manifest is the last thing in it: it says of every file what it is, and from where to where the log is needed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fairlead.backups.catalogue import Backup, Catalogue, Part, new_id
from fairlead.backups.destinations.base import Denied
from fairlead.backups.logical import Recipients, server_facts
from fairlead.backups.physical.changes import CHECKSUMS, Manifests, Since, able, since, summarize
from fairlead.backups.physical.packing import Packed
from fairlead.backups.physical.segments import require_usual
from fairlead.backups.sealing import SUFFIX
from fairlead.backups.server import Server
from fairlead.backups.server import one as asked
from fairlead.errors import FairleadError
from fairlead.system import clock
from fairlead.system.pipes import Ended

PROGRAMS = ("pg_basebackup", "pg_receivewal")
NAME = "base.tar.gz"
RANGE = re.compile(
    rb'"Timeline":\s*(\d+),\s*"Start-LSN":\s*"([0-9A-F]+/[0-9A-F]+)",\s*"End-LSN":\s*"([0-9A-F]+/[0-9A-F]+)"'
)
WHOLE = "whole"  #: of an entry's facts: why it is of all files, where what changed was asked for
ROOM = "room"  #: bytes that its files take while they are put together; without it those that they have


def size_of(backup: Backup) -> int:
    """Bytes that are read to restore it, once they are decrypted: with the full copy that it depends on."""
    return int(backup.facts.get(ROOM, 0)) // 2 or sum(part.size for part in backup.parts)


@dataclass(frozen=True)
class Copied:
    """What came of pg_basebackup."""

    part: Part
    manifest: bytes
    timeline: int
    start: str
    stop: str


@dataclass(frozen=True)
class BaseBackup:
    """The engine of physical backups of one server. `changes`: some are to be of what changed."""

    server: Server
    databases: tuple[str, ...]
    manifests: Manifests
    changes: bool = False

    def make(self, catalogue: Catalogue, recipients: Recipients, why: str, differential: bool = False) -> Backup:
        """A new one. FairleadError; then there is none, and what was written of it goes."""
        began = clock.now()
        with self.server.session(self.server.home) as connection:
            require_usual(connection)
            had = server_facts(connection) | {CHECKSUMS: str(asked(connection, "SHOW data_checksums"))}
            summarize(connection, self.changes or differential)
        id = new_id(began)
        base, copied = self._made(catalogue, recipients, id, had, differential)
        full = base.full if isinstance(base, Since) else None
        facts: dict[str, Any] = {"databases": list(self.databases), CHECKSUMS: had[CHECKSUMS]}
        if full:
            facts[ROOM] = 2 * (full.parts[0].size + copied.part.size)
        elif base:
            facts[WHOLE] = base
        backup = Backup(
            id=id, kind="physical", owner=catalogue.owner, began=began.isoformat(timespec="seconds"),
            ended=clock.now().isoformat(timespec="milliseconds"), why=why, recipients=recipients.names,
            parts=(copied.part,), facts=facts, server=had["server"], system=had["system"], timeline=copied.timeline,
            start_lsn=copied.start, stop_lsn=copied.stop, parent=full.id if full else "",
        )  # fmt: skip
        if able(had) and not full:
            self.manifests.keep(id, copied.manifest)
        catalogue.add(backup)
        return backup

    def _made(
        self, catalogue: Catalogue, recipients: Recipients, id: str, had: dict[str, Any], differential: bool
    ) -> tuple[Since | str, Copied]:
        """Since when it is, or why it is of all, with what was written."""
        base = self._since(catalogue, had, recipients.names) if differential else ""
        if not isinstance(base, Since):
            return base, self._copied(catalogue, id, recipients)
        try:
            with self.manifests.lent(self.server, base.full.id) as path:
                return base, self._copied(catalogue, id, recipients, (f"--incremental={path}",))
        except Ended as error:  # what it needs is not there: a server that is away ends the next one too
            reason = f"what changed since {base.full.id} is not known: {_said(error)}"
            return reason, self._copied(catalogue, id, recipients)

    def _since(self, catalogue: Catalogue, had: dict[str, Any], readers: Sequence[str]) -> Since | str:
        """Whoever may write and not read cannot look what there is."""
        try:
            return since(catalogue.look().backups, had, self.manifests, readers)
        except Denied as error:
            return f"what there is cannot be looked at: {error.message}"

    def _copied(self, catalogue: Catalogue, id: str, recipients: Recipients, more: Sequence[str] = ()) -> Copied:
        name = NAME + SUFFIX
        arguments = (
            "--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast", "--manifest-checksums=SHA256",
            f"--label=fairlead {id}", "--no-password", *more,
        )  # fmt: skip
        try:
            with catalogue.where.writing(catalogue.path(id, name)) as write:
                with self.server.reading("pg_basebackup", "pg_basebackup", *arguments) as source:
                    packed = Packed(source)
                    sealed = recipients.seal(packed, write)
                found = RANGE.findall(packed.manifest)
                if not found:
                    raise FairleadError("pg_basebackup wrote no manifest", "see the log of the server")
        except BaseException:
            catalogue.discard(id)
            raise
        timeline, start, stop = found[-1]
        part = Part(name, "base", "", packed.size, sealed.stored, sealed.sha256)
        return Copied(part, packed.manifest, int(timeline), start.decode(), stop.decode())


def _said(error: Ended) -> str:
    """What the server says of it, in one line, else the program."""
    lines = error.message.splitlines()
    own = next((line for line in lines if "ERROR:" in line), lines[0])
    return own.rpartition("ERROR:")[2].strip()
