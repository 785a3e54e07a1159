"""A copy of the data files by pg_basebackup, as one stream: read, packed, encrypted, written. It has its own log in it,
so that it can be restored to its end without anything else.

The manifest is the last thing in it: it says of every file what it is, and from where to where the log is needed.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import Any

from fairlead.backups.catalogue import Backup, Catalogue, Part, new_id
from fairlead.backups.logical import Recipients, server_facts
from fairlead.backups.physical.archive import GZIP
from fairlead.backups.sealing import SUFFIX, Source
from fairlead.backups.server import Server
from fairlead.errors import FairleadError
from fairlead.system import clock

PROGRAMS = ("pg_basebackup", "pg_receivewal")
NAME = "base.tar.gz"
PIECE = 1 << 20
TAIL = 1 << 18  #: bytes at the end in which the manifest's own end is
RANGE = re.compile(
    rb'"Timeline":\s*(\d+),\s*"Start-LSN":\s*"([0-9A-F]+/[0-9A-F]+)",\s*"End-LSN":\s*"([0-9A-F]+/[0-9A-F]+)"'
)


@dataclass
class Packed:
    """What is read from `source`, packed, with its size and how it ended."""

    source: Source
    size: int = 0
    tail: bytes = b""
    _rest: bytes = b""
    _ended: bool = False
    _pack: Any = field(default_factory=lambda: zlib.compressobj(1, wbits=GZIP))

    def read(self, size: int = -1, /) -> bytes:
        """As a file has it."""
        while not self._rest and not self._ended:
            data = self.source.read(PIECE)
            self._ended = not data
            self._rest = self._pack.compress(data) if data else self._pack.flush()
            self.size += len(data)
            self.tail = (self.tail + data)[-TAIL:]
        found, self._rest = (self._rest[:size], self._rest[size:]) if size >= 0 else (self._rest, b"")
        return found


@dataclass(frozen=True)
class BaseBackup:
    """The engine of physical backups of one server."""

    server: Server
    databases: tuple[str, ...]

    def make(self, catalogue: Catalogue, recipients: Recipients, why: str) -> Backup:
        """A new one. FairleadError; then there is none, and what was written of it goes."""
        began = clock.now()
        id = new_id(began)
        with self.server.session(self.server.home) as connection:
            had = server_facts(connection)
        try:
            part, timeline, start, stop = self._part(catalogue, id, recipients)
        except BaseException:
            catalogue.discard(id)
            raise
        backup = Backup(
            id=id, kind="physical", owner=catalogue.owner, began=began.isoformat(timespec="seconds"),
            ended=clock.now().isoformat(timespec="milliseconds"), why=why, recipients=recipients.names, parts=(part,),
            facts={"databases": list(self.databases)}, server=had["server"], system=had["system"], timeline=timeline,
            start_lsn=start, stop_lsn=stop,
        )  # fmt: skip
        catalogue.add(backup)
        return backup

    def _part(self, catalogue: Catalogue, id: str, recipients: Recipients) -> tuple[Part, int, str, str]:
        name = NAME + SUFFIX
        arguments = (
            "--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast", "--manifest-checksums=SHA256",
            f"--label=fairlead {id}", "--no-password",
        )  # fmt: skip
        with catalogue.where.writing(catalogue.path(id, name)) as write:
            with self.server.reading("pg_basebackup", "pg_basebackup", *arguments) as source:
                packed = Packed(source)
                sealed = recipients.seal(packed, write)
            found = RANGE.findall(packed.tail)
            if not found:
                raise FairleadError("pg_basebackup wrote no manifest", "see the log of the server")
        timeline, start, stop = found[-1]
        part = Part(name, "base", "", packed.size, sealed.stored, sealed.sha256)
        return part, int(timeline), start.decode(), stop.decode()
