"""PostgreSQL: TLS only, SCRAM passwords, a role for each database that owns it, the superuser from the machine alone.

Traps it knows: a first start that is killed leaves half a cluster that later starts take for a whole one, so the folder
gets its name last; a key that others may read is refused, so a container makes a copy of its own; `pg_isready` says yes
to the server that an image starts for its own first steps, so it is asked over TCP, where that one does not listen.
"""

from __future__ import annotations

import shlex

from fairlead.errors import FairleadError
from fairlead.masking import Secret, masked
from fairlead.project.access import admin_name, databases, password_name, rights_of
from fairlead.project.database_roles import ADMIN, Roles
from fairlead.project.stack import Store
from fairlead.render.compose.store import POSTGRES
from fairlead.render.scram import verifier
from fairlead.stores.base import Reach, Values
from fairlead.stores.kinds.base import Ground

SUPERUSER = "postgres"
KEEPS = "/var/lib/postgresql/data"  #: the official image's folder
DATA = f"{KEEPS}/main"  #: below the volume, so that a file can lie beside it
FIRST = f"{KEEPS}/.first-start"
KEY = "/run/postgresql/server.key"  #: in memory
PASSWORD = "password"  # noqa: S105 — the name of a file


class Postgres:
    """A PostgreSQL of Fairlead's."""

    port = 5432
    certified = True
    stop_signal = "SIGINT"  # fast: it does not wait until the last client is gone
    programs: tuple[str, ...] = ("postgres", "initdb", "pg_isready", "psql")

    def image(self, store: Store) -> str:
        """The usual one."""
        return POSTGRES

    def user(self, store: Store) -> str | None:
        """Every image of it has this one."""
        return SUPERUSER

    def keeps(self, store: Store) -> str:
        """As the official image has it."""
        return KEEPS

    def files(self, store: Store, ground: Ground, values: Values) -> dict[str, str]:
        """Who may come in, what is in it, and how it is started."""
        password = values[password_name(store.name)]
        return {
            "pg_hba.conf": hba(), "pg_ident.conf": ident(ground.users),
            "settle.sql": settling(store, password, values.get(admin_name(store.name))),
            PASSWORD: password.reveal(), "start.sh": _start(ground),
        }  # fmt: skip

    def argv(self, store: Store, ground: Ground) -> tuple[str, ...]:
        """Its script, with its settings."""
        return ("sh", f"{ground.conf}/start.sh", *(f"--{key}={value}" for key, value in _settings(store, ground)))

    def env(self, store: Store, ground: Ground) -> dict[str, str]:
        """What the official image reads at its first start."""
        if not ground.contained:
            return {"LC_ALL": "C.UTF-8"}
        return {
            "PGDATA": DATA, "POSTGRES_PASSWORD_FILE": f"{ground.conf}/{PASSWORD}",
            "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256 --data-checksums",
        }  # fmt: skip

    def ask(self, store: Store, ground: Ground, reach: Reach) -> str:
        """Over TCP."""
        role = role_of(databases(store)[0])  # one that is not refused, so that its log stays quiet
        argv = (ground.program("pg_isready"), "-h", "127.0.0.1", "-p", str(ground.port), "-U", role)
        ran = reach.run(argv)
        return "" if ran.code == 0 else ran.output.strip()[-200:] or f"pg_isready ended with {ran.code}"

    def settle(self, store: Store, ground: Ground, reach: Reach, values: Values) -> None:
        """Roles and databases, as the superuser over the socket. What is there stays."""
        if ground.contained and (ran := reach.run(("rm", "-f", FIRST))).code != 0:
            what = f"store {store.name}: {FIRST} cannot be removed: {ran.output.strip()}"
            raise FairleadError(what, "nothing may be kept in it while it is there: the next start would begin anew")
        ran = reach.run((*_psql(ground), "-f", f"{ground.conf}/settle.sql"))
        if ran.code != 0:
            why = masked(ran.output).strip().splitlines()[-3:]
            raise FairleadError(f"store {store.name}: {' '.join(why)}", "see its log: fairlead stores logs")

    def reload(self, ground: Ground, reach: Reach) -> None:
        """It reads certificate and key anew; connections stay. FairleadError when it could not be told."""
        copying = ("sh", "-c", f"umask 077; cp {ground.conf}/certificate/current/key.pem {KEY}")
        for argv in (*([copying] if ground.contained else []), (*_psql(ground), "-c", "SELECT pg_reload_conf()")):
            ran = reach.run(argv)
            if ran.code != 0:
                what = f"its new certificate could not be read: {masked(ran.output).strip()[-200:]}"
                raise FairleadError(what, "it is told again within the hour; see fairlead stores logs")


def _psql(ground: Ground) -> tuple[str, ...]:
    return (
        ground.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", ground.near, "-p", str(ground.port),
        "-U", SUPERUSER, "-d", "postgres",
    )  # fmt: skip


