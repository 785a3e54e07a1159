"""After a migration: does the history agree with the files, are indexes whole, does what is declared to work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.opened import Opened, opened, spoken
from fairlead.postgres import indexes
from fairlead.postgres.connection import connect, first_line

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection


def inspect(database: Database, checks: Sequence[str]) -> tuple[str, ...]:
    """What a person should know. FairleadError for a file that did not run, or a check that does not work."""
    import psycopg  # noqa: PLC0415 — an extra

    if database.folder.shown:
        with opened([database]) as (one,), spoken(database, psycopg.Error):
            _agreeing(one)
            return _looked(database, one.connection, checks)
    if database.settled:
        database.settled()  # rights of what another tool made
    with connect(database.where, database.settings) as connection, spoken(database, psycopg.Error):
        return _looked(database, connection, checks)


def _agreeing(one: Opened) -> None:
    picture = one.look()
    wrong = [mistake.message for mistake in picture.mistakes]
    wrong += [f"{file.script} did not run" for file in picture.pending]
    if wrong:
        raise FairleadError(f"{one.name}: {'; '.join(wrong)}", "see `fairlead db status`")


def _looked(database: Database, connection: Connection, checks: Sequence[str]) -> tuple[str, ...]:
    import psycopg  # noqa: PLC0415 — an extra

    for query in checks:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(query.encode())
        except psycopg.Error as error:
            what = f"{database.name}: the check `{query}` does not work after the migration: {first_line(error)}"
            raise FairleadError(what, "correct the migration, or the check") from error
    return tuple(f"the index {index} is INVALID: build it again, or drop it" for index in indexes.invalid(connection))
