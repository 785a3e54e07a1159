"""What is kept of a server before a schema moves: a named restore point, and a backup where the store has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError
from fairlead.operations.backups.arrangement import arranged
from fairlead.operations.backups.points import carried, kept, name_one
from fairlead.operations.db.chosen import database_of
from fairlead.postgres.connection import Settings, address, connect, first_line
from fairlead.project.access import databases, runs
from fairlead.project.stack import Migrations, Stack, Store
from fairlead.render.stores.postgres import SUPERUSER
from fairlead.stores.table import stores_of
from fairlead.system import clock
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

POINT = "SELECT pg_create_restore_point(%s)::text"
LONGEST = 47  #: characters of the name of a restore point, before the time
PATIENCE = 600.0  #: seconds that another backup of the store is waited for


def snapshot(
    stack: Stack, root: Path, some: Sequence[tuple[Store, Migrations]], label: str, dump: bool
) -> dict[str, Any]:
    """Of the store that these databases are in. FairleadError when a backup was to be made and could not be.

    A restore point needs a right that few have where the server is somebody else's: then it is said that there is none.
    Where the log is kept, it is waited until that of the restore point was carried away.
    """
    store, _ = some[0]
    name = f"{label[:LONGEST]}-{clock.now():%Y%m%dT%H%M%S}"
    made: dict[str, Any] = {"notes": []}
    try:
        made |= _point(stack, root, some, name)
    except FairleadError as error:
        made["notes"].append(f"no restore point: {error.message}")
    return made | ({"backup": _backup(stack, root, store, label)} if dump else {})


def _point(stack: Stack, root: Path, some: Sequence[tuple[Store, Migrations]], name: str) -> dict[str, Any]:
    store, _ = some[0]
    with _session(stack, root, some) as connection:
        if not kept(store):
            row = connection.execute(POINT, (name,)).fetchone()
            return {"restore_point": name, "lsn": str(row[0]) if row else ""}
        lsn, point = name_one(connection, name)
        made = {"restore_point": name, "lsn": lsn, "carried": False}
        try:
            (one,) = arranged(stack, root, [store.name])
            why = carried(one, connection, point)
        except FairleadError as error:
            return {**made, "notes": [f"restore point {name}: nobody knows whether the log is kept: {error.message}"]}
    late = f"restore point {name} is of no use yet: the log of {store.name} {why}; see fairlead doctor"
    return {**made, "carried": not why} | ({"notes": [late]} if why else {})


@contextmanager
def _session(stack: Stack, root: Path, some: Sequence[tuple[Store, Migrations]]) -> Iterator[Connection]:
    """With the server, as whoever may do most. FairleadError."""
    import psycopg  # noqa: PLC0415 — an extra

    store, one = some[0]
    if runs(store) and stack.runtime == "docker":
        from fairlead.operations.backups.contained import server_inside  # noqa: PLC0415 — only with an engine

        place = Place.of(stack.project, stack.environment)
        with server_inside(place, store) as server, server.session(server.home) as connection:
            yield connection
        return
    where = _own(stack, store) if runs(store) else database_of(stack, root, store, one, root).where
    with closing(connect(where, Settings())) as connection:
        try:
            yield connection
        except psycopg.Error as error:
            raise FairleadError(first_line(error)) from error


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
    from fairlead.operations.backups.make import made  # noqa: PLC0415

    (one,) = arranged(stack, root, [store.name])
    with one.held(f"fairlead deploy {stack.environment}", PATIENCE):
        return made(one, "logical", f"before the migration {why}").id
