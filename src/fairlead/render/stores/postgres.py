"""A PostgreSQL in its container: how it is started, its settings, who may come in, what is made in it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fairlead.project.access import (
    archives,
    databases,
    login_names,
    migrator_name,
    password_name,
    rights_of,
)
from fairlead.project.database_roles import ADMIN, Roles
from fairlead.project.stack import Store
from fairlead.render.stores.ground import Ground, certificate
from fairlead.render.stores.rights import named_roles, rights_inside
from fairlead.render.stores.sql import literal, login, quoted, unless
from fairlead.render.stores.tuning import FILE, HAVE, file_of, reading

IMAGE = "postgres:17-alpine"
SUPERUSER = "postgres"
KEEPS = "/var/lib/postgresql/data"  #: the official image's folder
DATA = f"{KEEPS}/main"  #: below the volume, so that a file can lie beside it
FIRST = f"{KEEPS}/.first-start"
KEY = "/run/postgresql/server.key"  #: in memory
SETTLED = "/run/postgresql/settled"  #: in memory, so each start has it made anew
PASSWORD = "password"  # noqa: S105 — the name of a file
LOCAL = "SET synchronous_commit = local;"
"""Of a session that looks after a server: it waits for nobody who receives its log. That one cannot come in before what
is done here.
"""
QUIET = (
    f"{LOCAL} SET client_min_messages = warning; SET log_statement = none; SET log_min_duration_statement = -1;"
    " SET log_min_error_statement = panic;"
)
"""Of a session in whose statements a password is: none of them is in the server's log."""


class PostgresShape:
    """The container of one."""

    port = 5432
    stop_signal = "SIGINT"  # fast: it does not wait until the last client is gone

    def certified(self, store: Store) -> bool:
        """Always: it is reached by TLS alone."""
        return True

    def image(self, store: Store) -> str:
        """The usual one."""
        return IMAGE

    def user(self, store: Store) -> str | None:
        """Every image of it has this one."""
        return SUPERUSER

    def keeps(self, store: Store) -> str:
        """As the official image has it."""
        return KEEPS

    def argv(self, store: Store, ground: Ground) -> tuple[str, ...]:
        """Its script, with its settings."""
        return ("sh", f"{ground.conf}/start.sh", *(f"--{key}={value}" for key, value in settings(store, ground)))

    def env(self, store: Store, ground: Ground) -> dict[str, str]:
        """What the official image reads at its first start."""
        if not ground.contained:
            return {"LC_ALL": "C.UTF-8"}
        password = f"{ground.secrets}/{password_name(store.name)}" if ground.secrets else f"{ground.conf}/{PASSWORD}"
        return {
            "PGDATA": DATA, "POSTGRES_PASSWORD_FILE": password,
            "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256 --data-checksums",
        }  # fmt: skip


def settings(store: Store, ground: Ground) -> list[tuple[str, str]]:
    """Those of the server, as they are given to it."""
    cert, key = certificate(store, ground)
    found = [
        ("listen_addresses", "*" if ground.contained else "localhost"), ("port", str(ground.port)),
        ("unix_socket_directories", ground.socket), ("hba_file", f"{ground.conf}/pg_hba.conf"),
        ("ident_file", f"{ground.conf}/pg_ident.conf"), ("ssl", "on"), ("ssl_cert_file", cert),
        ("ssl_key_file", KEY if ground.contained else key),
        ("ssl_min_protocol_version", "TLSv1.2"), ("password_encryption", "scram-sha-256"),
    ]  # fmt: skip
    if archives(store) and not ground.secrets:  # what it hands its log to is said by us, when that is there
        found += [("archive_mode", "on")]
    return found + ([("max_connections", str(store.max_connections))] if store.max_connections else [])


def hba(copied: bool = False, contained: bool = False) -> str:
    """Who may come in: the superuser from here, everybody else with a password, over the network only with TLS.

    `copied`: from here its files and its log may be read too; of one that is `contained` by others with a password.
    """
    return "\n".join((
        "# TYPE  DATABASE  USER      ADDRESS  METHOD",
        f"local   all       {SUPERUSER}           peer map=fairlead",
        *((f"local   replication {SUPERUSER}         peer map=fairlead",) if copied else ()),
        *(("local   replication all              scram-sha-256",) if copied and contained else ()),
        "local   all       all                scram-sha-256",
        f"host    all       {SUPERUSER}  all      reject",
        f"host    all       {ADMIN}  all      reject",
        "hostssl all       all       all      scram-sha-256",
        "",
    ))  # fmt: skip


def ident(users: tuple[str, ...]) -> str:
    """Which users of the machine are the superuser."""
    return "".join(f'fairlead "{user}" {SUPERUSER}\n' for user in dict.fromkeys((*users, SUPERUSER)))


