"""Who may do what with what migrations made, as a script for psql that the owner runs. Pure.

A policy is made by the very statement that Fairlead runs, and before services get any right on tables.
"""

from __future__ import annotations

from fairlead.postgres.psql.words import About, array, asked, when, written
from fairlead.postgres.roles.facts import Thing
from fairlead.postgres.roles.rows import POLICY, hash_of, made
from fairlead.postgres.statements import split
from fairlead.project.database_roles import Roles
from fairlead.project.stack_rights import Rights, RowSecurity
from fairlead.render.stores.rights import GROUPS, WHAT
from fairlead.render.stores.sql import literal, quoted

_RELATIONS = (
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE pg_get_userbyid(c.relowner) = current_user"
    " AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
)


def settled(about: About) -> str:
    """Policies of rows, then rights on tables, all in one transaction; nothing for a database that names nobody."""
    rights = about.rights
    if rights is None:
        return ""
    rows = "".join(_policy(one, rights) for one in rights.rows)
    given = "".join(_given(rights, one) for one in GROUPS) if rights.rows else ""
    return f"BEGIN;\n{rows}{given}{_reserved(rights)}COMMIT;\n"


def _policy(row: RowSecurity, rights: Rights) -> str:
    """Of a table that is there; one that a later migration makes gets it then."""
    schema, _, plain = row.table.rpartition(".")
    name = f"{quoted(schema or 'public')}.{quoted(plain)}"
    table = f"to_regclass({literal(name)})"
    there = asked("fairlead_there", f"{table} IS NOT NULL AND EXISTS (SELECT FROM pg_class WHERE oid = {table} AND"
                                    " relkind IN ('r', 'p'))")  # fmt: skip
    drop = (
        f"SELECT format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass) FROM pg_policy p"  # noqa: S608 — quoted
        f" WHERE p.polrelid = {table} \\gexec\n"
    )
    policy = made(row, Thing("TABLE", name, ""), Roles(rights.database).service)
    anew = drop + "".join(map(written, split(policy.sql)))
    guarded = f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;\n"
    body = guarded + asked("fairlead_fit", _right(row, rights, table)) + when("fairlead_fit", "", anew)
    return there + when("fairlead_there", body)


def _right(row: RowSecurity, rights: Rights, table: str) -> str:
    """Whether there is the declared one, as it was made, and no other."""
    roles = array(tuple(sorted(Roles(rights.database).service(one) for one in row.to)))
    kept = "coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')"
    return (
        f"SELECT count(*) = 1 AND bool_and(p.polname = '{POLICY}' AND p.polpermissive AND p.polcmd = '*'\n"  # noqa: S608 — quoted
        f"AND ARRAY(SELECT pg_get_userbyid(one)::text FROM unnest(p.polroles) AS one ORDER BY 1) = {roles}\n"
        f"AND coalesce(obj_description(p.oid, 'pg_policy'), '') = 'fairlead {hash_of(row.using)} ' || md5({kept}))\n"
        f"FROM pg_policy p WHERE p.polrelid = {table}"
    )


def _given(rights: Rights, access: str) -> str:
    """Rights on tables, views and the like that are there. New ones are given none by themselves."""
    role = quoted(Roles(rights.database).access(access))
    what = f"CASE c.relkind WHEN 'm' THEN {literal(WHAT['ro'])} ELSE {literal(WHAT[access])} END"
    return (
        f"SELECT format('GRANT %s ON TABLE %s TO %s', {what}, c.oid::regclass, {literal(role)})\n{_RELATIONS}"
        f" AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname <> ALL ({array(rights.reserved)}) \\gexec\n"
    )


def _reserved(rights: Rights) -> str:
    """Of the history services see nothing."""
    some = ", ".join(quoted(Roles(rights.database).access(one)) for one in GROUPS)
    return (
        f"SELECT format('REVOKE ALL ON TABLE %s FROM %s', c.oid::regclass, {literal(some)})\n{_RELATIONS}"  # noqa: S608 — quoted
        f" AND c.relname = ANY ({array(rights.reserved)}) AND c.relkind = 'r' \\gexec\n"
    )
