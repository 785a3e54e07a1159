"""A database as whoever sees all of its server: the superuser of one that Fairlead runs, else as who migrates it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.operations.backups.reach import server_of
from fairlead.operations.db.chosen import database_of
from fairlead.operations.db.opened import spoken
from fairlead.postgres.connection import connect
from fairlead.project.access import runs
from fairlead.project.stack import Migrations, Stack, Store
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection


@contextlib.contextmanager
def privileged(stack: Stack, root: Path, store: Store, one: Migrations) -> Iterator[Connection]:
    """A session, closed at the end. FairleadError; Refused for one that was never made."""
    import psycopg  # noqa: PLC0415 — an extra

    if runs(store):
        place = Place.of(stack.project, stack.environment)
        with (
            server_of(place, stack.runtime, store, None, f"looking into {store.name}") as server,
            server.session(one.database) as connection,
        ):
            yield connection
        return
    database = database_of(stack, root, store, one, root)
    with contextlib.closing(connect(database.where, database.settings)) as connection, spoken(database, psycopg.Error):
        yield connection
