"""Where pgBackRest keeps copies and log: beside the entries of the catalogue, in STORE/repository.

What it writes there is encrypted by a passphrase of the repository's own, which is generated once.
STORE/repository.key.age is that passphrase, encrypted for the recipients of the backups: who can read those can read
these.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from fairlead.backups.catalogue import Owner
from fairlead.backups.destinations.base import Destination, Gone
from fairlead.backups.destinations.table import S3_SCHEME, Target
from fairlead.backups.engines.pgbackrest.config import REPOSITORY, Cluster, Place
from fairlead.backups.engines.pgbackrest.program import Tool, prepared
from fairlead.backups.logical import Recipients
from fairlead.backups.physical.archive import GZIP, Segment
from fairlead.backups.physical.wal import parents, place_of
from fairlead.backups.scratch import Ground, copy_name, room
from fairlead.backups.sealing import Damaged, unseal
from fairlead.errors import Refused
from fairlead.masking import Secret

FOLDER, KEY = "repository", "repository.key.age"
KEPT = re.compile(r"([0-9A-F]{24})-([0-9a-f]{40})\.gz")
HISTORY = re.compile(r"([0-9A-F]{8})\.history")
"""As it is: pgBackRest packs segments alone."""
NOWHERE = Path("/nonexistent")


@dataclass
class Repository:
    """That of one store."""

    where: Destination
    target: Target
    owner: Owner
    ground: Callable[[], Ground]
    contained: bool = False  #: whoever reads and writes it does that in a container
    _tool: Tool | None = field(default=None, repr=False)  #: as long as a session lasts

    @property
    def prefix(self) -> str:
        """Where it is, below the destination."""
        return f"{self.owner.prefix}/{FOLDER}"

    @property
    def key(self) -> str:
        """The object that the passphrase is in."""
        return f"{self.owner.prefix}/{KEY}"

    def place(self, passphrase: Secret) -> Place:
        """As pgBackRest is told."""
        return Place(self.target, self.prefix, passphrase, REPOSITORY if self.contained else "")

    @property
    def folder(self) -> Path | None:
        """Where it is on this machine; None in an S3."""
        return None if self.target.to.startswith(S3_SCHEME) else Path(self.target.to) / self.prefix

    def passphrase(self, keys: Sequence[Any]) -> Secret:
        """Opened. Gone when there is none yet; WrongKey, Damaged."""
        found = bytearray()
        with self.where.reading(self.key) as pieces:
            unseal(pieces, found.extend, keys, None, "the passphrase of the repository")
        return Secret(found.decode())

    def seal(self, passphrase: Secret, recipients: Recipients) -> None:
        """Write it down for these, in the place of what was there."""
        with self.where.writing(self.key) as write:
            recipients.seal(BytesIO(passphrase.reveal().encode()), write)

    @property
    def sealed(self) -> bool:
        """Whether there is one."""
        folder = self.owner.prefix
        return any(one.name == self.key for one in self.where.items(folder))

    @contextlib.contextmanager
    def tool(
        self, system: str, keys: Sequence[Any], data: Path = NOWHERE, inside: Path | None = None, processes: int = 1
    ) -> Iterator[Tool]:
        """pgBackRest as it reads this, with what the keys open. `inside`: a folder of its user, else one of its own."""
        passphrase, ground = self.passphrase(keys), self.ground()
        with contextlib.ExitStack() as stack:
            folder = inside or stack.enter_context(room(ground, copy_name(self.owner.store)))
            box = ground.box.inside(folder) if ground.box else None
            tool = Tool(program_of(ground), folder / "pgbackrest", system, ground.who, box)
            yield prepared(tool, self.place(passphrase), Cluster(system, data), processes)

    @contextlib.contextmanager
    def session(self, system: str, keys: Sequence[Any]) -> Iterator[None]:
        """Whatever is read meanwhile is read with one file of settings."""
        with self.tool(system, keys) as tool:
            self._tool = tool
            try:
                yield
            finally:
                self._tool = None

    @contextlib.contextmanager
    def _reader(self, system: str, keys: Sequence[Any]) -> Iterator[Tool]:
        if self._tool and self._tool.system == system:
            yield self._tool
            return
        with self.tool(system, keys) as tool:
            yield tool

    def systems(self) -> tuple[str, ...]:
        """The clusters whose log is in it."""
        names = (one.name.removeprefix(f"{self.prefix}/archive/") for one in self._objects(""))
        return tuple(sorted({name.partition("/")[0] for name in names}))

    def _objects(self, system: str) -> Iterator[Any]:
        yield from self.where.items(f"{self.prefix}/archive" + (f"/{system}" if system else ""))

    def segments(self, system: str) -> Iterator[Segment]:
        """What is kept of the log of a cluster."""
        for one in self._objects(system):
            found = KEPT.fullmatch(one.name.rpartition("/")[2])
            if found and (place := place_of(found[1])):
                yield Segment(place, one.name, one.size, sha256=found[2], engine="pgbackrest")

    def histories(self, system: str) -> dict[int, str]:
        """The objects that say which timelines lead to which."""
        found = ((HISTORY.fullmatch(one.name.rpartition("/")[2]), one.name) for one in self._objects(system))
        return {int(told[1], 16): name for told, name in found if told}

    def left(self, system: str, keys: Sequence[Any]) -> dict[int, tuple[tuple[int, int], ...]]:
        """Of each timeline that was switched to, its parents."""
        return {timeline: parents(self.read(system, name, keys).decode())
                for timeline, name in self.histories(system).items()}  # fmt: skip

    def read(self, system: str, name: str, keys: Sequence[Any], sha1: str = "") -> bytes:
        """An object of the log, opened. WrongKey, Gone; Damaged when it is not what was written."""
        what, below = name.rpartition("/")[2], name.removeprefix(f"{self.prefix}/")
        with self._reader(system, keys) as tool, tool.reading(f"pgbackrest repo-get {what}", "repo-get", below) as out:
            data = out.read()
        data = _unpacked(what, data) if what.endswith(".gz") else data
        if sha1 and hashlib.sha1(data, usedforsecurity=False).hexdigest() != sha1:
            raise Damaged(f"{what} is not what was written: its checksum is another one", "restore to before it")
        return data

    def history(self, system: str, timeline: int, keys: Sequence[Any]) -> bytes:
        """Gone."""
        name = self.histories(system).get(timeline)
        if name is None:
            raise Gone(f"there is no history of timeline {timeline}")
        return self.read(system, name, keys)

    def checksum(self, system: str, label: str) -> str:
        """SHA-256 of what says which files a copy has, as it lies there. Gone."""
        found = hashlib.sha256()
        with self.where.reading(f"{self.prefix}/backup/{system}/{label}/backup.manifest") as pieces:
            for piece in pieces:
                found.update(piece)
        return found.hexdigest()


def _unpacked(what: str, packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed, wbits=GZIP)
    except zlib.error as error:
        raise Damaged(f"{what} is damaged: {error}", "restore to a moment before it") from error


def program_of(ground: Ground) -> str:
    """Refused where it is not installed."""
    if found := ground.programs.get("pgbackrest"):
        return found
    raise Refused("this needs pgbackrest, which this machine has not", "apt install pgbackrest")


def new_passphrase() -> Secret:
    """64 characters of chance."""
    return Secret(secrets.token_urlsafe(48))
