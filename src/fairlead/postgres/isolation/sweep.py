"""What the catalogue says, whatever was tried: who could come in, see, or pass the rules by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairlead.postgres.isolation.report import Report
from fairlead.postgres.roles.facts import Facts
from fairlead.postgres.roles.plan import plan
from fairlead.postgres.roles.rows import table_of
from fairlead.postgres.roles.wanted import SINCE, Wanted

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

_STRANGERS = """
SELECT rolname FROM pg_roles WHERE NOT rolsuper AND rolcanlogin AND rolname <> ALL (%s)
AND has_database_privilege(rolname, current_database(), 'CONNECT')
"""
_READERS = """
SELECT r.rolname, format('%%I.%%I', n.nspname, c.relname) FROM pg_roles r, pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT r.rolsuper AND r.rolname <> ALL (%s) AND r.rolname !~ '^pg_' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
AND has_table_privilege(r.rolname, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
"""
_HBA = "SELECT type, auth_method, line_number FROM pg_hba_file_rules WHERE error IS NULL ORDER BY line_number"
_OVER = """
SELECT DISTINCT format('%%I.%%I', n.nspname, v.relname), v.relkind::text FROM pg_rewrite w
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class v ON v.oid = w.ev_class JOIN pg_namespace n ON n.oid = v.relnamespace
WHERE d.refobjid = %s::regclass AND v.oid <> d.refobjid
"""
WEAK = ("trust", "password", "md5", "ident")


def sweep(connection: Connection, wanted: Wanted, facts: Facts, report: Report) -> None:
    """Add to the report."""
    for statement in plan(wanted, facts):
        report.found("catalogue", f"not as declared: {statement.what}")
    ours = [facts.me, *(role.name for role in wanted.roles)]
    for (role,) in connection.execute(_STRANGERS, (ours,)).fetchall():
        report.found(role, f"may connect to {wanted.database}")
    for role, table in connection.execute(_READERS, (ours,)).fetchall():
        report.found(role, f"has rights on {table}")
    _powers(wanted, facts, report)
    _rows(connection, wanted, facts, report)
    if facts.superuser:
        for what in _entrance(connection, wanted.alone):
            report.found("pg_hba.conf", what)
        md5 = [one.name for one in facts.roles.values() if (one.kept or "").startswith("md5")]
        for role in md5:
            report.found(role, "has a password that is kept as MD5")
    for table in _open(wanted, facts) if wanted.every else ():
        report.found(table, "has no row-level security, and `rls_required` asks for it")
    report.note(_notes(wanted, facts))


def _powers(wanted: Wanted, facts: Facts, report: Report) -> None:
    ours = {role.name for role in wanted.roles}
    for name in sorted(ours & facts.roles.keys()):
        for power in facts.roles[name].powers:
            report.found(name, f"has {power}")
    for group, member in sorted(facts.members):
        if member in ours and group.startswith("pg_"):
            report.found(member, f"is one of {group}")
    owned = [one for one in facts.things if one.owner in ours - {wanted.owner}]
    for one in owned:
        report.found(one.owner, f"owns {one.name}, and an owner sees and changes everything")


def _rows(connection: Connection, wanted: Wanted, facts: Facts, report: Report) -> None:
    """A view reads as who owns it, unless it says otherwise; a materialized one keeps what its maker saw."""
    leaky = {one.name for one in facts.things if one.kind == "TABLE" and one.form == "v" and one.definer}
    for row in wanted.rows:
        table = table_of(row, facts)
        if table is None:
            report.note([f"{row.table} is not there yet, so nothing keeps its rows apart"])
            continue
        for view, form in connection.execute(_OVER, (table.name,)).fetchall():
            if form == "m":
                report.found(view, f"keeps rows of {table.name} for everybody who may read it")
            elif view in leaky:
                report.found(view, f"shows all rows of {table.name}: give it WITH (security_invoker = true)")


def _entrance(connection: Connection, alone: bool) -> Iterator[str]:
    for kind, method, line in connection.execute(_HBA).fetchall():
        if method in WEAK:
            yield f"line {line} lets in by {method}"
        elif alone and kind in ("host", "hostnossl") and method != "reject":
            yield f"line {line} lets in without TLS"


def _open(wanted: Wanted, facts: Facts) -> list[str]:
    """The tables whose rows no declared policy keeps apart."""
    guarded = {table.name for row in wanted.rows if (table := table_of(row, facts))}
    tables = (one for one in facts.things if one.kind == "TABLE" and one.form in "rp")
    return [one.name for one in tables if one.name not in guarded and one.plain not in wanted.reserved]


def _notes(wanted: Wanted, facts: Facts) -> Iterator[str]:
    if wanted.rows and not wanted.every:
        for name in _open(wanted, facts):
            yield f"{name} has no row-level security: whoever uses the database sees all of it"
    for one in facts.things:
        if one.kind in ("FUNCTION", "PROCEDURE") and one.definer:
            yield f"{one.name} runs as its owner (SECURITY DEFINER): whoever may call it may do what it does"
    for key, since in SINCE.items():
        if facts.version < since and any(key in role.settings for role in wanted.roles):
            yield f"{key} is declared and not in force: only PostgreSQL {since // 10000} and newer have it"
    if not facts.superuser:
        yield "what only a superuser sees was not looked at: kept passwords, pg_hba.conf, who may make large objects"
    yield "every role sees the names of databases and roles, may take advisory locks, notify, and use the processor"