def _settings(store: Store, ground: Ground) -> list[tuple[str, str]]:
    certificate = f"{ground.conf}/certificate/current"
    found = [
        ("listen_addresses", "*" if ground.contained else "localhost"), ("port", str(ground.port)),
        ("unix_socket_directories", ground.socket), ("hba_file", f"{ground.conf}/pg_hba.conf"),
        ("ident_file", f"{ground.conf}/pg_ident.conf"), ("ssl", "on"), ("ssl_cert_file", f"{certificate}/cert.pem"),
        ("ssl_key_file", KEY if ground.contained else f"{certificate}/key.pem"),
        ("ssl_min_protocol_version", "TLSv1.2"), ("password_encryption", "scram-sha-256"),
    ]  # fmt: skip
    return found + ([("max_connections", str(store.max_connections))] if store.max_connections else [])


def hba() -> str:
    """Who may come in: the superuser from here, everybody else with a password, over the network only with TLS."""
    return "\n".join((
        "# TYPE  DATABASE  USER      ADDRESS  METHOD",
        f"local   all       {SUPERUSER}           peer map=fairlead",
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


def settling(store: Store, password: Secret, admin: Secret | None = None) -> str:
    """SQL that has all roles, databases and extensions, however much of it is there already.

    `admin`: of who makes the roles of databases that name who uses them.
    """
    lines = _admin(admin) if admin and store.rights else []
    for name in databases(store):
        owner = Roles(name).owner if rights_of(store, name) else role_of(name)
        lines += [
            *(_group(owner) if rights_of(store, name) else _owner(owner, verifier(password))),
            _unless(f"CREATE DATABASE {_name(name)} OWNER {_name(owner)}", "pg_database", "datname", name),
            f"REVOKE CONNECT ON DATABASE {_name(name)} FROM PUBLIC;",
            f"GRANT ALL ON DATABASE {_name(name)} TO {_name(owner)};",
            f"\\connect -reuse-previous=on {_text('dbname=' + name)}",
            f"GRANT ALL ON SCHEMA public TO {_name(owner)};",
            *(f"CREATE EXTENSION IF NOT EXISTS {_name(one)};" for one in store.extensions.get(name, ())),
        ]
    return "SET client_min_messages = warning;\n" + "\n".join(lines) + "\n"


def _owner(role: str, check: str) -> list[str]:
    return [
        _unless(f"CREATE ROLE {_name(role)} LOGIN", "pg_roles", "rolname", role),
        f"ALTER ROLE {_name(role)} LOGIN NOSUPERUSER PASSWORD {_text(check)};",
    ]


def _group(role: str) -> list[str]:
    return [_unless(f"CREATE ROLE {_name(role)} NOLOGIN", "pg_roles", "rolname", role)]


def _admin(password: Secret) -> list[str]:
    """From the machine alone, as the superuser: which addresses it is refused from is read anew."""
    return [
        _unless(f"CREATE ROLE {_name(ADMIN)} LOGIN SUPERUSER", "pg_roles", "rolname", ADMIN),
        f"ALTER ROLE {_name(ADMIN)} LOGIN SUPERUSER PASSWORD {_text(verifier(password))};",
        "DO $$ BEGIN PERFORM pg_reload_conf(); END $$;",
    ]


def _unless(statement: str, catalog: str, column: str, name: str) -> str:
    """psql runs what the query answers; the names are quoted, and come from the project file."""
    return f"SELECT {_text(statement)} WHERE NOT EXISTS (SELECT FROM {catalog} WHERE {column} = {_text(name)})\\gexec"  # noqa: S608


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _start(ground: Ground) -> str:
    return _start_contained(ground) if ground.contained else _start_here(ground)


def _start_here(ground: Ground) -> str:
    """The cluster gets its name when it is whole."""
    data = shlex.quote(ground.data)
    made = shlex.quote(f"{ground.data}.new")
    initdb, postgres = (shlex.quote(ground.program(name)) for name in ("initdb", "postgres"))
    return f"""#!/bin/sh
set -eu
umask 077
if [ ! -s {data}/PG_VERSION ]; then
    rm -rf {made}
    {initdb} --pgdata={made} --username={SUPERUSER} --auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 \\
        --locale=C.UTF-8 --data-checksums --no-instructions
    mv {made} {data}
fi
exec {postgres} -D {data} "$@"
"""


def _start_contained(ground: Ground) -> str:
    """The image's own way, so that what it does at a first start is done; one that did not end begins anew."""
    return f"""#!/bin/sh
set -eu
if [ -e {FIRST} ]; then
    rm -rf "$PGDATA"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    : > {FIRST}
fi
(umask 077; cp {ground.conf}/certificate/current/key.pem {KEY})
exec docker-entrypoint.sh postgres "$@"
"""
