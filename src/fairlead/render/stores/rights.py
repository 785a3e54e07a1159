"""The roles of a database that names who uses it, made by psql as the superuser. Pure.

What `fairlead db roles` makes, but for policies of rows: those are of tables that do not exist yet. Where a database
has any, rights on tables come after them (`postgres/psql/rights.py`): nobody sees rows that a policy would hide.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.access import login_name, migrator_name, rights_of
from fairlead.project.database_roles import SIDES, Roles
from fairlead.project.stack import Store
from fairlead.project.stack_rights import Rights, User
from fairlead.render.stores.sql import group, literal, login, quoted

GROUPS = ("rw", "ro")
WHAT = {"rw": "SELECT, INSERT, UPDATE, DELETE", "ro": "SELECT"}
SEQUENCES = {"rw": "USAGE, SELECT", "ro": "SELECT"}


def named_roles(store: Store, database: str) -> list[str]:
    """Those of a database, before it is made. A password is the variable of psql that is called as the secret is."""
    rights, names = rights_of(store, database), Roles(database)
    assert rights is not None  # noqa: S101 — who asks has looked
    made = [group(one) for one in (names.owner, *map(names.access, GROUPS))]
    made += [*login(names.migrator, f":'{migrator_name(store.name, database)}'"), _member(names.owner, names.migrator)]
    for user in rights.users:
        role = logged_in_as(database, user.service)
        password = f":'{login_name(store.name, database, user.service)}'"
        made += [group(names.service(user.service)), *login(role, password)]
        made += [_member(names.access(user.access), names.service(user.service))]
        made += [_member(names.service(user.service), role), f"ALTER ROLE {quoted(role)} {_limit(user)};"]
    return made


def logged_in_as(database: str, service: str) -> str:
    """The first of the two roles that a service has: without Fairlead nobody goes over to the other."""
    return Roles(database).login(service, SIDES[0])


def _limit(user: User) -> str:
    return f"CONNECTION LIMIT {user.connections or -1}"


def _member(of: str, role: str) -> str:
    return f"GRANT {quoted(of)} TO {quoted(role)};"


def rights_inside(store: Store, database: str) -> Iterator[str]:
    """What they may do in it; nothing for a database that names nobody."""
    rights, names = rights_of(store, database), Roles(database)
    if rights is None:
        return
    everybody = ", ".join(quoted(one) for one in (*map(names.access, GROUPS), names.migrator))
    yield f"REVOKE ALL ON DATABASE {quoted(database)} FROM PUBLIC;"
    yield f"GRANT CONNECT ON DATABASE {quoted(database)} TO {everybody};"
    yield "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
    yield f"ALTER ROLE {quoted(names.migrator)} IN DATABASE {quoted(database)} SET role = {literal(names.owner)};"
    for user in rights.users:
        yield from _settings(database, user)
    for one in GROUPS:
        yield from _granted(rights, names, one)
    yield f"ALTER DEFAULT PRIVILEGES FOR ROLE {quoted(names.owner)} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;"


def _settings(database: str, user: User) -> Iterator[str]:
    head = f"ALTER ROLE {quoted(logged_in_as(database, user.service))} IN DATABASE {quoted(database)} SET"
    yield f"{head} statement_timeout = '{round(user.statement_timeout * 1000)}ms';"
    yield f"{head} idle_in_transaction_session_timeout = '{round(user.idle_in_transaction * 1000)}ms';"
    if user.transaction_timeout:
        yield "SELECT current_setting('server_version_num')::int >= 170000 AS newer \\gset"
        yield f"\\if :newer\n{head} transaction_timeout = '{round(user.transaction_timeout * 1000)}ms';\n\\endif"


def _granted(rights: Rights, names: Roles, access: str) -> Iterator[str]:
    """On what the owner makes from now on."""
    who, head = quoted(names.access(access)), f"ALTER DEFAULT PRIVILEGES FOR ROLE {quoted(names.owner)} GRANT"
    yield f"GRANT USAGE ON SCHEMA public TO {who};"
    yield f"{head} USAGE ON SCHEMAS TO {who};"
    yield f"{head} {SEQUENCES[access]} ON SEQUENCES TO {who};"
    yield f"{head} EXECUTE ON FUNCTIONS TO {who};"
    if not rights.rows:
        yield f"{head} {WHAT[access]} ON TABLES TO {who};"
