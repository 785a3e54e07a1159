"""What is kept of a server before a schema moves: a named restore point, and a backup where the store has them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from fairlead.backups.server import one as one_of
from fairlead.errors import FairleadError
from fairlead.operations.db.chosen import database_of
from fairlead.postgres.connection import Settings, address, connect, first_line
from fairlead.project.access import databases, runs
from fairlead.project.stack import Migrations, Stack, Store
from fairlead.render.stores.postgres import SUPERUSER
from fairlead.stores.table import stores_of
from fairlead.system.home import Place

POINT = "SELECT pg_create_restore_point(%s)"
LONGEST = 63  #: characters of the name of a restore point
PATIENCE = 600.0  #: seconds that another backup of the store is waited for


def snapshot(
    stack: Stack, root: Path, some: Sequence[tuple[Store, Migrations]], label: str, dump: bool
) -> dict[str, Any]:
    """Of the store that these databases are in. FairleadError when a backup was to be made and could not be.

    A restore point needs a right that few have where the server is somebody else's: then it is said that there is none.
    """
    store, _ = some[0]
    made: dict[str, Any] = {"notes": []}
    try:
        made |= {"restore_point": label[:LONGEST], "lsn": _point(stack, root, some, label[:LONGEST])}
    except FairleadError as error:
        made["notes"].append(f"no restore point: {error.message}")
    return made | ({"backup": _backup(stack, root, store, label)} if dump else {})


def _point(stack: Stack, root: Path, some: Sequence[tuple[Store, Migrations]], label: str) -> str:
    import psycopg  # noqa: PLC0415 — an extra

    store, one = some[0]
    if runs(store) and stack.runtime == "docker":
        return _inside(Place.of(stack.project, stack.environment), store, label)
    where = _own(stack, store) if runs(store) else database_of(stack, root, store, one, root).where
    try:
        with closing(connect(where, Settings())) as connection:
            row = connection.execute(POINT, (label,)).fetchone()
    except psycopg.Error as error:
        raise FairleadError(first_line(error)) from error
    return str(row[0]) if row else ""


def _inside(place: Place, store: Store, label: str) -> str:
    """In a container."""
    from fairlead.operations.backups.contained import server_inside  # noqa: PLC0415 — only with an engine

    with server_inside(place, store) as server, server.session(server.home) as connection:
        return str(one_of(connection, POINT, label))


def _own(stack: Stack, store: Store) -> Any:
    """Of a server that is a process of this machine, as who may do everything."""
    from fairlead.masking import Secret  # noqa: PLC0415 — beside its use

    where = stores_of(stack.runtime, Place.of(stack.project, stack.environment)).socket(store)
    if where is None:
        raise FairleadError(f"{store.name} was never made")
    from urllib.parse import quote  # noqa: PLC0415 — beside its use

    text = f"postgresql://{SUPERUSER}@/{SUPERUSER}?host={quote(where.host, safe='')}&port={where.port}"
    return address(Secret(text), databases(store)[0], several=False)


def _backup(stack: Stack, root: Path, store: Store, why: str) -> str:
    from fairlead.operations.backups.arrangement import arranged  # noqa: PLC0415 — only where a store has backups
    from fairlead.operations.backups.make import made  # noqa: PLC0415

    (one,) = arranged(stack, root, [store.name])
    with one.held(f"fairlead deploy {stack.environment}", PATIENCE):
        return made(one, "logical", f"before the migration {why}").id
