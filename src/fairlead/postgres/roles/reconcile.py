"""Looks, plans, runs the plan in one transaction, and looks again: what is left is an error, not a success."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.postgres.connection import Address, Settings, connect, first_line
from fairlead.postgres.roles.facts import read
from fairlead.postgres.roles.plan import plan
from fairlead.postgres.roles.statement import Statement
from fairlead.postgres.roles.wanted import Wanted

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

SETTINGS = Settings(lock_timeout=3.0, statement_timeout=60.0)
PASSES = 3  #: a new owner changes what rights there are, which is seen only after


def look(where: Address, wanted: Wanted) -> tuple[Statement, ...]:
    """What would be done. Nothing is changed."""
    with spoken(where), contextlib.closing(connect(where, SETTINGS)) as connection:
        return plan(wanted, read(connection, wanted.owner))


def reconcile(where: Address, wanted: Wanted) -> tuple[Statement, ...]:
    """Do it; what was done. FairleadError with the statement that failed, and when something is left."""
    done: list[Statement] = []
    with spoken(where), contextlib.closing(connect(where, SETTINGS)) as connection:
        for _ in range(PASSES):
            todo = plan(wanted, read(connection, wanted.owner))
            if not todo:
                return tuple(done)
            run(connection, todo, where)
            done += todo
        left = plan(wanted, read(connection, wanted.owner))
    if left:
        what = f"{where.shown}: {left[0].what} was tried and is not so"
        raise FairleadError(what, "somebody else may be changing rights right now; try again")
    return tuple(done)


def run(connection: Connection, statements: tuple[Statement, ...], where: Address) -> None:
    """All or none. What is kept of a password stays out of the server's log, where that can be said."""
    import psycopg  # noqa: PLC0415 — an extra

    with connection.transaction():
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("SET LOCAL log_statement = 'none'; SET LOCAL log_min_duration_statement = -1")
            connection.execute("SET LOCAL log_min_error_statement = 'panic'")
        for one in statements:
            try:
                connection.execute(one.sql)
            except psycopg.Error as error:
                hint = f"the statement was {one.text()}"
                raise FairleadError(f"{where.shown}: {one.what}: {first_line(error)}", hint) from None


@contextlib.contextmanager
def spoken(where: Address) -> Iterator[None]:
    """An error of the driver, in words."""
    import psycopg  # noqa: PLC0415 — an extra

    try:
        yield
    except psycopg.Error as error:
        raise FairleadError(f"{where.shown}: {first_line(error)}", "see what the server says") from None
