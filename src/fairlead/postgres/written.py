"""Whether somebody has written into what a migration made, so that its undo would lose it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.postgres.contents import contents
from fairlead.postgres.undo_proof import Loss, Proof

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection


def written(connection: Connection, proof: Proof) -> tuple[Loss, ...]:
    """Those losses of a proof into which somebody has written, or of which that cannot be told.

    Asked in the transaction that undoes, it holds: take the tables' locks first.
    """
    return tuple(one for one in proof.losses if one.kind == "written" and _written(connection, one))


def _written(connection: Connection, loss: Loss) -> bool:
    """Where policies hide rows from who asks, they are not taken for missing: the server says so instead."""
    from psycopg.errors import InsufficientPrivilege  # noqa: PLC0415 — an extra

    try:
        with connection.transaction():
            connection.execute("SET LOCAL row_security = off")
            found = _differs(connection, loss)
            connection.execute("SET LOCAL row_security TO DEFAULT")
    except InsufficientPrivilege:
        return True
    return found


def _differs(connection: Connection, loss: Loss) -> bool:
    from psycopg import sql  # noqa: PLC0415 — an extra

    table = sql.SQL(loss.table)
    if loss.sequence:
        now = contents(connection, only=loss.table).sequences.get(loss.table)
        return now is None or now.coming != loss.rows
    if not loss.column:
        return _rows_differ(connection, loss)
    if not loss.alike:
        return _answer(connection, sql.SQL("SELECT EXISTS (SELECT FROM {})").format(table))
    same = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE hashtextextended({}::text, 0) IS DISTINCT FROM {})")
    return _answer(connection, same.format(table, sql.Identifier(loss.column), sql.Literal(loss.left)))


def _rows_differ(connection: Connection, loss: Loss) -> bool:
    from psycopg import sql  # noqa: PLC0415 — an extra

    table = sql.SQL(loss.table)
    more = sql.SQL("SELECT EXISTS (SELECT FROM {} OFFSET {})").format(table, sql.Literal(loss.rows))
    if _answer(connection, more):
        return True
    found = contents(connection, only=loss.table).tables.get(loss.table)
    return found is None or (found.rows, found.hash) != (loss.rows, loss.hash)


def _answer(connection: Connection, query: object) -> bool:
    row = connection.execute(query).fetchone()  # type: ignore[call-overload]
    return row is None or bool(row[0])
