"""What is in a database: written down with its backup, in the same snapshot, and compared with what was restored."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fairlead.backups.server import line, name, one, text

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

FAILED = "failed"
MOST = 5_000_000  #: rows of a table that are counted one by one
MADE = "EXISTS (SELECT FROM pg_depend d WHERE d.classid = '{}'::regclass AND d.objid = c.oid AND d.deptype = 'e')"
"""What an extension made is not in a dump, and another version of it makes something else."""
LOST = (
    "EXISTS (SELECT FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid WHERE x.indexrelid = c.oid "
    f"AND (c.relkind = 'i' AND NOT x.indisvalid OR {MADE.format('pg_class').replace('c.oid', 't.oid')}))"
)
"""Indexes that are not in a dump: those that are not valid, and those of an extension's tables."""
RIGHTS = "coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", c.relowner))"
"""None written down, and the usual ones written down, are the same; a restore makes of either what it likes."""
# MAINTAIN came with PostgreSQL 17: counted, no backup of before would be as what was restored of it.
PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin", "d": "libc"}
WITH_ICU, WITH_RULES, WITH_BUILTIN = 150000, 160000, 170000
"""Versions since which a database has a provider of its locale, rules beside it, and PostgreSQL's own provider."""
ONE_SIDED = ("sequences", "locale", "objects")
"""Of these only what was written down counts: backups of before have no locale in them, nor large objects."""
OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def facts(connection: Connection, checks: Iterable[str] = (), only: Collection[str] | None = None) -> dict[str, Any]:
    """Rows of each table, objects of each kind, extensions, sequences, and what `checks` answer. JSON.

    Of `only` these tables rows are counted: which are small enough is guessed anew by each server.
    """
    return {
        "rows": {table: one(connection, f"SELECT count(*) FROM {table}") for table in _tables(connection, only)},  # noqa: S608
        "objects": _objects(connection),
        "extensions": _pairs(connection, "SELECT extname, extversion FROM pg_extension ORDER BY 1"),
        "sequences": sequences(connection),
        "checks": {check: answer(connection, check) for check in checks},
        "locale": _sorting(connection),
    }


def _sorting(connection: Connection) -> dict[str, str]:
    """By whose rules its texts are in order. Which version of a name a server keeps of them is its own affair."""
    had = locale(connection, connection.info.dbname)
    words = re.split(r"[-_@]", had["locale"] or "")
    return {"provider": had["provider"], "collate": had["collate"], "ctype": had["ctype"], "language": words[0]}


def locale(connection: Connection, database: str) -> dict[str, Any]:
    """What a database sorts by. `provider`: libc, icu, builtin; `locale` and `rules` are of the latter two, or None."""
    version = connection.info.server_version
    provider = "datlocprovider" if version >= WITH_ICU else "'c'"
    own = "NULL" if version < WITH_ICU else "datlocale" if version >= WITH_BUILTIN else "daticulocale"
    rules = "daticurules" if version >= WITH_RULES else "NULL"
    row = connection.execute(
        f"SELECT datcollate, datctype, {provider}, {own}, {rules} FROM pg_database WHERE datname = %s",  # noqa: S608
        [database],
    ).fetchone()
    if row is None:
        raise AssertionError("it is connected to it")
    return {
        "collate": row[0], "ctype": row[1], "provider": PROVIDERS.get(row[2], str(row[2])), "locale": row[3],
        "rules": row[4],
    }  # fmt: skip


def _tables(connection: Connection, only: Collection[str] | None) -> list[str]:
    """Those whose rows are in a backup: no partitioned ones, no unlogged ones, no enormous ones. Or those of `only`."""
    small = "true" if only is not None else f"c.reltuples < {MOST}"
    rows = connection.execute(
        f"SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "  # noqa: S608
        f"WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND {small} AND {OURS} "
        f"AND NOT {MADE.format('pg_class')} ORDER BY 1"
    )
    found = [str(row[0]) for row in rows.fetchall()]
    return found if only is None else [table for table in found if table in only]


