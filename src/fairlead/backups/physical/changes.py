"""Copies of what changed since a full one, by PostgreSQL's own programs, which make such from PostgreSQL 17 on.

The server notes which blocks change (`summarize_wal`), and pg_basebackup is given the manifest of the full copy. That
is in the copy too, but encrypted for people who may not be here; so it is kept on this machine as well. It names files
and their checksums, and has no data in it. Whatever is missing is a reason to copy all, never one to copy nothing.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.backups.catalogue import Backup
from fairlead.backups.server import Server, one
from fairlead.render.stores.postgres import KEEPS
from fairlead.system.files import write_file

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

FIRST = 17  #: the major version that can
CHECKSUMS = "checksums"  #: of an entry's facts: whether pages had such then
COMBINE = "pg_combinebackup"
LENT = f"{KEEPS}/fairlead.manifest"  #: in a container, beside the data
SETTINGS = {"summarize_wal": "on", "wal_summary_keep_time": "40d"}
"""Longer than a month, which may lie between two full copies."""


@dataclass(frozen=True)
class Manifests:
    """Those of full copies of one store, as they are kept on this machine."""

    folder: Path

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}.manifest"

    def keep(self, id: str, data: bytes) -> None:
        """For who knows how many copies of what changed."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(self._path(id), data, 0o600)

    def of(self, id: str) -> bytes | None:
        """None: it is not here."""
        with contextlib.suppress(FileNotFoundError):
            return self._path(id).read_bytes()
        return None

    def forget(self, but: Collection[str]) -> None:
        """All but those of these copies go."""
        for path in self.folder.glob("*.manifest"):
            if path.stem not in but:
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def lent(self, server: Server, id: str) -> Iterator[str]:
        """Where the server's own programs find one, as long as the block lasts. FairleadError."""
        if server.inside is None:
            yield str(self._path(id))
            return
        try:
            with server.inside.feeding(("sh", "-c", 'umask 077; cat >"$1"', "sh", LENT), "the manifest") as write:
                write(self.of(id) or b"")
            yield LENT
        finally:
            server.inside.engine.run(server.inside.name, ("rm", "-f", LENT))


@dataclass(frozen=True, slots=True)
class Since:
    """The full copy since which it is."""

    full: Backup


def able(had: dict[str, Any]) -> bool:
    """Whether this server can. `had`: as `server_facts` says it."""
    major = re.match(r"\d+", str(had["server"]))
    return major is not None and int(major[0]) >= FIRST


def since(
    there: Sequence[Backup], had: dict[str, Any], manifests: Manifests, readers: Sequence[str] = ()
) -> Since | str:
    """The newest full copy of this server, or why all has to be copied. `readers`: for whom it will be encrypted."""
    if not able(had):
        return f"PostgreSQL {had['server']} copies all or nothing, and from {FIRST} on what changed"
    fulls = [one for one in there if one.kind == "physical" and one.engine == "builtin" and not one.parent]
    mine = [one for one in fulls if one.system == had["system"]]
    if not mine:
        return "there is no full copy of this server yet"
    full = max(mine, key=lambda one: one.moment)
    return _unfit(full, had, manifests, readers) or Since(full)


def _unfit(full: Backup, had: dict[str, Any], manifests: Manifests, readers: Sequence[str]) -> str:
    """Why nothing can be since that one; empty: it can."""
    if full.damaged:
        return f"the last full copy, {full.id}, is damaged"
    if not set(readers) <= set(full.recipients):  # they could do nothing with what depends on it
        return f"the last full copy, {full.id}, cannot be read by all who are to read this one"
    if full.facts.get(CHECKSUMS, had.get(CHECKSUMS)) != had.get(CHECKSUMS):  # pg_checksums writes pages, and no log
        return f"checksums of pages were switched since {full.id}, the last full copy"
    if manifests.of(full.id) is None:
        return f"the manifest of {full.id}, the last full copy, is not on this machine"
    return ""


def summarize(connection: Connection, wanted: bool) -> None:
    """Have the server note which blocks change, or note it no more where we had it do so. Nothing before 17."""
    if connection.info.server_version < FIRST * 10000:
        return
    changed = False
    for name, value in SETTINGS.items():
        ours = one(connection, "SELECT sourcefile LIKE '%%postgresql.auto.conf' FROM pg_settings WHERE name = %s", name)
        if wanted and one(connection, f"SHOW {name}") != value:
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            changed = True
        elif not wanted and ours:
            connection.execute(f"ALTER SYSTEM RESET {name}")
            changed = True
    if changed:
        connection.execute("SELECT pg_reload_conf()")
