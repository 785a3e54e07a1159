"""The queries of the release that runs, held against a new schema: each is prepared, none is run.

They are what `pg_stat_statements` of the live database has, constants taken out. A query that could not be prepared
before the migration either says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairlead.postgres.rehearsal import Broken
from fairlead.postgres.risk_rules import table_of
from fairlead.postgres.statements import split
from fairlead.postgres.tokens import SqlError

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

MOST = 2000  #: those that were called most
SHOWN = 300  #: characters of a query that are kept
_KINDS = "^\\s*(select|insert|update|delete|with|merge|values)\\M"
_FIND = "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = %s"
_QUERIES = """
SELECT s.query, r.rolname, sum(s.calls)::bigint FROM {}.pg_stat_statements s
JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.userid
WHERE d.datname = {} AND s.query ~* {} AND s.query !~* '\\mpg_catalog\\M'
GROUP BY 1, 2 ORDER BY 3 DESC LIMIT {}
"""
_PATH = """
SELECT substr(one, length('search_path=') + 1) FROM pg_db_role_setting s, unnest(s.setconfig) one
WHERE one LIKE 'search_path=%%' AND s.setrole IN (0, coalesce((SELECT oid FROM pg_roles WHERE rolname = %s), 0))
AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
ORDER BY s.setrole <> 0 AND s.setdatabase <> 0 DESC, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1
"""
_REQUIRED = """
SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef
AND a.attidentity = '' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


@dataclass(frozen=True, slots=True)
class Query:
    """One, as who calls it."""

    text: str
    role: str
    calls: int


def read_queries(connection: Connection, database: str) -> tuple[tuple[Query, ...], str]:
    """Those of a live database, the most called first; else why there are none.

    The extension counts for all of a server; it has to be in the database that is connected to.
    """
    import psycopg  # noqa: PLC0415 — an extra
    from psycopg import sql  # noqa: PLC0415

    row = connection.execute(_FIND, ("pg_stat_statements",)).fetchone()
    if row is None:
        return (), "pg_stat_statements is not there: CREATE EXTENSION pg_stat_statements"
    given = (sql.Literal(database), sql.Literal(_KINDS), sql.Literal(MOST))
    query = sql.SQL(_QUERIES).format(sql.Identifier(row[0]), *given)
    try:
        rows = connection.execute(query).fetchall()
    except psycopg.Error as error:
        return (), f"pg_stat_statements cannot be read: {str(error).strip().splitlines()[0].rstrip('.')}"
    return tuple(Query(*one) for one in rows), "" if rows else "pg_stat_statements has no query of this database"


@dataclass(frozen=True, slots=True)
class Fit:
    """Which queries can be prepared, and which columns each row must be given a value in."""

    failing: dict[Query, str]
    required: frozenset[tuple[str, str]]


def fit(connection: Connection, queries: Sequence[Query]) -> Fit:
    """Try each on a copy, as it is now."""
    failing: dict[Query, str] = {}
    for role in dict.fromkeys(one.role for one in queries):
        _look_for_names_as(connection, role)
        for query in (one for one in queries if one.role == role):
            why = _why(connection, query)
            if why:
                failing[query] = why
    connection.execute("RESET search_path")
    return Fit(failing, frozenset(connection.execute(_REQUIRED).fetchall()))


def _look_for_names_as(connection: Connection, role: str) -> None:
    row = connection.execute(_PATH, (role,)).fetchone()
    path = row[0] if row else '"$user", public'
    path = path.replace('"$user"', '"' + role.replace('"', '""') + '"')
    connection.execute("SELECT set_config('search_path', %s, false)", (path,))


def _why(connection: Connection, query: Query) -> str:
    import psycopg  # noqa: PLC0415 — an extra

    try:
        connection.execute(f"PREPARE fairlead_tried AS {query.text}".encode())
        connection.execute("DEALLOCATE fairlead_tried")
    except psycopg.Error as error:
        return (error.diag.message_primary or str(error)).strip()
    return ""


def broken(queries: Iterable[Query], before: Fit, after: Fit) -> tuple[Broken, ...]:
    """Those that went with the schema before and do not with the new one."""
    added = after.required - before.required
    found = []
    for one in queries:
        if one in before.failing:
            continue
        why = after.failing.get(one) or "; ".join(_unfilled(one, added))
        if why:
            found.append(Broken(one.text[:SHOWN], why, one.calls))
    return tuple(found)


def _unfilled(query: Query, added: Iterable[tuple[str, str]]) -> Iterator[str]:
    """PREPARE does not see that an INSERT leaves out a column that it must fill."""
    try:
        statements = split(query.text)
    except SqlError:
        return
    for statement in statements:
        if statement.words[:2] == ("INSERT", "INTO"):
            named = {token.named() for token in statement.tokens if token.kind in ("word", "name")}
            for table, column in sorted(added):
                if table == table_of(statement) and column not in named:
                    yield f'column "{column}" of "{table}" must be filled, and it does not'
