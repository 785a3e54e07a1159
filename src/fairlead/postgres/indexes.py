"""Indexes that are built CONCURRENTLY: found when they are INVALID, taken away, and looked up after a crash.

`CREATE INDEX CONCURRENTLY IF NOT EXISTS` keeps an INVALID index of that name and reports success. It is used by no
query, and a unique one still refuses rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.postgres.statements import Statement
from fairlead.postgres.traits import drops_indexes, index_of, qualified

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

_INDEXES = """
SELECT n.nspname, c.relname, t.relname
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'i'
"""
_INVALID = f"{_INDEXES} AND NOT (i.indisvalid AND i.indisready)"
_NAMED = "c.relname = %s AND i.indrelid = to_regclass(%s)"
NAMED_INVALID = f"{_INVALID} AND {_NAMED}"
NAMED_VALID = f"{_INDEXES} AND i.indisvalid AND i.indisready AND {_NAMED}"
REBUILT = f"""
{_INVALID} AND c.relname ~ '_cc(new|old)[0-9]*$' AND (i.indrelid = to_regclass(%s)
OR i.indrelid = (SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass(%s)))
"""  # noqa: S608 — made of constants


def invalid(connection: Connection) -> tuple[str, ...]:
    """Every INVALID index of the database, as `schema.name on table`."""
    rows = connection.execute(f"{_INVALID} ORDER BY 1, 2").fetchall()
    return tuple(f"{schema}.{name} on {table}" for schema, name, table in rows)


def mend(connection: Connection, statement: Statement) -> tuple[str, ...]:
    """Take away INVALID indexes that an earlier run of this statement left; their names."""
    return _drop(connection, _left_by(connection, statement))


def _left_by(connection: Connection, statement: Statement) -> Sequence[tuple[str, str]]:
    index = index_of(statement)
    if index is not None:
        table = _written(connection, index.schema, index.table)
        found = connection.execute(NAMED_INVALID, (index.name, table)).fetchall()
    elif statement.words[:1] == ("REINDEX",) and "CONCURRENTLY" in statement.words:
        schema, name, _ = qualified(statement, statement.words.index("CONCURRENTLY") + 1)
        what = _written(connection, schema, name)
        found = connection.execute(REBUILT, (what, what)).fetchall()
    else:
        found = []
    return [(schema, name) for schema, name, _ in found]


def _drop(connection: Connection, found: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    from psycopg import sql  # noqa: PLC0415 — an extra

    for schema, name in found:
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(schema, name)))
    return tuple(f"{schema}.{name}" for schema, name in found)


def is_done(connection: Connection, statement: Statement) -> bool:
    """Whether a statement that was begun before a crash has taken effect: the index is there and valid, or is gone."""
    index = index_of(statement)
    if index is not None:
        table = _written(connection, index.schema, index.table)
        return connection.execute(NAMED_VALID, (index.name, table)).fetchone() is not None
    dropped = drops_indexes(statement)
    return bool(dropped) and not any(_exists(connection, schema, name) for schema, name in dropped)


def assert_valid(connection: Connection, statement: Statement) -> None:
    """FairleadError when the index that was just built is not fit for use."""
    index = index_of(statement)
    if index is not None and not is_done(connection, statement):
        raise FairleadError(f"the index {index.name} is not valid", "see what else builds indexes on that table")


def _exists(connection: Connection, schema: str | None, name: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s)", (_written(connection, schema, name),)).fetchone()
    return row is not None and row[0] is not None


def _written(connection: Connection, schema: str | None, name: str) -> str:
    from psycopg import sql  # noqa: PLC0415 — an extra

    return sql.Identifier(*([schema] if schema else []), name).as_string(connection)
