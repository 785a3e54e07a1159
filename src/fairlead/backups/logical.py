"""Logical backups: each database by itself, with owners and rights, and the roles of the server beside them.

Trap: a role that row-level security binds dumps nothing, and says that all is well (`--enable-row-security`); so this
is never asked for, and pg_dump fails loudly instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from fairlead.backups.catalogue import Backup, Catalogue, Part, new_id
from fairlead.backups.destinations.base import Write
from fairlead.backups.facts import facts, properties, sequences
from fairlead.backups.sealing import SUFFIX, Sealed, Source, seal
from fairlead.backups.server import Server, one
from fairlead.errors import FairleadError
from fairlead.project.stack_backup import Encryption
from fairlead.system import clock

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

PROGRAMS = ("pg_dump", "pg_dumpall", "pg_restore")
GLOBALS = "globals.sql"
PATIENCE = ("--lock-wait-timeout=300000",)  #: milliseconds; else it would wait behind a lock for ever
READABLE = "SELECT has_table_privilege('pg_authid', 'select')"
"""Who is no superuser cannot read the passwords of roles; they are left out then."""


@dataclass(frozen=True)
class Recipients:
    """For whom backups are encrypted: as they are written, and as the library has them."""

    names: tuple[str, ...]
    keys: Sequence[Any] = field(repr=False)
    cipher: Encryption = "age"

    def seal(self, source: Source | IO[bytes], write: Write) -> Sealed:
        """Encrypt all of it for them."""
        return seal(source, write, self.keys, self.cipher)


@dataclass(frozen=True)
class Logical:
    """The engine of logical backups of one server."""

    server: Server
    databases: tuple[str, ...]
    checks: Mapping[str, Sequence[str]]  #: by database

    def make(self, catalogue: Catalogue, recipients: Recipients, why: str) -> Backup:
        """A new one. FairleadError; then there is none, and what was written of it goes."""
        self.server.require_programs()
        began = clock.now()
        id = new_id(began)
        try:
            with self.server.session(self.server.home) as connection:
                had, passwords = server_facts(connection), one(connection, READABLE)
            told: dict[str, Any] = {}
            parts = list(self._parts(catalogue, id, recipients, told, bool(passwords)))
        except BaseException:
            catalogue.discard(id)
            raise
        backup = Backup(
            id=id, kind="logical", owner=catalogue.owner, began=began.isoformat(timespec="seconds"),
            ended=clock.now().isoformat(timespec="milliseconds"), why=why, recipients=recipients.names,
            parts=tuple(parts), facts=told, **had, stop_lsn=had["start_lsn"],
        )  # fmt: skip
        catalogue.add(backup)
        return backup

    def _parts(
        self, catalogue: Catalogue, id: str, recipients: Recipients, told: dict[str, Any], passwords: bool
    ) -> Iterator[Part]:
        roles: tuple[str, ...] = ("pg_dumpall", "--globals-only", f"--database={self.server.home}")
        roles = roles if passwords else (*roles, "--no-role-passwords")
        yield self._part(catalogue, id, recipients, ("globals", "", GLOBALS), *roles)
        for database in self.databases:
            with self.server.session(database) as connection:
                stood = sequences(connection)
            with self.server.session(database) as connection:
                connection.execute("SET idle_in_transaction_session_timeout = 0")  # it is idle as long as the dump
                connection.autocommit = False
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                snapshot = str(one(connection, "SELECT pg_export_snapshot()"))
                what = ("database", database, f"{database}.dump")
                arguments = (
                    "--format=custom",
                    "--compress=3",
                    *PATIENCE,
                    f"--snapshot={snapshot}",
                    f"--dbname={database}",
                )
                yield self._part(catalogue, id, recipients, what, "pg_dump", *arguments)
                told[database] = _told(connection, database, self.checks.get(database, ()), stood)

    def _part(
        self, catalogue: Catalogue, id: str, recipients: Recipients, what: tuple[str, str, str], *command: str
    ) -> Part:
        kind, database, file = what
        name = file + SUFFIX
        with catalogue.where.writing(catalogue.path(id, name)) as write:
            with self.server.reading(f"{command[0]} of {database or 'the roles'}", *command) as source:
                sealed = recipients.seal(source, write)
            if not sealed.size:
                raise FairleadError(f"{command[0]} of {database or 'the roles'} wrote nothing", "see the server's log")
        return Part(name, kind, database, sealed.size, sealed.stored, sealed.sha256)


def _told(
    connection: Connection, database: str, checks: Sequence[str], stood: Mapping[str, int | None]
) -> dict[str, Any]:
    """After its dump: before it, a lock that pg_dump waits for could wait for this. Sequences that moved are left out,
    as nobody knows where the dump saw them.
    """
    found = facts(connection, checks)
    still = {key: value for key, value in found["sequences"].items() if key in stood and stood[key] == value}
    size = int(one(connection, "SELECT pg_database_size(current_database())"))
    return found | {"sequences": still, "properties": properties(connection, database), "size": size}


def server_facts(connection: Connection) -> dict[str, Any]:
    """Which server it is, and where it stands. Zeros where the role may not ask."""
    import psycopg  # noqa: PLC0415 — an extra

    row: tuple[Any, ...] | None
    try:
        row = connection.execute(
            "SELECT s.system_identifier::text, c.timeline_id, pg_current_wal_lsn()::text "
            "FROM pg_control_system() s, pg_control_checkpoint() c"
        ).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        row = None
    system, timeline, lsn = row or ("", 0, "")
    version = str(one(connection, "SHOW server_version")).split(" ")[0]
    return {"server": version, "system": system, "timeline": timeline, "start_lsn": lsn}