def role_of(database: str) -> str:
    """Who owns a database and is given to services. That of the superuser's own database has another name."""
    return "app" if database == SUPERUSER else database


def owner_of(store: Store, database: str) -> str:
    """Who owns a database: nobody logs in as the owner of one that names who uses it."""
    return Roles(database).owner if rights_of(store, database) else role_of(database)


Lines = Callable[[str], Iterable[str]]
"""Statements for a database of that name."""


def settling(
    store: Store, roles: Lines, inside: Lines = lambda _: (), before: Iterable[str] = (),
    session: str = f"{LOCAL} SET client_min_messages = warning;",
) -> str:  # fmt: skip
    """SQL that has all roles, databases and extensions, however much of it is there already.

    `roles` are made first, `inside` is done in the database; `session` is said first in each session.
    """
    lines = [session, *before, HAVE]
    for name in databases(store):
        owner = quoted(owner_of(store, name))
        lines += [
            *roles(name),
            unless(f"CREATE DATABASE {quoted(name)} OWNER {owner}", "pg_database", "datname", name),
            f"REVOKE CONNECT ON DATABASE {quoted(name)} FROM PUBLIC;",
            f"GRANT ALL ON DATABASE {quoted(name)} TO {owner};",
            f"\\connect -reuse-previous=on {literal('dbname=' + name)}",
            session,
            f"GRANT ALL ON SCHEMA public TO {owner};",
            *(f"CREATE EXTENSION IF NOT EXISTS {quoted(one)};" for one in store.extensions.get(name, ())),
            *inside(name),
        ]
    return "\n".join(lines) + "\n"


def start_contained(store: Store, ground: Ground, before: str = "") -> str:
    """The image's own way, so that what it does at a first start is done; one that did not end begins anew.

    `before`: what else is begun first.
    """
    _, key = certificate(store, ground)
    return f"""#!/bin/sh
set -eu
if [ -e {FIRST} ]; then
    rm -rf "$PGDATA"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -e {KEEPS}/PG_VERSION ]; then
        echo "{KEEPS} is a cluster of its own, and an empty one would begin beside it: move its files into" \\
            "{DATA}, or copy it with pg_dumpall into a volume that is new" >&2
        exit 1
    fi
    : > {FIRST}
fi
(umask 077; cp {key} {KEY})
{before}{reading(f"{ground.conf}/{FILE}")}
exec docker-entrypoint.sh postgres "$@"
"""


def files_beside(store: Store, ground: Ground) -> dict[str, str]:
    """Its configuration where secrets lie in files of their own: what it declares is made in it after each start.

    Who does that waits for the server as a child of the container's first process.
    """
    role, cli = role_of(databases(store)[0]), f"psql -X -q -v ON_ERROR_STOP=1 -h {ground.near} -p {ground.port}"
    asked = f"pg_isready -q -h 127.0.0.1 -p {ground.port} -U {role}"
    return {
        "pg_hba.conf": hba(),
        "pg_ident.conf": ident(()),
        "start.sh": start_contained(store, ground, f"(sh {ground.conf}/settle.sh &)\n"),
        FILE: file_of(store, ground.machine, ground.contained),
        "ask.sh": f"#!/bin/sh\n[ -e {SETTLED} ] && exec {asked}\n",
        "settle.sh": f"""#!/bin/sh
until {asked}; do sleep 0.2; done
until rm -f {FIRST} && {cli} -U {SUPERUSER} -d postgres -f {ground.conf}/settle.sql; do sleep 5; done
: > {SETTLED}
""",
        "settle.sql": _settle(store, ground),
    }


def _settle(store: Store, ground: Ground) -> str:
    """Passwords are variables of psql, which it reads from their files. What stands before one says which role it is
    for, and there is but one of each here."""
    plain = (password_name(store.name), *(migrator_name(store.name, one.database) for one in store.rights))
    read = [f"\\set {name} `cat {ground.secrets}/{name}`\n" for name in plain]
    read += [f"\\set {name} `sed 's/^[ab]://' {ground.secrets}/{name}`\n" for name in login_names(store)]

    def roles(database: str) -> list[str]:
        if not rights_of(store, database):
            return login(role_of(database), f":'{password_name(store.name)}'")
        return named_roles(store, database)

    return "".join(read) + settling(store, roles, lambda one: rights_inside(store, one), session=QUIET)


def role_passwords(store: Store) -> tuple[str, ...]:
    """The secrets of those who log in to databases that name who uses them."""
    return (*(migrator_name(store.name, one.database) for one in store.rights), *login_names(store))
