"""Looks at a server before what is pending of a database begins: what speaks against it is said, or refuses it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.backups.server import Server
from fairlead.backups.server import one as asked
from fairlead.errors import FairleadError, Refused
from fairlead.operations.db.opened import Opened, asking
from fairlead.operations.trials.copies import server_to_read, store_of
from fairlead.postgres.files import Migration
from fairlead.postgres.preflight import concurrent, dumps, preflight
from fairlead.project.access import runs
from fairlead.project.stack import Stack
from fairlead.system.clock import wait_until

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

PATIENCE = 60.0  #: seconds that the end of a backup is waited for


def look(stack: Stack, root: Path, seen: Opened, files: Sequence[Migration], wait: bool) -> tuple[str, ...]:
    """What a person should know. Refused where it must not begin. `wait`: for a backup that would hold it up."""
    with asking(seen), _privileged(stack, root, seen) as (connection, free):
        if concurrent(files):
            _await_dumps(seen.name, connection, PATIENCE if wait else 0.0)
        found = preflight(connection, files, free)
    if stops := [one for one in found if one.stops]:
        raise Refused(f"{seen.name}: {'; '.join(one.text for one in stops)}", stops[0].hint)
    return tuple(f"{seen.name}: {one.text}" + (f"; {one.hint}" if one.hint else "") for one in found)


def _await_dumps(name: str, connection: Connection, patience: float) -> None:
    if not wait_until(lambda: not dumps(connection), patience, 0.2, 1.0):
        who = ", ".join(dumps(connection))
        what = f"{name}: {who} reads all of it, and what runs CONCURRENTLY waits for the end of that"
        raise Refused(what, "try again when that backup is made")


@contextmanager
def _privileged(stack: Stack, root: Path, seen: Opened) -> Iterator[tuple[Connection, int | None]]:
    """Of a server of ours whoever sees all sessions, and its disk; of another one, as who migrates."""
    one = seen.database
    if not runs(store_of(stack, one)):
        yield seen.connection, None
        return
    with server_to_read(stack, root, one) as server, server.session(one.where.database) as connection:
        yield connection, _free(server, str(asked(connection, "SHOW data_directory")))


def _free(server: Server, folder: str) -> int | None:
    """On the disk that the data is on: of a container asked in it, where it may be another one than the engine's."""
    try:
        if server.inside is None:
            return shutil.disk_usage(folder).free
        said = server.run("df", "-Pk", folder)
    except (OSError, FairleadError):
        return None
    return available(said.output) if said.code == 0 else None


def available(table: str) -> int | None:
    """Bytes, from what `df -Pk` says of one file system. Pure; None where that is something else."""
    words = (table.strip().splitlines() or [""])[-1].rsplit(maxsplit=5)
    return int(words[3]) * 1024 if len(words) == 6 and words[3].isdigit() else None