def _objects(connection: Connection) -> dict[str, int]:
    """How many there are of each kind: a restore that lost a trigger or a grant shows it."""
    counted = {
        "relations": f"pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','m','S','i','I','f') AND {OURS} AND NOT {MADE.format('pg_class')} AND NOT {LOST}",  # noqa: E501
        "constraints": f"pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.contype <> 'n' AND {OURS} AND NOT {MADE.format('pg_class').replace('c.oid', 'c.conrelid')}",  # noqa: E501
        "functions": f"pg_proc c JOIN pg_namespace n ON n.oid = c.pronamespace WHERE {OURS} AND NOT {MADE.format('pg_proc')}",  # noqa: E501
        "triggers": "pg_trigger c WHERE NOT c.tgisinternal",
        "policies": "pg_policy c",
        "large objects": "pg_largeobject_metadata c",
        "filled materialized views": f"pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND c.relispopulated AND {OURS} AND NOT {MADE.format('pg_class')}",  # noqa: E501
        "grants": f"pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode({RIGHTS}) x WHERE x.privilege_type <> 'MAINTAIN' AND c.relkind IN ('r','p','v','m','S','f') AND {OURS} AND NOT {MADE.format('pg_class')}",  # noqa: E501
    }
    return {kind: int(one(connection, f"SELECT count(*) FROM {source}")) for kind, source in counted.items()}  # noqa: S608


def sequences(connection: Connection) -> dict[str, int | None]:
    """Where each stands now: no snapshot holds them."""
    rows = connection.execute(
        "SELECT format('%I.%I', n.nspname, c.relname), s.last_value FROM pg_sequences s "  # noqa: S608
        "JOIN pg_namespace n ON n.nspname = s.schemaname "
        "JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.sequencename "
        f"WHERE NOT {MADE.format('pg_class')} ORDER BY 1"
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
        old, new = _comparable(kind, before), _comparable(kind, after)
        for key in sorted(old.keys() if kind in ONE_SIDED else old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                found.append(f"{what} {key}: {_shown(new.get(key))}, in the backup {_shown(old.get(key))}")
    return found


def _comparable(kind: str, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Extensions by name: a dump does not say of which version they are."""
    said: Mapping[str, Any] = found.get(kind, {})
    return dict.fromkeys(said, "there") if kind == "extensions" else said


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
    "locale": "locale",
}


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)[:80]


def properties(connection: Connection, database: str) -> dict[str, Any]:
    """Of a database itself, which pg_dump leaves to whoever creates it: owner, locale, rights, settings. JSON."""
    row = connection.execute(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datconnlimit, "
        "shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [database],
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
        "owner": row[0], "encoding": row[1], "limit": row[2], "comment": row[3], **locale(connection, database),
        "rights": [list(one) for one in rights], "settings": [list(one) for one in settings],
    }  # fmt: skip


def _locale(had: Mapping[str, Any], version: int) -> str:
    """The words for it. A template may have another provider than the database had: it is said whenever it can be."""
    words = [f"LC_COLLATE {text(had['collate'])}", f"LC_CTYPE {text(had['ctype'])}"]
    provider = had.get("provider") or "libc"
    if version < WITH_ICU and provider == "libc":
        return " ".join(words)
    words.append(f"LOCALE_PROVIDER {provider}")
    if provider != "libc" and had.get("locale") is not None:
        words.append(f"{'BUILTIN' if provider == 'builtin' else 'ICU'}_LOCALE {text(had['locale'])}")
    if had.get("rules"):
        words.append(f"ICU_RULES {text(had['rules'])}")
    return " ".join(words)


def creating(database: str, had: Mapping[str, Any], version: int) -> list[str]:
    """The statements that make a database of that name with those properties. `version`: of the server, as a number."""
    made = (
        f"CREATE DATABASE {name(database)} TEMPLATE template0 OWNER {name(had['owner'])} "
        f"ENCODING {text(had['encoding'])} {_locale(had, version)} CONNECTION LIMIT {int(had['limit'])}"
    )
    found = [made, f"REVOKE ALL ON DATABASE {name(database)} FROM PUBLIC, {name(had['owner'])}"]
    if had.get("comment"):
        found.append(f"COMMENT ON DATABASE {name(database)} IS {text(had['comment'])}")
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
