"""What is in a database: written down with its backup, in the same snapshot, and compared with what was restored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fairlead.backups.server import line, name, one, text

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

FAILED = "failed"
MOST = 5_000_000  #: rows of a table that are counted one by one
OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def facts(connection: Connection, checks: Iterable[str] = ()) -> dict[str, Any]:
    """Rows of each table, objects of each kind, extensions, sequences, and what `checks` answer. JSON."""
    return {
        "rows": {table: one(connection, f"SELECT count(*) FROM {table}") for table in _tables(connection)},  # noqa: S608
        "objects": _objects(connection),
        "extensions": _pairs(connection, "SELECT extname, extversion FROM pg_extension ORDER BY 1"),
        "sequences": _sequences(connection),
        "checks": {check: answer(connection, check) for check in checks},
    }


def _tables(connection: Connection) -> list[str]:
    """Those whose rows are in a backup: no partitioned ones, no unlogged ones, no enormous ones."""
    rows = connection.execute(
        f"SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "  # noqa: S608
        f"WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.reltuples < {MOST} AND {OURS} "
        "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"
    )
    return [str(row[0]) for row in rows.fetchall()]


def _objects(connection: Connection) -> dict[str, int]:
    """How many there are of each kind: a restore that lost a trigger or a grant shows it."""
    counted = {
        "relations": f"pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','m','S','i','I','f') AND {OURS}",  # noqa: E501
        "constraints": f"pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE {OURS}",
        "functions": f"pg_proc c JOIN pg_namespace n ON n.oid = c.pronamespace WHERE {OURS}",
        "triggers": "pg_trigger c WHERE NOT c.tgisinternal",
        "policies": "pg_policy c",
        "grants": f"pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) WHERE {OURS}",
    }
    return {kind: int(one(connection, f"SELECT count(*) FROM {source}")) for kind, source in counted.items()}  # noqa: S608


def _sequences(connection: Connection) -> dict[str, int | None]:
    rows = connection.execute(
        "SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences ORDER BY 1"
    )
    return {str(row[0]): row[1] for row in rows.fetchall()}


def _pairs(connection: Connection, statement: str) -> dict[str, str]:
    rows = connection.execute(statement)
    return {str(row[0]): str(row[1]) for row in rows.fetchall()}


def answer(connection: Connection, check: str) -> list[list[str]]:
    """The rows of a query, as text; of one that fails what the server says: that is no reason to have no backup."""
    import psycopg  # noqa: PLC0415 — an extra

    try:
        with connection.transaction():
            cursor = connection.execute(check)
            return [[str(value) for value in row] for row in cursor.fetchmany(100)] if cursor.description else []
    except psycopg.Error as error:
        return [[FAILED, line(error)]]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What is not as it was, in words; empty when all is."""
    found = []
    for kind, what in WHAT.items():
        old, new = before.get(kind, {}), after.get(kind, {})
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                found.append(f"{what} {key}: {_shown(new.get(key))}, in the backup {_shown(old.get(key))}")
    return found


def failing(found: Mapping[str, Any]) -> list[str]:
    """Checks that the server did not answer."""
    return [
        f"check {check}: {rows[0][1]}"
        for check, rows in found.get("checks", {}).items()
        if rows[:1] and rows[0][0] == FAILED
    ]


WHAT = {
    "rows": "rows of",
    "objects": "number of",
    "extensions": "extension",
    "sequences": "sequence",
    "checks": "check",
}


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)[:80]


def properties(connection: Connection, database: str) -> dict[str, Any]:
    """Of a database itself, which pg_dump leaves to whoever creates it: owner, locale, rights, settings. JSON."""
    row = connection.execute(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit "
        "FROM pg_database WHERE datname = %s", [database],
    ).fetchone()  # fmt: skip
    if row is None:
        raise AssertionError("it is connected to it")
    rights = connection.execute(
        "SELECT CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable "
        "FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE d.datname = %s",
        [database],
    ).fetchall()  # fmt: skip
    settings = connection.execute(
        "SELECT CASE WHEN s.setrole = 0 THEN '' ELSE pg_get_userbyid(s.setrole) END, unnest(s.setconfig) "
        "FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = %s", [database],
    ).fetchall()  # fmt: skip
    return {
        "owner": row[0], "encoding": row[1], "collate": row[2], "ctype": row[3], "limit": row[4],
        "rights": [list(one) for one in rights], "settings": [list(one) for one in settings],
    }  # fmt: skip


def creating(database: str, had: Mapping[str, Any]) -> list[str]:
    """The statements that make a database of that name with those properties."""
    locale = f"LC_COLLATE {text(had['collate'])} LC_CTYPE {text(had['ctype'])}"
    made = (
        f"CREATE DATABASE {name(database)} TEMPLATE template0 OWNER {name(had['owner'])} "
        f"ENCODING {text(had['encoding'])} {locale} CONNECTION LIMIT {int(had['limit'])}"
    )
    found = [made, f"REVOKE ALL ON DATABASE {name(database)} FROM PUBLIC, {name(had['owner'])}"]
    for who, right, passed_on in had["rights"]:
        to = name(who) if who else "PUBLIC"
        found.append(
            f"GRANT {right} ON DATABASE {name(database)} TO {to}" + (" WITH GRANT OPTION" if passed_on else "")
        )
    for who, setting in had["settings"]:
        key, _, value = setting.partition("=")
        role = f"ROLE {name(who)} IN " if who else ""
        found.append(f"ALTER {role}DATABASE {name(database)} SET {name(key)} TO {_setting(key, value)}")
    return found


LISTS = ("search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries")
PART = re.compile(r'"((?:[^"]|"")*)"|([^\s,"]+)')


def _setting(key: str, value: str) -> str:
    """Settings that are lists are stored as they were written; each part is written as a text, whatever it says."""
    if key not in LISTS:
        return text(value)
    parts = [quoted.replace('""', '"') or plain for quoted, plain in PART.findall(value)]
    return ", ".join(map(text, parts)) or text("")
