"""What the catalogue of a server says of roles and rights. Read in one go, compared by the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

PUBLIC = "PUBLIC"
SYSTEM = "('pg_catalog', 'information_schema', 'pg_toast')"


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """A role as it is."""

    name: str
    login: bool
    connections: int = -1
    powers: tuple[str, ...] = ()  #: SUPERUSER, CREATEDB, CREATEROLE, REPLICATION, BYPASSRLS
    kept: str | None = None  #: of its password; None: nothing, or it may not be read


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that rights are given on. `kind`: DATABASE, SCHEMA, TABLE, SEQUENCE, FUNCTION …"""

    kind: str
    name: str  #: as SQL has it, quoted
    owner: str
    plain: str = ""  #: the bare name
    grants: frozenset[tuple[str, str]] = frozenset()  #: who, what; without the owner's own
    form: str = ""  #: of a relation: r, p, v, m, f
    guarded: bool = False  #: row-level security is on
    definer: bool = False  #: a function that runs as its owner, or a view that reads as its owner
    columns: frozenset[tuple[str, str]] = frozenset()  #: rights on single columns, quoted as SQL has them


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of rows."""

    table: str  #: as SQL has it
    name: str
    roles: frozenset[str]
    using: str
    check: str
    note: str  #: its comment: Fairlead's say what they were made of
    permissive: bool = True
    command: str = "*"


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is."""

    me: str
    superuser: bool
    version: int
    roles: Mapping[str, RoleFacts]
    members: frozenset[tuple[str, str]]  #: group, member
    settings: Mapping[tuple[str, str], str]  #: role, setting → value, in this database
    databases: Mapping[str, Thing]
    things: tuple[Thing, ...]  #: schemas, relations, sequences, functions of this database, no extension's
    defaults: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)  #: of the owner, by r S f n
    policies: tuple[Policy, ...] = ()
    large: bool = False  #: everybody may make large objects
    readable: bool = True  #: what is kept of passwords may be read


_ROLES = """
SELECT r.rolname, r.rolcanlogin, r.rolconnlimit, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication,
r.rolbypassrls, {kept} FROM pg_roles r {join}
"""
_MEMBERS = """
SELECT g.rolname, m.rolname FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid
JOIN pg_roles m ON m.oid = a.member
"""
_SETTINGS = """
SELECT r.rolname, unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database()
"""
_GRANTS = """
SELECT coalesce(array_agg(ARRAY[coalesce(g.rolname, 'PUBLIC'), x.privilege_type])
FILTER (WHERE x.grantee <> {owner}), '{{}}')
FROM aclexplode(coalesce({acl}, acldefault({letter}, {owner}))) x
LEFT JOIN pg_roles g ON g.oid = x.grantee
"""
_DATABASES = """
SELECT 'DATABASE', quote_ident(d.datname), pg_get_userbyid(d.datdba), d.datname, ({grants}), '', false, false,
'{{}}'::text[] FROM pg_database d WHERE d.datallowconn
"""
_SCHEMAS = """
SELECT 'SCHEMA', quote_ident(n.nspname), pg_get_userbyid(n.nspowner), n.nspname, ({grants}), '', false, false,
'{{}}'::text[] FROM pg_namespace n WHERE n.nspname NOT IN {system} AND n.nspname !~ '^pg_(toast_)?temp_'
AND NOT {extension} ORDER BY 2
"""
_RELATIONS = """
SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, format('%I.%I', n.nspname, c.relname),
pg_get_userbyid(c.relowner), c.relname, ({grants}), c.relkind::text, c.relrowsecurity,
c.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false),
(SELECT coalesce(array_agg(ARRAY[coalesce(g.rolname, 'PUBLIC')::text,
 x.privilege_type || ' (' || quote_ident(a.attname) || ')']) FILTER (WHERE x.grantee <> c.relowner), '{{}}')
 FROM pg_attribute a CROSS JOIN aclexplode(a.attacl) x LEFT JOIN pg_roles g ON g.oid = x.grantee
 WHERE a.attrelid = c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname NOT IN {system} AND n.nspname !~ '^pg_(toast_)?temp_'
AND NOT {extension} ORDER BY c.relkind = 'S', 2
"""
_FUNCTIONS = """
SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
p.oid::regprocedure::text, pg_get_userbyid(p.proowner), p.proname, ({grants}), '', false, p.prosecdef, '{{}}'::text[]
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN {system} AND NOT {extension} ORDER BY 2
"""
_DEFAULTS = """
SELECT kind, ({grants}) FROM (VALUES ('r', 'r'), ('S', 's'), ('f', 'f'), ('n', 'n')) AS k(kind, letter)
JOIN pg_roles o ON o.rolname = %s
LEFT JOIN pg_default_acl a ON a.defaclrole = o.oid AND a.defaclnamespace = 0 AND a.defaclobjtype = k.kind::"char"
"""
_POLICIES = """
SELECT format('%I.%I', n.nspname, c.relname), p.polname, ARRAY(SELECT coalesce(r.rolname, 'PUBLIC')
FROM unnest(p.polroles) AS u(oid) LEFT JOIN pg_roles r ON r.oid = u.oid),
coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''),
coalesce(obj_description(p.oid, 'pg_policy'), ''), p.polpermissive, p.polcmd::text
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1, 2
"""
_LARGE = """
SELECT EXISTS (SELECT FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
WHERE p.oid = 'pg_catalog.lo_creat(integer)'::regprocedure AND x.grantee = 0)
"""
_RELATION = "CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\""
POWERS = ("SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")


def read(connection: Connection, owner: str) -> Facts:
    """Of the database it is connected to. `owner`: whose defaults for new things are looked at."""
    me, superuser = _row(connection, "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
    return Facts(
        me=me,
        superuser=superuser,
        version=connection.info.server_version,
        roles=_roles(connection, superuser),
        members=frozenset((group, member) for group, member in connection.execute(_MEMBERS).fetchall()),
        settings=_settings(connection),
        databases={one.plain: one for one in _things(connection, _DATABASES, "d.datacl", "d.datdba", "'d'", "")},
        things=(
            *_things(connection, _SCHEMAS, "n.nspacl", "n.nspowner", "'n'", _extension("pg_namespace", "n.oid")),
            *_things(connection, _RELATIONS, "c.relacl", "c.relowner", _RELATION, _extension("pg_class", "c.oid")),
            *_things(connection, _FUNCTIONS, "p.proacl", "p.proowner", "'f'", _extension("pg_proc", "p.oid")),
        ),
        defaults=_defaults(connection, owner),
        policies=tuple(_policy(row) for row in connection.execute(_POLICIES).fetchall()),
        large=bool(_row(connection, _LARGE)[0]),
        readable=superuser,
    )


def _row(connection: Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101 — each of these answers with one
    return row


def _roles(connection: Connection, superuser: bool) -> dict[str, RoleFacts]:
    kept, join = ("a.rolpassword", "JOIN pg_authid a ON a.oid = r.oid") if superuser else ("NULL", "")
    found = {}
    for name, login, limit, *powers, password in connection.execute(_ROLES.format(kept=kept, join=join)).fetchall():
        has = tuple(power for power, yes in zip(POWERS, powers, strict=True) if yes)
        found[name] = RoleFacts(name, login, limit, has, password)
    return found


def _settings(connection: Connection) -> dict[tuple[str, str], str]:
    found = {}
    for role, text in connection.execute(_SETTINGS).fetchall():
        key, _, value = text.partition("=")
        found[role, key] = value
    return found


def _extension(catalogue: str, oid: str) -> str:
    return (
        f"EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{catalogue}'::regclass AND e.objid = {oid}"
        " AND e.deptype = 'e')"
    )


def _things(connection: Connection, query: str, acl: str, owner: str, letter: str, extension: str) -> list[Thing]:
    grants = _GRANTS.format(acl=acl, owner=owner, letter=letter)
    text = query.format(grants=grants, system=SYSTEM, extension=extension)
    return [_thing(row) for row in connection.execute(text).fetchall()]


def _thing(row: tuple[Any, ...]) -> Thing:
    kind, name, owner, plain, grants, form, guarded, definer, columns = row
    return Thing(kind, name, owner, plain, _pairs(grants), form, guarded, definer, _pairs(columns))


def _pairs(some: list[list[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((who, what) for who, what in some)


def _defaults(connection: Connection, owner: str) -> dict[str, frozenset[tuple[str, str]]]:
    grants = _GRANTS.format(acl="a.defaclacl", owner="o.oid", letter='k.letter::"char"')
    rows = connection.execute(_DEFAULTS.format(grants=grants), (owner,)).fetchall()
    return {kind: _pairs(pairs) for kind, pairs in rows}


def _policy(row: tuple[Any, ...]) -> Policy:
    table, name, roles, using, check, note, permissive, command = row
    return Policy(table, name, frozenset(roles), using, check, note, permissive, command)
